//! A reaction where a runbook comes near but is not sure enough, and the click that asks for it.

use super::acts::{said, text};
use super::*;
use jiff::SignedDuration;
use signpost::clock::{Clock as _, SystemClock};
use signpost::sandbox::{ADA_TOKEN, ALERTS, GRACE, GRACE_TOKEN};
use signpost::settings::AnswerMode;
use signpost::store::sqlite::Sqlite;
use signpost::store::{Arrival, Store as _};

/// Sure enough for the usual threshold, not for that of these tests.
const NEAR: &str = "error: flux capacitor of rack w-17 was found empty after deploy";

impl World {
    fn with_reaction(&self) -> Settings {
        let mut settings = self.with_alerts();
        settings.matching.threshold = 0.99;
        settings.answers.near_reaction = "eyes".to_owned();
        settings
    }

    /// Somebody clicks a reaction of a message, or adds it.
    async fn react(&self, token: &str, ts: &str, name: &str) {
        let url = format!("{}/reactions.add", self.workspace.api_url());
        let body = json!({"channel": SUPPORT, "timestamp": ts, "name": name});
        let answer = self
            .client
            .post(url)
            .bearer_auth(token)
            .json(&body)
            .send()
            .await
            .unwrap();
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["ok"], true, "{answer}");
    }

    /// The reactions of a message.
    pub(super) fn reactions(&self, ts: &str) -> Vec<Value> {
        self.workspace.read(|state| reactions(state, ts))
    }

    /// Waits until a message has this many reactions.
    pub(super) async fn reacted(&self, ts: &str, count: usize) {
        let reacted = self
            .workspace
            .wait_for(|state| (reactions(state, ts).len() == count).then_some(()));
        reacted.await.unwrap();
        self.wait_until_sent().await;
    }

    /// Waits until the bot has marked a message.
    async fn marked(&self, ts: &str) {
        self.reacted(ts, 1).await;
        assert_eq!(
            self.reactions(ts),
            [json!({"name": "eyes", "users": [SIGNPOST], "count": 1})]
        );
    }
}

fn reactions(state: &sandbox::State, ts: &str) -> Vec<Value> {
    reactions_in(state, SUPPORT, ts)
}

fn reactions_in(state: &sandbox::State, channel: &str, ts: &str) -> Vec<Value> {
    let message = state.message(channel, ts);
    let reactions = message.and_then(|message| message.value.get("reactions")?.as_array());
    reactions.cloned().unwrap_or_default()
}

#[test]
fn nothing_is_marked_unless_the_settings_say_so() {
    with(|world| async move {
        let mut settings = world.with_reaction();
        settings.answers.near_reaction = String::new();
        let bot = world.bot_with(settings, Parts::default()).await;
        let ts = world.say(NEAR);
        assert!(world.settled(&ts).await.is_empty());
        assert!(world.reactions(&ts).is_empty());
        bot.stop().await;
    });
}

#[test]
fn what_comes_near_is_marked_and_one_click_is_answered() {
    with(|world| async move {
        let bot = world.bot_with(world.with_reaction(), Parts::default()).await;
        let ts = world.say(NEAR);
        world.marked(&ts).await;
        let chat = world.say("shall we have lunch?");
        assert!(world.settled(&ts).await.is_empty());
        assert!(world.reactions(&chat).is_empty());
        // Another emoji, and one on a message that the bot has not marked.
        world.react(ADA_TOKEN, &ts, "tada").await;
        world.react(ADA_TOKEN, &chat, "eyes").await;
        assert!(world.settled(&ts).await.is_empty() && world.settled(&chat).await.is_empty());
        world.react(GRACE_TOKEN, &ts, "eyes").await;
        let answer = world.replies(&ts).await.remove(0);
        assert!(words(&answer).contains("QX4711"), "{answer}");
        world.react(ADA_TOKEN, &ts, "eyes").await;
        assert_eq!(world.settled(&ts).await.len(), 1);
        // Below the answer people talk about it.
        let reply = world.workspace.reply(GRACE, SUPPORT, &ts, NEAR).unwrap();
        assert_eq!(world.settled(&ts).await.len(), 1);
        assert!(world.reactions(&reply).is_empty());
        bot.stop().await;
    });
}

#[test]
fn a_mark_survives_the_bot_that_was_killed_and_a_click_meanwhile_too() {
    with(|world| async move {
        let bot = world.bot_with(world.with_reaction(), Parts::default()).await;
        let slow = json!({"kind": "slow", "ms": 900, "apply": true, "method": "reactions.add", "app": "A0SIGNPOST"});
        world.fault(&slow);
        let ts = world.say(NEAR);
        let marked = world
            .workspace
            .wait_for(|state| (!reactions(state, &ts).is_empty()).then_some(()));
        marked.await.unwrap();
        bot.kill().await;
        world.fault(&json!({"clear": true}));
        world.react(ADA_TOKEN, &ts, "eyes").await;
        let bot = world.bot_with(world.with_reaction(), Parts::default()).await;
        assert_eq!(world.replies(&ts).await.len(), 1);
        assert_eq!(world.settled(&ts).await.len(), 1);
        bot.stop().await;
    });
}

#[test]
fn nothing_is_marked_in_shadow_mode_in_a_muted_channel_or_for_a_bot() {
    with(|world| async move {
        let mut settings = world.with_reaction();
        settings.answers.mode = AnswerMode::Shadow;
        let bot = world.bot_with(settings, Parts::default()).await;
        let shadow = world.say(NEAR);
        world.settled(&shadow).await;
        bot.stop().await;
        let bot = world.bot_with(world.with_reaction(), Parts::default()).await;
        let by_bot = world.workspace.say(sandbox::ALERTBOT, ALERTS, NEAR).unwrap();
        world.settled_in(ALERTS, &by_bot).await;
        assert!(
            world
                .workspace
                .read(|state| reactions_in(state, ALERTS, &by_bot))
                .is_empty()
        );
        world.command(ADA, "mute").await;
        let muted = world.workspace.say(GRACE, SUPPORT, NEAR).unwrap();
        world.settled(&muted).await;
        for ts in [&shadow, &muted] {
            assert!(world.reactions(ts).is_empty());
        }
        bot.stop().await;
    });
}

