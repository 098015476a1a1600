//! The HTTP side: routes, access control, and a Web API call from request to response.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{any, get};
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::api::{self, ApiError, Params};
use super::faults::{Call as Struck, Effect};
use super::{Shared, control, oncall, page, socket, tracker};

/// Maximum size of a request in bytes: a file and the form around it.
pub(super) const LARGEST: usize = 24 * 1024 * 1024;

/// Slack's answer to a file request without a valid token: a login page, with status 200.
const LOGIN: &str = "<!DOCTYPE html><html lang=\"en\"><head><title>Sign in | Sandbox</title></head>\
    <body><form><p>Sign in to see this file.</p></form></body></html>";

/// Serves the workspace until shutdown.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let shutdown = shared.shutdown.clone();
    listen(listener, router(shared), shutdown).await;
}

/// Serves any routes until shutdown; requests from other sites' pages are refused.
pub(super) async fn listen(listener: TcpListener, router: Router, shutdown: CancellationToken) {
    let router = router.layer(middleware::from_fn(same_origin));
    let service = axum::serve(listener, router).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    // A client that keeps its connection open must not delay shutdown for long.
    let patience = async {
        shutdown.cancelled().await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    tokio::select! {
        ended = service.into_future() => if let Err(error) = ended {
            tracing::error!(sandbox.error = %error, "the local workspace stopped serving");
        },
        () = patience => {}
    }
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/api/{method}", any(call))
        .route("/link/", get(socket::connect))
        .route("/link", get(socket::connect))
        .route("/files-pri/{file}/{*name}", get(download))
        .route("/upload/v1/{file}", any(upload))
        .route("/actions/{id}", any(respond))
        .merge(control::routes())
        .merge(page::routes())
        .merge(oncall::routes())
        .merge(tracker::routes())
        .merge(shared.jenkins.router())
        .fallback(|| async { problem(StatusCode::NOT_FOUND, "there is nothing here; the page is at /") })
        .with_state(shared)
}

/// Returns an error response to people and tests: `{"ok": false, "error": …}` with a sentence.
pub(super) fn problem(status: StatusCode, sentence: &str) -> Response {
    (status, axum::Json(json!({"ok": false, "error": sentence}))).into_response()
}

/// Refuses requests from other sites' pages: the `Origin` and `Host` of a request, if present, must name this machine.
async fn same_origin(request: Request, next: Next) -> Response {
    let is_local = |value: &HeaderValue| {
        let text = value.to_str().unwrap_or_default();
        let host = text.split_once("://").map_or(text, |(_, host)| host);
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        matches!(name, "127.0.0.1" | "localhost" | "[::1]")
    };
    let foreign = [header::ORIGIN, header::HOST]
        .iter()
        .any(|name| request.headers().get(name).is_some_and(|value| !is_local(value)));
    if foreign {
        return problem(
            StatusCode::FORBIDDEN,
            "the local workspace answers only to this machine (127.0.0.1 or localhost)",
        );
    }
    next.run(request).await
}

/// Answers `/api/METHOD`.
async fn call(State(shared): State<Arc<Shared>>, Path(method): Path<String>, request: Request) -> Response {
    let mut response = answer(&shared, method, request).await;
    // Without this header hyper sends the machine's time, which may differ from the workspace's.
    let now = shared.lock().now();
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&now);
    if let Some(date) = date.ok().and_then(|date| HeaderValue::from_str(&date).ok()) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

async fn answer(shared: &Arc<Shared>, method: String, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST).await else {
        return slack_error(&ApiError::from("request_too_large"));
    };
    let mut params = match params(parts.uri.query(), &parts.headers, &body).await {
        Ok(params) => params,
        Err(error) => return slack_error(&error),
    };
    let in_body = params.take_text("token");
    let token = bearer(&parts.headers).or(in_body);
    let caller = shared.update_quietly(|state| api::authenticate(state, token.as_deref()));
    let app_id = caller
        .as_ref()
        .ok()
        .and_then(|caller| caller.app_id().map(str::to_owned));
    let fault = {
        let named = ["channel", "channel_id"].iter().find_map(|key| params.text(key));
        let channel = named.and_then(|name| shared.lock().channel(&name).map(|channel| channel.id.clone()));
        shared.strike(&Struck {
            method: &method,
            app_id: app_id.as_deref(),
            channel: channel.as_deref(),
        })
    };
    if let Some(response) = before(fault.as_ref()).await {
        return response;
    }
    // An app that comes through a proxy goes on through it.
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let base = host.map_or_else(|| shared.url(), |host| format!("http://{host}"));
    // api.test needs no token.
    let answer = match (&caller, method.as_str()) {
        (Err(error), "api.test") if error.code == "not_authed" => Ok(json!({"ok": true, "args": params.to_value()})),
        (Err(error), _) => Err(ApiError::from(error.code.as_str())),
        (Ok(caller), _) => shared.update(|state| api::call(state, caller, &method, &params, &base)),
    };
    if let Some(response) = after(fault.as_ref()).await {
        return response;
    }
    match answer {
        Ok(value) => axum::Json(value).into_response(),
        Err(error) => slack_error(&error),
    }
}

