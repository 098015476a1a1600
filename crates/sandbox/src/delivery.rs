//! Delivery of envelopes to an app: sending, acknowledgement and redelivery.
//!
//! The first attempt happens under the state's lock, so events leave in the order they happened. A task per envelope
//! then waits for the acknowledgement and sends the envelope again after a timeout.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::faults::Effect;
use super::model::{App, Delivered};
use super::state::State;
use super::{Shared, request_url};

/// The envelope type that is redelivered when it is not acknowledged; interactions and commands are not.
const EVENTS: &str = "events_api";

/// Extra time that an interaction is kept after the person's client stops waiting, to tell a late answer from a missing
/// one.
const GRACE: Duration = Duration::from_millis(200);

/// Maximum number of deliveries in the log.
const LOG: usize = 1000;

/// A frame to write to a socket.
#[derive(Debug)]
pub(crate) enum Frame {
    Text(String),
    /// Closes the connection cleanly after this delay.
    CloseAfter(Duration),
    /// Breaks the connection without a close frame.
    Break,
}

/// One Socket Mode connection of an app.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) number: u64,
    pub(crate) frames: mpsc::UnboundedSender<Frame>,
    /// True when the connection is being closed: it gets nothing new, but may still acknowledge.
    pub(crate) is_leaving: bool,
}

/// An envelope that has not been acknowledged yet.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) envelope_id: String,
    pub(crate) envelope_type: &'static str,
    pub(crate) payload: Value,
    attempt: u32,
    retry_reason: &'static str,
    /// The reason the last request to the app's URL failed.
    failure: Option<&'static str>,
    /// Number of the socket that it was sent on, if any.
    sent_on: Option<u64>,
    /// Time of the next check.
    due: Instant,
    /// True when the app asked for no more redeliveries.
    is_last: bool,
    /// True when the timeout has passed and the envelope waits for its redelivery.
    is_waiting: bool,
    /// Receiver of the acknowledgement's payload.
    answer: Option<oneshot::Sender<Value>>,
}

/// Key of an envelope, for the task that watches it.
#[derive(Debug, Clone)]
pub(crate) struct Watched {
    pub(crate) app_id: String,
    pub(crate) number: u64,
}

/// Sends an envelope to an app. `answer`, if given, receives the payload of the acknowledgement.
pub(crate) fn dispatch(
    state: &mut State,
    app_id: &str,
    envelope_type: &'static str,
    payload: &Value,
    mut answer: Option<oneshot::Sender<Value>>,
) {
    let copies = if state.take_fault(Effect::is_duplicate, app_id, &what(payload)).is_some() {
        2
    } else {
        1
    };
    for _ in 0..copies {
        let (number, envelope_id) = (state.next_number(), state.next_uuid());
        let pending = Pending {
            envelope_id,
            envelope_type,
            payload: payload.clone(),
            attempt: 0,
            retry_reason: "",
            failure: None,
            sent_on: None,
            due: Instant::now(),
            is_last: false,
            is_waiting: false,
            answer: answer.take(),
        };
        let Some(app) = state.app_mut(app_id) else { return };
        app.pending.insert(number, pending);
        let watched = Watched {
            app_id: app_id.to_owned(),
            number,
        };
        send(state, &watched);
        state.to_watch.push(watched);
    }
}

/// Sends the envelopes that wait for a connection, in order. Called when a connection opens.
pub(crate) fn send_waiting(state: &mut State, app_id: &str) {
    let Some(app) = state.app(app_id) else { return };
    let waiting: Vec<u64> = app
        .pending
        .iter()
        .filter(|(_, one)| one.sent_on.is_none() && !one.is_waiting)
        .map(|(&number, _)| number)
        .collect();
    for number in waiting {
        send(
            state,
            &Watched {
                app_id: app_id.to_owned(),
                number,
            },
        );
    }
}

/// Handles the end of a connection: its envelopes go to another connection, or wait for the next.
pub(crate) fn socket_ended(state: &mut State, app_id: &str, socket: u64) {
    let Some(app) = state.app_mut(app_id) else { return };
    app.sockets.retain(|one| one.number != socket);
    for pending in app
        .pending
        .values_mut()
        .filter(|pending| pending.sent_on == Some(socket))
    {
        pending.sent_on = None;
        pending.is_waiting = false;
        pending.attempt += 1;
        pending.retry_reason = "connection_closed";
    }
    send_waiting(state, app_id);
}

/// Acknowledges an envelope for an app; returns false when it is not known.
pub(crate) fn acknowledge(state: &mut State, app_id: &str, envelope_id: &str, payload: Value) -> bool {
    let Some(app) = state.app_mut(app_id) else { return false };
    let Some((number, what)) = app
        .pending
        .iter()
        .find(|(_, one)| one.envelope_id == envelope_id)
        .map(|(&number, one)| (number, what(&one.payload)))
    else {
        return false;
    };
    if state.take_fault(Effect::is_drop_ack, app_id, &what).is_some() {
        return true;
    }
    let pending = state.app_mut(app_id).and_then(|app| app.pending.remove(&number));
    if let Some(mut pending) = pending
        && let Some(answer) = pending.answer.take()
    {
        let _ = answer.send(if accepts_payload(&pending) {
            payload
        } else {
            Value::Null
        });
    }
    for delivered in state
        .delivered
        .iter_mut()
        .filter(|delivered| delivered.envelope_id == envelope_id)
    {
        delivered.acknowledged = true;
    }
    true
}

