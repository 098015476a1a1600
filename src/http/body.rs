//! Bodies of calls by other services: read, then checked, because signatures cover the whole body.

use std::collections::VecDeque;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, StatusCode};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

/// Time within which a body has to arrive.
const PATIENCE: Duration = Duration::from_secs(5);

/// The bodies of a hook that are being read. Nobody knows yet who sends them, so that they take no place of calls that are
/// genuine: when too many are read at the same time, the one that was begun first gives way. A stranger who sends slowly
/// loses his place to the next caller, while a service sends its body at once and has it read before.
#[derive(Debug)]
pub(super) struct UnverifiedBodies {
    /// Size of a body, in bytes. Larger ones are refused.
    largest: usize,
    /// Number of bodies that are read at the same time.
    most: usize,
    reading: Mutex<VecDeque<CancellationToken>>,
}

impl UnverifiedBodies {
    pub(super) const fn new(largest: usize, most: usize) -> Self {
        Self {
            largest,
            most,
            reading: Mutex::new(VecDeque::new()),
        }
    }

    /// Reads a body and returns the result of `check` with it, `None` meaning that the caller is a stranger.
    ///
    /// # Errors
    ///
    /// The status that refuses the call: 401 for a stranger, 408 when the body did not come in time, 413 when it is too
    /// large, 503 when it gave way to others.
    pub(super) async fn checked<T>(
        &self,
        headers: &HeaderMap,
        body: Body,
        check: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Result<(Bytes, T), StatusCode> {
        // Whoever announces too much is refused before sending it.
        let announced = headers
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse().ok());
        if announced.is_some_and(|length: usize| length > self.largest) {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let place = self.place();
        let read = tokio::select! {
            biased;
            () = place.0.cancelled() => return Err(StatusCode::SERVICE_UNAVAILABLE),
            read = tokio::time::timeout(PATIENCE, to_bytes(body, self.largest)) => read,
        };
        drop(place);
        match read {
            Ok(Ok(body)) => check(&body).map(|found| (body, found)).ok_or(StatusCode::UNAUTHORIZED),
            Ok(Err(_)) => Err(StatusCode::PAYLOAD_TOO_LARGE),
            Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
        }
    }

    /// Takes a place for a body, from the one that was begun first if there is no other.
    fn place(&self) -> BodyPlace {
        let place = CancellationToken::new();
        let mut reading = self.reading.lock();
        // Those that ended, or whose caller went away.
        reading.retain(|other| !other.is_cancelled());
        while reading.len() >= self.most
            && let Some(first) = reading.pop_front()
        {
            first.cancel();
        }
        reading.push_back(place.clone());
        BodyPlace(place)
    }
}

/// The place of a body, which is free again when this is dropped.
struct BodyPlace(CancellationToken);

impl Drop for BodyPlace {
    fn drop(&mut self) {
        self.0.cancel();
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
