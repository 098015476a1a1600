//! Clocks that are wrong or are set: nothing is posted twice, nothing waits for the old time, and people are told.

use super::acts::Moved;
use super::*;

use jiff::SignedDuration;
use signpost::clock::{Clock as _, SystemClock};
use signpost::store::sqlite::Sqlite;
use signpost::store::{Action, NewPost, PostOutcome, PostState, Store as _};

const KEPT: &str = "kept from before";

/// Parts with a clock that is ahead by this.
fn ahead(by: SignedDuration) -> (Arc<Moved>, Parts) {
    let clock = Arc::new(Moved::default());
    clock.turn(by);
    let parts = Parts {
        clock: Arc::clone(&clock) as _,
        ..Parts::default()
    };
    (clock, parts)
}

/// A store in which a message for the channel waits, not before a time from now.
async fn keep(world: &World, next: Option<SignedDuration>) {
    let store = Sqlite::open(&world.store()).await.unwrap();
    let post = NewPost {
        key: "kept".to_owned(),
        channel: SUPPORT.to_owned(),
        thread_ts: None,
        action: Action::Post,
        body: json!({"text": KEPT}).to_string(),
    };
    store.enqueue(&[post], SystemClock.now()).await.unwrap();
    if let Some(next) = next {
        let settled = PostOutcome {
            state: PostState::Pending,
            next_at: SystemClock.now() + next,
            posted_ts: None,
            error: None,
            body: None,
        };
        store.record_outcome("kept", &settled).await.unwrap();
    }
}

/// How often the message stands in the channel.
fn kept(state: &sandbox::State) -> usize {
    let messages = state.channel(SUPPORT).unwrap().messages.values();
    messages.filter(|message| message.text() == KEPT).count()
}

async fn struck(world: &World) {
    let struck = world
        .workspace
        .wait_for(|state| (state.faults_left() == 0).then_some(()));
    struck.await.unwrap();
}

fn posting(mut fault: Value) -> Value {
    fault["method"] = json!("chat.postMessage");
    fault["app"] = json!("A0SIGNPOST");
    fault
}

#[test]
fn an_answer_in_a_thread_is_found_again_with_a_clock_that_is_ahead() {
    for minutes in [5, 600] {
        with(|world| async move {
            let (_, parts) = ahead(SignedDuration::from_mins(minutes));
            let bot = world.bot_with(world.settings(), parts).await;
            world.fault(&posting(json!({"kind": "502", "apply": true})));
            let ts = world.say(PASTE);
            world.replies(&ts).await;
            world.wait_until_sent().await;
            assert_eq!(world.settled(&ts).await.len(), 1);
            bot.stop().await;
        });
    }
}

#[test]
fn a_message_in_a_channel_is_found_again_with_a_clock_that_is_wrong() {
    for minutes in [-600, -5, 5, 600] {
        with(|world| async move {
            keep(&world, None).await;
            world.fault(&posting(json!({"kind": "502", "apply": true})));
            let (_, parts) = ahead(SignedDuration::from_mins(minutes));
            let bot = world.bot_with(world.settings(), parts).await;
            world.wait_until_sent().await;
            assert_eq!(world.workspace.read(kept), 1, "{minutes}");
            bot.stop().await;
        });
    }
}

#[test]
fn a_message_is_found_again_after_a_crash_and_a_correction_of_the_clock() {
    for (before, after) in [(10, 0), (0, 10), (-10, 0), (10, -10)] {
        with(|world| async move {
            keep(&world, None).await;
            world.fault(&posting(json!({"kind": "slow", "ms": 900, "apply": true})));
            let (_, parts) = ahead(SignedDuration::from_mins(before));
            let bot = world.bot_with(world.settings(), parts).await;
            let posted = world.workspace.wait_for(|state| (kept(state) > 0).then_some(()));
            posted.await.unwrap();
            bot.kill().await;
            let (_, parts) = ahead(SignedDuration::from_mins(after));
            let bot = world.bot_with(world.settings(), parts).await;
            world.wait_until_sent().await;
            assert_eq!(world.workspace.read(kept), 1, "{before} {after}");
            bot.stop().await;
        });
    }
}

