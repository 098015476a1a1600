//! What is not said: repeats, alerts that fire again, echoes, what was deleted, quiet channels, strangers.

use super::acts::{Moved, buttons, text};
use super::*;
use jiff::SignedDuration;
use signpost::sandbox::{ALERTBOT, ALERTS, ECHO, GRACE, RANDOM};

const CORE: &str = "---\nsignpost:\n  signatures:\n    - alert: CoreBreachImminent\n---\n# Core breach\n\n\
    1. Eject the core.\n";

fn channel(id: &str) -> settings::Channel {
    settings::Channel {
        id: id.to_owned(),
        ..settings::Channel::default()
    }
}

impl World {
    /// With the sample alert bot, which posts without a user.
    pub(super) fn with_alerts(&self) -> Settings {
        let mut settings = self.settings();
        settings.slack.allowed_bots.push("B0ALERTBOT".to_owned());
        settings
    }

    pub(super) async fn alert(&self, name: &str, status: &str) -> String {
        let sent = json!({"name": name, "status": status, "labels": {"severity": "critical", "node": "w-17"}});
        let answer = self.control("alert", sent).await;
        answer["ts"].as_str().unwrap().to_owned()
    }

    pub(super) async fn delete(&self, ts: &str) {
        self.control("delete", json!({"channel": SUPPORT, "ts": ts})).await;
    }

    /// Waits until the bot's reply in a thread is gone.
    pub(super) async fn wait_until_deleted(&self, ts: &str) {
        let gone = self
            .workspace
            .wait_for(|state| ours(state.replies(SUPPORT, ts)).is_empty().then_some(()));
        gone.await.unwrap();
    }

    /// A bot whose clock can be moved on.
    pub(super) async fn bot_in_time(&self, settings: Settings) -> (Bot, Arc<Moved>) {
        let clock = Arc::new(Moved::default());
        let parts = Parts {
            clock: Arc::clone(&clock) as _,
            ..Parts::default()
        };
        (self.bot_with(settings, parts).await, clock)
    }

    pub(super) async fn partners(&self) -> String {
        let made = json!({"name": "partners", "shared": true, "members": [ADA, GRACE, SIGNPOST]});
        let made = self.control("channel", made).await;
        made["channel"].as_str().unwrap().to_owned()
    }
}

#[test]
fn the_same_error_of_somebody_else_gets_a_pointer_to_the_thread() {
    with(|world| async move {
        let (bot, clock) = world.bot_in_time(world.settings()).await;
        let first = world.say(PASTE);
        world.saying(&first, &["fluxctl fill w-17"]).await;
        clock.turn(SignedDuration::from_mins(5));
        let second = world.workspace.say(GRACE, SUPPORT, PASTE).unwrap();
        let pointer = world.saying(&second, &["5 minutes ago"]).await;
        let link = format!("p{}", first.replace('.', ""));
        assert!(words(&pointer).contains(&link), "{pointer}");
        assert!(
            text(&pointer).contains("QX4711") && text(&pointer).contains("http"),
            "{}",
            text(&pointer)
        );
        assert!(!words(&pointer).contains("fluxctl"), "{pointer}");
        assert_eq!(world.settled(&second).await.len(), 1);
        bot.stop().await;
    });
}

#[test]
fn after_a_while_the_same_error_is_answered_in_full_again() {
    with(|world| async move {
        let mut settings = world.settings();
        settings.answers.repeat_minutes = 30;
        let (bot, clock) = world.bot_in_time(settings).await;
        let first = world.say(PASTE);
        world.saying(&first, &["fluxctl fill w-17"]).await;
        clock.turn(SignedDuration::from_mins(31));
        let second = world.workspace.say(GRACE, SUPPORT, PASTE).unwrap();
        world.saying(&second, &["fluxctl fill w-17"]).await;
        bot.stop().await;
    });
}

#[test]
fn a_channel_can_have_its_own_time_and_zero_means_never() {
    with(|world| async move {
        let mut settings = world.settings();
        settings.channels = vec![settings::Channel {
            repeat_minutes: Some(0),
            ..channel(SUPPORT)
        }];
        let (bot, clock) = world.bot_in_time(settings).await;
        let first = world.say(PASTE);
        world.saying(&first, &["fluxctl fill w-17"]).await;
        clock.turn(SignedDuration::from_secs(1));
        let second = world.workspace.say(GRACE, SUPPORT, PASTE).unwrap();
        world.saying(&second, &["fluxctl fill w-17"]).await;
        bot.stop().await;
    });
}

