//! Socket Mode: the life of a connection, from its ticket to its end.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State as Shares};
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::Shared;
use super::delivery::{self, Frame, Socket};
use super::server::problem;
use super::state::State;

/// Maximum number of connections of an app, as in Slack.
const MOST: usize = 10;
/// Interval of the server's pings; Slack's SDKs give up a silent connection.
const PING: Duration = Duration::from_secs(10);

/// Time limit of the other side's close.
const GOODBYE: Duration = Duration::from_millis(500);

/// The ticket in the address from `apps.connections.open`.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Ticket {
    #[serde(default)]
    ticket: String,
}

pub(super) async fn connect(
    Shares(shared): Shares<Arc<Shared>>,
    Query(Ticket { ticket }): Query<Ticket>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let app = shared.update_quietly(|state| state.tickets.remove(&ticket));
    let Some(app_id) = app else {
        return problem(
            StatusCode::UNAUTHORIZED,
            "this ticket is not known or was used; call apps.connections.open again",
        );
    };
    upgrade.on_upgrade(move |socket| async move {
        let run = run(Arc::clone(&shared), app_id, socket);
        shared.tracker.track_future(run).await;
    })
}

async fn run(shared: Arc<Shared>, app_id: String, socket: WebSocket) {
    let (frames, mut outgoing) = mpsc::unbounded_channel();
    let Some(number) = shared.update(|state| open(state, &app_id, frames)) else {
        return;
    };
    let (mut sink, mut stream) = socket.split();
    let mut ping = tokio::time::interval(PING);
    let mut leave_at: Option<tokio::time::Instant> = None;
    loop {
        let leaving = async {
            match leave_at {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            frame = outgoing.recv() => match frame {
                Some(Frame::Text(text)) => if sink.send(Message::Text(text.into())).await.is_err() { break },
                Some(Frame::CloseAfter(delay)) => leave_at = Some(tokio::time::Instant::now() + delay),
                Some(Frame::Break) | None => break,
            },
            message = stream.next() => match message {
                Some(Ok(Message::Text(text))) => shared.update(|state| heard(state, &app_id, &text)),
                Some(Ok(Message::Close(_))) => {
                    // The answer to the close is already queued and only has to be flushed.
                    let _ = sink.close().await;
                    break;
                }
                Some(Err(_)) | None => break,
                Some(Ok(_)) => {}
            },
            _ = ping.tick() => if sink.send(Message::Ping("ping".into())).await.is_err() { break },
            () = leaving => {
                say_goodbye(&mut sink, &mut stream).await;
                break;
            }
            () = shared.shutdown.cancelled() => {
                say_goodbye(&mut sink, &mut stream).await;
                break;
            }
        }
    }
    shared.update(|state| {
        delivery::socket_ended(state, &app_id, number);
        state.tell_page(json!({"type": "apps"}));
    });
}

/// Closes the connection and waits for the other side to close: clients report an error when the line just drops.
async fn say_goodbye(sink: &mut SplitSink<WebSocket, Message>, stream: &mut SplitStream<WebSocket>) {
    let close = CloseFrame {
        code: 1000,
        reason: "".into(),
    };
    if sink.send(Message::Close(Some(close))).await.is_ok() {
        let answered = async { while let Some(Ok(_)) = stream.next().await {} };
        let _ = tokio::time::timeout(GOODBYE, answered).await;
    }
}

/// Registers a new connection, sends `hello` and the waiting envelopes, and returns the connection's number. Over the
/// limit it closes the connection instead.
fn open(state: &mut State, app_id: &str, frames: mpsc::UnboundedSender<Frame>) -> Option<u64> {
    let number = state.next_number();
    let app = state.app_mut(app_id)?;
    if app.sockets.len() >= MOST {
        let _ = frames.send(Frame::Text(disconnect("too_many_websockets")));
        let _ = frames.send(Frame::CloseAfter(Duration::ZERO));
        app.sockets.push(Socket {
            number,
            frames,
            is_leaving: true,
        });
        return Some(number);
    }
    let hello = json!({
        "type": "hello",
        "num_connections": app.sockets.len() + 1,
        "connection_info": {"app_id": app_id},
        "debug_info": {
            "host": format!("sandbox-{number}"),
            "started": "",
            "build_number": 1,
            "approximate_connection_time": 18060,
        },
    });
    let _ = frames.send(Frame::Text(hello.to_string()));
    app.sockets.push(Socket {
        number,
        frames,
        is_leaving: false,
    });
    delivery::send_waiting(state, app_id);
    state.tell_page(json!({"type": "apps"}));
    Some(number)
}

fn heard(state: &mut State, app_id: &str, text: &str) {
    let frame: Value = serde_json::from_str(text).unwrap_or_default();
    if let Some(envelope_id) = frame["envelope_id"].as_str() {
        delivery::acknowledge(state, app_id, envelope_id, frame["payload"].clone());
    }
}

/// Returns Slack's message before it closes a connection.
pub(super) fn disconnect(reason: &str) -> String {
    json!({"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}}).to_string()
}

/// Closes an app's connections with a `disconnect` of this reason, or breaks them without one. Returns their number.
pub(super) fn take_away(
    state: &mut State,
    app_id: &str,
    reason: Option<&str>,
    grace: Duration,
    only_first: bool,
) -> usize {
    let Some(app) = state.app_mut(app_id) else { return 0 };
    let count = if only_first { 1 } else { usize::MAX };
    let mut taken = 0;
    for socket in app.sockets.iter_mut().filter(|socket| !socket.is_leaving).take(count) {
        taken += 1;
        // After a warning the connection stays in use for a while: Slack sends it some ten seconds ahead.
        socket.is_leaving = reason != Some("warning");
        if let Some(reason) = reason {
            let _ = socket.frames.send(Frame::Text(disconnect(reason)));
            let _ = socket.frames.send(Frame::CloseAfter(grace));
        } else {
            let _ = socket.frames.send(Frame::Break);
        }
    }
    taken
}
