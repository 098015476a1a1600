//! Requests as Slack signs them.

use std::fmt::Write as _;

use jiff::Timestamp;
use reqwest::RequestBuilder;
use ring::hmac;
use signpost::clock::{Clock as _, SystemClock};

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const JSON: &str = "application/json";

pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

/// What Slack puts into x-slack-signature.
pub(crate) fn signature(secret: &str, seconds: i64, body: &str) -> String {
    hex_hmac("v0=", secret, &format!("v0:{seconds}:{body}"))
}

/// The HMAC-SHA256 of a text in hexadecimal digits, after a prefix.
pub(crate) fn hex_hmac(prefix: &str, secret: &str, text: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, text.as_bytes());
    tag.as_ref().iter().fold(prefix.to_owned(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// The request with a body that was signed at `seconds`.
pub(crate) fn signed(request: RequestBuilder, secret: &str, seconds: i64, kind: &str, body: &str) -> RequestBuilder {
    request
        .header("content-type", kind)
        .header("x-slack-request-timestamp", seconds.to_string())
        .header("x-slack-signature", signature(secret, seconds, body))
        .body(body.to_owned())
}

/// A form.
pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(pairs);
    form.finish()
}