#[test]
fn a_token_that_may_not_react_answers_all_the_same() {
    with(|world| async move {
        let bot = world.bot_with(world.with_reaction(), Parts::default()).await;
        world
            .fault(&json!({"kind": "error", "error": "missing_scope", "method": "reactions.add", "app": "A0SIGNPOST"}));
        let near = world.say(NEAR);
        let ts = world.workspace.say(GRACE, SUPPORT, PASTE).unwrap();
        assert_eq!(world.replies(&ts).await.len(), 1);
        assert!(world.settled(&near).await.is_empty() && world.reactions(&near).is_empty());
        bot.stop().await;
    });
}

#[test]
fn a_click_is_answered_although_slack_fails_for_a_moment() {
    with(|world| async move {
        let bot = world.bot_with(world.with_reaction(), Parts::default()).await;
        let ts = world.say(NEAR);
        world.marked(&ts).await;
        for fault in [
            json!({"kind": "rate_limited", "retry_after": 1, "method": "users.info", "app": "A0SIGNPOST", "times": 1}),
            json!({"kind": "break", "method": "conversations.replies", "app": "A0SIGNPOST", "times": 1}),
        ] {
            world.fault(&fault);
        }
        world.react(ADA_TOKEN, &ts, "eyes").await;
        assert_eq!(world.replies(&ts).await.len(), 1);
        bot.stop().await;
    });
}

/// Ada's click of five hours ago, as Slack sends it.
fn old_click(ts: &str) -> Arrival {
    let at = SystemClock.now() - SignedDuration::from_hours(5);
    let event = json!({
        "type": "reaction_added", "user": ADA, "reaction": "eyes", "event_ts": format!("{}.000100", at.as_second()),
        "item": {"type": "message", "channel": SUPPORT, "ts": ts},
    });
    Arrival {
        key: format!("click:{ts}"),
        lane: format!("T0SANDBOX1:{SUPPORT}"),
        mentioned: false,
        payload: json!({"type": "event_callback", "team_id": "T0SANDBOX1", "event": event}).to_string(),
        decoded: true,
    }
}

#[test]
fn a_click_that_comes_hours_late_counts_as_missed_where_there_is_a_mark() {
    with(|world| async move {
        let bot = world.bot_with(world.with_reaction(), Parts::default()).await;
        let ts = world.say(NEAR);
        world.marked(&ts).await;
        let chat = world.say("shall we have lunch?");
        world.settled(&chat).await;
        bot.stop().await;
        let store = Sqlite::open(&world.store()).await.unwrap();
        let clicks = [old_click(&ts), old_click(&chat)];
        store.receive(&clicks, SystemClock.now()).await.unwrap();
        drop(store);
        let bot = world.bot_with(world.with_reaction(), Parts::default()).await;
        let note = late::note(&world).await;
        assert!(
            note.contains("I was offline at ") && note.contains(". I missed 1 "),
            "{note}"
        );
        assert!(world.settled(&ts).await.is_empty() && world.settled(&chat).await.is_empty());
        bot.stop().await;
    });
}

#[test]
fn an_answered_message_is_not_marked_when_it_is_edited() {
    with(|world| async move {
        let bot = world.bot_with(world.with_reaction(), Parts::default()).await;
        let first = world.say(PASTE);
        world.replies(&first).await;
        let second = world.workspace.say(GRACE, SUPPORT, PASTE).unwrap();
        world.replies(&second).await;
        let edit = json!({"channel": SUPPORT, "ts": second, "text": NEAR});
        world.control("edit", edit).await;
        world.saying(&second, &["no longer matches a runbook"]).await;
        world.wait_until_sent().await;
        assert!(world.reactions(&second).is_empty());
        bot.stop().await;
    });
}

#[test]
fn a_remark_where_no_card_is_meant_gets_a_short_answer() {
    with(|world| async move {
        let bot = world.bot_with(world.with_reaction(), Parts::default()).await;
        for remark in ["who do I call?", "next", "it didn't help"] {
            let ts = world.say(&format!("<@{SIGNPOST}> {remark}"));
            let reply = world.saying(&ts, &["Which error do you mean?"]).await;
            insta::allow_duplicates! {
                insta::assert_snapshot!(said(&reply), @"Which error do you mean? Paste it, or mention me in the thread of its answer.");
            }
        }
        // In the thread of a list, one of it has to be chosen first.
        let ts = world.say(&format!("<@{SIGNPOST}> {NEAR}"));
        let list = world.saying(&ts, &["Could it be one of these?"]).await;
        insta::assert_snapshot!(text(&list), @r"
        I’m not sure. Could it be one of these?
        1. QX4711, in Flux capacitor errors
        None of these? Paste the exact error text, including any code or alert name.
        Show QX4711
        ");
        for remark in ["who do I call?", "next"] {
            let asked = format!("<@{SIGNPOST}> {remark}");
            world.workspace.reply(ADA, SUPPORT, &ts, &asked).unwrap();
        }
        let is_told = |reply: &Value| said(reply) == "Choose one of the runbooks above first.";
        let told = world.workspace.wait_for(|state| {
            let all = answers(state, SUPPORT, &ts);
            (all.iter().filter(|reply| is_told(reply)).count() == 2).then_some(())
        });
        told.await.unwrap();
        bot.stop().await;
    });
}
