//! Rendering of a reply as at most two Slack messages within every limit of Block Kit. Pure, although specific to
//! Slack.
//!
//! Limits (Slack's documentation, and experiments on what it rejects): a section 3,000 characters, a header 150, a
//! message 50 blocks and about 12,000 characters in all of them together; we stay below 10,000. Characters are counted
//! as UTF-16 units, the strictest count of Slack's own clients.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Value, json};

use super::mrkdwn::{self, Piece};
use crate::redact::redact;
use crate::respond::{Reply, menu_block_id, plain_blocks, words};
use crate::runbook::{Block, BlockKind, Button, Menu, MenuOption};

mod pack;

use pack::{Packed, SectionBlock, pack};

/// Most blocks of a message.
pub const MOST_BLOCKS: usize = 50;
/// Most characters of a section.
pub const SECTION: usize = 3_000;
/// Most characters of a header.
pub const HEADER: usize = 150;
/// Most characters of all blocks of a message.
pub const MESSAGE: usize = 9_600;
/// Most characters of the fallback text; Slack advises at most 4,000, and some calls count bytes.
pub const FALLBACK: usize = 3_500;
/// Most characters on a button.
pub const BUTTON: usize = 75;
/// Most buttons in a row.
pub const MOST_BUTTONS: usize = 25;
/// Most messages for one reply.
pub const MOST_MESSAGES: usize = 2;

/// A message in the form that `chat.postMessage` takes.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct RenderedMessage {
    /// The Block Kit blocks, in the form that every workspace takes.
    pub blocks: Vec<Value>,
    /// Blocks in Slack's own shapes, for those of the same places.
    #[serde(skip)]
    pub shapes: Vec<BlockShape>,
    /// Text for notifications and screen readers, which must convey the answer by itself.
    pub text: String,
}

/// A block in one of Slack's own shapes, which says what the block of its place says in mrkdwn.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct BlockShape {
    /// Index of the block.
    pub at: usize,
    /// The block to send in its place.
    pub block: Value,
}

/// Kind of the property `expand` of a section, beside the types of blocks.
pub const EXPAND: &str = "expand";

/// The kind of a block that a workspace may refuse: its type, or `fields`.
pub fn kind_of(block: &Value) -> &str {
    if block["type"] == "section" && block["fields"].is_array() {
        "fields"
    } else {
        block["type"].as_str().unwrap_or_default()
    }
}

/// Returns blocks in Slack's own shapes, except for the kinds that are refused. Sections are shown in full.
pub fn shaped(blocks: &[Value], shapes: &[BlockShape], is_refused: impl Fn(&str) -> bool) -> Vec<Value> {
    let mut out = blocks.to_vec();
    for shape in shapes.iter().filter(|shape| !is_refused(kind_of(&shape.block))) {
        if let Some(block) = out.get_mut(shape.at) {
            *block = shape.block.clone();
        }
    }
    if !is_refused(EXPAND) {
        for section in out.iter_mut().filter(|block| block["type"] == "section") {
            let is_long = section["text"]["text"]
                .as_str()
                .is_some_and(|text| length(text) > FOLDED);
            if is_long {
                section["expand"] = json!(true);
            }
        }
    }
    out
}

/// Field of a block of a view or of an answer to an interaction: the block in Slack's own shape. It never leaves the
/// sender.
const SHAPE: &str = "signpost_shape";
/// Kinds that views take; Slack documents tables and `expand` for messages alone.
const OF_VIEWS: [&str; 3] = ["rich_text", "context", "fields"];

/// Returns blocks, each with its own shape beside it, for a view or an answer to an interaction.
pub fn with_shapes(blocks: &[Value], shapes: &[BlockShape]) -> Vec<Value> {
    let mut out = blocks.to_vec();
    for shape in shapes {
        if let Some(Value::Object(block)) = out.get_mut(shape.at) {
            block.insert(SHAPE.to_owned(), shape.block.clone());
        }
    }
    out
}

