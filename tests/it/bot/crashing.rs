//! Killed at every awkward point, started again on the same store: answered exactly once.

use super::*;

/// Kills the bot once `when` holds, starts another one, and counts the replies when all is settled.
fn killed(fault: Option<Value>, when: impl Fn(&World, &str) -> bool + 'static) -> usize {
    let mut count = 0;
    with(|world| {
        let count = &mut count;
        async move {
            let bot = world.bot().await;
            if let Some(fault) = fault {
                world.fault(&fault);
            }
            let ts = world.say(PASTE);
            let (seen, said) = (&world, &ts);
            world.workspace.wait_for(move |_| Some(())).await.unwrap();
            let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
            while !when(seen, said) {
                assert!(
                    tokio::time::Instant::now() < deadline,
                    "the moment to kill the bot did not come"
                );
                tokio::task::yield_now().await;
            }
            bot.kill().await;
            world.fault(&json!({"clear": true}));
            let bot = world.bot().await;
            world.replies(&ts).await;
            world.wait_until_sent().await;
            *count = world.settled(&ts).await.len();
            bot.stop().await;
        }
    });
    count
}

#[test]
fn before_anything_happened() {
    assert_eq!(killed(None, |_, _| true), 1);
}

#[test]
fn between_storing_and_acknowledging() {
    // The acknowledgement is lost, so Slack sends the event to the bot that comes next.
    assert_eq!(
        killed(Some(json!({"kind": "drop_ack", "times": 2})), |world, ts| !replies_now(
            world, ts
        )
        .is_empty()),
        1
    );
}

#[test]
fn between_posting_and_writing_it_down() {
    let slow = json!({"kind": "slow", "ms": 900, "apply": true, "method": "chat.postMessage", "app": "A0SIGNPOST"});
    assert_eq!(killed(Some(slow), |world, ts| !replies_now(world, ts).is_empty()), 1);
}

#[test]
fn while_posting_before_the_effect() {
    let slow = json!({"kind": "slow", "ms": 900, "apply": false, "method": "chat.postMessage", "app": "A0SIGNPOST"});
    assert_eq!(
        killed(Some(slow), |world, _| world
            .workspace
            .read(|state| state.to_json()["faults"] == json!([]))),
        1
    );
}

#[test]
fn as_soon_as_the_reply_stands() {
    assert_eq!(killed(None, |world, ts| !replies_now(world, ts).is_empty()), 1);
}

fn replies_now(world: &World, ts: &str) -> Vec<Value> {
    ours(world.workspace.replies(SUPPORT, ts))
}
