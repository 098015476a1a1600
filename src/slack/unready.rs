//! Refusal of Slack's requests while the bot cannot accept them yet: each gets a 503, so that Slack sends its event
//! again, at once, after a minute and after five. An interaction fails visibly, instead of being lost silently.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode};
use axum::response::IntoResponse as _;
use futures_util::StreamExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::http_events::POST_ONLY;

/// Maximum number of connections; more are closed, which makes Slack send again, too.
const CONNECTIONS: usize = 256;
/// Maximum length of a head, in bytes.
const LONGEST_HEAD: usize = 16 * 1024;
/// Time limit of a head.
const HEAD: Duration = Duration::from_secs(5);
/// Time limit of a request and its answer.
const WHOLE: Duration = Duration::from_secs(10);
/// Time limit for reading a body, which is discarded.
const BODY: Duration = Duration::from_secs(3);
/// Bytes of a body that are read.
const LARGEST: usize = 1024 * 1024;
/// Pause after a failure to accept, usually caused by too many open files.
const AFTER_FAILURE: Duration = Duration::from_millis(500);

/// Refuses every request on `listener` until the future is dropped; connections then end at once.
pub async fn refuse(listener: &TcpListener) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if connections.len() < CONNECTIONS => {
                    connections.spawn(answer(stream));
                }
                Ok(_) => {}
                Err(cause) => {
                    tracing::warn!(%cause, "a connection for Slack's requests cannot be accepted");
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn answer(stream: TcpStream) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(LONGEST_HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service_fn(refused));
    let _ = tokio::time::timeout(WHOLE, connection).await;
}

async fn refused(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    if request.method() != Method::POST {
        return Ok((StatusCode::METHOD_NOT_ALLOWED, POST_ONLY).into_response());
    }
    // A connection that is closed with unread data may lose the answer.
    let body = async {
        let mut pieces = Body::new(request.into_body()).into_data_stream();
        let mut length = 0;
        while let Some(Ok(piece)) = pieces.next().await {
            length += piece.len();
            if length > LARGEST {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(BODY, body).await;
    metrics::counter!("signpost_slack_requests_refused_total", "reason" => "starting").increment(1);
    let sentence = "Signpost is still starting; try again.\n";
    Ok((StatusCode::SERVICE_UNAVAILABLE, sentence).into_response())
}
