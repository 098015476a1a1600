//! Assembly of the bot: its parts, the checks before it starts, and its tasks.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::sync::{Notify, RwLock, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use super::admin::RunbookNotices;
use super::context::Context;
use super::escalations::alerts::{AlertHookReceiver, AlertWatcher};
use super::escalations::issues::IssueWorker;
use super::escalations::worker::EscalationWorker;
use super::home::Home;
use super::housekeeping::Housekeeping;
use super::inbox::cpu_permits;
use super::knowledge::{KnowledgeHandle, KnowledgeSource};
use super::last_success::Dependency;
use super::on_call::OnCallRefresher;
use super::own_channels::OwnChannelsRefresher;
use super::reload::Reload;
use super::runs::Runner;
use super::skew::SkewMonitor;
use super::sources::sync::SourceSync;
use super::sources::{self, FetchedSource};
use super::tasks::Tasks;
use super::{Error, JobTiming, Status, inbound, reload, replicas, responder, runs, start, waiting};
use crate::bot::inbox::intake::Intake;
use crate::bot::inbox::worker::InboxWorker;
use crate::bot::interactions::InteractionHandler;
use crate::bot::messages::{MessageHandler, Unanswered};
use crate::bot::outbox::worker::OutboxWorker;
use crate::bot::questions::QuestionHandler;
use crate::clock::{Clock, SystemClock};
use crate::http::HookCall;
use crate::jobs::JenkinsId;
use crate::respond::Responder;
use crate::settings::Settings;
use crate::slack::decode::Identity;
use crate::slack::inbound::Inbound;
use crate::slack::rate_limiter::Rates;
use crate::slack::socket::{Sockets, Timing};
use crate::slack::stray_connections::StrayConnections;
use crate::slack::unready;
use crate::store::{Store, StoreLocation};
use crate::{http, jenkins};

/// Time limit for finishing the work in progress after shutdown was requested.
const GRACE: Duration = Duration::from_secs(20);

/// The bot's dependencies besides its settings.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Source of the time.
    pub clock: Arc<dyn Clock>,
    /// Health of the bot, for `/live` and `/ready`.
    pub status: Arc<Status>,
    /// Intervals and time limits of the connections to Slack.
    pub timing: Timing,
    /// Rate limits for calls to Slack.
    pub rates: Rates,
    /// Intervals of the requests to Jenkins, and related limits.
    pub jobs: JobTiming,
    /// Time to wait for the store at the start while another process, such as one that is shutting down, still uses it.
    pub store_patience: Duration,
    /// Cancelled when the bot must stop without finishing its work in progress.
    pub hard: CancellationToken,
    /// Tracker of every task of the bot. After dropping the future of [`run`], wait on it until all tasks have ended.
    pub tracker: TaskTracker,
    /// Has the runbooks read again when notified.
    pub reload: Arc<Notify>,
    /// Metrics for `/metrics`.
    pub metrics: Option<http::Metrics>,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            status: Arc::new(Status::default()),
            timing: Timing::default(),
            rates: Rates::default(),
            jobs: JobTiming::default(),
            store_patience: Duration::from_secs(30),
            hard: CancellationToken::new(),
            tracker: TaskTracker::new(),
            reload: Arc::default(),
            metrics: None,
        }
    }
}

