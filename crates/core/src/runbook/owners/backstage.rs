//! Backstage's `catalog-info.yaml`: the owners of components. Annotations, which may hold secrets, are not looked at.

use serde_json::Value;

use super::FileOwner;
use crate::runbook::frontmatter;

/// Kinds of entities that people run, the most telling first.
const KINDS: [&str; 5] = ["Component", "API", "Resource", "System", "Domain"];
/// Most entities of a file.
const MOST: usize = 200;

/// An entity that has an owner.
#[derive(Debug)]
pub(super) struct Component {
    rank: usize,
    name: String,
    owner: FileOwner,
}

/// Reads the entities of a file, and the faults: the line, from 1, and what is wrong.
pub(super) fn read(text: &str) -> (Vec<Component>, Vec<(u32, String)>) {
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    for (start, document) in documents(text).into_iter().take(MOST) {
        match frontmatter::data(&document) {
            Ok(value) => found.extend(component(&value)),
            // A template of Backstage's scaffolder is no YAML yet.
            Err(_) if document.contains("${{") || document.contains("{%") => {}
            Err((line, message)) => faults.push((start + line, message)),
        }
    }
    found.sort_by_key(|component| component.rank);
    (found, faults)
}

/// The documents of a file, each with the number of lines before it.
fn documents(text: &str) -> Vec<(u32, String)> {
    let mut documents = vec![(0, String::new())];
    for (line, number) in text.lines().zip(1..) {
        let is_marker = line
            .strip_prefix("---")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']));
        if is_marker {
            documents.push((number, String::new()));
        } else if let Some((_, document)) = documents.last_mut() {
            document.push_str(line);
            document.push('\n');
        }
    }
    documents.retain(|(_, document)| !document.trim().is_empty());
    documents
}

fn component(value: &Value) -> Option<Component> {
    let kind = value.get("kind")?.as_str()?;
    let rank = KINDS.iter().position(|known| known.eq_ignore_ascii_case(kind))?;
    let name = value
        .get("metadata")
        .and_then(|metadata| metadata.get("name")?.as_str());
    let owner = value.get("spec")?.get("owner")?.as_str()?;
    // `group:default/payments`: kind and namespace may be left out.
    let owner = owner.rsplit([':', '/']).next().unwrap_or(owner);
    Some(Component {
        rank,
        name: name.unwrap_or_default().to_owned(),
        owner: FileOwner::named(owner)?,
    })
}

/// Returns the owners of a document: that of the component whose name its path has, else those of the most telling kind.
pub(super) fn owners(components: &[Component], path: &str) -> Vec<FileOwner> {
    let path = path.to_lowercase();
    let is_named = |component: &&Component| {
        let stem = path.rsplit('/').next().and_then(|name| name.split('.').next());
        let name = component.name.to_lowercase();
        !name.is_empty() && (stem == Some(&name) || path.split('/').any(|part| part == name))
    };
    let best = components.first().map(|component| component.rank);
    let named: Vec<&Component> = components.iter().filter(is_named).collect();
    let chosen = if named.is_empty() {
        components
            .iter()
            .filter(|component| Some(component.rank) == best)
            .collect()
    } else {
        named
    };
    let mut owners: Vec<FileOwner> = Vec::new();
    for component in chosen {
        if !owners.contains(&component.owner) {
            owners.push(component.owner.clone());
        }
    }
    owners
}
