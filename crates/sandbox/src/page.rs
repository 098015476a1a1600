//! The page: plain HTML, CSS and ES modules, compiled into the binary.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::RustEmbed;

use super::Shared;
use super::server::problem;

#[derive(RustEmbed)]
#[folder = "src/page/"]
struct Assets;

/// Content security policy: nothing from elsewhere (except images over https), no inline script, no embedding in a
/// frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(|| async { asset("index.html") }))
        .route("/archives/{*rest}", get(|| async { asset("index.html") }))
        .route("/favicon.ico", get(|| async { asset("icon.svg") }))
        .merge(parts())
}

/// Returns the routes of the pages' assets, below `/page/`.
pub(super) fn parts<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route(
        "/page/{*path}",
        get(|Path(path): Path<String>| async move { asset(&path) }),
    )
}

/// Returns the page of the local Jenkins, the same for every address: its script reads the address.
pub(super) fn jenkins(status: StatusCode) -> Response {
    let mut response = asset("jenkins.html");
    if response.status() == StatusCode::OK {
        *response.status_mut() = status;
    }
    response
}

fn asset(path: &str) -> Response {
    let Some(file) = Assets::get(path) else {
        return problem(StatusCode::NOT_FOUND, "there is no such part of the page");
    };
    let kind = match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    };
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, file.data.into_owned()).into_response()
}
