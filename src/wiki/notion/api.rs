//! Notion's REST interface, in its version 2022-06-28. Source of the facts: <https://developers.notion.com/reference>.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use super::super::WikiError;
use super::super::client::{RequestPace, WikiAccount, WikiClient};
use super::blocks::{NotionBlock, NotionKind, has_children, id_of, is_copy, plain};
use super::entries::NotionEntry;

/// Version of the interface: later ones divide databases into data sources.
const VERSION: &str = "2022-06-28";
/// Interval of requests: Notion allows three a second on average.
const INTERVAL: Duration = Duration::from_millis(334);
/// Number of requests at once that it tolerates.
const BURST: u32 = 30;
/// Most bytes of a part of a list: 100 blocks with 100 pieces of text each, or pages with their properties.
const LONGEST_PART: usize = 16 * 1024 * 1024;
/// Most parts of a list.
const MOST_PARTS: usize = 2_000;
/// Most blocks of a page.
const MOST_BLOCKS: usize = 20_000;
/// Most requests for the blocks of a page.
const MOST_REQUESTS: usize = 1_000;
/// Deepest block of a page.
const DEEPEST: usize = 12;

/// A workspace as the settings name it.
#[derive(Debug, Clone)]
pub struct NotionSite {
    /// Address of Notion for people, without a path.
    pub address: Url,
    /// Address of its REST interface, without the version: `https://api.notion.com`.
    pub api: Url,
    /// Id of the page or database whose pages are read; `None` for all that are shared with the connection.
    pub root: Option<String>,
    /// The connection's token.
    pub token: Option<SecretString>,
}

/// The blocks of a page.
#[derive(Debug)]
pub(super) struct PageBlocks {
    pub(super) blocks: Vec<NotionBlock>,
    /// True when blocks that stand elsewhere are among them.
    pub(super) has_copies: bool,
    /// True when the page was too long to be read whole.
    pub(super) is_cut: bool,
}

/// Bounds of one page while its blocks are read.
struct PageBudget {
    blocks: usize,
    requests: usize,
    bytes: usize,
    has_copies: bool,
    is_cut: bool,
}

/// A caller of Notion.
#[derive(Debug)]
pub(super) struct NotionApi {
    client: WikiClient,
}

impl NotionApi {
    pub(super) fn new(site: &NotionSite, http: Result<reqwest::Client, String>) -> NotionApi {
        let account = WikiAccount {
            user: String::new(),
            token: site.token.clone(),
        };
        let client = WikiClient::new(http, site.api.clone(), &account)
            .with_header("notion-version", VERSION)
            .with_pace(RequestPace::new(INTERVAL, BURST));
        NotionApi { client }
    }

    /// Lists the pages and databases that are shared with the connection, as far as Notion's search knows them: it may lack
    /// new ones for a while.
    pub(super) async fn search(&self, most: usize) -> Result<Vec<NotionEntry>, WikiError> {
        // A page that is edited meanwhile moves to the front: others are listed twice then, but none is missed.
        let query = json!({"page_size": 100, "sort": {"timestamp": "last_edited_time", "direction": "descending"}});
        let found = self.all(&["v1", "search"], &query, "pages", most).await?;
        entries_of(&found)
    }

