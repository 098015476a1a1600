//! Classes of failed calls, by what to do next.

use std::time::Duration;

use slack_morphism::errors::SlackClientError;

/// The reason why a call failed, classified by what to do next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Too many calls; to be retried after this time.
    #[error("{method}: rate limited, retry in {} s", .after.as_secs())]
    RateLimited {
        /// The API method.
        method: String,
        /// The time to wait.
        after: Duration,
    },
    /// The call never reached Slack.
    #[error("{method}: Slack cannot be reached: {why}")]
    Unreachable {
        /// The API method.
        method: String,
        /// The cause.
        why: String,
    },
    /// The call may or may not have had its effect.
    #[error("{method}: unclear whether it worked: {why}")]
    Uncertain {
        /// The API method.
        method: String,
        /// The cause.
        why: String,
    },
    /// The token is not valid for the call. Nothing works until a person acts.
    #[error("{method}: {code}{}", needed(.scope.as_deref()))]
    Auth {
        /// The API method.
        method: String,
        /// Slack's error code.
        code: String,
        /// The missing scope, when Slack names it.
        scope: Option<String>,
    },
    /// Slack rejected the content; a shorter one may be accepted.
    #[error("{method}: {code}")]
    Content {
        /// The API method.
        method: String,
        /// Slack's error code.
        code: String,
        /// Indexes of the blocks that Slack names as the reason.
        at: Vec<usize>,
    },
    /// The call cannot work in this channel until people change something there.
    #[error("{method}: {code}")]
    Channel {
        /// The API method.
        method: String,
        /// Slack's error code.
        code: String,
    },
    /// The call's object no longer exists or can no longer be changed: a deleted message, a used trigger.
    #[error("{method}: {code}")]
    Gone {
        /// The API method.
        method: String,
        /// Slack's error code.
        code: String,
    },
    /// The call will never work.
    #[error("{method}: {code}")]
    Permanent {
        /// The API method.
        method: String,
        /// Slack's error code.
        code: String,
    },
}

fn needed(scope: Option<&str>) -> String {
    scope.map_or_else(String::new, |scope| format!(" (the scope {scope} is missing)"))
}

impl Error {
    /// The class's name in the metrics.
    pub fn class(&self) -> &'static str {
        match self {
            Self::RateLimited { .. } => "rate_limited",
            Self::Unreachable { .. } => "unreachable",
            Self::Uncertain { .. } => "uncertain",
            Self::Auth { .. } => "auth",
            Self::Content { .. } => "content",
            Self::Channel { .. } => "channel",
            Self::Gone { .. } => "gone",
            Self::Permanent { .. } => "permanent",
        }
    }

    /// Slack's error code, when it sent one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Auth { code, .. }
            | Self::Content { code, .. }
            | Self::Channel { code, .. }
            | Self::Gone { code, .. }
            | Self::Permanent { code, .. } => Some(code),
            Self::RateLimited { .. } | Self::Unreachable { .. } | Self::Uncertain { .. } => None,
        }
    }
}

pub(super) fn classify(method: &str, error: SlackClientError) -> Error {
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
            why: "Slack's response is not valid JSON".to_owned(),
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

pub(in crate::slack) fn of_transport(method: String, cause: Option<Box<dyn std::error::Error + Send + Sync>>) -> Error {
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
            why: "no response in time".to_owned(),
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

/// The most specific cause: "connection refused" rather than "error sending request".
fn innermost(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

/// Returns the blocks that Slack's reasons point to: `unsupported type: table [json-pointer:/blocks/3/type]`.
fn blocks_named(reasons: Vec<String>) -> Vec<usize> {
    let index = |reason: String| {
        let (_, pointer) = reason.split_once("json-pointer:/")?;
        // A view holds its blocks one level deeper.
        let pointer = pointer
            .strip_prefix("view/")
            .unwrap_or(pointer)
            .strip_prefix("blocks/")?;
        let digits: String = pointer.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    reasons.into_iter().filter_map(index).collect()
}

/// Classifies Slack's error codes. An unknown code is permanent, as trying again cannot help.
pub(super) fn of_code(method: String, code: String, needed: Option<Vec<String>>) -> Error {
    match code.as_str() {
        "not_authed"
        | "invalid_auth"
        | "account_inactive"
        | "token_revoked"
        | "token_expired"
        | "missing_scope"
        | "not_allowed_token_type"
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
        | "metadata_must_be_sent_from_app"
        | "too_many_attachments"
        | "invalid_arguments"
        | "invalid_arg_name"
        | "invalid_array_arg"
        | "invalid_blocks_format"
        | "invalid_metadata_format"
        | "invalid_metadata_schema"
        | "markdown_text_conflict"
        | "invalid_attachments" => Error::Content {
            at: blocks_named(needed.unwrap_or_default()),
            method,
            code,
        },
        // The two codes about permission and access refer to this conversation and its workspace.
        "channel_not_found"
        | "no_permission"
        | "team_access_not_granted"
        | "not_in_channel"
        | "user_not_in_channel"
        | "is_archived"
        | "is_inactive"
        | "ekm_access_denied"
        | "access_denied"
        | "enterprise_is_restricted"
        | "messages_tab_disabled"
        | "cannot_dm_bot"
        | "message_limit_exceeded"
        | "posting_to_general_channel_denied"
        | "slack_connect_canvas_sharing_blocked"
        | "slack_connect_blocked_file_type" => Error::Channel { method, code },
        // `cannot_reply_to_message` and these two are returned for threads, which may be gone while their channel is
        // fine.
        "thread_not_found"
        | "cannot_reply_to_message"
        | "restricted_action_thread_locked"
        | "message_not_found"
        | "cant_update_message"
        | "edit_window_closed"
        | "cant_delete_message"
        | "compliance_exports_prevent_deletion"
        | "used_url"
        | "expired_url"
        | "invalid_url"
        | "expired_trigger_id"
        | "exchanged_trigger_id"
        | "invalid_trigger_id"
        | "trigger_expired"
        | "trigger_exchanged"
        | "hash_conflict"
        | "not_found"
        | "view_not_found"
        | "push_limit_reached" => Error::Gone { method, code },
        // According to Slack, these may be returned after the effect.
        "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" | "team_added_to_org" => {
            Error::Uncertain { method, why: code }
        }
        _ if code.starts_with("restricted_action") => Error::Channel { method, code },
        _ => Error::Permanent { method, code },
    }
}
