//! The last gate before something leaves: secrets are redacted and live mentions made harmless, in every text of a
//! message. Only a person's own act may ping people.

use serde_json::Value;

use crate::redact::redact;

/// A text that may leave.
pub fn text(text: &str) -> String {
    redact(text).replace("<!", "&lt;!").replace("<@", "&lt;@")
}

/// Lets every text of a block pass the gate.
pub fn block(value: &mut Value) {
    match value {
        Value::String(string) => {
            let safe = text(string);
            if safe != *string {
                *string = safe;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(block),
        Value::Object(fields) => {
            // The elements of rich text that ping become what they would show.
            let id = match fields.get("type").and_then(Value::as_str) {
                Some("user") => fields.get("user_id"),
                Some("usergroup") => fields.get("usergroup_id"),
                Some("broadcast") => fields.get("range"),
                _ => None,
            };
            if let Some(id) = id.and_then(Value::as_str) {
                *value = serde_json::json!({"type": "text", "text": format!("@{id}")});
                return;
            }
            fields.iter_mut().for_each(|(_, field)| block(field));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn mentions_are_made_harmless_everywhere() {
        assert_eq!(
            text("<!channel> <@U1> <#C1> <https://x|x>"),
            "&lt;!channel> &lt;@U1> <#C1> <https://x|x>"
        );
        let mut section = json!({"type": "section", "text": {"type": "mrkdwn", "text": "<!subteam^S1> and <!here>"}});
        block(&mut section);
        assert_eq!(section["text"]["text"], "&lt;!subteam^S1> and &lt;!here>");
        let mut rich = json!({"type": "rich_text_section", "elements": [{"type": "broadcast", "range": "here"}]});
        block(&mut rich);
        assert_eq!(rich["elements"][0], json!({"type": "text", "text": "@here"}));
    }

    #[test]
    fn passing_twice_changes_nothing() {
        let once = text("<!channel> x");
        assert_eq!(text(&once), once);
    }
}
