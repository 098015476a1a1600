//! Leases: work that one replica does at a time.
//!
//! A replica holds a lease by name until a time by the server's clock, and renews it while there is work. A transaction
//! that changes rows which a lease protects checks it first, and keeps others from taking it until it ends: a replica
//! that was paused for longer than its lease finds another owner there, and changes nothing.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sqlx::postgres::PgPool;
use uuid::Uuid;

use super::Tx;

/// Time for which a lease is held without being renewed, in seconds.
pub(super) const HELD: f64 = 15.0;
/// Time for which a lane stays with its replica after a message was handled: the next message may continue one that only
/// this replica remembers, as it matched no runbook.
const STICKY: Duration = Duration::from_secs(70);

/// A process that uses the database.
#[derive(Debug)]
pub(super) struct Replica {
    id: String,
    lease: String,
    /// True once the replica has given up its leases.
    left: AtomicBool,
    /// Leases of lanes, with the time at which a message was last handled there.
    handled: Mutex<HashMap<String, Instant>>,
}

impl Replica {
    /// A replica with a new, random id.
    pub(super) fn new() -> Self {
        let id = Uuid::new_v4().simple().to_string();
        let lease = format!("replica:{id}");
        Self {
            id,
            lease,
            left: AtomicBool::new(false),
            handled: Mutex::default(),
        }
    }

    /// The replica's id: the owner of its leases and of rows under way.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Keeps the lease of a lane for [`STICKY`], although nothing waits there.
    pub(super) fn keep_for_a_while(&self, lease: String) {
        self.handled.lock().insert(lease, Instant::now());
    }

    /// Leases of lanes in which a message was handled lately.
    fn kept(&self) -> Vec<String> {
        let mut handled = self.handled.lock();
        handled.retain(|_, at| at.elapsed() < STICKY);
        handled.keys().cloned().collect()
    }

    /// Takes or keeps a lease until the transaction ends. `false` when another replica holds it.
    pub(super) async fn hold(&self, transaction: &mut Tx, name: &str) -> Result<bool, sqlx::Error> {
        // A lease that ends soon is not locked here: two transactions that share the lock could not both renew it.
        let fresh = sqlx::query(
            "SELECT 1 FROM leases WHERE name = $1 AND owner = $2
             AND until > clock_timestamp() + make_interval(secs => $3 / 2) FOR SHARE",
        )
        .bind(name)
        .bind(&self.id)
        .bind(HELD)
        .fetch_optional(&mut **transaction)
        .await?;
        if fresh.is_some() {
            return Ok(true);
        }
        let taken = sqlx::query(
            "INSERT INTO leases (name, owner, until) VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3))
             ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until
             WHERE leases.owner = excluded.owner OR leases.until < clock_timestamp()",
        )
        .bind(name)
        .bind(&self.id)
        .bind(HELD)
        .execute(&mut **transaction)
        .await?;
        Ok(taken.rows_affected() == 1)
    }

    /// Takes or keeps several leases. Returns those that this replica holds.
    pub(super) async fn hold_some(&self, pool: &PgPool, mut names: Vec<String>) -> Result<Vec<String>, sqlx::Error> {
        let mut held: Vec<String> = sqlx::query_scalar(
            "SELECT name FROM leases WHERE name = ANY($1) AND owner = $2
             AND until > clock_timestamp() + make_interval(secs => $3 / 2)",
        )
        .bind(&names)
        .bind(&self.id)
        .bind(HELD)
        .fetch_all(pool)
        .await?;
        names.retain(|name| !held.contains(name));
        if names.is_empty() {
            return Ok(held);
        }
        // In one order everywhere, so that replicas never wait for each other in a circle.
        names.sort();
        names.dedup();
        let taken: Vec<String> = sqlx::query_scalar(
            "INSERT INTO leases (name, owner, until)
             SELECT name, $2, clock_timestamp() + make_interval(secs => $3) FROM unnest($1::TEXT[]) AS wanted (name)
             ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until
             WHERE leases.owner = excluded.owner OR leases.until < clock_timestamp() RETURNING name",
        )
        .bind(&names)
        .bind(&self.id)
        .bind(HELD)
        .fetch_all(pool)
        .await?;
        held.extend(taken);
        Ok(held)
    }

