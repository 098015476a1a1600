//! Runs that the bot finds in its store when it starts: what became of them meanwhile is told, and nothing is sent twice.

use super::*;
use jiff::{SignedDuration, Timestamp};
use signpost::bot::JobTiming;
use signpost::clock::{Clock as _, SystemClock};
use signpost::store::sqlite::Sqlite;
use signpost::store::{Action, Changes, NewPost, RunRow, Store as _};

pub(super) const JOB: &str = "Containers-Runtime/armada-cruiser-automated-recovery/armada-ha-master-get-info";
/// The number of its next build: it had three before.
const NEXT: u64 = 169;

fn ago(hours: i64) -> Timestamp {
    SystemClock.now() - SignedDuration::from_hours(hours)
}

fn parameters() -> Value {
    json!({
        "CLUSTERID": "bq1k2", "TUGBOAT": "prod-wdc04-carrier107", "CARRIER_NAME": "prod-wdc04-carrier3",
        "BRANCH": "Master", "ENV_Branch": "Master",
    })
}

/// A run that was asked for in a thread, as it is kept.
fn run(id: &str, thread: &str, more: &Value) -> RunRow {
    let mut body = json!({
        "id": id, "job": "get-info", "team": "T", "channel": SUPPORT, "thread_ts": thread,
        "by": {"by": ADA, "name": "Ada", "at": ago(3)}, "captures": {"location_id": ["bq1k2"]},
        "parameters": parameters(), "since": ago(3), "triggered_at": ago(3),
    });
    let all = body.as_object_mut().unwrap();
    all.extend(more.as_object().unwrap().clone());
    RunRow {
        id: id.to_owned(),
        job: "get-info".to_owned(),
        user: ADA.to_owned(),
        channel: SUPPORT.to_owned(),
        thread_ts: Some(thread.to_owned()),
        case: None,
        fingerprint: None,
        live: more["stage"]["stage"] != "over",
        version: 0,
        body: body.to_string(),
        created_at: ago(3),
        updated_at: ago(3),
    }
}

/// A store in which runs and their messages wait.
async fn keep(world: &World, runs: Vec<RunRow>) {
    let store = Sqlite::open(&world.store()).await.unwrap();
    let post = |run: &RunRow| NewPost {
        key: format!("run:{}", run.id),
        channel: run.channel.clone(),
        thread_ts: run.thread_ts.clone(),
        action: Action::Post,
        body: json!({"text": format!("the message of {}", run.id)}).to_string(),
    };
    let done = Changes {
        posts: runs.iter().map(post).collect(),
        runs,
        ..Changes::default()
    };
    assert!(store.commit(&done, None, SystemClock.now()).await.unwrap());
}

/// A build that the bot's user started, and that has ended.
async fn built(world: &World) -> u64 {
    let jenkins = world.workspace.jenkins();
    jenkins
        .act("options", &json!({"quiet_period_ms": 0, "build_ms": 20}))
        .unwrap();
    let asked = json!({"job": JOB, "user": "signpost", "parameters": parameters()});
    jenkins.act("trigger", &asked).unwrap();
    let ended = jenkins.wait_for(|state| {
        let build = state.build(JOB, NEXT)?;
        (!build.is_building()).then_some(NEXT)
    });
    ended.await.unwrap()
}

/// With the sample's jobs on the local Jenkins.
pub(super) async fn bot(world: &World) -> Bot {
    let mut settings = world.settings();
    let token = sandbox::jenkins::token_of("signpost");
    settings.jobs = settings::jobs::sample(&world.workspace.jenkins_url(), &token.into()).unwrap();
    let jobs = JobTiming {
        queue: Duration::from_millis(20),
        build: Duration::from_millis(20),
        ..JobTiming::default()
    };
    let parts = Parts {
        jobs,
        ..Parts::default()
    };
    world.bot_with(settings, parts).await
}

