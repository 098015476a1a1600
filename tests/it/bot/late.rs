//! What came in and could not be answered in time, or not at all.

use jiff::SignedDuration;
use signpost::clock::{Clock as _, SystemClock};
use signpost::sandbox::GRACE;
use signpost::store::sqlite::Sqlite;
use signpost::store::{Action, Answered, Arrival, Changes, Expiry, NewPost, SetAsideReason, Store as _};

use super::acts::Moved;
use super::starting::Served;
use super::*;

/// A message of Ada's as Slack sends it, written so many minutes ago.
fn written(minutes: i64, number: i64, text: &str) -> Arrival {
    let at = SystemClock.now() - SignedDuration::from_mins(minutes);
    let ts = format!("{}.{number:06}", at.as_second());
    let event =
        json!({"type": "message", "channel": SUPPORT, "channel_type": "channel", "user": ADA, "text": text, "ts": ts});
    Arrival {
        key: format!("T0SANDBOX1:{SUPPORT}:{ts}:0"),
        lane: format!("T0SANDBOX1:{SUPPORT}"),
        mentioned: false,
        payload: json!({"type": "event_callback", "team_id": "T0SANDBOX1", "event": event}).to_string(),
        decoded: true,
    }
}

/// Puts messages into the inbox of a bot that does not run.
async fn receive(world: &World, arrivals: &[Arrival]) {
    receive_before(world, 0, arrivals).await;
}

/// The same, so many hours ago.
async fn receive_before(world: &World, hours: i64, arrivals: &[Arrival]) {
    let store = Sqlite::open(&world.store()).await.unwrap();
    let then = SystemClock.now() - SignedDuration::from_hours(hours);
    store.receive(arrivals, then).await.unwrap();
}

/// What the bot said in the channel itself.
fn notes(state: &sandbox::State) -> Vec<Value> {
    let json = state.to_json();
    let channels = json["channels"].as_array().unwrap();
    let channel = channels.iter().find(|channel| channel["id"] == SUPPORT).unwrap();
    let messages = channel["messages"].as_array().unwrap().iter();
    let is_note = |message: &&Value| message["user"] == SIGNPOST && message["thread_ts"].is_null();
    messages.filter(is_note).cloned().collect()
}

/// The first of them, once there is one.
pub(super) async fn note(world: &World) -> String {
    let found = world.workspace.wait_for(|state| notes(state).first().map(words));
    found.await.unwrap()
}

#[test]
fn errors_that_are_too_old_are_counted_and_told_once() {
    with(|world| async move {
        let mut old: Vec<_> = (0..12).map(|number| written(40 - number, number, PASTE)).collect();
        old.push(written(30, 20, "good morning"));
        receive(&world, &old).await;
        let bot = world.bot().await;
        let ts = world.say(PASTE);
        assert_eq!(world.replies(&ts).await.len(), 1, "what is new is answered");
        let note = note(&world).await;
        assert!(
            note.contains("I was offline from ")
                && note.contains(". I missed 12 errors. To look one up, mention me in its thread"),
            "{note}"
        );
        bot.stop().await;
        let bot = world.bot().await;
        world.settled(&ts).await;
        assert_eq!(world.workspace.read(|state| notes(state).len()), 1, "told once");
        bot.stop().await;
    });
}

#[test]
fn nothing_is_told_of_errors_that_are_too_old_in_shadow_mode() {
    with(|world| async move {
        let old: Vec<_> = (0..5).map(|number| written(40 - number, number, PASTE)).collect();
        receive(&world, &old).await;
        let mut settings = world.settings();
        settings.answers.mode = settings::AnswerMode::Shadow;
        let bot = world.bot_with(settings, Parts::default()).await;
        let ts = world.say(PASTE);
        assert!(world.settled(&ts).await.is_empty());
        let pool = world.look_into_store().await;
        let (recorded, missed): (i64, i64) =
            sqlx::query_as("SELECT (SELECT count(*) FROM shadow_answers), (SELECT count(*) FROM missed)")
                .fetch_one(&pool)
                .await
                .unwrap();
        assert_eq!((recorded, missed), (1, 0), "only what is new is recorded");
        assert!(world.workspace.read(notes).is_empty());
        bot.stop().await;
    });
}

