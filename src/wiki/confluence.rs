//! Confluence's REST interfaces: v2 in Atlassian's cloud, v1 on Data Center. Sources of the facts: Atlassian's reference
//! pages of both, and the issues of clients that are named beside the code.

use std::collections::HashSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::WikiError;
use super::client::{WikiAccount, WikiClient};

/// Most bytes of a part of a list. Bodies are not in it.
const LONGEST_LIST: usize = 8 * 1024 * 1024;
/// Most parts of a list.
const MOST_PARTS: usize = 2_000;
/// Most characters of an id.
const LONGEST_ID: usize = 40;

/// A wiki as the settings name it.
#[derive(Debug, Clone)]
pub struct Site {
    /// Address of the wiki for people, without a slash at its end: `https://example.atlassian.net/wiki`.
    pub address: Url,
    /// Address below which its REST interfaces are; the same, or the gateway for scoped tokens.
    pub api: Url,
    /// True for Atlassian's cloud.
    pub is_cloud: bool,
    /// Keys of the spaces.
    pub spaces: Vec<String>,
    /// Labels of which a page needs one; empty: pages need none.
    pub labels: Vec<String>,
    /// Labels with which a page is left out.
    pub exclude_labels: Vec<String>,
    /// The account that reads the wiki.
    pub account: WikiAccount,
}

/// A page in the list of a space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PageEntry {
    pub(super) id: String,
    pub(super) title: String,
    /// Key of its space.
    pub(super) space: String,
    /// Id of its parent page.
    pub(super) parent: Option<String>,
    /// Number of its version.
    pub(super) version: u64,
    /// Time of that version.
    pub(super) changed: Timestamp,
    /// Its address below the wiki's, as the wiki gives it.
    pub(super) path: String,
    /// Its labels, where the list has them.
    pub(super) labels: Vec<String>,
}

/// The body of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PageBody {
    /// Version that it belongs to: later than the list's when the page was changed meanwhile.
    pub(super) version: u64,
    pub(super) changed: Timestamp,
    pub(super) title: String,
    pub(super) labels: Vec<String>,
    /// The storage format.
    pub(super) storage: String,
}

/// A caller of one wiki.
#[derive(Debug)]
pub(super) struct Confluence {
    client: WikiClient,
    site: Site,
}

impl Confluence {
    pub(super) fn new(site: Site, http: Result<reqwest::Client, String>) -> Confluence {
        // Atlassian's servers take requests without this header for those of a browser.
        let client =
            WikiClient::new(http, site.api.clone(), &site.account).with_header("x-atlassian-token", "no-check");
        Confluence { client, site }
    }

    pub(super) fn site(&self) -> &Site {
        &self.site
    }

    /// Lists the current pages of a space, each once, although a page that is moved meanwhile is listed twice.
    pub(super) async fn pages(&self, key: &str, most: usize) -> Result<Vec<PageEntry>, WikiError> {
        let listed = if self.site.is_cloud {
            let id = self.space_id(key).await?;
            let path = ["api", "v2", "spaces", &id, "pages"];
            let query = [("depth", "all"), ("status", "current"), ("limit", "100")];
            self.all(&path, &query, &format!("pages of the space {key}"), most)
                .await?
        } else {
            let missing = |error| match error {
                WikiError::Missing(_) => WikiError::NoSpace(key.to_owned()),
                error => error,
            };
            let path = ["rest", "api", "space", key];
            let space = self.client.get(&path, &[], &format!("space {key}"), LONGEST_LIST).await;
            space.map_err(missing)?;
            let query = [
                ("spaceKey", key),
                ("type", "page"),
                ("status", "current"),
                ("expand", "version,metadata.labels,ancestors"),
                ("limit", "100"),
            ];
            let name = format!("pages of the space {key}");
            self.all(&["rest", "api", "content"], &query, &name, most).await?
        };
        let mut entries: Vec<PageEntry> = Vec::with_capacity(listed.len());
        for page in &listed {
            entries.extend(entry(page, key).ok_or(WikiError::Odd("a page without id, title or version"))?);
        }
        entries.sort_by(|a, b| a.id.cmp(&b.id).then(b.version.cmp(&a.version)));
        entries.dedup_by(|later, first| later.id == first.id);
        Ok(entries)
    }

