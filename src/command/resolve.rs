//! Resolution of `show RUNBOOK [SECTION]` to a topic.

use crate::runbook::{Document, Library, Runbook, TopicId, file_stem};

/// Result of resolving the words of `show`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// One topic.
    Found(TopicId),
    /// Several topics, in the library's order: ask which.
    Ambiguous(Vec<TopicId>),
    /// No topic: the text was not a command.
    Nothing,
}

/// Finds the topic. A runbook is named by its path, file name, `runbook-name` or title, or by the unique start of one
/// of them; a section by its heading, an anchor, or the unique start of its heading. Without quotation marks the border
/// between the two is not known, so every one is tried, the longest runbook name first.
pub fn resolve(library: &Library, runbook: &str, section: Option<&str>) -> Resolution {
    let direct = one(library, runbook, section);
    if direct != Resolution::Nothing {
        return direct;
    }
    let Some(section) = section else {
        return lone_section(library, runbook);
    };
    let words: Vec<&str> = runbook.split_whitespace().chain(section.split_whitespace()).collect();
    for border in (1..=words.len()).rev() {
        let (name, rest) = words.split_at(border);
        let rest = rest.join(" ");
        let found = one(library, &name.join(" "), (!rest.is_empty()).then_some(rest.as_str()));
        if found != Resolution::Nothing {
            return found;
        }
    }
    lone_section(library, &words.join(" "))
}

fn one(library: &Library, runbook: &str, section: Option<&str>) -> Resolution {
    let mut found = Vec::new();
    for index in runbooks(library, runbook) {
        let Some(book) = library.runbooks.get(index) else {
            continue;
        };
        match section {
            None => found.push(TopicId {
                runbook: index,
                section: 0,
            }),
            Some(section) => {
                let sections = sections(book, section).into_iter();
                found.extend(sections.map(|section| TopicId {
                    runbook: index,
                    section,
                }));
            }
        }
    }
    decided(found)
}

/// Finds a section by its exact heading in all runbooks: `show E0003`.
fn lone_section(library: &Library, name: &str) -> Resolution {
    let name = folded(name);
    if name.is_empty() {
        return Resolution::Nothing;
    }
    let mut found = Vec::new();
    for (index, runbook) in library.runbooks.iter().enumerate() {
        for (section, title) in runbook.titles().filter(|(section, _)| *section != 0) {
            if folded(title) == name {
                found.push(TopicId {
                    runbook: index,
                    section,
                });
            }
        }
    }
    decided(found)
}

fn decided(found: Vec<TopicId>) -> Resolution {
    match found.as_slice() {
        [] => Resolution::Nothing,
        [one] => Resolution::Found(*one),
        _ => Resolution::Ambiguous(found),
    }
}

/// Returns the indices of the runbooks that a name fits: the one with that path, else those with exactly that name,
/// else those with a name that starts with it.
fn runbooks(library: &Library, name: &str) -> Vec<usize> {
    let name = folded(name);
    if name.is_empty() {
        return Vec::new();
    }
    // The path of a file at the top of the folder is also the file name of others.
    if let Some(index) = library
        .runbooks
        .iter()
        .position(|runbook| folded(&runbook.path) == name)
    {
        return vec![index];
    }
    let fitting = |fits: &dyn Fn(&str) -> bool| -> Vec<usize> {
        let all = library.runbooks.iter().enumerate();
        all.filter(|(_, runbook)| names(runbook).iter().any(|known| fits(known)))
            .map(|(index, _)| index)
            .collect()
    };
    let exact = fitting(&|known| known == name);
    if !exact.is_empty() {
        return exact;
    }
    // One or two letters fit too many names; a person who means a runbook types more.
    if name.chars().count() < 3 {
        Vec::new()
    } else {
        fitting(&|known| known.starts_with(&name))
    }
}

fn names(runbook: &Document) -> Vec<String> {
    let file = runbook.path.rsplit('/').next().unwrap_or(&runbook.path);
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let path_stem = runbook
        .path
        .rsplit_once('.')
        .map_or(runbook.path.as_str(), |(stem, _)| stem);
    [
        runbook.path.as_str(),
        path_stem,
        file,
        stem,
        file_stem(&runbook.path),
        &runbook.title,
    ]
    .into_iter()
    .chain(runbook.names().iter().map(String::as_str))
    .map(folded)
    .collect()
}

fn sections(runbook: &Runbook, name: &str) -> Vec<usize> {
    let name = folded(name.trim_start_matches('#'));
    if name.is_empty() {
        return Vec::new();
    }
    let fitting = |fits: &dyn Fn(&str) -> bool| -> Vec<usize> {
        let sections = runbook.sections.iter().enumerate().skip(1);
        sections
            .filter(|(_, section)| {
                fits(&folded(&section.heading)) || section.anchors.iter().any(|anchor| fits(&folded(anchor)))
            })
            .map(|(index, _)| index)
            .collect()
    };
    let exact = fitting(&|known| known == name);
    if !exact.is_empty() {
        return exact;
    }
    let starting = fitting(&|known| known.starts_with(&name));
    if !starting.is_empty() || name.chars().count() < 3 {
        return starting;
    }
    // A heading with several codes, `R0001, R0018`, is found by each of them.
    fitting(&|known| known.split(|c: char| !c.is_alphanumeric()).any(|word| word == name))
}

/// Normalises a name for comparison: lower case, no quotation marks, single blanks.
fn folded(name: &str) -> String {
    let name = name
        .to_lowercase()
        .replace(['“', '”', '"', '`', '*'], "")
        .replace(['’', '‘'], "'");
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}
