//! A server between the bot and another: notes what passes, answers in its place, changes what comes back.

use std::sync::Mutex;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use super::super::*;

/// What is asked: `POST /job/x/build`.
type Answer = Box<dyn Fn(&str) -> Option<Response> + Send>;
type Edit = Box<dyn Fn(&str, String) -> String + Send>;

#[derive(Default)]
struct Inside {
    seen: Mutex<Vec<(String, String)>>,
    answer: Mutex<Option<Answer>>,
    edit: Mutex<Option<Edit>>,
}

/// See above.
pub(super) struct Between {
    pub(super) url: String,
    inside: Arc<Inside>,
}

impl Between {
    /// Stands before the server at `target` (an address without a path).
    pub(super) async fn start(target: &str) -> Self {
        let inside = Arc::new(Inside::default());
        let client = reqwest::Client::builder().no_proxy();
        let client = client.redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let (shared, target) = (Arc::clone(&inside), target.to_owned());
        let all = move |request: Request| pass(Arc::clone(&shared), client.clone(), target.clone(), request);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = axum::serve(listener, Router::new().fallback(all)).into_future();
        TaskTracker::new().spawn(server);
        Self { url, inside }
    }

    /// Answers what this answers; the rest goes through.
    pub(super) fn answers(&self, answer: impl Fn(&str) -> Option<Response> + Send + 'static) {
        *self.inside.answer.lock().unwrap() = Some(Box::new(answer));
    }

    /// Changes what comes back.
    pub(super) fn edits(&self, edit: impl Fn(&str, String) -> String + Send + 'static) {
        *self.inside.edit.lock().unwrap() = Some(Box::new(edit));
    }

    /// What was asked, and with which body.
    pub(super) fn seen(&self) -> Vec<(String, String)> {
        self.inside.seen.lock().unwrap().clone()
    }

    /// How often something was asked.
    pub(super) fn count(&self, method: &str, path: &str) -> usize {
        let is = |asked: &str| asked.starts_with(method) && asked.contains(path);
        self.seen().iter().filter(|(asked, _)| is(asked)).count()
    }
}

async fn pass(inside: Arc<Inside>, client: reqwest::Client, target: String, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 16 << 20).await.unwrap_or_default();
    let asked = format!("{} {}", head.method, head.uri);
    let noted = (asked.clone(), String::from_utf8_lossy(&body).into_owned());
    inside.seen.lock().unwrap().push(noted);
    let instead = inside.answer.lock().unwrap().as_ref().and_then(|answer| answer(&asked));
    if let Some(instead) = instead {
        return instead;
    }
    let mut headers = head.headers;
    headers.remove(header::HOST);
    headers.remove(header::CONTENT_LENGTH);
    let sent = client.request(head.method, format!("{target}{}", head.uri));
    let Ok(answer) = sent.headers(headers).body(body).send().await else {
        return axum::http::StatusCode::BAD_GATEWAY.into_response();
    };
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    let bytes = answer.bytes().await.unwrap_or_default();
    for name in [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION] {
        headers.remove(name);
    }
    let edit = inside.edit.lock().unwrap();
    let bytes = match (edit.as_ref(), std::str::from_utf8(&bytes)) {
        (Some(edit), Ok(text)) => edit(&asked, text.to_owned()).into_bytes(),
        _ => bytes.to_vec(),
    };
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
