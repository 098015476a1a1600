//! The intake common to Socket Mode and HTTP: events are stored in batches; interactions are answered alongside and
//! never wait for them. An interaction that is delivered again gets the answer that it had.

mod recent;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

use self::recent::{Recent, Repetition};
use super::decode::Envelope;
use super::outbound_filter;

/// Maximum number of envelopes stored in one transaction: few enough that nobody else waits long for the store.
const BATCH: usize = 256;
/// Maximum number of envelopes of one queue that wait to be stored. Slack sends a workspace's app 30,000 in an hour at
/// most.
const MOST: usize = 8_192;
/// Maximum KiB of payloads that wait to be stored, over all queues.
const MOST_KIB: usize = 32 * 1024;

/// Handler of envelopes, and observer of connections.
#[async_trait]
pub trait EnvelopeHandler: Send + Sync + 'static {
    /// Stores the envelopes. They are acknowledged once this returns `Ok`; on an error they are not, and Slack sends
    /// them again.
    async fn take(&self, envelopes: Vec<Envelope>) -> Result<(), String>;

    /// Answers an interaction or a slash command; the value is sent with the acknowledgement. Slack does not send these
    /// again, so they are acknowledged on an error too, and shortly before Slack's time limit; in the latter case this
    /// runs on and its value is not sent.
    async fn answer(&self, envelope: Envelope) -> Result<Option<Value>, String>;

    /// Called when a connection said hello. `overlap`: number of our connections that are being left at this moment.
    fn opened(&self, num_connections: Option<u32>, overlap: u32);

    /// Called when a connection that had said hello is gone.
    fn closed(&self);
}

/// Hands envelopes from Socket Mode or HTTP to the [`EnvelopeHandler`].
#[derive(Clone)]
pub struct Inbound {
    handler: Arc<dyn EnvelopeHandler>,
    tracker: TaskTracker,
    hard: CancellationToken,
    patience: Duration,
    /// The unused part of [`MOST_KIB`].
    room: Arc<Semaphore>,
    recent: Arc<Recent>,
}

impl std::fmt::Debug for Inbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inbound")
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

impl Inbound {
    /// Creates an intake whose tasks run on `tracker` and end at once with `hard`. An interaction is acknowledged after
    /// `patience` at the latest.
    pub fn new(
        handler: Arc<dyn EnvelopeHandler>,
        tracker: TaskTracker,
        hard: CancellationToken,
        patience: Duration,
    ) -> Self {
        Self {
            handler,
            tracker,
            hard,
            patience,
            room: Arc::new(Semaphore::new(MOST_KIB)),
            recent: Arc::default(),
        }
    }

    /// The handler of the envelopes.
    pub(super) fn handler(&self) -> &dyn EnvelopeHandler {
        self.handler.as_ref()
    }

    /// Time limit for answering an interaction.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// Spawns a task that shutdown waits for.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let hard = self.hard.clone();
        self.tracker.spawn(async move {
            tokio::select! {
                biased;
                () = hard.cancelled() => {}
                () = task => {}
            }
        });
    }

    /// Starts a queue whose envelopes are stored in order until the queue and its copies are dropped. A panic in the
    /// handler costs only the envelopes of its batch, which are not acknowledged.
    pub(super) fn queue(&self) -> Queue {
        let (queue, mut waiting) = mpsc::channel::<(Envelope, Ack)>(MOST);
        let handler = Arc::clone(&self.handler);
        self.spawn(async move {
            let mut batch = Vec::new();
            while waiting.recv_many(&mut batch, BATCH).await > 0 {
                let (envelopes, told): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
                let count = told.len();
                let stored = store(handler.as_ref(), envelopes).await;
                if let Err(cause) = &stored {
                    error!(cause, count, "envelopes could not be stored and are not acknowledged");
                }
                for told in told {
                    told(stored.is_ok());
                }
            }
        });
        Queue {
            queue,
            room: Arc::clone(&self.room),
        }
    }

    /// Answers an interaction: the value to send with its acknowledgement. Returns in time, whatever the handler does. The
    /// handler gets an interaction once, however often it is delivered.
    pub(super) async fn answer(&self, envelope: Envelope) -> Option<Value> {
        let to = match self.recent.arrived(envelope.keys(), Instant::now()) {
            Repetition::New(to) => to,
            Repetition::Again(earlier) => {
                metrics::counter!("signpost_interactions_repeated_total").increment(1);
                info!(
                    slack.kind = envelope.kind,
                    "an interaction was delivered again; it is only acknowledged"
                );
                let answer = tokio::time::timeout(self.patience, earlier.answer()).await;
                return answer.ok().flatten();
            }
        };
        let (handler, hard, recent) = (Arc::clone(&self.handler), self.hard.clone(), Arc::clone(&self.recent));
        let mut answering = self.tracker.spawn(async move {
            let kind = envelope.kind.clone();
            let answer = tokio::select! {
                biased;
                () = hard.cancelled() => None,
                answer = handler.answer(envelope) => answer.unwrap_or_else(|cause| {
                    error!(cause, slack.kind = kind, "an interaction could not be answered");
                    None
                }),
            };
            let answer = answer.map(|mut answer| {
                outbound_filter::block(&mut answer);
                answer
            });
            recent.answered(to, answer.clone());
            answer
        });
        match tokio::time::timeout(self.patience, &mut answering).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(cause)) => {
                metrics::counter!("signpost_panics_total", "task" => "answer").increment(1);
                error!(%cause, "the answer to an interaction panicked; it is acknowledged without one");
                None
            }
            Err(_) => {
                warn!("an interaction is taking long; it is acknowledged without an answer");
                None
            }
        }
    }
}

