//! The local Jenkins: a look-alike of its remote access API, to try jobs and to test them.
//!
//! ```text
//! clients ─► server (faults, sign-in, crumbs) ─► routes / trigger ─► State (one lock) ─► one task a queue item: `step`
//!                                                     ▲                  └► `Jenkins::wait_for` (what tests hear)
//! people, tests ─► control, `/sandbox/jenkins/…` ─────┘
//! ```
//!
//! It answers at the root of its own address and below `/jenkins`; the local workspace serves it below `/jenkins` too.
//! Where it takes which answer from: the sources of Jenkins 2.579 and Stapler.

mod auth;
mod bodies;
mod control;
mod faults;
mod log;
mod model;
mod options;
mod pages;
mod people;
mod routes;
mod scenario;
mod seed;
mod server;
mod show;
mod shown;
mod state;
mod tree;
mod trigger;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use model::{Artifact, Build, Content, Given, Job, Kind, Parameter, ParameterKind, QueueItem, Stage, User};
pub use options::Options;
pub use seed::{APPROVAL, CHOOSE, FACTS, GET_INFO, HIDDEN, NIGHTLY, NOWHERE, RETIRED, password_of, token_of};
pub use state::State;

use self::state::Next;

/// A running Jenkins. Clones are handles on the same one; it ends when the shutdown token is cancelled.
#[derive(Debug, Clone)]
pub struct Jenkins {
    shared: Arc<Shared>,
}

/// What handlers and tasks hold in common.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: watch::Sender<u64>,
    /// Where it has a server of its own.
    address: Mutex<Option<SocketAddr>>,
    shutdown: CancellationToken,
    tracker: TaskTracker,
}

/// Nothing of what a test waited for happened in time.
#[derive(Debug, thiserror::Error)]
#[error("the local Jenkins did not come to the awaited state within {waited:?}; it is {state}")]
pub struct TimedOut {
    /// How long was waited.
    pub waited: Duration,
    /// The whole state, as `/sandbox/jenkins/state` shows it.
    pub state: Value,
}

impl Jenkins {
    /// Serves a fresh Jenkins on `listener`, at the root and below `/jenkins`, until `shutdown` is cancelled.
    #[must_use]
    pub fn start(listener: TcpListener, options: Options, shutdown: CancellationToken) -> Self {
        let jenkins = Self::unserved(options, shutdown);
        jenkins.serve(listener);
        jenkins
    }

