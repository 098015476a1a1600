//! Calls that post, update, delete and find messages.

use serde_json::{Value, json};

use super::{Error, Web};
use crate::slack::decode::{Identity, string};
use crate::slack::text;

/// Number of a thread's messages read at once.
const PAGE: u32 = 200;
/// Maximum number of pages searched for one of our messages; more would use up the rate limit of everything else.
const PAGES: usize = 5;

/// Error code returned by [`Web::find_posted`] when there are more messages than it searches.
pub const TOO_MANY: &str = "too_many_messages_to_look_through";

/// A message to post.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing<'a> {
    /// Channel id.
    pub channel: &'a str,
    /// The thread that the message belongs to.
    pub thread_ts: Option<&'a str>,
    /// The fallback text, shown where blocks are not.
    pub text: &'a str,
    /// Block Kit; may be empty.
    pub blocks: &'a [Value],
    /// Key sent as metadata, so that the message can be found again.
    pub key: &'a str,
}

/// The type of our metadata.
pub const METADATA: &str = "signpost_post";

fn content(message: &Outgoing<'_>) -> Value {
    let mut body = json!({
        "channel": message.channel,
        "text": message.text,
        "metadata": {"event_type": METADATA, "event_payload": {"key": message.key}},
    });
    if !message.blocks.is_empty() {
        body["blocks"] = Value::from(message.blocks);
    }
    if let Some(thread) = message.thread_ts {
        body["thread_ts"] = Value::from(thread);
    }
    body
}

impl Web {
    /// Posts a message and returns its `ts`.
    ///
    /// # Errors
    ///
    /// Returns an [`Error`] when the call fails; [`Error::Uncertain`] means that the message may have been posted.
    pub async fn post_message(&self, message: &Outgoing<'_>) -> Result<String, Error> {
        const METHOD: &str = "chat.postMessage";
        let mut body = content(message);
        body["unfurl_links"] = Value::from(false);
        body["unfurl_media"] = Value::from(false);
        let answer = self.post(METHOD, &body).await?;
        string(&answer, "ts").ok_or_else(|| Error::Uncertain {
            method: METHOD.to_owned(),
            why: "Slack's response has no ts".to_owned(),
        })
    }

    /// Replaces the content of the message at `ts`. The key is sent again, as the metadata would be lost otherwise.
    ///
    /// # Errors
    ///
    /// Returns an [`Error`] when the call fails. Repeating the call does no harm.
    pub async fn update_message(&self, ts: &str, message: &Outgoing<'_>) -> Result<(), Error> {
        let mut body = content(message);
        body["ts"] = Value::from(ts);
        // Without this field the old blocks stay.
        body["blocks"] = Value::from(message.blocks);
        self.post("chat.update", &body).await.map(drop)
    }

    /// Deletes the message at `ts`.
    ///
    /// # Errors
    ///
    /// Returns an [`Error`] when the call fails; [`Error::Gone`] when the message was not there any more.
    pub async fn delete_message(&self, channel: &str, ts: &str) -> Result<(), Error> {
        let body = json!({"channel": channel, "ts": ts});
        self.post("chat.delete", &body).await.map(drop)
    }

    /// Shows a message to one person of a channel only. It cannot be found, updated or deleted later.
    ///
    /// # Errors
    ///
    /// Returns an [`Error`] when the call fails.
    pub async fn post_ephemeral(&self, user: &str, message: &Outgoing<'_>) -> Result<(), Error> {
        let mut body = content(message);
        body["user"] = Value::from(user);
        if let Some(fields) = body.as_object_mut() {
            // Ephemeral messages cannot be looked up, so Slack accepts no metadata for them.
            fields.remove("metadata");
        }
        self.post("chat.postEphemeral", &body).await.map(drop)
    }

    /// The address of a message, for people to open.
    ///
    /// # Errors
    ///
    /// Returns an [`Error`] when the call fails.
    pub async fn permalink(&self, channel: &str, ts: &str) -> Result<String, Error> {
        const METHOD: &str = "chat.getPermalink";
        let answer = self
            .get(METHOD, &vec![("channel", Some(channel)), ("message_ts", Some(ts))])
            .await?;
        string(&answer, "permalink").ok_or_else(|| Error::Permanent {
            method: METHOD.to_owned(),
            code: "no_permalink".to_owned(),
        })
    }

    /// Adds a reaction (`eyes`, without colons) to a message; an existing one is not an error.
    ///
    /// # Errors
    ///
    /// Returns an [`Error`] when the call fails.
    pub async fn add_reaction(&self, channel: &str, ts: &str, name: &str) -> Result<(), Error> {
        let body = json!({"channel": channel, "timestamp": ts, "name": name});
        match self.post("reactions.add", &body).await {
            Err(error) if error.code() == Some("already_reacted") => Ok(()),
            result => result.map(drop),
        }
    }

