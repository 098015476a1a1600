//! The `signpost serve` command: runs the bot against Slack.

use std::io::IsTerminal as _;
use std::panic::PanicHookInfo;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
#[cfg(feature = "opentelemetry")]
use std::time::Duration;

use clap::Args;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

#[cfg(feature = "opentelemetry")]
use crate::net::Net;
use crate::settings::{self, Format, LogSettings, Settings};
use crate::{bot, telemetry};

/// Time limit of a request to the collector of traces.
#[cfg(feature = "opentelemetry")]
const REQUEST: Duration = Duration::from_secs(10);
/// Time limit for sending the last traces, after the bot has ended.
#[cfg(feature = "opentelemetry")]
const FLUSH: Duration = Duration::from_secs(2);

/// Run the bot against Slack.
///
/// All settings, with comments: config/default.toml. They are changed by `local.toml` in the config folder and by
/// environment variables such as SIGNPOST__RUNBOOKS__DIR. The tokens come from SIGNPOST__SLACK__BOT_TOKEN and
/// SIGNPOST__SLACK__APP_TOKEN.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder with `local.toml` and `jobs.toml` [default: ./config, if it exists].
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let settings = settings::load(arguments.config.as_deref())?;
    log(&settings.log)?;
    tell_jobs(&settings);
    let metrics = telemetry::install()?;
    // Two threads: the work is mostly waiting, and processing a message takes a millisecond.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    #[cfg(feature = "opentelemetry")]
    let traces = traces(&settings, runtime.handle());
    let ended = runtime.block_on(async {
        let parts = bot::Parts {
            metrics: Some(metrics),
            ..bot::Parts::default()
        };
        let (shutdown, hard, status) = (CancellationToken::new(), parts.hard.clone(), Arc::clone(&parts.status));
        let reload = Arc::clone(&parts.reload);
        let asked = settings.clone();
        let beside = async {
            let ready = async {
                status.wait_ready().await;
                tracing::info!("ready");
                // An unreachable Jenkins is only logged: the runbooks work without it.
                for problem in bot::unwell(&asked).await {
                    tracing::warn!("{problem}");
                }
            };
            tokio::join!(ready, signals(&shutdown, &hard), hangups(&reload));
            std::future::pending::<()>().await;
        };
        tokio::select! {
            ended = bot::run(settings, parts, shutdown.clone()) => ended,
            () = beside => Ok(()),
        }
    });
    #[cfg(feature = "opentelemetry")]
    if let Some(traces) = traces {
        traces.end(FLUSH);
    }
    // Tasks that have not ended by themselves have their state in the store.
    runtime.shutdown_background();
    ended?;
    Ok(ExitCode::SUCCESS)
}

/// Starts the export of traces, if the environment names a collector. The bot works without one, so that a wrong variable,
/// which may be meant for other programs, is only logged.
#[cfg(feature = "opentelemetry")]
fn traces(settings: &Settings, runtime: &tokio::runtime::Handle) -> Option<crate::traces::Exporting> {
    let started = Net::new(&settings.net.ca_files, REQUEST)
        .and_then(|net| net.client())
        .map_err(anyhow::Error::from)
        .and_then(|client| Ok(crate::traces::Exporting::start(client, runtime)?));
    match started {
        Ok(Some(exporting)) => {
            tracing::info!("traces are exported");
            Some(exporting)
        }
        Ok(None) => None,
        Err(cause) => {
            // It quotes the variable, and an address may hold a password.
            let cause = crate::redact::redact(&cause.to_string()).into_owned();
            tracing::error!(cause, "traces are not exported");
            None
        }
    }
}

/// Logs how many jobs and Jenkins servers are registered.
fn tell_jobs(settings: &Settings) {
    let registry = &settings.jobs.registry;
    if registry.jobs.is_empty() {
        tracing::info!("no jobs are registered in jobs.toml, so nothing can be run in Jenkins");
        return;
    }
    let (jobs, jenkins) = (registry.jobs.len(), registry.jenkins.len());
    tracing::info!(jobs, jenkins, "jobs are registered");
}

/// Cancels `shutdown` at the first signal and `hard` at the second.
async fn signals(shutdown: &CancellationToken, hard: &CancellationToken) {
    for token in [shutdown, hard] {
        if let Err(cause) = signal().await {
            tracing::error!(%cause, "the signal handlers cannot be installed");
            return;
        }
        token.cancel();
    }
}

#[cfg(unix)]
async fn signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// Has the runbooks read again at each SIGHUP. Settings and tokens are read at the start only.
#[cfg(unix)]
async fn hangups(reload: &Notify) {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::hangup()) {
        Ok(mut hangup) => {
            while hangup.recv().await.is_some() {
                tracing::info!("SIGHUP: reading the runbooks again");
                reload.notify_one();
            }
        }
        Err(cause) => tracing::error!(%cause, "the handler for SIGHUP cannot be installed"),
    }
}

#[cfg(not(unix))]
async fn hangups(_: &Notify) {}

#[cfg(not(unix))]
async fn signal() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}

/// Sets up logging to standard error (standard output is for data) and the panic hook.
pub(super) fn log(log: &LogSettings) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&log.level)?;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let lines = match log.format {
        Format::Text => lines.boxed(),
        Format::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry()
        .with(filter)
        .with(filter_fn(is_safe))
        .with(lines)
        .try_init()
        .map_err(|cause| anyhow::anyhow!("logging cannot be set up: {cause}"))?;
    std::panic::set_hook(Box::new(panicked));
    Ok(())
}

/// Tells whether a log line may be written, whatever `log.level` says. Libraries print whole frames, bodies, headers
/// and SQL statements at their lower levels, with people's messages and our tokens in them.
fn is_safe(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let is_ours = target == "signpost" || target.starts_with("signpost::");
    is_ours || *metadata.level() <= Level::WARN
}

/// Logs a panic without the values formatted into its message, which may quote what somebody wrote.
fn panicked(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let message = panic
        .payload()
        .downcast_ref::<&'static str>()
        .copied()
        .unwrap_or_default();
    tracing::error!(place, message, "a panic");
}
