//! What people do in Slack besides writing, for tests that work through a runbook.

use std::sync::Mutex;

use slack_morphism::prelude::SlackView;

use super::*;
use jiff::{SignedDuration, Timestamp};
use signpost::clock::{Clock, SystemClock};
use signpost::sandbox::State;

/// The machine's clock, moved on by hand.
#[derive(Debug, Default)]
pub(super) struct Moved(Mutex<SignedDuration>);

impl Moved {
    /// Moves it on.
    pub(super) fn turn(&self, by: SignedDuration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        SystemClock.now() + *self.0.lock().unwrap()
    }
}

impl World {
    /// Somebody clicks the button of a message that says `label`.
    pub(super) async fn click_in(&self, who: &str, channel: &str, message: &Value, label: &str) -> Value {
        let click = json!({"user": who, "channel": channel, "ts": message["ts"], "text": label});
        let told = self.control("click", click).await;
        assert_eq!(told["acknowledged"], true, "{label}: {told}");
        told
    }

    /// Somebody clicks a button of the bot in #support.
    pub(super) async fn click(&self, who: &str, message: &Value, label: &str) -> Value {
        self.click_in(who, SUPPORT, message, label).await
    }

    /// The bot's reply in a thread that says all of this, as soon as there is one.
    pub(super) async fn saying(&self, ts: &str, what: &[&str]) -> Value {
        self.reply_that(SUPPORT, ts, |reply| what.iter().all(|one| words(reply).contains(one)))
            .await
    }

    /// The bot's reply in a thread that looks so, as soon as there is one.
    pub(super) async fn reply_that(&self, channel: &str, ts: &str, is: impl Fn(&Value) -> bool) -> Value {
        let found = self.workspace.wait_for(|state| {
            let is_public = |reply: &Value| {
                let message = state.message(channel, reply["ts"].as_str().unwrap_or_default());
                message.is_some_and(|message| message.ephemeral_to.is_none())
            };
            let replies = ours(answers(state, channel, ts)).into_iter();
            replies.filter(is_public).find(|reply| is(reply))
        });
        found
            .await
            .unwrap_or_else(|late| panic!("{}", thread(&late.state, channel, ts)))
    }

    /// What the bot shows to one person alone, as soon as it says this.
    pub(super) async fn whispered(&self, who: &str, channel: &str, what: &str) -> Value {
        let found = self.workspace.wait_for(|state| {
            whispers(state, who, channel)
                .into_iter()
                .find(|shown| words(shown).contains(what))
        });
        found
            .await
            .unwrap_or_else(|late| panic!("{}", thread(&late.state, channel, "")))
    }

    /// What the bot wrote into the channel itself, as soon as it says this.
    pub(super) async fn posted(&self, channel: &str, what: &str) -> Value {
        let found = self.workspace.wait_for(|state| {
            let messages = state.channel(channel)?.messages.values();
            let public = messages.filter(|message| message.ephemeral_to.is_none() && message.thread_ts().is_none());
            ours(public.map(|message| Value::Object(message.value.clone())).collect())
                .into_iter()
                .find(|message| words(message).contains(what))
        });
        found
            .await
            .unwrap_or_else(|late| panic!("{}", thread(&late.state, channel, "")))
    }

    /// The modal that a person sees.
    pub(super) async fn window(&self, who: &str) -> Value {
        let found = self.workspace.wait_for(|state| {
            let mut views = state.views.values();
            views
                .find(|view| view["user_id"] == who && view["type"] == "modal")
                .cloned()
        });
        let view = found.await.unwrap();
        serde_json::from_value::<SlackView>(view.clone()).expect("Slack's model of a view");
        view
    }

    /// `/signpost …` in #support.
    pub(super) async fn command(&self, who: &str, text: &str) -> Value {
        let sent = json!({"user": who, "command": "/signpost", "text": text, "channel": SUPPORT});
        self.control("command", sent).await
    }

    /// Nothing of a text is in the database any more, wherever it was.
    pub(super) async fn assert_nothing_kept(&self, word: &str) {
        let pool = self.look_into_store().await;
        for (table, columns) in [
            ("inbox", "coalesce(payload, '')"),
            ("outbox", "coalesce(body, '')"),
            ("pages", "coalesce(body, '')"),
            ("cases", "body || fingerprint"),
            ("answers", "about"),
            ("shadow_answers", "body || texts || evidence"),
            ("runs", "body || coalesce(fingerprint, '')"),
        ] {
            let count = format!("SELECT count(*) FROM {table} WHERE instr({columns}, ?) > 0");
            let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(count))
                .bind(word)
                .fetch_one(&pool)
                .await
                .unwrap();
            assert_eq!(count, 0, "{table}");
        }
    }
}

/// What the bot shows to one person alone in a channel.
pub(super) fn whispers(state: &State, who: &str, channel: &str) -> Vec<Value> {
    let messages = state
        .channel(channel)
        .into_iter()
        .flat_map(|channel| channel.messages.values());
    let own = messages.filter(|message| message.ephemeral_to.as_deref() == Some(who));
    ours(own.map(|message| Value::Object(message.value.clone())).collect())
}

/// What stands on the buttons of a message or a view.
pub(super) fn buttons(message: &Value) -> Vec<String> {
    let blocks = message["blocks"].as_array().into_iter().flatten();
    let elements = blocks.filter_map(|block| block["elements"].as_array()).flatten();
    let labels = elements.flat_map(|element| {
        let options = element["options"].as_array().into_iter().flatten();
        let options = options.map(|option| &option["text"]["text"]);
        let own = Some(&element["text"]["text"]).filter(|_| element["type"] == "button");
        own.into_iter().chain(options).collect::<Vec<_>>()
    });
    labels
        .map(|label| label.as_str().unwrap_or_default().to_owned())
        .collect()
}

/// What people read in a message, with its buttons, and without the marks of Slack's markup.
pub(super) fn text(message: &Value) -> String {
    let buttons = buttons(message).join("\n");
    let said = said(message);
    if buttons.is_empty() {
        said
    } else {
        format!("{said}\n{buttons}")
    }
}

/// What a message says, without its buttons.
pub(super) fn said(message: &Value) -> String {
    let read = read_blocks(&message["blocks"]);
    if read.is_empty() {
        return message["text"].as_str().unwrap_or_default().to_owned();
    }
    read
}

/// What stands in a thread, for the message of a test that fails.
fn thread(state: &Value, channel: &str, ts: &str) -> String {
    let channels = state["channels"].as_array().into_iter().flatten();
    let found = channels.filter(|found| found["id"] == channel);
    let messages = found.filter_map(|channel| channel["messages"].as_array()).flatten();
    let of_thread = messages.filter(|message| ts.is_empty() || message["thread_ts"] == ts || message["ts"] == ts);
    let shown: Vec<String> = of_thread
        .map(|message| {
            let only = message["ephemeral_to"].as_str().unwrap_or_default();
            format!("{} {only}: {}\n{:?}", message["user"], text(message), buttons(message))
        })
        .collect();
    format!("it does not come to this; there is:\n{}", shown.join("\n---\n"))
}
