//! A workspace with Notion's REST interface of version 2022-06-28, as far as Signpost uses it. With the habits that clients
//! stumble over: parts shorter than asked for, a search that lacks pages, blocks one level at a time, ids with hyphens.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::wiki_server::{WikiFault, respond};

/// Most results of a part of a list, whatever is asked for.
const PART: usize = 3;

/// Place of a page or database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotionParent {
    Workspace,
    Page(u64),
    Database(u64),
    Block(u64),
}

/// A page or database of the workspace.
#[derive(Debug, Clone)]
pub(super) struct NotionItem {
    pub(super) id: u64,
    pub(super) title: String,
    pub(super) is_database: bool,
    pub(super) parent: NotionParent,
    pub(super) changed: String,
    /// Properties besides the title, as the interface has them.
    pub(super) properties: Value,
    pub(super) blocks: Vec<Value>,
    pub(super) is_trashed: bool,
    /// True when it is not shared with the connection.
    pub(super) is_hidden: bool,
    /// True when the search does not know it.
    pub(super) is_unsearched: bool,
}

impl NotionItem {
    pub(super) fn page(id: u64, title: &str, blocks: Vec<Value>) -> NotionItem {
        NotionItem {
            id,
            title: title.to_owned(),
            is_database: false,
            parent: NotionParent::Workspace,
            changed: "2024-11-12T10:20:00.000Z".to_owned(),
            properties: json!({}),
            blocks,
            is_trashed: false,
            is_hidden: false,
            is_unsearched: false,
        }
    }

    pub(super) fn below(self, parent: NotionParent) -> NotionItem {
        NotionItem { parent, ..self }
    }

    fn to_json(&self) -> Value {
        let text = json!([{"type": "text", "plain_text": self.title, "annotations": {"code": false}, "href": null}]);
        let parent = match self.parent {
            NotionParent::Workspace => json!({"type": "workspace", "workspace": true}),
            NotionParent::Page(id) => json!({"type": "page_id", "page_id": uuid(id)}),
            NotionParent::Database(id) => json!({"type": "database_id", "database_id": uuid(id)}),
            NotionParent::Block(id) => json!({"type": "block_id", "block_id": uuid(id)}),
        };
        let mut value = json!({
            "object": if self.is_database { "database" } else { "page" },
            "id": uuid(self.id), "parent": parent, "last_edited_time": self.changed,
            "archived": self.is_trashed, "in_trash": self.is_trashed,
            "url": format!("https://www.notion.so/{}-{}", self.title.replace(' ', "-"), hex(self.id)),
        });
        if self.is_database {
            value["title"] = text;
            value["properties"] = json!({"Name": {"id": "title", "type": "title", "title": {}}});
        } else {
            let mut properties = self.properties.clone();
            properties["Name"] = json!({"id": "title", "type": "title", "title": text});
            value["properties"] = properties;
        }
        value
    }
}

/// The id of a page or block, as the interface writes it.
pub(super) fn uuid(id: u64) -> String {
    format!("0a000000-0000-4000-8000-{id:012}")
}

/// The same id as addresses have it.
pub(super) fn hex(id: u64) -> String {
    uuid(id).replace('-', "")
}

/// A block with those below it.
pub(super) fn block(id: u64, kind: &str, inner: Value, children: Vec<Value>) -> Value {
    let mut block = json!({"object": "block", "id": uuid(id), "type": kind, "archived": false});
    block[kind] = inner;
    block["children"] = Value::Array(children);
    block
}

/// A block of a kind that has nothing but text.
pub(super) fn plain(id: u64, kind: &str, text: &str) -> Value {
    block(id, kind, json!({"rich_text": rich(text)}), Vec::new())
}

/// Rich text in one piece.
pub(super) fn rich(text: &str) -> Value {
    json!([{"type": "text", "plain_text": text, "annotations": {"code": false, "bold": false}, "href": null}])
}

/// The workspace, its faults and what it was asked.
#[derive(Debug, Default)]
pub(super) struct NotionContent {
    pub(super) items: Vec<NotionItem>,
    /// Part of the address, number of times, fault.
    pub(super) faults: Vec<(String, usize, WikiFault)>,
    /// Paths with queries that were asked for.
    pub(super) asked: Vec<String>,
    /// Ids of databases that cannot be queried, as those with several data sources.
    pub(super) refused: Vec<u64>,
}

/// The token that callers have to send.
pub(super) const TOKEN: &str = "ntn_sesame-opens-the-page";

#[derive(Clone, Default)]
pub(super) struct NotionServer(pub(super) Arc<Mutex<NotionContent>>);

impl NotionServer {
    /// Serves until the runtime ends.
    pub(super) async fn start(&self) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(answer).with_state(self.clone());
        tokio_util::task::TaskTracker::new().spawn(async move { axum::serve(listener, app).await });
        address
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut NotionContent)) {
        change(&mut self.0.lock().unwrap());
    }

    /// Changes a page, which gets a later time.
    pub(super) fn edit(&self, id: u64, edit: impl FnOnce(&mut NotionItem)) {
        self.change(|content| {
            let item = content.items.iter_mut().find(|item| item.id == id).unwrap();
            let minute: u32 = item.changed[14..16].parse().unwrap();
            item.changed.replace_range(14..16, &format!("{:02}", minute + 1));
            edit(item);
        });
    }

    /// The requests since the last call.
    pub(super) fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().asked)
    }
}

