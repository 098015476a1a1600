//! Checks before the bot is ready: valid tokens, scopes, and a way for events to come in.

use std::collections::BTreeSet;
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::TcpListener;
use tracing::warn;

use super::{Error, waiting};
use crate::clock::Clock;
use crate::net::Net;
use crate::settings::{Mode, Settings};
use crate::slack::decode::Identity;
use crate::slack::web::{self, Web};

const BOT: TokenKind = TokenKind {
    what: "bot token",
    wanted: "a bot token (xoxb-…)",
    variable: "SIGNPOST__SLACK__BOT_TOKEN",
    prefix: "xoxb-",
    found_at: "found under \"OAuth & Permissions\" in the app's settings, which starts with xoxb-",
};
const APP: TokenKind = TokenKind {
    what: "app-level token",
    wanted: "an app-level token (xapp-…)",
    variable: "SIGNPOST__SLACK__APP_TOKEN",
    prefix: "xapp-",
    found_at: "found under \"Basic Information\", \"App-Level Tokens\" in the app's settings, which has the scope \
               connections:write and starts with xapp-",
};

const SIGNING: TokenKind = TokenKind {
    what: "signing secret",
    wanted: "the app's signing secret",
    variable: "SIGNPOST__SLACK__SIGNING_SECRET",
    prefix: "",
    found_at: "found under \"Basic Information\", \"App Credentials\" in the app's settings",
};

/// Scopes without which the bot cannot read or answer. Without others it only does less.
const NEEDED: &[&str] = &["chat:write"];
/// Scopes that the bot uses where it has them.
const WANTED: &[&str] = &[
    "app_mentions:read",
    "channels:history",
    "channels:read",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "mpim:history",
    "reactions:read",
    "reactions:write",
    "usergroups:read",
    "users:read",
];

struct TokenKind {
    what: &'static str,
    wanted: &'static str,
    variable: &'static str,
    prefix: &'static str,
    found_at: &'static str,
}

impl TokenKind {
    fn check<'a>(&self, token: Option<&'a SecretString>) -> Result<&'a SecretString, Error> {
        let Some(token) = token else {
            return Err(Error::NoToken {
                what: self.what,
                variable: self.variable,
                found_at: self.found_at,
            });
        };
        let text = token.expose_secret();
        if let Some(found) = self.unusable(text) {
            return Err(Error::WrongToken {
                variable: self.variable,
                found,
                wanted: self.wanted,
                found_at: self.found_at,
            });
        }
        let found = match text.split_once('-').map(|(prefix, _)| prefix) {
            Some("xoxb") => "a bot token (xoxb-…)",
            Some("xapp") => "an app-level token (xapp-…)",
            Some("xoxp") => "a user token (xoxp-…)",
            Some("xoxe" | "xoxe.xoxb" | "xoxe.xoxp") => "a token for rotation (xoxe…)",
            // A signing secret has no prefix.
            _ if self.prefix.is_empty() => return Ok(token),
            _ => "something that is not a Slack token",
        };
        if !self.prefix.is_empty() && text.starts_with(self.prefix) {
            return Ok(token);
        }
        Err(Error::WrongToken {
            variable: self.variable,
            found,
            wanted: self.wanted,
            found_at: self.found_at,
        })
    }

    /// Names the characters that a secret of this kind cannot contain, if it has any. Tokens are sent in a header; a
    /// signing secret is only the key of an HMAC and may hold anything that fits on a line.
    fn unusable(&self, text: &str) -> Option<&'static str> {
        if text.contains(char::is_control) {
            return Some("a line break or another control character");
        }
        let token = !self.prefix.is_empty();
        (token && text.contains(|c: char| c.is_whitespace() || !c.is_ascii()))
            .then_some("a space or another character that tokens cannot contain")
    }

    fn refused(&self, api_url: &str, cause: web::Error) -> Error {
        let (web::Error::Auth { code, scope, .. }, false) = (&cause, waiting::is_passing(&cause)) else {
            return Error::Slack {
                api_url: api_url.to_owned(),
                cause,
            };
        };
        let remedy = match (code.as_str(), scope) {
            ("missing_scope", Some(scope)) => format!("add the scope {scope} to it, then install the app again"),
            ("missing_scope", None) => {
                "add the scopes of `signpost manifest` to it, then install the app again".to_owned()
            }
            ("account_inactive" | "token_revoked" | "app_uninstalled", _) => {
                format!(
                    "the app was uninstalled or the token revoked; install the app again and set {}",
                    self.variable
                )
            }
            _ => format!("set {} to the one {}", self.variable, self.found_at),
        };
        Error::Refused {
            what: self.what,
            code: code.clone(),
            remedy,
        }
    }
}

