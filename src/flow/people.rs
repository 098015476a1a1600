//! People by id: what they are called, and which user groups they are in. Asked of Slack, and remembered for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;
use tracing::warn;

use crate::slack::web::Web;

/// How long what Slack said holds.
const HOLDS: Duration = Duration::from_mins(10);
/// How long somebody waits for it.
const PATIENCE: Duration = Duration::from_millis(1_200);
/// Entries that are remembered.
const REMEMBERED: usize = 5_000;

/// Knows people.
#[derive(Debug)]
pub(super) struct People {
    web: Arc<Web>,
    names: Mutex<HashMap<String, (Instant, String)>>,
    groups: Mutex<HashMap<String, (Instant, Vec<String>)>>,
    channels: Mutex<HashMap<String, (Instant, Option<String>)>>,
}

impl People {
    pub(super) fn new(web: Arc<Web>) -> Self {
        Self {
            web,
            names: Mutex::default(),
            groups: Mutex::default(),
            channels: Mutex::default(),
        }
    }

    /// What a person is called, for others to read; the id when Slack does not say.
    pub(super) async fn name(&self, user: &str) -> String {
        if let Some(name) = known(&self.names, user) {
            return name;
        }
        match tokio::time::timeout(PATIENCE, self.web.user_info(user)).await {
            Ok(Ok(person)) => {
                remember(&self.names, user, &person.name);
                person.name
            }
            _ => user.to_owned(),
        }
    }

    /// What a channel is called, with `#`; `None` for direct messages, and when Slack does not say.
    pub(super) async fn channel(&self, id: &str) -> Option<String> {
        if id.is_empty() || id.starts_with('D') {
            return None;
        }
        if let Some(name) = known(&self.channels, id) {
            return name;
        }
        let asked = tokio::time::timeout(PATIENCE, self.web.conversation_info(id)).await;
        let name = asked.ok()?.ok()?.name.map(|name| format!("#{name}"));
        remember(&self.channels, id, &name);
        name
    }

    /// Whether a person is named, or in a user group that is; an empty list names everybody.
    pub(super) async fn is_one_of(&self, user: &str, ids: &[String]) -> bool {
        if ids.is_empty() || ids.iter().any(|id| id == user) {
            return true;
        }
        let groups = ids.iter().filter(|id| id.starts_with('S'));
        let members = join_all(groups.map(|group| self.members(group))).await;
        members.iter().flatten().any(|member| member == user)
    }

    async fn members(&self, group: &str) -> Vec<String> {
        if let Some(members) = known(&self.groups, group) {
            return members;
        }
        match tokio::time::timeout(PATIENCE, self.web.usergroup_users(group)).await {
            Ok(Ok(members)) => {
                remember(&self.groups, group, &members);
                members
            }
            Ok(Err(error)) => {
                warn!(%error, group, "Slack does not tell who is in a user group; nobody is taken to be");
                Vec::new()
            }
            Err(_) => {
                warn!(
                    group,
                    "Slack did not tell in time who is in a user group; nobody is taken to be"
                );
                Vec::new()
            }
        }
    }
}

fn known<T: Clone>(kept: &Mutex<HashMap<String, (Instant, T)>>, id: &str) -> Option<T> {
    let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    kept.get(id)
        .filter(|(at, _)| at.elapsed() < HOLDS)
        .map(|(_, value)| value.clone())
}

fn remember<T: Clone>(kept: &Mutex<HashMap<String, (Instant, T)>>, id: &str, value: &T) {
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.len() >= REMEMBERED {
        kept.clear();
    }
    kept.insert(id.to_owned(), (Instant::now(), value.clone()));
}