    /// Removes the bot's reaction from a message; one that is not there is not an error.
    ///
    /// # Errors
    ///
    /// Returns an [`Error`] when the call fails.
    pub async fn remove_reaction(&self, channel: &str, ts: &str, name: &str) -> Result<(), Error> {
        let body = json!({"channel": channel, "timestamp": ts, "name": name});
        match self.post("reactions.remove", &body).await {
            Err(error) if error.code() == Some("no_reaction") => Ok(()),
            result => result.map(drop),
        }
    }

    /// Searches for one of our messages by its key, among those posted since `oldest` (seconds since 1970): in a
    /// thread, or among the roots of the channel.
    ///
    /// # Errors
    ///
    /// Returns an [`Error`] when a call fails; [`Error::Permanent`] when it cannot be determined whether the message
    /// exists.
    pub async fn find_posted(
        &self,
        us: &Identity,
        channel: &str,
        thread_ts: Option<&str>,
        key: &str,
        oldest: i64,
    ) -> Result<Option<String>, Error> {
        let method = if thread_ts.is_some() {
            "conversations.replies"
        } else {
            "conversations.history"
        };
        let mut cursor = String::new();
        for _ in 0..PAGES {
            let page = self.page(method, channel, thread_ts, oldest, &cursor).await?;
            let messages = page
                .get("messages")
                .and_then(Value::as_array)
                .map_or(&[][..], Vec::as_slice);
            if let Some(found) = messages.iter().find(|message| is_ours(message, us, key)) {
                return Ok(string(found, "ts"));
            }
            cursor = page
                .get("response_metadata")
                .and_then(|more| string(more, "next_cursor"))
                .unwrap_or_default();
            if cursor.is_empty() {
                return Ok(None);
            }
        }
        Err(Error::Permanent {
            method: method.to_owned(),
            code: TOO_MANY.to_owned(),
        })
    }

    /// A message by its `ts`, in a channel or in a thread; `None` when it is not there any more.
    ///
    /// # Errors
    ///
    /// Returns an [`Error`] when the call fails.
    pub async fn message(&self, channel: &str, ts: &str) -> Result<Option<Value>, Error> {
        // Of a thread's root Slack returns all replies: none is older than the message itself.
        let params = vec![
            ("channel", Some(channel)),
            ("ts", Some(ts)),
            ("oldest", Some(ts)),
            ("latest", Some(ts)),
            ("inclusive", Some("true")),
            ("limit", Some("5")),
        ];
        let answer = match self.get("conversations.replies", &params).await {
            Err(error) if error.code() == Some("thread_not_found") => return Ok(None),
            answer => answer?,
        };
        let messages = answer.get("messages").and_then(Value::as_array);
        let mut messages = messages.into_iter().flatten();
        Ok(messages
            .find(|message| string(message, "ts").as_deref() == Some(ts))
            .cloned())
    }

    /// The texts in a thread by others than the bot, the oldest first; only the beginning of a very long thread.
    ///
    /// # Errors
    ///
    /// Returns an [`Error`] when the call fails.
    pub async fn thread(&self, us: &Identity, channel: &str, thread_ts: &str) -> Result<Vec<String>, Error> {
        let (mut said, mut cursor) = (Vec::new(), String::new());
        for _ in 0..PAGES {
            let page = self
                .page("conversations.replies", channel, Some(thread_ts), 0, &cursor)
                .await?;
            let messages = page.get("messages").and_then(Value::as_array);
            let others = messages.into_iter().flatten().filter(|message| !is_by(message, us));
            said.extend(others.map(|message| text::of_message(message, us)));
            cursor = page
                .get("response_metadata")
                .and_then(|more| string(more, "next_cursor"))
                .unwrap_or_default();
            if cursor.is_empty() {
                break;
            }
        }
        Ok(said)
    }

    async fn page(
        &self,
        method: &str,
        channel: &str,
        thread_ts: Option<&str>,
        oldest: i64,
        cursor: &str,
    ) -> Result<Value, Error> {
        let (oldest, limit) = (format!("{oldest}.000000"), PAGE.to_string());
        let params = vec![
            ("channel", Some(channel)),
            ("ts", thread_ts),
            ("oldest", Some(oldest.as_str())),
            ("inclusive", Some("true")),
            ("include_all_metadata", Some("true")),
            ("limit", Some(limit.as_str())),
            ("cursor", Some(cursor).filter(|cursor| !cursor.is_empty())),
        ];
        self.get(method, &params).await
    }
}

fn is_by(message: &Value, us: &Identity) -> bool {
    string(message, "user").is_some_and(|user| user == us.user_id)
        || (us.bot_id.is_some() && string(message, "bot_id") == us.bot_id)
}

/// Returns true when the bot posted the message with this key. Another bot could copy our metadata, so the author is
/// compared too.
fn is_ours(message: &Value, us: &Identity, key: &str) -> bool {
    let by_us = is_by(message, us);
    let metadata = message.get("metadata");
    by_us
        && metadata.and_then(|metadata| string(metadata, "event_type")).as_deref() == Some(METADATA)
        && metadata
            .and_then(|metadata| metadata.get("event_payload"))
            .and_then(|payload| string(payload, "key"))
            .as_deref()
            == Some(key)
}
