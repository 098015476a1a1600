//! The local workspace: a simulation of Slack with a web page, for trying the bot out and for tests.
//!
//! ```text
//! page, SDKs, tests ─► api / control ─► State (one lock) ─► events ─► delivery ─► sockets, request URLs ─► bots
//!                                          └► live (for the page) and `Workspace::wait_for` (for tests)
//! ```
//!
//! The workspace supports the methods, events, errors and limits that Signpost uses; anything else answers
//! `unknown_method`. Actions without a public Slack API (clicking, editing as a person, faults, inspection) are below
//! `/sandbox/`, documented in [`control`] and `docs/sandbox.md`. A local Jenkins runs beside it: [`jenkins`].

mod alerts;
mod api;
pub mod clock;
pub mod control;
mod delivery;
mod events;
mod faults;
pub mod jenkins;
mod limits;
mod model;
mod oncall;
mod options;
mod page;
mod rates;
mod request_url;
mod seed;
mod server;
mod socket;
mod state;
mod text;
mod tracker;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use model::{App, Channel, Command, Delivered, Features, File, Group, Kind, Message, RequestUrls, Shortcut, User};
pub use oncall::{ONCALL_TOKEN, ROUTING_KEY, SCHEDULE};
pub use options::{Example, Options};
pub use seed::{
    ADA, ADA_TOKEN, ALERTBOT, ALERTBOT_TOKEN, ALERTS, ECHO, ECHO_APP_TOKEN, ECHO_TOKEN, GRACE, GRACE_TOKEN, ONCALL,
    RANDOM, SIGNING_SECRET, SIGNPOST, SIGNPOST_APP_TOKEN, SIGNPOST_TOKEN, STRANGERS, SUPPORT, TEAM,
};
pub use state::State;
pub use tracker::TRACKER_TOKEN;

use self::jenkins::Jenkins;

/// A running workspace. Clones are handles to the same one; it ends when the shutdown token is cancelled.
#[derive(Debug, Clone)]
pub struct Workspace {
    shared: Arc<Shared>,
}

/// State shared by the server's handlers and tasks.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    jenkins: Jenkins,
    oncall: oncall::OncallService,
    trackers: tracker::Trackers,
    changed: watch::Sender<u64>,
    address: SocketAddr,
    shutdown: CancellationToken,
    tracker: TaskTracker,
}

/// Error of [`Workspace::wait_for`]: the awaited state was not reached in time.
#[derive(Debug, thiserror::Error)]
#[error("the local workspace did not come to the awaited state within {waited:?}; it is {state}")]
pub struct TimedOut {
    /// Time waited.
    pub waited: Duration,
    /// The whole state, in the format of `/sandbox/state`.
    pub state: Value,
}

impl Workspace {
    /// Serves a fresh workspace on `listener` until `shutdown` is cancelled.
    #[must_use]
    pub fn start(listener: TcpListener, options: Options, shutdown: CancellationToken) -> Self {
        let address = listener
            .local_addr()
            .unwrap_or_else(|_| SocketAddr::from(([127, 0, 0, 1], 0)));
        let jenkins = Jenkins::unserved(options.jenkins.clone(), shutdown.clone());
        let shared = Arc::new(Shared {
            jenkins,
            oncall: oncall::OncallService::default(),
            trackers: tracker::Trackers::default(),
            state: Mutex::new(seed::state(options)),
            changed: watch::Sender::new(0),
            address,
            shutdown,
            tracker: TaskTracker::new(),
        });
        shared.tracker.spawn(server::serve(listener, Arc::clone(&shared)));
        Self { shared }
    }

