//! Text and blocks of Notion, reduced to what a document needs. Source of the shapes: <https://developers.notion.com/reference/block>
//! and <https://developers.notion.com/reference/rich-text>.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A piece of text in one style.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct TextPiece {
    pub(super) text: String,
    /// Address of a link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) href: Option<String>,
    /// Id of a page that the piece names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) page: Option<String>,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) code: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) bold: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) italic: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) strike: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

impl TextPiece {
    pub(super) fn plain(text: &str) -> TextPiece {
        TextPiece {
            text: text.to_owned(),
            ..TextPiece::default()
        }
    }

    fn has_style_of(&self, other: &TextPiece) -> bool {
        let bare = |piece: &TextPiece| TextPiece {
            text: String::new(),
            ..piece.clone()
        };
        bare(self) == bare(other)
    }
}

/// A block with those below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NotionBlock {
    /// Its id: 32 hexadecimal digits.
    pub(super) id: String,
    pub(super) kind: NotionKind,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) text: Vec<TextPiece>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) children: Vec<NotionBlock>,
}

/// A kind of block, with what only this kind has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum NotionKind {
    Paragraph,
    Heading(u8),
    Bullet,
    /// An item of a numbered list, with the number that its list begins with, where it says so.
    Number(Option<u64>),
    /// A task; true when it is done.
    ToDo(bool),
    Toggle,
    Quote,
    /// A callout with the emoji in front of it.
    Callout(String),
    /// Code in a language.
    Code(String),
    Equation,
    Divider,
    Table {
        has_header_row: bool,
        has_header_column: bool,
    },
    /// A row of a table.
    Row(Vec<Vec<TextPiece>>),
    /// Blocks that only stand beside or below each other: columns, synced blocks.
    Group,
    /// A page or a database of its own below this page.
    Child,
    /// A link to the page or database with this id.
    PageLink(String),
    /// A link to this address, or a file at it; without one, Notion has the file itself.
    Link(Option<String>),
    /// Something that the interface does not show, or that is left out because the page is too long.
    Unread,
    /// Something that is made of the rest of the page: a table of contents, breadcrumbs.
    Derived,
}

/// Reads an id, with or without hyphens. It becomes part of a file's name.
pub(super) fn id_of(value: Option<&Value>) -> Option<String> {
    to_id(value?.as_str()?)
}

