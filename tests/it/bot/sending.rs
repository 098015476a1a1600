//! Whatever happens to a request, an answer is posted exactly once.

use super::*;

mod actions;
mod classes;
mod pace;
mod shapes;

/// Says the paste with a fault on its way, and counts the replies when all is settled.
fn after(fault: Value) -> usize {
    let mut count = 0;
    with(|world| {
        let count = &mut count;
        async move {
            let bot = world.bot().await;
            let mut fault = fault;
            fault["method"] = json!("chat.postMessage");
            fault["app"] = json!("A0SIGNPOST");
            world.fault(&fault);
            let ts = world.say(PASTE);
            world.replies(&ts).await;
            // The outbox is empty only when the uncertain row was looked up.
            world.wait_until_sent().await;
            *count = world.settled(&ts).await.len();
            bot.stop().await;
        }
    });
    count
}

#[test]
fn a_429_is_waited_for() {
    assert_eq!(after(json!({"kind": "429", "retry_after": 1, "times": 2})), 1);
}

#[test]
fn a_server_error_before_the_effect_is_looked_up_and_sent_again() {
    assert_eq!(after(json!({"kind": "5xx", "apply": false})), 1);
}

#[test]
fn a_server_error_after_the_effect_is_looked_up_and_not_sent_again() {
    assert_eq!(after(json!({"kind": "5xx", "apply": true})), 1);
}

#[test]
fn a_connection_that_breaks_before_the_effect_is_looked_up_and_sent_again() {
    assert_eq!(after(json!({"kind": "break", "apply": false})), 1);
}

#[test]
fn a_connection_that_breaks_after_the_effect_is_looked_up_and_not_sent_again() {
    assert_eq!(after(json!({"kind": "break", "apply": true})), 1);
}

#[test]
fn an_answer_that_comes_too_late_is_looked_up() {
    assert_eq!(after(json!({"kind": "slow", "ms": 1300, "apply": true})), 1);
}

#[test]
fn an_answer_that_makes_no_sense_is_looked_up() {
    assert_eq!(after(json!({"kind": "html"})), 1);
}

#[test]
fn an_internal_error_is_looked_up() {
    assert_eq!(after(json!({"kind": "error", "error": "internal_error"})), 1);
}

#[test]
fn blocks_that_slack_does_not_take_are_sent_as_text() {
    assert_eq!(after(json!({"kind": "error", "error": "invalid_blocks"})), 1);
}

#[test]
fn a_refusal_for_good_is_given_up_and_the_next_answer_goes_out() {
    with(|world| async move {
        let bot = world.bot().await;
        world.fault(
            &json!({"kind": "error", "error": "is_archived", "method": "chat.postMessage", "app": "A0SIGNPOST"}),
        );
        let refused = world.say(PASTE);
        // The next message may come in over the other connection, and be answered first.
        let struck = world
            .workspace
            .wait_for(|state| (state.faults_left() == 0).then_some(()));
        struck.await.unwrap();
        assert!(world.settled(&refused).await.is_empty());
        bot.stop().await;
    });
}

#[test]
fn many_pastes_at_once_are_all_answered_once() {
    with(|world| async move {
        let bot = world.bot().await;
        let said: Vec<String> = (0..12).map(|_| world.say(PASTE)).collect();
        for ts in &said {
            assert_eq!(world.replies(ts).await.len(), 1);
        }
        bot.stop().await;
    });
}
