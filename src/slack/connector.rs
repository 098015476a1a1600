//! The connector of slack-morphism to the Web API: over our own HTTP client, so that proxies, certificate authorities
//! and time limits apply. Response bodies never go into errors: they may hold people's messages.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use reqwest::{RequestBuilder, Response, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::Value;
use slack_morphism::errors::{
    SlackClientApiError, SlackClientError, SlackClientHttpError, SlackClientHttpProtocolError, SlackClientSystemError,
    SlackRateLimitError,
};
use slack_morphism::multipart_form::FileMultipartData;
use slack_morphism::{
    ClientResult, SlackClientApiCallContext, SlackClientHttpConnector, SlackClientId, SlackClientSecret,
};
use tokio::time::Instant;
use url::Url;

use super::web::SlackTime;

/// Waiting time for a 429 without `Retry-After`: Slack always sends the header, proxies may not.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Client of the Web API over reqwest.
#[derive(Debug)]
pub(super) struct Connector {
    client: reqwest::Client,
    api_url: String,
    scopes: Mutex<Option<String>>,
    time: Arc<SlackTime>,
}

impl Connector {
    /// Creates a connector. `api_url` has no trailing slash. The `Date` headers of the responses set `time`.
    pub(super) fn new(client: reqwest::Client, api_url: &str, time: Arc<SlackTime>) -> Self {
        Self {
            client,
            api_url: api_url.to_owned(),
            scopes: Mutex::new(None),
            time,
        }
    }

    pub(super) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    pub(super) fn api_url(&self) -> &str {
        &self.api_url
    }

    /// Returns the waiting time that `Retry-After` asks for.
    pub(super) fn retry_after(headers: &header::HeaderMap) -> Duration {
        let seconds = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        seconds
            .and_then(|value| value.trim().parse().ok())
            .map_or(RETRY_AFTER, Duration::from_secs)
    }

    /// Returns the scopes named in Slack's last response, separated by commas.
    pub(super) fn scopes(&self) -> Option<String> {
        self.scopes.lock().clone()
    }

    /// Answers an interaction. Returns Slack's error code when it rejects the answer: it comes as JSON or as bare text,
    /// with status 200, 400 or 404.
    pub(super) async fn respond(&self, url: Url, body: &Value) -> ClientResult<Option<String>> {
        let request = self.client.post(url).json(body);
        let response = request.send().await.map_err(|cause| broken(cause.without_url()))?;
        let status = response.status();
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            return read::<Value>(response).await.map(|_| None);
        }
        let body = response.bytes().await.map_err(|cause| broken(cause.without_url()))?;
        let value: Value = serde_json::from_slice(&body).unwrap_or_default();
        let is_ok = value.get("ok").and_then(Value::as_bool);
        if status.is_success() && is_ok != Some(false) {
            return Ok(None);
        }
        let code = value
            .get("error")
            .and_then(Value::as_str)
            .map(str::to_owned)
            .or_else(|| {
                let bare = String::from_utf8_lossy(&body).trim().to_owned();
                let is_code = bare.len() < 60 && bare.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
                (is_code && !bare.is_empty()).then_some(bare)
            });
        Ok(Some(code.unwrap_or_else(|| format!("http_{}", status.as_u16()))))
    }

    async fn call<RS: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        context: Option<&SlackClientApiCallContext<'_>>,
    ) -> ClientResult<RS> {
        let request = match context.and_then(|context| context.token) {
            Some(token) => request.bearer_auth(&token.token_value.0),
            None => request,
        };
        let sent = Instant::now();
        let response = request.send().await.map_err(|cause| broken(cause.without_url()))?;
        let reading = self.time.read(response.headers(), sent);
        if let Some(scopes) = response
            .headers()
            .get("x-oauth-scopes")
            .and_then(|value| value.to_str().ok())
        {
            *self.scopes.lock() = Some(scopes.to_owned());
        }
        let result = read(response).await;
        // Only Slack's own responses tell its time: error pages may come from a proxy.
        if let (Some(reading), Ok(_) | Err(SlackClientError::ApiError(_))) = (reading, &result) {
            self.time.take(reading);
        }
        result
    }
}

