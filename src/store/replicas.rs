//! Replicas: several processes of the bot that share one store.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;

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

/// The right to answer an interaction that Slack may deliver to several replicas.
#[derive(Debug, Clone, PartialEq)]
pub enum InteractionClaim {
    /// This replica answers it.
    Ours,
    /// Another replica is answering it.
    Elsewhere,
    /// Another replica has answered it, with this value for the acknowledgement.
    Answered(Option<Value>),
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

    /// Takes an interaction, by a key that is the same in every delivery of it, for this replica. One that was taken a
    /// second ago, and not answered since, may be taken again.
    async fn claim_interaction(&self, _key: &str) -> Result<InteractionClaim, Error> {
        Ok(InteractionClaim::Ours)
    }

    /// Keeps the answer to an interaction that this replica has taken.
    async fn interaction_answered(&self, _key: &str, _answer: Option<&Value>) -> Result<(), Error> {
        Ok(())
    }

    /// Takes the next slot of a bucket of Slack's rate limits, which all replicas share: its calls come `every` so often
    /// on average, and early by `early` at most. Returns the time to wait when the slot is not free.
    async fn take_slot(&self, _bucket: &str, _every: Duration, _early: Duration) -> Result<Option<Duration>, Error> {
        Ok(None)
    }

    /// Blocks a bucket for all replicas for as long as Slack asked, including calls that would come early.
    async fn block_slots(&self, _bucket: &str, _after: Duration, _early: Duration) -> Result<(), Error> {
        Ok(())
    }

    /// Returns true when [`Self::take_slot`] has to be asked, as there may be other replicas.
    fn shares_pace(&self) -> bool {
        false
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