/// The clients for Slack, before any call.
pub(super) struct SlackAccess {
    pub(super) net: Net,
    pub(super) web: Arc<Web>,
    pub(super) way: InboundMode,
    api_url: String,
}

/// The way in which events come in.
#[derive(Clone)]
pub(super) enum InboundMode {
    /// Socket Mode: over connections that the bot opens.
    Socket { app_token: SecretString },
    /// HTTP mode: Slack posts them.
    Http { signing_secret: SecretString },
}

/// The bot token and the second secret that the mode needs, of the right kinds.
pub(super) struct Tokens<'a> {
    bot: &'a SecretString,
    way: &'a SecretString,
    mode: Mode,
}

impl Tokens<'_> {
    /// Names the two kinds of secrets.
    pub(super) fn describe(&self) -> &'static str {
        match self.mode {
            Mode::Socket => "a bot token and an app-level token",
            Mode::Http => "a bot token and a signing secret",
        }
    }
}

/// The secrets that the settings hold, as far as they can be checked without Slack.
pub(super) fn tokens(settings: &Settings) -> Result<Tokens<'_>, Error> {
    let slack = &settings.slack;
    Ok(Tokens {
        bot: BOT.check(slack.bot_token.as_ref())?,
        way: match slack.mode {
            Mode::Socket => APP.check(slack.app_token.as_ref())?,
            Mode::Http => SIGNING.check(slack.signing_secret.as_ref())?,
        },
        mode: slack.mode,
    })
}

impl SlackAccess {
    /// Makes the clients; Slack's time is measured against `clock`.
    pub(super) fn new(settings: &Settings, tokens: &Tokens<'_>, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let api_url = settings.slack.api_url.clone();
        let net = Net::new(&settings.net.ca_files, settings.slack.request_timeout())?;
        let web = Arc::new(Web::with_clock(net.client()?, &api_url, tokens.bot, clock));
        let secret = tokens.way.clone();
        let way = match tokens.mode {
            Mode::Socket => InboundMode::Socket { app_token: secret },
            Mode::Http => InboundMode::Http { signing_secret: secret },
        };
        Ok(Self { net, web, way, api_url })
    }

    /// Asks Slack for the bot's identity, and checks that its token has the scopes that the bot needs. A signing secret
    /// can be checked only with Slack's first request.
    pub(super) async fn identity(&self) -> Result<Identity, Error> {
        let us = self.web.auth_test().await;
        let us = us.map_err(|cause| BOT.refused(&self.api_url, cause))?;
        check_scopes(&self.web)?;
        Ok(us)
    }

    /// Gets the first address for a connection, in Socket Mode. It can be used once.
    pub(super) async fn open(&self) -> Result<Option<String>, Error> {
        let InboundMode::Socket { app_token } = &self.way else {
            return Ok(None);
        };
        let url = self.web.connections_open(app_token).await;
        url.map(Some).map_err(|cause| APP.refused(&self.api_url, cause))
    }
}

/// Binds the port for Slack's requests, in HTTP mode.
pub(super) async fn listen(settings: &Settings) -> Result<Option<TcpListener>, Error> {
    let Some(address) = settings.slack.address() else {
        return Ok(None);
    };
    let listener = TcpListener::bind(address).await;
    listener.map(Some).map_err(|cause| Error::Listen { address, cause })
}

/// The scopes that the bot would use and does not have; `None` when Slack does not list its scopes.
pub(super) fn missing_scopes(web: &Web) -> Option<Vec<&'static str>> {
    web.scopes().map(|told| missing(&told, WANTED))
}

fn missing(told: &str, of: &[&'static str]) -> Vec<&'static str> {
    let scopes: BTreeSet<&str> = told.split(',').map(str::trim).collect();
    of.iter().copied().filter(|scope| !scopes.contains(scope)).collect()
}

fn check_scopes(web: &Web) -> Result<(), Error> {
    // Not every route to Slack reports the scopes; then the first refused call does.
    let Some(told) = web.scopes() else { return Ok(()) };
    let (needed, wanted) = (missing(&told, NEEDED), missing(&told, WANTED));
    if !needed.is_empty() {
        return Err(Error::Scopes {
            missing: needed.join(", "),
        });
    }
    if !wanted.is_empty() {
        warn!(
            missing = wanted.join(", "),
            "the bot token lacks scopes; features that need them do not work; `signpost manifest` lists them all"
        );
    }
    Ok(())
}
