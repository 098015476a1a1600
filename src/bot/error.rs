//! Why the bot could not start: each a sentence that says what to do.

use std::net::SocketAddr;

use crate::{files, http, net, respond, slack::web, store};

/// Why the bot could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A token is not set.
    #[error("there is no {what}: set {variable} (or {variable}_FILE) to the one that {found_at}")]
    NoToken {
        /// Which token.
        what: &'static str,
        /// The variable that sets it.
        variable: &'static str,
        /// Where people find it.
        found_at: &'static str,
    },
    /// A token is of another kind than it has to be.
    #[error("{variable} holds {found}, not {wanted}: take the one that {found_at}")]
    WrongToken {
        /// The variable.
        variable: &'static str,
        /// What it holds.
        found: &'static str,
        /// What it should hold.
        wanted: &'static str,
        /// Where people find it.
        found_at: &'static str,
    },
    /// Slack refuses a token.
    #[error("Slack refuses the {what} ({code}): {remedy}")]
    Refused {
        /// Which token.
        what: &'static str,
        /// Slack's word.
        code: String,
        /// What to do.
        remedy: String,
    },
    /// The bot token may not do what the bot has to.
    #[error(
        "the bot token lacks the scopes {missing}: add them under \"OAuth & Permissions\" in the app's settings (or use `signpost manifest`), then install the app again"
    )]
    Scopes {
        /// The missing ones.
        missing: String,
    },
    /// Slack did not answer as it should.
    #[error("Slack at {api_url} cannot be used: {cause}; is slack.api_url right, and can this machine reach it?")]
    Slack {
        /// The address that was tried.
        api_url: String,
        /// What happened.
        cause: web::Error,
    },
    /// The network.
    #[error(transparent)]
    Net(#[from] net::Error),
    /// The store.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The runbook folder.
    #[error(transparent)]
    Runbooks(#[from] files::LoadError),
    /// A template of an answer.
    #[error(transparent)]
    Template(#[from] respond::TemplateError),
    /// The folder of templates.
    #[error("answers.templates: {path} cannot be read: {cause}")]
    Templates {
        /// Folder or file.
        path: String,
        /// Why.
        cause: std::io::Error,
    },
    /// The port for Slack's requests.
    #[error("slack.listen: {address} cannot be used: {cause}; stop what uses it, or set another address")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        cause: std::io::Error,
    },
    /// The port of health and metrics.
    #[error(transparent)]
    Http(#[from] http::Error),
}
