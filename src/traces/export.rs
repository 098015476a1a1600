//! Requests to the collector, and log lines about those that fail.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use tokio::runtime::Handle;

/// Most bytes that are read of an answer.
const ANSWER: usize = 64 * 1024;

/// An HTTP client for the SDK's thread, which has no runtime of its own.
#[derive(Debug)]
pub(super) struct RuntimeClient {
    client: reqwest::Client,
    runtime: Handle,
}

impl RuntimeClient {
    /// Creates a client whose requests are made on a runtime.
    pub(super) fn new(client: reqwest::Client, runtime: Handle) -> Self {
        Self { client, runtime }
    }
}

#[async_trait]
impl HttpClient for RuntimeClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let request = reqwest::Request::try_from(request)?;
        let client = self.client.clone();
        let answered = async move {
            let mut answer = client.execute(request).await?;
            let status = answer.status();
            let headers = answer.headers().clone();
            let mut body = Vec::new();
            while body.len() < ANSWER
                && let Some(part) = answer.chunk().await?
            {
                body.extend_from_slice(&part);
            }
            Ok::<_, reqwest::Error>((status, headers, body))
        };
        let (status, headers, body) = self
            .runtime
            .spawn(answered)
            .await?
            .map_err(reqwest::Error::without_url)?;
        let mut response = Response::builder().status(status).body(Bytes::from(body))?;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

/// An exporter whose first failure is logged, and the next success.
#[derive(Debug)]
pub(super) struct LoggedExporter<E> {
    exporter: E,
    fails: AtomicBool,
}

impl<E> LoggedExporter<E> {
    /// Wraps an exporter.
    pub(super) fn new(exporter: E) -> Self {
        Self {
            exporter,
            fails: AtomicBool::new(false),
        }
    }
}

impl<E: SpanExporter> SpanExporter for LoggedExporter<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let exported = self.exporter.export(batch).await;
        let failed = self.fails.swap(exported.is_err(), Ordering::Relaxed);
        match &exported {
            Err(cause) if !failed => {
                let cause = signpost_core::redact::redact(&cause.to_string()).into_owned();
                tracing::warn!(
                    cause,
                    "the collector did not accept traces; dropping them until it does"
                );
            }
            Ok(()) if failed => tracing::info!("the collector accepts traces again"),
            _ => {}
        }
        exported
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
