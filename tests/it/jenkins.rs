//! Tests of the Jenkins client against small servers that answer as Jenkins, proxies and strangers do.

mod artifacts;
mod following;
mod local;
mod looking_up;
mod triggering;

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use secrecy::SecretString;
use serde_json::Value;
use signpost::jenkins::Client;
use signpost::jobs::{JobPath, Registry};
use signpost::net::Net;
use tokio::net::TcpListener;

/// A request as the server saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) uri: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// A server that answers by method and path, and notes what it was asked.
pub(crate) struct Fake {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Fake {
    pub(crate) async fn start(answer: impl Fn(&Seen) -> Response + Clone + Send + Sync + 'static) -> Self {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let noted = Arc::clone(&seen);
        let all = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let body = String::from_utf8_lossy(&body).into_owned();
            let seen = Seen {
                method,
                uri: uri.to_string(),
                headers,
                body,
            };
            let response = answer(&seen);
            noted.lock().unwrap().push(seen);
            async move { response }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = axum::serve(listener, Router::new().fallback(all)).into_future();
        tokio::task::spawn_local(server);
        Self { url, seen }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

pub(crate) fn local<F: Future<Output = ()>>(test: F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let set = tokio::task::LocalSet::new();
        tokio::time::timeout(Duration::from_secs(30), set.run_until(test))
            .await
            .unwrap();
    });
}

/// A client of a Jenkins at this address; a request is given up after a second.
pub(crate) fn client(url: &str, artifact_hosts: &[&str]) -> Client {
    let text =
        format!("[[jenkins]]\nid = \"m\"\nurl = \"{url}\"\nuser = \"signpost\"\nartifact_hosts = {artifact_hosts:?}");
    let registry = Registry::read(&text).unwrap();
    let http = Net::new(&[], Duration::from_secs(1)).unwrap().client().unwrap();
    Client::new(http, &registry.jenkins[0], SecretString::from("t0ken"))
}

pub(crate) fn job() -> JobPath {
    JobPath::try_from("Team A/50% job".to_owned()).unwrap()
}

/// Its address below the base.
pub(crate) const JOB: &str = "/job/Team%20A/job/50%25%20job";

pub(crate) fn json(value: &Value) -> Response {
    (
        [
            (header::CONTENT_TYPE, "application/json;charset=utf-8"),
            (header::HeaderName::from_static("x-jenkins"), "2.579"),
        ],
        value.to_string(),
    )
        .into_response()
}

pub(crate) fn html(status: u16, page: &'static str) -> Response {
    (
        StatusCode::from_u16(status).unwrap(),
        [(header::CONTENT_TYPE, "text/html;charset=utf-8")],
        page,
    )
        .into_response()
}

pub(crate) fn moved(status: u16, to: &str) -> Response {
    (
        StatusCode::from_u16(status).unwrap(),
        [(header::LOCATION, to.to_owned())],
    )
        .into_response()
}