    /// A Jenkins without a server: [`Self::serve`] gives it one, [`Self::router`] makes it part of another.
    pub(super) fn unserved(options: Options, shutdown: CancellationToken) -> Self {
        let shared = Shared {
            state: Mutex::new(State::new(options)),
            changed: watch::Sender::new(0),
            address: Mutex::new(None),
            shutdown,
            tracker: TaskTracker::new(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Serves it on `listener` too, at the root and below `/jenkins`.
    pub fn serve(&self, listener: TcpListener) {
        let address = listener.local_addr().ok();
        *self.shared.address.lock().unwrap_or_else(PoisonError::into_inner) = address;
        let router = server::standalone(Arc::clone(&self.shared));
        let shutdown = self.shared.shutdown.clone();
        self.shared
            .tracker
            .spawn(super::server::listen(listener, router, shutdown));
    }

    /// Its routes below `/jenkins` and `/sandbox/jenkins`.
    pub(super) fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        server::mounted(Arc::clone(&self.shared))
    }

    /// Its own address without a context path: `http://127.0.0.1:PORT`; empty when it has no server of its own.
    #[must_use]
    pub fn url(&self) -> String {
        self.shared.url().unwrap_or_default()
    }

    /// Its own address with the context path: `http://127.0.0.1:PORT/jenkins`.
    #[must_use]
    pub fn context_url(&self) -> String {
        format!("{}/jenkins", self.url())
    }

    /// Reads the state.
    pub fn read<R>(&self, look: impl FnOnce(&State) -> R) -> R {
        look(&self.shared.lock())
    }

    /// Waits until `look` finds what it looks for; it is asked again after every change and every request.
    ///
    /// # Errors
    ///
    /// [`TimedOut`] after [`Options::wait_limit`].
    pub async fn wait_for<T>(&self, mut look: impl FnMut(&State) -> Option<T>) -> Result<T, TimedOut> {
        let limit = self.read(|state| state.options.wait_limit);
        let mut changes = self.shared.changed.subscribe();
        let wait = async {
            loop {
                changes.mark_unchanged();
                if let Some(found) = self.read(&mut look) {
                    return found;
                }
                if changes.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        let found = tokio::time::timeout(limit, wait).await;
        found.map_err(|_| TimedOut {
            waited: limit,
            state: self.shared.to_json(),
        })
    }

    /// Adds a fault, in the form that `POST /sandbox/jenkins/faults` takes.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with it.
    pub fn fault(&self, fault: &Value) -> Result<(), String> {
        self.shared.update(|state| state.add_fault(fault))
    }

    /// Does what `POST /sandbox/jenkins/ACTION` does, with the same object.
    ///
    /// # Errors
    ///
    /// A sentence that says why not.
    pub fn act(&self, action: &str, given: &Value) -> Result<Value, String> {
        self.shared.update(|state| control::run(state, action, given))
    }

    /// Hears when something moves that people see.
    pub(super) fn moves(&self) -> Moves {
        Moves {
            changes: self.shared.changed.subscribe(),
            shared: Arc::clone(&self.shared),
            last: String::new(),
        }
    }

    /// Completes when its server and all its tasks have ended after shutdown.
    pub fn stopped(&self) -> impl Future<Output = ()> + Send + 'static {
        let shared = Arc::clone(&self.shared);
        async move {
            shared.shutdown.cancelled().await;
            shared.tracker.close();
            shared.tracker.wait().await;
        }
    }
}

/// Tells one who listens of changes; a request that changes nothing is none.
#[derive(Debug)]
pub(super) struct Moves {
    changes: watch::Receiver<u64>,
    shared: Arc<Shared>,
    last: String,
}

impl Moves {
    /// Completes with the next change.
    pub(super) async fn next(&mut self) {
        loop {
            if self.changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            let mut shown = shown::shown(&self.shared.lock(), &shown::Wanted::default());
            shown["now"] = Value::Null;
            let shown = shown.to_string();
            if shown != self.last {
                self.last = shown;
                return;
            }
        }
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn url(&self) -> Option<String> {
        let address = *self.address.lock().unwrap_or_else(PoisonError::into_inner);
        address.map(|address| format!("http://{address}"))
    }

    fn to_json(&self) -> Value {
        let mut value = self.lock().to_json();
        value["root_url"] = json!(self.url());
        value
    }

    /// Changes the state, tells those who wait, and lets new queue items move.
    fn update<R>(self: &Arc<Self>, change: impl FnOnce(&mut State) -> R) -> R {
        let (result, new) = {
            let mut state = self.lock();
            let result = change(&mut state);
            (result, std::mem::take(&mut state.to_run))
        };
        for id in new {
            self.tracker.spawn(live(Arc::clone(self), id));
        }
        self.changed.send_modify(|version| *version += 1);
        result
    }
}

/// Moves a queue item, and the build that it becomes, to its end.
async fn live(shared: Arc<Shared>, id: u64) {
    let mut changes = shared.changed.subscribe();
    loop {
        changes.mark_unchanged();
        let (next, has_changed) = shared.lock().step(id);
        if has_changed {
            shared.changed.send_modify(|version| *version += 1);
        }
        let due = async {
            match next {
                Next::At(due) => tokio::time::sleep_until(due).await,
                Next::Never | Next::OnChange => std::future::pending().await,
            }
        };
        if next == Next::Never {
            return;
        }
        tokio::select! {
            _ = changes.changed() => {}
            () = due => {}
            () = shared.shutdown.cancelled() => return,
        }
    }
}
