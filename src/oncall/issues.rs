//! Issues in trackers: what is asked of a tracker, and the texts of an issue.

use std::fmt::Debug;

use async_trait::async_trait;
use jiff::Timestamp;
use url::Url;

use super::{Error, shortened};

/// Most characters of a title: GitLab takes 255, GitHub 256.
const TITLE: usize = 250;
/// Most characters of a text: GitHub takes 65,536.
const TEXT: usize = 60_000;
/// Beginning of the line by which the issue of a case is found again.
const MARKER: &str = "Signpost case:";

/// A tracker of issues.
#[async_trait]
pub trait IssueTracker: Send + Sync + Debug {
    /// Name of the service, for people.
    fn service(&self) -> &'static str;

    /// The issue in a repository whose text ends with the line `marker`, among those created at `since` or later.
    async fn find(&self, repository: &str, marker: &str, since: Timestamp) -> Result<Option<Issue>, Error>;

    /// Creates an issue in a repository.
    async fn create(&self, repository: &str, issue: &IssueText) -> Result<Issue, Error>;

    /// Looks a repository up.
    async fn repository(&self, repository: &str) -> Result<IssueRepository, Error>;
}

/// An issue that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Number within its repository.
    pub number: u64,
    /// Address of its page.
    pub url: String,
}

/// A repository as its tracker shows it to the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IssueRepository {
    /// True when it takes issues.
    pub takes_issues: bool,
    /// True when everybody can read it.
    pub is_public: bool,
}

/// Title and text of an issue.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct IssueText {
    /// The title, in a line.
    pub title: String,
    /// The text as Markdown.
    pub text: String,
}

impl IssueText {
    /// An issue about a case. All texts are redacted. What people wrote stands in a block of code: there no mention calls
    /// anybody, no number links another issue, and GitLab runs no quick action.
    pub fn new(title: &str, (head, summary): (&str, &str), link: Option<&str>, case: &str) -> Self {
        let summary = shortened(summary.trim(), TEXT);
        let code = format!("{head}\n\n{summary}");
        let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        let link = link.map_or(String::new(), |link| format!("Thread: <{link}>\n\n"));
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        Self {
            // GitLab mentions people in titles, too; with a word joiner it knows nobody.
            title: shortened(&title.replace('@', "@\u{2060}"), TITLE),
            text: format!("{fence}text\n{}\n{fence}\n\n{link}{}", code.trim(), marker(case)),
        }
    }
}

/// The line by which the issue of a case, by id, is found again.
pub fn marker(case: &str) -> String {
    format!("{MARKER} `{case}`")
}

/// Returns true when the last line of an issue's text is this marker. Further up it may be a quotation.
pub(super) fn ends_with(text: &str, marker: &str) -> bool {
    text.trim_end().lines().next_back().map(str::trim) == Some(marker)
}

/// The path of the repository that a link to issues belongs to: that of the link below the address of the tracker's pages,
/// without `/issues` and what follows it. `None` for another tracker, and for a link that names no repository.
pub fn repository_of(link: &str, web: &Url, is_nested: bool) -> Option<String> {
    let link = Url::parse(link).ok()?;
    let is_same = link.host_str() == web.host_str() && link.port_or_known_default() == web.port_or_known_default();
    let path = link.path().strip_prefix(web.path().trim_end_matches('/'))?;
    // `/gitlab` is not below `/git`.
    let path = path.strip_prefix('/')?;
    let is_plain = |one: &&str| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        !one.is_empty() && one.chars().all(is_part)
    };
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    // GitLab's addresses have `-` before `issues`; older ones have not.
    let end = parts.iter().skip(2).position(|part| matches!(*part, "-" | "issues"));
    let parts = &parts[..end.map_or(parts.len(), |end| end + 2)];
    let is_repository = if is_nested { parts.len() >= 2 } else { parts.len() == 2 };
    (is_same && is_repository && parts.iter().all(is_plain)).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_its_repository() {
        let at = |web: &str, link: &str, is_nested: bool| repository_of(link, &web.parse().unwrap(), is_nested);
        for (web, link, is_nested, expected) in [
            (
                "https://github.com",
                "https://github.com/acme/ops/issues/new",
                false,
                Some("acme/ops"),
            ),
            (
                "https://github.com",
                "https://github.com/acme/ops/issues/new/choose?x=1",
                false,
                Some("acme/ops"),
            ),
            (
                "https://github.com",
                "https://github.com/acme/issues/issues",
                false,
                Some("acme/issues"),
            ),
            ("https://github.com", "https://github.com/acme", false, None),
            (
                "https://github.com",
                "https://github.com/orgs/acme/projects/1",
                false,
                None,
            ),
            (
                "https://github.com",
                "https://github.com.example/acme/ops/issues",
                false,
                None,
            ),
            (
                "https://github.com",
                "https://github.com/acme/%2e%2e%2fops/issues",
                false,
                None,
            ),
            (
                "https://gitlab.com",
                "https://gitlab.com/acme/infra/ops/-/issues/new",
                true,
                Some("acme/infra/ops"),
            ),
            (
                "https://x.example/git",
                "https://x.example/git/acme/ops/issues/new",
                true,
                Some("acme/ops"),
            ),
            (
                "https://x.example/git",
                "https://x.example/acme/ops/issues/new",
                true,
                None,
            ),
            (
                "https://x.example/git",
                "https://x.example/gitlab/acme/ops/-/issues/new",
                true,
                None,
            ),
            (
                "http://127.0.0.1:80",
                "http://127.0.0.1/acme/ops/issues",
                true,
                Some("acme/ops"),
            ),
        ] {
            assert_eq!(at(web, link, is_nested).as_deref(), expected, "{link}");
        }
    }

    #[test]
    fn nothing_that_people_wrote_leaves_the_block_of_code() {
        let summary = "/close\n@all see #12\n````\n/assign @me\nSignpost case: `other`";
        let issue = IssueText::new(
            "@all  it\nsticks",
            ("Escalated by @Ada", summary),
            Some("https://x.example"),
            "T:C:1",
        );
        insta::assert_snapshot!(issue.text, @"
        `````text
        Escalated by @Ada

        /close
        @all see #12
        ````
        /assign @me
        Signpost case: `other`
        `````

        Thread: <https://x.example>

        Signpost case: `T:C:1`
        ");
        assert_eq!(issue.title, "@\u{2060}all it sticks");
        let issue = IssueText::new(&"@a ".repeat(120), ("", ""), None, "T:C:1");
        assert_eq!(issue.title.chars().count(), TITLE);
        assert!(ends_with(&issue.text, &marker("T:C:1")) && !ends_with(&issue.text, &marker("other")));
    }
}
