//! `POST /hooks/git`: a push to a repository of runbooks. The call is a hint to fetch: nothing of its content is used.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use ring::hmac;
use secrecy::{ExposeSecret as _, SecretString};

use super::Served;
use super::body::{UnverifiedBodies, decoded};

/// Largest call, in bytes. Larger ones are answered with 413; the next fetch at an interval replaces them.
const LARGEST: usize = 5 * 1024 * 1024;
/// Most bodies that are read at the same time, before it is known who sends them.
const READING: usize = 8;
/// Headers with an HMAC of the body: GitHub's, and that of Bitbucket and Gitea.
const SIGNATURES: [&str; 2] = ["x-hub-signature-256", "x-hub-signature"];

/// The push hook.
pub struct PushHook {
    key: hmac::Key,
    /// The HMAC of the secret itself, so that a token is compared in constant time whatever its length.
    proof: hmac::Tag,
    wake: Box<dyn Fn() + Send + Sync>,
    bodies: UnverifiedBodies,
}

impl std::fmt::Debug for PushHook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PushHook")
    }
}

impl PushHook {
    /// Creates a hook that calls `wake` for each call with the secret.
    pub fn new(secret: &SecretString, wake: impl Fn() + Send + Sync + 'static) -> PushHook {
        let secret = secret.expose_secret().as_bytes();
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        PushHook {
            proof: hmac::sign(&key, secret),
            key,
            wake: Box::new(wake),
            bodies: UnverifiedBodies::new(LARGEST, READING),
        }
    }

    /// Returns true when the caller knows the secret: by a signature of the body (GitHub, Bitbucket, Gitea), or by the
    /// secret itself (GitLab's `X-Gitlab-Token`, `Authorization: Bearer`).
    fn is_genuine(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let mut signatures = SIGNATURES.iter().filter_map(|name| text(name)).peekable();
        if signatures.peek().is_some() {
            // Older senders add a SHA-1 beside, which proves too little.
            return signatures
                .filter_map(|signature| decoded(signature.strip_prefix("sha256=")?))
                .any(|tag| hmac::verify(&self.key, body, &tag).is_ok());
        }
        let bearer = text("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let token = headers.get("x-gitlab-token").map(axum::http::HeaderValue::as_bytes);
        token
            .or(bearer.map(str::as_bytes))
            .is_some_and(|token| hmac::verify(&self.key, token.trim_ascii(), self.proof.as_ref()).is_ok())
    }
}

async fn answer(hook: &PushHook, headers: &HeaderMap, body: Body) -> StatusCode {
    let is_genuine = |body: &[u8]| hook.is_genuine(headers, body).then_some(());
    match hook.bodies.checked(headers, body, is_genuine).await {
        // It takes no place at all: the sources are fetched once, however many calls there are.
        Ok(_) => {
            (hook.wake)();
            StatusCode::ACCEPTED
        }
        Err(refused) => {
            if refused == StatusCode::UNAUTHORIZED {
                tracing::warn!("a request to /hooks/git with a wrong or missing secret was refused");
            }
            refused
        }
    }
}

pub(super) async fn receive(State(served): State<Served>, headers: HeaderMap, body: Body) -> StatusCode {
    let outcome = match &served.hook {
        None => StatusCode::NOT_FOUND,
        Some(hook) => answer(hook, &headers, body).await,
    };
    metrics::counter!("signpost_push_hooks_total", "status" => outcome.as_u16().to_string()).increment(1);
    outcome
}
