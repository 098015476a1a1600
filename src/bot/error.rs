//! Errors that keep the bot from starting, each with a sentence that names the remedy.

use std::net::SocketAddr;

use crate::{files, http, net, respond, slack::web, store};

/// Error that keeps the bot from starting or going on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A token is not set.
    #[error("there is no {what}: set {variable} (or {variable}_FILE) to the one {found_at}")]
    NoToken {
        /// Name of the token.
        what: &'static str,
        /// Variable that sets it.
        variable: &'static str,
        /// Where people find the token.
        found_at: &'static str,
    },
    /// A token is of the wrong kind.
    #[error("{variable} contains {found}, not {wanted}: use the one {found_at}")]
    WrongToken {
        /// Variable that sets it.
        variable: &'static str,
        /// Kind of token that it holds.
        found: &'static str,
        /// Kind of token that it should hold.
        wanted: &'static str,
        /// Where people find the right token.
        found_at: &'static str,
    },
    /// Slack refuses a token.
    #[error("Slack rejects the {what} ({code}): {remedy}")]
    Refused {
        /// Name of the token.
        what: &'static str,
        /// Slack's error code.
        code: String,
        /// Remedy, for the message.
        remedy: String,
    },
    /// The bot token lacks required scopes.
    #[error(
        "the bot token lacks the scopes {missing}: add them under \"OAuth & Permissions\" in the app's settings (or use `signpost manifest`), then install the app again"
    )]
    Scopes {
        /// The missing scopes.
        missing: String,
    },
    /// Slack's answer is unusable.
    #[error("Slack at {api_url} cannot be used: {cause}; is slack.api_url right, and can this machine reach it?")]
    Slack {
        /// The address that was tried.
        api_url: String,
        /// The failure.
        cause: web::Error,
    },
    /// The network cannot be set up.
    #[error(transparent)]
    Net(#[from] net::Error),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The runbook folder cannot be read.
    #[error(transparent)]
    Runbooks(#[from] files::LoadError),
    /// A template of an answer is faulty.
    #[error(transparent)]
    Template(#[from] respond::TemplateError),
    /// The folder of templates cannot be read.
    #[error("answers.templates: {path} cannot be read: {cause}")]
    Templates {
        /// Path of the folder or file.
        path: String,
        /// The I/O error.
        cause: std::io::Error,
    },
    /// The port for Slack's requests cannot be used.
    #[error("slack.listen: {address} cannot be used: {cause}; stop what uses it, or set another address")]
    Listen {
        /// The address to listen on.
        address: SocketAddr,
        /// The I/O error.
        cause: std::io::Error,
    },
    /// The port for health and metrics cannot be used.
    #[error(transparent)]
    Http(#[from] http::Error),
}
