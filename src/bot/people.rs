//! People and channels by id: their names, and the members of user groups. Looked up in Slack, and cached for a while.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;
use tracing::warn;

use super::cache::{Cache, CacheLimits};
use super::sweep::Expire;
use crate::slack::web::Web;

/// Limits of the cache for each kind of look-up.
const LIMITS: CacheLimits = CacheLimits {
    bytes: 4 * 1024 * 1024,
    age: Duration::from_mins(10),
};
/// Time limit of a look-up.
const PATIENCE: Duration = Duration::from_millis(1_200);

/// Looks up people, channels and user groups, and caches them.
#[derive(Debug)]
pub(super) struct People {
    web: Arc<Web>,
    names: Mutex<Cache<String, String>>,
    groups: Mutex<Cache<String, Vec<String>>>,
    channels: Mutex<Cache<String, Option<String>>>,
}

impl People {
    pub(super) fn new(web: Arc<Web>) -> Self {
        Self {
            web,
            names: Mutex::new(Cache::new(LIMITS)),
            groups: Mutex::new(Cache::new(LIMITS)),
            channels: Mutex::new(Cache::new(LIMITS)),
        }
    }

    /// A person's name, for others to read; the id when Slack does not give it in time.
    pub(super) async fn name(&self, user: &str) -> String {
        if let Some(name) = known(&self.names, user) {
            return name;
        }
        match tokio::time::timeout(PATIENCE, self.web.user_info(user)).await {
            Ok(Ok(person)) => {
                remember(&self.names, user, &person.name, person.name.len());
                person.name
            }
            _ => user.to_owned(),
        }
    }

    /// A channel's name, with `#`; `None` for direct messages, and when Slack does not give it in time.
    pub(super) async fn channel(&self, id: &str) -> Option<String> {
        if id.is_empty() || id.starts_with('D') {
            return None;
        }
        if let Some(name) = known(&self.channels, id) {
            return name;
        }
        let asked = tokio::time::timeout(PATIENCE, self.web.conversation_info(id)).await;
        let name = asked.ok()?.ok()?.name.map(|name| format!("#{name}"));
        remember(&self.channels, id, &name, name.as_ref().map_or(0, String::len));
        name
    }

    /// Returns true when a list names a person or a user group of theirs; an empty list names everybody.
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
                let bytes = members.iter().map(|member| member.len() + size_of::<String>()).sum();
                remember(&self.groups, group, &members, bytes);
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

impl Expire for People {
    fn expire(&self) {
        let now = Instant::now();
        locked(&self.names).expire(now);
        locked(&self.groups).expire(now);
        locked(&self.channels).expire(now);
    }
}

fn locked<T>(kept: &Mutex<Cache<String, T>>) -> MutexGuard<'_, Cache<String, T>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

fn known<T: Clone>(kept: &Mutex<Cache<String, T>>, id: &str) -> Option<T> {
    locked(kept).get(id, Instant::now()).cloned()
}

fn remember<T: Clone>(kept: &Mutex<Cache<String, T>>, id: &str, value: &T, bytes: usize) {
    locked(kept).insert(id.to_owned(), value.clone(), bytes + 2 * id.len(), Instant::now());
}
