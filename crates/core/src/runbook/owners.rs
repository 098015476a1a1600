//! Owners of documents by the files beside them: `CODEOWNERS` of GitHub and GitLab, `OWNERS` of Kubernetes and Chromium,
//! and `catalog-info.yaml` of Backstage. Text in, names out; only names are kept.

use std::collections::BTreeMap;

use serde_json::{Value, json};

mod backstage;
mod codeowners;
mod kubernetes;

use codeowners::CodeOwners;

/// Key of the owners in the data of a folder, by the path of the document.
pub const OWNERS: &str = "owners/by-path";

/// Most owners of a document that are shown.
const MOST: usize = 5;
/// Most bytes of a name.
const LONGEST: usize = 120;
/// Places where the hosts look for `CODEOWNERS`, in their order.
const CODEOWNERS: [&str; 4] = [
    ".github/CODEOWNERS",
    "CODEOWNERS",
    "docs/CODEOWNERS",
    ".gitlab/CODEOWNERS",
];

/// A name of an owner, and the names that it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileOwner {
    pub(super) name: String,
    /// The members of an alias, for a reader who knows no team of that name.
    pub(super) members: Vec<String>,
}

impl FileOwner {
    fn named(name: &str) -> Option<FileOwner> {
        let name = name.trim();
        let is_name = !name.is_empty() && name.len() <= LONGEST && !name.contains(['{', '<', '\n']);
        is_name.then(|| FileOwner {
            name: name.to_owned(),
            members: Vec::new(),
        })
    }
}

/// Returns true for the path of a file that may name owners.
pub fn is_owner_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    CODEOWNERS.contains(&path)
        || matches!(
            name,
            "OWNERS" | "OWNERS_ALIASES" | "catalog-info.yaml" | "catalog-info.yml"
        )
}

/// Paths of the files above a folder of a repository that may name the owners of what is in it. `folder`: its path in the
/// repository, with `/` between parts.
pub fn files_above(folder: &str) -> Vec<String> {
    let mut out: Vec<String> = CODEOWNERS.map(str::to_owned).into();
    let parts = folder.split('/').filter(|part| !part.is_empty());
    let mut above = String::new();
    for part in parts {
        let names = ["OWNERS", "OWNERS_ALIASES", "catalog-info.yaml", "catalog-info.yml"];
        out.extend(names.map(|name| format!("{above}{name}")));
        above.push_str(part);
        above.push('/');
    }
    // The folder's own files are read with its documents.
    out.retain(|path| above.is_empty() || !path.starts_with(&above));
    out
}

/// Contents of the owner files of a folder.
#[derive(Debug, Default)]
pub struct OwnerFiles {
    code: CodeOwners,
    /// `OWNERS` by folder, with `/` at the end; empty for the root.
    folders: BTreeMap<String, kubernetes::FolderOwners>,
    aliases: BTreeMap<String, Vec<String>>,
    /// `catalog-info.yaml` by folder.
    catalogs: BTreeMap<String, Vec<backstage::Component>>,
}

impl OwnerFiles {
    /// Reads owner files, given as path and text. Returns the faults as well: path, line from 1, and what is wrong.
    pub fn read(files: &[(String, String)]) -> (OwnerFiles, Vec<(String, u32, String)>) {
        let mut read = OwnerFiles::default();
        let mut faults = Vec::new();
        let text_of = |path: &&str| files.iter().find(|(known, _)| known == path);
        if let Some((_, text)) = CODEOWNERS.iter().find_map(text_of) {
            read.code = CodeOwners::read(text);
        }
        for (path, text) in files {
            let folder = path.rfind('/').map_or("", |at| path.get(..=at).unwrap_or_default());
            match path.rsplit('/').next().unwrap_or(path) {
                "OWNERS" => {
                    read.folders.insert(folder.to_owned(), kubernetes::read(text));
                }
                "OWNERS_ALIASES" => read.aliases.extend(kubernetes::aliases(text)),
                "catalog-info.yaml" | "catalog-info.yml" => {
                    let (found, wrong) = backstage::read(text);
                    faults.extend(wrong.into_iter().map(|(line, message)| (path.clone(), line, message)));
                    read.catalogs.insert(folder.to_owned(), found);
                }
                _ => {}
            }
        }
        (read, faults)
    }

    /// Returns the owners of a document as data, the nearest file's; `None` for a document that nobody owns.
    pub fn of(&self, path: &str) -> Option<Value> {
        let below = |is_root: bool| move |folder: &&str| folder.is_empty() == is_root;
        let folders = folders_of(path);
        let near = || folders.iter().copied().filter(below(false));
        let root = || folders.iter().copied().filter(below(true));
        let by_catalog = |folder: &str| self.catalogs.get(folder).map(|found| backstage::owners(found, path));
        let mut owners = near().find_map(by_catalog).unwrap_or_default();
        let by_folder = kubernetes::nearest(&self.folders, path, near());
        if owners.is_empty() {
            owners = by_folder.clone().unwrap_or_default();
        }
        if owners.is_empty() {
            owners = self.code.owners(path);
        }
        // A folder may say that those above it do not count.
        if owners.is_empty() && by_folder.is_none() {
            owners = kubernetes::nearest(&self.folders, path, root()).unwrap_or_default();
        }
        if owners.is_empty() {
            owners = root().find_map(by_catalog).unwrap_or_default();
        }
        owners.truncate(MOST);
        let owners: Vec<Value> = owners
            .into_iter()
            .map(|owner| match self.aliases.get(&owner.name) {
                Some(members) => json!({"name": owner.name, "members": members}),
                None => Value::String(owner.name),
            })
            .collect();
        (!owners.is_empty()).then_some(Value::Array(owners))
    }
}

/// The owners of a document in the data of its folder.
pub(super) fn in_data(path: &str, data: &BTreeMap<String, Value>) -> Vec<FileOwner> {
    let owners = data
        .get(OWNERS)
        .and_then(|owners| owners.get(path))
        .and_then(Value::as_array);
    let owner = |value: &Value| match value {
        Value::String(name) => FileOwner::named(name),
        alias => {
            let members = alias.get("members").and_then(Value::as_array).into_iter().flatten();
            let mut owner = FileOwner::named(alias.get("name")?.as_str()?)?;
            owner.members = members
                .filter_map(Value::as_str)
                .take(MOST)
                .map(str::to_owned)
                .collect();
            Some(owner)
        }
    };
    owners.into_iter().flatten().filter_map(owner).collect()
}

/// The folders around a document, the nearest first: `a/b/`, `a/`, and the empty path.
fn folders_of(path: &str) -> Vec<&str> {
    let mut folders: Vec<&str> = path.match_indices('/').filter_map(|(at, _)| path.get(..=at)).collect();
    folders.reverse();
    folders.push("");
    folders
}

/// Name of the team in a handle: `payments` in `@org/payments`. Other names stay as they are.
pub(super) fn team_in(name: &str) -> &str {
    let is_team = name.starts_with('@') && name.contains('/');
    if is_team {
        name.rsplit('/').next().unwrap_or(name)
    } else {
        name
    }
}
