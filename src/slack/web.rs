//! The Web API: what the bot asks of Slack, and what the answers mean for what comes next.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use slack_morphism::api::SlackApiAppsConnectionOpenRequest;
use slack_morphism::errors::SlackClientError;
use slack_morphism::{SlackApiToken, SlackApiTokenValue, SlackClient};

use super::connector::Connector;
use super::decode::{Identity, string};

/// Answers of a thread read at once.
const PAGE: u32 = 200;
/// Pages looked through for a message of ours; more would take the rate limit of everything else.
const PAGES: usize = 5;

/// The Web API with the bot's tokens.
#[derive(Debug)]
pub struct Web {
    client: SlackClient<Connector>,
    bot: SlackApiToken,
    app: SlackApiToken,
}

/// Why a call failed, in classes of what to do next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Too many calls; again after this time.
    #[error("{method}: too many calls, again in {} s", .after.as_secs())]
    RateLimited {
        /// The method.
        method: String,
        /// How long to wait.
        after: Duration,
    },
    /// The call never reached Slack.
    #[error("{method}: Slack cannot be reached: {why}")]
    Unreachable {
        /// The method.
        method: String,
        /// Why.
        why: String,
    },
    /// The call may or may not have had its effect.
    #[error("{method}: it is not known whether it worked: {why}")]
    Uncertain {
        /// The method.
        method: String,
        /// Why.
        why: String,
    },
    /// The token is not good for it. Nothing works until a person acts.
    #[error("{method}: {code}{}", needed(.scope.as_deref()))]
    Auth {
        /// The method.
        method: String,
        /// Slack's word.
        code: String,
        /// The scope that is missing, when that is told.
        scope: Option<String>,
    },
    /// Slack does not like what was sent; something shorter may do.
    #[error("{method}: {code}")]
    Content {
        /// The method.
        method: String,
        /// Slack's word.
        code: String,
    },
    /// It will never work.
    #[error("{method}: {code}")]
    Permanent {
        /// The method.
        method: String,
        /// Slack's word.
        code: String,
    },
}

fn needed(scope: Option<&str>) -> String {
    scope.map_or_else(String::new, |scope| format!(" (the scope {scope} is missing)"))
}

impl Error {
    /// Slack's word for it, when it said one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Auth { code, .. } | Self::Content { code, .. } | Self::Permanent { code, .. } => Some(code),
            _ => None,
        }
    }
}

/// A message to post.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing<'a> {
    /// Channel id.
    pub channel: &'a str,
    /// The thread it belongs to.
    pub thread_ts: Option<&'a str>,
    /// What is shown where blocks are not.
    pub text: &'a str,
    /// Block Kit; may be empty.
    pub blocks: &'a [Value],
    /// Goes along as metadata, so that the message can be found again.
    pub key: &'a str,
}

/// The type of our metadata.
pub const METADATA: &str = "signpost_post";

impl Web {
    /// Over a client, with the bot token and the app-level token.
    pub fn new(client: reqwest::Client, api_url: &str, bot: &SecretString, app: &SecretString) -> Self {
        let token = |secret: &SecretString| SlackApiToken::new(SlackApiTokenValue(secret.expose_secret().to_owned()));
        Self {
            client: SlackClient::new(Connector::new(client, api_url)),
            bot: token(bot),
            app: token(app),
        }
    }

    /// Who the bot is.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn auth_test(&self) -> Result<Identity, Error> {
        let answer = self.post("auth.test", &json!({})).await?;
        Ok(Identity {
            team_id: string(&answer, "team_id").unwrap_or_default(),
            user_id: string(&answer, "user_id").unwrap_or_default(),
            bot_id: string(&answer, "bot_id"),
        })
    }

    /// The scopes of the bot token, when Slack named them with its last answer.
    pub fn scopes(&self) -> Option<String> {
        self.client.http_api.connector.scopes()
    }

    /// The address of a new Socket Mode connection.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn connections_open(&self) -> Result<String, Error> {
        let session = self.client.open_session(&self.app);
        session
            .apps_connections_open(&SlackApiAppsConnectionOpenRequest::new())
            .await
            .map(|answer| answer.url.0.to_string())
            .map_err(|error| classify("apps.connections.open", error))
    }

    /// Posts a message and tells its `ts`.
    ///
    /// # Errors
    ///
    /// See [`Error`]; [`Error::Uncertain`] means that it may have been posted.
    pub async fn post_message(&self, message: &Outgoing<'_>) -> Result<String, Error> {
        const METHOD: &str = "chat.postMessage";
        let mut body = json!({
            "channel": message.channel,
            "text": message.text,
            "unfurl_links": false,
            "unfurl_media": false,
            "metadata": {"event_type": METADATA, "event_payload": {"key": message.key}},
        });
        if !message.blocks.is_empty() {
            body["blocks"] = Value::from(message.blocks);
        }
        if let Some(thread) = message.thread_ts {
            body["thread_ts"] = Value::from(thread);
        }
        let answer = self.post(METHOD, &body).await?;
        string(&answer, "ts").ok_or_else(|| Error::Uncertain {
            method: METHOD.to_owned(),
            why: "Slack's answer names no ts".to_owned(),
        })
    }

    /// Looks for a message of ours by its key, among those posted since `oldest` (seconds since 1970): in a thread, or
    /// among the roots of the channel.
    ///
    /// # Errors
    ///
    /// See [`Error`]. [`Error::Permanent`] when it cannot be told whether it is there.
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
            code: "too_many_messages_to_look_through".to_owned(),
        })
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
        let session = self.client.open_session(&self.bot);
        session
            .http_session_api
            .http_get(method, &params, None)
            .await
            .map_err(|error| classify(method, error))
    }

    async fn post(&self, method: &str, body: &Value) -> Result<Value, Error> {
        let session = self.client.open_session(&self.bot);
        session
            .http_session_api
            .http_post(method, body, None)
            .await
            .map_err(|error| classify(method, error))
    }
}