#[test]
fn somebody_who_asked_is_answered_for_longer_and_told_when_that_is_over() {
    with(|world| async move {
        let asked = format!("<@{SIGNPOST}> {PASTE}");
        let mention = |minutes, number| Arrival {
            mentioned: true,
            ..written(minutes, number, &asked)
        };
        // Four hours are the most.
        let late = mention(60, 1);
        let ts = late.key.split(':').nth(2).unwrap().to_owned();
        receive(&world, &[late, mention(5 * 60, 2)]).await;
        let bot = world.bot().await;
        let note = note(&world).await;
        assert!(note.contains(". I missed 1 message."), "{note}");
        // The workspace knows no such message, so its thread is not there: the answer was tried all the same.
        let pool = world.look_into_store().await;
        let answered: i64 = sqlx::query_scalar("SELECT count(*) FROM answers WHERE message LIKE ?")
            .bind(format!("%{ts}"))
            .fetch_one(&pool)
            .await
            .unwrap();
        assert_eq!(answered, 1);
        bot.stop().await;
    });
}

#[test]
fn a_run_that_was_asked_for_too_long_ago_is_not_started_and_whoever_asked_is_told() {
    with(|world| async move {
        let asked = Arrival {
            mentioned: true,
            ..written(20, 1, &format!("<@{SIGNPOST}> run get-info CLUSTERID=x"))
        };
        receive(&world, &[asked]).await;
        let bot = world.bot().await;
        let pool = world.look_into_store().await;
        let answers = async || -> Vec<String> {
            let about = sqlx::query_scalar("SELECT about FROM answers");
            about.fetch_all(&pool).await.unwrap()
        };
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        while answers().await.is_empty() {
            assert!(tokio::time::Instant::now() < deadline, "it is not answered");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(answers().await, ["late run"]);
        bot.stop().await;
    });
}

#[test]
fn what_waited_through_a_long_outage_is_told_before_its_text_is_erased() {
    with(|world| async move {
        let errors = (0..3).map(|number| written(30 * 60, number, PASTE));
        let run = Arrival {
            mentioned: true,
            ..written(30 * 60, 9, &format!("<@{SIGNPOST}> run get-info CLUSTERID=x"))
        };
        receive_before(&world, 30, &errors.chain([run]).collect::<Vec<_>>()).await;
        let bot = world.bot().await;
        let note = note(&world).await;
        assert!(note.contains(". I missed 3 errors."), "{note}");
        let pool = world.look_into_store().await;
        let about: Vec<String> = sqlx::query_scalar("SELECT about FROM answers")
            .fetch_all(&pool)
            .await
            .unwrap();
        assert_eq!(about, ["late run"]);
        bot.stop().await;
    });
}

#[test]
fn a_question_whose_answer_waited_for_too_long_is_told_and_may_be_asked_again() {
    with(|world| async move {
        let ts = world.say(PASTE);
        let message = format!("T0SANDBOX1:{SUPPORT}:{ts}");
        let key = format!("answer:{message}:0");
        let now = SystemClock.now();
        let done = Changes {
            posts: vec![NewPost {
                key: key.clone(),
                channel: SUPPORT.to_owned(),
                thread_ts: Some(ts.clone()),
                action: Action::Post,
                body: json!({"text": "late"}).to_string(),
            }],
            expiry: Some(Expiry {
                at: now - SignedDuration::from_mins(1),
                asked: true,
                written_at: now - SignedDuration::from_mins(241),
            }),
            answered: vec![Answered {
                message,
                kind: "flux.md".into(),
                post: Some(key),
                case: None,
            }],
            ..Changes::default()
        };
        let store = Sqlite::open(&world.store()).await.unwrap();
        store.commit(&done, None, now).await.unwrap();
        drop(store);
        // Whatever this machine's clock says.
        let clock = Arc::new(Moved::default());
        clock.turn(SignedDuration::from_mins(-40));
        let parts = Parts {
            clock,
            ..Parts::default()
        };
        let mut settings = world.settings();
        settings.answers.auto = false;
        let bot = world.bot_with(settings, parts).await;
        let note = note(&world).await;
        assert!(note.contains(". I missed 1 message."), "{note}");
        world.find(GRACE, SUPPORT, &ts).await;
        world.saying(&ts, &["fluxctl fill w-17"]).await;
        bot.stop().await;
    });
}

fn inbox(world: &World, arguments: &[&str]) -> (Option<i32>, String) {
    let store = format!("[store]\npath = {:?}\n", world.store());
    std::fs::write(world.folder.path().join("local.toml"), store).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_signpost"));
    command
        .arg("inbox")
        .args(arguments)
        .arg("--config")
        .arg(world.folder.path());
    let output = command.output().unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    (output.status.code(), said)
}

#[test]
fn what_was_set_aside_is_listed_and_tried_again_beside_the_running_bot() {
    with(|world| async move {
        // However old: an operator asks for it.
        let arrival = written(120, 1, PASTE);
        receive(&world, std::slice::from_ref(&arrival)).await;
        let store = Sqlite::open(&world.store()).await.unwrap();
        store
            .set_aside(&arrival.key, SetAsideReason::Crashed, SystemClock.now())
            .await
            .unwrap();
        drop(store);
        let bot = world.bot().await;
        bot.parts.status.wait_for(|now| now.set_aside == 1).await;
        let (code, listed) = inbox(&world, &["list"]);
        assert_eq!(code, Some(0), "{listed}");
        assert!(
            listed.contains(&format!("set aside (crashed)  {}", arrival.key)),
            "{listed}"
        );
        assert!(!listed.contains("flux"), "texts are not printed: {listed}");
        let (_, json) = inbox(&world, &["--json"]);
        let row: Value = serde_json::from_str(json.trim()).unwrap();
        assert_eq!(
            (&row["state"], &row["reason"], &row["retriable"]),
            (&json!("set_aside"), &json!("crashed"), &json!(true))
        );
        let (code, said) = inbox(&world, &["retry", "nothing"]);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("no message nothing can be retried"), "{said}");
        let (code, said) = inbox(&world, &["retry", "--all"]);
        assert_eq!(
            (code, said.as_str()),
            (
                Some(0),
                "Queued 1 message. A running bot handles it now; otherwise it is handled at the next start.\n"
            )
        );
        bot.parts.status.wait_for(|now| now.set_aside == 0).await;
        let pool = world.look_into_store().await;
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        loop {
            let answered: i64 = sqlx::query_scalar("SELECT count(*) FROM answers")
                .fetch_one(&pool)
                .await
                .unwrap();
            if answered == 1 {
                break;
            }
            assert!(tokio::time::Instant::now() < deadline, "it is not answered");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bot.stop().await;
    });
}

#[test]
fn what_cannot_be_tried_again_is_told_as_such() {
    with(|world| async move {
        let odd = Arrival {
            decoded: false,
            ..written(1, 1, PASTE)
        };
        receive(&world, std::slice::from_ref(&odd)).await;
        let command = world.program(&[]);
        let ended = tokio::task::spawn_blocking(move || {
            let mut served = Served::start(command);
            served.read_until("messages were set aside");
            served.end()
        });
        let (code, log) = ended.await.unwrap();
        assert_eq!(code, Some(0), "{log}");
        assert!(log.contains("none can be retried"), "{log}");
        assert!(!log.contains("inbox retry"), "{log}");
        let (_, listed) = inbox(&world, &["list"]);
        assert!(
            listed.contains(&format!("set aside (undecoded)  {}  cannot be retried", odd.key)),
            "{listed}"
        );
        let (code, said) = inbox(&world, &["retry", &odd.key]);
        assert_eq!(code, Some(2), "{said}");
    });
}
