//! Tasks beside the store: they renew leases, take care of what replicas left that are gone, and pass on wake-ups.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgListener, PgPool};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tracing::{info, warn};

use super::leases::Replica;
use super::{DURABLE, inbox, interactions, limited, outbox, pace};
use crate::store::{Changes, ReplicaChange};

/// Interval between renewals of the leases: several fit into the time for which one is held.
const RENEW: Duration = Duration::from_secs(4);
/// Pause before the next try when the database cannot be listened to.
const AGAIN: Duration = Duration::from_secs(1);
/// Time in which wake-ups for other replicas are put together.
const TOGETHER: Duration = Duration::from_millis(10);
/// The channel of NOTIFY.
const CHANNEL: &str = "signpost";

/// Wake-ups, for other replicas and from them.
#[derive(Debug, Default)]
pub(super) struct Wakes {
    out: Signals,
    into: Signals,
}

/// Kinds of work that came up since the last look.
#[derive(Debug, Default)]
struct Signals {
    inbox: AtomicBool,
    outbox: AtomicBool,
    runs: AtomicBool,
    any: Notify,
}

impl Signals {
    fn raise(&self, change: ReplicaChange) {
        for (flag, raised) in [
            (&self.inbox, change.inbox),
            (&self.outbox, change.outbox),
            (&self.runs, change.runs),
        ] {
            if raised {
                flag.store(true, Ordering::Release);
            }
        }
        if change != ReplicaChange::default() {
            self.any.notify_one();
        }
    }

    async fn next(&self) -> ReplicaChange {
        loop {
            let change = ReplicaChange {
                inbox: self.inbox.swap(false, Ordering::AcqRel),
                outbox: self.outbox.swap(false, Ordering::AcqRel),
                runs: self.runs.swap(false, Ordering::AcqRel),
            };
            if change != ReplicaChange::default() {
                return change;
            }
            self.any.notified().await;
        }
    }
}

impl Wakes {
    /// Tells other replicas of new rows of the inbox.
    pub(super) fn tell_inbox(&self) {
        self.out.raise(ReplicaChange {
            inbox: true,
            ..ReplicaChange::default()
        });
    }

    /// Tells other replicas of new rows of the outbox.
    pub(super) fn tell_outbox(&self) {
        self.out.raise(ReplicaChange {
            outbox: true,
            ..ReplicaChange::default()
        });
    }

    /// Tells other replicas of the posts and runs among changes.
    pub(super) fn tell(&self, done: &Changes) {
        self.out.raise(ReplicaChange {
            inbox: false,
            outbox: !done.posts.is_empty(),
            runs: !done.runs.is_empty(),
        });
    }

    /// Waits for work that another replica told of.
    pub(super) async fn next(&self) -> ReplicaChange {
        self.into.next().await
    }
}

/// Starts the tasks. They end when the result is dropped.
pub(super) fn spawn(
    writers: &PgPool,
    us: &Arc<Replica>,
    lookup_after: &Arc<AtomicI64>,
    wakes: &Arc<Wakes>,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let keeper = Keeper {
        writers: writers.clone(),
        us: Arc::clone(us),
        lookup_after: Arc::clone(lookup_after),
        wakes: Arc::clone(wakes),
    };
    tasks.spawn(keeper.run());
    tasks.spawn(listen(writers.clone(), Arc::clone(us), Arc::clone(wakes)));
    tasks.spawn(tell(writers.clone(), Arc::clone(us), Arc::clone(wakes)));
    tasks
}

/// Renews the leases, and frees what replicas left that are gone.
struct Keeper {
    writers: PgPool,
    us: Arc<Replica>,
    lookup_after: Arc<AtomicI64>,
    wakes: Arc<Wakes>,
}

impl Keeper {
    async fn run(self) {
        loop {
            tokio::time::sleep(RENEW).await;
            if self.us.has_left() {
                return;
            }
            // A failing store is told of by those who need it.
            if limited(self.us.renew(&self.writers)).await.is_ok() {
                let _ = self.free().await;
            }
        }
    }

    async fn free(&self) -> Result<(), sqlx::Error> {
        let lookup_after = u64::try_from(self.lookup_after.load(Ordering::Acquire));
        let freed: Result<(u64, u64), sqlx::Error> = transaction!(self, DURABLE, transaction => {
            let rows = inbox::recover(&mut transaction, &self.us, false).await?;
            let posts = match lookup_after {
                Ok(after) => {
                    outbox::recover(&mut transaction, &self.us, false, Duration::from_millis(after)).await?
                }
                Err(_) => 0,
            };
            (rows, posts)
        });
        let (rows, posts) = freed?;
        let runs = limited(super::runs::any_unfollowed(&self.writers)).await?;
        limited(interactions::forget(&self.writers)).await?;
        limited(pace::forget(&self.writers)).await?;
        if rows + posts > 0 {
            info!(rows, posts, "taking over messages and posts of a replica that ended");
        }
        self.wakes.into.raise(ReplicaChange {
            inbox: rows > 0,
            outbox: posts > 0,
            runs,
        });
        Ok(())
    }
}

/// Passes on what other replicas tell.
async fn listen(writers: PgPool, us: Arc<Replica>, wakes: Arc<Wakes>) {
    loop {
        if let Err(cause) = listen_once(&writers, &us, &wakes).await {
            warn!(%cause, "notifications from other replicas cannot be received; retrying");
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn listen_once(writers: &PgPool, us: &Replica, wakes: &Wakes) -> Result<(), sqlx::Error> {
    // On a connection of its own: it is held for good.
    let pool = sqlx::postgres::PgPoolOptions::new()
        .max_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .connect_with(writers.connect_options().as_ref().clone())
        .await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        // What was told before, or while the connection was lost, was not heard.
        wakes.into.raise(ReplicaChange {
            inbox: true,
            outbox: true,
            runs: true,
        });
        while let Some(told) = listener.try_recv().await? {
            if let Some(change) = heard(told.payload(), us.id()) {
                wakes.into.raise(change);
            }
        }
    }
}

/// Reads a notification, unless it is our own: the sender's id, and words for the kinds of work.
fn heard(payload: &str, us: &str) -> Option<ReplicaChange> {
    let mut words = payload.split(' ');
    let sender = words.next().filter(|sender| *sender != us);
    sender?;
    let mut change = ReplicaChange::default();
    for word in words {
        match word {
            "inbox" => change.inbox = true,
            "outbox" => change.outbox = true,
            "runs" => change.runs = true,
            // From a newer version.
            _ => {}
        }
    }
    Some(change)
}

/// Tells other replicas of new work. Not part of the transactions that make it: those would wait for each other.
async fn tell(writers: PgPool, us: Arc<Replica>, wakes: Arc<Wakes>) {
    loop {
        wakes.out.any.notified().await;
        tokio::time::sleep(TOGETHER).await;
        let change = wakes.out.next().await;
        let mut payload = us.id().to_owned();
        for (word, told) in [
            (" inbox", change.inbox),
            (" outbox", change.outbox),
            (" runs", change.runs),
        ] {
            if told {
                payload.push_str(word);
            }
        }
        // Whoever does not hear of it finds it a few seconds later.
        let told = sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(payload);
        let _ = limited(told.execute(&writers)).await;
    }
}