async fn read<RS: DeserializeOwned>(response: Response) -> ClientResult<RS> {
    let status = response.status();
    if status == StatusCode::TOO_MANY_REQUESTS {
        let retry_after = Connector::retry_after(response.headers());
        return Err(SlackClientError::RateLimitError(
            SlackRateLimitError::new().with_retry_after(retry_after),
        ));
    }
    if !status.is_success() {
        return Err(SlackClientError::HttpError(SlackClientHttpError::new(status)));
    }
    let body = response.bytes().await.map_err(|cause| broken(cause.without_url()))?;
    let unparseable = |cause| slack_morphism::errors::map_serde_error(cause, None);
    let value: Value = serde_json::from_slice(&body).map_err(unparseable)?;
    match (
        value.get("ok").and_then(Value::as_bool),
        value.get("error").and_then(Value::as_str),
    ) {
        (Some(false), Some("ratelimited")) => Err(SlackClientError::RateLimitError(
            SlackRateLimitError::new().with_retry_after(RETRY_AFTER),
        )),
        (Some(false), code) => {
            // `needed` names the missing scope, the others what is wrong with the blocks.
            let texts = |list: Option<&Value>| {
                let all = list.and_then(Value::as_array).into_iter().flatten();
                let texts: Vec<String> = all.filter_map(Value::as_str).map(str::to_owned).collect();
                (!texts.is_empty()).then_some(texts)
            };
            let needed = value.get("needed").and_then(Value::as_str);
            let mut error = SlackClientApiError::new(code.unwrap_or("unknown_error").to_owned());
            error.errors = needed
                .map(|needed| vec![needed.to_owned()])
                .or_else(|| texts(value.get("errors")))
                .or_else(|| texts(value.pointer("/response_metadata/messages")));
            Err(SlackClientError::ApiError(error))
        }
        _ => serde_json::from_value(value).map_err(unparseable),
    }
}

fn broken(cause: reqwest::Error) -> SlackClientError {
    SlackClientError::HttpProtocolError(SlackClientHttpProtocolError::new().with_cause(Box::new(cause)))
}

fn unused<'a, RS: Send + 'a>(what: &str) -> BoxFuture<'a, ClientResult<RS>> {
    let error = SlackClientSystemError::new().with_message(format!("{what} is not used by signpost"));
    std::future::ready(Err(SlackClientError::SystemError(error))).boxed()
}

impl SlackClientHttpConnector for Connector {
    fn http_get_uri<'a, RS>(
        &'a self,
        uri: Url,
        context: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RS: for<'de> serde::Deserialize<'de> + Send + 'a,
    {
        async move { self.call(self.client.get(uri), Some(&context)).await }.boxed()
    }

    fn http_get_with_client_secret<'a, RS>(
        &'a self,
        _uri: Url,
        _id: &'a SlackClientId,
        _secret: &'a SlackClientSecret,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RS: for<'de> serde::Deserialize<'de> + Send + 'a,
    {
        unused("the exchange of client secrets")
    }

    fn http_post_uri<'a, RQ, RS>(
        &'a self,
        uri: Url,
        body: &'a RQ,
        context: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RQ: serde::Serialize + Send + Sync,
        RS: for<'de> serde::Deserialize<'de> + Send + 'a,
    {
        async move { self.call(self.client.post(uri).json(body), Some(&context)).await }.boxed()
    }

    fn http_post_uri_multipart_form<'a, 'p, RS, PT, TS>(
        &'a self,
        _uri: Url,
        _file: Option<FileMultipartData<'p>>,
        _params: &'p PT,
        _context: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RS: for<'de> serde::Deserialize<'de> + Send + 'a,
        PT: IntoIterator<Item = (&'p str, Option<TS>)> + Clone,
        TS: AsRef<str> + 'p + Send,
    {
        unused("the upload of forms")
    }

    fn http_post_uri_binary<'a, 'p, RS>(
        &'a self,
        _uri: Url,
        _content_type: String,
        _data: &'a [u8],
        _context: SlackClientApiCallContext<'a>,
    ) -> BoxFuture<'a, ClientResult<RS>>
    where
        RS: for<'de> serde::Deserialize<'de> + Send + 'a,
    {
        unused("the upload of files")
    }

    fn create_method_uri_path(&self, method: &str) -> ClientResult<Url> {
        Ok(format!("{}/{method}", self.api_url).parse()?)
    }
}
