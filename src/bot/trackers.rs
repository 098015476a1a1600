//! The trackers in which issues are created.

use std::sync::Arc;

use tracing::error;
use url::Url;

use crate::net::Net;
use crate::oncall::{GitHubIssues, GitLabIssues, IssueTracker, ServiceEndpoint, repository_of};
use crate::runbook::Team;
use crate::settings::Settings;
use crate::settings::oncall::trackers::TrackerKind;

/// The registered trackers.
#[derive(Debug)]
pub(super) struct TrackerDirectory {
    trackers: Vec<KnownTracker>,
}

#[derive(Debug)]
struct KnownTracker {
    id: String,
    web: Url,
    kind: TrackerKind,
    client: Arc<dyn IssueTracker>,
}

/// The repository in which the issues of a team are created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TeamRepository {
    /// Id of the tracker.
    pub(super) tracker: String,
    /// Path of the repository.
    pub(super) repository: String,
}

impl TrackerDirectory {
    pub(super) fn new(settings: &Settings) -> Self {
        let http = Net::new(&settings.net.ca_files, super::on_call::TIMEOUT).and_then(|net| net.client());
        let http = http
            .inspect_err(|cause| error!(%cause, "the trackers cannot be set up"))
            .ok();
        let made = settings.oncall.trackers.iter().filter_map(|entry| {
            let endpoint = |service| Some(ServiceEndpoint::new(http.clone()?, entry.url.clone(), service));
            let client: Arc<dyn IssueTracker> = match entry.kind {
                TrackerKind::GitHub => Arc::new(GitHubIssues::new(endpoint("GitHub")?, entry.token.clone())),
                TrackerKind::GitLab => Arc::new(GitLabIssues::new(endpoint("GitLab")?, entry.token.clone())),
            };
            Some(KnownTracker {
                id: entry.id.clone(),
                web: entry.web.clone(),
                kind: entry.kind,
                client,
            })
        });
        Self {
            trackers: made.collect(),
        }
    }

    /// The tracker with an id.
    pub(super) fn tracker(&self, id: &str) -> Option<&Arc<dyn IssueTracker>> {
        let found = self.trackers.iter().find(|one| one.id == id);
        found.map(|one| &one.client)
    }

    /// The repository that a team's `issue` link leads to; `None` where no tracker is registered for it.
    pub(super) fn of_team(&self, team: &Team) -> Option<TeamRepository> {
        let link = team.issue.as_deref()?;
        self.trackers.iter().find_map(|one| {
            let repository = repository_of(link, &one.web, one.kind == TrackerKind::GitLab)?;
            Some(TeamRepository {
                tracker: one.id.clone(),
                repository,
            })
        })
    }
}
