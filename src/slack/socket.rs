//! Socket Mode: a few permanent connections, each read by a loop of its own.
//!
//! An event is acknowledged only after the handler has stored it, an interaction with its answer. Reading waits for
//! neither: both come back to the connection's loop, which does all the writing. On a `disconnect` the next connection
//! is opened before the old one is left, which is then read until the server closes it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use parking_lot::Mutex;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use super::decode::{self, Envelope, Frame};
use super::inbound::{Inbound, Queue};
use super::web::{self, Web};
use crate::net::{self, Net, WebSocket};

/// Minimum interval between log lines about connections that cannot be opened.
const SAID: Duration = Duration::from_mins(1);
/// Maximum number of frames read before other work gets its turn.
const BATCH: usize = 64;

/// Intervals and time limits of connections.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// Interval between the bot's pings.
    pub ping: Duration,
    /// Silence after which a connection counts as dead.
    pub idle: Duration,
    /// Time limit for reading an old connection after the next one said hello.
    pub drain: Duration,
    /// First and longest wait before connecting again.
    pub back_off: (Duration, Duration),
    /// Time limit of an interaction, after which it is acknowledged without an answer. Slack waits three seconds.
    pub answer: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            ping: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            drain: Duration::from_secs(10),
            back_off: (Duration::from_millis(500), Duration::from_mins(1)),
            answer: Duration::from_millis(1_900),
        }
    }
}

/// The app's Socket Mode connections.
pub struct Sockets {
    net: Net,
    web: Arc<Web>,
    inbound: Inbound,
    timing: Timing,
    app_token: SecretString,
    leaving: AtomicU32,
    renew: Notify,
    /// An address that was opened to check the token; it can be used once.
    first: Mutex<Option<String>>,
    /// The reason why no connection can be opened.
    trouble: watch::Sender<Option<String>>,
    /// The time of the last log line about `trouble`.
    said: Mutex<Option<Instant>>,
}

impl std::fmt::Debug for Sockets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sockets")
            .field("timing", &self.timing)
            .finish_non_exhaustive()
    }
}

/// The way in which reading a connection ended.
enum ReadEnd {
    /// The connection is to be replaced, and stays in use until then.
    HandOver(Box<Connection>),
    /// The connection is lost, for this reason.
    Lost(String),
    /// The bot is shutting down.
    Shutdown,
}

