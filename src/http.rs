//! HTTP endpoints for liveness, readiness and metrics.

mod body;
mod hook;
mod pagerduty;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use hook::PushHook;
pub use pagerduty::{HookCall, PagerDutyHook};

/// Time limit of requests still under way at shutdown.
const LAST: Duration = Duration::from_millis(500);

/// Source of the text that `/metrics` serves.
pub type Metrics = PrometheusHandle;

/// Reason why health and metrics cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The port cannot be used.
    #[error(
        "http.listen: {address} cannot be used: {cause}; stop what uses it, or set another address (\"\" for none)"
    )]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The cause.
        cause: std::io::Error,
    },
}

/// Source of the bot's health.
pub trait Health: Send + Sync + 'static {
    /// Checks that the process does its work.
    ///
    /// # Errors
    ///
    /// The reason for which the process should be restarted.
    fn liveness(&self) -> Result<(), String>;

    /// Returns true when the bot can answer, and the state of each dependency.
    fn readiness(&self) -> (bool, Value);
}

#[derive(Clone)]
struct Served {
    health: Arc<dyn Health>,
    metrics: Option<Metrics>,
    hook: Option<Arc<PushHook>>,
    pages: Option<Arc<PagerDutyHook>>,
}

/// The hooks that other services call, as far as there are any.
#[derive(Debug, Default)]
pub struct Hooks {
    /// Pushes to repositories of runbooks.
    pub git: Option<PushHook>,
    /// Acknowledgements of pages.
    pub pages: Option<PagerDutyHook>,
}

/// Binds the listener to an address.
///
/// # Errors
///
/// [`Error::Bind`] when the address cannot be used.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address)
        .await
        .map_err(|cause| Error::Bind { address, cause })
}

/// Serves health and metrics, and the hooks that there are, until `stop` is cancelled.
pub async fn serve(
    listener: TcpListener,
    health: Arc<dyn Health>,
    metrics: Option<Metrics>,
    hooks: Hooks,
    stop: CancellationToken,
) {
    let app = Router::new()
        .route("/live", get(live))
        .route("/livez", get(live))
        .route("/ready", get(ready))
        .route("/readyz", get(ready))
        .route("/metrics", get(show_metrics))
        .route("/hooks/git", post(hook::receive))
        .route("/hooks/pagerduty", post(pagerduty::receive))
        .with_state(Served {
            health,
            metrics,
            hook: hooks.git.map(Arc::new),
            pages: hooks.pages.map(Arc::new),
        });
    let served = axum::serve(listener, app).with_graceful_shutdown(stop.clone().cancelled_owned());
    let enough = async {
        stop.cancelled().await;
        tokio::time::sleep(LAST).await;
    };
    tokio::select! {
        served = served.into_future() => if let Err(cause) = served {
            tracing::error!(%cause, "health and metrics are no longer served");
        },
        // A client that keeps its connection open must not delay the shutdown.
        () = enough => {}
    }
}

async fn live(State(served): State<Served>) -> Response {
    match served.health.liveness() {
        Ok(()) => "live\n".into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response(),
    }
}

async fn ready(State(served): State<Served>) -> Response {
    let (ready, details) = served.health.readiness();
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(details)).into_response()
}

async fn show_metrics(State(served): State<Served>) -> Response {
    match &served.metrics {
        Some(metrics) => {
            metrics.run_upkeep();
            ([("content-type", "text/plain; version=0.0.4")], metrics.render()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
