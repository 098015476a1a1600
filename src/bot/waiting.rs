//! Waits for Slack and for the store at the start: a temporary fault never ends the process.

use std::fmt;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::time::Instant;
use tracing::{info, warn};

use super::{Error, Status};
use crate::slack::web;
use crate::store::{self, Store, StoreLocation};

/// Shortest time between log lines about one cause.
const SAID: Duration = Duration::from_mins(1);
/// Longest wait that Slack may ask for.
const LONGEST: Duration = Duration::from_hours(1);
/// Pause between tries to open the store.
const STORE_AGAIN: Duration = Duration::from_millis(250);

/// Reasons why the bot is not ready, for `/ready`.
#[derive(Debug, Default)]
pub(super) struct Reasons(Mutex<[Option<String>; 2]>);

/// A dependency that is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Slack,
    Store,
}

impl Reasons {
    /// Sets or clears a reason. Returns true when there is any now.
    pub(super) fn set(&self, what: What, why: Option<String>) -> bool {
        let mut reasons = self.0.lock();
        if let Some(reason) = reasons.get_mut(what as usize) {
            *reason = why;
        }
        reasons.iter().any(Option::is_some)
    }

    /// Adds the reasons to the JSON body of `/ready`.
    pub(super) fn tell(&self, details: &mut Value) {
        let reasons = self.0.lock();
        for (name, why) in ["slack", "store"].into_iter().zip(reasons.iter()) {
            if let (Some(why), Some(details)) = (why, details.get_mut(name).and_then(Value::as_object_mut)) {
                details.insert("waiting_for".to_owned(), Value::from(why.as_str()));
            }
        }
    }
}

/// Calls Slack until it answers. The wait between tries is as long as Slack says, else exponentially longer, with
/// jitter.
///
/// # Errors
///
/// A fault that only a person can fix: a token that Slack refuses, a scope that is missing.
pub(super) async fn for_slack<T, F: Future<Output = Result<T, Error>>>(
    status: &Status,
    (least, most): (Duration, Duration),
    ask: impl Fn() -> F,
) -> Result<T, Error> {
    // Jitter makes a wait up to twice as long.
    let mut delays = ExponentialBuilder::default()
        .with_min_delay(least)
        .with_max_delay(most / 2)
        .without_max_times()
        .with_jitter()
        .build();
    let mut said: Option<Instant> = None;
    loop {
        let error = match ask().await {
            Ok(answer) => {
                status.set_reason(What::Slack, None);
                if said.is_some() {
                    info!("Slack answers again");
                }
                return Ok(answer);
            }
            Err(error) => error,
        };
        let Error::Slack { api_url, cause } = &error else {
            return Err(error);
        };
        if !is_passing(cause) {
            return Err(error);
        }
        let why = WaitReason { api_url, cause }.to_string();
        if said.is_none_or(|at| at.elapsed() >= SAID) {
            warn!(why, "waiting for Slack");
            said = Some(Instant::now());
        }
        status.set_reason(What::Slack, Some(why));
        let wait = delays.next().unwrap_or(most);
        tokio::time::sleep(match cause {
            web::Error::RateLimited { after, .. } => wait.max((*after).min(LONGEST)),
            _ => wait,
        })
        .await;
    }
}

/// Opens the store and counts the rows that were being handled when the process ended. A process that is ending may
/// still use the store, and something else may have it locked for a moment: that is waited for as long as `patience`. A
/// disk that is full, or takes no writes for another reason, is waited for without end, and so is a database server that is
/// out of reach.
///
/// # Errors
///
/// A fault that only a person can fix.
pub(super) async fn for_store(
    status: &Status,
    patience: Duration,
    location: &StoreLocation,
) -> Result<Arc<dyn Store>, Error> {
    let begun = Instant::now();
    let mut said: Option<Instant> = None;
    let mut opened = None;
    loop {
        let error = match recover(&mut opened, location).await {
            Ok(store) => {
                status.set_reason(What::Store, None);
                return Ok(store);
            }
            Err(error) => error,
        };
        let again = match blocked(&error) {
            Some(Blocked::Busy) => begun.elapsed() < patience,
            Some(Blocked::Full | Blocked::Away) => true,
            None => false,
        };
        if !again {
            return Err(error.into());
        }
        if said.is_none_or(|at| at.elapsed() >= SAID) {
            warn!(%error, "waiting for the store");
            said = Some(Instant::now());
        }
        status.set_reason(What::Store, Some(error.to_string()));
        tokio::time::sleep(STORE_AGAIN).await;
    }
}

