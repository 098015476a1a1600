//! What every door has in common, Socket Mode and HTTP: events are stored in batches, interactions are answered beside
//! them and never wait for them. An interaction that is delivered again gets the answer that it had.

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

use self::recent::{Arrival, Recent};
use super::decode::Envelope;
use super::outbound_filter;

/// Envelopes that are stored in one transaction at most: few enough that nobody else waits long for the store.
const BATCH: usize = 256;
/// Envelopes of one queue that wait to be stored. Slack sends a workspace's app 30,000 in an hour at most.
const MOST: usize = 8_192;
/// KiB of payloads that wait to be stored, of all queues together.
const MOST_KIB: usize = 32 * 1024;

/// Where envelopes go and who is told about connections.
#[async_trait]
pub trait EnvelopeHandler: Send + Sync + 'static {
    /// Stores the envelopes. Once this returns, they are acknowledged; on an error they are not, and Slack sends them
    /// again.
    async fn take(&self, envelopes: Vec<Envelope>) -> Result<(), String>;

    /// Answers an interaction or a slash command: what goes along with the acknowledgement. Slack does not send these
    /// again, so they are acknowledged on an error too, and once the time that Slack gives is nearly over; then this
    /// goes on and its value goes nowhere.
    async fn answer(&self, envelope: Envelope) -> Result<Option<Value>, String>;

    /// A connection said hello. `overlap`: connections of ours that are being left at this moment.
    fn opened(&self, num_connections: Option<u32>, overlap: u32);

    /// A connection that had said hello is gone.
    fn closed(&self);
}

/// The way from a door to the [`EnvelopeHandler`].
#[derive(Clone)]
pub struct Inbound {
    sink: Arc<dyn EnvelopeHandler>,
    tracker: TaskTracker,
    hard: CancellationToken,
    patience: Duration,
    /// What is free of [`MOST_KIB`].
    room: Arc<Semaphore>,
    recent: Arc<Recent>,
}

impl std::fmt::Debug for Inbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door")
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

impl Inbound {
    /// Its tasks run on `tracker` and end at once with `hard`. An interaction is acknowledged after `patience` at the
    /// latest.
    pub fn new(
        sink: Arc<dyn EnvelopeHandler>,
        tracker: TaskTracker,
        hard: CancellationToken,
        patience: Duration,
    ) -> Self {
        Self {
            sink,
            tracker,
            hard,
            patience,
            room: Arc::new(Semaphore::new(MOST_KIB)),
            recent: Arc::default(),
        }
    }

    /// Who is told about connections.
    pub(super) fn sink(&self) -> &dyn EnvelopeHandler {
        self.sink.as_ref()
    }

    /// How long an interaction may take.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// Runs a task that shutdown waits for.
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

    /// Stores what is put into the queue, in order, until the queue and its copies are dropped. A panic below costs the
    /// envelopes of its batch, which are not acknowledged, and no more.
    pub(super) fn queue(&self) -> Queue {
        let (queue, mut waiting) = mpsc::channel::<(Envelope, Ack)>(MOST);
        let sink = Arc::clone(&self.sink);
        self.spawn(async move {
            let mut batch = Vec::new();
            while waiting.recv_many(&mut batch, BATCH).await > 0 {
                let (envelopes, told): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
                let count = told.len();
                let stored = store(sink.as_ref(), envelopes).await;
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

    /// What goes along with the acknowledgement of an interaction; there in time, whatever the sink does. The sink hears
    /// of an interaction once, however often it is delivered.
    pub(super) async fn answer(&self, envelope: Envelope) -> Option<Value> {
        let to = match self.recent.arrived(envelope.keys(), Instant::now()) {
            Arrival::New(to) => to,
            Arrival::Again(earlier) => {
                metrics::counter!("signpost_interactions_repeated_total").increment(1);
                info!(
                    slack.kind = envelope.kind,
                    "an interaction was delivered again; it is only acknowledged"
                );
                let answer = tokio::time::timeout(self.patience, earlier.answer()).await;
                return answer.ok().flatten();
            }
        };
        let (sink, hard, recent) = (Arc::clone(&self.sink), self.hard.clone(), Arc::clone(&self.recent));
        let mut answering = self.tracker.spawn(async move {
            let kind = envelope.kind.clone();
            let answer = tokio::select! {
                biased;
                () = hard.cancelled() => None,
                answer = sink.answer(envelope) => answer.unwrap_or_else(|cause| {
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
                warn!("an interaction takes long; it is acknowledged without an answer");
                None
            }
        }
    }
}

/// Hands envelopes to the sink. A panic there is an error here.
async fn store(sink: &dyn EnvelopeHandler, envelopes: Vec<Envelope>) -> Result<(), String> {
    // The call itself is inside as well, for a sink need not be written with `async fn`.
    let taking = async { sink.take(envelopes).await };
    let taken = AssertUnwindSafe(taking).catch_unwind().await;
    taken.unwrap_or_else(|_| {
        metrics::counter!("signpost_panics_total", "task" => "store").increment(1);
        Err("storing them panicked".to_owned())
    })
}

/// Is told whether an envelope was stored.
pub(super) type Ack = Box<dyn FnOnce(bool) + Send>;

/// Events on their way into the store.
#[derive(Clone)]
pub(super) struct Queue {
    queue: mpsc::Sender<(Envelope, Ack)>,
    room: Arc<Semaphore>,
}

impl Queue {
    /// Puts an envelope in; waits only while very many, or very large ones, wait already. `false`: nothing is stored any
    /// more.
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

/// About how much memory a payload takes.
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

    /// Stores nothing before it is told to.
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

    /// Puts in an envelope with a text of so many bytes.
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
        let sink = Arc::clone(&slow) as Arc<dyn EnvelopeHandler>;
        let tracker = TaskTracker::new();
        let door = Inbound::new(sink, tracker, CancellationToken::new(), Duration::from_secs(1));
        let queues = [door.queue(), door.queue()];
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
        let sink = Arc::clone(&slow) as Arc<dyn EnvelopeHandler>;
        let door = Inbound::new(
            sink,
            TaskTracker::new(),
            CancellationToken::new(),
            Duration::from_secs(1),
        );
        let queue = door.queue();
        assert!(put(&queue, 2 * MOST_KIB * 1024).await);
        assert!(put(&queue, 10).now_or_never().is_none());
    }
}
