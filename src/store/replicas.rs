//! Replicas: several processes of the bot that share one store.

use async_trait::async_trait;

use super::Error;
use super::runs::{RunRow, Runs};

/// Work that another replica told of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReplicaChange {
    /// Rows were added to the inbox.
    pub inbox: bool,
    /// Rows were added to the outbox.
    pub outbox: bool,
    /// Runs began or changed.
    pub runs: bool,
}

/// A replica as an operator sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReplicaStatus {
    /// Id of this process, the owner of its leases.
    pub id: String,
    /// Number of leases that this process holds.
    pub leases: u64,
    /// Number of processes that use the store.
    pub replicas: u64,
}

/// Cooperation of replicas. Each lease is held by one replica, which renews it while there is work; when the replica is
/// gone, another one can take it after a while. The rows of a channel, in inbox and outbox, are protected by leases that
/// the store itself takes and checks.
///
/// A store that is used by one process alone grants everything.
#[async_trait]
pub trait Replicas: Runs {
    /// Waits for work that another replica told of.
    async fn changed(&self) -> ReplicaChange {
        std::future::pending().await
    }

    /// The live runs that this replica follows, the oldest first. Runs that none follows become its own.
    async fn runs_to_follow(&self) -> Result<Vec<RunRow>, Error> {
        self.live_runs().await
    }

    /// Takes or keeps the lease of a run. `false` when another replica follows it.
    async fn follows(&self, _run: &str) -> Result<bool, Error> {
        Ok(true)
    }

    /// Takes the lease of a job's places, so that two replicas do not give away the last one. `false` while another replica
    /// has it.
    async fn take_places(&self, _job: &str) -> Result<bool, Error> {
        Ok(true)
    }

    /// Gives back the lease of a job's places.
    async fn leave_places(&self, _job: &str) -> Result<(), Error> {
        Ok(())
    }

    /// Takes up to `wanted` of the `all` connections to Slack that all replicas together may hold. Returns the number
    /// taken.
    async fn take_connections(&self, wanted: u32, _all: u32) -> Result<u32, Error> {
        Ok(wanted)
    }

    /// This replica's state; `None` where there is only one.
    async fn replica(&self) -> Result<Option<ReplicaStatus>, Error> {
        Ok(None)
    }

    /// Leaves the work to other replicas, at the end of the process.
    async fn leave(&self) -> Result<(), Error> {
        Ok(())
    }
}
