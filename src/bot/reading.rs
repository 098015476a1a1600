//! The text of messages with their attachments; and Slack's answers about channels, threads and links.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use moka::future::Cache;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tracing::{debug, info, warn};

use super::cache;
use super::rules::Rules;
use crate::slack::decode::{FileRef, Message};
use crate::slack::text;
use crate::slack::web::Web;
use crate::{matching, policy};

/// Time limit of a file's download; after that its preview has to do.
const FILE: Duration = Duration::from_secs(3);
/// Time limit of look-ups of a link, a thread or a channel.
const LINK: Duration = Duration::from_millis(1_500);
/// Bytes of the cache of links.
const LINKS: u64 = 1024 * 1024;
/// Time after which a link is looked up anew.
const LINKS_AGE: Duration = Duration::from_hours(24);
/// Maximum number of files of one message that are read.
const FILES: usize = 3;

/// Messages whose files may be downloaded, or be in memory, at once.
const DOWNLOADS: usize = 8;
/// Files in a row that did not come in time after which none is downloaded during [`REST`].
const HUNG: u32 = 3;
/// Pause of downloads. After it one is tried.
const REST: Duration = Duration::from_secs(30);

/// The contents of the first files of a message, in their order; `None` for one that could not be read.
#[derive(Debug, Default)]
pub(super) struct Files {
    contents: Vec<Option<String>>,
    /// The permit, held as long as the contents are in memory.
    _place: Option<OwnedSemaphorePermit>,
}

/// Limits concurrent downloads, and pauses them while they hang.
#[derive(Debug)]
pub(super) struct Downloads {
    places: Arc<Semaphore>,
    state: Mutex<DownloadState>,
}

#[derive(Debug, Default)]
struct DownloadState {
    hung: u32,
    rests_until: Option<Instant>,
}

impl Default for Downloads {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(DOWNLOADS)),
            state: Mutex::default(),
        }
    }
}

impl Downloads {
    fn state(&self) -> MutexGuard<'_, DownloadState> {
        self.state.lock()
    }

    fn may_try(&self, now: Instant) -> bool {
        self.state().rests_until.is_none_or(|until| now >= until)
    }

    fn came(&self) {
        *self.state() = DownloadState::default();
    }

    fn hung(&self, now: Instant) {
        let mut state = self.state();
        state.hung += 1;
        if state.hung >= HUNG {
            state.rests_until = Some(now + REST);
        }
    }
}

/// Reads messages: their files, links, threads and channels.
#[derive(Debug)]
pub(super) struct MessageReader {
    web: Arc<Web>,
    rules: Arc<Rules>,
    /// Links by channel and `ts`.
    links: Cache<String, String>,
    downloads: Downloads,
}

impl MessageReader {
    pub(super) fn new(web: Arc<Web>, rules: Arc<Rules>) -> Self {
        Self {
            web,
            rules,
            links: cache::bounded(LINKS, LINKS_AGE, String::len),
            downloads: Downloads::default(),
        }
    }

    /// Downloads the files of a message in parallel, as far as they come in time.
    pub(super) async fn files(&self, message: &Message) -> Files {
        if message.unread_files().next().is_none() {
            return Files::default();
        }
        // The wait for a permit counts towards the time limit: the waits of many messages must not add up.
        let place = tokio::time::timeout(FILE, Arc::clone(&self.downloads.places).acquire_owned());
        let Ok(Ok(place)) = place.await else {
            info!(
                message = message.id(),
                "many files are being read; using the previews of these"
            );
            return Files::default();
        };
        let files = message.unread_files().take(FILES).map(|file| self.file(file));
        Files {
            contents: join_all(files).await,
            _place: Some(place),
        }
    }

    async fn file(&self, file: &FileRef) -> Option<String> {
        let now = Instant::now();
        if !self.downloads.may_try(now) {
            debug!(
                file = file.id,
                "files could not be downloaded recently; using the preview of one"
            );
            return None;
        }
        let Ok(downloaded) = tokio::time::timeout(FILE, self.web.download(file)).await else {
            warn!(
                file = file.id,
                "a file could not be downloaded in time; using its preview"
            );
            self.downloads.hung(now);
            return None;
        };
        self.downloads.came();
        downloaded
            .inspect_err(|error| info!(%error, file = file.id, "a file is not read; using its preview"))
            .ok()
            // More than a file's share of the text that is matched would only take memory.
            .map(|content| matching::beginning(&content.text, matching::MOST_BYTES / FILES).to_owned())
    }

