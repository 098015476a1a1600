//! `CODEOWNERS`: the last matching line wins, in GitLab's files in each section by itself.

use super::FileOwner;

/// Longest file that GitHub reads, in bytes.
const LONGEST_FILE: usize = 3 * 1024 * 1024;
/// Longest pattern, in bytes.
const LONGEST_PATTERN: usize = 500;
/// Most lines that count.
const MOST_RULES: usize = 20_000;

/// The rules of a file by section.
#[derive(Debug, Default)]
pub(super) struct CodeOwners {
    sections: Vec<OwnerSection>,
}

#[derive(Debug, Default)]
struct OwnerSection {
    /// Name in lower case; empty for the lines before the first section.
    name: String,
    owners: Vec<FileOwner>,
    rules: Vec<OwnerRule>,
}

#[derive(Debug)]
struct OwnerRule {
    pattern: PathPattern,
    /// The owners; none for a path that nobody owns.
    owners: Vec<FileOwner>,
}

impl CodeOwners {
    /// Reads the text of a file.
    pub(super) fn read(text: &str) -> CodeOwners {
        let mut sections = vec![OwnerSection::default()];
        let mut current = 0;
        if text.len() > LONGEST_FILE {
            return CodeOwners::default();
        }
        for line in text.lines().take(MOST_RULES) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some((name, owners)) = section(line) {
                // Sections of the same name are one.
                let known = sections.iter().position(|section| section.name == name);
                current = known.unwrap_or(sections.len());
                if known.is_none() {
                    sections.push(OwnerSection {
                        name,
                        ..OwnerSection::default()
                    });
                }
                if let Some(section) = sections.get_mut(current).filter(|_| !owners.is_empty()) {
                    section.owners = owners;
                }
            } else if let Some(section) = sections.get_mut(current) {
                section.rules.extend(rule(line, &section.owners));
            }
        }
        CodeOwners { sections }
    }

    /// Returns the owners of a path, those of all sections.
    pub(super) fn owners(&self, path: &str) -> Vec<FileOwner> {
        let mut owners: Vec<FileOwner> = Vec::new();
        for section in &self.sections {
            let last = section.rules.iter().rev().find(|rule| rule.pattern.matches(path));
            for owner in last.into_iter().flat_map(|rule| &rule.owners) {
                if !owners.contains(owner) {
                    owners.push(owner.clone());
                }
            }
        }
        owners
    }
}

/// The name and the owners of GitLab's `[Name][2] @owner` and `^[Name]`.
fn section(line: &str) -> Option<(String, Vec<FileOwner>)> {
    let (name, rest) = line
        .strip_prefix('^')
        .unwrap_or(line)
        .strip_prefix('[')?
        .split_once(']')?;
    // The number of approvals.
    let rest = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((_, rest)) => rest,
        None => rest,
    };
    Some((name.trim().to_lowercase(), owners(rest)))
}

fn rule(line: &str, of_section: &[FileOwner]) -> Option<OwnerRule> {
    let (pattern, rest) = split_pattern(line);
    let (pattern, is_excluded) = match pattern.strip_prefix('!') {
        Some(pattern) => (pattern, true),
        None => (pattern.as_str(), false),
    };
    let own = owners(rest);
    let owners = match () {
        () if is_excluded => Vec::new(),
        () if own.is_empty() => of_section.to_vec(),
        () => own,
    };
    let pattern = PathPattern::of(pattern)?;
    Some(OwnerRule { pattern, owners })
}

/// Splits the pattern off a line; a blank in a path is escaped.
fn split_pattern(line: &str) -> (String, &str) {
    let mut pattern = String::new();
    let mut chars = line.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => pattern.extend(chars.next().map(|(_, escaped)| escaped)),
            c if c.is_whitespace() => return (pattern, line.get(at..).unwrap_or_default()),
            c => pattern.push(c),
        }
    }
    (pattern, "")
}

/// The names of people and teams; a role such as `@@maintainer` is nobody by name.
fn owners(text: &str) -> Vec<FileOwner> {
    let text = text.split(" #").next().unwrap_or(text);
    let names = text.split_whitespace().take_while(|name| !name.starts_with('#'));
    names
        .filter(|name| name.contains('@') && !name.starts_with("@@"))
        .filter_map(FileOwner::named)
        .collect()
}

/// A pattern for paths, as in `.gitignore`.
#[derive(Debug)]
pub(super) struct PathPattern {
    parts: Vec<String>,
}

impl PathPattern {
    /// Reads a pattern; `None` for one that matches nothing.
    pub(super) fn of(text: &str) -> Option<PathPattern> {
        if text.len() > LONGEST_PATTERN {
            return None;
        }
        let is_folder = text.ends_with('/');
        let inner = text.trim_matches('/');
        let is_anchored = text.starts_with('/') || inner.contains('/');
        let mut parts: Vec<String> = inner
            .split('/')
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect();
        if !is_anchored {
            parts.insert(0, "**".to_owned());
        }
        // The name of a folder stands for all below it; `docs/*` does not.
        let last = parts.last().map(String::as_str);
        if is_folder || text == "/" || last.is_some_and(|last| !last.contains('*')) || last == Some("**") {
            parts.push("**".to_owned());
        }
        parts.dedup_by(|next, part| next == "**" && part == "**");
        (!text.is_empty()).then_some(PathPattern { parts })
    }

    /// Returns true for a path that the pattern matches.
    pub(super) fn matches(&self, path: &str) -> bool {
        // Most patterns begin with the name of another folder: a file may have thousands of them.
        let is_elsewhere = self
            .parts
            .first()
            .is_some_and(|first| !first.contains(['*', '?']) && path.split('/').next() != Some(first.as_str()));
        if is_elsewhere {
            return false;
        }
        let path: Vec<&str> = path.split('/').collect();
        // For each part of the path: whether the pattern so far ends before it. The last stands for the whole path.
        let mut ends = vec![false; path.len() + 1];
        if let Some(first) = ends.first_mut() {
            *first = true;
        }
        for part in &self.parts {
            let mut next = vec![false; ends.len()];
            let mut is_reached = false;
            for (at, slot) in next.iter_mut().enumerate() {
                let here = ends.get(at).copied().unwrap_or(false);
                if part == "**" {
                    is_reached |= here;
                    *slot = is_reached;
                } else if let Some(before) = at.checked_sub(1) {
                    let came = ends.get(before).copied().unwrap_or(false);
                    *slot = came && path.get(before).is_some_and(|name| wildcard(part, name));
                }
            }
            ends = next;
        }
        ends.last().copied().unwrap_or(false)
    }
}

/// Returns true when a name fits a pattern with `*` and `?`.
fn wildcard(pattern: &str, name: &str) -> bool {
    if !pattern.contains(['*', '?']) {
        return pattern == name;
    }
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut to) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while to < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at + 1, to));
                at += 1;
            }
            Some(c) if *c == '?' || Some(c) == name.get(to) => {
                at += 1;
                to += 1;
            }
            _ => {
                let Some((after, from)) = star else { return false };
                star = Some((after, from + 1));
                (at, to) = (after, from + 1);
            }
        }
    }
    pattern.iter().skip(at).all(|c| *c == '*')
}
