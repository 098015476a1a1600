//! `response_url`: answers to an interaction without a token, five times within half an hour.

use serde_json::Value;
use url::Url;

use super::classes::{classify, of_code};
use super::{Error, Web, counted};

const METHOD: &str = "response_url";

impl Web {
    /// Answers an interaction: `{"text", "blocks", "response_type", "replace_original", "delete_original"}`.
    ///
    /// # Errors
    ///
    /// See [`Error`]; [`Error::Gone`] when the address was used up or is too old, [`Error::Permanent`] with
    /// `foreign_url`, and nothing is sent, when it is not Slack's.
    pub async fn respond(&self, response_url: &str, body: &Value) -> Result<(), Error> {
        let Some(url) = self.checked(response_url) else {
            return Err(Error::Permanent {
                method: METHOD.to_owned(),
                code: "foreign_url".to_owned(),
            });
        };
        match self.client.http_api.connector.respond(url, body).await {
            Ok(None) => Ok(()),
            Ok(Some(code)) => Err(of_code(METHOD.to_owned(), code, None)),
            Err(error) => Err(counted(classify(METHOD, error))),
        }
    }

    /// Messages must not go to whatever address somebody writes into a payload: only to Slack, or to where the Web API
    /// is.
    fn checked(&self, text: &str) -> Option<Url> {
        let url = Url::parse(text).ok()?;
        let host = url.host_str()?;
        let is_slack = url.scheme() == "https"
            && url.port().is_none()
            && ["slack.com", "slack-gov.com"]
                .iter()
                .any(|slack| host.strip_suffix(slack).is_some_and(|sub| sub.ends_with('.')));
        let is_api = self.api_url.as_ref().is_some_and(|api| api.origin() == url.origin());
        (is_slack || is_api).then_some(url)
    }
}
