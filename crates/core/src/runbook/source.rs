//! The source of a document: one of the places from which a team's runbooks come.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Runbook, Value, contacts};

/// A place that runbooks come from, and what it adds to each of its documents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentSource {
    /// Id of the source in the settings; empty for the folder of `runbooks.dir`.
    pub id: String,
    /// Beginning of the paths of its documents, such as `platform/`; empty where the paths need none.
    pub prefix: String,
    /// Key of the team that documents without contacts belong to.
    pub team: Option<String>,
    /// Address at which the source is published.
    pub base_url: Option<String>,
    /// The repository that holds the source; `None` for a plain folder.
    pub repository: Option<RepositoryFolder>,
}

/// A folder of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RepositoryFolder {
    /// Address from which the repository is cloned, without a user.
    pub url: String,
    /// Path of the folder in the repository; empty for all of it.
    pub path: String,
}

impl DocumentSource {
    /// Completes a runbook that was read by its path within the source.
    pub(super) fn complete(&self, runbook: &mut Runbook, data: &BTreeMap<String, Value>) {
        if let Some(base_url) = self.base_url.as_deref().filter(|_| runbook.url.is_none()) {
            runbook.url = Some(address(base_url, &runbook.path));
        }
        runbook.path = self.path(&runbook.path);
        if let Some(team) = &self.team {
            own(runbook, team, data);
        }
    }

    /// Path in the library of a path within the source.
    pub fn path(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    /// True when the source has a team, so that the team file matters to all of its documents.
    pub(super) fn names_data(&self) -> bool {
        self.team.is_some()
    }
}

/// Gives a runbook that names nobody to a team.
fn own(runbook: &mut Runbook, team: &str, data: &BTreeMap<String, Value>) {
    let named = runbook.front.signpost.team.is_some() || runbook.topics.iter().any(|topic| !topic.contacts.is_empty());
    if named {
        return;
    }
    runbook.front.signpost.team = Some(team.to_owned());
    let contacts = contacts::of_team(team, &contacts::one_team(team, data));
    for topic in &mut runbook.topics {
        topic.contacts.clone_from(&contacts);
    }
}

/// Address of a path below a base address; all but unreserved characters are percent-encoded.
fn address(base_url: &str, path: &str) -> String {
    let mut out = base_url.trim_end_matches('/').to_owned();
    for segment in path.split('/') {
        out.push('/');
        for byte in segment.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                out.push(char::from(byte));
            } else {
                // Writing to a string cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_path_below_the_base_address() {
        for (base, path, expected) in [
            (
                "https://x.example/books/",
                "a/b c.md",
                "https://x.example/books/a/b%20c.md",
            ),
            (
                "https://x.example",
                "größe#1.md",
                "https://x.example/gr%C3%B6%C3%9Fe%231.md",
            ),
        ] {
            assert_eq!(address(base, path), expected);
        }
    }
}
