//! Accepts connections and runs each one until it ends, is evicted, or is out of time. `axum::serve` sets no time-outs,
//! so this drives hyper itself.

use std::convert::Infallible;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use futures_util::FutureExt as _;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use super::Endpoint;
use super::connections::{Connections, SETTLED, Slot};
use super::stream::Stream;

/// The longest head.
const LONGEST_HEAD: usize = 16 * 1024;
/// Pause after a failure to accept, mostly because there are too many open files.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

/// Answers Slack's requests on `listener` until told to stop; then those that are under way are answered.
pub async fn serve(listener: TcpListener, endpoint: Arc<Endpoint>, stop: CancellationToken) {
    let inbound = endpoint.inbound().clone();
    let connections = Arc::new(Connections::new(endpoint.limits()));
    let graceful = GracefulShutdown::new();
    loop {
        let accepting = accept_all(&listener, &endpoint, &connections, &graceful, &stop);
        if AssertUnwindSafe(accepting).catch_unwind().await.is_ok() {
            break;
        }
        metrics::counter!("signpost_panics_total", "task" => "listen").increment(1);
        error!("accepting Slack's requests panicked; continuing");
    }
    drop(listener);
    // An answer takes no longer than the patience of the inbound side.
    let _ = tokio::time::timeout(inbound.patience() + Duration::from_secs(1), graceful.shutdown()).await;
}

async fn accept_all(
    listener: &TcpListener,
    endpoint: &Arc<Endpoint>,
    connections: &Arc<Connections>,
    graceful: &GracefulShutdown,
    stop: &CancellationToken,
) {
    let next = async || {
        let (stream, peer) = accept(listener, connections).await;
        (stream, enter(connections, peer).await)
    };
    while let Some((stream, slot)) = stop.run_until_cancelled(next()).await {
        let slot = Arc::new(slot);
        let io = TokioIo::new(Stream::new(stream, Arc::clone(&slot)));
        let (answering, serving) = (Arc::clone(endpoint), Arc::clone(&slot));
        let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let (endpoint, slot) = (Arc::clone(&answering), Arc::clone(&serving));
            async move { Ok::<_, Infallible>(endpoint.respond(request.map(Body::new), &slot).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            // The slot keeps the time: it tells a head that has begun from an idle connection.
            .header_read_timeout(None)
            .max_buf_size(LONGEST_HEAD)
            .serve_connection(io, service);
        let connection = graceful.watch(connection);
        endpoint.inbound().spawn(async move {
            tokio::select! {
                ended = connection => {
                    if let Err(cause) = ended {
                        debug!(%cause, "a connection for Slack's requests was lost");
                    }
                }
                () = slot.expired() => debug!("a connection for Slack's requests was closed: out of time, or evicted"),
            }
        });
    }
}

async fn accept(listener: &TcpListener, connections: &Connections) -> (TcpStream, IpAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let _ = stream.set_nodelay(true);
                return (stream, peer.ip());
            }
            Err(cause) => {
                warn!(%cause, "a connection for Slack's requests could not be accepted");
                connections.make_room();
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
}

/// Waits for a slot. While every connection is verified or too young to be evicted, newcomers wait in the system's queue.
async fn enter(connections: &Arc<Connections>, peer: IpAddr) -> Slot {
    loop {
        if let Some(slot) = connections.enter(peer, Instant::now()) {
            return slot;
        }
        let _ = tokio::time::timeout(SETTLED / 4, connections.freed.notified()).await;
    }
}
