//! `OWNERS` files: the YAML of Kubernetes, and the lines of Chromium.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value;

use super::FileOwner;
use super::codeowners::PathPattern;
use crate::runbook::frontmatter;

/// The owners of a folder.
#[derive(Debug, Default)]
pub(super) struct FolderOwners {
    approvers: Vec<FileOwner>,
    /// Approvers of files whose name fits.
    by_name: Vec<(NamePattern, Vec<FileOwner>)>,
    /// True when the folders above do not count.
    is_top: bool,
}

#[derive(Debug)]
enum NamePattern {
    Regex(Regex),
    Glob(PathPattern),
}

/// Reads the text of an `OWNERS` file.
pub(super) fn read(text: &str) -> FolderOwners {
    match frontmatter::data(text) {
        Ok(value @ Value::Object(_)) => of_yaml(&value),
        _ => of_lines(text),
    }
}

fn of_yaml(value: &Value) -> FolderOwners {
    let filters = value.get("filters").and_then(Value::as_object).into_iter().flatten();
    let by_name = filters.filter_map(|(pattern, filter)| {
        let regex = Regex::new(pattern).ok()?;
        Some((NamePattern::Regex(regex), names(filter.get("approvers"))))
    });
    let is_top = value
        .get("options")
        .and_then(|options| options.get("no_parent_owners")?.as_bool());
    FolderOwners {
        approvers: names(value.get("approvers")),
        by_name: by_name.collect(),
        is_top: is_top.unwrap_or(false),
    }
}

/// Chromium's form: an address a line, `per-file`, `set noparent`.
fn of_lines(text: &str) -> FolderOwners {
    let mut owners = FolderOwners::default();
    let mails = |text: &str| -> Vec<FileOwner> {
        let words = text.split([',', ' ', '\t']).map(str::trim);
        words
            .filter(|word| word.contains('@'))
            .filter_map(FileOwner::named)
            .collect()
    };
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(rest) = line.strip_prefix("per-file ") {
            if let Some((globs, people)) = rest.split_once('=') {
                for glob in globs.split(',').filter_map(|glob| PathPattern::of(glob.trim())) {
                    owners.by_name.push((NamePattern::Glob(glob), mails(people)));
                }
            }
        } else if line == "set noparent" {
            owners.is_top = true;
        } else if !line.contains("://") {
            owners.approvers.extend(mails(line));
        }
    }
    owners
}

fn names(value: Option<&Value>) -> Vec<FileOwner> {
    let names = value.and_then(Value::as_array).into_iter().flatten();
    names.filter_map(Value::as_str).filter_map(FileOwner::named).collect()
}

/// Returns the members of the aliases in an `OWNERS_ALIASES` file.
pub(super) fn aliases(text: &str) -> BTreeMap<String, Vec<String>> {
    let Ok(value) = frontmatter::data(text) else {
        return BTreeMap::new();
    };
    let aliases = value.get("aliases").and_then(Value::as_object).into_iter().flatten();
    let members = |value| names(Some(value)).into_iter().map(|owner| owner.name).collect();
    aliases.map(|(name, value)| (name.clone(), members(value))).collect()
}

/// Returns the owners of a document by the nearest of these folders that has some. `None`: the folders above count.
pub(super) fn nearest<'f>(
    owners: &BTreeMap<String, FolderOwners>,
    path: &str,
    folders: impl Iterator<Item = &'f str>,
) -> Option<Vec<FileOwner>> {
    for folder in folders {
        let Some(here) = owners.get(folder) else { continue };
        let name = path.strip_prefix(folder).unwrap_or(path);
        let fits = |pattern: &NamePattern| match pattern {
            NamePattern::Regex(regex) => regex.is_match(name),
            NamePattern::Glob(glob) => glob.matches(name),
        };
        let by_name = here
            .by_name
            .iter()
            .find(|(pattern, owners)| !owners.is_empty() && fits(pattern));
        let found = by_name.map_or(&here.approvers, |(_, owners)| owners);
        if !found.is_empty() || here.is_top {
            return Some(found.clone());
        }
    }
    None
}
