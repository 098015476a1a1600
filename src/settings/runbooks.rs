//! `[runbooks]`: where the runbooks come from.

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::layers::Layers;
use super::sources::{self, RunbookSource};
use super::{Error, secrets};

/// Fewest characters of the secret of the push hook.
const SHORTEST_SECRET: usize = 16;

/// Settings of the runbooks: one folder, or several sources.
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
    /// Sources besides the folder.
    #[serde(default)]
    pub sources: Vec<RunbookSource>,
    /// Folder in which fetched sources are kept; empty: beside the store.
    pub state: PathBuf,
    /// Seconds between fetches of a source.
    pub fetch_interval: u64,
    /// Seconds until a fetch is given up.
    pub fetch_timeout: u64,
    /// Largest size of a fetched source, in megabytes.
    pub fetch_megabytes: u64,
    /// Largest share of its documents, 0 to 1, that a fetch may remove from a source.
    pub max_removed: f64,
    /// File with the secret of the push hook; empty for none.
    pub hook_secret_file: PathBuf,
    /// The secret of the push hook; `None` where there is no hook.
    #[serde(skip)]
    pub hook_secret: Option<SecretString>,
    /// Variables of the environment that programs which fetch need, such as the proxy's.
    #[serde(skip)]
    pub fetch_environment: Vec<(String, String)>,
}

impl Runbooks {
    /// Returns the folder; `None` for the sample pack.
    pub fn folder(&self) -> Option<&Path> {
        (!self.dir.as_os_str().is_empty()).then_some(self.dir.as_path())
    }

    /// Returns all folders: of the settings, and of the sources that are folders.
    pub fn folders(&self) -> impl Iterator<Item = PathBuf> {
        let sources = self.sources.iter().map(|source| source.dir.as_path());
        let sources = sources.filter(|dir| !dir.as_os_str().is_empty());
        self.folder().into_iter().chain(sources).map(Path::to_owned)
    }

    /// Returns the address at which the folder is published, if it is.
    pub fn base_url(&self) -> Option<&str> {
        (!self.base_url.is_empty()).then_some(self.base_url.as_str())
    }

    /// Interval between checks of the folder where the system cannot report changes.
    pub fn poll_interval(&self) -> Duration {
        Duration::from_secs(self.poll_interval)
    }

    /// Returns the folder in which fetched sources are kept, beside the store by default.
    pub fn state(&self, store: &Path) -> PathBuf {
        if self.state.as_os_str().is_empty() {
            store.parent().unwrap_or(Path::new("")).join("signpost-sources")
        } else {
            self.state.clone()
        }
    }

    /// Interval between fetches of a source.
    pub fn fetch_interval(&self) -> Duration {
        Duration::from_secs(self.fetch_interval)
    }

    /// Time limit of a fetch.
    pub fn fetch_timeout(&self) -> Duration {
        Duration::from_secs(self.fetch_timeout)
    }

    pub(super) fn take_secrets(&mut self, layers: &Layers) -> Result<(), Error> {
        self.hook_secret = secrets::read(layers, "runbooks.hook_secret", &self.hook_secret_file)?;
        if let Some(secret) = &self.hook_secret
            && secrecy::ExposeSecret::expose_secret(secret).len() < SHORTEST_SECRET
        {
            let problem = format!("is shorter than {SHORTEST_SECRET} characters");
            return Err(layers.wrong("runbooks.hook_secret", problem, "use a long random string"));
        }
        for source in &mut self.sources {
            source.take_token(layers)?;
        }
        Ok(())
    }

    pub(super) fn take_environment(&mut self, layers: &Layers) {
        self.fetch_environment = sources::PASSED_ON
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), layers.variable(name)?.to_owned())))
            .collect();
    }

    pub(super) fn check(&self, layers: &Layers) -> Result<(), Error> {
        let remedy = "use an address such as \"https://example.com/runbooks/\"";
        let bad = |url: &str| !Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !self.base_url.is_empty() && bad(&self.base_url) {
            let problem = format!("is \"{}\", which is not a URL", self.base_url);
            return Err(layers.wrong("runbooks.base_url", problem, remedy));
        }
        for (key, value, low, high) in [
            ("runbooks.poll_interval", self.poll_interval, 1, 3600),
            ("runbooks.fetch_interval", self.fetch_interval, 1, 86_400),
            ("runbooks.fetch_timeout", self.fetch_timeout, 1, 3600),
        ] {
            if !(low..=high).contains(&value) {
                let remedy = format!("write a number of seconds from {low} to {high}");
                return Err(layers.wrong(key, format!("is {value}"), remedy));
            }
        }
        if !(1..=100_000).contains(&self.fetch_megabytes) {
            let problem = format!("is {}", self.fetch_megabytes);
            return Err(layers.wrong(
                "runbooks.fetch_megabytes",
                problem,
                "write a number of megabytes from 1 to 100000",
            ));
        }
        if !(0.0..=1.0).contains(&self.max_removed) {
            let problem = format!("is {}", self.max_removed);
            return Err(layers.wrong("runbooks.max_removed", problem, "write a number between 0 and 1"));
        }
        sources::check(&self.sources, layers)
    }
}
