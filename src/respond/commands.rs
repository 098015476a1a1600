//! Commands in templates.

use minijinja::{Value, context};

use crate::command::CATALOGUE;

/// The commands as help shows them: all of them, or only the one of that name.
pub(super) fn commands(only: Option<&str>) -> Vec<Value> {
    CATALOGUE
        .iter()
        .filter(|entry| only.is_none_or(|name| entry.name == name))
        .map(|entry| context! { name => entry.name, usage => entry.usage, key => entry.help })
        .collect()
}
