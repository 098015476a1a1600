//! What Slack answers, by class: wait, shorten, give up, raise the alarm. Never a crash, never a double post.

use super::*;

fn refusal(code: &str, times: u64) -> Value {
    json!({"kind": "error", "error": code, "times": times, "method": "chat.postMessage", "app": "A0SIGNPOST"})
}

impl World {
    async fn all_faults_have_struck(&self) {
        let struck = self
            .workspace
            .wait_for(|state| (state.faults_left() == 0).then_some(()));
        struck.await.unwrap();
    }
}

#[test]
fn a_refused_token_raises_an_alarm_and_everything_goes_out_once_it_is_mended() {
    with(|world| async move {
        let bot = world.bot().await;
        world.fault(&refusal("token_revoked", 2));
        let said = [world.say(PASTE), world.say(PASTE)];
        bot.parts.status.wait_for(|now| now.refused && !now.ready()).await;
        for ts in &said {
            assert_eq!(world.replies(ts).await.len(), 1);
        }
        bot.parts.status.wait_for(bot::Snapshot::ready).await;
        world.wait_until_sent().await;
        for ts in &said {
            assert_eq!(world.settled(ts).await.len(), 1);
        }
        bot.stop().await;
    });
}

#[test]
fn a_channel_that_takes_nothing_is_given_up_and_others_are_answered() {
    for code in [
        "channel_not_found",
        "not_in_channel",
        "is_archived",
        "restricted_action_thread_only_channel",
        "ekm_access_denied",
        "message_limit_exceeded",
        "a_code_of_next_year",
    ] {
        with(|world| async move {
            let bot = world.bot().await;
            world.fault(&refusal(code, 1));
            let refused = world.say(PASTE);
            world.all_faults_have_struck().await;
            let other = world.workspace.say(ADA, sandbox::RANDOM, PASTE).unwrap();
            assert_eq!(world.replies_in(sandbox::RANDOM, &other).await.len(), 1);
            world.wait_until_sent().await;
            assert!(ours(world.workspace.replies(SUPPORT, &refused)).is_empty(), "{code}");
            bot.stop().await;
        });
    }
}

#[test]
fn an_answer_whose_thread_is_gone_is_given_up() {
    for code in ["thread_not_found", "cannot_reply_to_message"] {
        with(|world| async move {
            let bot = world.bot().await;
            world.fault(&refusal(code, 1));
            let gone = world.say(PASTE);
            world.all_faults_have_struck().await;
            assert!(world.settled(&gone).await.is_empty(), "{code}");
            bot.stop().await;
        });
    }
}

#[test]
fn what_slack_finds_too_long_is_sent_shorter() {
    for code in [
        "msg_blocks_too_long",
        "msg_too_long",
        "invalid_blocks",
        "metadata_too_large",
    ] {
        with(|world| async move {
            let bot = world.bot().await;
            world.fault(&refusal(code, 1));
            let ts = world.say(PASTE);
            let reply = world.replies(&ts).await.remove(0);
            assert!(
                reply["text"].as_str().unwrap().contains("fluxctl fill w-17"),
                "{code}: {reply}"
            );
            world.wait_until_sent().await;
            assert_eq!(world.settled(&ts).await.len(), 1, "{code}");
            bot.stop().await;
        });
    }
}

#[test]
fn what_slack_takes_in_no_form_is_given_up_and_the_next_answer_goes_out() {
    with(|world| async move {
        let bot = world.bot().await;
        // In Slack's own shapes, in mrkdwn, and as text.
        world.fault(&refusal("invalid_blocks", 3));
        let refused = world.say(PASTE);
        world.all_faults_have_struck().await;
        assert!(world.settled(&refused).await.is_empty());
        bot.stop().await;
    });
}

#[test]
fn a_429_in_one_channel_holds_up_no_other() {
    with(|world| async move {
        let bot = world.bot().await;
        world.fault(&json!({"kind": "429", "retry_after": 600, "method": "chat.postMessage", "app": "A0SIGNPOST"}));
        let waits = world.say(PASTE);
        world.all_faults_have_struck().await;
        let other = world.workspace.say(ADA, sandbox::RANDOM, PASTE).unwrap();
        assert_eq!(world.replies_in(sandbox::RANDOM, &other).await.len(), 1);
        assert!(ours(world.workspace.replies(SUPPORT, &waits)).is_empty());
        bot.stop().await;
    });
}