/// A run once it has ended.
pub(super) async fn ended(world: &World, id: &str) -> Value {
    let pool = world.look_into_store().await;
    loop {
        let body: Option<String> = sqlx::query_scalar("SELECT body FROM runs WHERE id = ? AND live = 0")
            .bind(id)
            .fetch_optional(&pool)
            .await
            .unwrap();
        if let Some(body) = body {
            return serde_json::from_str(&body).unwrap();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn builds(world: &World) -> usize {
    world.workspace.jenkins().read(|state| state.build_count(JOB))
}

#[test]
fn a_build_that_ended_while_the_bot_was_away_for_long_is_read_all_the_same() {
    with(|world| async move {
        let number = built(&world).await;
        let ts = world.say("Please look into this location");
        let running =
            json!({"stage": {"stage": "running", "number": number, "waits_for_input": false}, "number": number});
        keep(&world, vec![run("r", &ts, &running)]).await;
        let bot = bot(&world).await;
        world.saying(&ts, &["SUCCESS"]).await;
        assert_eq!(ended(&world, "r").await["stage"]["end"]["result"], "SUCCESS");
        bot.stop().await;
    });
}

#[test]
fn a_run_whose_paste_was_deleted_goes_on_in_silence_and_leaves_nothing() {
    with(|world| async move {
        let number = built(&world).await;
        let ts = world.say("Please look into this location");
        let running = json!({"stage": {"stage": "running", "number": number, "waits_for_input": false},
            "number": number, "silent": true});
        keep(&world, vec![run("r", &ts, &running)]).await;
        let bot = bot(&world).await;
        let body = ended(&world, "r").await;
        assert_eq!(body["stage"]["end"]["result"], "SUCCESS");
        world.wait_until_sent().await;
        bot.stop().await;
        let said = words(&json!(ours(world.workspace.replies(SUPPORT, &ts))));
        assert!(!said.contains("SUCCESS"), "{said}");
        assert!(!body.to_string().contains("bq1k2"), "{body}");
    });
}

#[test]
fn what_was_lost_is_looked_for_again_by_whoever_asks_again_until_somebody_could_look() {
    with(|world| async move {
        let number = built(&world).await;
        let ts = world.say("Please look into this location");
        let unknown = json!({"stage": {"stage": "over", "end": {"end": "unknown"}}, "number": number});
        let again = json!({"stage": {"stage": "ready", "behind": 0}, "lost_at": ago(1), "triggered_at": null});
        keep(&world, vec![run("r", &ts, &unknown), run("r+", &ts, &again)]).await;
        let jenkins = world.workspace.jenkins();
        jenkins
            .fault(&json!({"kind": "5xx", "what": "queue", "times": "always"}))
            .unwrap();
        let first = bot(&world).await;
        let body = ended(&world, "r+").await;
        assert_eq!(body["stage"]["end"]["end"], "refused");
        assert!(body["lost_at"].is_string(), "it is still to be looked for: {body}");
        first.stop().await;

        jenkins.fault(&json!({"clear": true})).unwrap();
        keep(&world, vec![run("r++", &ts, &again)]).await;
        let second = bot(&world).await;
        let body = ended(&world, "r++").await;
        assert_eq!(
            (&body["number"], &body["stage"]["end"]["result"]),
            (&json!(number), &json!("SUCCESS"))
        );
        assert_eq!(builds(&world), 4, "nothing was sent again");
        second.stop().await;
    });
}

#[test]
fn what_was_cancelled_and_is_forgotten_by_jenkins_counts_as_cancelled() {
    with(|world| async move {
        let ts = world.say("Please look into this location");
        let cancelled = json!({"stage": {"stage": "queued", "queue_id": 999_999, "missing_since": ago(1)},
            "cancel": {"by": ADA, "name": "Ada", "at": ago(1)}, "cancel_sent": true});
        keep(&world, vec![run("r", &ts, &cancelled)]).await;
        let bot = bot(&world).await;
        assert_eq!(ended(&world, "r").await["stage"]["end"]["end"], "cancelled");
        bot.stop().await;
    });
}

#[test]
fn what_was_lost_is_looked_for_however_many_runs_of_other_jobs_came_since() {
    with(|world| async move {
        let number = built(&world).await;
        let ts = world.say("Please look into this location");
        let lately = SystemClock.now() - SignedDuration::from_mins(5);
        let unknown =
            json!({"stage": {"stage": "over", "end": {"end": "unknown"}}, "since": lately, "triggered_at": lately});
        let again = json!({"stage": {"stage": "ready", "behind": 0}, "triggered_at": null});
        keep(
            &world,
            vec![run("lost", &ts, &unknown), run("asked again", &ts, &again)],
        )
        .await;
        let store = Sqlite::open(&world.store()).await.unwrap();
        let others = (0..120).map(|at| RunRow {
            job: "another".to_owned(),
            created_at: SystemClock.now(),
            ..run(&format!("other {at}"), &ts, &unknown)
        });
        let done = Changes {
            runs: others.collect(),
            ..Changes::default()
        };
        assert!(store.commit(&done, None, SystemClock.now()).await.unwrap());
        drop(store);
        let bot = bot(&world).await;
        let body = ended(&world, "asked again").await;
        assert_eq!(
            (&body["number"], &body["stage"]["end"]["result"]),
            (&json!(number), &json!("SUCCESS"))
        );
        assert_eq!(builds(&world), 4, "nothing was sent again");
        bot.stop().await;
    });
}