#[test]
fn a_clock_that_jumps_lets_no_post_wait_and_gives_none_up() {
    for (hours, fault) in [
        (-48, json!({"kind": "503"})),
        (-48, json!({"kind": "429", "retry_after": 1, "times": 1})),
        (48, json!({"kind": "503"})),
        (48, json!({"kind": "429", "retry_after": 1, "times": 1})),
    ] {
        with(|world| async move {
            let (clock, parts) = ahead(SignedDuration::ZERO);
            let bot = world.bot_with(world.settings(), parts).await;
            world.fault(&posting(fault));
            let ts = world.say(PASTE);
            struck(&world).await;
            clock.turn(SignedDuration::from_hours(hours));
            // One that fails once more is not older for it.
            world.fault(&posting(json!({"kind": "429", "retry_after": 1})));
            assert_eq!(world.replies(&ts).await.len(), 1, "{hours}");
            world.wait_until_sent().await;
            assert_eq!(world.settled(&ts).await.len(), 1);
            bot.stop().await;
        });
    }
}

#[test]
fn what_is_said_after_a_clock_jumped_is_answered() {
    for hours in [-48, 48] {
        with(|world| async move {
            let (clock, parts) = ahead(SignedDuration::ZERO);
            let bot = world.bot_with(world.settings(), parts).await;
            clock.turn(SignedDuration::from_hours(hours));
            let ts = world.say(PASTE);
            assert_eq!(world.replies(&ts).await.len(), 1, "{hours}");
            clock.turn(SignedDuration::from_hours(-hours));
            let ts = world.say(MARKER);
            assert_eq!(world.replies(&ts).await.len(), 1, "{hours}");
            bot.stop().await;
        });
    }
}

#[test]
fn a_post_that_was_to_wait_for_days_by_a_wrong_clock_goes_out_after_a_start() {
    with(|world| async move {
        keep(&world, Some(SignedDuration::from_hours(48))).await;
        let bot = world.bot().await;
        world.wait_until_sent().await;
        assert_eq!(world.workspace.read(kept), 1);
        bot.stop().await;
    });
}

#[test]
fn ready_tells_how_far_the_clock_is_off() {
    with(|world| async move {
        let mut settings = world.settings();
        settings.http.listen = ANY_PORT.to_owned();
        let (clock, parts) = ahead(SignedDuration::from_secs(95));
        let bot = world.bot_with(settings, parts).await;
        let is_near = |skew: Option<i64>, expected: i64| skew.is_some_and(|skew| (skew - expected).abs() <= 2);
        bot.parts.status.wait_for(|now| is_near(now.skew_seconds, 95)).await;
        let ready = world
            .client
            .get(format!("http://{}/ready", bot.health()))
            .send()
            .await
            .unwrap();
        let ready: Value = ready.json().await.unwrap();
        assert!(is_near(ready["clock"]["skew_seconds"].as_i64(), 95), "{ready}");
        // Every answer of Slack measures it anew.
        clock.turn(SignedDuration::from_secs(-195));
        world.replies(&world.say(PASTE)).await;
        bot.parts.status.wait_for(|now| is_near(now.skew_seconds, -100)).await;
        bot.stop().await;
    });
}

#[test]
fn the_workspace_tells_its_own_time() {
    with(|world| async move {
        world.control("options", json!({"clock_skew_ms": -3_600_000})).await;
        let bot = world.bot().await;
        bot.parts
            .status
            .wait_for(|now| now.skew_seconds.is_some_and(|skew| (skew - 3_600).abs() <= 2))
            .await;
        world.fault(&posting(json!({"kind": "502", "apply": true})));
        let ts = world.say(PASTE);
        world.replies(&ts).await;
        world.wait_until_sent().await;
        assert_eq!(world.settled(&ts).await.len(), 1);
        bot.stop().await;
    });
}
