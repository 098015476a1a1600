//! Connections come and go; every message comes in once.

use super::*;

#[test]
fn redelivered_and_doubled_events_are_answered_once() {
    with(|world| async move {
        world.fault(&json!({"kind": "drop_ack", "times": 3}));
        world.fault(&json!({"kind": "duplicate", "times": 2}));
        let bot = world.bot().await;
        let ts = world.say(PASTE);
        world.replies(&ts).await;
        assert_eq!(world.settled(&ts).await.len(), 1);
        bot.stop().await;
    });
}

#[test]
fn a_hand_over_loses_nothing() {
    for reason in ["warning", "refresh_requested", "too_many_websockets"] {
        with(|world| async move {
            let bot = world.bot().await;
            let mut said = Vec::new();
            for round in 0..3 {
                world
                    .fault(&json!({"kind": "disconnect", "reason": reason, "grace_ms": 100, "only_first": round == 1}));
                said.push(world.say(PASTE));
            }
            for ts in &said {
                assert_eq!(world.replies(ts).await.len(), 1, "{reason}");
            }
            for ts in &said {
                assert_eq!(world.settled(ts).await.len(), 1, "{reason}");
            }
            bot.stop().await;
        });
    }
}

#[test]
fn a_broken_connection_is_opened_anew() {
    with(|world| async move {
        let bot = world.bot().await;
        world.fault(&json!({"kind": "disconnect"}));
        world.fault(&json!({"kind": "5xx", "method": "apps.connections.open", "times": 2}));
        let ts = world.say(PASTE);
        assert_eq!(world.replies(&ts).await.len(), 1);
        bot.parts.status.wait_for(|now| now.sockets == 2).await;
        bot.stop().await;
    });
}

#[test]
fn what_is_said_while_the_bot_is_away_is_answered_when_it_is_back() {
    with(|world| async move {
        let bot = world.bot().await;
        bot.stop().await;
        let ts = world.say(PASTE);
        let bot = world.bot().await;
        assert_eq!(world.replies(&ts).await.len(), 1);
        bot.stop().await;
    });
}
