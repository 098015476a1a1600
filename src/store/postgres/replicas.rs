//! The cooperation of replicas that share the database.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;

use super::{Postgres, interactions, leases, limited, pace, runs};
use crate::store::{Error, InteractionClaim, ReplicaChange, ReplicaStatus, Replicas, RunRow, Runs as _};

#[async_trait]
impl Replicas for Postgres {
    async fn changed(&self) -> ReplicaChange {
        self.wakes.next().await
    }

    async fn runs_to_follow(&self) -> Result<Vec<RunRow>, Error> {
        let mut runs = self.live_runs().await?;
        let names = runs.iter().map(|run| runs::lease(&run.id)).collect();
        let held = limited(self.us.hold_some(&self.writers, names)).await?;
        runs.retain(|run| held.contains(&runs::lease(&run.id)));
        Ok(runs)
    }

    async fn follows(&self, run: &str) -> Result<bool, Error> {
        self.holds(&runs::lease(run)).await
    }

    async fn take_places(&self, job: &str) -> Result<bool, Error> {
        self.holds(&runs::places_lease(job)).await
    }

    async fn leave_places(&self, job: &str) -> Result<(), Error> {
        Ok(limited(self.us.let_go(&self.writers, &runs::places_lease(job))).await?)
    }

    async fn take_connections(&self, wanted: u32, all: u32) -> Result<u32, Error> {
        let mut taken = 0;
        for slot in 1..=all {
            if taken == wanted {
                break;
            }
            if self.holds(&format!("connection:{slot}")).await? {
                taken += 1;
            }
        }
        Ok(taken)
    }

    async fn replica(&self) -> Result<Option<ReplicaStatus>, Error> {
        Ok(Some(ReplicaStatus {
            id: self.us.id().to_owned(),
            leases: limited(self.us.held(&self.readers)).await?,
            replicas: limited(leases::alive(&self.readers)).await?.len() as u64,
        }))
    }

    async fn leave(&self) -> Result<(), Error> {
        Ok(limited(self.us.leave(&self.writers)).await?)
    }

    async fn claim_interaction(&self, key: &str) -> Result<InteractionClaim, Error> {
        Ok(limited(interactions::claim(&self.writers, &self.us, key)).await?)
    }

    async fn interaction_answered(&self, key: &str, answer: Option<&Value>) -> Result<(), Error> {
        Ok(limited(interactions::answered(&self.writers, key, answer)).await?)
    }

    fn shares_pace(&self) -> bool {
        true
    }

    async fn take_slot(&self, bucket: &str, every: Duration, early: Duration) -> Result<Option<Duration>, Error> {
        Ok(limited(pace::take(&self.writers, bucket, every, early)).await?)
    }

    async fn block_slots(&self, bucket: &str, after: Duration, early: Duration) -> Result<(), Error> {
        Ok(limited(pace::block(&self.writers, bucket, after, early)).await?)
    }
}
