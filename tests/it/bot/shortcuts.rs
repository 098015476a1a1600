//! "Find the runbook" on a message, and "Paste an error".

use super::acts::{buttons, text};
use super::*;
use signpost::sandbox::{ECHO, GRACE, RANDOM};

/// Twelve steps, so that they do not fit on one page.
const LONG: &str = "# Pump is stuck\n\n```\nPS900: the pump of node <NODE> is stuck\n```\n\n\
    1. One.\n2. Two.\n3. Three.\n4. Four.\n5. Five.\n6. Six.\n7. Seven.\n8. Eight.\n";

impl World {
    pub(super) async fn find(&self, who: &str, channel: &str, ts: &str) {
        let sent = json!({"user": who, "callback_id": "find_runbook", "channel": channel, "ts": ts});
        let told = self.control("shortcut", sent).await;
        assert_eq!(told["acknowledged"], true, "{told}");
    }

    async fn open_paste(&self, who: &str) -> Value {
        let sent = json!({"user": who, "callback_id": "paste_error"});
        assert_eq!(self.control("shortcut", sent).await["acknowledged"], true);
        self.window(who).await
    }

    async fn submit(&self, who: &str, view: &Value, values: Value) -> Value {
        let sent = json!({"user": who, "view_id": view["id"], "values": values});
        self.control("submit", sent).await
    }

    /// What a modal says by now.
    async fn window_saying(&self, who: &str, what: &str) -> Value {
        let found = self.workspace.wait_for(|state| {
            let mut views = state.views.values();
            views
                .find(|view| view["user_id"] == who && view["blocks"].to_string().contains(what))
                .cloned()
        });
        found.await.unwrap()
    }
}

#[test]
fn a_persons_message_that_was_not_answered_gets_its_runbook_in_the_thread() {
    with(|world| async move {
        let mut settings = world.settings();
        settings.answers.auto = false;
        let bot = world.bot_with(settings, Parts::default()).await;
        let ts = world.say(PASTE);
        world.find(GRACE, SUPPORT, &ts).await;
        let card = world.saying(&ts, &["fluxctl fill w-17"]).await;
        world.click(ADA, &card, "1.").await;
        world.saying(&ts, &["Done by Ada"]).await;
        bot.stop().await;
    });
}

#[test]
fn messages_of_bots_and_of_threads_get_it_too() {
    with(|world| async move {
        let bot = world.bot().await;
        let foreign = world.workspace.say(ECHO, RANDOM, PASTE).unwrap();
        world.find(GRACE, RANDOM, &foreign).await;
        assert!(words(&world.replies_in(RANDOM, &foreign).await[0]).contains("fluxctl fill w-17"));

        let root = world.workspace.say(ADA, RANDOM, "has anybody seen this?").unwrap();
        let reply = world.workspace.reply(ECHO, RANDOM, &root, MARKER).unwrap();
        world.find(GRACE, RANDOM, &reply).await;
        assert!(words(&world.replies_in(RANDOM, &root).await[0]).contains("fluxctl blow w-18"));
        bot.stop().await;
    });
}

#[test]
fn a_message_that_is_answered_is_said_to_be_and_so_is_the_answer_itself() {
    with(|world| async move {
        let bot = world.bot().await;
        let ts = world.say(PASTE);
        let card = world.saying(&ts, &["fluxctl fill w-17"]).await;
        world.find(GRACE, SUPPORT, &ts).await;
        world.whispered(GRACE, SUPPORT, "Already answered").await;
        world.find(ADA, SUPPORT, card["ts"].as_str().unwrap()).await;
        world.whispered(ADA, SUPPORT, "Already answered").await;
        let public = world.settled(&ts).await;
        let is_card = |reply: &&Value| words(reply).contains("fluxctl");
        assert_eq!(public.iter().filter(is_card).count(), 1, "{public:?}");
        bot.stop().await;
    });
}

#[test]
fn nothing_found_is_told_only_to_who_asked() {
    with(|world| async move {
        let bot = world.bot().await;
        let ts = world.say("zzz");
        world.find(GRACE, SUPPORT, &ts).await;
        let told = world.whispered(GRACE, SUPPORT, "no runbook for this message").await;
        assert!(buttons(&told).is_empty(), "{told}");
        bot.stop().await;
    });
}

