//! People and channels by id: their names, and the members of user groups. Looked up in Slack, and cached for a while.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use moka::future::Cache;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use tracing::warn;

use super::cache;
use super::inbox::cpu_permits::to_its_end;
use crate::slack::web::Web;

/// Bytes of the cache for each kind of look-up.
const BYTES: u64 = 4 * 1024 * 1024;
/// Time after which a name is looked up anew.
const NAME_AGE: Duration = Duration::from_mins(10);
/// Time after which the members of a user group, who may run jobs or mute, are looked up anew.
const MEMBERSHIP_AGE: Duration = Duration::from_mins(10);
/// Time limit of a look-up. All who wait for it share its failure: if each had a time limit of their own, moka would
/// panic once two hundred of them gave up one after the other.
const PATIENCE: Duration = Duration::from_millis(1_200);

/// Looks up people, channels and user groups, and caches them. Concurrent look-ups of the same id are one call, in a
/// task of its own: a caller that is not driven for a while must not hold up the others.
#[derive(Debug)]
pub(super) struct People {
    web: Arc<Web>,
    tracker: TaskTracker,
    names: Cache<String, String>,
    groups: Cache<String, Vec<String>>,
    channels: Cache<String, NamedChannel>,
}

/// A channel, as far as others are told of it.
#[derive(Debug, Clone)]
struct NamedChannel {
    name: Option<String>,
    is_shared: bool,
}

impl People {
    pub(super) fn new(web: Arc<Web>, tracker: TaskTracker) -> Self {
        Self {
            web,
            tracker,
            names: cache::bounded(BYTES, NAME_AGE, String::len),
            groups: cache::bounded(BYTES, MEMBERSHIP_AGE, |members| {
                members.iter().map(|member| member.len() + size_of::<String>()).sum()
            }),
            channels: cache::bounded(BYTES, NAME_AGE, |channel: &NamedChannel| {
                channel.name.as_ref().map_or(0, String::len)
            }),
        }
    }

    /// The value of a key, from the cache or from Slack. `None` when Slack does not give it in time.
    async fn cached<T, F>(
        &self,
        cache: &Cache<String, T>,
        key: &str,
        ask: impl FnOnce(Arc<Web>, String) -> F,
    ) -> Option<T>
    where
        T: Clone + Send + Sync + 'static,
        F: Future<Output = Option<T>> + Send + 'static,
    {
        if let Some(known) = cache.get(key).await {
            return Some(known);
        }
        let asked = ask(Arc::clone(&self.web), key.to_owned());
        let (cache, key) = (cache.clone(), key.to_owned());
        let looked_up = async move { cache.optionally_get_with(key, asked).await };
        to_its_end(&self.tracker, looked_up).await
    }

    /// A person's name, for others to read; the id when Slack does not give it in time.
    pub(super) async fn name(&self, user: &str) -> String {
        let name = self.cached(&self.names, user, |web, user| async move {
            Some(timeout(PATIENCE, web.user_info(&user)).await.ok()?.ok()?.name)
        });
        name.await.unwrap_or_else(|| user.to_owned())
    }

    /// A channel's name, with `#`; `None` for direct messages, and when Slack does not give it in time.
    pub(super) async fn channel(&self, id: &str) -> Option<String> {
        if id.is_empty() || id.starts_with('D') {
            return None;
        }
        self.named_channel(id).await?.name
    }

    /// Returns false only when Slack says that no other organisation reads a channel.
    pub(super) async fn may_be_shared(&self, id: &str) -> bool {
        self.named_channel(id).await.is_none_or(|channel| channel.is_shared)
    }

    async fn named_channel(&self, id: &str) -> Option<NamedChannel> {
        let channel = self.cached(&self.channels, id, |web, id| async move {
            let channel = timeout(PATIENCE, web.conversation_info(&id)).await.ok()?.ok()?;
            Some(NamedChannel {
                name: channel.name.map(|name| format!("#{name}")),
                is_shared: channel.is_ext_shared,
            })
        });
        channel.await
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
        let members = self.cached(&self.groups, group, |web, group| async move {
            match timeout(PATIENCE, web.usergroup_users(&group)).await {
                Ok(Ok(members)) => return Some(members),
                Ok(Err(error)) => {
                    warn!(%error, group, "Slack does not list the members of a user group; treating it as empty");
                }
                Err(_) => warn!(
                    group,
                    "Slack did not list the members of a user group in time; treating it as empty"
                ),
            }
            None
        });
        members.await.unwrap_or_default()
    }

    /// Gives back the memory of what is too old.
    pub(super) async fn expire(&self) {
        self.names.run_pending_tasks().await;
        self.groups.run_pending_tasks().await;
        self.channels.run_pending_tasks().await;
    }
}

#[cfg(test)]
#[cfg(feature = "sandbox")]
mod tests {
    use serde_json::json;
    use tokio::net::TcpListener;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::sandbox::{ADA, Options, SIGNPOST_TOKEN, Workspace};

    #[tokio::test]
    async fn concurrent_look_ups_are_one_call_and_only_an_answer_is_kept() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let end = CancellationToken::new();
        let workspace = Workspace::start(listener, Options::default(), end.clone());
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let people = People::new(
            Arc::new(Web::new(client, &workspace.api_url(), &SIGNPOST_TOKEN.into())),
            TaskTracker::new(),
        );
        let failing = json!({"kind": "error", "error": "user_not_found", "method": "users.info", "times": 1});
        workspace.fault(&failing).unwrap();
        let both = tokio::join!(people.name(ADA), people.name(ADA));
        assert_eq!(both, (ADA.to_owned(), ADA.to_owned()), "one failure is for both");
        let name = people.name(ADA).await;
        assert_ne!(name, ADA, "the failure is not kept");
        workspace.fault(&failing).unwrap();
        assert_eq!(people.name(ADA).await, name, "the name is kept");
        end.cancel();
    }
}
