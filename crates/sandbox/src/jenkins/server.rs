//! The HTTP side: routes, authentication, injected faults.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State as Shares};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use axum::routing::any;
use serde_json::json;

use super::auth::{self, Who};
use super::faults::Effect;
use super::routes::{self, Ask};
use super::{Shared, control, pages, people};
use crate::page;
use crate::server::{LARGEST, broken, multipart};

/// Context path, next to other routes.
const CONTEXT: &str = "/jenkins";

/// Returns the routes of Jenkins below `/jenkins` and of its controls below `/sandbox/jenkins`, to be merged with
/// others.
pub(super) fn mounted<S: Clone + Send + Sync + 'static>(shared: Arc<Shared>) -> Router<S> {
    control::routes()
        .route(CONTEXT, any(answer))
        .route(&format!("{CONTEXT}/"), any(answer))
        .route(&format!("{CONTEXT}/{{*path}}"), any(answer))
        .with_state(shared)
}

/// Returns the routes of [`mounted`], and Jenkins at the root too.
pub(super) fn standalone(shared: Arc<Shared>) -> Router {
    let root = Router::new().fallback(answer).with_state(Arc::clone(&shared));
    mounted(shared).merge(page::parts()).merge(root)
}

async fn answer(Shares(shared): Shares<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let whole = parts.uri.path();
    let (context, below) = match whole.strip_prefix(CONTEXT) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => (CONTEXT, rest),
        _ => ("", whole),
    };
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let path: Option<Vec<String>> = below.split('/').filter(|name| !name.is_empty()).map(decoded).collect();
    let (Some(path), Ok(body)) = (path, to_bytes(body, LARGEST).await) else {
        return finished(pages::page(
            StatusCode::BAD_REQUEST,
            "Bad Request",
            "The request cannot be read",
        ));
    };
    let form = match form(&parts.headers, &body).await {
        Ok(form) => form,
        Err(sentence) => return finished(pages::page(StatusCode::BAD_REQUEST, "Bad Request", &sentence)),
    };
    let who = auth::who(&shared.lock(), &parts.headers);
    let ask = Ask {
        method: parts.method.clone(),
        base: format!("http://{}{context}", host.unwrap_or("127.0.0.1")),
        query: pairs(parts.uri.query().unwrap_or_default().as_bytes()),
        form,
        user: who.id().unwrap_or("anonymous").to_owned(),
        session: match &who {
            Who::User { session, .. } => session.clone(),
            _ => None,
        },
        path,
    };
    if people::is_visit(&ask.method, &parts.headers, &who) {
        return finished(people::visited(&mut shared.lock(), ask));
    }
    let is_stored = ask.path.first().is_some_and(|first| first == "object-store");
    let what = if is_stored {
        "object_store"
    } else {
        routes::purpose(&ask.path)
    };
    let has = |name: header::HeaderName| parts.headers.contains_key(name);
    let mut noted = Noted {
        shared: Arc::clone(&shared),
        request: json!({
            "method": ask.method.as_str(), "path": whole, "what": what, "status": null,
            "user": who.id(), "authorization": has(header::AUTHORIZATION), "cookie": has(header::COOKIE),
            "crumb": parts.headers.contains_key("jenkins-crumb"),
        }),
    };
    let response = if is_stored {
        let has_authorization = parts.headers.contains_key(header::AUTHORIZATION);
        routes::object_store(&shared.lock(), &ask, has_authorization)
    } else {
        struck(&shared, &ask, &who, &parts.headers, what).await
    };
    noted.request["status"] = json!(response.status().as_u16());
    response
}

/// Logs a request when dropped: after the answer, or when the client has gone away.
struct Noted {
    shared: Arc<Shared>,
    request: serde_json::Value,
}

impl Drop for Noted {
    fn drop(&mut self) {
        let request = self.request.take();
        self.shared.update(|state| state.remember(request));
    }
}

/// Answers a request, applying a fault if one matches.
async fn struck(shared: &Arc<Shared>, ask: &Ask, who: &Who, headers: &HeaderMap, what: &str) -> Response {
    let path = format!("/{}", ask.path.join("/"));
    let fault = shared.update(|state| state.take_fault(what, &path, who.id()));
    match &fault {
        Some(Effect::Html) => return pages::sign_in(),
        // Jenkins' answer while it starts, before it reads a request.
        Some(Effect::Status {
            status: 503,
            apply: false,
        }) => return finished(pages::starting()),
        Some(Effect::Status { status, apply: false }) => return finished(status_page(*status)),
        Some(Effect::Break { apply: false }) => return broken(),
        Some(Effect::Slow { delay, apply: false }) => tokio::time::sleep(*delay).await,
        _ => {}
    }
    let response = shared.update(|state| {
        if state.is_down() {
            return pages::starting();
        }
        match who {
            Who::Wrong => pages::unauthorized(),
            // The login page is the only one for anonymous requests.
            Who::Anonymous if ask.path.first().is_some_and(|first| first == "login") => {
                pages::page(StatusCode::OK, "Sign in", "Welcome to Jenkins!")
            }
            Who::Anonymous => pages::anonymous(),
            Who::User { .. } if ask.method == Method::POST && !auth::has_crumb(who, headers) => pages::no_crumb(),
            Who::User { .. } => routes::answer(state, ask, fault.as_ref()),
        }
    });
    match fault {
        Some(Effect::Status { status, apply: true }) => finished(status_page(status)),
        Some(Effect::Break { apply: true }) => broken(),
        Some(Effect::Slow { delay, apply: true }) => {
            tokio::time::sleep(delay).await;
            finished(response)
        }
        Some(Effect::LostLocation) => {
            let mut response = response;
            response.headers_mut().remove(header::LOCATION);
            finished(response)
        }
        Some(Effect::Truncated) => truncated(response).await,
        _ => finished(response),
    }
}

async fn truncated(response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, LARGEST).await.unwrap_or_default();
    let half = bytes.slice(..bytes.len() / 2);
    let mut response = Response::from_parts(parts, Body::from(half));
    response.headers_mut().remove(header::CONTENT_LENGTH);
    finished(response)
}

fn status_page(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    pages::page(status, status.as_str(), "An error on purpose.")
}

/// Adds the headers that identify Jenkins.
fn finished(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        ("x-jenkins", "2.579"),
        ("x-hudson", "1.395"),
        ("x-jenkins-session", "5a2d0b0c"),
        ("x-content-type-options", "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn pairs(encoded: &[u8]) -> Vec<(String, String)> {
    let pairs = url::form_urlencoded::parse(encoded);
    pairs
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect()
}

/// Returns the fields of a form, multipart or not; none for other bodies.
async fn form(headers: &HeaderMap, body: &axum::body::Bytes) -> Result<Vec<(String, String)>, String> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    if kind.starts_with("application/x-www-form-urlencoded") {
        return Ok(pairs(body));
    }
    if !kind.starts_with("multipart/form-data") {
        return Ok(Vec::new());
    }
    let (texts, _) = multipart(kind, body).await.map_err(|error| error.code)?;
    let text = |(key, value): (String, serde_json::Value)| (key, value.as_str().unwrap_or_default().to_owned());
    Ok(texts.into_iter().map(text).collect())
}

/// Percent-decodes a path segment.
fn decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let (high, low) = (digit(rest.next())?, digit(rest.next())?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}