#[test]
fn the_same_error_in_its_own_thread_is_met_with_silence() {
    with(|world| async move {
        let bot = world.bot().await;
        let first = world.say(PASTE);
        world.saying(&first, &["fluxctl fill w-17"]).await;
        world.workspace.reply(GRACE, SUPPORT, &first, PASTE).unwrap();
        world.workspace.reply(ADA, SUPPORT, &first, PASTE).unwrap();
        assert_eq!(world.settled(&first).await.len(), 1);
        bot.stop().await;
    });
}

#[test]
fn a_lookup_posted_into_a_thread_is_no_error_of_its_own() {
    with(|world| async move {
        // The sample pack: its runbook names the field that the lookup answers with.
        let settings = Settings {
            runbooks: settings::built_in().unwrap().runbooks,
            ..world.settings()
        };
        let bot = world.bot_with(settings, Parts::default()).await;
        let first =
            world.say("[FIRING:1] SatelliteLinkConnectorDeployCannotgetIAMTokenFromIAMServer cluster_id = loc4711");
        world.saying(&first, &["ActualDatacenterCluster"]).await;
        // Alone, and put together with what its author says next.
        for said in [
            "ActualDatacenterCluster: prod-wdc04.carrier107",
            "thanks!",
            "ActualDatacenterCluster is the field",
        ] {
            world.workspace.reply(GRACE, SUPPORT, &first, said).unwrap();
        }
        assert_eq!(world.settled(&first).await.len(), 1);
        bot.stop().await;
    });
}

#[test]
fn a_bot_that_says_the_same_error_again_gets_no_pointer() {
    with(|world| async move {
        let bot = world.bot().await;
        let first = world.workspace.say(ADA, ALERTS, PASTE).unwrap();
        world.replies_in(ALERTS, &first).await;
        let second = world.workspace.say(ALERTBOT, ALERTS, PASTE).unwrap();
        assert!(world.settled_in(ALERTS, &second).await.is_empty());
        bot.stop().await;
    });
}

#[test]
fn a_channel_can_have_its_own_threshold() {
    with(|world| async move {
        let mut settings = world.settings();
        settings.channels = vec![settings::Channel {
            threshold: Some(1.0),
            ..channel(RANDOM)
        }];
        let bot = world.bot_with(settings, Parts::default()).await;
        let strict = world.workspace.say(ADA, RANDOM, PASTE).unwrap();
        let usual = world.say(PASTE);
        world.replies(&usual).await;
        assert!(world.settled_in(RANDOM, &strict).await.is_empty());
        bot.stop().await;
    });
}

#[test]
fn an_alert_that_fires_again_is_answered_once_and_its_end_is_told_in_the_answer() {
    with(|world| async move {
        world.write("core.md", CORE);
        let bot = world.bot_with(world.with_alerts(), Parts::default()).await;
        let first = world.alert("CoreBreachImminent", "firing").await;
        world.replies_in(ALERTS, &first).await;
        let second = world.alert("CoreBreachImminent", "firing").await;
        assert!(world.settled_in(ALERTS, &second).await.is_empty());
        let over = world.alert("CoreBreachImminent", "resolved").await;
        let card = world
            .reply_that(ALERTS, &first, |reply| words(reply).contains("Resolved"))
            .await;
        assert!(text(&card).contains("the alert has cleared"), "{}", text(&card));
        assert!(world.settled_in(ALERTS, &over).await.is_empty());
        let anew = world.alert("CoreBreachImminent", "firing").await;
        let card = world.replies_in(ALERTS, &anew).await;
        assert!(words(&card[0]).contains("Eject the core"), "{card:?}");
        bot.stop().await;
    });
}

#[test]
fn an_alert_whose_message_is_changed_when_it_is_over_is_told_to_be() {
    with(|world| async move {
        world.write("core.md", CORE);
        let bot = world.bot_with(world.with_alerts(), Parts::default()).await;
        let first = world.alert("CoreBreachImminent", "firing").await;
        world.replies_in(ALERTS, &first).await;
        let value = world
            .workspace
            .read(|state| state.message(ALERTS, &first).unwrap().value.clone());
        let over = json!(value["attachments"])
            .to_string()
            .replace("[FIRING:1]", "[RESOLVED]");
        let over: Value = serde_json::from_str(&over).unwrap();
        let change = json!({"channel": ALERTS, "ts": first, "text": "", "attachments": over});
        world.workspace.call(ALERTBOT, "chat.update", &change).unwrap();
        let card = world
            .reply_that(ALERTS, &first, |reply| words(reply).contains("the alert has cleared"))
            .await;
        assert!(text(&card).contains("Show steps"), "{}", text(&card));
        bot.stop().await;
    });
}

