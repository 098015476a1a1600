//! GitHub: issues over the REST API. Facts: GitHub's documentation of the API (version 2022-11-28): "List repository issues",
//! "Create an issue", "Get a repository", "Rate limits".

use async_trait::async_trait;
use jiff::{Timestamp, ToSpan as _};
use reqwest::RequestBuilder;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::http::{authorization, header};
use super::issues::ends_with;
use super::{Error, Issue, IssueRepository, IssueText, IssueTracker, ServiceEndpoint, string, time};

/// Issues of a page, the most that GitHub allows, and most pages that are read.
const PAGE: usize = 100;
const PAGES: usize = 10;
/// Difference between the clocks of both sides that is allowed for.
const SKEW: i64 = 1;

/// The issues of GitHub, or of a GitHub Enterprise server.
#[derive(Debug)]
pub struct GitHubIssues {
    endpoint: ServiceEndpoint,
    token: SecretString,
}

impl GitHubIssues {
    /// The issues that a token may create. `endpoint`: the address of the API.
    pub fn new(endpoint: ServiceEndpoint, token: SecretString) -> Self {
        Self { endpoint, token }
    }

    /// The segments of an address below a repository.
    fn path<'a>(repository: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        let repository = repository.split('/');
        ["repos"]
            .into_iter()
            .chain(repository)
            .chain(more.iter().copied())
            .collect()
    }

    fn allowed(&self, request: RequestBuilder) -> RequestBuilder {
        let (accept, json) = header("accept", "application/vnd.github+json");
        let (version, of) = header("x-github-api-version", "2022-11-28");
        let request = request.header(accept, json).header(version, of);
        request.headers(authorization("Bearer ", &self.token))
    }

    fn issue(&self, found: &Value) -> Result<Issue, Error> {
        let number = found.get("number").and_then(Value::as_u64);
        Ok(Issue {
            number: number.ok_or_else(|| self.endpoint.odd("no issue number"))?,
            url: string(found, "html_url").to_owned(),
        })
    }
}

#[async_trait]
impl IssueTracker for GitHubIssues {
    fn service(&self) -> &'static str {
        self.endpoint.service
    }

    async fn find(&self, repository: &str, marker: &str, since: Timestamp) -> Result<Option<Issue>, Error> {
        // The list is read and not the search, whose index lags behind. It also holds pull requests.
        let since = since.saturating_sub(SKEW.hours()).unwrap_or(since);
        let path = Self::path(repository, &["issues"]);
        for page in 1..=PAGES {
            let request = self.endpoint.get(&path).query(&[
                ("state", "all"),
                ("sort", "created"),
                ("direction", "desc"),
                // Those that changed since: an issue is not older than its last change.
                ("since", &since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
                ("per_page", &PAGE.to_string()),
                ("page", &page.to_string()),
            ]);
            let answer = self.endpoint.json(self.allowed(request), &what(repository)).await?;
            let issues = answer
                .as_array()
                .ok_or_else(|| self.endpoint.odd("no list of issues"))?;
            let has_marker = |one: &&Value| ends_with(string(one, "body"), marker);
            if let Some(found) = issues.iter().find(has_marker) {
                return self.issue(found).map(Some);
            }
            let is_older = |one: &Value| time(one, "created_at").is_some_and(|at| at < since);
            if issues.len() < PAGE || issues.last().is_some_and(is_older) {
                return Ok(None);
            }
        }
        Err(self.endpoint.odd("too many new issues to find this one among them"))
    }

    async fn create(&self, repository: &str, issue: &IssueText) -> Result<Issue, Error> {
        let request = self.endpoint.post(&Self::path(repository, &["issues"]));
        let request = request.json(&json!({"title": issue.title, "body": issue.text}));
        let answer = self.endpoint.json(self.allowed(request), &what(repository)).await?;
        self.issue(&answer)
    }

    async fn repository(&self, repository: &str) -> Result<IssueRepository, Error> {
        let request = self.endpoint.get(&Self::path(repository, &[]));
        let found = self.endpoint.json(self.allowed(request), &what(repository)).await?;
        let flag = |name: &str| found.get(name).and_then(Value::as_bool);
        Ok(IssueRepository {
            takes_issues: flag("has_issues") != Some(false) && flag("archived") != Some(true),
            is_public: flag("private") == Some(false),
        })
    }
}

/// A repository in an error.
fn what(repository: &str) -> String {
    format!("the repository {repository}")
}