    /// Returns the id of a space in the cloud.
    async fn space_id(&self, key: &str) -> Result<String, WikiError> {
        let path = ["api", "v2", "spaces"];
        let found = self
            .client
            .get(&path, &[("keys", key)], "list of spaces", LONGEST_LIST)
            .await?;
        let spaces = found.get("results").and_then(Value::as_array);
        let is_it = |space: &&Value| {
            let known = space.get("key").and_then(Value::as_str);
            known.is_some_and(|known| known.eq_ignore_ascii_case(key))
        };
        let space = spaces.into_iter().flatten().find(is_it);
        let id = space.and_then(|space| id_of(space, "id"));
        id.ok_or_else(|| WikiError::NoSpace(key.to_owned()))
    }

    /// Reads all parts of a list.
    async fn all(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        name: &str,
        most: usize,
    ) -> Result<Vec<Value>, WikiError> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        let mut next: Option<(&str, String)> = None;
        for _ in 0..MOST_PARTS {
            let mut query = query.to_vec();
            if let Some((key, value)) = &next {
                query.push((key, value));
            }
            let mut part = self.client.get(path, &query, name, LONGEST_LIST).await?;
            let Some(Value::Array(results)) = part.get_mut("results").map(Value::take) else {
                return Err(WikiError::Odd("something other than a list"));
            };
            let count = results.len();
            found.extend(results);
            if found.len() > most {
                return Err(WikiError::TooManyPages(most));
            }
            // Without a link to a next part the list is complete, and only then.
            let Some(link) = part.pointer("/_links/next").and_then(Value::as_str) else {
                return Ok(found);
            };
            let following = match parameter(link, "cursor") {
                Some(cursor) => ("cursor", cursor),
                None if count == 0 => return Ok(found),
                // The server lowers `limit` when it likes: its link or what came tells where the next part begins.
                None => {
                    let start = parameter(link, "start").filter(|start| start.parse::<usize>().is_ok());
                    ("start", start.unwrap_or_else(|| found.len().to_string()))
                }
            };
            if !seen.insert(following.1.clone()) {
                return Err(WikiError::Odd("the same part of a list again and again"));
            }
            next = Some(following);
        }
        Err(WikiError::Odd("a list without end"))
    }

    /// Returns the ids of the pages with one of some labels. Labels change without a new version of the page, so that they
    /// are asked for anew.
    pub(super) async fn labelled(&self, labels: &[String], most: usize) -> Result<HashSet<String>, WikiError> {
        let list = |values: &[String]| {
            let quoted: Vec<String> = values.iter().map(|value| format!("\"{value}\"")).collect();
            quoted.join(",")
        };
        let (spaces, labels) = (list(&self.site.spaces), list(labels));
        let cql = format!("type=page and space in ({spaces}) and label in ({labels})");
        let path = ["rest", "api", "content", "search"];
        let query = [("cql", cql.as_str()), ("limit", "100")];
        let found = self.all(&path, &query, "list of labelled pages", most).await?;
        Ok(found.iter().filter_map(|page| id_of(page, "id")).collect())
    }

    /// Returns a page by its id; `None` when it is gone, hidden, archived or in another space.
    pub(super) async fn page(&self, id: &str, space: &str) -> Result<Option<PageEntry>, WikiError> {
        let query = [("expand", "version,metadata.labels,ancestors,space")];
        let (path, query): (&[&str], &[(&str, &str)]) = if self.site.is_cloud {
            (&["api", "v2", "pages", id], &[])
        } else {
            (&["rest", "api", "content", id], &query)
        };
        let page = match self.client.get(path, query, "page", LONGEST_LIST).await {
            Ok(page) => page,
            Err(WikiError::Missing(_) | WikiError::Forbidden(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let is_there = if self.site.is_cloud {
            id_of(&page, "spaceId") == Some(self.space_id(space).await?)
        } else {
            let key = page.pointer("/space/key").and_then(Value::as_str);
            key.is_some_and(|key| key.eq_ignore_ascii_case(space))
        };
        Ok(entry(&page, space).flatten().filter(|_| is_there))
    }

    /// Returns the body of a page; `None` when the page is gone, or the account may not see it.
    pub(super) async fn body(&self, id: &str, most: usize) -> Result<Option<PageBody>, WikiError> {
        let (path, query): (&[&str], _) = if self.site.is_cloud {
            (&["api", "v2", "pages", id], [("body-format", "storage")])
        } else {
            // `body.storage.value` is refused by some servers (Checkmarx/2ms#119).
            (
                &["rest", "api", "content", id],
                [("expand", "body.storage,version,metadata.labels")],
            )
        };
        let page = match self.client.get(path, &query, "page", most).await {
            Ok(page) => page,
            Err(WikiError::Missing(_) | WikiError::Forbidden(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let storage = page.pointer("/body/storage/value").and_then(Value::as_str);
        let (Some(storage), Some(found)) = (storage, entry(&page, "")) else {
            return Err(WikiError::Odd("a page without a body"));
        };
        let Some(found) = found else { return Ok(None) };
        let labels = if self.site.is_cloud {
            self.labels_of(id).await?
        } else {
            found.labels
        };
        Ok(Some(PageBody {
            version: found.version,
            changed: found.changed,
            title: found.title,
            labels,
            storage: storage.to_owned(),
        }))
    }

    async fn labels_of(&self, id: &str) -> Result<Vec<String>, WikiError> {
        let path = ["api", "v2", "pages", id, "labels"];
        match self
            .client
            .get(&path, &[("limit", "100")], "labels of a page", LONGEST_LIST)
            .await
        {
            Ok(found) => Ok(names(found.get("results"))),
            Err(WikiError::Missing(_) | WikiError::Forbidden(_)) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

/// Reads a page of either interface; `Some(None)` for one that is not current, and `None` for something else.
#[expect(
    clippy::option_option,
    reason = "a page that is left out is not a page that cannot be read"
)]
fn entry(page: &Value, space: &str) -> Option<Option<PageEntry>> {
    let text = |pointer: &str| page.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    if text("/status").is_some_and(|status| status != "current") || text("/type").is_some_and(|kind| kind != "page") {
        return Some(None);
    }
    let ancestor = page
        .get("ancestors")
        .and_then(Value::as_array)
        .and_then(|all| all.last());
    let changed = text("/version/createdAt").or_else(|| text("/version/when"));
    Some(Some(PageEntry {
        id: id_of(page, "id")?,
        title: text("/title")?,
        space: space.to_owned(),
        parent: id_of(page, "parentId").or_else(|| id_of(ancestor?, "id")),
        version: page.pointer("/version/number").and_then(Value::as_u64)?,
        changed: changed.and_then(|at| at.parse().ok()).unwrap_or_default(),
        path: text("/_links/webui").unwrap_or_default(),
        labels: names(page.pointer("/metadata/labels/results")),
    }))
}

/// An id, which the interfaces give as text or as a number. It becomes part of a file's name.
fn id_of(value: &Value, key: &str) -> Option<String> {
    let id = match value.get(key)? {
        Value::String(id) => id.clone(),
        Value::Number(id) => id.to_string(),
        _ => return None,
    };
    let is_id = (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|c| c.is_ascii_alphanumeric());
    is_id.then_some(id)
}

fn names(labels: Option<&Value>) -> Vec<String> {
    let labels = labels.and_then(Value::as_array).into_iter().flatten();
    let names = labels.filter_map(|label| label.get("name")?.as_str());
    let mut names: Vec<String> = names.map(str::to_owned).collect();
    names.sort();
    names
}

/// The value of a parameter of a link to the next part. Nothing else of the link is used: its path may repeat `/wiki`, or
/// lack the gateway's (atlassian-api/atlassian-python-api#1655). A `+` is one, as cursors are in Base64.
fn parameter(link: &str, name: &str) -> Option<String> {
    let (_, query) = link.split_once('?')?;
    let query = query.replace('+', "%2B");
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let found = pairs.find(|(key, _)| key == name);
    found.map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_cursor_of_a_link_is_used() {
        for (link, cursor) in [
            (
                "/wiki/api/v2/spaces/7/pages?limit=2&cursor=eyJpZCI6Mn0%3D&x=1",
                Some("eyJpZCI6Mn0="),
            ),
            (
                "https://x.example/wiki/wiki/api/v2/pages?cursor=a%2Bb/c%3D%3D",
                Some("a+b/c=="),
            ),
            ("?cursor=a+b", Some("a+b")),
            ("/rest/api/content?start=25", None),
            ("", None),
        ] {
            assert_eq!(parameter(link, "cursor").as_deref(), cursor, "{link}");
        }
    }
}
