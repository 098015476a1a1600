//! Connections: how many, how slow, and how they end. `axum::serve` sets no time-outs, so this drives hyper itself.

use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::Endpoint;

/// Connections at once; more wait in the system's queue.
const CONNECTIONS: usize = 1_024;
/// The longest head.
const LONGEST_HEAD: usize = 16 * 1024;
/// After a failure to accept, mostly because there are too many open files.
const AFTER_FAILURE: Duration = Duration::from_millis(500);

/// Answers Slack's requests on `listener` until told to stop; then those that are under way are answered.
pub async fn serve(listener: TcpListener, endpoint: Arc<Endpoint>, stop: CancellationToken) {
    let door = endpoint.door().clone();
    let head = endpoint.patience().head;
    let router = super::router(endpoint);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
    while let Some(stream) = next(&listener, &stop).await {
        let place = tokio::select! {
            () = stop.cancelled() => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(head)
            .max_buf_size(LONGEST_HEAD)
            .serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        door.spawn(async move {
            if let Err(cause) = connection.await {
                debug!(%cause, "a connection for requests of Slack ended badly");
            }
            drop(place);
        });
    }
    drop(listener);
    // An answer takes no longer than the door's patience.
    let _ = tokio::time::timeout(door.patience() + Duration::from_secs(1), graceful.shutdown()).await;
}

/// The next connection; `None` when it is time to stop.
async fn next(listener: &TcpListener, stop: &CancellationToken) -> Option<TcpStream> {
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => return None,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let _ = stream.set_nodelay(true);
                return Some(stream);
            }
            Err(cause) => {
                warn!(%cause, "a connection for requests of Slack could not be taken");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
}
