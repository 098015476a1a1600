//! Bodies of calls by other services, and the signatures that come with them.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, StatusCode};

/// Time within which a body has to arrive.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reads a body of at most `largest` bytes. A caller that announces too much is refused before it sends it, and one that
/// sends too slowly does not hold its connection.
pub(super) async fn whole(headers: &HeaderMap, body: Body, largest: usize) -> Result<Bytes, StatusCode> {
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > largest) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    match tokio::time::timeout(PATIENCE, to_bytes(body, largest)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

/// Bytes of a text of hexadecimal digits.
pub(super) fn decoded(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.trim();
    if !digits.is_ascii() || !digits.len().is_multiple_of(2) {
        return None;
    }
    let starts = (0..digits.len()).step_by(2);
    starts
        .map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok())
        .collect()
}
