//! A wiki with Confluence's REST interfaces, as far as Signpost uses them: v2 below `/wiki` as in the cloud, also behind a
//! gateway's path, and v1 below `/confluence` as on Data Center. With the habits that clients stumble over: links to the next
//! part with a path that repeats `/wiki`, cursors that need percent-encoding, parts shorter than asked for, hidden pages.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response, Uri};
use serde_json::{Value, json};
use url::form_urlencoded;

/// A page of the wiki.
#[derive(Debug, Clone)]
pub(crate) struct WikiPage {
    pub(crate) id: u64,
    pub(crate) title: String,
    pub(crate) space: &'static str,
    pub(crate) parent: Option<u64>,
    pub(crate) version: u64,
    pub(crate) changed: &'static str,
    pub(crate) labels: Vec<&'static str>,
    pub(crate) storage: String,
    /// Whether the account may see it.
    pub(crate) is_hidden: bool,
}

impl WikiPage {
    pub(crate) fn new(id: u64, title: &str, storage: &str) -> WikiPage {
        WikiPage {
            id,
            title: title.to_owned(),
            space: "OPS",
            parent: None,
            version: 1,
            changed: "2026-11-12T10:20:30.000Z",
            labels: Vec::new(),
            storage: storage.to_owned(),
            is_hidden: false,
        }
    }
}

/// A fault of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WikiFault {
    /// Answers with this status.
    Status(u16),
    /// Answers 429 and asks to wait for this many seconds.
    Limited(u64),
    /// Wants a captcha.
    Captcha,
    /// Sends callers to another address.
    Redirect(String),
    /// Breaks off in the middle of the body.
    Truncated,
    /// Answers with a page to sign in.
    Page,
    /// Answers with this many bytes of JSON.
    Huge(usize),
    /// Never answers.
    Hangs,
}

/// The content of the wiki, its faults and what it was asked.
#[derive(Debug, Default)]
pub(crate) struct WikiContent {
    pub(crate) pages: Vec<WikiPage>,
    /// Part of the address, number of times, fault.
    pub(crate) faults: Vec<(&'static str, usize, WikiFault)>,
    /// Paths with queries that were asked for.
    pub(crate) asked: Vec<String>,
    /// The `Authorization` headers of all calls.
    pub(crate) seen: Vec<Option<String>>,
    /// Whether each part of a list begins with the last page of the part before it.
    pub(crate) overlaps: bool,
    /// Ids that are left out of lists once, as when other pages are deleted meanwhile.
    pub(crate) missed_once: Vec<u64>,
    /// The header that callers have to send; `None`: everybody may read.
    pub(crate) authorization: Option<String>,
}

/// Most results of a part of a list, whatever is asked for.
const PART: usize = 3;

#[derive(Clone, Default)]
pub(crate) struct WikiServer(pub(crate) Arc<Mutex<WikiContent>>);

impl WikiServer {
    /// Serves until the runtime ends.
    pub(crate) async fn start(&self) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(answer).with_state(self.clone());
        tokio_util::task::TaskTracker::new().spawn(async move { axum::serve(listener, app).await });
        address
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut WikiContent)) {
        change(&mut self.0.lock().unwrap());
    }

    /// Changes a page, which gets a new version.
    pub(crate) fn edit(&self, id: u64, edit: impl FnOnce(&mut WikiPage)) {
        self.change(|content| {
            let page = content.pages.iter_mut().find(|page| page.id == id).unwrap();
            page.version += 1;
            edit(page);
        });
    }

    /// The requests since the last call.
    pub(crate) fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().asked)
    }
}

async fn answer(State(server): State<WikiServer>, uri: Uri, headers: HeaderMap) -> Response<Body> {
    let asked = uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let given = headers.get("authorization").and_then(|value| value.to_str().ok());
    let (fault, answered) = {
        let mut content = server.0.lock().unwrap();
        content.asked.push(asked.clone());
        content.seen.push(given.map(str::to_owned));
        let fault = content
            .faults
            .iter_mut()
            .find(|(part, left, _)| *left > 0 && asked.contains(part));
        let fault = fault.map(|(_, left, fault)| {
            *left -= 1;
            fault.clone()
        });
        let is_allowed = content.authorization.is_none() || content.authorization.as_deref() == given;
        let answered = if is_allowed { content.answer(&uri) } else { Err(401) };
        (fault, answered)
    };
    respond(fault, answered).await
}

