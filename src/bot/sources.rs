//! The sources of runbooks that the settings name, and the state of each.

mod guard;
pub(super) mod health;
pub(super) mod sync;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use url::Url;

use crate::addresses::notion_page;
use crate::clock::{Clock, SystemClock};
use crate::fetched::{FetchedVersion, SourceLock, SourceState, StateError};
use crate::files::{self, Collection, LoadError, Options, SourcePlace};
use crate::git::{GitError, GitLimits, Remote, Repository};
use crate::net::Net;
use crate::runbook::{DocumentSource, Library, RepositoryFolder, SourceKind, SourceVersion};
use crate::settings::{RunbookSource, Runbooks, Settings};
use crate::wiki::{Notion, NotionSite, Site, Wiki, WikiAccount, WikiError, WikiLimits};

pub use guard::GuardedFetch;
pub use health::SourceHealth;

/// Certificates of the system, in the places where distributions keep them.
const SYSTEM_AUTHORITIES: [&str; 3] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

/// Most pages of a wiki.
const MOST_PAGES: usize = 20_000;
/// Time for one request to a wiki.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// A place that a source is fetched from.
#[derive(Debug)]
enum FetchedPlace {
    Git(Box<Repository>),
    Wiki(Box<Wiki>),
    Notion(Box<Notion>),
}

/// Reason why a source cannot be fetched. None holds a credential.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The repository cannot be fetched.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The wiki cannot be fetched.
    #[error(transparent)]
    Wiki(#[from] WikiError),
    /// The state folder cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
}

impl FetchError {
    /// Returns true when another process does the same work.
    fn is_busy(&self) -> bool {
        matches!(
            self,
            FetchError::Git(GitError::State(StateError::Busy))
                | FetchError::Wiki(WikiError::State(StateError::Busy))
                | FetchError::State(StateError::Busy)
        )
    }

    /// Returns true when a fetch took too long but kept a part of what it fetched.
    fn has_progressed(&self) -> bool {
        matches!(self, FetchError::Wiki(WikiError::TimedOut { done: 1.., .. }))
    }

    /// Returns the time for which the server is to be left alone.
    fn wait(&self) -> Option<Duration> {
        match self {
            FetchError::Wiki(error) => error.wait(),
            FetchError::Git(_) | FetchError::State(_) => None,
        }
    }
}

/// A source that is fetched.
#[derive(Debug)]
pub struct FetchedSource {
    /// Id of the source in the settings.
    pub id: String,
    place: FetchedPlace,
    /// Options for reading its files.
    options: Options,
    /// Largest share of its documents that a fetch may remove.
    max_removed: f64,
    /// Wakes the task that fetches.
    wake: Arc<Notify>,
}

/// Returns the sources of the settings that are fetched.
pub fn fetched_sources(settings: &Settings) -> Vec<Arc<FetchedSource>> {
    let runbooks = &settings.runbooks;
    let state = runbooks.state(&settings.store.path);
    let authorities = authorities(&settings.net.ca_files, &state);
    let made = |source: &RunbookSource| {
        let options = options(runbooks, source);
        let folder = state.join(&source.id);
        let place = if let Some(url) = source.git() {
            let limits = GitLimits {
                timeout: runbooks.fetch_timeout(),
                megabytes: runbooks.fetch_megabytes,
                files: options.max_entries,
            };
            let remote = remote(runbooks, source, url, authorities.as_ref());
            FetchedPlace::Git(Box::new(Repository::new(remote, limits, &folder)))
        } else {
            wiki(settings, source, &options, &folder)?
        };
        Some(Arc::new(FetchedSource {
            id: source.id.clone(),
            place,
            options,
            max_removed: runbooks.max_removed,
            wake: Arc::default(),
        }))
    };
    runbooks.sources.iter().filter_map(made).collect()
}

fn remote(runbooks: &Runbooks, source: &RunbookSource, url: Url, authorities: Option<&PathBuf>) -> Remote {
    Remote {
        url,
        reference: source.reference.clone(),
        path: source.path.clone(),
        user: source.user.clone(),
        token: source.token.clone(),
        ssh_key: source.ssh_key_file.clone(),
        known_hosts: source.known_hosts_file.clone(),
        authorities: authorities.cloned(),
        environment: runbooks.fetch_environment.clone(),
    }
}

