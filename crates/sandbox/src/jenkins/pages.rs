//! Jenkins' answers that are no data: HTML pages, redirects, refusals.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};

/// An HTML page.
pub(super) fn page(status: StatusCode, title: &str, text: &str) -> Response {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    let html = format!(
        "<!DOCTYPE html><html><head><title>{0} [Jenkins]</title></head><body><h1>{0}</h1><p>{1}</p></body></html>",
        escape(title),
        escape(text)
    );
    (status, Html(html)).into_response()
}

/// A sign-in page that stands before Jenkins and is not Jenkins'.
pub(super) fn sign_in() -> Response {
    let html = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form method=\"post\">\
        <p>Sign in to your organisation</p><input name=\"user\"><input name=\"password\" type=\"password\"></form>\
        </body></html>";
    Html(html).into_response()
}

pub(super) fn not_found() -> Response {
    page(
        StatusCode::NOT_FOUND,
        "Not Found",
        "The requested page could not be found.",
    )
}

/// The page of an exception that nobody caught.
pub(super) fn oops() -> Response {
    page(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Oops!",
        "A problem occurred while processing the request. Logging ID=0f9c1d52-0000-4000-8000-000000000000",
    )
}

pub(super) fn starting() -> Response {
    page(
        StatusCode::SERVICE_UNAVAILABLE,
        "Starting Jenkins",
        "Please wait while Jenkins is getting ready to work. Your browser will reload automatically when Jenkins is ready.",
    )
}

/// Only `POST` works here.
pub(super) fn post_only() -> Response {
    let mut response = page(
        StatusCode::METHOD_NOT_ALLOWED,
        "Form post required",
        "You must use POST method to trigger builds.",
    );
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static("POST"));
    response
}

/// Signed in, but not allowed to.
pub(super) fn forbidden(user: &str, permission: &'static str) -> Response {
    let text = format!("{user} is missing the permission {permission}");
    let mut response = page(StatusCode::FORBIDDEN, "Access Denied", &text);
    let headers = response.headers_mut();
    put(headers, "x-you-are-authenticated-as", user);
    headers.insert("x-required-permission", HeaderValue::from_static(permission));
    response
}

/// Not signed in: no challenge, a page that leads to the login.
pub(super) fn anonymous() -> Response {
    let mut response = page(
        StatusCode::FORBIDDEN,
        "Authentication required",
        "Authentication required",
    );
    let headers = response.headers_mut();
    put(headers, "x-you-are-authenticated-as", "anonymous");
    put(headers, "x-required-permission", "hudson.model.Hudson.Read");
    response
}

/// Wrong credentials.
pub(super) fn unauthorized() -> Response {
    let mut response = page(
        StatusCode::UNAUTHORIZED,
        "Unauthorized",
        "Invalid password/token for user",
    );
    put(response.headers_mut(), "www-authenticate", "Basic realm=\"Jenkins\"");
    response
}

pub(super) fn no_crumb() -> Response {
    page(
        StatusCode::FORBIDDEN,
        "Forbidden",
        "No valid crumb was included in the request",
    )
}

pub(super) fn redirect(status: StatusCode, to: &str) -> Response {
    let mut response = status.into_response();
    put(response.headers_mut(), "location", to);
    response
}

/// Sets a header, unless its value cannot be one.
pub(super) fn put(headers: &mut axum::http::HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}