/// Runs the bot until `shutdown` is cancelled, then finishes the work in progress.
///
/// While Slack is unreachable at the start, or limits calls, the bot waits: `/live` and `/ready` are already served,
/// and `/ready` names the reason. Dropping the future ends the bot at once, like `kill -9`.
///
/// # Errors
///
/// Faults at the start that need a person: tokens, scopes, the store's file, the runbook folder, a port.
pub async fn run(settings: Settings, parts: Parts, shutdown: CancellationToken) -> Result<(), Error> {
    let hard = parts.hard.child_token();
    let _ends_with_this_future = hard.clone().drop_guard();
    // The hard token stops everything at once; `stop` lets each task finish its work.
    let stop = hard.child_token();
    let store = OnceLock::new();
    let ended = tokio::select! {
        biased;
        () = shutdown.cancelled() => {
            info!("shutting down: finishing work in progress");
            Ok(())
        }
        Err(error) = work(settings, &parts, &store, &hard, &stop) => Err(error),
    };
    stop.cancel();
    parts.tracker.close();
    tokio::select! {
        () = parts.tracker.wait() => {}
        () = hard.cancelled() => warn!("stopped immediately; unfinished work is in the store"),
        () = tokio::time::sleep(GRACE) => warn!("stopped with unfinished work, which is in the store"),
    }
    // A requested shutdown: the messages in progress must not count as having crashed the process.
    if let Some(store) = store.get()
        && let Err(cause) = store.release(None).await
    {
        warn!(%cause, "messages in progress may be counted as crashes");
    }
    if let Some(store) = store.get()
        && let Err(cause) = store.leave().await
    {
        warn!(%cause, "the leases of this replica cannot be released; other replicas wait until they end");
    }
    ended
}

/// Starts the bot. Returns only on error.
async fn work(
    settings: Settings,
    parts: &Parts,
    opened: &OnceLock<Arc<dyn Store>>,
    hard: &CancellationToken,
    stop: &CancellationToken,
) -> Result<Infallible, Error> {
    let tokens = start::tokens(&settings)?;
    let reach = start::SlackAccess::new(&settings, &tokens, Arc::clone(&parts.clock))?;
    let clients = runs::clients(&settings)?;
    let sources = sources::fetched_sources(&settings);
    let calls = serve_health(&settings, &sources, parts, stop).await?;
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
        prepared = prepare(&settings, sources, parts, &reach) => prepared?,
        never = refusing => return Ok(never),
    };
    let store = Arc::clone(&prepared.store);
    opened.get_or_init(|| Arc::clone(&store));
    let tasks = Tasks {
        tracker: parts.tracker.clone(),
        hard: hard.clone(),
        stop: stop.clone(),
    };
    let connections = settings.slack.connections;
    let sockets = spawn(settings, parts, prepared, &reach, (clients, requests, calls), &tasks);
    if let Some(sockets) = sockets {
        // Posts go out meanwhile: Slack may accept them even while it opens no connections.
        let connections = replicas::connections(&parts.status, store.as_ref(), connections).await;
        let first = waiting::for_slack(&parts.status, parts.timing.back_off, || reach.open()).await?;
        inbound::hold(parts, &tasks, &sockets, connections, first);
    }
    Ok(std::future::pending().await)
}

/// Serves `/live`, `/ready`, `/metrics` and the hooks until `stop`, if the settings enable them. Returns the calls of the
/// hook for pages.
async fn serve_health(
    settings: &Settings,
    sources: &[Arc<FetchedSource>],
    parts: &Parts,
    stop: &CancellationToken,
) -> Result<Option<mpsc::Receiver<HookCall>>, Error> {
    let Some(address) = settings.http.address() else {
        return Ok(None);
    };
    let listener = http::bind(address).await?;
    parts.status.change(|status| status.health = listener.local_addr().ok());
    let status = Arc::clone(&parts.status) as _;
    let sources = sources.to_vec();
    let hook = settings
        .runbooks
        .hook_secret
        .as_ref()
        .map(|secret| http::PushHook::new(secret, move || sources.iter().for_each(|source| source.wake())));
    let pagers = settings.oncall.pagers.iter();
    let secrets: Vec<_> = pagers
        .filter_map(|pager| Some((pager.id.clone(), pager.webhook_secret.clone()?)))
        .collect();
    let (pages, calls) = Some(secrets)
        .filter(|secrets| !secrets.is_empty())
        .map(http::PagerDutyHook::new)
        .unzip();
    let hooks = http::Hooks { git: hook, pages };
    let served = http::serve(listener, status, parts.metrics.clone(), hooks, stop.clone());
    parts.tracker.spawn(served);
    Ok(calls)
}

