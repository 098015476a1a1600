//! Pages and databases as lists have them. Source of the shapes: <https://developers.notion.com/reference/page>,
//! <https://developers.notion.com/reference/database> and <https://developers.notion.com/reference/page-property-values>.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::blocks::{TextPiece, id_of, plain, text_of};

/// A page or a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NotionEntry {
    /// Its id: 32 hexadecimal digits.
    pub(super) id: String,
    pub(super) title: String,
    pub(super) is_database: bool,
    /// Id of the page or database that it is in, where that is known.
    pub(super) parent: Option<String>,
    /// Id of the block that it is in, such as a column.
    pub(super) block: Option<String>,
    /// Time of the last edit, to the minute.
    pub(super) changed: Timestamp,
    /// Its address, as Notion gives it.
    pub(super) address: String,
    /// Properties of a row of a database, by name.
    pub(super) properties: Vec<(String, PropertyValue)>,
    /// Values of the properties that take several.
    pub(super) tags: Vec<String>,
    /// Digest of its blocks; empty before they are read.
    pub(super) digest: String,
}

/// Value of a property.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum PropertyValue {
    Text(Vec<TextPiece>),
    /// Ids of pages.
    Pages(Vec<String>),
}

impl NotionEntry {
    /// Reads a page or database; `Some(None)` for one in the trash, and `None` for something else.
    #[expect(
        clippy::option_option,
        reason = "a page in the trash is not a page that cannot be read"
    )]
    pub(super) fn of(value: &Value) -> Option<Option<NotionEntry>> {
        let is = |name: &str| value.get(name) == Some(&Value::Bool(true));
        let is_database = match value.get("object")?.as_str()? {
            "page" => false,
            "database" => true,
            _ => return None,
        };
        let id = id_of(value.get("id"))?;
        if is("archived") || is("in_trash") || is("is_archived") {
            return Some(None);
        }
        let parent = |key: &str| id_of(value.pointer(&format!("/parent/{key}")));
        let all = value.get("properties").and_then(Value::as_object);
        let all: Vec<(&String, &Value)> = all.filter(|_| !is_database).into_iter().flatten().collect();
        let kind = |property: &Value| property.get("type").and_then(Value::as_str).map(str::to_owned);
        let title = if is_database {
            text_of(value.get("title"))
        } else {
            let title = all
                .iter()
                .find(|(_, property)| kind(property).as_deref() == Some("title"));
            title
                .map(|(_, property)| text_of(property.get("title")))
                .unwrap_or_default()
        };
        let title = plain(&title).split_whitespace().collect::<Vec<_>>().join(" ");
        let named = all
            .iter()
            .filter_map(|(name, property)| Some(((*name).clone(), value_of(property)?)));
        let mut properties: Vec<(String, PropertyValue)> = named.collect();
        // Notion gives them in any order.
        properties.sort_by(|a, b| a.0.cmp(&b.0));
        let several = all
            .iter()
            .filter_map(|(_, property)| property.get("multi_select")?.as_array());
        let tags = several.flatten().filter_map(name_of).collect();
        Some(Some(NotionEntry {
            id,
            title: if title.is_empty() { "Untitled".to_owned() } else { title },
            is_database,
            parent: parent("database_id").or_else(|| parent("page_id")),
            block: parent("block_id"),
            changed: value.get("last_edited_time")?.as_str()?.parse().ok()?,
            address: value.get("url").and_then(Value::as_str).unwrap_or_default().to_owned(),
            properties,
            tags,
            digest: String::new(),
        }))
    }
}

/// The value of a property that people filled in; `None` for an empty one, and for what Notion fills in itself.
fn value_of(property: &Value) -> Option<PropertyValue> {
    let kind = property.get("type")?.as_str()?;
    let value = property.get(kind)?;
    if kind == "title" {
        return None;
    }
    if kind == "relation" {
        let ids: Vec<String> = value
            .as_array()?
            .iter()
            .filter_map(|page| id_of(page.get("id")))
            .collect();
        return (!ids.is_empty()).then_some(PropertyValue::Pages(ids));
    }
    let text = match kind {
        "rich_text" => text_of(Some(value)),
        "url" => {
            let url = value.as_str()?;
            vec![TextPiece {
                href: Some(url.to_owned()),
                ..TextPiece::plain(url)
            }]
        }
        _ => vec![TextPiece::plain(&line_of(kind, value)?)],
    };
    (!plain(&text).trim().is_empty()).then_some(PropertyValue::Text(text))
}

/// The value of a property of some kind, in a line.
fn line_of(kind: &str, value: &Value) -> Option<String> {
    let joined = |values: &Value| {
        let names: Vec<String> = values.as_array()?.iter().filter_map(name_of).collect();
        Some(names.join(", "))
    };
    match kind {
        "select" | "status" => name_of(value),
        "multi_select" | "people" | "files" => joined(value),
        "email" | "phone_number" | "string" => value.as_str().map(str::to_owned),
        "number" => value.as_number().map(ToString::to_string),
        "checkbox" | "boolean" => Some(if value.as_bool()? { "Yes" } else { "No" }.to_owned()),
        "date" => {
            let start = value.get("start")?.as_str()?;
            let end = value.get("end").and_then(Value::as_str);
            Some(end.map_or_else(|| start.to_owned(), |end| format!("{start} – {end}")))
        }
        "formula" | "rollup" => {
            let kind = value.get("type")?.as_str()?;
            line_of(kind, value.get(kind)?)
        }
        // The values of a rollup are properties themselves.
        "array" => {
            let values = value.as_array()?.iter().filter_map(|property| {
                let kind = property.get("type")?.as_str()?;
                line_of(kind, property.get(kind)?)
            });
            Some(values.collect::<Vec<_>>().join(", "))
        }
        "rich_text" | "title" => Some(plain(&text_of(Some(value)))),
        "unique_id" => {
            let number = value.get("number")?.as_number()?.to_string();
            let prefix = value.get("prefix").and_then(Value::as_str);
            Some(prefix.map_or_else(|| number.clone(), |prefix| format!("{prefix}-{number}")))
        }
        _ => None,
    }
}

fn name_of(value: &Value) -> Option<String> {
    value.get("name")?.as_str().map(str::to_owned)
}
