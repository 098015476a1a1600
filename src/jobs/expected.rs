//! Values known without asking Jenkins, with which a check compares.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::Transform;

/// Reference to a known value. Exactly one of `value`, `parameter` and `capture` names its origin.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Known {
    /// A literal value.
    pub value: Option<String>,
    /// Name of a parameter of the run.
    pub parameter: Option<String>,
    /// Name of a placeholder that the paste filled.
    pub capture: Option<String>,
    /// Transforms to apply to the value.
    pub transform: Vec<Transform>,
    /// Look-up that replaces the transformed value.
    pub lookup: Option<Lookup>,
}

/// A look-up in `_data/NAME.yml`: the entry whose `field` is the value, or a list that holds it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// The file's name without `.yml`.
    pub data: String,
    /// Field of the entries that is compared.
    pub field: String,
    /// Field whose value is returned; without it, the entry's key.
    #[serde(default)]
    pub give: Option<String>,
}

/// Known values of a run.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a> {
    /// Parameters that the run was started with.
    pub parameters: &'a BTreeMap<String, String>,
    /// Values captured from the paste, by placeholder.
    pub captures: &'a BTreeMap<String, Vec<String>>,
    /// Content of `_data/*.yml`, by name.
    pub data: &'a BTreeMap<String, Value>,
}

impl Known {
    /// Returns the value, or the description of an unknown one.
    pub(super) fn find(&self, values: &Values<'_>) -> Result<String, String> {
        let (named, value) = match (&self.value, &self.parameter, &self.capture) {
            (Some(value), ..) => (value.clone(), Some(value.as_str())),
            (_, Some(name), _) => (name.clone(), values.parameters.get(name).map(String::as_str)),
            (.., Some(name)) => (name.clone(), one(values.captures.get(name))),
            _ => ("value".to_owned(), None),
        };
        let value = value.map(str::trim).filter(|value| !value.is_empty());
        let value = value.and_then(|value| Transform::all(&self.transform, value));
        let value = value.ok_or_else(|| named.clone())?;
        match &self.lookup {
            None => Ok(value),
            Some(lookup) => lookup
                .find(&value, values.data)
                .ok_or_else(|| format!("{named} in _data/{}.yml", lookup.data)),
        }
    }
}

/// Returns the captured value; two different ones are ambiguous and give `None`.
fn one(values: Option<&Vec<String>>) -> Option<&str> {
    let (first, rest) = values?.split_first()?;
    rest.iter().all(|other| other == first).then_some(first.as_str())
}

impl Lookup {
    fn find(&self, value: &str, data: &BTreeMap<String, Value>) -> Option<String> {
        let entries = data.get(&self.data)?.as_object()?;
        let holds = |field: &Value| match field {
            Value::Array(items) => items.iter().any(|item| item.as_str() == Some(value)),
            other => other.as_str() == Some(value),
        };
        let mut found = entries
            .iter()
            .filter(|(_, entry)| entry.get(&self.field).is_some_and(holds));
        let (key, entry) = found.next()?;
        // Two entries match: ambiguous.
        if found.next().is_some() {
            return None;
        }
        match &self.give {
            None => Some(key.clone()),
            Some(field) => entry.get(field)?.as_str().map(str::to_owned),
        }
    }
}
