//! `[runbooks]`: the runbook folder.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use url::Url;

use super::Error;
use super::layers::Layers;

/// Settings of the runbook folder.
#[derive(Debug, Clone, Deserialize)]
pub struct Runbooks {
    /// The folder; empty for the sample pack.
    pub dir: PathBuf,
    /// Files to leave out, as patterns like those in .gitignore.
    pub ignore: Vec<String>,
    /// True when links may lead out of the folder.
    pub follow_links: bool,
    /// Address at which the folder is published; empty if it is not.
    pub base_url: String,
    /// True when changes are picked up.
    pub reload: bool,
    /// Seconds between checks of the folder where the system cannot report changes.
    pub poll_interval: u64,
}

impl Runbooks {
    /// Returns the folder; `None` for the sample pack.
    pub fn folder(&self) -> Option<&Path> {
        (!self.dir.as_os_str().is_empty()).then_some(self.dir.as_path())
    }

    /// Returns the address at which the folder is published, if it is.
    pub fn base_url(&self) -> Option<&str> {
        (!self.base_url.is_empty()).then_some(self.base_url.as_str())
    }

    /// Interval between checks of the folder where the system cannot report changes.
    pub fn poll_interval(&self) -> Duration {
        Duration::from_secs(self.poll_interval)
    }

    pub(super) fn check(&self, layers: &Layers) -> Result<(), Error> {
        let remedy = "use an address such as \"https://example.com/runbooks/\"";
        let bad = |url: &str| !Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !self.base_url.is_empty() && bad(&self.base_url) {
            let problem = format!("is \"{}\", which is not a URL", self.base_url);
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