fn send(state: &mut State, watched: &Watched) {
    let (ack_timeout, patience) = (state.options.ack_timeout, state.options.patience);
    let Some(app) = state.app_mut(&watched.app_id) else {
        return;
    };
    let is_http = app.request_urls.is_set();
    let socket = if is_http { None } else { next_socket(app) };
    let Some(pending) = app.pending.get_mut(&watched.number) else {
        return;
    };
    pending.is_waiting = false;
    let is_event = pending.envelope_type == EVENTS;
    pending.due = Instant::now() + if is_event { ack_timeout } else { patience + GRACE };
    let frame = envelope(pending);
    if let Some((socket, frames)) = socket {
        pending.sent_on = Some(socket);
        let _ = frames.send(Frame::Text(frame.to_string()));
    } else if is_http {
        // The task that watches the envelope makes the request.
        pending.sent_on = Some(0);
    } else {
        pending.sent_on = None;
        if !is_event {
            // There is no connection: the person's client gets the error at once.
            pending.due = Instant::now();
        }
        return;
    }
    let delivered = Delivered {
        app_id: watched.app_id.clone(),
        envelope_id: pending.envelope_id.clone(),
        envelope_type: pending.envelope_type.to_owned(),
        what: what(&pending.payload),
        attempt: pending.attempt,
        acknowledged: false,
    };
    if state.delivered.len() >= LOG {
        state.delivered.pop_front();
    }
    state.delivered.push_back(delivered);
}

/// Returns the next open connection, in turn.
fn next_socket(app: &mut App) -> Option<(u64, mpsc::UnboundedSender<Frame>)> {
    let open: Vec<&Socket> = app.sockets.iter().filter(|socket| !socket.is_leaving).collect();
    let socket = open.get(app.turn.checked_rem(open.len())?)?;
    let found = (socket.number, socket.frames.clone());
    app.turn = app.turn.wrapping_add(1);
    Some(found)
}

fn envelope(pending: &Pending) -> Value {
    let is_event = pending.envelope_type == EVENTS;
    let mut frame = Map::new();
    frame.insert("envelope_id".into(), json!(pending.envelope_id));
    frame.insert("payload".into(), pending.payload.clone());
    frame.insert("type".into(), json!(pending.envelope_type));
    frame.insert("accepts_response_payload".into(), json!(accepts_payload(pending)));
    if is_event {
        frame.insert("retry_attempt".into(), json!(pending.attempt));
        frame.insert("retry_reason".into(), json!(pending.retry_reason));
    }
    Value::Object(frame)
}

/// Returns true when the acknowledgement may carry a payload: by the records of Slack's SDKs, for commands and
/// submitted modals only.
fn accepts_payload(pending: &Pending) -> bool {
    pending.envelope_type == "slash_commands" || pending.payload["type"] == "view_submission"
}

/// Returns the name of the event or interaction in an envelope.
pub(super) fn what(payload: &Value) -> String {
    let kind = payload["event"]["type"].as_str().or_else(|| payload["type"].as_str());
    kind.or_else(|| payload["command"].as_str())
        .unwrap_or_default()
        .to_owned()
}

/// Next action of the task that watches an envelope.
enum Next {
    Sleep(Instant),
    Http(request_url::Delivery),
    Done,
}

/// Watches one envelope until it is acknowledged or given up.
pub(crate) async fn watch(shared: Arc<Shared>, watched: Watched) {
    let mut posted = None;
    loop {
        let next = shared.update_quietly(|state| look_after(state, &watched, &mut posted));
        match next {
            Next::Done => {
                // Wakes the waiters, who check again that it was given up.
                shared.update(|_| ());
                return;
            }
            Next::Http(delivery) => request_url::deliver(&shared, &watched, delivery).await,
            Next::Sleep(until) => tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                () = shared.shutdown.cancelled() => return,
            },
        }
    }
}

fn look_after(state: &mut State, watched: &Watched, posted: &mut Option<u32>) -> Next {
    let (ack_timeout, retry_delays) = (state.options.ack_timeout, state.options.retry_delays.clone());
    let Some(app) = state.app_mut(&watched.app_id) else {
        return Next::Done;
    };
    let urls = app.request_urls.clone();
    let Some(pending) = app.pending.get_mut(&watched.number) else {
        return Next::Done;
    };
    if urls.is_set() && pending.sent_on.is_some() && !pending.is_waiting && *posted != Some(pending.attempt) {
        let Some(url) = urls.of(pending.envelope_type) else {
            app.pending.remove(&watched.number);
            return Next::Done;
        };
        *posted = Some(pending.attempt);
        return Next::Http(request_url::Delivery::new(url.to_owned(), pending));
    }
    let now = Instant::now();
    if pending.due > now {
        return Next::Sleep(pending.due);
    }
    if pending.is_waiting {
        send(state, watched);
        return Next::Sleep(now);
    }
    if pending.sent_on.is_none() {
        // No connection: an event waits for the next one, an interaction fails at once in the person's client.
        if pending.envelope_type == EVENTS {
            return Next::Sleep(now + ack_timeout);
        }
        app.pending.remove(&watched.number);
        return Next::Done;
    }
    let delay = retry_delays.get(pending.attempt as usize);
    if let (Some(delay), EVENTS, false) = (delay, pending.envelope_type, pending.is_last) {
        pending.attempt += 1;
        pending.retry_reason = pending.failure.take().unwrap_or("timeout");
        pending.is_waiting = true;
        pending.due = now + *delay;
        return Next::Sleep(pending.due);
    }
    app.pending.remove(&watched.number);
    Next::Done
}

impl Pending {
    pub(crate) fn attempt(&self) -> (u32, &'static str) {
        (self.attempt, self.retry_reason)
    }

    /// Marks the request as failed, so that the next check happens at once instead of after the timeout.
    pub(crate) fn failed(&mut self, reason: &'static str, is_last: bool) {
        self.failure = Some(reason);
        self.is_last = is_last;
        self.due = Instant::now();
    }
}
