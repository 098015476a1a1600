//! Client of Jenkins' remote access API.
//!
//! Every address is built from the configured base, the registered path and numbers; none is taken from a message.
//! Authentication is sent unasked (Jenkins gives no challenge), without a cookie jar, so that API tokens need no crumb. A
//! POST is never repeated and its redirects are not followed; a GET is tried three times.

mod artifact;
mod build;
mod definition;
mod error;
mod look_up;
mod queue;
mod request;
mod trigger;

use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use secrecy::SecretString;
use url::Url;

pub use build::{ArtifactRef, Build, BuildLog, BuildState, LogPosition};
pub use definition::{Identity, Server};
pub use error::Error;
pub use look_up::{Found, Lost};
pub use queue::QueueItem;
pub use trigger::Triggered;

use crate::jobs::{Jenkins, JobPath};

/// One Jenkins.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    user: String,
    token: SecretString,
    artifact_hosts: Vec<String>,
    /// Time of the last good answer.
    last_success: Arc<Mutex<Option<Instant>>>,
}

impl Client {
    /// A client for a Jenkins. `http` is one of `net::Net::client`, which follows no redirects and keeps no cookies.
    pub fn new(http: reqwest::Client, jenkins: &Jenkins, token: SecretString) -> Self {
        Self {
            http,
            base: jenkins.url.url().clone(),
            user: jenkins.user.clone(),
            token,
            artifact_hosts: jenkins.artifact_hosts.clone(),
            last_success: Arc::default(),
        }
    }

    /// The time of the last good answer; `None` before the first.
    pub fn last_success(&self) -> Option<Instant> {
        *self.last_success.lock()
    }

    /// The page of a job, for people.
    pub fn job_page(&self, job: &JobPath) -> Url {
        self.job(job, &[""])
    }

    /// The page of a build, for people.
    pub fn build_page(&self, job: &JobPath, number: u64) -> Url {
        self.job(job, &[&number.to_string(), ""])
    }

    /// An address below the base; each segment is encoded.
    fn at(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        // Bases of the web always have paths.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    fn job(&self, job: &JobPath, below: &[&str]) -> Url {
        let folders = job.segments().iter().flat_map(|segment| ["job", segment.as_str()]);
        let segments: Vec<&str> = folders.chain(below.iter().copied()).collect();
        self.at(&segments)
    }
}

/// An address with a `tree`, which says what is wanted; `[]{}` are encoded.
fn tree(mut url: Url, tree: &str) -> Url {
    url.query_pairs_mut().append_pair("tree", tree);
    url
}
