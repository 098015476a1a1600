//! GitLab: issues over the REST API v4. Facts: GitLab's documentation of the API: "Issues API", "Projects API", "Rate
//! limits".

use async_trait::async_trait;
use jiff::{Timestamp, ToSpan as _};
use reqwest::RequestBuilder;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::issues::ends_with;
use super::{Error, Issue, IssueRepository, IssueText, IssueTracker, ServiceEndpoint, string};

/// Issues of a page, the most that GitLab allows, and most pages that are read.
const PAGE: usize = 100;
const PAGES: usize = 10;
/// Difference between the clocks of both sides that is allowed for.
const SKEW: i64 = 1;

/// The issues of a GitLab server.
#[derive(Debug)]
pub struct GitLabIssues {
    endpoint: ServiceEndpoint,
    token: SecretString,
}

impl GitLabIssues {
    /// The issues that a token may create. `endpoint`: the address of the API, which ends in `/api/v4`.
    pub fn new(endpoint: ServiceEndpoint, token: SecretString) -> Self {
        Self { endpoint, token }
    }

    fn allowed(&self, request: RequestBuilder) -> RequestBuilder {
        match HeaderValue::from_str(self.token.expose_secret()) {
            Ok(mut value) => {
                value.set_sensitive(true);
                request.header("private-token", value)
            }
            Err(_) => request,
        }
    }

    fn issue(&self, found: &Value) -> Result<Issue, Error> {
        let number = found.get("iid").and_then(Value::as_u64);
        Ok(Issue {
            number: number.ok_or_else(|| self.endpoint.odd("no issue number"))?,
            url: string(found, "web_url").to_owned(),
        })
    }
}

#[async_trait]
impl IssueTracker for GitLabIssues {
    fn service(&self) -> &'static str {
        self.endpoint.service
    }

    async fn find(&self, repository: &str, marker: &str, since: Timestamp) -> Result<Option<Issue>, Error> {
        let since = since.saturating_sub(SKEW.hours()).unwrap_or(since);
        for page in 1..=PAGES {
            // A project's path is one segment of the address.
            let request = self.endpoint.get(&["projects", repository, "issues"]).query(&[
                (
                    "created_after",
                    since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().as_str(),
                ),
                ("scope", "all"),
                ("order_by", "created_at"),
                ("sort", "desc"),
                ("per_page", &PAGE.to_string()),
                ("page", &page.to_string()),
            ]);
            let answer = self.endpoint.json(self.allowed(request), &what(repository)).await?;
            let issues = answer
                .as_array()
                .ok_or_else(|| self.endpoint.odd("no list of issues"))?;
            let has_marker = |one: &&Value| ends_with(string(one, "description"), marker);
            if let Some(found) = issues.iter().find(has_marker) {
                return self.issue(found).map(Some);
            }
            if issues.len() < PAGE {
                return Ok(None);
            }
        }
        Err(self.endpoint.odd("too many new issues to find this one among them"))
    }

    async fn create(&self, repository: &str, issue: &IssueText) -> Result<Issue, Error> {
        let request = self.endpoint.post(&["projects", repository, "issues"]);
        let request = request.json(&json!({"title": issue.title, "description": issue.text}));
        let answer = self.endpoint.json(self.allowed(request), &what(repository)).await?;
        self.issue(&answer)
    }

    async fn repository(&self, repository: &str) -> Result<IssueRepository, Error> {
        let request = self.endpoint.get(&["projects", repository]);
        let found = self.endpoint.json(self.allowed(request), &what(repository)).await?;
        let is_on = |name: &str| found.get(name).and_then(Value::as_bool) != Some(false);
        Ok(IssueRepository {
            takes_issues: is_on("issues_enabled")
                && string(&found, "issues_access_level") != "disabled"
                && found.get("archived").and_then(Value::as_bool) != Some(true),
            is_public: string(&found, "visibility") == "public",
        })
    }
}

/// A project in an error.
fn what(project: &str) -> String {
    format!("the project {project}")
}