/// Puts the shapes of [`with_shapes`] in the places of their blocks, except for the kinds that are refused, and in a
/// view for those that views do not take.
pub fn choose_shapes(value: &mut Value, is_refused: impl Fn(&str) -> bool) {
    let is_view = value["type"] == "modal" || value["type"] == "home";
    let blocks = value.get_mut("blocks").and_then(Value::as_array_mut);
    for block in blocks.into_iter().flatten() {
        let shape = block.as_object_mut().and_then(|block| block.remove(SHAPE));
        let is_taken = |kind: &str| !is_refused(kind) && (!is_view || OF_VIEWS.contains(&kind));
        if let Some(shape) = shape.filter(|shape| is_taken(kind_of(shape))) {
            *block = shape;
        }
    }
}

/// Most characters of a section that Slack surely shows in full.
const FOLDED: usize = 700;

/// Returns the length as Slack's strictest client counts it, in UTF-16 units.
pub fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Renders a reply as one or two messages, never none.
pub fn render(reply: &Reply) -> Vec<RenderedMessage> {
    render_in(reply, MOST_MESSAGES)
}

/// Renders a reply as a single message, so that it can be updated in place.
pub fn render_one(reply: &Reply) -> RenderedMessage {
    let one = render_in(reply, 1).into_iter().next();
    one.unwrap_or_else(|| message(Packed::new(), None, None))
}

fn render_in(reply: &Reply, most: usize) -> Vec<RenderedMessage> {
    let (title, from) = match reply.blocks.first() {
        Some(Block {
            kind: BlockKind::Heading(text),
            ..
        }) => (Some(words(text)), 1),
        _ => (None, 0),
    };
    let body = reply.body.start.max(from)..reply.body.end.min(reply.blocks.len());
    let slice = |from: usize, to: usize| reply.blocks.get(from..to).unwrap_or_default();
    let (head, body, tail) = if body.start < body.end {
        (
            slice(from, body.start),
            slice(body.start, body.end),
            slice(body.end, reply.blocks.len()),
        )
    } else {
        // No blocks are marked as body: then all of them may be left out, at the end.
        (&[][..], slice(from, reply.blocks.len()), &[][..])
    };
    let note = mrkdwn::pieces(&reply.cut)
        .into_iter()
        .map(|piece| piece.text)
        .collect::<Vec<_>>()
        .join("\n");
    let packed = pack(
        [mrkdwn::pieces(head), mrkdwn::pieces(body), mrkdwn::pieces(tail)],
        &mrkdwn::pieces(&reply.rest),
        &note,
        title.as_deref().map_or(0, |title| length(title).min(HEADER)),
        most,
    );
    let whole = reply.notice.clone().unwrap_or_else(|| plain_blocks(&reply.blocks));
    let count = packed.len();
    packed
        .into_iter()
        .enumerate()
        .map(|(at, sections)| {
            message(
                sections,
                title.as_deref().filter(|_| at == 0),
                (count == 1).then_some(&whole),
            )
        })
        .collect()
}

fn message(packed: Packed, title: Option<&str>, whole: Option<&String>) -> RenderedMessage {
    let mut blocks = Vec::new();
    let mut shapes: Vec<BlockShape> = Vec::new();
    let mut text = String::new();
    if let Some(title) = title
        .map(|title| shortened(title, HEADER))
        .filter(|title| !title.is_empty())
    {
        blocks.push(
            json!({"type": "header", "text": {"type": "plain_text", "text": mrkdwn::plain(&title), "emoji": false}}),
        );
        text = title;
    }
    for section in packed {
        match section {
            SectionBlock::Text(section) => {
                text.push('\n');
                text.push_str(&unmarked(&section.text));
                let is_table = |block: &Value| block["type"] == "table";
                let has_table = shapes.iter().any(|shape| is_table(&shape.block));
                // The word beside a secret is what identifies it, and may be another element or cell of a shape.
                let holds_secret = matches!(redact(&section.text), Cow::Owned(_));
                let shape = section.shape().filter(|_| !holds_secret);
                let shape = shape.filter(|block| !(has_table && is_table(block)));
                shapes.extend(shape.map(|block| BlockShape {
                    at: blocks.len(),
                    block,
                }));
                let section = section.text;
                // `verbatim`: Slack does not turn parts of the text into mentions and links of its own.
                blocks.push(json!({"type": "section", "text": {"type": "mrkdwn", "text": section, "verbatim": true}}));
            }
            SectionBlock::Row(buttons) => blocks.push(row(&buttons)),
        }
    }
    let text = match whole {
        Some(whole) => mrkdwn::escape(whole),
        None => text.trim().to_owned(),
    };
    if blocks.is_empty() {
        blocks.push(json!({"type": "section", "text": {"type": "mrkdwn", "text": "–", "verbatim": true}}));
    }
    let text = fallback(&text);
    RenderedMessage {
        blocks,
        shapes,
        text: if text.is_empty() { "–".to_owned() } else { text },
    }
}