/// The wiki of a source; `None` for a source of another kind.
fn wiki(settings: &Settings, source: &RunbookSource, options: &Options, folder: &Path) -> Option<FetchedPlace> {
    let runbooks = &settings.runbooks;
    let limits = WikiLimits {
        timeout: runbooks.fetch_timeout(),
        megabytes: runbooks.fetch_megabytes,
        pages: MOST_PAGES,
        page_bytes: usize::try_from(options.max_bytes).unwrap_or(usize::MAX),
    };
    // `serve` refuses such certificates before it gets here; the other commands tell of them when they fetch.
    let client = Net::new(&settings.net.ca_files, REQUEST_TIMEOUT).and_then(|net| net.client());
    let client = client.map_err(|cause| cause.to_string());
    if let Some((address, api, place)) = source.notion() {
        let site = NotionSite {
            address,
            api,
            root: place.as_ref().and_then(notion_page),
            token: source.token.clone(),
        };
        return Some(FetchedPlace::Notion(Box::new(Notion::new(
            site, limits, client, folder,
        ))));
    }
    let (address, api, is_cloud) = source.confluence()?;
    let site = Site {
        address,
        api,
        is_cloud,
        spaces: source.spaces.clone(),
        labels: source.labels.clone(),
        exclude_labels: source.exclude_labels.clone(),
        account: WikiAccount {
            user: source.user.clone(),
            token: source.token.clone(),
        },
    };
    Some(FetchedPlace::Wiki(Box::new(Wiki::new(site, limits, client, folder))))
}

impl FetchedSource {
    /// Kind of the source.
    pub(super) fn kind(&self) -> SourceKind {
        match &self.place {
            FetchedPlace::Git(_) => SourceKind::Git,
            FetchedPlace::Wiki(_) => SourceKind::Confluence,
            FetchedPlace::Notion(_) => SourceKind::Notion,
        }
    }

    /// Returns the state on disk.
    pub fn state(&self) -> &SourceState {
        match &self.place {
            FetchedPlace::Git(repository) => repository.state(),
            FetchedPlace::Wiki(wiki) => wiki.state(),
            FetchedPlace::Notion(notion) => notion.state(),
        }
    }

    /// Fetches the present version beside the one in use.
    async fn fetch_version(&self, clock: &dyn Clock) -> Result<(FetchedVersion, SourceLock), FetchError> {
        Ok(match &self.place {
            FetchedPlace::Git(repository) => repository.fetch().await?,
            FetchedPlace::Wiki(wiki) => wiki.fetch().await?,
            FetchedPlace::Notion(notion) => notion.fetch(clock.now()).await?,
        })
    }

    /// Wakes the task that fetches.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }
}

/// Options for reading a source. Links of a fetched source never lead out of it. The names of a wiki's pages are titles, so
/// that none is left out by default: a page may be about a license.
fn options(runbooks: &Runbooks, source: &RunbookSource) -> Options {
    let mut options = Options::default();
    if source.is_wiki() {
        options.ignore = vec![".*".to_owned()];
    }
    options.ignore.extend(runbooks.ignore.iter().cloned());
    options.ignore.extend(source.ignore.iter().cloned());
    options.follow_links = runbooks.follow_links && !source.is_fetched();
    options
}

/// A file with the certificates of the system and of `net.ca_files`: git takes one file in place of the system's. `None`
/// where there are no certificates of one's own, or the file cannot be written.
fn authorities(own: &[PathBuf], state: &Path) -> Option<PathBuf> {
    if own.is_empty() {
        return None;
    }
    let system = SYSTEM_AUTHORITIES.iter().map(Path::new).find(|file| file.is_file());
    let write = || {
        std::fs::create_dir_all(state)?;
        let mut file = tempfile::NamedTempFile::new_in(state)?;
        for path in system.into_iter().chain(own.iter().map(PathBuf::as_path)) {
            file.write_all(&std::fs::read(path)?)?;
            file.write_all(b"\n")?;
        }
        let path = std::path::absolute(state.join("authorities.pem"))?;
        file.persist(&path).map_err(|error| error.error)?;
        std::io::Result::Ok(path)
    };
    write()
        .inspect_err(|cause| tracing::warn!(%cause, "net.ca_files cannot be passed on to git"))
        .ok()
}