/// Another bot could copy our metadata, so the author counts too.
fn is_ours(message: &Value, us: &Identity, key: &str) -> bool {
    let by_us = string(message, "user").is_some_and(|user| user == us.user_id)
        || (us.bot_id.is_some() && string(message, "bot_id") == us.bot_id);
    let metadata = message.get("metadata");
    by_us
        && metadata.and_then(|metadata| string(metadata, "event_type")).as_deref() == Some(METADATA)
        && metadata
            .and_then(|metadata| metadata.get("event_payload"))
            .and_then(|payload| string(payload, "key"))
            .as_deref()
            == Some(key)
}

fn classify(method: &str, error: SlackClientError) -> Error {
    let method = method.to_owned();
    match error {
        SlackClientError::RateLimitError(error) => Error::RateLimited {
            method,
            after: error.retry_after.unwrap_or(Duration::from_secs(5)),
        },
        SlackClientError::ApiError(error) => of_code(method, error.code, error.errors),
        SlackClientError::HttpError(error) if error.status_code.is_server_error() => Error::Uncertain {
            method,
            why: format!("HTTP {}", error.status_code),
        },
        SlackClientError::HttpError(error) => Error::Permanent {
            method,
            code: format!("http_{}", error.status_code.as_u16()),
        },
        SlackClientError::HttpProtocolError(error) => of_transport(method, error.cause),
        SlackClientError::ProtocolError(_) => Error::Uncertain {
            method,
            why: "Slack's answer is no JSON that makes sense".to_owned(),
        },
        SlackClientError::SystemError(error) => Error::Permanent {
            method,
            code: error.message.unwrap_or_else(|| "system_error".to_owned()),
        },
        SlackClientError::EndOfStream(_) | SlackClientError::SocketModeProtocolError(_) => Error::Uncertain {
            method,
            why: "the connection broke".to_owned(),
        },
    }
}

fn of_transport(method: String, cause: Option<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let Some(cause) = cause else {
        return Error::Uncertain {
            method,
            why: "the connection broke".to_owned(),
        };
    };
    match cause.downcast::<reqwest::Error>() {
        Ok(cause) if cause.is_connect() || cause.is_builder() => Error::Unreachable {
            method,
            why: innermost(cause.as_ref()),
        },
        Ok(cause) if cause.is_timeout() => Error::Uncertain {
            method,
            why: "no answer in time".to_owned(),
        },
        Ok(cause) => Error::Uncertain {
            method,
            why: innermost(cause.as_ref()),
        },
        Err(cause) => Error::Permanent {
            method,
            code: cause.to_string(),
        },
    }
}

/// The cause that says most: "connection refused" rather than "error sending request".
fn innermost(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

/// The classes of facts/slack.md; what is not known there cannot get better by trying again.
fn of_code(method: String, code: String, needed: Option<Vec<String>>) -> Error {
    match code.as_str() {
        "not_authed"
        | "invalid_auth"
        | "account_inactive"
        | "token_revoked"
        | "token_expired"
        | "missing_scope"
        | "not_allowed_token_type"
        | "no_permission"
        | "org_login_required"
        | "app_uninstalled" => Error::Auth {
            method,
            code,
            scope: needed.and_then(|needed| needed.into_iter().next()),
        },
        "no_text"
        | "invalid_blocks"
        | "msg_blocks_too_long"
        | "msg_too_long"
        | "metadata_too_large"
        | "invalid_arguments"
        | "invalid_blocks_format"
        | "invalid_metadata_format" => Error::Content { method, code },
        // Slack says that these may come after the effect.
        "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" | "team_added_to_org" => {
            Error::Uncertain { method, why: code }
        }
        _ => Error::Permanent { method, code },
    }
}