#[test]
fn an_alert_that_fires_for_hours_is_not_answered_at_each_reminder() {
    with(|world| async move {
        world.write("core.md", CORE);
        let (bot, clock) = world.bot_in_time(world.with_alerts()).await;
        let first = world.alert("CoreBreachImminent", "firing").await;
        world.replies_in(ALERTS, &first).await;
        for _ in 0..4 {
            clock.turn(SignedDuration::from_hours(4));
            let again = world.alert("CoreBreachImminent", "firing").await;
            assert!(world.settled_in(ALERTS, &again).await.is_empty());
        }
        bot.stop().await;
    });
}

#[test]
fn the_end_of_an_alert_that_was_never_answered_is_met_with_silence() {
    with(|world| async move {
        world.write("core.md", CORE);
        let bot = world.bot_with(world.with_alerts(), Parts::default()).await;
        let over = world.alert("CoreBreachImminent", "resolved").await;
        assert!(world.settled_in(ALERTS, &over).await.is_empty());
        bot.stop().await;
    });
}

#[test]
fn another_bot_that_echoes_our_answer_is_not_answered() {
    with(|world| async move {
        let mut settings = world.settings();
        settings.slack.allowed_bots.push(ECHO.to_owned());
        let bot = world.bot_with(settings, Parts::default()).await;
        let first = world.workspace.say(ADA, RANDOM, PASTE).unwrap();
        let answer = world.replies_in(RANDOM, &first).await;
        let mut said = text(&answer[0]);
        for _ in 0..3 {
            let echo = world.workspace.say(ECHO, RANDOM, &said).unwrap();
            let in_thread = world.workspace.reply(ECHO, RANDOM, &first, &said).unwrap();
            assert!(world.settled_in(RANDOM, &echo).await.is_empty());
            assert!(!in_thread.is_empty());
            said.push('!');
        }
        assert_eq!(ours(world.workspace.replies(RANDOM, &first)).len(), 1);
        bot.stop().await;
    });
}

#[test]
fn deleting_the_paste_deletes_the_answer_and_all_that_is_kept_of_it() {
    with(|world| async move {
        let bot = world.bot().await;
        let ts = world.say(PASTE);
        let card = world.saying(&ts, &["fluxctl fill w-17"]).await;
        world.click(GRACE, &card, "1.").await;
        world.saying(&ts, &["Done by Grace"]).await;
        world.delete(&ts).await;
        world.wait_until_deleted(&ts).await;
        world.wait_until_sent().await;
        bot.stop().await;
        world.assert_nothing_kept("w-17").await;
    });
}

#[test]
fn a_paste_that_is_deleted_before_its_answer_gets_none() {
    with(|world| async move {
        let ts = world.say(PASTE);
        world.delete(&ts).await;
        let bot = world.bot().await;
        assert!(world.settled(&ts).await.is_empty());
        world.wait_until_sent().await;
        bot.stop().await;
        world.assert_nothing_kept("w-17").await;
    });
}

#[test]
fn deleting_a_follow_up_takes_back_only_what_it_said() {
    with(|world| async move {
        let bot = world.bot().await;
        let ts = world.say("the deploy ended with error QX4711");
        world.saying(&ts, &["fluxctl fill &lt;NODE&gt;"]).await;
        let more = world.say("QX4711: the flux capacitor of node w-99 is empty");
        world.saying(&ts, &["fluxctl fill w-99"]).await;
        world.delete(&more).await;
        world.saying(&ts, &["fluxctl fill &lt;NODE&gt;"]).await;
        world.wait_until_sent().await;
        bot.stop().await;
        world.assert_nothing_kept("w-99").await;
    });
}

#[test]
fn a_muted_channel_is_quiet_until_the_time_is_over() {
    with(|world| async move {
        let (bot, clock) = world.bot_in_time(world.settings()).await;
        let asked = world.say(&format!("<@{SIGNPOST}> mute 2h"));
        let told = world.saying(&asked, &["quiet in this channel"]).await;
        assert!(text(&told).contains("in 2 hours"), "{}", text(&told));
        let quiet = world.say(PASTE);
        assert!(world.settled(&quiet).await.is_empty());
        clock.turn(SignedDuration::from_mins(121));
        let loud = world.workspace.say(GRACE, SUPPORT, PASTE).unwrap();
        world.saying(&loud, &["fluxctl fill w-17"]).await;

        world.command(GRACE, "mute").await;
        let quiet = world.say(MARKER);
        assert!(world.settled(&quiet).await.is_empty());
        let back = world.say(&format!("<@{SIGNPOST}> unmute"));
        world.saying(&back, &["no longer muted"]).await;
        let loud = world.say(MARKER);
        world.saying(&loud, &["fluxctl blow w-18"]).await;
        bot.stop().await;
    });
}

