//! `[runbooks]`

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use url::Url;

use super::Error;
use super::layers::Layers;

/// Where the runbooks are.
#[derive(Debug, Clone, Deserialize)]
pub struct Runbooks {
    /// The folder; empty for the sample pack.
    pub dir: PathBuf,
    /// Files to leave out, patterns as in .gitignore.
    pub ignore: Vec<String>,
    /// Whether links may lead out of the folder.
    pub follow_links: bool,
    /// Where the folder is published; empty when it is not.
    pub base_url: String,
    /// Whether changes are picked up.
    pub reload: bool,
    /// Seconds between looks at the folder where the system cannot tell.
    pub poll_interval: u64,
}

impl Runbooks {
    /// The folder, when there is one; without, the sample pack is used.
    pub fn folder(&self) -> Option<&Path> {
        (!self.dir.as_os_str().is_empty()).then_some(self.dir.as_path())
    }

    /// Where the folder is published.
    pub fn base_url(&self) -> Option<&str> {
        (!self.base_url.is_empty()).then_some(self.base_url.as_str())
    }

    /// How often the folder is looked at where the system cannot tell about changes.
    pub fn poll_interval(&self) -> Duration {
        Duration::from_secs(self.poll_interval)
    }

    pub(super) fn check(&self, layers: &Layers) -> Result<(), Error> {
        let remedy = "write an address such as \"https://example.com/runbooks/\"";
        let bad = |url: &str| !Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !self.base_url.is_empty() && bad(&self.base_url) {
            let problem = format!("is \"{}\", which is no web address", self.base_url);
            return Err(layers.wrong("runbooks.base_url", problem, remedy));
        }
        if !(1..=3600).contains(&self.poll_interval) {
            let problem = format!("is {}", self.poll_interval);
            return Err(layers.wrong(
                "runbooks.poll_interval",
                problem,
                "write a number of seconds from 1 to 3600",
            ));
        }
        Ok(())
    }
}