/// Hands envelopes to the handler. A panic there is returned as an error.
async fn store(handler: &dyn EnvelopeHandler, envelopes: Vec<Envelope>) -> Result<(), String> {
    // The call itself is inside the block as well, for a handler need not be written with `async fn`.
    let taking = async { handler.take(envelopes).await };
    let taken = AssertUnwindSafe(taking).catch_unwind().await;
    taken.unwrap_or_else(|_| {
        metrics::counter!("signpost_panics_total", "task" => "store").increment(1);
        Err("storing them panicked".to_owned())
    })
}

/// Callback that is told whether an envelope was stored.
pub(super) type Ack = Box<dyn FnOnce(bool) + Send>;

/// Sending half of a queue of events to be stored.
#[derive(Clone)]
pub(super) struct Queue {
    queue: mpsc::Sender<(Envelope, Ack)>,
    room: Arc<Semaphore>,
}

impl Queue {
    /// Queues an envelope; waits only while very many, or very large ones, are queued already. Returns false when
    /// nothing is stored any more.
    pub(super) async fn put(&self, envelope: Envelope, told: Ack) -> bool {
        let kib = (bytes_of(&envelope.payload) / 1024 + 1).min(MOST_KIB) as u32;
        let Ok(room) = Arc::clone(&self.room).acquire_many_owned(kib).await else {
            return false;
        };
        let told = Box::new(move |stored| {
            drop(room);
            told(stored);
        });
        self.queue.send((envelope, told)).await.is_ok()
    }
}

/// Approximate memory used by a payload, in bytes.
fn bytes_of(value: &Value) -> usize {
    let inside = match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(bytes_of).sum(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| 2 * name.len() + bytes_of(value))
            .sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    };
    size_of::<Value>() + inside
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use serde_json::json;
    use tokio::sync::Notify;

    use super::*;

    /// Handler that stores nothing before it is told to.
    #[derive(Default)]
    struct Slow(Notify);

    #[async_trait]
    impl EnvelopeHandler for Slow {
        async fn take(&self, _: Vec<Envelope>) -> Result<(), String> {
            self.0.notified().await;
            Ok(())
        }

        async fn answer(&self, _: Envelope) -> Result<Option<Value>, String> {
            Ok(None)
        }

        fn opened(&self, _: Option<u32>, _: u32) {}

        fn closed(&self) {}
    }

    /// Queues an envelope whose text has the given number of bytes.
    async fn put(queue: &Queue, bytes: usize) -> bool {
        let envelope = Envelope {
            id: "1".to_owned(),
            kind: "events_api".to_owned(),
            payload: json!({"text": "x".repeat(bytes)}),
            retry_attempt: 0,
            accepts_payload: false,
        };
        queue.put(envelope, Box::new(|_| {})).await
    }

    #[tokio::test]
    async fn what_waits_to_be_stored_is_bounded_in_bytes_over_all_queues() {
        let slow = Arc::new(Slow::default());
        let handler = Arc::clone(&slow) as Arc<dyn EnvelopeHandler>;
        let tracker = TaskTracker::new();
        let inbound = Inbound::new(handler, tracker, CancellationToken::new(), Duration::from_secs(1));
        let queues = [inbound.queue(), inbound.queue()];
        let mut taken = [0, 0];
        for (size, taken) in [1_000_000, 10].into_iter().zip(&mut taken) {
            while put(&queues[*taken % 2], size).now_or_never().is_some() {
                *taken += 1;
            }
        }
        assert!((30..40).contains(&taken[0]) && taken[1] < 1_000, "{taken:?}");
        slow.0.notify_one();
        let stored = tokio::time::timeout(Duration::from_secs(20), put(&queues[0], 10));
        assert!(stored.await.unwrap());
    }

    #[tokio::test]
    async fn an_envelope_larger_than_all_room_is_stored_alone() {
        let slow = Arc::new(Slow::default());
        let handler = Arc::clone(&slow) as Arc<dyn EnvelopeHandler>;
        let inbound = Inbound::new(
            handler,
            TaskTracker::new(),
            CancellationToken::new(),
            Duration::from_secs(1),
        );
        let queue = inbound.queue();
        assert!(put(&queue, 2 * MOST_KIB * 1024).await);
        assert!(put(&queue, 10).now_or_never().is_none());
    }
}