    /// The text of a message without the mention of the bot, with the files that were downloaded for it.
    pub(super) fn text(&self, message: &Message, files: &Files) -> String {
        let mut said = own_text(&self.rules, message);
        for (file, content) in message.unread_files().zip(&files.contents) {
            if let Some(content) = content {
                said = text::with_content(&said, file, content);
            }
        }
        said
    }

    /// The messages of a thread, oldest first; none when Slack does not answer in time.
    pub(super) async fn thread(&self, channel: &str, thread_ts: &str) -> Vec<String> {
        let asked = self.web.thread(&self.rules.us, channel, thread_ts);
        match tokio::time::timeout(LINK, asked).await {
            Ok(Ok(said)) => said,
            Ok(Err(error)) => {
                info!(%error, "a thread cannot be read for the values of a form");
                Vec::new()
            }
            Err(_) => Vec::new(),
        }
    }

    /// The permalink of a message; `None` when Slack does not answer in time.
    pub(super) async fn permalink(&self, channel: &str, ts: &str) -> Option<String> {
        let key = format!("{channel}:{ts}");
        if let Some(link) = self.links.get(&key).await {
            return Some(link);
        }
        let asked = tokio::time::timeout(LINK, self.web.permalink(channel, ts)).await;
        let link = asked.ok()?.ok()?;
        self.links.insert(key, link.clone()).await;
        Some(link)
    }

    /// Gives back the memory of links that are too old.
    pub(super) async fn expire(&self) {
        self.links.run_pending_tasks().await;
    }

    /// The bot's membership of a channel, and whether people of other organisations read it. When Slack does not answer
    /// in time, posting tells whether the bot is a member, and contacts are not shown: such people might read them.
    pub(super) async fn channel_info(&self, channel: &str) -> ChannelInfo {
        let channel_info = match tokio::time::timeout(LINK, self.web.conversation_info(channel)).await {
            Ok(Ok(conversation)) => ChannelInfo {
                // Slack only answers for direct messages with the bot.
                is_member: conversation.is_member || conversation.is_im,
                has_externals: conversation.is_ext_shared,
                is_known: true,
            },
            Ok(Err(error)) => {
                let is_absent = error
                    .code()
                    .is_some_and(|code| matches!(code, "channel_not_found" | "not_in_channel"));
                ChannelInfo {
                    is_member: !is_absent,
                    has_externals: true,
                    is_known: is_absent,
                }
            }
            Err(_) => ChannelInfo {
                is_member: true,
                has_externals: true,
                is_known: false,
            },
        };
        ChannelInfo {
            has_externals: policy::is_guarded(false, channel_info.has_externals, self.rules.is_shared_allowed(channel)),
            ..channel_info
        }
    }
}

/// The text of a message without the mention of the bot and without its files.
pub(super) fn own_text(rules: &Rules, message: &Message) -> String {
    let said = text::without_mention(&message.text, &rules.us.user_id);
    if rules.by_bot(message) {
        text::unmarked(&said)
    } else {
        said
    }
}

/// The bot's membership of a channel, and its readers.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChannelInfo {
    /// True when the bot is in the channel and can post there.
    pub(super) is_member: bool,
    /// True when another organisation reads the channel, and is not allowed to see everything.
    pub(super) has_externals: bool,
    /// False when Slack did not tell: then the other facts are guesses.
    pub(super) is_known: bool,
}

/// The reason why nobody is called in a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChannelFault {
    /// The bot is not in it.
    NotMember,
    /// Slack does not tell who reads it.
    Unknown,
    /// Another organisation reads it.
    Shared,
}

impl ChannelInfo {
    /// The reason why nobody is called there; `None`: people can be.
    pub(super) fn fault(self) -> Option<ChannelFault> {
        match () {
            () if !self.is_member => Some(ChannelFault::NotMember),
            () if self.has_externals && !self.is_known => Some(ChannelFault::Unknown),
            () if self.has_externals => Some(ChannelFault::Shared),
            () => None,
        }
    }
}

impl ChannelFault {
    /// The fault's name in templates and in the store.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::NotMember => "not-member",
            Self::Unknown => "unknown",
            Self::Shared => "shared",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_hang_are_not_asked_for_until_one_may_be_tried_again() {
        let (downloads, now) = (Downloads::default(), Instant::now());
        for _ in 0..HUNG {
            assert!(downloads.may_try(now));
            downloads.hung(now);
        }
        assert!(!downloads.may_try(now) && !downloads.may_try(now + REST / 2));
        assert!(downloads.may_try(now + REST));
        downloads.hung(now + REST);
        assert!(
            !downloads.may_try(now + REST + REST / 2),
            "one more is enough to rest again"
        );
        downloads.came();
        assert!(downloads.may_try(now));
    }
}
