//! Builds that wait.

use reqwest::StatusCode;
use serde::Deserialize;

use super::{Client, Error, tree};
use crate::jobs::{JobPath, links};

/// Where a request in the queue is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueueItem {
    /// It waits.
    Waiting {
        /// Jenkins' reason, worth showing.
        why: Option<String>,
    },
    /// It became a build.
    Started {
        /// Its number.
        number: u64,
    },
    /// It left the queue a moment ago; the number follows.
    Starting,
    /// Somebody took it out.
    Cancelled,
    /// Jenkins no longer (after five minutes, or a restart) or not yet knows it: look among the builds.
    Gone,
}

#[derive(Deserialize)]
struct Wire {
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
    /// Where a request for a job is in the queue. Jenkins counts anew after some crashes: a number that is another job's
    /// now is [`QueueItem::Gone`].
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn queue_item(&self, job: &JobPath, queue_id: u64) -> Result<QueueItem, Error> {
        let url = self.at(&["queue", "item", &queue_id.to_string(), "api", "json"]);
        let item: Wire = match self
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

    /// Takes a request out of the queue.
    ///
    /// # Errors
    ///
    /// See [`Error`]; [`Error::NotFound`]: it is no longer there.
    pub async fn cancel(&self, queue_id: u64) -> Result<(), Error> {
        let mut url = self.at(&["queue", "cancelItem"]);
        url.query_pairs_mut().append_pair("id", &queue_id.to_string());
        let answer = self.post(&url, &[]).await?;
        match answer.status {
            // Older versions lead to the queue's page.
            StatusCode::NO_CONTENT | StatusCode::OK | StatusCode::FOUND => Ok(()),
            status => Err(Error::of_status(status, answer.permission())),
        }
    }
}
