//! The sources of runbooks that the settings name, and the state of each.

mod guard;
pub(super) mod health;
pub(super) mod sync;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock::{Clock, SystemClock};
use crate::files::{self, Collection, LoadError, Options, SourcePlace};
use crate::git::{GitError, GitLimits, Remote, Repository};
use crate::runbook::{DocumentSource, Library, RepositoryFolder, SourceVersion};
use crate::settings::{RunbookSource, Runbooks, Settings};

pub use guard::GuardedFetch;
pub use health::SourceHealth;

/// Certificates of the system, in the places where distributions keep them.
const SYSTEM_AUTHORITIES: [&str; 3] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

/// A source that is fetched.
#[derive(Debug)]
pub struct GitSource {
    /// Id of the source in the settings.
    pub id: String,
    /// The repository.
    pub repository: Repository,
    /// Options for reading its files.
    options: Options,
    /// Largest share of its documents that a fetch may remove.
    max_removed: f64,
    /// Wakes the task that fetches.
    wake: Arc<Notify>,
}

/// Returns the sources of the settings that are fetched.
pub fn git_sources(settings: &Settings) -> Vec<Arc<GitSource>> {
    let runbooks = &settings.runbooks;
    let state = runbooks.state(&settings.store.path);
    let authorities = authorities(&settings.net.ca_files, &state);
    let fetched = runbooks
        .sources
        .iter()
        .filter_map(|source| Some((source, source.git()?)));
    fetched
        .map(|(source, url)| {
            let remote = Remote {
                url,
                reference: source.reference.clone(),
                path: source.path.clone(),
                user: source.user.clone(),
                token: source.token.clone(),
                ssh_key: source.ssh_key_file.clone(),
                known_hosts: source.known_hosts_file.clone(),
                authorities: authorities.clone(),
                environment: runbooks.fetch_environment.clone(),
            };
            let options = options(runbooks, source);
            let limits = GitLimits {
                timeout: runbooks.fetch_timeout(),
                megabytes: runbooks.fetch_megabytes,
                files: options.max_entries,
            };
            Arc::new(GitSource {
                id: source.id.clone(),
                repository: Repository::new(remote, limits, &state.join(&source.id)),
                options,
                max_removed: runbooks.max_removed,
                wake: Arc::default(),
            })
        })
        .collect()
}

impl GitSource {
    /// Wakes the task that fetches.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }
}

/// Options for reading a source. Links of a repository never lead out of it.
fn options(runbooks: &Runbooks, source: &RunbookSource) -> Options {
    let mut options = Options::default();
    options.ignore.extend(runbooks.ignore.iter().cloned());
    options.ignore.extend(source.ignore.iter().cloned());
    options.follow_links = runbooks.follow_links && source.git.is_empty();
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
    repositories: Vec<Arc<GitSource>>,
}

impl SourceReader {
    /// Creates a reader of which nothing is read yet; `None` where the settings name neither a folder nor a source.
    pub fn new(settings: &Settings, repositories: &[Arc<GitSource>]) -> Option<SourceReader> {
        let places = places(settings);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        (!places.is_empty()).then(|| SourceReader {
            collection: Collection::new(places, &clock),
            repositories: repositories.to_vec(),
        })
    }

    /// Reads the changed files, of the commits that are in use now.
    ///
    /// # Errors
    ///
    /// As for [`Collection::read`].
    pub fn read(&mut self, progress: files::Progress<'_>, take: files::Take<'_>) -> Result<Library, LoadError> {
        for source in &self.repositories {
            if let Some(now) = source.repository.current() {
                let version = SourceVersion {
                    commit: now.commit,
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
        dir: source.git.is_empty().then(|| source.dir.clone()),
        version: None,
        options: options(runbooks, source),
    });
    folder.into_iter().chain(sources).collect()
}

/// Fetches the sources that were never fetched, all at once.
pub(super) async fn fetch_new(sources: &[Arc<GitSource>]) -> Vec<(String, GitError)> {
    let new = sources.iter().filter(|source| source.repository.current().is_none());
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