/// Results of [`prepare`], for the rest of the bot.
pub(super) struct Prepared {
    pub(super) reload: Option<Reload>,
    /// The sources that are fetched while the bot runs.
    pub(super) sources: Vec<Arc<FetchedSource>>,
    pub(super) knowledge: Arc<KnowledgeHandle>,
    pub(super) responder: Responder,
    pub(super) store: Arc<dyn Store>,
    /// The bot's identity in Slack.
    pub(super) us: Identity,
}

/// Performs the steps that can keep the bot from starting, the cheapest first.
async fn prepare(
    settings: &Settings,
    mut sources: Vec<Arc<FetchedSource>>,
    parts: &Parts,
    reach: &start::SlackAccess,
) -> Result<Prepared, Error> {
    for (source, cause) in sources::fetch_new(&sources).await {
        warn!(source, %cause, "a runbook source cannot be fetched; retrying while the bot runs");
        parts.status.sources.failed(&source, &cause.to_string());
    }
    let folders: Vec<_> = settings.runbooks.folders().filter(|folder| folder.is_dir()).collect();
    let is_watched = !(folders.is_empty() && sources.is_empty());
    let changed = || Arc::clone(&parts.reload);
    let watch = is_watched.then(|| reload::FolderWatcher::new(&folders, &settings.runbooks, changed()));
    let mut source = KnowledgeSource::new(settings, &sources);
    if !settings.runbooks.reload {
        sources.clear();
    }
    let first = source.begin()?;
    let responder = responder::responder(settings)?;
    parts.status.succeeded(Dependency::Runbooks);
    parts.status.runbooks(&first, 0);
    let knowledge = Arc::new(KnowledgeHandle::new(first));
    let reload = watch.map(|watch| Reload {
        source: Mutex::new(source),
        knowledge: Arc::clone(&knowledge),
        status: Arc::clone(&parts.status),
        watch,
        tell: Box::new(|| {}),
    });
    let store = waiting::for_store(
        &parts.status,
        parts.store_patience,
        &StoreLocation::from(&settings.store),
    )
    .await?;
    parts.status.store_works();
    let us = waiting::for_slack(&parts.status, parts.timing.back_off, || reach.identity()).await?;
    info!(slack.team = us.team_id, slack.user = us.user_id, "Slack knows the bot");
    Ok(Prepared {
        reload,
        sources,
        knowledge,
        responder,
        store,
        us,
    })
}