    /// Renews the leases under which there is work, and the one that tells that this replica is alive. Those that a
    /// transaction checks right now are renewed the next time.
    pub(super) async fn renew(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO leases (name, owner, until) VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3))
             ON CONFLICT (name) DO UPDATE SET until = excluded.until",
        )
        .bind(&self.lease)
        .bind(&self.id)
        .bind(HELD)
        .execute(pool)
        .await?;
        sqlx::query(
            "UPDATE leases SET until = clock_timestamp() + make_interval(secs => $2) WHERE name IN (
                 SELECT name FROM leases WHERE owner = $1 AND CASE split_part(name, ':', 1)
                     WHEN 'inbox' THEN EXISTS (
                         SELECT 1 FROM inbox WHERE lane = substr(leases.name, 7) AND state = 'waiting')
                     WHEN 'outbox' THEN EXISTS (
                         SELECT 1 FROM outbox WHERE channel = substr(leases.name, 8)
                         AND state IN ('pending', 'sending', 'uncertain'))
                     WHEN 'run' THEN EXISTS (SELECT 1 FROM runs WHERE id = substr(leases.name, 5) AND live)
                     -- Held for a moment only: whoever forgets it does not keep it.
                     WHEN 'places' THEN false
                     ELSE true END OR (owner = $1 AND name = ANY($3) AND until > clock_timestamp())
                 ORDER BY name FOR NO KEY UPDATE SKIP LOCKED)",
        )
        .bind(&self.id)
        .bind(HELD)
        .bind(self.kept())
        .execute(pool)
        .await?;
        sqlx::query(
            "DELETE FROM leases WHERE name IN (
                 SELECT name FROM leases WHERE until < clock_timestamp() - INTERVAL '1 hour' FOR UPDATE SKIP LOCKED)",
        )
        .execute(pool)
        .await?;
        Ok(())
    }

    /// Gives up a lease.
    pub(super) async fn let_go(&self, pool: &PgPool, name: &str) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM leases WHERE name = $1 AND owner = $2")
            .bind(name)
            .bind(&self.id)
            .execute(pool)
            .await?;
        Ok(())
    }

    /// Gives up all leases, for a replica that ends. Channels stay its own for two seconds more: the next holder does not
    /// know when the last message was posted there, and Slack takes one a second.
    pub(super) async fn leave(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        self.left.store(true, Ordering::Release);
        sqlx::query(
            "UPDATE leases SET until = clock_timestamp() + CASE WHEN name LIKE 'outbox:%' THEN INTERVAL '2 seconds'
             ELSE INTERVAL '-1 second' END WHERE owner = $1",
        )
        .bind(&self.id)
        .execute(pool)
        .await?;
        Ok(())
    }

    /// Returns true once the replica has given up its leases.
    pub(super) fn has_left(&self) -> bool {
        self.left.load(Ordering::Acquire)
    }

    /// The number of leases that this replica holds.
    pub(super) async fn held(&self, pool: &PgPool) -> Result<u64, sqlx::Error> {
        let held: i64 =
            sqlx::query_scalar("SELECT count(*) FROM leases WHERE owner = $1 AND until > clock_timestamp()")
                .bind(&self.id)
                .fetch_one(pool)
                .await?;
        Ok(held.unsigned_abs())
    }
}

/// Ids of the replicas that are alive, in their order.
pub(super) async fn alive(pool: &PgPool) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT owner FROM leases WHERE name LIKE 'replica:%' AND until > clock_timestamp() ORDER BY owner",
    )
    .fetch_all(pool)
    .await
}