#[derive(Debug, thiserror::Error)]
enum ConnectError {
    #[error(transparent)]
    Web(#[from] web::Error),
    #[error(transparent)]
    Net(#[from] net::Error),
}

impl Sockets {
    /// Creates the connections of the app with this token, whose envelopes go through `inbound`. `first`: an address that
    /// was opened already.
    pub fn new(
        net: Net,
        web: Arc<Web>,
        inbound: Inbound,
        timing: Timing,
        app_token: SecretString,
        first: impl Into<Option<String>>,
    ) -> Self {
        Self {
            net,
            web,
            inbound,
            timing,
            app_token,
            leaving: AtomicU32::new(0),
            renew: Notify::new(),
            first: Mutex::new(first.into()),
            trouble: watch::Sender::new(None),
            said: Mutex::default(),
        }
    }

    /// Sets the address for the first connection.
    pub fn begin_with(&self, first: Option<String>) {
        *self.first.lock() = first;
    }

    /// The reason why no connection can be opened at the moment; `None` while that works.
    pub fn trouble(&self) -> watch::Receiver<Option<String>> {
        self.trouble.subscribe()
    }

    /// Replaces one connection, so that the new one's `hello` tells how many there are.
    pub fn renew_one(&self) {
        self.renew.notify_one();
    }

    /// Keeps one connection open until shutdown.
    pub async fn hold(self: Arc<Self>, shutdown: CancellationToken) {
        let (least, most) = self.timing.back_off;
        // Jitter makes a wait up to twice as long.
        let policy = ExponentialBuilder::default()
            .with_min_delay(least)
            .with_max_delay(most / 2)
            .without_max_times()
            .with_jitter();
        let mut delays = policy.build();
        let mut old = Vec::new();
        while !shutdown.is_cancelled() {
            let begun = Instant::now();
            let mut wait = None;
            let mut handed_over = false;
            let connected = tokio::select! {
                () = shutdown.cancelled() => return,
                connected = self.connect() => connected,
            };
            match connected {
                Ok(socket) => match self
                    .read(Connection::new(socket, &self.inbound), &mut old, &shutdown)
                    .await
                {
                    ReadEnd::Shutdown => return,
                    ReadEnd::HandOver(line) => {
                        handed_over = true;
                        let replaced = CancellationToken::new();
                        old.push(replaced.clone());
                        self.inbound
                            .spawn(Arc::clone(&self).drain(*line, replaced, shutdown.clone()));
                    }
                    ReadEnd::Lost(why) => warn!(slack.why = why, "a connection to Slack was lost; opening the next"),
                },
                Err(cause) => {
                    if let ConnectError::Web(web::Error::RateLimited { after, .. }) = &cause {
                        wait = Some((*after).max(least));
                    }
                    if self.log_error(&cause) {
                        wait = Some(most);
                    }
                }
            }
            // A connection that lasted a while is renewed at once; one that did not must not cause a busy loop.
            if begun.elapsed() >= self.timing.idle {
                delays = policy.build();
            }
            if handed_over && begun.elapsed() >= least {
                continue;
            }
            let wait = wait.or_else(|| delays.next()).unwrap_or(most);
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn connect(&self) -> Result<WebSocket, ConnectError> {
        let first = self.first.lock().take();
        let url = match first {
            Some(url) => url,
            None => self.web.connections_open(&self.app_token).await?,
        };
        let socket = self.net.websocket(&url).await?;
        self.trouble.send_if_modified(|trouble| trouble.take().is_some());
        Ok(socket)
    }

    /// Logs why no connection can be opened, at most once a minute for all connections together. Returns true when only
    /// a person can fix it.
    fn log_error(&self, cause: &ConnectError) -> bool {
        let is_refused = matches!(cause, ConnectError::Web(web::Error::Auth { .. }));
        let why = if is_refused {
            format!("Slack rejects the app token: {cause}")
        } else {
            format!("no connection to Slack can be opened: {cause}")
        };
        self.trouble.send_replace(Some(why.clone()));
        let mut said = self.said.lock();
        if said.is_some_and(|at| at.elapsed() < SAID) {
            debug!(why, "a connection cannot be opened; retrying");
            return is_refused;
        }
        *said = Some(Instant::now());
        drop(said);
        if is_refused {
            error!(why, "no messages are received until the app token is fixed");
        } else {
            warn!(why, "a connection cannot be opened; retrying");
        }
        is_refused
    }

    async fn read(
        &self,
        mut line: Connection,
        old: &mut Vec<CancellationToken>,
        shutdown: &CancellationToken,
    ) -> ReadEnd {
        let mut reading = ConnectionReader::new(self.timing);
        let (end, hello) = loop {
            let step = tokio::select! {
                biased;
                () = shutdown.cancelled() => {
                    let hello = line.hello;
                    line.finish(self.inbound.patience()).await;
                    break (ReadEnd::Shutdown, hello);
                }
                () = self.renew.notified(), if line.hello => break (ReadEnd::HandOver(Box::new(line)), false),
                Some(ack) = line.acks.recv() => line.acknowledge(ack).await,
                step = reading.step(&mut line.socket) => step,
            };
            let seen = match step {
                SocketStep::Frames(frames) => line.take(&self.inbound, frames).await,
                SocketStep::Nothing => continue,
                SocketStep::Lost(why) => Err(why),
            };
            let seen = match seen {
                Ok(seen) => seen,
                Err(why) => break (ReadEnd::Lost(why), line.hello),
            };
            if seen.hello && !line.hello {
                line.hello = true;
                self.inbound
                    .handler()
                    .opened(seen.connections, self.leaving.load(Ordering::Relaxed));
                old.drain(..).for_each(|old| old.cancel());
            }
            if let Some(reason) = seen.disconnect {
                info!(
                    slack.reason = reason,
                    "Slack asked to close a connection; opening the next first"
                );
                if reason == "link_disabled" {
                    error!("Socket Mode is turned off in the app's settings; turn it back on");
                }
                break (ReadEnd::HandOver(Box::new(line)), false);
            }
        };
        match &end {
            ReadEnd::HandOver(_) => {
                self.leaving.fetch_add(1, Ordering::Relaxed);
            }
            ReadEnd::Lost(_) | ReadEnd::Shutdown if hello => self.inbound.handler().closed(),
            ReadEnd::Lost(_) | ReadEnd::Shutdown => {}
        }
        end
    }

    /// Reads an old connection until the server closes it, or for a while after the next one is open.
    async fn drain(self: Arc<Self>, mut line: Connection, replaced: CancellationToken, shutdown: CancellationToken) {
        let mut reading = ConnectionReader::new(self.timing);
        let enough = async {
            replaced.cancelled().await;
            tokio::time::sleep(self.timing.drain).await;
        };
        tokio::pin!(enough);
        loop {
            let step = tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                () = &mut enough => break,
                Some(ack) = line.acks.recv() => line.acknowledge(ack).await,
                step = reading.step(&mut line.socket) => step,
            };
            match step {
                SocketStep::Frames(frames) => {
                    if line.take(&self.inbound, frames).await.is_err() {
                        break;
                    }
                }
                SocketStep::Nothing => {}
                SocketStep::Lost(_) => break,
            }
        }
        let hello = line.hello;
        line.finish(self.inbound.patience()).await;
        self.leaving.fetch_sub(1, Ordering::Relaxed);
        if hello {
            self.inbound.handler().closed();
        }
        debug!("an old connection to Slack is closed");
    }
}

/// A connection, and the acknowledgements to write on it.
struct Connection {
    socket: WebSocket,
    /// True once the connection has said hello.
    hello: bool,
    /// Events on their way into the store.
    queue: Queue,
    /// Sender of acknowledgements; they are discarded once the connection is gone.
    ack: mpsc::UnboundedSender<String>,
    acks: mpsc::UnboundedReceiver<String>,
}

impl Connection {
    fn new(socket: WebSocket, inbound: &Inbound) -> Self {
        let (ack, acks) = mpsc::unbounded_channel();
        Self {
            socket,
            hello: false,
            queue: inbound.queue(),
            ack,
            acks,
        }
    }

    /// Passes events on to be stored and interactions to be answered. Both come back as acknowledgements.
    async fn take(&self, inbound: &Inbound, frames: Vec<String>) -> Result<ConnectionState, String> {
        let mut seen = ConnectionState::default();
        for text in frames {
            match decode::frame(&text) {
                Some(Frame::Hello { num_connections }) => {
                    seen.hello = true;
                    seen.connections = num_connections;
                }
                Some(Frame::Disconnect { reason }) => seen.disconnect = Some(reason),
                Some(Frame::Envelope(envelope)) => self.envelope(inbound, envelope).await?,
                Some(Frame::Unknown) => warn!(slack.bytes = text.len(), "a frame of an unknown kind is ignored"),
                None => warn!(slack.bytes = text.len(), "a frame that is not a JSON object is ignored"),
            }
        }
        Ok(seen)
    }

    async fn envelope(&self, inbound: &Inbound, envelope: Envelope) -> Result<(), String> {
        let (ack, id) = (self.ack.clone(), envelope.id.clone());
        if envelope.is_interaction() {
            let (answering, accepts) = (inbound.clone(), envelope.accepts_payload);
            inbound.spawn(async move {
                let answer = answering.answer(envelope).await.filter(|_| accepts);
                let _ = ack.send(acknowledgement(&id, answer));
            });
            return Ok(());
        }
        let told = Box::new(move |stored| {
            if stored {
                let _ = ack.send(acknowledgement(&id, None));
            }
        });
        if self.queue.put(envelope, told).await {
            Ok(())
        } else {
            Err("events are no longer stored".to_owned())
        }
    }

    /// Writes an acknowledgement and those queued after it.
    async fn acknowledge(&mut self, first: String) -> SocketStep {
        let mut next = Some(first);
        while let Some(ack) = next {
            if let Err(cause) = self.socket.feed(Message::text(ack)).await {
                return SocketStep::Lost(cause.to_string());
            }
            next = self.acks.try_recv().ok();
        }
        match self.socket.flush().await {
            Ok(()) => SocketStep::Nothing,
            Err(cause) => SocketStep::Lost(cause.to_string()),
        }
    }

    /// Acknowledges the envelopes that are still being processed, then closes.
    async fn finish(self, patience: Duration) {
        let Self {
            mut socket,
            queue,
            ack,
            mut acks,
            ..
        } = self;
        // With these gone, `acks` ends once everything in progress is done.
        drop((queue, ack));
        let rest = async {
            while let Some(ack) = acks.recv().await {
                if socket.send(Message::text(ack)).await.is_err() {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(patience, rest).await;
        let _ = socket.close(None).await;
    }
}

fn acknowledgement(id: &str, payload: Option<Value>) -> String {
    match payload {
        Some(payload) => json!({"envelope_id": id, "payload": payload}),
        None => json!({"envelope_id": id}),
    }
    .to_string()
}

/// The connection's state as told by a batch of frames.
#[derive(Debug, Default)]
struct ConnectionState {
    hello: bool,
    connections: Option<u32>,
    disconnect: Option<String>,
}

enum SocketStep {
    Frames(Vec<String>),
    Nothing,
    Lost(String),
}

/// Reader of a connection, which also pings and detects silence.
struct ConnectionReader {
    last_frame_at: Instant,
    ping: tokio::time::Interval,
    idle: Duration,
}

impl ConnectionReader {
    fn new(timing: Timing) -> Self {
        let mut ping = tokio::time::interval_at(Instant::now() + timing.ping, timing.ping);
        ping.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        Self {
            last_frame_at: Instant::now(),
            ping,
            idle: timing.idle,
        }
    }

    /// Returns the next frames, including those that are there already. Cancel-safe: a frame is taken only when it is
    /// returned.
    async fn step(&mut self, socket: &mut WebSocket) -> SocketStep {
        tokio::select! {
            frame = socket.next() => {
                self.last_frame_at = Instant::now();
                let mut frames = Vec::new();
                let mut next = Some(frame);
                while let Some(frame) = next {
                    match frame {
                        Some(Ok(frame)) => frames.extend(text_of(frame)),
                        Some(Err(cause)) if frames.is_empty() => return SocketStep::Lost(cause.to_string()),
                        None if frames.is_empty() => return SocketStep::Lost("Slack closed it".to_owned()),
                        // The error is returned again at the next step.
                        Some(Err(_)) | None => break,
                    }
                    next = if frames.len() < BATCH { socket.next().now_or_never() } else { None };
                }
                if frames.is_empty() { SocketStep::Nothing } else { SocketStep::Frames(frames) }
            }
            _ = self.ping.tick() => {
                if self.last_frame_at.elapsed() >= self.idle {
                    return SocketStep::Lost(format!("nothing was received for {} s", self.idle.as_secs()));
                }
                match socket.send(Message::Ping(Vec::new().into())).await {
                    Ok(()) => SocketStep::Nothing,
                    Err(cause) => SocketStep::Lost(cause.to_string()),
                }
            }
        }
    }
}

fn text_of(message: Message) -> Option<String> {
    match message {
        Message::Text(text) => Some(text.to_string()),
        // Slack does not send binary frames, but their content may still be readable.
        Message::Binary(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => None,
    }
}
