//! What is left of runs when the message that they were asked for with is deleted.

use super::*;
use jiff::Timestamp;
use signpost::clock::{Clock as _, SystemClock};
use signpost::store::sqlite::Sqlite;
use signpost::store::{Action, AuditQuery, CaseRow, Cases as _, Changes, NewPost, RunRow, Runs as _, Store as _};

/// A run of the case, as it is kept.
fn run(id: &str, case: &str, stage: &Value) -> RunRow {
    let now: Timestamp = "2026-11-01T08:00:00Z".parse().unwrap();
    let body = json!({
        "id": id, "job": "gather", "team": "T", "channel": SUPPORT, "by": {"by": ADA, "name": "Ada", "at": now},
        "case": case, "captures": {"node": ["w-17"]}, "parameters": {"NODE": "w-17"}, "stage": stage, "since": now,
    });
    RunRow {
        id: id.to_owned(),
        job: "gather".to_owned(),
        user: ADA.to_owned(),
        channel: SUPPORT.to_owned(),
        thread_ts: None,
        case: Some(case.to_owned()),
        fingerprint: Some(format!("{id} w-17")),
        live: stage["stage"] != "over",
        version: 0,
        body: body.to_string(),
        created_at: now,
        updated_at: now,
    }
}

/// A message in the thread of the paste.
fn post(key: &str, thread: &str) -> NewPost {
    NewPost {
        key: key.to_owned(),
        channel: SUPPORT.to_owned(),
        thread_ts: Some(thread.to_owned()),
        action: Action::Post,
        body: json!({"text": format!("the message {key}")}).to_string(),
    }
}

/// Two runs for the case of a paste, one of them over, whose verdict moved the card down.
async fn runs_for(world: &World, paste: &str) {
    let found =
        json!({"title": "Node", "artifact": "a", "passed": true, "seen": "w-17", "expected": null, "section": null});
    let ended = json!({"end": "done", "result": "SUCCESS", "seconds": 3, "has_checks": true, "findings": [found],
        "missing": [], "section": "QX4712", "is_shown": true, "found": []});
    let store = Sqlite::open(&world.store()).await.unwrap();
    let now = SystemClock.now();
    let row = store.cases_of(ADA, 9).await.unwrap().remove(0);
    let mut case: Value = serde_json::from_str(&row.body).unwrap();
    case["earlier"] = json!([case["post"].take()]);
    case["post"] = json!("verdict:over");
    let done = Changes {
        runs: vec![
            run("over", &row.id, &json!({"stage": "over", "end": ended})),
            run(
                "waits",
                &row.id,
                &json!({"stage": "approval", "until": "2999-01-01T00:00:00Z"}),
            ),
        ],
        posts: ["run:over", "run:waits", "verdict:over"]
            .map(|key| post(key, paste))
            .into(),
        cases: vec![CaseRow {
            post: Some("verdict:over".to_owned()),
            body: case.to_string(),
            ..row
        }],
        ..Changes::default()
    };
    assert!(store.commit(&done, None, now).await.unwrap());
}

#[test]
fn deleting_the_paste_deletes_the_messages_of_its_runs_and_the_cards_that_moved() {
    with(|world| async move {
        let bot = world.bot().await;
        let ts = world.say(PASTE);
        world.saying(&ts, &["fluxctl fill w-17"]).await;
        world.wait_until_sent().await;
        bot.stop().await;
        runs_for(&world, &ts).await;
        let bot = world.bot().await;
        world.saying(&ts, &["the message verdict:over"]).await;
        world.wait_until_sent().await;
        assert_eq!(ours(world.workspace.replies(SUPPORT, &ts)).len(), 4);
        world.delete(&ts).await;
        world.wait_until_deleted(&ts).await;
        world.wait_until_sent().await;
        bot.stop().await;
        world.assert_nothing_kept("w-17").await;
        let store = Sqlite::open(&world.store()).await.unwrap();
        assert!(
            store.live_runs().await.unwrap().is_empty(),
            "what was not sent yet never is"
        );
        let audit = store
            .audit(&AuditQuery {
                limit: 9,
                ..AuditQuery::default()
            })
            .await
            .unwrap();
        let told: Vec<_> = audit
            .iter()
            .map(|entry| (entry.what.as_str(), entry.run.as_deref()))
            .collect();
        assert_eq!(told, [("cancel", Some("waits"))]);
        assert_eq!(audit[0].detail["why"], "message-deleted");
    });
}

#[test]
fn deleting_what_asked_for_a_run_takes_its_message_back_and_the_build_goes_on() {
    with(|world| async move {
        let jenkins = world.workspace.jenkins();
        jenkins
            .act("options", &json!({"quiet_period_ms": 0, "build_ms": 20}))
            .unwrap();
        jenkins.act("hold", &json!({})).unwrap();
        let bot = resuming::bot(&world).await;
        let asked = "run get-info CLUSTERID=bq1k2 TUGBOAT=prod-wdc04-carrier107 CARRIER_NAME=prod-wdc04-carrier3";
        let ts = world.say(&format!("<@{SIGNPOST}> {asked}"));
        world.saying(&ts, &["Running", "bq1k2"]).await;
        world.delete(&ts).await;
        world.wait_until_deleted(&ts).await;
        jenkins.act("hold", &json!({"on": false})).unwrap();
        let pool = world.look_into_store().await;
        let id: String = sqlx::query_scalar("SELECT id FROM runs")
            .fetch_one(&pool)
            .await
            .unwrap();
        let body = resuming::ended(&world, &id).await;
        assert_eq!(body["stage"]["end"]["result"], "SUCCESS");
        world.wait_until_sent().await;
        assert!(ours(world.workspace.replies(SUPPORT, &ts)).is_empty());
        assert_eq!(jenkins.read(|state| state.build_count(resuming::JOB)), 4);
        bot.stop().await;
        world.assert_nothing_kept("bq1k2").await;
    });
}
