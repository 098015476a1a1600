//! Socket Mode: a few connections that are always there, each read by a loop of its own.
//!
//! An envelope is acknowledged only after the [`Sink`] has stored it. A `disconnect` opens the next connection before the
//! old one is left, which is then read until the server closes it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use backon::{BackoffBuilder as _, ExponentialBuilder};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, info, warn};

use super::decode::{self, Envelope, Frame};
use super::web::{self, Web};
use crate::net::{self, Net, WebSocket};

/// Frames that are stored in one transaction at most.
const BATCH: usize = 64;

/// Where envelopes go and who is told about connections.
#[async_trait]
pub trait Sink: Send + Sync + 'static {
    /// Stores the envelopes. Once this returns, they are acknowledged; on an error they are not, and Slack sends them
    /// again.
    async fn take(&self, envelopes: Vec<Envelope>) -> Result<(), String>;

    /// A connection said hello. `overlap`: connections of ours that are being left at this moment.
    fn opened(&self, num_connections: Option<u32>, overlap: u32);

    /// A connection that had said hello is gone.
    fn closed(&self);
}

/// How long things take.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// Between our pings.
    pub ping: Duration,
    /// A connection on which nothing was heard for this long is dead.
    pub idle: Duration,
    /// How long an old connection is read on after the next one said hello.
    pub drain: Duration,
    /// First and longest wait before connecting again.
    pub back_off: (Duration, Duration),
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            ping: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            drain: Duration::from_secs(10),
            back_off: (Duration::from_millis(500), Duration::from_mins(1)),
        }
    }
}

/// The connections.
pub struct Sockets {
    net: Net,
    web: Arc<Web>,
    sink: Arc<dyn Sink>,
    timing: Timing,
    leaving: AtomicU32,
    renew: Notify,
    /// An address that was opened to see whether the token is good; it can be used once.
    first: Mutex<Option<String>>,
}

impl std::fmt::Debug for Sockets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sockets")
            .field("timing", &self.timing)
            .finish_non_exhaustive()
    }
}

/// How reading a connection ended.
enum End {
    /// It is to be replaced, and goes on until it is.
    HandOver {
        socket: Box<WebSocket>,
        /// Whether it had said hello.
        hello: bool,
    },
    /// It is gone.
    Lost(String),
    /// The bot shuts down.
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
    /// Connections of `web`'s app, whose envelopes go to `sink`. `first`: an address that was opened already.
    pub fn new(net: Net, web: Arc<Web>, sink: Arc<dyn Sink>, timing: Timing, first: String) -> Self {
        Self {
            net,
            web,
            sink,
            timing,
            leaving: AtomicU32::new(0),
            renew: Notify::new(),
            first: Mutex::new(Some(first)),
        }
    }

    /// Replaces one connection, so that its `hello` tells anew how many there are.
    pub fn renew_one(&self) {
        self.renew.notify_one();
    }

