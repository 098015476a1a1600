//! The channels that the bot is in, by name: most teams are listed with the name of their channel, not with its id.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::context::Context;
use crate::runbook::Team;
use crate::slack::web::{Error, Web};

/// Time between two readings of the list.
const REFRESH: Duration = Duration::from_mins(10);
/// Most pages of the list that are read, of 200 channels each.
const PAGES: usize = 50;

/// Ids of the channels that the bot is in, by their names.
#[derive(Debug, Default)]
pub(super) struct OwnChannels(RwLock<BTreeMap<String, String>>);

impl OwnChannels {
    /// Returns the id of a channel by its name, with or without `#`.
    fn id_of(&self, name: &str) -> Option<String> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(name.trim().trim_start_matches('#')).cloned()
    }

    async fn refresh(&self, web: &Web) -> Result<(), Error> {
        let mut known = BTreeMap::new();
        let mut cursor = String::new();
        for _ in 0..PAGES {
            let (channels, next) = web.own_channels(&cursor).await?;
            known.extend(channels);
            cursor = next;
            if cursor.is_empty() {
                break;
            }
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(())
    }
}

impl Context {
    /// Returns a team with the id of its channel, which is looked up by name where the file has no id.
    pub(super) fn routed(&self, team: &Team) -> Team {
        let mut team = team.clone();
        if team.routing.channel.is_none() {
            let name = team.comm.as_ref().map(|(name, _)| name.as_str());
            let name = name.filter(|name| name.trim().starts_with('#'));
            team.routing.channel = name.and_then(|name| self.own_channels.id_of(name));
        }
        team
    }
}

/// Keeps the list of channels fresh.
#[derive(Debug)]
pub(super) struct OwnChannelsRefresher {
    pub(super) ctx: Arc<Context>,
}

impl OwnChannelsRefresher {
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let reading = self.ctx.own_channels.refresh(&self.ctx.web);
            tokio::select! {
                () = stop.cancelled() => return,
                read = reading => if let Err(cause) = read {
                    debug!(%cause, "the list of the bot's channels cannot be read; retrying");
                },
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(REFRESH) => {}
            }
        }
    }
}
