//! A call's parameters, from wherever a client puts them: query, form or JSON.

use serde_json::{Map, Value};

use super::{ApiError, error};

/// Named parameters. Forms carry everything as text, JSON carries it as it is; the getters take both.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params {
    values: Map<String, Value>,
}

impl Params {
    pub(crate) fn from_value(value: &Value) -> Self {
        Self {
            values: value.as_object().cloned().unwrap_or_default(),
        }
    }

    pub(crate) fn add_pairs(&mut self, encoded: &[u8]) {
        for (key, value) in url::form_urlencoded::parse(encoded) {
            self.values.insert(key.into_owned(), Value::String(value.into_owned()));
        }
    }

    pub(crate) fn add(&mut self, key: &str, value: Value) {
        self.values.insert(key.to_owned(), value);
    }

    pub(crate) fn take_text(&mut self, key: &str) -> Option<String> {
        match self.values.shift_remove(key) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn to_value(&self) -> Value {
        Value::Object(self.values.clone())
    }

    /// A text, empty ones included.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        match self.values.get(key)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            _ => None,
        }
    }

    /// A text that is not empty, or Slack's complaint.
    pub(crate) fn need(&self, key: &str, otherwise: &str) -> Result<String, ApiError> {
        self.text(key)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| ApiError::from(otherwise))
    }

    pub(crate) fn flag(&self, key: &str) -> bool {
        matches!(self.text(key).as_deref(), Some("true" | "1"))
    }

    pub(crate) fn number(&self, key: &str, default: usize) -> usize {
        self.text(key).and_then(|text| text.parse().ok()).unwrap_or(default)
    }

    /// A structure: as it is, or as JSON in a text.
    pub(crate) fn structure(&self, key: &str, malformed: &str) -> Result<Option<Value>, ApiError> {
        match self.values.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text)
                .map(Some)
                .map_err(|_| ApiError::from(malformed)),
            Some(value) => Ok(Some(value.clone())),
        }
    }

    /// A list of structures.
    pub(crate) fn list(&self, key: &str, malformed: &str) -> Result<Vec<Value>, ApiError> {
        match self.structure(key, malformed)? {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => error(malformed),
        }
    }
}