#[test]
fn only_those_who_may_mute_a_channel() {
    with(|world| async move {
        let mut settings = world.settings();
        // The user group @oncall: Grace.
        settings.answers.mute_by = vec![sandbox::ONCALL.to_owned()];
        let bot = world.bot_with(settings, Parts::default()).await;
        let refused = world.say(&format!("<@{SIGNPOST}> mute"));
        world.saying(&refused, &["aren’t allowed to mute"]).await;
        let loud = world.say(PASTE);
        world.saying(&loud, &["fluxctl fill w-17"]).await;
        let told = world.command(GRACE, "mute 1h").await;
        assert!(told["response"]["text"].as_str().unwrap().contains("quiet"), "{told}");
        let quiet = world.say(MARKER);
        assert!(world.settled(&quiet).await.is_empty());
        bot.stop().await;
    });
}

#[test]
fn strangers_get_no_contacts_and_no_escalation_whichever_way_they_ask() {
    with(|world| async move {
        world.write("core.md", &CORE.replace("signpost:", "signpost:\n  team: engines"));
        std::fs::create_dir_all(world.runbooks().join("_data")).unwrap();
        let teams =
            "engines:\n  name: engines\n  escalate: {name: Engines on call, link: https://pager.example.com/e}\n";
        world.write("_data/teams.yml", teams);
        let bot = world.bot().await;
        let partners = world.partners().await;
        let error = "alertname = CoreBreachImminent";
        let unasked = world.workspace.say(ADA, &partners, error).unwrap();
        let asked = format!("<@{SIGNPOST}> {error}");
        let asked = world.workspace.say(ADA, &partners, &asked).unwrap();
        let card = &world.replies_in(&partners, &asked).await[0];
        assert!(words(card).contains("Eject the core"), "{card}");
        assert!(
            !words(card).contains("on call") && !buttons(card).contains(&"Escalate".to_owned()),
            "{card}"
        );
        assert!(ours(world.workspace.replies(&partners, &unasked)).is_empty());

        // Found with the shortcut, or alone and then shared: others read that too.
        let found = json!({"user": GRACE, "callback_id": "find_runbook", "channel": partners, "ts": unasked});
        world.control("shortcut", found).await;
        let card = &world.replies_in(&partners, &unasked).await[0];
        assert!(
            !words(card).contains("on call") && !buttons(card).contains(&"Escalate".to_owned()),
            "{card}"
        );
        let sent = json!({"user": GRACE, "command": "/signpost", "text": error, "channel": partners});
        world.control("command", sent).await;
        let private = world.whispered(GRACE, &partners, "Eject the core").await;
        world.click_in(GRACE, &partners, &private, "Share in channel").await;
        let card = world.posted(&partners, "Eject the core").await;
        assert!(
            !words(&card).contains("on call") && !buttons(&card).contains(&"Escalate".to_owned()),
            "{card}"
        );
        bot.stop().await;
    });
}

#[test]
fn two_codes_of_one_table_are_two_errors() {
    with(|world| async move {
        let table = "# Gate codes\n\n| Code | Meaning | What to do |\n|---|---|---|\n\
            | GATE4101 | The gate is shut | Open it |\n| GATE4102 | The gate is gone | Order one |\n\
            | GATE4103 | The gate is loud | Oil it |\n";
        world.write("gate.md", table);
        let bot = world.bot().await;
        let first = world.say("error GATE4101: the gate is shut");
        world.replies(&first).await;
        let second = world
            .workspace
            .say(GRACE, SUPPORT, "error GATE4102: the gate is gone")
            .unwrap();
        let answer = text(&world.replies(&second).await[0]);
        assert!(answer.contains("Order one") && !answer.contains("Open it"), "{answer}");
        let again = world
            .workspace
            .say(GRACE, SUPPORT, "again: error GATE4101: the gate is shut")
            .unwrap();
        let pointer = text(&world.replies(&again).await[0]);
        assert!(!pointer.contains("Open it"), "{pointer}");
        bot.stop().await;
    });
}

#[test]
fn the_same_error_with_other_values_gets_an_answer_of_its_own() {
    with(|world| async move {
        let bot = world.bot().await;
        let first = world.say(PASTE);
        let answer = text(&world.replies(&first).await[0]);
        let other = world.say(&PASTE.replace("w-17", "w-99"));
        let another = text(&world.replies(&other).await[0]);
        assert!(another.contains("fluxctl fill w-99"), "{another}");
        let again = world.say(PASTE);
        let pointer = text(&world.replies(&again).await[0]);
        assert!(pointer.contains("Already answered"), "{pointer}");
        world.settled(&first).await;
        let still = ours(world.workspace.replies(SUPPORT, &first));
        assert_eq!(text(&still[0]), answer, "the first answer keeps its values");
        bot.stop().await;
    });
}