/// Renders buttons as an `actions` block.
fn row(buttons: &[Button]) -> Value {
    let elements: Vec<Value> = buttons.iter().take(MOST_BUTTONS).map(element).collect();
    let mut block = json!({"type": "actions", "elements": elements});
    if let Some(menu) = buttons.iter().find(|button| button.menu.is_some()) {
        let mut content = DefaultHasher::new();
        block.to_string().hash(&mut content);
        block["block_id"] = json!(menu_block_id(&menu.value, content.finish()));
    }
    block
}

fn element(button: &Button) -> Value {
    let options = |menu: &Menu| -> Vec<Value> { menu.options().iter().map(option).collect() };
    match &button.menu {
        None => self::button(button),
        Some(menu @ Menu::Overflow(_)) => {
            json!({"type": "overflow", "action_id": button.action, "options": options(menu)})
        }
        Some(menu @ Menu::Select(_)) => json!({
            "type": "static_select",
            "action_id": button.action,
            "placeholder": {"type": "plain_text", "text": mrkdwn::plain(&shortened(&button.label, BUTTON)), "emoji": false},
            "options": options(menu),
        }),
    }
}

fn option(option: &MenuOption) -> Value {
    let label = shortened(&option.label, BUTTON);
    let mut value = json!({
        "text": {"type": "plain_text", "text": mrkdwn::plain(&label), "emoji": false},
        "value": option.value,
    });
    if let Some(url) = &option.url {
        value["url"] = json!(url);
    }
    value
}

fn button(button: &Button) -> Value {
    let label = shortened(&button.label, BUTTON);
    let mut element = json!({
        "type": "button",
        "text": {"type": "plain_text", "text": mrkdwn::plain(&label), "emoji": false},
        "action_id": button.action,
        "value": button.value,
    });
    if let Some(url) = &button.url {
        element["url"] = json!(url);
    }
    if button.primary {
        element["style"] = json!("primary");
    }
    element
}

/// Removes pure formatting from a section, which is already escaped, for the fallback text.
fn unmarked(section: &str) -> String {
    section
        .replace("```\n", "")
        .replace("\n```", "")
        .replace("```", "")
        .replace(mrkdwn::APART, "")
}

/// Shortens a text to [`FALLBACK`] characters, at the end of a line.
fn fallback(text: &str) -> String {
    if text.len() <= FALLBACK {
        return text.trim().to_owned();
    }
    let mut out = String::new();
    for line in text.lines() {
        if out.len() + line.len() + 4 > FALLBACK {
            if out.is_empty() {
                out = shortened(line, FALLBACK / 4);
            }
            break;
        }
        out.push_str(line);
        out.push('\n');
    }
    format!("{}\n…", out.trim())
}

/// Shortens a text to `most` characters, at the end of a word.
fn shortened(text: &str, most: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if length(&text) <= most {
        return text;
    }
    let mut out = String::new();
    for c in text.chars() {
        if length(&out) + c.len_utf16() + 1 > most {
            break;
        }
        out.push(c);
    }
    let end = out.rfind(' ').filter(|end| *end > out.len() / 2).unwrap_or(out.len());
    out.truncate(end);
    out.push('…');
    out
}