fn slack_error(error: &ApiError) -> Response {
    let mut response = axum::Json(error.to_json()).into_response();
    if let Some(seconds) = error.retry_after {
        *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Applies a fault that precedes the effect of the call.
async fn before(fault: Option<&Effect>) -> Option<Response> {
    match fault? {
        Effect::RateLimited { retry_after } => Some(slack_error(&ApiError {
            retry_after: Some(*retry_after),
            ..ApiError::from("ratelimited")
        })),
        Effect::Status { status, apply: false } => Some(status_page(*status)),
        Effect::Error { error } => Some(slack_error(&ApiError::from(error.as_str()))),
        Effect::Slow { delay, apply: false } => {
            tokio::time::sleep(*delay).await;
            None
        }
        Effect::Break { apply: false } => Some(broken()),
        Effect::Html => Some(Html(LOGIN).into_response()),
        _ => None,
    }
}

/// Applies a fault that follows the effect of the call.
async fn after(fault: Option<&Effect>) -> Option<Response> {
    match fault? {
        Effect::Status { status, apply: true } => Some(status_page(*status)),
        Effect::Slow { delay, apply: true } => {
            tokio::time::sleep(*delay).await;
            None
        }
        Effect::Break { apply: true } => Some(broken()),
        _ => None,
    }
}

fn status_page(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    (status, Html(format!("<html><body><h1>{status}</h1></body></html>"))).into_response()
}

/// Returns a response whose body breaks off, which breaks the connection.
pub(super) fn broken() -> Response {
    let failing = futures_util::stream::once(async { Err::<Bytes, _>(std::io::Error::other("broken on purpose")) });
    let mut response = Response::new(Body::from_stream(failing));
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from_static("1000"));
    response
}

pub(super) fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

/// Reads parameters from the query and from a form, multipart or JSON body.
pub(super) async fn params(query: Option<&str>, headers: &HeaderMap, body: &Bytes) -> Result<Params, ApiError> {
    let mut params = Params::default();
    params.add_pairs(query.unwrap_or_default().as_bytes());
    if body.is_empty() {
        return Ok(params);
    }
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    match kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
        .as_str()
    {
        "application/json" => {
            let value: Value = serde_json::from_slice(body).map_err(|_| ApiError::from("invalid_json"))?;
            let Value::Object(object) = value else {
                return Err(ApiError::from("json_not_object"));
            };
            for (key, value) in object {
                params.add(&key, value);
            }
        }
        "application/x-www-form-urlencoded" | "" => params.add_pairs(body),
        "multipart/form-data" => {
            for (key, value) in multipart(kind, body).await?.0 {
                params.add(&key, value);
            }
        }
        _ => return Err(ApiError::from("invalid_post_type")),
    }
    Ok(params)
}

/// A file in a multipart body: its name and its bytes.
pub(super) type Upload = (String, Vec<u8>);

/// Returns the text fields and the files of a multipart body.
pub(super) async fn multipart(kind: &str, body: &Bytes) -> Result<(Map<String, Value>, Vec<Upload>), ApiError> {
    let malformed = |_| ApiError::from("invalid_form_data");
    let request = Request::builder()
        .header(header::CONTENT_TYPE, kind)
        .body(Body::from(body.clone()));
    let request = request.map_err(|_| ApiError::from("invalid_form_data"))?;
    let mut form = <axum::extract::Multipart as axum::extract::FromRequest<()>>::from_request(request, &())
        .await
        .map_err(|_| ApiError::from("invalid_form_data"))?;
    let (mut texts, mut files) = (Map::new(), Vec::new());
    while let Some(field) = form.next_field().await.map_err(malformed)? {
        let (name, file_name) = (
            field.name().unwrap_or("file").to_owned(),
            field.file_name().map(str::to_owned),
        );
        let bytes = field.bytes().await.map_err(malformed)?;
        match file_name {
            Some(file_name) => files.push((file_name, bytes.to_vec())),
            None => {
                texts.insert(name, json!(String::from_utf8_lossy(&bytes)));
            }
        }
    }
    Ok((texts, files))
}

/// Answers `url_private`: the file with a valid token, else the login page.
async fn download(
    State(shared): State<Arc<Shared>>,
    Path((file, _name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let token = bearer(&headers);
    let app_id = api::authenticate(&shared.lock(), token.as_deref())
        .ok()
        .and_then(|caller| caller.app_id().map(str::to_owned));
    let same_site = headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin");
    let fault = if same_site {
        None
    } else {
        shared.strike(&Struck {
            method: "url_private",
            app_id: app_id.as_deref(),
            channel: None,
        })
    };
    if matches!(fault, Some(Effect::Error { .. })) {
        // Slack has no errors here: without access to the file the answer is the login page.
        return Html(LOGIN).into_response();
    }
    if let Some(response) = before(fault.as_ref()).await {
        return response;
    }
    let id = file.rsplit_once('-').map_or(file.as_str(), |(_, id)| id);
    let state = shared.lock();
    if api::authenticate(&state, token.as_deref()).is_err() && !same_site {
        return Html(LOGIN).into_response();
    }
    let Some(file) = state.files.get(id) else {
        return problem(StatusCode::NOT_FOUND, "file_not_found");
    };
    let kind = file
        .value
        .get("mimetype")
        .and_then(Value::as_str)
        .unwrap_or("application/octet-stream");
    let kind = HeaderValue::from_str(kind).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let safe = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "sandbox"),
    ];
    let body = match fault {
        Some(Effect::Trickle { over }) => in_drops(&file.bytes, over),
        _ => Body::from(file.bytes.clone()),
    };
    let mut response = (safe, body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// Returns a body that is sent in pieces over the time `over`.
fn in_drops(bytes: &[u8], over: Duration) -> Body {
    const DROPS: u32 = 10;
    let size = bytes.len().div_ceil(DROPS as usize).max(1);
    let drops: Vec<Bytes> = bytes.chunks(size).map(Bytes::copy_from_slice).collect();
    let stream = futures_util::StreamExt::then(futures_util::stream::iter(drops), move |drop| async move {
        tokio::time::sleep(over / DROPS).await;
        Ok::<_, std::io::Error>(drop)
    });
    Body::from_stream(stream)
}

/// Answers the upload address that files.getUploadURLExternal returns.
async fn upload(State(shared): State<Arc<Shared>>, Path(id): Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(mut bytes) = to_bytes(body, LARGEST).await else {
        return problem(StatusCode::PAYLOAD_TOO_LARGE, "a file may hold at most 20 MiB");
    };
    let kind = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if kind.starts_with("multipart/form-data") {
        match multipart(kind, &bytes).await {
            Ok((_, files)) => {
                bytes = files
                    .into_iter()
                    .next()
                    .map(|(_, bytes)| Bytes::from(bytes))
                    .unwrap_or_default();
            }
            Err(error) => return problem(StatusCode::BAD_REQUEST, &error.code),
        }
    }
    shared.update(|state| {
        if !state.files.get(&id).is_some_and(|file| file.is_pending) {
            return problem(StatusCode::NOT_FOUND, "no upload was announced under this address");
        }
        let length = bytes.len();
        api::fill_file(state, &id, bytes.to_vec());
        format!("OK - {length}").into_response()
    })
}

/// Answers a response_url: five uses in thirty minutes.
async fn respond(State(shared): State<Arc<Shared>>, Path(id): Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST).await else {
        return problem(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large");
    };
    let params = match params(None, &parts.headers, &body).await {
        Ok(params) => params,
        Err(error) => return problem(StatusCode::BAD_REQUEST, &error.code),
    };
    let place = shared
        .lock()
        .response_urls
        .get(&id)
        .map(|place| (place.app_id.clone(), place.channel.clone()));
    let fault = shared.strike(&Struck {
        method: "response_url",
        app_id: place.as_ref().map(|(app, _)| app.as_str()),
        channel: place.as_ref().map(|(_, channel)| channel.as_str()),
    });
    if let Some(response) = before(fault.as_ref()).await {
        return response;
    }
    let answer = shared.update(|state| {
        let now = state.now();
        let Some(place) = state.response_urls.get_mut(&id) else {
            return Err(ApiError::from("invalid_url"));
        };
        if now.duration_since(place.born).as_secs() > 1800 {
            return Err(ApiError::from("expired_url"));
        }
        if place.uses >= 5 {
            return Err(ApiError::from("used_url"));
        }
        place.uses += 1;
        let place = place.clone();
        api::post_as_app(state, &place, &params)
    });
    if let Some(response) = after(fault.as_ref()).await {
        return response;
    }
    match answer {
        Ok(_) => axum::Json(json!({"ok": true})).into_response(),
        Err(error) if error.code.ends_with("_url") => problem(StatusCode::NOT_FOUND, &error.code),
        Err(error) => (StatusCode::BAD_REQUEST, axum::Json(error.to_json())).into_response(),
    }
}
