//! The Web API: the bot's calls to Slack, and the consequences of their results.

use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use slack_morphism::api::SlackApiAppsConnectionOpenRequest;
use slack_morphism::{SlackApiToken, SlackApiTokenValue, SlackClient};
use url::Url;

use super::connector::Connector;
use super::decode::{Identity, string};
use crate::clock::{Clock, SystemClock};

mod classes;
mod lookups;
mod messages;
mod respond;
mod time;
mod upload;
mod views;

pub use classes::Error;
pub use lookups::{Conversation, Person};
pub use messages::{METADATA, Outgoing, TOO_MANY};
pub use time::{Skew, SlackTime};
pub use upload::NewFile;
pub use views::{OpenedView, Which};

use classes::classify;
pub(super) use classes::of_transport;

/// The Web API with the bot's token.
#[derive(Debug)]
pub struct Web {
    pub(super) client: SlackClient<Connector>,
    pub(super) bot: SlackApiToken,
    api_url: Option<Url>,
    time: Arc<SlackTime>,
}

type Params<'p> = Vec<(&'static str, Option<&'p str>)>;

impl Web {
    /// Creates a Web API over an HTTP client, with the bot token.
    pub fn new(client: reqwest::Client, api_url: &str, bot: &SecretString) -> Self {
        Self::with_clock(client, api_url, bot, Arc::new(SystemClock))
    }

    /// Creates a Web API as [`Self::new`] does, with the clock that Slack's time is measured against.
    pub fn with_clock(client: reqwest::Client, api_url: &str, bot: &SecretString, clock: Arc<dyn Clock>) -> Self {
        let time = Arc::new(SlackTime::new(clock));
        Self {
            client: SlackClient::new(Connector::new(client, api_url, Arc::clone(&time))),
            bot: token(bot),
            api_url: Url::parse(api_url).ok(),
            time,
        }
    }

    /// Slack's time, measured with each of its answers.
    pub fn time(&self) -> &Arc<SlackTime> {
        &self.time
    }

    /// Fetches the bot's identity.
    ///
    /// # Errors
    ///
    /// Returns an [`Error`] when the call fails.
    pub async fn auth_test(&self) -> Result<Identity, Error> {
        let answer = self.post("auth.test", &json!({})).await?;
        Ok(Identity {
            team_id: string(&answer, "team_id").unwrap_or_default(),
            enterprise_id: string(&answer, "enterprise_id"),
            user_id: string(&answer, "user_id").unwrap_or_default(),
            bot_id: string(&answer, "bot_id"),
        })
    }

    /// The scopes of the bot token, when Slack named them with its last answer.
    pub fn scopes(&self) -> Option<String> {
        self.client.http_api.connector.scopes()
    }

    /// Requests the address of a new Socket Mode connection. Needs the app-level token.
    ///
    /// # Errors
    ///
    /// Returns an [`Error`] when the call fails.
    pub async fn connections_open(&self, app: &SecretString) -> Result<String, Error> {
        let app = token(app);
        let session = self.client.open_session(&app);
        session
            .apps_connections_open(&SlackApiAppsConnectionOpenRequest::new())
            .await
            .map(|answer| answer.url.0.to_string())
            .map_err(|error| counted(classify("apps.connections.open", error)))
    }

    pub(super) async fn get(&self, method: &str, params: &Params<'_>) -> Result<Value, Error> {
        let session = self.client.open_session(&self.bot);
        session
            .http_session_api
            .http_get(method, params, None)
            .await
            .map_err(|error| counted(classify(method, error)))
    }

    async fn post(&self, method: &str, body: &Value) -> Result<Value, Error> {
        let session = self.client.open_session(&self.bot);
        session
            .http_session_api
            .http_post(method, body, None)
            .await
            .map_err(|error| counted(classify(method, error)))
    }
}

/// Counts a call that failed.
fn counted(error: Error) -> Error {
    metrics::counter!("signpost_slack_errors_total", "class" => error.class()).increment(1);
    error
}

fn token(secret: &SecretString) -> SlackApiToken {
    SlackApiToken::new(SlackApiTokenValue(secret.expose_secret().to_owned()))
}