    /// Lists the rows of a database; `None` when it cannot be asked, as one with several data sources.
    pub(super) async fn rows(&self, id: &str, most: usize) -> Result<Option<Vec<NotionEntry>>, WikiError> {
        let path = ["v1", "databases", id, "query"];
        match self
            .all(&path, &json!({"page_size": 100}), "the rows of a database", most)
            .await
        {
            Ok(found) => entries_of(&found).map(Some),
            Err(WikiError::Status(400) | WikiError::Missing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads all parts of a list that is asked for with POST.
    async fn all(&self, path: &[&str], query: &Value, name: &str, most: usize) -> Result<Vec<Value>, WikiError> {
        let mut query = query.clone();
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        for _ in 0..MOST_PARTS {
            let part = self.client.post(path, &query, name, LONGEST_PART).await?;
            let next = next_of(&part)?;
            found.extend(results_of(part)?);
            if found.len() > most {
                return Err(WikiError::TooManyPages(most));
            }
            let Some(next) = next else { return Ok(found) };
            if !seen.insert(next.clone()) {
                return Err(WikiError::Odd("the same part of a list again and again"));
            }
            if let Some(query) = query.as_object_mut() {
                query.insert("start_cursor".to_owned(), Value::String(next));
            }
        }
        Err(WikiError::Odd("a list without end"))
    }

    /// Returns a page or database by its id; `None` when it is in the trash, does not exist or is not shared.
    pub(super) async fn entry(&self, id: &str) -> Result<Option<NotionEntry>, WikiError> {
        for kind in ["pages", "databases"] {
            match self.client.get(&["v1", kind, id], &[], "page", LONGEST_PART).await {
                Ok(found) => {
                    return NotionEntry::of(&found).ok_or(WikiError::Odd("a page without id or time"));
                }
                // The id of a database is none of a page, and is refused by some kinds of request.
                Err(WikiError::Missing(_) | WikiError::Status(400)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Returns the id of the page or database that a block is in; `None` where that cannot be seen.
    pub(super) async fn page_around(&self, block: &str) -> Result<Option<String>, WikiError> {
        let mut block = block.to_owned();
        for _ in 0..DEEPEST {
            let found = match self
                .client
                .get(&["v1", "blocks", &block], &[], "block", LONGEST_PART)
                .await
            {
                Ok(found) => found,
                Err(WikiError::Missing(_) | WikiError::Status(400)) => return Ok(None),
                Err(error) => return Err(error),
            };
            let parent = |key: &str| id_of(found.pointer(&format!("/parent/{key}")));
            if let Some(page) = parent("page_id").or_else(|| parent("database_id")) {
                return Ok(Some(page));
            }
            let Some(around) = parent("block_id") else {
                return Ok(None);
            };
            block = around;
        }
        Ok(None)
    }

    /// Reads the blocks of a page; `None` when it is gone. `most` bounds its text, in bytes: what comes after is left out, with a
    /// sign.
    pub(super) async fn blocks(&self, page: &str, most: usize) -> Result<Option<PageBlocks>, WikiError> {
        let mut budget = PageBudget {
            blocks: MOST_BLOCKS,
            requests: MOST_REQUESTS,
            bytes: most,
            has_copies: false,
            is_cut: false,
        };
        match self.below(page, 0, &mut budget).await {
            Ok(blocks) => Ok(Some(PageBlocks {
                blocks,
                has_copies: budget.has_copies,
                is_cut: budget.is_cut,
            })),
            Err(WikiError::Missing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads the blocks below a page or block.
    fn below<'a>(
        &'a self,
        id: &'a str,
        depth: usize,
        budget: &'a mut PageBudget,
    ) -> BoxFuture<'a, Result<Vec<NotionBlock>, WikiError>> {
        async move {
            let mut blocks = Vec::new();
            let mut next: Option<String> = None;
            loop {
                if budget.is_cut {
                    return Ok(blocks);
                }
                if budget.requests == 0 || depth > DEEPEST {
                    budget.is_cut = budget.is_cut || budget.requests == 0;
                    blocks.push(NotionBlock::unread(id));
                    return Ok(blocks);
                }
                budget.requests -= 1;
                let mut query = vec![("page_size", "100")];
                query.extend(next.as_deref().map(|next| ("start_cursor", next)));
                let path = ["v1", "blocks", id, "children"];
                let part = self
                    .client
                    .get(&path, &query, "the blocks of a page", LONGEST_PART)
                    .await?;
                let following = next_of(&part)?;
                for value in results_of(part)? {
                    let Some(mut block) = NotionBlock::of(&value) else {
                        continue;
                    };
                    if !budget.take(&block) {
                        blocks.push(NotionBlock::unread(&block.id));
                        return Ok(blocks);
                    }
                    budget.has_copies |= is_copy(&value);
                    if has_children(&value) {
                        block.children = match self.below(&block.id, depth + 1, budget).await {
                            Ok(children) => children,
                            // A copy of blocks of a page that is not shared.
                            Err(WikiError::Missing(_)) => vec![NotionBlock::unread(&block.id)],
                            Err(error) => return Err(error),
                        };
                    }
                    blocks.push(block);
                }
                match following {
                    None => return Ok(blocks),
                    following if following == next => {
                        return Err(WikiError::Odd("the same part of a list again and again"));
                    }
                    following => next = following,
                }
            }
        }
        .boxed()
    }
}

impl PageBudget {
    /// Takes a block; returns false when the page is too long with it.
    fn take(&mut self, block: &NotionBlock) -> bool {
        let cells = match &block.kind {
            NotionKind::Row(cells) => cells.iter().map(|cell| plain(cell).len()).sum(),
            _ => 0,
        };
        let bytes = plain(&block.text).len() + cells;
        let left = self.bytes.checked_sub(bytes).zip(self.blocks.checked_sub(1));
        match left {
            Some((bytes, blocks)) => (self.bytes, self.blocks) = (bytes, blocks),
            None => self.is_cut = true,
        }
        left.is_some()
    }
}

fn results_of(mut part: Value) -> Result<Vec<Value>, WikiError> {
    match part.get_mut("results").map(Value::take) {
        Some(Value::Array(results)) => Ok(results),
        _ => Err(WikiError::Odd("something other than a list")),
    }
}

/// The cursor of the next part of a list; `None` at its end.
fn next_of(part: &Value) -> Result<Option<String>, WikiError> {
    if part.get("has_more") != Some(&Value::Bool(true)) {
        return Ok(None);
    }
    let cursor = part.get("next_cursor").and_then(Value::as_str);
    let cursor = cursor.ok_or(WikiError::Odd("a list that goes on without saying where"))?;
    Ok(Some(cursor.to_owned()))
}

fn entries_of(found: &[Value]) -> Result<Vec<NotionEntry>, WikiError> {
    let mut entries = Vec::with_capacity(found.len());
    for value in found {
        entries.extend(NotionEntry::of(value).ok_or(WikiError::Odd("a page without id or time"))?);
    }
    Ok(entries)
}