/// Opens the store, unless it is open already, and brings the inbox up to date.
async fn recover(
    opened: &mut Option<Arc<dyn Store>>,
    location: &StoreLocation,
) -> Result<Arc<dyn Store>, store::Error> {
    let store = match opened.take() {
        Some(store) => store,
        None => store::open(location).await?,
    };
    match store.recover_inbox().await {
        Ok(0) => Ok(store),
        Ok(crashed) => {
            info!(crashed, "messages were in progress when the bot stopped");
            Ok(store)
        }
        Err(error) => {
            *opened = Some(store);
            Err(error)
        }
    }
}

/// The reason why a store that is not damaged cannot be opened now.
#[derive(Debug, PartialEq, Eq)]
enum Blocked {
    /// Another process uses it.
    Busy,
    /// There is no space left, or none for this user.
    Full,
    /// The database server is out of reach, starting or stopping, or has no connection left.
    Away,
}

fn blocked(error: &store::Error) -> Option<Blocked> {
    match error {
        store::Error::InUse { .. } => Some(Blocked::Busy),
        store::Error::Open { cause, .. } => {
            matches!(cause.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded).then_some(Blocked::Full)
        }
        store::Error::Unusable { cause, .. }
        | store::Error::Database(cause)
        | store::Error::Unreachable { cause, .. } => away(cause).or_else(|| of_code(cause)),
        store::Error::Migration { cause, .. } => match cause.as_ref() {
            sqlx::migrate::MigrateError::Execute(cause) | sqlx::migrate::MigrateError::ExecuteMigration(cause, _) => {
                away(cause).or_else(|| of_code(cause))
            }
            _ => None,
        },
        _ => None,
    }
}

/// Recognises faults of the connection to a database server, and SQLSTATE 53300 (too many connections), 57P01 to 57P03
/// (the server stops or starts) (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
fn away(cause: &sqlx::Error) -> Option<Blocked> {
    let code = cause.as_database_error().and_then(sqlx::error::DatabaseError::code);
    let is_away = match cause {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => true,
        _ => matches!(code.as_deref(), Some("53300" | "57P01" | "57P02" | "57P03")),
    };
    is_away.then_some(Blocked::Away)
}

/// Maps SQLite's primary result codes BUSY 5, LOCKED 6 and FULL 13. A quota, and a full disk while the index of the
/// write-ahead log is made, are reported with the extended codes `IOERR_WRITE` 778, `IOERR_FSYNC` 1034,
/// `IOERR_DIR_FSYNC` 1290, `IOERR_TRUNCATE` 1546, `IOERR_SHMSIZE` 4874 and `IOERR_SHMMAP` 5386
/// (<https://www.sqlite.org/rescode.html>).
fn of_code(cause: &sqlx::Error) -> Option<Blocked> {
    let code: u32 = cause.as_database_error()?.code()?.parse().ok()?;
    match (code & 0xff, code) {
        (5 | 6, _) => Some(Blocked::Busy),
        (13, _) | (_, 778 | 1_034 | 1_290 | 1_546 | 4_874 | 5_386) => Some(Blocked::Full),
        _ => None,
    }
}

/// Returns true when a failed call may succeed later without a person's help.
pub(super) fn is_passing(cause: &web::Error) -> bool {
    match cause {
        web::Error::RateLimited { .. } | web::Error::Unreachable { .. } | web::Error::Uncertain { .. } => true,
        // The workspace is being moved to an organisation.
        web::Error::Auth { code, .. } => code == "org_login_required",
        // An HTTP status without Slack's own error may come from a proxy.
        web::Error::Permanent { code, .. } => code.starts_with("http_"),
        web::Error::Content { .. } | web::Error::Channel { .. } | web::Error::Gone { .. } => false,
    }
}

/// Formats a failed call as a sentence for people.
pub(super) struct WaitReason<'a> {
    pub(super) api_url: &'a str,
    pub(super) cause: &'a web::Error,
}

impl fmt::Display for WaitReason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { api_url, cause } = self;
        match cause {
            web::Error::Unreachable { why, .. } => write!(f, "Slack at {api_url} cannot be reached: {why}"),
            web::Error::RateLimited { method, after } => {
                let seconds = after.as_secs();
                write!(f, "Slack at {api_url} rate limits {method}: next call in {seconds} s")
            }
            web::Error::Uncertain { method, why } => {
                write!(f, "Slack at {api_url} returned an invalid response to {method}: {why}")
            }
            other => {
                let code = other.code().unwrap_or_default();
                let code = code
                    .strip_prefix("http_")
                    .map_or(code.to_owned(), |status| format!("HTTP {status}"));
                write!(f, "Slack at {api_url} cannot be used: {code}; is slack.api_url right?")
            }
        }
    }
}