/// Reader of all runbooks that the settings name. It keeps the files that it read, so that little is read when little
/// changes.
#[derive(Debug)]
pub struct SourceReader {
    collection: Collection,
    fetched: Vec<Arc<FetchedSource>>,
}

impl SourceReader {
    /// Creates a reader of which nothing is read yet; `None` where the settings name neither a folder nor a source.
    pub fn new(settings: &Settings, fetched: &[Arc<FetchedSource>]) -> Option<SourceReader> {
        let places = places(settings);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        (!places.is_empty()).then(|| SourceReader {
            collection: Collection::new(places, &clock),
            fetched: fetched.to_vec(),
        })
    }

    /// Reads the changed files, of the versions that are in use now.
    ///
    /// # Errors
    ///
    /// As for [`Collection::read`].
    pub fn read(&mut self, progress: files::Progress<'_>, take: files::Take<'_>) -> Result<Library, LoadError> {
        for source in &self.fetched {
            if let Some(now) = source.state().current() {
                let version = SourceVersion {
                    kind: source.kind(),
                    id: now.version,
                    at: now.at,
                };
                self.collection.set_version(&source.id, &now.dir, version);
            }
        }
        self.collection.read(progress, take)
    }

    /// Names the folder or the sources, for a message.
    pub fn named(&self) -> String {
        self.collection.named()
    }
}

/// The folder and the sources of the settings.
fn places(settings: &Settings) -> Vec<SourcePlace> {
    let runbooks = &settings.runbooks;
    let folder = runbooks.folder().map(|folder| {
        let mut options = Options::default();
        options.ignore.extend(runbooks.ignore.iter().cloned());
        options.follow_links = runbooks.follow_links;
        let among_others = || DocumentSource {
            base_url: runbooks.base_url().map(str::to_owned),
            ..DocumentSource::default()
        };
        SourcePlace {
            source: (!runbooks.sources.is_empty()).then(among_others),
            dir: Some(folder.to_owned()),
            version: None,
            options,
        }
    });
    // The paths of a single source are those of a folder, so that what is stored under them stays valid.
    let is_alone = folder.is_none() && runbooks.sources.len() == 1;
    let set = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let sources = runbooks.sources.iter().map(|source| SourcePlace {
        source: Some(DocumentSource {
            id: source.id.clone(),
            prefix: if is_alone {
                String::new()
            } else {
                format!("{}/", source.id)
            },
            team: set(&source.team),
            base_url: source.published_at(),
            repository: source.git().map(|url| RepositoryFolder {
                url: url.into(),
                path: source.path.clone(),
            }),
        }),
        dir: (!source.is_fetched()).then(|| source.dir.clone()),
        version: None,
        options: options(runbooks, source),
    });
    folder.into_iter().chain(sources).collect()
}

/// Fetches the sources that were never fetched, all at once.
pub(super) async fn fetch_new(sources: &[Arc<FetchedSource>]) -> Vec<(String, FetchError)> {
    let new = sources.iter().filter(|source| source.state().current().is_none());
    let fetched = new.map(|source| async { (source.id.clone(), source.fetch(&SystemClock).await) });
    let fetched = futures_util::future::join_all(fetched).await;
    fetched
        .into_iter()
        .filter_map(|(id, fetched)| Some((id, fetched.err()?)))
        .collect()
}

/// Interval until the next fetch: the usual one, or after failures a growing one. `jitter`: 0 to 1.
fn interval(usual: Duration, failures: u32, jitter: f64) -> Duration {
    /// First interval after a failure.
    const FIRST: Duration = Duration::from_secs(10);
    /// Longest interval after failures, unless the usual one is longer.
    const LONGEST: Duration = Duration::from_mins(15);
    let base = match failures {
        0 => usual,
        _ => FIRST
            .saturating_mul(1 << (failures - 1).min(10))
            .min(usual.max(LONGEST)),
    };
    base.mul_f64(0.9 + 0.2 * jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_retried_soon_and_then_more_seldom() {
        let seconds = |failures| interval(Duration::from_mins(5), failures, 0.5).as_secs();
        assert_eq!([0, 1, 2, 3, 9, 99].map(seconds), [300, 10, 20, 40, 900, 900]);
        assert_eq!(interval(Duration::from_secs(100), 0, 0.0).as_secs(), 90);
        assert_eq!(interval(Duration::from_secs(100), 0, 1.0).as_secs(), 110);
    }
}