#[test]
fn where_the_bot_is_not_only_who_asked_sees_what_was_found() {
    with(|world| async move {
        let bot = world.bot().await;
        let made = json!({"name": "quiet", "members": [ADA, GRACE]});
        let quiet = world.control("channel", made).await["channel"]
            .as_str()
            .unwrap()
            .to_owned();
        let ts = world.workspace.say(ADA, &quiet, PASTE).unwrap();
        world.find(GRACE, &quiet, &ts).await;
        let told = world.whispered(GRACE, &quiet, "fluxctl fill w-17").await;
        world.click_in(GRACE, &quiet, &told, "1.").await;
        world.whispered(GRACE, &quiet, "Done by Grace").await;
        bot.stop().await;
    });
}

#[test]
fn an_error_pasted_into_the_window_is_answered_there_page_by_page() {
    with(|world| async move {
        world.write("pump.md", LONG);
        let bot = world.bot().await;
        let window = world.open_paste(GRACE).await;
        let values = json!({"paste": {"value": "PS900: the pump of node p-1 is stuck"}});
        let told = world.submit(GRACE, &window, values).await;
        assert_eq!(told["response"]["response_action"], "update", "{told}");
        let shown = world.window_saying(GRACE, "Pump is stuck").await;
        assert!(
            !buttons(&shown).contains(&"Escalate".to_owned()),
            "{:?}",
            buttons(&shown)
        );
        let click = |view: &Value, label: &str| json!({"user": GRACE, "view_id": view["id"], "text": label});
        world.control("click", click(&shown, "Next")).await;
        let shown = world.window_saying(GRACE, "Eight").await;
        world.control("click", click(&shown, "8.")).await;
        world.window_saying(GRACE, "by Grace, ").await;
        bot.stop().await;
    });
}

#[test]
fn an_empty_window_says_at_its_field_what_is_missing() {
    with(|world| async move {
        let bot = world.bot().await;
        let window = world.open_paste(GRACE).await;
        let told = world.submit(GRACE, &window, json!({"paste": {"value": "  \n "}})).await;
        let response = &told["response"];
        let is_refused = response["response_action"] == "errors" || !told["client_errors"].is_null();
        assert!(is_refused, "{told}");
        if response["response_action"] == "errors" {
            assert!(
                response["errors"]["paste"]
                    .as_str()
                    .unwrap()
                    .contains("Paste the error"),
                "{told}"
            );
        }
        let told = world.submit(GRACE, &window, json!({"paste": {"value": "zzz"}})).await;
        assert!(words(&told["response"]["view"]).contains("no runbook"), "{told}");
        bot.stop().await;
    });
}

#[test]
fn a_channel_that_is_chosen_gets_the_answer_to_work_on() {
    with(|world| async move {
        let bot = world.bot().await;
        let window = world.open_paste(GRACE).await;
        let values = json!({"paste": {"value": PASTE}, "channel": {"value": SUPPORT}});
        let told = world.submit(GRACE, &window, values).await;
        assert_eq!(told["response"]["response_action"], "update", "{told}");
        let posted = world.posted(SUPPORT, "fluxctl fill w-17").await;
        assert!(text(&posted).contains("Shared by Grace"), "{}", text(&posted));
        world.click(ADA, &posted, "1.").await;
        world.posted(SUPPORT, "Done by Ada").await;
        bot.stop().await;
    });
}

#[test]
fn a_channel_without_the_bot_is_refused_at_its_field() {
    with(|world| async move {
        let bot = world.bot().await;
        let made = json!({"name": "quiet", "members": [ADA, GRACE]});
        let quiet = world.control("channel", made).await["channel"]
            .as_str()
            .unwrap()
            .to_owned();
        let window = world.open_paste(GRACE).await;
        let values = json!({"paste": {"value": PASTE}, "channel": {"value": quiet}});
        let told = world.submit(GRACE, &window, values).await;
        let said = told["response"]["errors"]["channel"].as_str().unwrap_or_default();
        assert!(said.contains("not in this channel"), "{told}");
        bot.stop().await;
    });
}

#[test]
fn an_escalation_of_a_case_that_is_gone_says_so_and_keeps_what_was_written() {
    with(|world| async move {
        let bot = world.bot().await;
        let ts = world.say(PASTE);
        let card = world.saying(&ts, &["fluxctl fill w-17"]).await;
        world.click(GRACE, &card, "Escalate").await;
        let window = world.window(GRACE).await;
        world.control("delete", json!({"channel": SUPPORT, "ts": ts})).await;
        let gone = world
            .workspace
            .wait_for(|state| ours(state.replies(SUPPORT, &ts)).is_empty().then_some(()));
        gone.await.unwrap();
        let told = world
            .submit(GRACE, &window, json!({"summary": {"value": "Help!"}}))
            .await;
        let said = told["response"]["errors"]["summary"].as_str().unwrap_or_default();
        assert!(said.contains("has expired"), "{told}");
        bot.stop().await;
    });
}
