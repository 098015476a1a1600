//! The store in PostgreSQL, which several replicas of the bot may share.
//!
//! A transaction sees what was committed before each of its statements (READ COMMITTED). Rows that it decides upon are
//! locked first, or changed by a statement that names what was read, so that two replicas never do one thing twice.
//! `leases` tells which replica works on what.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use jiff::Timestamp;
use secrecy::SecretString;
use sqlx::Transaction;
use sqlx::postgres::PgPool;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::JoinSet;

use super::migrations::POSTGRES as MIGRATIONS;
use super::rows::{self, Overdue};
use super::{
    Arrival, Changes, Due, DueEscalation, DueIssue, DuePage, DueWatch, Error, Escalations, InboxCounts, MessageRef,
    Missed, NewPost, OutboxCounts, PostOutcome, Purged, Receipt, Retention, SetAsideReason, Store, Turn, Waiting,
};

/// A transaction on a connection of its own.
pub(super) type Tx = Transaction<'static, sqlx::Postgres>;

/// Statement that begins a transaction whose commit is on disk when it returns, whatever the server's default is.
const DURABLE: &str = "
    BEGIN; SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') IN ('off', 'local')";
/// Like [`DURABLE`], for data that must survive a crash of the bot but not one of the database server: what is done again, or
/// flushed by a later transaction before anything depends on it.
const UNFLUSHED: &str = "BEGIN; SET LOCAL synchronous_commit TO off";
/// Time limit of a transaction: a server that stopped answering must not hold up the bot for longer.
const LIMIT: Duration = Duration::from_secs(30);
/// Time limit of a VACUUM of the inbox: it reads the whole table, and begins anew when it is ended too early.
const VACUUM: Duration = Duration::from_mins(30);

/// Runs a block in a transaction, commits, and evaluates to `Result` of the block's value. The block's `?` rolls back.
/// A transaction that fails because of another one (a deadlock) is tried again from the beginning. With `if`, the block's
/// value is a `bool`, and `false` rolls back.
macro_rules! transaction {
    ($store:expr, $begin:expr, $transaction:ident => $work:block) => {
        transaction!($store, $begin, $transaction => $work, |_done| true)
    };
    ($store:expr, $begin:expr, if $transaction:ident => $work:block) => {
        transaction!($store, $begin, $transaction => $work, |done: &bool| *done)
    };
    ($store:expr, $begin:expr, $transaction:ident => $work:block, $commits:expr) => {{
        let mut tries = $crate::store::postgres::Tries::default();
        loop {
            let attempt = async {
                let mut $transaction = $store.writers.begin_with($begin).await?;
                let done = $work;
                if $commits(&done) {
                    $transaction.commit().await?;
                }
                Ok::<_, sqlx::Error>(done)
            };
            match $crate::store::postgres::limited(attempt).await {
                Err(cause) if tries.again(&cause).await => {}
                ended => break Ok(ended?),
            }
        }
    }};
}

mod cases;
mod connections;
mod escalations;
mod inbox;
mod interactions;
mod leases;
mod outbox;
mod pace;
mod purge;
mod reading;
mod replicas;
mod runs;
mod shadow;
mod wakes;

pub use connections::display;
use leases::Replica;
use wakes::Wakes;

/// A store in a PostgreSQL database.
#[derive(Debug)]
pub struct Postgres {
    /// Connections for transactions.
    writers: PgPool,
    /// Connections that only read. A task that pauses in the middle of reading holds one of these, never one of those
    /// that it needs to go on.
    readers: PgPool,
    /// Permits of tasks that work through a queue, fewer than there are connections: a person's click never waits for a
    /// connection.
    behind: Semaphore,
    /// This process among all that use the database.
    us: Arc<Replica>,
    /// Time from an attempt to send to its look-up, in milliseconds; negative until [`Store::recover`] has told it.
    lookup_after: Arc<AtomicI64>,
    /// True when payloads were erased since the last [`Store::scrub`].
    erased: AtomicBool,
    overdue: Overdue,
    wakes: Arc<Wakes>,
    /// Tasks that renew the leases, listen to other replicas and tell them; they end with the store.
    _background: JoinSet<()>,
}