    /// Holds one connection until shutdown.
    pub async fn hold(self: Arc<Self>, tracker: TaskTracker, shutdown: CancellationToken) {
        let (least, most) = self.timing.back_off;
        let policy = ExponentialBuilder::default()
            .with_min_delay(least)
            .with_max_delay(most)
            .without_max_times()
            .with_jitter();
        let mut delays = policy.build();
        let mut old = Vec::new();
        while !shutdown.is_cancelled() {
            let begun = Instant::now();
            let mut wait = None;
            let mut handed_over = false;
            match self.connect().await {
                Ok(socket) => match self.read(socket, &mut old, &shutdown).await {
                    End::Shutdown => return,
                    End::HandOver { socket, hello } => {
                        handed_over = true;
                        let replaced = CancellationToken::new();
                        old.push(replaced.clone());
                        tracker.spawn(Arc::clone(&self).drain(*socket, hello, replaced, shutdown.clone()));
                    }
                    End::Lost(why) => warn!(slack.why = why, "a connection to Slack is lost; opening the next"),
                },
                Err(cause) => {
                    if let ConnectError::Web(web::Error::RateLimited { after, .. }) = &cause {
                        wait = Some(*after);
                    }
                    if let ConnectError::Web(web::Error::Auth { .. }) = &cause {
                        error!(%cause, "Slack refuses the app token: no message comes in until a person mends it");
                        wait = Some(most);
                    } else {
                        warn!(%cause, "no connection to Slack; trying again");
                    }
                }
            }
            // A connection that held for a while is renewed at once; one that did not must not make a busy loop.
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
        let first = self.first.lock().ok().and_then(|mut first| first.take());
        let url = match first {
            Some(url) => url,
            None => self.web.connections_open().await?,
        };
        Ok(self.net.websocket(&url).await?)
    }

    async fn read(&self, mut socket: WebSocket, old: &mut Vec<CancellationToken>, shutdown: &CancellationToken) -> End {
        let mut reading = Reading::new(self.timing);
        let mut hello = false;
        let end = loop {
            let step = tokio::select! {
                biased;
                () = shutdown.cancelled() => break End::Shutdown,
                () = self.renew.notified(), if hello => {
                    break End::HandOver { socket: Box::new(socket), hello };
                }
                step = reading.step(&mut socket) => step,
            };
            match step {
                Step::Frames(frames) => match self.frames(&mut socket, frames).await {
                    Ok(seen) => {
                        if seen.hello && !hello {
                            hello = true;
                            self.sink.opened(seen.connections, self.leaving.load(Ordering::Relaxed));
                            old.drain(..).for_each(|old| old.cancel());
                        }
                        if let Some(reason) = seen.disconnect {
                            info!(
                                slack.reason = reason,
                                "Slack asks to leave a connection; opening the next first"
                            );
                            if reason == "link_disabled" {
                                error!("Socket Mode is switched off in the app's settings: switch it on again");
                            }
                            break End::HandOver {
                                socket: Box::new(socket),
                                hello,
                            };
                        }
                    }
                    Err(why) => break End::Lost(why),
                },
                Step::Nothing => {}
                Step::Lost(why) => break End::Lost(why),
            }
        };
        match &end {
            End::HandOver { .. } => {
                self.leaving.fetch_add(1, Ordering::Relaxed);
            }
            End::Lost(_) | End::Shutdown if hello => self.sink.closed(),
            End::Lost(_) | End::Shutdown => {}
        }
        end
    }

    /// Reads an old connection on until the server closes it, or for a while after the next one is there.
    async fn drain(
        self: Arc<Self>,
        mut socket: WebSocket,
        hello: bool,
        replaced: CancellationToken,
        shutdown: CancellationToken,
    ) {
        let mut reading = Reading::new(self.timing);
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
                step = reading.step(&mut socket) => step,
            };
            match step {
                Step::Frames(frames) => {
                    if self.frames(&mut socket, frames).await.is_err() {
                        break;
                    }
                }
                Step::Nothing => {}
                Step::Lost(_) => break,
            }
        }
        let _ = socket.close(None).await;
        self.leaving.fetch_sub(1, Ordering::Relaxed);
        if hello {
            self.sink.closed();
        }
        debug!("an old connection to Slack is left");
    }

    /// Stores the envelopes among the frames, then acknowledges them.
    async fn frames(&self, socket: &mut WebSocket, frames: Vec<String>) -> Result<Seen, String> {
        let mut seen = Seen::default();
        let mut envelopes = Vec::new();
        for text in frames {
            match decode::frame(&text) {
                Some(Frame::Hello { num_connections }) => {
                    seen.hello = true;
                    seen.connections = num_connections;
                }
                Some(Frame::Disconnect { reason }) => seen.disconnect = Some(reason),
                Some(Frame::Envelope(envelope)) => envelopes.push(envelope),
                Some(Frame::Unknown) => warn!(slack.bytes = text.len(), "a frame of an unknown kind is set aside"),
                None => warn!(slack.bytes = text.len(), "a frame that is no JSON object is set aside"),
            }
        }
        if envelopes.is_empty() {
            return Ok(seen);
        }
        let ids: Vec<String> = envelopes.iter().map(|envelope| envelope.id.clone()).collect();
        if let Err(cause) = self.sink.take(envelopes).await {
            error!(
                cause,
                count = ids.len(),
                "envelopes could not be stored and are not acknowledged"
            );
            return Ok(seen);
        }
        for id in ids {
            let ack = serde_json::json!({"envelope_id": id}).to_string();
            socket
                .feed(Message::text(ack))
                .await
                .map_err(|cause| cause.to_string())?;
        }
        socket.flush().await.map_err(|cause| cause.to_string())?;
        Ok(seen)
    }
}

/// What a batch of frames told about the connection.
#[derive(Debug, Default)]
struct Seen {
    hello: bool,
    connections: Option<u32>,
    disconnect: Option<String>,
}

enum Step {
    Frames(Vec<String>),
    Nothing,
    Lost(String),
}

/// Reads, pings, and notices silence.
struct Reading {
    heard: Instant,
    ping: tokio::time::Interval,
    idle: Duration,
}

impl Reading {
    fn new(timing: Timing) -> Self {
        let mut ping = tokio::time::interval_at(Instant::now() + timing.ping, timing.ping);
        ping.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        Self {
            heard: Instant::now(),
            ping,
            idle: timing.idle,
        }
    }

    /// The next frames, with those that are there already. Cancel-safe: a frame is taken only when it is returned.
    async fn step(&mut self, socket: &mut WebSocket) -> Step {
        tokio::select! {
            frame = socket.next() => {
                self.heard = Instant::now();
                let mut frames = Vec::new();
                let mut next = Some(frame);
                while let Some(frame) = next {
                    match frame {
                        Some(Ok(frame)) => frames.extend(text_of(frame)),
                        Some(Err(cause)) if frames.is_empty() => return Step::Lost(cause.to_string()),
                        None if frames.is_empty() => return Step::Lost("Slack closed it".to_owned()),
                        // Said again at the next step.
                        Some(Err(_)) | None => break,
                    }
                    next = if frames.len() < BATCH { socket.next().now_or_never() } else { None };
                }
                if frames.is_empty() { Step::Nothing } else { Step::Frames(frames) }
            }
            _ = self.ping.tick() => {
                if self.heard.elapsed() >= self.idle {
                    return Step::Lost(format!("nothing was heard for {} s", self.idle.as_secs()));
                }
                match socket.send(Message::Ping(Vec::new().into())).await {
                    Ok(()) => Step::Nothing,
                    Err(cause) => Step::Lost(cause.to_string()),
                }
            }
        }
    }
}

fn text_of(message: Message) -> Option<String> {
    match message {
        Message::Text(text) => Some(text.to_string()),
        // Not Slack's way, but what it holds may still be read.
        Message::Binary(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => None,
    }
}
