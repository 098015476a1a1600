//! Trackers of issues: requests and answers as GitHub's and GitLab's documentation of their APIs shows them.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use signpost::oncall::{GitHubIssues, GitLabIssues, Issue, IssueText, IssueTracker, marker};

use super::*;

fn issue() -> IssueText {
    IssueText {
        title: "It sticks".to_owned(),
        text: "The valve.".to_owned(),
    }
}

/// The issues of a page, the newest first, of which one has the marker of case `T:C:1`.
fn page(with: bool, text: &str, number: &str, url: &str) -> Response {
    let other = |at: u64| json!({number: 300 - at, text: null, url: "https://x.example/1", "created_at": "2026-11-30T12:00:00Z"});
    let mut issues: Vec<Value> = (0..100).map(other).collect();
    if with {
        issues.truncate(7);
        // A quotation of the marker is not the marker.
        issues.push(json!({number: 9, text: format!("{}\n\nNo.", marker("T:C:1")), url: "https://x.example/9"}));
        issues.push(
            json!({number: 8, text: format!("Text.\r\n\r\n{}\r\n", marker("T:C:1")), url: "https://x.example/8"}),
        );
    }
    axum::Json(issues).into_response()
}

#[test]
fn github_finds_an_issue_on_a_later_page_and_creates_one() {
    let answer = |seen: &Seen| {
        assert_eq!(seen.headers["authorization"], "Bearer key");
        assert_eq!(seen.headers["accept"], "application/vnd.github+json");
        assert_eq!(seen.headers["x-github-api-version"], "2022-11-28");
        assert!(seen.headers.contains_key("user-agent"));
        if seen.method == "POST" {
            assert_eq!(seen.uri, "/repos/acme/ops/issues");
            let sent: Value = serde_json::from_str(&seen.body).unwrap();
            assert_eq!(sent, json!({"title": "It sticks", "body": "The valve."}));
            let created = json!({"id": 1, "number": 12, "html_url": "https://x.example/12"});
            return (StatusCode::CREATED, axum::Json(created)).into_response();
        }
        let query = "state=all&sort=created&direction=desc&since=2026-11-30T11%3A00%3A00Z&per_page=100&page=";
        let page_number = seen.uri.strip_prefix(&format!("/repos/acme/ops/issues?{query}"));
        page(page_number == Some("2"), "body", "number", "html_url")
    };
    with(answer, |fake| async move {
        let tracker = GitHubIssues::new(endpoint(&fake.url, "GitHub"), "key".into());
        let found = tracker.find("acme/ops", &marker("T:C:1"), at()).await.unwrap();
        let expected = |number: u64| Issue {
            number,
            url: format!("https://x.example/{number}"),
        };
        assert_eq!(found, Some(expected(8)));
        assert_eq!(tracker.find("acme/ops", &marker("T:C:2"), at()).await.unwrap(), None);
        assert_eq!(tracker.create("acme/ops", &issue()).await.unwrap(), expected(12));
    });
}

#[test]
fn gitlab_names_a_project_by_its_path_in_one_segment() {
    let answer = |seen: &Seen| {
        assert_eq!(seen.headers["private-token"], "key");
        if seen.method == "POST" {
            assert_eq!(seen.uri, "/projects/acme%2Finfra%2Fops/issues");
            let sent: Value = serde_json::from_str(&seen.body).unwrap();
            assert_eq!(sent, json!({"title": "It sticks", "description": "The valve."}));
            let created = json!({"id": 1, "iid": 12, "web_url": "https://x.example/12"});
            return (StatusCode::CREATED, axum::Json(created)).into_response();
        }
        let query = "created_after=2026-11-30T11%3A00%3A00Z&scope=all&order_by=created_at&sort=desc&per_page=100&page=";
        let number = seen
            .uri
            .strip_prefix(&format!("/projects/acme%2Finfra%2Fops/issues?{query}"));
        page(number == Some("3"), "description", "iid", "web_url")
    };
    with(answer, |fake| async move {
        let tracker = GitLabIssues::new(endpoint(&fake.url, "GitLab"), "key".into());
        let found = tracker.find("acme/infra/ops", &marker("T:C:1"), at()).await.unwrap();
        assert_eq!(found.unwrap().number, 8);
        assert_eq!(tracker.create("acme/infra/ops", &issue()).await.unwrap().number, 12);
    });
}

#[test]
fn faults_of_trackers_are_told_in_words() {
    for (status, header, expected) in [
        (
            401,
            None,
            "GitHub rejected the key (HTTP 401); check the token of this service in oncall.toml",
        ),
        (
            403,
            None,
            "GitHub rejected the key (HTTP 403); check the token of this service in oncall.toml",
        ),
        // GitHub's limits are a 403, or a 429.
        (
            403,
            Some(("x-ratelimit-remaining", "0")),
            "GitHub is rate limiting requests; retry in 30 s",
        ),
        (
            403,
            Some(("retry-after", "70")),
            "GitHub is rate limiting requests; retry in 70 s",
        ),
        (
            429,
            Some(("retry-after", "7")),
            "GitHub is rate limiting requests; retry in 7 s",
        ),
        (
            404,
            None,
            "GitHub does not know the repository acme/ops, or its key can't see it; check _data/teams.yml",
        ),
        (
            410,
            None,
            "GitHub has issues turned off for the repository acme/ops; turn them on, or correct the link in _data/teams.yml",
        ),
        (
            301,
            None,
            "GitHub has moved the repository acme/ops; correct its address in _data/teams.yml",
        ),
        (502, None, "GitHub failed (HTTP 502)"),
        (200, None, "GitHub returned no issue number"),
    ] {
        let answer = move |_: &Seen| {
            let mut answer = (StatusCode::from_u16(status).unwrap(), axum::Json(json!({}))).into_response();
            if let Some((name, value)) = header {
                answer.headers_mut().insert(name, value.parse().unwrap());
            }
            answer
        };
        with(answer, |fake| async move {
            let tracker = GitHubIssues::new(endpoint(&fake.url, "GitHub"), "key".into());
            let error = tracker.create("acme/ops", &issue()).await.unwrap_err();
            assert_eq!(error.to_string(), expected);
        });
    }
}

#[test]
fn a_list_without_end_creates_nothing() {
    let answer = |_: &Seen| page(false, "body", "number", "html_url");
    with(answer, |fake| async move {
        let tracker = GitHubIssues::new(endpoint(&fake.url, "GitHub"), "key".into());
        let error = tracker.find("acme/ops", &marker("T:C:1"), at()).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "GitHub returned too many new issues to find this one among them"
        );
    });
}