impl Postgres {
    /// Connects to the database at `url` and brings its schema up to date.
    ///
    /// # Errors
    ///
    /// Returns an error when the server cannot be reached or refuses, and when the schema is of a version that this one
    /// cannot work with.
    pub async fn open(url: &SecretString) -> Result<Self, Error> {
        let place = display(url);
        let (writers, readers) = connections::open(url).await?;
        connections::upgrade(&writers, &place).await?;
        let us = Arc::new(Replica::new());
        us.renew(&writers).await?;
        let lookup_after = Arc::new(AtomicI64::new(-1));
        let wakes = Arc::new(Wakes::default());
        let background = wakes::spawn(&writers, &us, &lookup_after, &wakes);
        Ok(Self {
            writers,
            readers,
            behind: Semaphore::new(connections::BEHIND),
            us,
            lookup_after,
            erased: AtomicBool::new(false),
            overdue: Overdue::default(),
            wakes,
            _background: background,
        })
    }

    /// Waits for a permit of tasks that can wait; it is held until the transaction has ended.
    async fn behind(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.behind.acquire().await.ok()
    }

    /// Returns true when this replica holds the lease of work that only one does at a time.
    async fn holds(&self, name: &str) -> Result<bool, Error> {
        let held = limited(self.us.hold_some(&self.writers, vec![name.to_owned()])).await?;
        Ok(!held.is_empty())
    }
}

#[async_trait]
impl Store for Postgres {
    async fn receive(&self, arrivals: &[Arrival], now: Timestamp) -> Result<Vec<Receipt>, Error> {
        let receipts: Result<Vec<Receipt>, Error> = transaction!(self, DURABLE, transaction => {
            let mut receipts = Vec::with_capacity(arrivals.len());
            for arrival in arrivals {
                receipts.push(inbox::receive(&mut transaction, arrival, now).await?);
            }
            receipts
        });
        let receipts = receipts?;
        if receipts.iter().any(|receipt| receipt.wakes()) {
            self.wakes.tell_inbox();
        }
        Ok(receipts)
    }

    async fn lanes(&self, after: &str, limit: u32) -> Result<Vec<String>, Error> {
        let mut lanes = limited(inbox::lanes(&self.readers, after, limit)).await?;
        let names = lanes.iter().map(|lane| inbox::lease(lane)).collect();
        let held = limited(self.us.hold_some(&self.writers, names)).await?;
        lanes.retain(|lane| held.contains(&inbox::lease(lane)));
        Ok(lanes)
    }

    async fn next(&self, lane: &str) -> Result<Option<Waiting>, Error> {
        Ok(limited(inbox::next(&self.readers, lane)).await?)
    }

    async fn begin(&self, seq: i64) -> Result<bool, Error> {
        let _behind = self.behind().await;
        transaction!(self, UNFLUSHED, if transaction => {
            inbox::begin(&mut transaction, &self.us, seq).await?
        })
    }

    async fn release(&self, seq: Option<i64>) -> Result<(), Error> {
        let _behind = self.behind().await;
        transaction!(self, UNFLUSHED, transaction => {
            inbox::release(&mut transaction, &self.us, seq).await?;
        })
    }

    async fn finish(&self, row: &Waiting, done: &Changes, now: Timestamp) -> Result<bool, Error> {
        let _behind = self.behind().await;
        let begin = if done.can_be_repeated() { UNFLUSHED } else { DURABLE };
        let finished: Result<bool, Error> = transaction!(self, begin, if transaction => {
            inbox::finish(&mut transaction, &self.us, row, now).await?
                && cases::commit(&mut transaction, &self.us, done, None, now).await?
        });
        let finished = finished?;
        if finished {
            self.us.keep_for_a_while(inbox::lease(&row.lane));
            self.erased.store(true, Ordering::Release);
            self.wakes.tell(done);
        }
        Ok(finished)
    }