    /// Returns the page's address: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        self.shared.url()
    }

    /// Returns the base URL for a Slack client, without a trailing slash.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("{}/api", self.shared.url())
    }

    /// Returns the local Jenkins that is served below `/jenkins`.
    #[must_use]
    pub fn jenkins(&self) -> &Jenkins {
        &self.shared.jenkins
    }

    /// Returns the local Jenkins' address: `http://127.0.0.1:PORT/jenkins`.
    #[must_use]
    pub fn jenkins_url(&self) -> String {
        format!("{}/jenkins", self.shared.url())
    }

    /// Returns the address of the page that shows who was paged; below it are the on-call service's APIs, `/api` and
    /// `/events`.
    #[must_use]
    pub fn oncall_url(&self) -> String {
        format!("{}/oncall", self.shared.url())
    }

    /// Returns the alerts of the on-call service, the oldest first.
    #[must_use]
    pub fn pages(&self) -> Value {
        self.shared.oncall.pages()
    }

    /// The number of look-ups of incidents at the local on-call service so far.
    pub fn page_lookups(&self) -> u64 {
        self.shared.oncall.lookups()
    }

    /// Returns the address of the page that shows the issues of the local trackers; below it are their APIs, `/github` and
    /// `/gitlab`.
    #[must_use]
    pub fn tracker_url(&self) -> String {
        format!("{}/tracker", self.shared.url())
    }

    /// Returns the issues of the local trackers, the oldest first.
    #[must_use]
    pub fn issues(&self) -> Value {
        self.shared.trackers.issues()
    }

    /// Reads the state.
    pub fn read<R>(&self, look: impl FnOnce(&State) -> R) -> R {
        look(&self.shared.lock())
    }

    /// Changes the notice that the page shows when it is loaded.
    pub fn set_notice(&self, notice: String) {
        self.shared.lock().options.notice = Some(notice);
    }

    /// Waits until `look` returns `Some`; calls it again after every change.
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
            state: self.read(State::to_json),
        })
    }

    /// Posts `text` as a person to `channel` (an id). Returns the message's timestamp.
    ///
    /// # Errors
    ///
    /// Slack's error code.
    pub fn say(&self, person: &str, channel: &str, text: &str) -> Result<String, String> {
        self.call(person, "chat.postMessage", &json!({"channel": channel, "text": text}))
            .map(|answer| answer["ts"].as_str().unwrap_or_default().to_owned())
    }

    /// Posts a reply as a person in the thread of `thread_ts`. Returns the message's timestamp.
    ///
    /// # Errors
    ///
    /// Slack's error code.
    pub fn reply(&self, person: &str, channel: &str, thread_ts: &str, text: &str) -> Result<String, String> {
        self.call(
            person,
            "chat.postMessage",
            &json!({"channel": channel, "thread_ts": thread_ts, "text": text}),
        )
        .map(|answer| answer["ts"].as_str().unwrap_or_default().to_owned())
    }

    /// Calls a Web API method in-process, as the user with this id (a person or a bot's user); faults do not apply.
    ///
    /// # Errors
    ///
    /// Slack's error code.
    pub fn call(&self, user: &str, method: &str, arguments: &Value) -> Result<Value, String> {
        let caller = self
            .read(|state| state.caller_of_user(user))
            .ok_or_else(|| "user_not_found".to_owned())?;
        let params = api::Params::from_value(arguments);
        let address = self.shared.url();
        self.shared
            .update(|state| api::call(state, &caller, method, &params, &address))
            .map_err(|error| error.code)
    }

    /// Returns the replies in the thread of `thread_ts`, without its root, oldest first, as Slack's JSON with metadata.
    #[must_use]
    pub fn replies(&self, channel: &str, thread_ts: &str) -> Vec<Value> {
        self.read(|state| state.replies(channel, thread_ts))
    }

    /// Adds a fault, in the format of `POST /sandbox/faults`.
    ///
    /// # Errors
    ///
    /// A sentence that names the problem with the fault.
    pub fn fault(&self, fault: &Value) -> Result<(), String> {
        control::add_fault(&self.shared, fault)
    }

    /// Completes after shutdown, when the server and all its tasks have ended.
    pub fn stopped(&self) -> impl Future<Output = ()> + Send + 'static {
        let shared = Arc::clone(&self.shared);
        async move {
            shared.shutdown.cancelled().await;
            shared.tracker.close();
            shared.tracker.wait().await;
            shared.jenkins.stopped().await;
        }
    }
}

impl Shared {
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state without notifying waiters.
    pub(crate) fn update_quietly<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        change(&mut self.lock())
    }

    /// Returns the fault that applies to a call, using it up once; waiters are notified only if there is one.
    pub(crate) fn strike(self: &Arc<Self>, call: &faults::Call<'_>) -> Option<faults::Effect> {
        let fault = self.update_quietly(|state| state.take_call_fault(call));
        if fault.is_some() {
            self.update(|_| ());
        }
        fault
    }

    /// Changes the state, notifies waiters, and starts a task for each envelope that the change has sent.
    pub(crate) fn update<R>(self: &Arc<Self>, change: impl FnOnce(&mut State) -> R) -> R {
        let (result, sent) = {
            let mut state = self.lock();
            let result = change(&mut state);
            (result, std::mem::take(&mut state.to_watch))
        };
        for watched in sent {
            self.tracker.spawn(delivery::watch(Arc::clone(self), watched));
        }
        self.changed.send_modify(|version| *version += 1);
        result
    }
}
