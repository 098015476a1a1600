//! What every door has in common, Socket Mode and HTTP: events are stored in batches, interactions are answered beside
//! them and never wait for them. An interaction that is delivered again gets the answer that it had.

mod recent;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

use self::recent::{Arrival, Recent};
use super::decode::Envelope;
use super::gate;

/// Envelopes that are stored in one transaction at most: few enough that nobody else waits long for the store.
const BATCH: usize = 256;
/// Envelopes of one queue that wait to be stored. Slack sends a workspace's app 30,000 in an hour at most.
const MOST: usize = 8_192;

/// Where envelopes go and who is told about connections.
#[async_trait]
pub trait Sink: Send + Sync + 'static {
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

/// The way from a door to the [`Sink`].
#[derive(Clone)]
pub struct Door {
    sink: Arc<dyn Sink>,
    tracker: TaskTracker,
    hard: CancellationToken,
    patience: Duration,
    recent: Arc<Recent>,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door")
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

impl Door {
    /// Its tasks run on `tracker` and end at once with `hard`. An interaction is acknowledged after `patience` at the
    /// latest.
    pub fn new(sink: Arc<dyn Sink>, tracker: TaskTracker, hard: CancellationToken, patience: Duration) -> Self {
        Self {
            sink,
            tracker,
            hard,
            patience,
            recent: Arc::default(),
        }
    }

    /// Who is told about connections.
    pub(super) fn sink(&self) -> &dyn Sink {
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
        let (queue, mut waiting) = mpsc::channel::<(Envelope, Told)>(MOST);
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
        Queue(queue)
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
                gate::block(&mut answer);
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
async fn store(sink: &dyn Sink, envelopes: Vec<Envelope>) -> Result<(), String> {
    // The call itself is inside as well, for a sink need not be written with `async fn`.
    let taking = async { sink.take(envelopes).await };
    let taken = AssertUnwindSafe(taking).catch_unwind().await;
    taken.unwrap_or_else(|_| {
        metrics::counter!("signpost_panics_total", "task" => "store").increment(1);
        Err("storing them panicked".to_owned())
    })
}

/// Is told whether an envelope was stored.
pub(super) type Told = Box<dyn FnOnce(bool) + Send>;

/// Events on their way into the store.
#[derive(Clone)]
pub(super) struct Queue(mpsc::Sender<(Envelope, Told)>);

impl Queue {
    /// Puts an envelope in; waits only while very many wait already. `false`: nothing is stored any more.
    pub(super) async fn put(&self, envelope: Envelope, told: Told) -> bool {
        self.0.send((envelope, told)).await.is_ok()
    }
}
