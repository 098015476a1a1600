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
mod people;
mod probe;
mod reading;
mod reload;
mod rules;
mod runs;
mod start;
mod status;
mod talk;
mod tasks;
mod turns;
mod windows;
mod wits;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
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
use crate::slack::socket::Timing;
use crate::store::Store;
use crate::store::sqlite::Sqlite;

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
            hard: CancellationToken::new(),
            tracker: TaskTracker::new(),
            metrics: None,
        }
    }
}

/// Runs the bot until `shutdown` is cancelled, then finishes what it has begun.
///
/// Dropping the future ends the bot at once, as `kill -9` would.
///
/// # Errors
///
/// What keeps it from starting: tokens, the store's file, the runbook folder, the port.
pub async fn run(settings: Settings, parts: Parts, shutdown: CancellationToken) -> Result<(), Error> {
    let hard = parts.hard.child_token();
    let _ends_with_this_future = hard.clone().drop_guard();
    // Everything stops with the hard token; `stop` lets each task end what it has begun.
    let stop = hard.child_token();
    let prepared = prepare(&settings, &parts).await?;
    spawn(settings, &parts, prepared, &hard, &stop);

    shutdown.cancelled().await;
    info!("stopping: what was begun is finished");
    stop.cancel();
    parts.tracker.close();
    tokio::select! {
        () = parts.tracker.wait() => {}
        () = hard.cancelled() => warn!("stopped at once; what was not finished is in the store"),
        () = tokio::time::sleep(GRACE) => warn!("stopped although not everything was finished; it is in the store"),
    }
    Ok(())
}

/// What everything else needs.
struct Prepared {
    health: Option<TcpListener>,
    /// For Slack's requests, in HTTP mode.
    requests: Option<TcpListener>,
    reload: Option<reload::Reload>,
    mind: Arc<mind::Mind>,
    store: Arc<dyn Store>,
    slack: start::Slack,
    /// For each Jenkins.
    clients: HashMap<JenkinsId, jenkins::Client>,
}

/// Everything that can keep the bot from starting, the cheapest first.
async fn prepare(settings: &Settings, parts: &Parts) -> Result<Prepared, Error> {
    let tokens = start::tokens(settings)?;
    let clients = runs::clients(settings)?;
    let health = match settings.http.address() {
        Some(address) => Some(http::bind(address).await?),
        None => None,
    };
    let requests = start::listen(settings).await?;
    parts.status.change(|status| status.mode = settings.slack.mode);
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
    let store: Arc<dyn Store> = Arc::new(Sqlite::open(&settings.store.path).await?);
    let uncertain = store.recover(settings.slack.lookup_after()).await?;
    if uncertain > 0 {
        warn!(
            uncertain,
            "posts were being sent when the bot ended; they are looked up before they are sent again"
        );
    }
    parts.status.change(|status| status.store = true);
    let slack = start::slack(settings, tokens).await?;
    info!(
        slack.team = slack.us.team_id,
        slack.user = slack.us.user_id,
        "Slack knows the bot"
    );
    Ok(Prepared {
        health,
        requests,
        reload,
        mind,
        store,
        slack,
        clients,
    })
}

fn spawn(settings: Settings, parts: &Parts, prepared: Prepared, hard: &CancellationToken, stop: &CancellationToken) {
    let tasks = tasks::Tasks {
        tracker: parts.tracker.clone(),
        hard: hard.clone(),
        stop: stop.clone(),
    };
    let Prepared {
        health,
        requests,
        reload,
        mind,
        store,
        slack: start::Slack { net, web, us, way },
        clients,
    } = prepared;
    let (clock, status) = (&parts.clock, &parts.status);
    let sender = Arc::new(Sender::new(Arc::clone(&web), parts.rates));
    let (inbox, outbox) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let lookup_after = settings.slack.lookup_after();
    let retention = housekeeping::retention(&settings);
    let connections = settings.slack.connections;
    let rules = Arc::new(rules::Rules {
        us: us.clone(),
        settings,
    });
    let wits::Gathered {
        interact,
        listener,
        home,
        runner,
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
    }
    .gathered(clients);
    tasks.keep_shared("runs", &runner, runs::Runner::run);
    keep_up(&tasks, reload, &home);
    let intake = intake(parts, &store, &rules, interact, &inbox);
    let handler = handle::Handler {
        store: Arc::clone(&store),
        clock: Arc::clone(clock),
        rules,
        listener,
        home: Arc::clone(&home),
        status: Arc::clone(status),
        wake: inbox,
        outbox: Arc::clone(&outbox),
        thinking: Arc::new(Semaphore::new(cores::but_one())),
        tracker: parts.tracker.clone(),
    };
    tasks.keep("handle", handler, handle::Handler::run);
    let delivery = delivery(parts, &store, sender, us, lookup_after, outbox);
    tasks.keep("deliver", delivery, deliver::Delivery::run);
    let sink = Arc::clone(&intake) as _;
    let door = Door::new(sink, parts.tracker.clone(), hard.clone(), parts.timing.answer);
    let ear = hear::Ear {
        net,
        web,
        way,
        requests,
        connections,
    };
    let sockets = ear.open(parts, &tasks, door);
    let keeper = housekeeping::Keeper {
        store,
        clock: Arc::clone(clock),
        intake,
        sockets,
        status: Arc::clone(status),
        retention,
    };
    look_after(parts, &tasks, keeper, health, stop);
}

/// What brings the outbox to Slack.
fn delivery(
    parts: &Parts,
    store: &Arc<dyn Store>,
    sender: Arc<Sender>,
    us: Identity,
    lookup_after: Duration,
    wake: Arc<Notify>,
) -> deliver::Delivery {
    deliver::Delivery {
        store: Arc::clone(store),
        clock: Arc::clone(&parts.clock),
        sender,
        us,
        status: Arc::clone(&parts.status),
        lookup_after,
        wake,
        complaints: deliver::Complaints::default(),
        tracker: parts.tracker.clone(),
    }
}

/// Old rows, ghosts, and whoever asks how the bot is.
fn look_after(
    parts: &Parts,
    tasks: &tasks::Tasks,
    keeper: housekeeping::Keeper,
    health: Option<TcpListener>,
    stop: &CancellationToken,
) {
    tasks.keep("housekeeping", keeper, housekeeping::Keeper::run);
    if let Some(listener) = health {
        let status = Arc::clone(&parts.status) as _;
        parts
            .tracker
            .spawn(http::serve(listener, status, parts.metrics.clone(), stop.clone()));
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
