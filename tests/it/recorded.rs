//! Payloads recorded from Slack, which lie beside the project and are not part of it.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::signing::{FORM, JSON, form};

/// One file.
pub(crate) struct Recorded {
    pub(crate) name: String,
    pub(crate) raw: String,
    /// `None` when it is no JSON.
    pub(crate) value: Option<Value>,
}

/// All files; `None`, and a line that says so, when they are not there.
pub(crate) fn all() -> Option<Vec<Recorded>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/slack-payloads");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("SKIPPED: recorded payloads are not at {}", folder.display());
        return None;
    };
    let mut files: Vec<Recorded> = entries
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let raw = std::fs::read_to_string(&path).unwrap();
            Recorded {
                name: path.file_name().unwrap().to_string_lossy().into_owned(),
                value: serde_json::from_str(&raw).ok(),
                raw,
            }
        })
        .collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(files.len() >= 100, "only {} recorded payloads", files.len());
    Some(files)
}

impl Recorded {
    fn field(&self, key: &str) -> Option<&str> {
        self.value.as_ref()?.get(key)?.as_str()
    }

    /// The kind of envelope that carries it.
    pub(crate) fn kind(&self) -> &'static str {
        let kind = self.field("type").unwrap_or_default();
        if self.field("command").is_some() {
            "slash_commands"
        } else if [
            "block_",
            "view_",
            "dialog_",
            "message_action",
            "interactive_message",
            "workflow_step_edit",
        ]
        .iter()
        .any(|known| kind.starts_with(known))
            || kind == "shortcut"
        {
            "interactive"
        } else {
            "events_api"
        }
    }

    /// Whether the HTTP door answers it by itself.
    pub(crate) fn is_for_the_door(&self) -> bool {
        matches!(self.field("type"), Some("url_verification" | "app_rate_limited"))
    }

    /// What an envelope carries: what was recorded inside of one, the file itself, or around a bare event what Slack
    /// puts around it.
    pub(crate) fn payload(&self) -> Value {
        let Some(value) = &self.value else {
            return Value::String(self.raw.clone());
        };
        if let Some(payload) = value.get("payload").filter(|payload| payload.is_object()) {
            return payload.clone();
        }
        let is_whole = value.get("event").is_some() || self.is_for_the_door();
        if is_whole || self.kind() != "events_api" || !value.is_object() {
            return value.clone();
        }
        json!({"type": "event_callback", "team_id": "T1", "event_id": format!("Ev{}", self.name), "event": value})
    }

    /// How Slack would post it, and the file as it is: name, content type, body.
    pub(crate) fn requests(&self) -> [(String, &'static str, String); 2] {
        let payload = self.payload();
        let (kind, body) = match self.kind() {
            "slash_commands" => {
                let pairs = payload.as_object().unwrap().iter();
                let pairs: Vec<(String, String)> = pairs
                    .map(|(key, value)| (key.clone(), value.as_str().map_or(value.to_string(), str::to_owned)))
                    .collect();
                let pairs: Vec<(&str, &str)> = pairs
                    .iter()
                    .map(|(key, value)| (key.as_str(), value.as_str()))
                    .collect();
                (FORM, form(&pairs))
            }
            "interactive" => (FORM, form(&[("payload", &payload.to_string())])),
            _ => (JSON, payload.to_string()),
        };
        [
            (self.name.clone(), kind, body),
            (format!("{} as it is", self.name), JSON, self.raw.clone()),
        ]
    }
}
