//! The issue of a case: its state on the card, and the link to a prefilled form.

use minijinja::{Value, context};
use url::Url;
use url::form_urlencoded::byte_serialize;

use super::links;

/// Most bytes of the address of a prefilled issue, and of the title in it: browsers and servers refuse longer addresses, and
/// Slack shows no link in a text of more than 3,000 characters.
const ISSUE_LINK: usize = 2_000;
const ISSUE_TITLE: usize = 600;

/// The issue of a case in a tracker, as the card and the messages show it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CardIssue {
    /// Name of the tracker's service.
    pub service: String,
    /// Repository and number.
    pub name: String,
    /// Its address.
    pub url: Option<String>,
    /// Link to the prefilled form.
    pub form: Option<String>,
    /// `pending`, `created` or `failed`.
    pub state: &'static str,
    /// The reason why it was not created so far.
    pub fault: Option<String>,
}

/// Template values of an issue.
pub(super) fn values(issue: &CardIssue) -> Value {
    context! {
        service => issue.service.clone(), name => issue.name.clone(), state => issue.state,
        url => issue.url.as_deref().and_then(links::safe), form => issue.form.as_deref().and_then(links::safe),
        fault => issue.fault.clone(),
    }
}

/// Samples of the values, for the trial of the templates.
pub(super) fn samples(full: bool) -> Vec<Value> {
    let some = |text: &str| full.then(|| text.to_owned());
    let sample = |state| {
        values(&CardIssue {
            service: "GitHub".to_owned(),
            name: "a/b#1".to_owned(),
            url: some("https://example.com"),
            form: some("https://example.com"),
            state,
            fault: some("GitHub did not respond in time"),
        })
    };
    ["pending", "created", "failed"].map(sample).to_vec()
}

/// The address of a tracker's form for a new issue, filled in where the tracker's address is known to allow that: GitHub's
/// `/issues/new`, and GitLab's `/-/issues/new`.
pub fn issue_link(base: &str, title: &str, text: &str) -> Option<String> {
    let mut url = Url::parse(base)
        .ok()
        .filter(|url| matches!(url.scheme(), "https" | "http"))?;
    let names = match url.path().trim_end_matches('/') {
        path if path.ends_with("/-/issues/new") => ["issue[title]", "issue[description]"],
        path if path.ends_with("/issues/new") => ["title", "body"],
        _ => return Some(base.to_owned()),
    };
    let title = beginning(title, ISSUE_TITLE);
    url.query_pairs_mut()
        .append_pair(names[0], title)
        .append_pair(names[1], "");
    let text = beginning(text, ISSUE_LINK.saturating_sub(url.as_str().len()));
    // The text is the last value, which is empty so far.
    let link: String = [url.as_str()]
        .into_iter()
        .chain(byte_serialize(text.as_bytes()))
        .collect();
    Some(link)
}

/// The longest beginning of a text that has at most `most` bytes in an address.
fn beginning(text: &str, most: usize) -> &str {
    let mut length = 0;
    let too_long = text.char_indices().find(|(at, c)| {
        let encoded = byte_serialize(text.get(*at..at + c.len_utf8()).unwrap_or_default().as_bytes());
        length += encoded.map(str::len).sum::<usize>();
        length > most
    });
    too_long.and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::issue_link;

    #[test]
    fn issues_are_prefilled_where_the_tracker_allows_it() {
        for (base, expected) in [
            (
                "https://git.example.com/a/b/issues/new",
                "https://git.example.com/a/b/issues/new?title=A+%26+B&body=x",
            ),
            (
                "https://git.example.com/a/b/-/issues/new",
                "https://git.example.com/a/b/-/issues/new?issue%5Btitle%5D=A+%26+B&issue%5Bdescription%5D=x",
            ),
            (
                "https://jira.example.com/browse/OPS",
                "https://jira.example.com/browse/OPS",
            ),
        ] {
            assert_eq!(issue_link(base, "A & B", "x").as_deref(), Some(expected));
        }
        assert_eq!(issue_link("javascript:alert(1)", "A", "x"), None);
    }

    #[test]
    fn an_issue_in_any_script_has_an_address_that_slack_shows() {
        let base = "https://git.example.com/a/b/issues/new";
        for (title, text) in [
            ("Störung".repeat(100), "Das Ventil klemmt größtenteils. ".repeat(100)),
            ("故障".repeat(200), "阀门卡住了。".repeat(500)),
            ("🚀".repeat(300), "🔥".repeat(2_000)),
        ] {
            let link = issue_link(base, &title, &text).unwrap();
            assert!((1_900..=2_000).contains(&link.len()), "{}", link.len());
            // Cut between characters: what is left is the beginning of each.
            for (_, value) in url::Url::parse(&link).unwrap().query_pairs() {
                assert!(title.starts_with(&*value) || text.starts_with(&*value), "{value}");
                assert!(!value.is_empty());
            }
        }
    }
}