/// The response to a request: a fault, else JSON or a status.
pub(super) async fn respond(fault: Option<WikiFault>, answered: Result<Value, u16>) -> Response<Body> {
    let response = Response::builder().header("content-type", "application/json");
    let empty = |status: u16| Response::builder().status(status).body(Body::empty()).unwrap();
    match fault {
        None => {}
        Some(WikiFault::Status(status)) => return empty(status),
        Some(WikiFault::Limited(seconds)) => {
            let response = response.status(429).header("retry-after", seconds.to_string());
            return response.body(Body::empty()).unwrap();
        }
        Some(WikiFault::Captcha) => {
            let response = response
                .status(403)
                .header("x-seraph-loginreason", "AUTHENTICATION_DENIED");
            return response.body(Body::empty()).unwrap();
        }
        Some(WikiFault::Redirect(to)) => {
            return response.status(302).header("location", to).body(Body::empty()).unwrap();
        }
        Some(WikiFault::Truncated) => {
            let part = axum::body::Bytes::from_static(b"{\"results\":[");
            let broken = Err(std::io::Error::other("broken off"));
            return response
                .body(Body::from_stream(futures_util::stream::iter([Ok(part), broken])))
                .unwrap();
        }
        Some(WikiFault::Page) => return response.body(Body::from("<!DOCTYPE html><p>Log in")).unwrap(),
        Some(WikiFault::Huge(bytes)) => {
            return response
                .body(Body::from(format!("{{\"x\":\"{}\"}}", "x".repeat(bytes))))
                .unwrap();
        }
        Some(WikiFault::Hangs) => std::future::pending().await,
    }
    match answered {
        Ok(value) => response.body(Body::from(value.to_string())).unwrap(),
        Err(status) => empty(status),
    }
}

