//! Who is answered, and how often.

use super::*;
use signpost::sandbox::{ALERTBOT, ALERTS, ECHO, RANDOM};

#[test]
fn a_paste_gets_one_reply_in_its_thread() {
    with(|world| async move {
        let bot = world.bot().await;
        let ts = world.say(PASTE);
        let replies = world.replies(&ts).await;
        assert!(words(&replies[0]).contains("Flux capacitor errors"), "{replies:#?}");
        let replies = world.settled(&ts).await;
        assert_eq!(replies.len(), 1, "{replies:#?}");
        assert_eq!(replies[0]["thread_ts"], ts.as_str());
        let key = &replies[0]["metadata"]["event_payload"]["key"];
        assert!(key.as_str().is_some_and(|key| key.contains(&ts)), "{key}");
        bot.stop().await;
    });
}

#[test]
fn a_paste_in_a_thread_is_answered_in_that_thread() {
    with(|world| async move {
        let bot = world.bot().await;
        let root = world.say("has anybody seen this?");
        world.workspace.reply(ADA, SUPPORT, &root, PASTE).unwrap();
        let replies = world.replies(&root).await;
        assert_eq!(replies.len(), 1);
        bot.stop().await;
    });
}

#[test]
fn chat_is_left_alone() {
    with(|world| async move {
        let bot = world.bot().await;
        let chat = world.say("who is in for lunch?");
        let empty = world.workspace.say(ADA, SUPPORT, " ").unwrap_or_default();
        assert!(world.settled(&chat).await.is_empty());
        assert!(empty.is_empty() || world.settled(&empty).await.is_empty());
        bot.stop().await;
    });
}

#[test]
fn a_mention_that_arrives_as_two_events_is_answered_once() {
    with(|world| async move {
        let bot = world.bot().await;
        let ts = world.say(&format!("<@{SIGNPOST}> {PASTE}"));
        assert_eq!(world.replies(&ts).await.len(), 1);
        assert_eq!(world.settled(&ts).await.len(), 1);
        bot.stop().await;
    });
}

#[test]
fn a_mention_and_a_direct_message_are_always_answered() {
    with(|world| async move {
        let bot = world.bot().await;
        let mention = world.say(&format!("<@{SIGNPOST}> nothing that any runbook knows"));
        assert_eq!(world.replies(&mention).await.len(), 1);
        let direct = world.workspace.say(ADA, "D0ADA00001", "help").unwrap();
        assert!(!world.replies_in("D0ADA00001", &direct).await.is_empty());
        bot.stop().await;
    });
}

#[test]
fn bots_are_left_alone_unless_they_are_allowed() {
    with(|world| async move {
        let bot = world.bot().await;
        let foreign = world.workspace.say(ECHO, RANDOM, PASTE).unwrap();
        let foreign_mention = world
            .workspace
            .say(ECHO, RANDOM, &format!("<@{SIGNPOST}> {PASTE}"))
            .unwrap();
        assert!(world.settled_in(RANDOM, &foreign).await.is_empty());
        assert!(world.settled_in(RANDOM, &foreign_mention).await.is_empty());
        let own = world.workspace.say(SIGNPOST, RANDOM, PASTE).unwrap();
        assert!(world.settled_in(RANDOM, &own).await.is_empty());
        let body = json!({"channel": ALERTS, "text": "", "attachments": [{"title": "Deploy", "text": PASTE}]});
        let alert = world.workspace.call(ALERTBOT, "chat.postMessage", &body).unwrap();
        assert_eq!(world.replies_in(ALERTS, alert["ts"].as_str().unwrap()).await.len(), 1);
        bot.stop().await;
    });
}

#[test]
fn an_edit_is_answered_only_when_its_text_is_new_and_the_message_was_not_answered() {
    with(|world| async move {
        let bot = world.bot().await;
        let answered = world.say(PASTE);
        world.replies(&answered).await;
        world.fault(&json!({"kind": "unfurl", "channel": SUPPORT, "ts": answered}));
        world
            .control(
                "edit",
                json!({"channel": SUPPORT, "ts": answered, "text": format!("{PASTE} again")}),
            )
            .await;
        assert_eq!(world.settled(&answered).await.len(), 1);

        let late = world.say("what is this");
        assert!(world.settled(&late).await.is_empty());
        world
            .control("edit", json!({"channel": SUPPORT, "ts": late, "text": PASTE}))
            .await;
        assert_eq!(world.replies(&late).await.len(), 1);
        assert_eq!(world.settled(&late).await.len(), 1);
        bot.stop().await;
    });
}

#[test]
fn a_huge_paste_is_answered() {
    with(|world| async move {
        let bot = world.bot().await;
        let noise = "2026-01-01 12:00:00 INFO nothing of note happened here \u{1f600}\n".repeat(700);
        let paste: String = format!("{PASTE}\n{noise}").chars().take(40_000).collect();
        let ts = world.say(&paste);
        assert_eq!(world.replies(&ts).await.len(), 1);
        bot.stop().await;
    });
}

#[test]
fn nothing_is_said_unasked_where_strangers_read() {
    with(|world| async move {
        let bot = world.bot().await;
        let made = world
            .control(
                "channel",
                json!({"name": "partners", "shared": true, "members": [ADA, SIGNPOST]}),
            )
            .await;
        let channel = made["channel"]["id"]
            .as_str()
            .or(made["channel"].as_str())
            .unwrap()
            .to_owned();
        let unasked = world.workspace.say(ADA, &channel, PASTE).unwrap();
        let asked = world
            .workspace
            .say(ADA, &channel, &format!("<@{SIGNPOST}> {PASTE}"))
            .unwrap();
        assert_eq!(world.replies_in(&channel, &asked).await.len(), 1);
        assert!(ours(world.workspace.replies(&channel, &unasked)).is_empty());
        bot.stop().await;
    });
}

#[test]
fn a_channel_can_be_set_to_be_answered_only_when_asked() {
    with(|world| async move {
        let mut settings = world.settings();
        settings.channels = vec![settings::Channel {
            id: RANDOM.to_owned(),
            auto_answer: Some(false),
            shared: false,
            ..settings::Channel::default()
        }];
        let bot = world.bot_with(settings, Parts::default()).await;
        let unasked = world.workspace.say(ADA, RANDOM, PASTE).unwrap();
        let asked = world
            .workspace
            .say(ADA, RANDOM, &format!("<@{SIGNPOST}> {PASTE}"))
            .unwrap();
        assert_eq!(world.replies_in(RANDOM, &asked).await.len(), 1);
        assert!(ours(world.workspace.replies(RANDOM, &unasked)).is_empty());
        bot.stop().await;
    });
}

#[test]
fn lines_are_counted_as_people_see_them() {
    with(|world| async move {
        world.write(
            "sluice.md",
            "# Sluice jams\n\n```\nSX200: the sluice of mill <MILL> jams\n```\n\n1. Stop the wheel.\n",
        );
        let bot = world.bot().await;
        // Slack shows no fences.
        let ts = world.say("please help\n```\nall was well\nSX200: the sluice of mill m-7 jams\n```");
        let card = world.replies(&ts).await.remove(0);
        assert!(words(&card).contains("`SX200` in line 3"), "{card:#}");
        bot.stop().await;
    });
}