    async fn commit(&self, done: &Changes, user: Option<&str>, now: Timestamp) -> Result<bool, Error> {
        let committed: Result<bool, Error> = transaction!(self, DURABLE, if transaction => {
            cases::commit(&mut transaction, &self.us, done, user, now).await?
        });
        let committed = committed?;
        if committed {
            self.wakes.tell(done);
        }
        Ok(committed)
    }

    async fn set_aside(&self, key: &str, why: SetAsideReason, now: Timestamp) -> Result<(), Error> {
        let _behind = self.behind().await;
        transaction!(self, DURABLE, transaction => {
            inbox::set_aside(&mut transaction, key, why, now).await?;
        })
    }

    async fn inbox(&self) -> Result<InboxCounts, Error> {
        Ok(limited(inbox::counts(&self.readers)).await?)
    }

    async fn outbox(&self) -> Result<OutboxCounts, Error> {
        Ok(limited(outbox::counts(&self.readers)).await?)
    }

    async fn missed_before(&self, before: Timestamp) -> Result<Vec<Missed>, Error> {
        let missed = limited(inbox::missed_before(&self.readers, before)).await?;
        if missed.is_empty() || !self.holds("missed").await? {
            return Ok(Vec::new());
        }
        Ok(missed)
    }

    async fn tell_missed(&self, missed: &Missed, post: Option<&NewPost>, now: Timestamp) -> Result<(), Error> {
        transaction!(self, DURABLE, transaction => {
            // More may have been noted meanwhile: then this is told later, with the new ones.
            if inbox::forget_missed(&mut transaction, missed).await?
                && let Some(post) = post
            {
                outbox::add(&mut transaction, std::slice::from_ref(post), None, now).await?;
            }
        })
    }

    async fn enqueue(&self, posts: &[NewPost], now: Timestamp) -> Result<(), Error> {
        let added: Result<(), Error> = transaction!(self, DURABLE, transaction => {
            outbox::add(&mut transaction, posts, None, now).await?;
        });
        self.wakes.tell_outbox();
        added
    }

    async fn due(&self, now: Timestamp) -> Result<Due, Error> {
        let mut due = limited(outbox::due(&self.readers, now)).await?;
        let names = due.posts.iter().map(|post| outbox::lease(&post.channel)).collect();
        let held = limited(self.us.hold_some(&self.writers, names)).await?;
        let all = due.posts.len();
        due.posts.retain(|post| held.contains(&outbox::lease(&post.channel)));
        if due.posts.len() < all {
            // The other replica may be gone: its leases end in a while.
            let again = now.saturating_add(jiff::SignedDuration::from_secs(5)).unwrap_or(now);
            due.next_at = Some(due.next_at.map_or(again, |next| next.min(again)));
        }
        Ok(due)
    }

    async fn sending(&self, key: &str, now: Timestamp) -> Result<Turn, Error> {
        let _behind = self.behind().await;
        transaction!(self, DURABLE, transaction => {
            outbox::turn(&mut transaction, &self.us, key, now).await?
        })
    }

    async fn record_outcome(&self, key: &str, outcome: &PostOutcome) -> Result<(), Error> {
        let _behind = self.behind().await;
        transaction!(self, DURABLE, transaction => {
            outbox::record_outcome(&mut transaction, &self.us, key, outcome).await?;
        })
    }

    async fn posted(&self, key: &str) -> Result<Option<MessageRef>, Error> {
        Ok(limited(outbox::posted(&self.readers, key)).await?)
    }

    async fn is_in_outbox(&self, key: &str) -> Result<bool, Error> {
        Ok(limited(outbox::has(&self.readers, key)).await?)
    }

    async fn recover(&self, lookup_after: Duration) -> Result<u64, Error> {
        self.lookup_after
            .store(rows::milliseconds(lookup_after), Ordering::Release);
        transaction!(self, DURABLE, transaction => {
            outbox::recover(&mut transaction, &self.us, true, lookup_after).await?
        })
    }

    async fn recover_inbox(&self) -> Result<u64, Error> {
        transaction!(self, DURABLE, transaction => {
            inbox::recover(&mut transaction, &self.us, true).await?
        })
    }

