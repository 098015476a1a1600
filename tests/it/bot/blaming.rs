//! Messages that wait for Slack while they are handled: they are not blamed for a crash, and hold up nobody.

use signpost::clock::{Clock as _, SystemClock};
use signpost::sandbox::{GRACE, RANDOM};
use signpost::store::sqlite::Sqlite;
use signpost::store::{Arrival, Store as _};

use super::*;

/// Slack does not answer when the bot asks for a link, which it does for whoever says what was answered already.
fn hang(world: &World) {
    world.fault(&json!({"kind": "slow", "ms": 60_000, "method": "chat.getPermalink", "app": "A0SIGNPOST"}));
}

async fn asked(world: &World) {
    let asked = world
        .workspace
        .wait_for(|state| (state.faults_left() == 0).then_some(()));
    asked.await.unwrap();
}

/// Waits until the one message that is being handled is not marked as running while it waits for Slack.
async fn unmarked(world: &World) {
    let pool = world.look_into_store().await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        let running: bool = sqlx::query_scalar("SELECT running FROM inbox WHERE state = 'waiting'")
            .fetch_optional(&pool)
            .await
            .unwrap()
            .expect("it is marked until it is handled");
        if !running {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "it stays marked");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn a_message_that_waits_for_slack_is_not_blamed_when_the_bot_is_killed() {
    with(|world| async move {
        let bot = world.bot().await;
        let first = world.say(PASTE);
        world.replies(&first).await;
        world.wait_until_sent().await;
        hang(&world);
        let second = world.workspace.say(GRACE, SUPPORT, PASTE).unwrap();
        let mut bot = Some(bot);
        for _ in 0..6 {
            asked(&world).await;
            unmarked(&world).await;
            if let Some(bot) = bot.take() {
                bot.kill().await;
            }
            hang(&world);
            bot = Some(world.bot().await);
        }
        let pool = world.look_into_store().await;
        let blamed: i64 = sqlx::query_scalar("SELECT count(*) FROM inbox WHERE attempts > 0 OR state = 'set_aside'")
            .fetch_one(&pool)
            .await
            .unwrap();
        assert_eq!(blamed, 0);
        assert_eq!(world.replies(&second).await.len(), 1);
        if let Some(bot) = bot {
            bot.stop().await;
        }
    });
}

#[test]
fn a_suspect_that_waits_for_slack_holds_up_no_other_channel() {
    with(|world| async move {
        let bot = world.bot().await;
        let first = world.say(PASTE);
        world.replies(&first).await;
        world.wait_until_sent().await;
        bot.stop().await;
        // The process ended while it handled this one.
        let root = world.workspace.say(GRACE, SUPPORT, "good morning").unwrap();
        let event = json!({"type": "message", "channel": SUPPORT, "channel_type": "channel", "user": GRACE,
                           "text": PASTE, "ts": root});
        let suspect = Arrival {
            key: format!("T0SANDBOX1:{SUPPORT}:{root}:0"),
            lane: format!("T0SANDBOX1:{SUPPORT}"),
            mentioned: false,
            payload: json!({"type": "event_callback", "team_id": "T0SANDBOX1", "event": event}).to_string(),
            decoded: true,
        };
        let store = Sqlite::open(&world.store()).await.unwrap();
        store
            .receive(std::slice::from_ref(&suspect), SystemClock.now())
            .await
            .unwrap();
        let row = store.next(&suspect.lane).await.unwrap().unwrap();
        assert!(store.begin(row.seq).await.unwrap());
        drop(store);
        hang(&world);
        let bot = world.bot().await;
        asked(&world).await;
        let other = world.workspace.say(ADA, RANDOM, MARKER).unwrap();
        let of = |replies: Vec<Value>| replies[0]["ts"].as_str().unwrap().to_owned();
        let (other, suspect) = (
            of(world.replies_in(RANDOM, &other).await),
            of(world.replies(&root).await),
        );
        assert!(other < suspect, "{other} {suspect}");
        bot.stop().await;
    });
}
