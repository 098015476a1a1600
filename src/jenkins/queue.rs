//! Queue of builds that wait to start.

use reqwest::StatusCode;
use serde::Deserialize;

use super::{Client, Error, tree};
use crate::jobs::{JobPath, links};

/// State of a request in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueueItem {
    /// The request waits.
    Waiting {
        /// Jenkins' reason, fit to be shown.
        why: Option<String>,
    },
    /// The request became a build.
    Started {
        /// Build number.
        number: u64,
    },
    /// The request left the queue a moment ago; the build number follows.
    Starting,
    /// Somebody removed the request.
    Cancelled,
    /// Jenkins no longer knows the item (after five minutes, or a restart), or not yet: look among the builds.
    Gone,
}

#[derive(Deserialize)]
struct WireQueueItem {
    #[serde(default, rename = "_class")]
    class: Option<String>,
    #[serde(default)]
    why: Option<String>,
    #[serde(default)]
    cancelled: Option<bool>,
    #[serde(default)]
    executable: Option<Executable>,
    #[serde(default)]
    task: Option<Task>,
}

#[derive(Deserialize)]
struct Task {
    #[serde(default)]
    url: Option<String>,
}

#[derive(Deserialize)]
struct Executable {
    #[serde(default)]
    number: Option<u64>,
}

impl Client {
    /// Fetches the state of a request for a job. Jenkins restarts its count after some crashes: a number that now
    /// belongs to another job is [`QueueItem::Gone`].
    ///
    /// # Errors
    ///
    /// Any [`Error`].
    pub async fn queue_item(&self, job: &JobPath, queue_id: u64) -> Result<QueueItem, Error> {
        let url = self.at(&["queue", "item", &queue_id.to_string(), "api", "json"]);
        let item: WireQueueItem = match self
            .get_json(&tree(url, "_class,why,cancelled,executable[number],task[url]"))
            .await
        {
            Ok((item, _)) => item,
            Err(Error::NotFound) => return Ok(QueueItem::Gone),
            Err(error) => return Err(error),
        };
        let task = item.task.and_then(|task| task.url).and_then(|url| links::path_of(&url));
        if task.is_some_and(|path| path != job.segments()) {
            return Ok(QueueItem::Gone);
        }
        let number = item.executable.and_then(|executable| executable.number);
        let left = item.class.is_some_and(|class| class.ends_with("LeftItem"));
        Ok(match (number, item.cancelled) {
            (Some(number), _) => QueueItem::Started { number },
            (None, Some(true)) => QueueItem::Cancelled,
            (None, _) if left => QueueItem::Starting,
            (None, _) => QueueItem::Waiting { why: item.why },
        })
    }

    /// Removes a request from the queue.
    ///
    /// # Errors
    ///
    /// Any [`Error`]; [`Error::NotFound`] when the request is no longer there.
    pub async fn cancel(&self, queue_id: u64) -> Result<(), Error> {
        let mut url = self.at(&["queue", "cancelItem"]);
        url.query_pairs_mut().append_pair("id", &queue_id.to_string());
        let answer = self.post(&url, &[]).await?;
        match answer.status {
            // Older versions redirect to the queue's page.
            StatusCode::NO_CONTENT | StatusCode::OK | StatusCode::FOUND => Ok(()),
            status => Err(Error::of_status(status, answer.permission())),
        }
    }
}
