//! The story from frame to answer: intake, handle, deliver, reload.
//!
//! [`run`] is the whole bot. `signpost serve` calls it with settings from files and environment; the local workspace and
//! the tests call it with [`crate::settings::built_in`] and these changes:
//!
//! ```ignore
//! let mut settings = settings::built_in()?;
//! settings.slack.api_url = format!("http://{address}/api");
//! settings.slack.bot_token = Some(bot_token.into());
//! settings.slack.app_token = Some(app_token.into());
//! settings.store.path = folder.join("signpost.db");
//! settings.http.listen = String::new();
//! let parts = flow::Parts::default();
//! let status = Arc::clone(&parts.status);
//! tracker.spawn(flow::run(settings, parts, shutdown.clone()));
//! status.wait_ready().await; // sockets are connected, runbooks loaded, the store works
//! ```

mod cache;
mod cards;
mod case;
mod deliver;
mod doctor;
mod error;
mod handle;
mod hear;
mod home;
mod housekeeping;
mod intake;
mod interact;
mod knowledge;
mod listen;
mod mind;
mod missed;
mod people;
mod probe;
mod reading;
mod reload;
mod rules;
mod runs;
mod skew;
mod start;
mod status;
mod sweep;
mod talk;
mod tasks;
mod turns;
mod waiting;
mod windows;
mod wits;

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::clock::{Clock, SystemClock};
use crate::cores;
use crate::http;
use crate::jenkins;
use crate::jobs::JenkinsId;
use crate::settings::Settings;
use crate::slack::decode::Identity;
use crate::slack::door::Door;
use crate::slack::ghosts::Ghosts;
use crate::slack::pace::Rates;
use crate::slack::sender::Sender;
use crate::slack::socket::{Sockets, Timing};
use crate::slack::unready;
use crate::slack::web::{SlackTime, Web};
use crate::store::Store;

pub use doctor::{Check, examine, unwell};
pub use error::Error;
pub use knowledge::Knowledge;
pub use runs::Pace;
pub use status::{Snapshot, Status};

/// How long what was begun may take to end after shutdown was asked for.
const GRACE: Duration = Duration::from_secs(20);

/// What the bot is handed besides its settings.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// What the bot says about its health.
    pub status: Arc<Status>,
    /// How long things take on the wire.
    pub timing: Timing,
    /// How fast Slack may be asked.
    pub rates: Rates,
    /// How often Jenkins is asked.
    pub jobs: Pace,
    /// Time that another process may still use the store at the start, as one does that is shutting down.
    pub store_patience: Duration,
    /// Cancelled when the bot must not even finish what it has begun.
    pub hard: CancellationToken,
    /// Every task of the bot. Who drops the future of [`run`] waits here until nothing of it is left.
    pub tracker: TaskTracker,
    /// What `/metrics` shows.
    pub metrics: Option<http::Metrics>,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            status: Arc::new(Status::default()),
            timing: Timing::default(),
            rates: Rates::default(),
            jobs: Pace::default(),
            store_patience: Duration::from_secs(30),
            hard: CancellationToken::new(),
            tracker: TaskTracker::new(),
            metrics: None,
        }
    }
}

/// Runs the bot until `shutdown` is cancelled, then finishes what it has begun.
///
/// While Slack cannot be reached at the start, or limits calls, this waits: `/live` and `/ready` are served meanwhile, and
/// `/ready` says what is waited for. Dropping the future ends the bot at once, as `kill -9` would.
///
/// # Errors
///
/// Faults at the start that only a person can mend: tokens, scopes, the store's file, the runbook folder, a port.
pub async fn run(settings: Settings, parts: Parts, shutdown: CancellationToken) -> Result<(), Error> {
    let hard = parts.hard.child_token();
    let _ends_with_this_future = hard.clone().drop_guard();
    // Everything stops with the hard token; `stop` lets each task end what it has begun.
    let stop = hard.child_token();
    let store = OnceLock::new();
    let ended = tokio::select! {
        biased;
        () = shutdown.cancelled() => {
            info!("stopping: what was begun is finished");
            Ok(())
        }
        Err(error) = work(settings, &parts, &store, &hard, &stop) => Err(error),
    };
    stop.cancel();
    parts.tracker.close();
    tokio::select! {
        () = parts.tracker.wait() => {}
        () = hard.cancelled() => warn!("stopped at once; what was not finished is in the store"),
        () = tokio::time::sleep(GRACE) => warn!("stopped although not everything was finished; it is in the store"),
    }
    // Whatever was being handled did not bring the process down: it was asked to end.
    if let Some(store) = store.get()
        && let Err(cause) = store.release(None).await
    {
        warn!(%cause, "messages that were being handled may count as if the bot had crashed");
    }
    ended
}