/// Starts every task except the Socket Mode connections, which it returns.
fn spawn(
    settings: Settings,
    parts: &Parts,
    mut prepared: Prepared,
    reach: &start::SlackAccess,
    (clients, requests, calls): (
        HashMap<JenkinsId, jenkins::Client>,
        Option<TcpListener>,
        Option<mpsc::Receiver<HookCall>>,
    ),
    tasks: &Tasks,
) -> Option<Arc<Sockets>> {
    let (reload, fetched) = (prepared.reload.take(), std::mem::take(&mut prepared.sources));
    let ctx = Arc::new(Context::new(settings, parts, &reach.web, prepared));
    let runner = Arc::new(Runner::new(&ctx, clients, parts.jobs));
    let questions = Arc::new(QuestionHandler {
        ctx: Arc::clone(&ctx),
        runner: Arc::clone(&runner),
    });
    let unanswered = Arc::new(Unanswered::default());
    let interactions = InteractionHandler {
        ctx: Arc::clone(&ctx),
        questions: Arc::clone(&questions),
        runner: Arc::clone(&runner),
    };
    let messages = MessageHandler {
        ctx: Arc::clone(&ctx),
        questions,
        unanswered: Arc::clone(&unanswered),
    };
    let inbox_worker = InboxWorker {
        ctx: Arc::clone(&ctx),
        messages,
        cpu_permits: Arc::new(Semaphore::new(cpu_permits::permits())),
        suspects: RwLock::default(),
    };
    let intake = Arc::new(Intake {
        ctx: Arc::clone(&ctx),
        stray_connections: Mutex::new(StrayConnections::new(ctx.rules.settings.slack.expected_connections())),
        interactions,
    });
    let sockets = inbound(parts, &ctx, &intake, reach, requests, tasks);
    let housekeeping = Arc::new(Housekeeping {
        ctx: Arc::clone(&ctx),
        intake,
        sockets: sockets.clone(),
    });
    let skew = SkewMonitor { ctx: Arc::clone(&ctx) };
    let home = Home { ctx: Arc::clone(&ctx) };
    tasks.keep_shared("runs", &runner, Runner::run);
    let others = replicas::ReplicaListener {
        ctx: Arc::clone(&ctx),
        runner: Arc::clone(&runner),
    };
    tasks.keep("replicas", others, replicas::ReplicaListener::run);
    tasks.keep("home", home, Home::run);
    let notices = RunbookNotices { ctx: Arc::clone(&ctx) };
    tasks.keep("notices", notices, RunbookNotices::run);
    keep_calling(&ctx, calls, tasks);
    let channels = OwnChannelsRefresher { ctx: Arc::clone(&ctx) };
    tasks.keep("channels", channels, OwnChannelsRefresher::run);
    tasks.keep_shared("unanswered", &unanswered, Unanswered::run);
    tasks.keep("handle", inbox_worker, InboxWorker::run);
    tasks.keep("clock", skew, SkewMonitor::run);
    tasks.keep(
        "deliver",
        OutboxWorker::new(&ctx, parts.tracker.clone()),
        OutboxWorker::run,
    );
    tasks.keep_shared("housekeeping", &housekeeping, Housekeeping::run);
    tasks.keep_shared("scrub", &housekeeping, Housekeeping::scrub_on);
    tasks.keep_shared("purge", &housekeeping, Housekeeping::purge_hourly);
    if let Some(reload) = reload {
        for source in fetched {
            let sync = SourceSync::new(&ctx, source, reload.watch.changed());
            tasks.keep("fetch", sync, SourceSync::run);
        }
        let tell = Box::new(move || {
            ctx.home_visitors.changed();
            ctx.runbooks_read.notify_one();
        });
        tasks.keep("reload", Reload { tell, ..reload }, Reload::run);
    }
    sockets
}

/// Starts the tasks that call people, and that learn who is on call and who has acknowledged.
fn keep_calling(ctx: &Arc<Context>, calls: Option<mpsc::Receiver<HookCall>>, tasks: &Tasks) {
    let refresher = OnCallRefresher { ctx: Arc::clone(ctx) };
    tasks.keep("on_call", refresher, OnCallRefresher::run);
    let escalations = EscalationWorker { ctx: Arc::clone(ctx) };
    tasks.keep("escalations", escalations, EscalationWorker::run);
    tasks.keep("issues", IssueWorker::new(ctx), IssueWorker::run);
    tasks.keep("alerts", AlertWatcher::new(ctx), AlertWatcher::run);
    if let Some(calls) = calls {
        let receiver = AlertHookReceiver::new(ctx, calls);
        tasks.keep("page_hooks", receiver, AlertHookReceiver::run);
    }
}

/// Opens the inbound side: Socket Mode connections, to be run later, or a port for Slack's requests.
fn inbound(
    parts: &Parts,
    ctx: &Context,
    intake: &Arc<Intake>,
    reach: &start::SlackAccess,
    requests: Option<TcpListener>,
    tasks: &Tasks,
) -> Option<Arc<Sockets>> {
    let handler = Arc::clone(intake) as _;
    let inbound = Inbound::new(handler, parts.tracker.clone(), tasks.hard.clone(), parts.timing.answer);
    let connections = inbound::InboundConnections {
        net: reach.net.clone(),
        web: Arc::clone(&ctx.web),
        way: reach.way.clone(),
        requests,
    };
    connections.open(parts, tasks, inbound)
}