/// The 32 hexadecimal digits of an id.
pub(super) fn to_id(text: &str) -> Option<String> {
    let id = text.replace('-', "").to_ascii_lowercase();
    (id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(id)
}

/// Reads rich text. Neighbours in the same style become one piece.
pub(super) fn text_of(value: Option<&Value>) -> Vec<TextPiece> {
    let mut pieces: Vec<TextPiece> = Vec::new();
    for item in value.and_then(Value::as_array).into_iter().flatten() {
        let string = |pointer: &str| item.pointer(pointer).and_then(Value::as_str);
        let has = |name: &str| item.pointer(&format!("/annotations/{name}")) == Some(&Value::Bool(true));
        let is_equation = string("/type") == Some("equation");
        let mentioned = ["/mention/page/id", "/mention/database/id"];
        let piece = TextPiece {
            text: string("/plain_text").unwrap_or_default().to_owned(),
            href: string("/href").map(str::to_owned),
            page: mentioned.iter().find_map(|pointer| id_of(item.pointer(pointer))),
            code: is_equation || has("code"),
            bold: has("bold"),
            italic: has("italic"),
            strike: has("strikethrough"),
        };
        match pieces.last_mut() {
            _ if piece.text.is_empty() => {}
            Some(last) if last.has_style_of(&piece) => last.text.push_str(&piece.text),
            _ => pieces.push(piece),
        }
    }
    pieces
}

/// The letters of rich text.
pub(super) fn plain(text: &[TextPiece]) -> String {
    text.iter().map(|piece| piece.text.as_str()).collect()
}

impl NotionBlock {
    /// Reads a block without those below it; `None` for something else, or a block in the trash.
    pub(super) fn of(value: &Value) -> Option<NotionBlock> {
        let is = |name: &str| value.get(name) == Some(&Value::Bool(true));
        if is("archived") || is("in_trash") {
            return None;
        }
        let name = value.get("type")?.as_str()?;
        let inner = value.get(name).unwrap_or(&Value::Null);
        let string = |key: &str| inner.get(key).and_then(Value::as_str);
        let flag = |key: &str| inner.get(key) == Some(&Value::Bool(true));
        let mut text = text_of(inner.get("rich_text"));
        let kind = match name {
            "paragraph" => NotionKind::Paragraph,
            "heading_1" => NotionKind::Heading(1),
            "heading_2" => NotionKind::Heading(2),
            "heading_3" => NotionKind::Heading(3),
            "heading_4" => NotionKind::Heading(4),
            "bulleted_list_item" => NotionKind::Bullet,
            "numbered_list_item" => NotionKind::Number(inner.get("list_start_index").and_then(Value::as_u64)),
            "to_do" => NotionKind::ToDo(flag("checked")),
            "toggle" | "template" => NotionKind::Toggle,
            "quote" => NotionKind::Quote,
            "callout" => NotionKind::Callout(emoji_of(inner)),
            "code" => NotionKind::Code(string("language").unwrap_or_default().to_owned()),
            "equation" => {
                text = vec![TextPiece::plain(string("expression").unwrap_or_default())];
                NotionKind::Equation
            }
            "divider" => NotionKind::Divider,
            "table" => NotionKind::Table {
                has_header_row: flag("has_column_header"),
                has_header_column: flag("has_row_header"),
            },
            "table_row" => {
                let cells = inner.get("cells").and_then(Value::as_array);
                NotionKind::Row(cells.into_iter().flatten().map(|cell| text_of(Some(cell))).collect())
            }
            "child_page" | "child_database" => {
                text = vec![TextPiece::plain(string("title").unwrap_or_default())];
                NotionKind::Child
            }
            "link_to_page" => {
                let id = string("type").and_then(|kind| id_of(inner.get(kind)));
                id.map_or(NotionKind::Unread, NotionKind::PageLink)
            }
            "bookmark" | "embed" | "link_preview" => {
                text = text_of(inner.get("caption"));
                string("url").map_or(NotionKind::Unread, |url| NotionKind::Link(Some(url.to_owned())))
            }
            "image" | "file" | "pdf" | "video" | "audio" => {
                text = file_text(name, inner);
                // The address of a file that Notion has is valid for an hour.
                let url = inner.pointer("/external/url").and_then(Value::as_str);
                NotionKind::Link(url.map(str::to_owned))
            }
            "breadcrumb" | "table_of_contents" => NotionKind::Derived,
            "column_list" | "column" | "synced_block" => NotionKind::Group,
            // Kinds to come: text and blocks below it can be read all the same.
            _ if !text.is_empty() => NotionKind::Paragraph,
            _ if value.get("has_children") == Some(&Value::Bool(true)) => NotionKind::Group,
            _ => NotionKind::Unread,
        };
        Some(NotionBlock {
            id: id_of(value.get("id"))?,
            kind,
            text,
            children: Vec::new(),
        })
    }

    /// The sign for what is not read of a page, at one of its blocks.
    pub(super) fn unread(id: &str) -> NotionBlock {
        NotionBlock {
            id: id.to_owned(),
            kind: NotionKind::Unread,
            text: Vec::new(),
            children: Vec::new(),
        }
    }
}

/// Returns true for a block with blocks below it that belong to the same page.
pub(super) fn has_children(value: &Value) -> bool {
    let name = value.get("type").and_then(Value::as_str);
    value.get("has_children") == Some(&Value::Bool(true)) && !matches!(name, Some("child_page" | "child_database"))
}

/// Returns true for a copy of blocks that stand elsewhere: when they are changed there, this page counts as unchanged.
pub(super) fn is_copy(value: &Value) -> bool {
    value
        .pointer("/synced_block/synced_from")
        .is_some_and(|from| !from.is_null())
}

fn emoji_of(callout: &Value) -> String {
    let emoji = callout.pointer("/icon/emoji").and_then(Value::as_str);
    emoji.unwrap_or_default().to_owned()
}

/// The text that stands for a picture or a file: its caption, else its name, else its kind.
fn file_text(kind: &str, file: &Value) -> Vec<TextPiece> {
    let caption = text_of(file.get("caption"));
    if !caption.is_empty() {
        return caption;
    }
    let name = file.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
    let kind = match kind {
        "image" => "picture",
        "pdf" => "PDF",
        kind => kind,
    };
    vec![TextPiece::plain(name.unwrap_or(kind))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn neighbours_in_the_same_style_become_one_piece() {
        let piece = |text: &str, code: bool| json!({"type": "text", "plain_text": text, "annotations": {"code": code, "bold": false, "color": "red"}});
        let text = json!([
            piece("kiln", true),
            piece("ctl", true),
            piece("", false),
            piece(" opens", false)
        ]);
        let read = text_of(Some(&text));
        let pieces: Vec<(&str, bool)> = read.iter().map(|piece| (piece.text.as_str(), piece.code)).collect();
        assert_eq!(pieces, [("kilnctl", true), (" opens", false)]);
    }

    #[test]
    fn what_is_no_id_becomes_no_name_of_a_file() {
        let id = "3F2A9C1D-7b8e-4f60-a1b2-c3d4e5f60718";
        assert_eq!(to_id(id).as_deref(), Some("3f2a9c1d7b8e4f60a1b2c3d4e5f60718"));
        for wrong in ["", "../../etc", "3f2a9c1d", &"g".repeat(32)] {
            assert_eq!(to_id(wrong), None);
        }
    }
}
