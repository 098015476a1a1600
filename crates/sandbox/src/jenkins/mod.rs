//! The local Jenkins: a simulation of Jenkins' remote access API, for trying jobs out and for tests.
//!
//! ```text
//! clients ─► server (faults, sign-in, crumbs) ─► routes / trigger ─► State (one lock) ─► task per queue item: `step`
//!                                                     ▲                  └► `Jenkins::wait_for` (for tests)
//! people, tests ─► control, `/sandbox/jenkins/…` ─────┘
//! ```
//!
//! Jenkins answers at the root of its own address and below `/jenkins`; the local workspace serves it below `/jenkins`
//! too. Source of the answers: the code of Jenkins 2.579 and Stapler.

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

/// A running Jenkins. Clones are handles to the same one; it ends when the shutdown token is cancelled.
#[derive(Debug, Clone)]
pub struct Jenkins {
    shared: Arc<Shared>,
}

/// State shared by handlers and tasks.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: watch::Sender<u64>,
    /// Address of its own server, if it has one.
    address: Mutex<Option<SocketAddr>>,
    shutdown: CancellationToken,
    tracker: TaskTracker,
}

/// Error of [`Jenkins::wait_for`]: the awaited state was not reached in time.
#[derive(Debug, thiserror::Error)]
#[error("the local Jenkins did not come to the awaited state within {waited:?}; it is {state}")]
pub struct TimedOut {
    /// Time waited.
    pub waited: Duration,
    /// The whole state, in the format of `/sandbox/jenkins/state`.
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

    /// Creates a Jenkins without a server: [`Self::serve`] gives it one, [`Self::router`] makes it part of another.
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

    /// Serves this Jenkins on `listener` too, at the root and below `/jenkins`.
    pub fn serve(&self, listener: TcpListener) {
        let address = listener.local_addr().ok();
        *self.shared.address.lock().unwrap_or_else(PoisonError::into_inner) = address;
        let router = server::standalone(Arc::clone(&self.shared));
        let shutdown = self.shared.shutdown.clone();
        self.shared
            .tracker
            .spawn(super::server::listen(listener, router, shutdown));
    }

    /// Returns the routes below `/jenkins` and `/sandbox/jenkins`.
    pub(super) fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        server::mounted(Arc::clone(&self.shared))
    }

    /// Returns the address without a context path: `http://127.0.0.1:PORT`; empty without a server of its own.
    #[must_use]
    pub fn url(&self) -> String {
        self.shared.url().unwrap_or_default()
    }

    /// Returns the address with the context path: `http://127.0.0.1:PORT/jenkins`.
    #[must_use]
    pub fn context_url(&self) -> String {
        format!("{}/jenkins", self.url())
    }

    /// Reads the state.
    pub fn read<R>(&self, look: impl FnOnce(&State) -> R) -> R {
        look(&self.shared.lock())
    }

    /// Waits until `look` returns `Some`; calls it again after every change and every request.
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

    /// Adds a fault, in the format of `POST /sandbox/jenkins/faults`.
    ///
    /// # Errors
    ///
    /// A sentence that names the problem with the fault.
    pub fn fault(&self, fault: &Value) -> Result<(), String> {
        self.shared.update(|state| state.add_fault(fault))
    }

    /// Runs the action of `POST /sandbox/jenkins/ACTION`, with the same object as argument.
    ///
    /// # Errors
    ///
    /// A sentence with the reason.
    pub fn act(&self, action: &str, given: &Value) -> Result<Value, String> {
        self.shared.update(|state| control::run(state, action, given))
    }

    /// Subscribes to changes that people can see.
    pub(super) fn moves(&self) -> Moves {
        Moves {
            changes: self.shared.changed.subscribe(),
            shared: Arc::clone(&self.shared),
            last: String::new(),
        }
    }

    /// Completes after shutdown, when the server and all its tasks have ended.
    pub fn stopped(&self) -> impl Future<Output = ()> + Send + 'static {
        let shared = Arc::clone(&self.shared);
        async move {
            shared.shutdown.cancelled().await;
            shared.tracker.close();
            shared.tracker.wait().await;
        }
    }
}

/// A subscription to visible changes; a request that changes nothing is not reported.
#[derive(Debug)]
pub(super) struct Moves {
    changes: watch::Receiver<u64>,
    shared: Arc<Shared>,
    last: String,
}

impl Moves {
    /// Completes at the next change.
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

    /// Changes the state, notifies waiters, and starts tasks for new queue items.
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

/// Drives a queue item, and the build it becomes, to its end.
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
