//! Before the bot says that it is ready: are the tokens good, and does Slack open a connection?

use std::collections::BTreeSet;
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use tracing::warn;

use super::Error;
use crate::net::Net;
use crate::settings::Settings;
use crate::slack::decode::Identity;
use crate::slack::web::{self, Web};

const BOT: Kind = Kind {
    what: "bot token",
    wanted: "a bot token (xoxb-…)",
    variable: "SIGNPOST__SLACK__BOT_TOKEN",
    prefix: "xoxb-",
    found_at: "stands under \"OAuth & Permissions\" in the app's settings and begins with xoxb-",
};
const APP: Kind = Kind {
    what: "app-level token",
    wanted: "an app-level token (xapp-…)",
    variable: "SIGNPOST__SLACK__APP_TOKEN",
    prefix: "xapp-",
    found_at: "stands under \"Basic Information\", \"App-Level Tokens\" in the app's settings, has the scope \
               connections:write and begins with xapp-",
};

/// Scopes without which the bot cannot read or answer. Others only make it do less.
const NEEDED: &[&str] = &["chat:write"];
/// Scopes that the bot uses where it has them.
const WANTED: &[&str] = &[
    "app_mentions:read",
    "channels:history",
    "groups:history",
    "im:history",
    "mpim:history",
    "files:read",
];

struct Kind {
    what: &'static str,
    wanted: &'static str,
    variable: &'static str,
    prefix: &'static str,
    found_at: &'static str,
}

impl Kind {
    fn check<'a>(&self, token: Option<&'a SecretString>) -> Result<&'a SecretString, Error> {
        let Some(token) = token else {
            return Err(Error::NoToken {
                what: self.what,
                variable: self.variable,
                found_at: self.found_at,
            });
        };
        let text = token.expose_secret();
        if text.starts_with(self.prefix) {
            return Ok(token);
        }
        let found = match text.split_once('-').map(|(prefix, _)| prefix) {
            Some("xoxb") => "a bot token (xoxb-…)",
            Some("xapp") => "an app-level token (xapp-…)",
            Some("xoxp") => "a user token (xoxp-…)",
            Some("xoxe" | "xoxe.xoxb" | "xoxe.xoxp") => "a token for rotation (xoxe…)",
            _ => "something that is no Slack token",
        };
        Err(Error::WrongToken {
            variable: self.variable,
            found,
            wanted: self.wanted,
            found_at: self.found_at,
        })
    }

    fn refused(&self, api_url: &str, cause: web::Error) -> Error {
        let web::Error::Auth { code, scope, .. } = &cause else {
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
            _ => format!("set {} to the one that {}", self.variable, self.found_at),
        };
        Error::Refused {
            what: self.what,
            code: code.clone(),
            remedy,
        }
    }
}

/// Slack, checked.
pub(super) struct Slack {
    pub(super) net: Net,
    pub(super) web: Arc<Web>,
    pub(super) us: Identity,
    /// The first address for a connection; it can be used once.
    pub(super) socket_url: String,
}

/// The bot token and the app-level token, of the right kinds.
pub(super) fn tokens(settings: &Settings) -> Result<(&SecretString, &SecretString), Error> {
    Ok((
        BOT.check(settings.slack.bot_token.as_ref())?,
        APP.check(settings.slack.app_token.as_ref())?,
    ))
}

/// Checks the tokens with Slack.
pub(super) async fn slack(settings: &Settings, (bot, app): (&SecretString, &SecretString)) -> Result<Slack, Error> {
    let api_url = &settings.slack.api_url;
    let net = Net::new(&settings.net.ca_files, settings.slack.request_timeout())?;
    let web = Arc::new(Web::new(net.client()?, api_url, bot, app));
    let us = web.auth_test().await.map_err(|cause| BOT.refused(api_url, cause))?;
    check_scopes(web.scopes().as_deref())?;
    let socket_url = web
        .connections_open()
        .await
        .map_err(|cause| APP.refused(api_url, cause))?;
    Ok(Slack {
        net,
        web,
        us,
        socket_url,
    })
}

fn check_scopes(told: Option<&str>) -> Result<(), Error> {
    // Not every way to Slack tells the scopes; then the first refused call does.
    let Some(told) = told else { return Ok(()) };
    let scopes: BTreeSet<&str> = told.split(',').map(str::trim).collect();
    let missing = |of: &[&'static str]| -> Vec<&'static str> {
        of.iter().copied().filter(|scope| !scopes.contains(scope)).collect()
    };
    let (needed, wanted) = (missing(NEEDED), missing(WANTED));
    if !needed.is_empty() {
        return Err(Error::Scopes {
            missing: needed.join(", "),
        });
    }
    if !wanted.is_empty() {
        warn!(
            missing = wanted.join(", "),
            "the bot token lacks scopes: messages that need them do not come in"
        );
    }
    Ok(())
}