/// Starts the bot. Never returns after that.
async fn work(
    settings: Settings,
    parts: &Parts,
    opened: &OnceLock<Arc<dyn Store>>,
    hard: &CancellationToken,
    stop: &CancellationToken,
) -> Result<Infallible, Error> {
    let tokens = start::tokens(&settings)?;
    let reach = start::Reach::new(&settings, &tokens, Arc::clone(&parts.clock))?;
    let clients = runs::clients(&settings)?;
    serve_health(&settings, parts, stop).await?;
    let requests = start::listen(&settings).await?;
    parts.status.change(|status| {
        status.mode = settings.slack.mode;
        status.requests = requests.as_ref().and_then(|requests| requests.local_addr().ok());
    });
    let refusing = async {
        match &requests {
            Some(listener) => unready::refuse(listener).await,
            None => std::future::pending().await,
        }
    };
    let prepared = tokio::select! {
        prepared = prepare(&settings, parts, &reach) => prepared?,
        never = refusing => return Ok(never),
    };
    opened.get_or_init(|| Arc::clone(&prepared.store));
    let connections = settings.slack.connections;
    let tasks = tasks::Tasks {
        tracker: parts.tracker.clone(),
        hard: hard.clone(),
        stop: stop.clone(),
    };
    let sockets = spawn(settings, parts, prepared, &reach, (clients, requests), &tasks);
    if let Some(sockets) = sockets {
        // Posts go out meanwhile: Slack may take them although it opens no connections.
        let first = waiting::for_slack(&parts.status, parts.timing.back_off, || reach.open()).await?;
        hear::hold(parts, &tasks, &sockets, connections, first);
    }
    Ok(std::future::pending().await)
}

/// Serves `/live`, `/ready` and `/metrics` until `stop`, where the settings want them.
async fn serve_health(settings: &Settings, parts: &Parts, stop: &CancellationToken) -> Result<(), Error> {
    let Some(address) = settings.http.address() else {
        return Ok(());
    };
    let listener = http::bind(address).await?;
    parts.status.change(|status| status.health = listener.local_addr().ok());
    let status = Arc::clone(&parts.status) as _;
    let served = http::serve(listener, status, parts.metrics.clone(), stop.clone());
    parts.tracker.spawn(served);
    Ok(())
}

/// What everything else needs.
struct Prepared {
    reload: Option<reload::Reload>,
    mind: Arc<mind::Mind>,
    store: Arc<dyn Store>,
    us: Identity,
}

/// Everything that can keep the bot from starting, the cheapest first.
async fn prepare(settings: &Settings, parts: &Parts, reach: &start::Reach) -> Result<Prepared, Error> {
    let folder = settings
        .runbooks
        .folder()
        .filter(|folder| settings.runbooks.reload && folder.is_dir());
    let watch = folder.map(|folder| reload::Watch::new(folder, &settings.runbooks));
    let mut study = knowledge::Study::new(settings);
    let mind = Arc::new(mind::Mind::new(settings, study.begin()?)?);
    parts.status.change(|status| {
        status.runbooks = mind.runbooks();
        status.errors = mind.errors();
    });
    let reload = watch.map(|watch| reload::Reload {
        study: Mutex::new(study),
        mind: Arc::clone(&mind),
        status: Arc::clone(&parts.status),
        watch,
        tell: Box::new(|| {}),
    });
    let store = waiting::for_store(&parts.status, parts.store_patience, &settings.store.path).await?;
    parts.status.store_works();
    let us = waiting::for_slack(&parts.status, parts.timing.back_off, || reach.identity()).await?;
    info!(slack.team = us.team_id, slack.user = us.user_id, "Slack knows the bot");
    Ok(Prepared {
        reload,
        mind,
        store: Arc::new(store),
        us,
    })
}