    async fn purge(&self, now: Timestamp, retention: Retention) -> Result<Purged, Error> {
        if !self.holds("purge").await? {
            return Ok(Purged::default());
        }
        self.erased.store(true, Ordering::Release);
        let purged = crate::store::purge::purge(self, now, retention).await;
        self.erased.store(true, Ordering::Release);
        purged
    }

    /// Removes the versions of rows that PostgreSQL keeps after a change. Its write-ahead log is the server's own: what
    /// was erased is there until the server recycles it.
    async fn scrub(&self) -> Result<bool, Error> {
        self.erased.store(false, Ordering::Release);
        let vacuum = sqlx::query("VACUUM (SKIP_LOCKED) inbox");
        let vacuumed = limited_to(VACUUM, vacuum.execute(&self.readers)).await;
        if vacuumed.is_err() {
            self.erased.store(true, Ordering::Release);
        }
        vacuumed?;
        Ok(true)
    }

    fn wants_scrub(&self) -> bool {
        self.erased.load(Ordering::Acquire)
    }

    async fn check(&self, now: Timestamp) -> Result<(), Error> {
        transaction!(self, UNFLUSHED, transaction => {
            sqlx::query(
                "INSERT INTO heartbeat (id, at) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET at = excluded.at",
            )
            .bind(now.as_millisecond())
            .execute(&mut *transaction)
            .await?;
        })
    }
}

#[async_trait]
impl Escalations for Postgres {
    async fn due_pages(&self, now: Timestamp, limit: u32) -> Result<Vec<DuePage>, Error> {
        let pages = limited(escalations::due_pages(&self.readers, now, limit)).await?;
        if pages.is_empty() || !self.holds("escalations").await? {
            return Ok(Vec::new());
        }
        Ok(pages)
    }

    async fn due_escalations(&self, now: Timestamp, limit: u32) -> Result<Vec<DueEscalation>, Error> {
        let due = limited(escalations::due_escalations(&self.readers, now, limit)).await?;
        if due.is_empty() || !self.holds("escalations").await? {
            return Ok(Vec::new());
        }
        Ok(due)
    }

    async fn due_watches(&self, now: Timestamp, limit: u32) -> Result<Vec<DueWatch>, Error> {
        let due = limited(escalations::due_watches(&self.readers, now, limit)).await?;
        if due.is_empty() || !self.holds("escalations").await? {
            return Ok(Vec::new());
        }
        Ok(due)
    }

    async fn due_issues(&self, now: Timestamp, limit: u32) -> Result<Vec<DueIssue>, Error> {
        let due = limited(escalations::due_issues(&self.readers, now, limit)).await?;
        if due.is_empty() || !self.holds("escalations").await? {
            return Ok(Vec::new());
        }
        Ok(due)
    }
}

/// A text that PostgreSQL can store: it knows no U+0000.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Ends an operation after [`LIMIT`].
async fn limited<T, E: From<sqlx::Error>>(operation: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    limited_to(LIMIT, operation).await
}

async fn limited_to<T, E: From<sqlx::Error>>(
    limit: Duration,
    operation: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let ended = tokio::time::timeout(limit, operation).await;
    ended.unwrap_or_else(|_| {
        let cause = io::Error::new(io::ErrorKind::TimedOut, "the database server does not answer");
        Err(sqlx::Error::Io(cause).into())
    })
}

/// Tries of a transaction that other transactions may make fail.
#[derive(Debug)]
struct Tries(ExponentialBackoff);

impl Default for Tries {
    fn default() -> Self {
        let waits = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(5))
            .with_max_delay(Duration::from_millis(500))
            .with_max_times(10)
            .with_jitter();
        Self(waits.build())
    }
}

impl Tries {
    /// Returns true, after a pause, when the transaction failed only because of another one and may be tried again:
    /// SQLSTATE 40001 is a serialization failure, 40P01 a deadlock.
    async fn again(&mut self, cause: &sqlx::Error) -> bool {
        let code = cause.as_database_error().and_then(sqlx::error::DatabaseError::code);
        if !matches!(code.as_deref(), Some("40001" | "40P01")) {
            return false;
        }
        let Some(wait) = self.0.next() else { return false };
        tokio::time::sleep(wait).await;
        true
    }
}