async fn answer(
    State(server): State<NotionServer>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let asked = uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let (fault, answered) = {
        let mut content = server.0.lock().unwrap();
        content.asked.push(asked.clone());
        let fault = content
            .faults
            .iter_mut()
            .find(|(part, left, _)| *left > 0 && asked.contains(part.as_str()));
        let fault = fault.map(|(_, left, fault)| {
            *left -= 1;
            fault.clone()
        });
        let answered = if header("authorization") != Some(&format!("Bearer {TOKEN}")) {
            Err(401)
        } else if header("notion-version") != Some("2022-06-28") {
            Err(400)
        } else {
            content.answer(&method, &uri, &body)
        };
        (fault, answered)
    };
    respond(fault, answered).await
}

impl NotionContent {
    fn answer(&self, method: &Method, uri: &Uri, body: &[u8]) -> Result<Value, u16> {
        let query: Value = if *method == Method::POST {
            serde_json::from_slice(body).map_err(|_| 400_u16)?
        } else {
            form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
                .into_owned()
                .map(|(key, value)| (key, Value::String(value)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        let cursor = query.get("start_cursor").and_then(Value::as_str);
        let segments: Vec<&str> = uri.path().trim_matches('/').split('/').collect();
        match (method.as_str(), segments.as_slice()) {
            ("POST", ["v1", "search"]) => {
                let mut found: Vec<&NotionItem> = self.items.iter().filter(|item| !item.is_unsearched).collect();
                found.retain(|item| !item.is_hidden && !item.is_trashed);
                found.sort_by(|a, b| b.changed.cmp(&a.changed));
                part(&found.iter().map(|item| item.to_json()).collect::<Vec<_>>(), cursor)
            }
            ("POST", ["v1", "databases", id, "query"]) => {
                let database = self.visible(id, true)?;
                if self.refused.contains(&database.id) {
                    return Err(400);
                }
                let rows = self
                    .items
                    .iter()
                    .filter(|item| item.parent == NotionParent::Database(database.id) && !item.is_trashed);
                part(&rows.map(NotionItem::to_json).collect::<Vec<_>>(), cursor)
            }
            ("GET", ["v1", "pages", id]) => Ok(self.visible(id, false)?.to_json()),
            ("GET", ["v1", "databases", id]) => Ok(self.visible(id, true)?.to_json()),
            ("GET", ["v1", "blocks", id]) => {
                let (parent, value) = self.block(id).ok_or(404_u16)?;
                let mut value = shown(&value);
                value["parent"] = parent;
                Ok(value)
            }
            ("GET", ["v1", "blocks", id, "children"]) => {
                let children = match self.visible(id, false) {
                    Ok(page) => page.blocks.clone(),
                    Err(_) => self.block(id).ok_or(404_u16)?.1["children"].as_array().unwrap().clone(),
                };
                part(&children.iter().map(shown).collect::<Vec<_>>(), cursor)
            }
            _ => Err(404),
        }
    }

    fn visible(&self, id: &str, is_database: bool) -> Result<&NotionItem, u16> {
        let id = id.replace('-', "");
        let found = self
            .items
            .iter()
            .find(|item| hex(item.id) == id && !item.is_hidden && item.is_database == is_database);
        found.ok_or(404)
    }

    /// A block with its parent.
    fn block(&self, id: &str) -> Option<(Value, Value)> {
        let id = id.replace('-', "");
        let pages = self.items.iter().filter(|item| !item.is_hidden);
        let mut open: Vec<(Value, Value)> = pages
            .flat_map(|page| {
                let parent = json!({"type": "page_id", "page_id": uuid(page.id)});
                page.blocks.iter().map(move |block| (parent.clone(), block.clone()))
            })
            .collect();
        while let Some((parent, block)) = open.pop() {
            if block["id"].as_str().unwrap().replace('-', "") == id {
                return Some((parent, block));
            }
            let around = json!({"type": "block_id", "block_id": block["id"]});
            let children = block["children"].as_array().unwrap();
            open.extend(children.iter().map(|child| (around.clone(), child.clone())));
        }
        None
    }
}

/// A block as the interface shows it: without those below it.
fn shown(block: &Value) -> Value {
    let mut block = block.clone();
    let children = block.as_object_mut().unwrap().remove("children").unwrap();
    block["has_children"] = json!(!children.as_array().unwrap().is_empty());
    block
}

/// A part of a list. The cursor is the id of the next result.
fn part(all: &[Value], cursor: Option<&str>) -> Result<Value, u16> {
    let start = match cursor {
        None => 0,
        Some(cursor) => all.iter().position(|one| one["id"] == cursor).ok_or(400_u16)?,
    };
    let end = (start + PART).min(all.len());
    let next = all.get(end).map(|next| next["id"].clone());
    Ok(json!({
        "object": "list", "results": all[start..end], "has_more": next.is_some(), "next_cursor": next,
    }))
}