/// Starts every task except the connections of Socket Mode, which it returns.
fn spawn(
    settings: Settings,
    parts: &Parts,
    prepared: Prepared,
    reach: &start::Reach,
    (clients, requests): (HashMap<JenkinsId, jenkins::Client>, Option<TcpListener>),
    tasks: &tasks::Tasks,
) -> Option<Arc<Sockets>> {
    let Prepared {
        reload,
        mind,
        store,
        us,
    } = prepared;
    let web = Arc::clone(&reach.web);
    let (clock, status) = (&parts.clock, &parts.status);
    let sender = Arc::new(Sender::new(Arc::clone(&web), parts.rates));
    let (inbox, outbox) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (lookup_after, retention) = (settings.slack.lookup_after(), housekeeping::retention(&settings));
    let rules = Arc::new(rules::Rules {
        us: us.clone(),
        settings,
    });
    let wits::Gathered {
        interact,
        listener,
        home,
        runner,
        sweeper,
    } = wits::Wits {
        store: &store,
        clock,
        rules: &rules,
        mind: &mind,
        status,
        web: &web,
        sender: &sender,
        outbox: &outbox,
        pace: parts.jobs,
        tracker: &parts.tracker,
    }
    .gathered(clients);
    tasks.keep_shared("runs", &runner, runs::Runner::run);
    tasks.keep("sweep", sweeper, sweep::Sweeper::run);
    keep_up(tasks, reload, &home);
    let intake = intake(parts, &store, &rules, interact, &inbox);
    let handler = handle::Handler {
        store: Arc::clone(&store),
        clock: Arc::clone(clock),
        slack_time: Arc::clone(web.time()) as _,
        rules,
        listener,
        home: Arc::clone(&home),
        status: Arc::clone(status),
        wake: inbox,
        outbox: Arc::clone(&outbox),
        thinking: Arc::new(Semaphore::new(cores::but_one())),
        suspects: tokio::sync::RwLock::default(),
        tracker: parts.tracker.clone(),
    };
    tasks.keep("handle", handler, handle::Handler::run);
    watch_clock(tasks, &web, status);
    let time = Arc::clone(web.time());
    let woken = Arc::clone(&outbox);
    let delivery = delivery(parts, &store, sender, us, lookup_after, (outbox, Arc::clone(&time)));
    tasks.keep("deliver", delivery, deliver::Delivery::run);
    let sink = Arc::clone(&intake) as _;
    let door = Door::new(sink, parts.tracker.clone(), tasks.hard.clone(), parts.timing.answer);
    let ear = hear::Ear {
        net: reach.net.clone(),
        web,
        way: reach.way.clone(),
        requests,
    };
    let sockets = ear.open(parts, tasks, door);
    let keeper = Arc::new(housekeeping::Keeper {
        store,
        clock: Arc::clone(clock),
        slack_time: time,
        intake,
        sockets: sockets.clone(),
        status: Arc::clone(status),
        mind,
        outbox: woken,
        retention,
    });
    keep_house(tasks, &keeper);
    sockets
}

/// Keeps up what has to be done from time to time.
fn keep_house(tasks: &tasks::Tasks, keeper: &Arc<housekeeping::Keeper>) {
    tasks.keep_shared("housekeeping", keeper, housekeeping::Keeper::run);
    tasks.keep_shared("purge", keeper, housekeeping::Keeper::purge_hourly);
}

/// Watches how far this machine's clock is from Slack's.
fn watch_clock(tasks: &tasks::Tasks, web: &Arc<Web>, status: &Arc<Status>) {
    let skew = skew::Skew {
        web: Arc::clone(web),
        status: Arc::clone(status),
    };
    tasks.keep("clock", skew, skew::Skew::run);
}

/// What brings the outbox to Slack.
fn delivery(
    parts: &Parts,
    store: &Arc<dyn Store>,
    sender: Arc<Sender>,
    us: Identity,
    lookup_after: Duration,
    (wake, time): (Arc<Notify>, Arc<SlackTime>),
) -> deliver::Delivery {
    deliver::Delivery {
        store: Arc::clone(store),
        time,
        sender,
        us,
        status: Arc::clone(&parts.status),
        lookup_after,
        wake,
        complaints: deliver::Complaints::default(),
        tracker: parts.tracker.clone(),
        under_way: TaskTracker::new(),
        panics: deliver::Panics::default(),
    }
}

/// What takes everything in that comes from Slack.
fn intake(
    parts: &Parts,
    store: &Arc<dyn Store>,
    rules: &Arc<rules::Rules>,
    interact: interact::Interact,
    wake: &Arc<Notify>,
) -> Arc<intake::Intake> {
    let expected = rules.settings.slack.expected_connections();
    Arc::new(intake::Intake {
        store: Arc::clone(store),
        clock: Arc::clone(&parts.clock),
        rules: Arc::clone(rules),
        status: Arc::clone(&parts.status),
        ghosts: Mutex::new(Ghosts::new(expected)),
        interact,
        wake: Arc::clone(wake),
    })
}

/// Keeps the runbooks up to date, when they lie in a folder.
fn keep_up(tasks: &tasks::Tasks, reload: Option<reload::Reload>, home: &Arc<home::Home>) {
    tasks.keep_shared("home", home, home::Home::run);
    if let Some(reload) = reload {
        let home = Arc::clone(home);
        let reload = reload::Reload {
            tell: Box::new(move || home.changed()),
            ..reload
        };
        tasks.keep("reload", reload, reload::Reload::run);
    }
}