impl WikiContent {
    fn answer(&mut self, uri: &Uri) -> Result<Value, u16> {
        let path = uri.path().trim_start_matches("/ex/confluence/cloud-1");
        let query: Vec<(String, String)> = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
        let get = |name: &str| {
            let found = query.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.as_str())
        };
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        match segments.as_slice() {
            ["wiki", "api", "v2", "spaces"] => {
                let key = get("keys").unwrap_or_default();
                let is_known = self.pages.iter().any(|page| page.space == key);
                let spaces = is_known.then(|| json!({"id": space_id(key), "key": key}));
                Ok(json!({"results": spaces.into_iter().collect::<Vec<_>>(), "_links": {}}))
            }
            ["wiki", "api", "v2", "spaces", id, "pages"] => {
                if get("depth") != Some("all") || get("status") != Some("current") {
                    return Err(400);
                }
                let pages = self.listed(|page| space_id(page.space) == *id);
                let results: Vec<Value> = pages.iter().map(|page| cloud(page, false)).collect();
                self.part_by_cursor(&results, get("cursor"), &format!("/wiki/api/v2/spaces/{id}/pages"))
            }
            ["wiki", "api", "v2", "pages", id] => {
                let page = self.visible(id)?;
                Ok(cloud(page, get("body-format") == Some("storage")))
            }
            ["wiki", "api", "v2", "pages", id, "labels"] => {
                Ok(json!({"results": names(self.visible(id)?), "_links": {}}))
            }
            ["wiki", "rest", "api", "content", "search"] => {
                let cql = get("cql").unwrap_or_default().to_owned();
                let has = |page: &WikiPage| {
                    cql.contains(&format!("\"{}\"", page.space))
                        && page.labels.iter().any(|label| cql.contains(&format!("\"{label}\"")))
                };
                let pages = self.listed(has);
                let results: Vec<Value> = pages.iter().map(|page| json!({"id": page.id.to_string()})).collect();
                self.part_by_cursor(&results, get("cursor"), "/rest/api/content/search")
            }
            ["confluence", "rest", "api", "space", key] => {
                let is_known = self.pages.iter().any(|page| page.space == *key);
                if is_known { Ok(json!({"key": key})) } else { Err(404) }
            }
            ["confluence", "rest", "api", "content"] => {
                if get("type") != Some("page") || get("status") != Some("current") {
                    return Err(400);
                }
                let key = get("spaceKey").unwrap_or_default().to_owned();
                let pages = self.listed(|page| page.space == key);
                let start: usize = get("start").and_then(|start| start.parse().ok()).unwrap_or(0);
                let results: Vec<Value> = pages.iter().map(data_center).collect();
                let end = (start + PART).min(results.len());
                let part = results.get(start..end).unwrap_or_default();
                let mut links = json!({"base": "http://wiki.example/confluence", "context": "/confluence"});
                if end < results.len() {
                    links["next"] = json!(format!("/rest/api/content?spaceKey={key}&limit={PART}&start={end}"));
                }
                Ok(json!({"results": part, "start": start, "limit": PART, "size": part.len(), "_links": links}))
            }
            ["confluence", "rest", "api", "content", id] => {
                let page = self.visible(id)?;
                Ok(data_center(page))
            }
            _ => Err(404),
        }
    }

    /// The pages of a list, without those that are hidden, and once without those that are missed.
    fn listed(&mut self, is: impl Fn(&WikiPage) -> bool) -> Vec<WikiPage> {
        let missed = std::mem::take(&mut self.missed_once);
        let shown = |page: &&WikiPage| is(page) && !page.is_hidden && !missed.contains(&page.id);
        self.pages.iter().filter(shown).cloned().collect()
    }

    fn visible(&self, id: &str) -> Result<&WikiPage, u16> {
        let found = self
            .pages
            .iter()
            .find(|page| page.id.to_string() == id && !page.is_hidden);
        found.ok_or(404)
    }

    /// A part of a list. The cursor has characters that must be encoded; only the very same one is known again.
    fn part_by_cursor(&self, all: &[Value], cursor: Option<&str>, path: &str) -> Result<Value, u16> {
        let start = match cursor {
            None => 0,
            Some(cursor) => {
                let number = cursor.strip_prefix("a+b/").and_then(|rest| rest.strip_suffix("=="));
                number.and_then(|number| number.parse::<usize>().ok()).ok_or(400_u16)?
            }
        };
        let end = (start + PART).min(all.len());
        let begin = if self.overlaps { start.saturating_sub(1) } else { start };
        let part = all.get(begin..end).unwrap_or_default();
        let mut links = json!({"base": "https://wiki.example/wiki"});
        if end < all.len() {
            let cursor: String = form_urlencoded::byte_serialize(format!("a+b/{end}==").as_bytes()).collect();
            links["next"] = json!(format!("{path}?limit={PART}&cursor={cursor}&depth=all"));
        }
        Ok(json!({"results": part, "_links": links}))
    }
}

fn space_id(key: &str) -> String {
    key.bytes().map(|byte| byte.to_string()).collect()
}

fn names(page: &WikiPage) -> Vec<Value> {
    page.labels.iter().map(|label| json!({"name": label})).collect()
}

fn cloud(page: &WikiPage, with_body: bool) -> Value {
    let mut value = json!({
        "id": page.id.to_string(), "status": "current", "title": page.title, "spaceId": space_id(page.space),
        "parentId": page.parent.map(|id| id.to_string()),
        "version": {"number": page.version, "createdAt": page.changed},
        "_links": {"webui": format!("/spaces/{}/pages/{}/Some+title", page.space, page.id)},
    });
    if with_body {
        value["body"] = json!({"storage": {"representation": "storage", "value": page.storage}});
    }
    value
}

fn data_center(page: &WikiPage) -> Value {
    json!({
        "id": page.id.to_string(), "type": "page", "status": "current", "title": page.title, "space": {"key": page.space},
        "ancestors": page.parent.map(|id| json!({"id": id.to_string()})).into_iter().collect::<Vec<_>>(),
        "version": {"number": page.version, "when": page.changed},
        "metadata": {"labels": {"results": names(page)}},
        "body": {"storage": {"value": page.storage}},
        "_links": {"webui": format!("/pages/viewpage.action?pageId={}", page.id)},
    })
}
