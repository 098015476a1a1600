//! Conversion of documents to topics: front matter, Liquid, Markdown, dialects, steps, contacts. Pure: text in, data
//! out.
//!
//! [`parse`] reads one document in stages: [`frontmatter`] cuts off the keys, `liquid` resolves references to the
//! team's data, `prepare` removes kramdown's attributes and HTML, `markdown` makes blocks, `sections` nests them and
//! assigns their roles, `topics` gathers the contents of an answer. Line numbers are kept throughout.

mod admonition;
mod alternatives;
pub mod asciidoc;
mod completeness;
mod contacts;
mod cre;
mod dialect;
mod directives;
mod document;
mod file_names;
mod format;
pub mod frontmatter;
mod html;
mod html_page;
mod liquid;
mod markdown;
pub mod model;
mod notebook;
mod org_mode;
pub mod owners;
mod part;
mod people;
pub mod placeholder;
mod places;
mod plain_text;
mod prepare;
mod restructured_text;
mod roles;
mod sections;
mod sentences;
mod source;
mod steps;
mod symptoms;
mod team_diagnostics;
mod teams;
mod text;
mod topics;
mod translated;
pub mod word;

use std::borrow::Cow;
use std::collections::BTreeMap;

pub use cre::is_rule_text;
pub use document::{Document, Edition};
pub use file_names::FileNames;
pub use format::{Format, file_stem, is_folder_page, page_and_language};
pub use model::*;
use part::DocumentParts;
pub use roles::is_plain_label;
pub use sentences::{join as join_sentences, split as split_sentences};
pub use source::{DocumentSource, RepositoryFolder};
pub use team_diagnostics::{team_diagnostics, team_usage};
pub use teams::{
    EscalationStep, OnCallSource, PageRule, SEVERITIES, ServiceSchedule, Team, TeamProblem, TeamRouting,
    teams_with_problems,
};
pub use text::{plain, plain_block, runs, walk, walk_inlines};
pub use topics::{LeftOut, left_out};

/// Code of the diagnostic that says why a file without text of its own is no document.
pub const NO_TEXT: &str = "no-text";

/// Reads one document. `path` is relative to the runbook folder; `data` is what Liquid calls `site.data`.
///
/// Total: any text yields a runbook, except YAML that holds no rules, and text without a word. Anything that is not
/// understood becomes a diagnostic.
pub fn parse(path: &str, text: &str, data: &BTreeMap<String, Value>) -> (Option<Runbook>, Vec<Diagnostic>) {
    let text = normalise(text);
    let mut diagnostics = Diagnostics {
        path,
        found: Vec::new(),
    };
    let runbook = match Format::of(path, &text) {
        Format::Yaml => rules(path, &text, data, &mut diagnostics),
        Format::Html => page(path, &text, data, &mut diagnostics),
        Format::Notebook => notebook(path, &text, data, &mut diagnostics),
        _ if format::is_wiki_frame(path) => {
            let message = "this file is the frame of a GitHub wiki's pages; it is left out";
            diagnostics.push(0, Level::Info, NO_TEXT, message.to_owned());
            None
        }
        _ => Some(document(path, &text, data, &mut diagnostics)),
    };
    let mut found = diagnostics.found;
    found.sort_by_key(|diagnostic| diagnostic.line);
    (runbook, found)
}

/// Returns the teams of `_data/teams.yml` by key.
pub fn teams(data: &BTreeMap<String, Value>) -> BTreeMap<String, Team> {
    teams_with_problems(data).0
}

struct Diagnostics<'a> {
    path: &'a str,
    found: Vec<Diagnostic>,
}

impl Diagnostics<'_> {
    fn push(&mut self, line: u32, level: Level, code: &'static str, message: String) {
        self.found.push(Diagnostic {
            path: self.path.to_owned(),
            line,
            level,
            code,
            message,
        });
    }

    fn warnings(&mut self, problems: impl IntoIterator<Item = (u32, &'static str, String)>) {
        for (line, code, message) in problems {
            let level = match code {
                "mark-spelling" | "include-unread" => Level::Info,
                // A rule that cannot recognise its problem is reported at the start, too, as other broken signatures
                // are.
                "rule-regex" => Level::Error,
                _ => Level::Warning,
            };
            self.push(line, level, code, message);
        }
    }
}

/// Removes the byte order mark and turns every line break into `\n`.
fn normalise(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.contains('\r') {
        return text.replace("\r\n", "\n").replace('\r', "\n");
    }
    text.to_owned()
}

fn rules(path: &str, text: &str, data: &BTreeMap<String, Value>, diagnostics: &mut Diagnostics<'_>) -> Option<Runbook> {
    let mut problems = Vec::new();
    let reading = cre::read(text, &mut problems);
    diagnostics.warnings(problems);
    let (front, mut sections) = match reading {
        cre::CreFile::Rules(read) => *read,
        cre::CreFile::Other => return None,
        cre::CreFile::Broken(line, message) => {
            diagnostics.push(
                line,
                Level::Error,
                "yaml",
                format!("the rule file cannot be read: {message}"),
            );
            return None;
        }
    };
    let mut problems = Vec::new();
    sections::link(&mut sections, &mut problems);
    diagnostics.warnings(problems);
    Some(finish(
        path,
        Dialect::Cre,
        front,
        Completeness::Full,
        None,
        sections,
        &[],
        data,
    ))
}

fn page(path: &str, text: &str, data: &BTreeMap<String, Value>, diagnostics: &mut Diagnostics<'_>) -> Option<Runbook> {
    match html_page::read(text) {
        Ok(parts) => Some(of_parts(path, text, parts, data, diagnostics)),
        Err(reason) => {
            diagnostics.push(0, Level::Info, NO_TEXT, reason.to_owned());
            None
        }
    }
}

fn notebook(
    path: &str,
    text: &str,
    data: &BTreeMap<String, Value>,
    diagnostics: &mut Diagnostics<'_>,
) -> Option<Runbook> {
    match notebook::read(text) {
        Ok(parts) => Some(of_parts(path, text, parts, data, diagnostics)),
        Err((line, reason)) => {
            let message = format!("the notebook cannot be read: {reason}; save it again in Jupyter");
            diagnostics.push(line, Level::Error, "notebook", message);
            None
        }
    }
}

fn document(path: &str, text: &str, data: &BTreeMap<String, Value>, diagnostics: &mut Diagnostics<'_>) -> Runbook {
    let parts = match Format::of(path, text) {
        Format::AsciiDoc => {
            let (front, body) = front_matter(text, diagnostics);
            DocumentParts {
                front,
                ..asciidoc::read(path, &body, data)
            }
        }
        Format::ReStructuredText => restructured_text::read(text),
        Format::PlainText => plain_text::read(text, false),
        Format::Wiki => plain_text::read(text, true),
        Format::Org => org_mode::read(text),
        Format::Html => html_page::read(text).unwrap_or_default(),
        Format::Notebook => notebook::read(text).unwrap_or_default(),
        Format::Markdown | Format::Yaml => return markdown_document(path, text, data, diagnostics),
    };
    of_parts(path, text, parts, data, diagnostics)
}

/// Cuts off the front matter. Blank lines replace it, so that every line keeps its number.
fn front_matter<'t>(text: &'t str, diagnostics: &mut Diagnostics<'_>) -> (FrontMatter, Cow<'t, str>) {
    let split = frontmatter::split(text);
    for (line, level, code, message) in split.problems {
        diagnostics.push(line, level, code, message);
    }
    let body = match split.lines {
        0 => Cow::Borrowed(split.body),
        lines => Cow::Owned(format!("{}{}", "\n".repeat(lines), split.body)),
    };
    (split.front, body)
}

/// Makes a runbook of the parts that a reader has found.
fn of_parts(
    path: &str,
    text: &str,
    read: DocumentParts,
    data: &BTreeMap<String, Value>,
    diagnostics: &mut Diagnostics<'_>,
) -> Runbook {
    let mut front = read.front;
    let title = read.title.clone();
    front.title = front.title.or(read.title);
    let mut problems = read.problems;
    let mut sections = sections::build(read.parts, &front, &format::title_of_name(path));
    if let (Some(title), Some(line), Some(whole)) = (title, read.title_line, sections.first_mut()) {
        whole.heading = title;
        whole.line = line;
    }
    // Readers put an anchor on the line of what it names, so that the source tells nothing more.
    sections::mark(&mut sections, &[], &read.anchors, &[], &mut problems);
    sections::link(&mut sections, &mut problems);
    diagnostics.warnings(problems);
    if text.trim().is_empty() {
        diagnostics.push(0, Level::Warning, "empty", "the file holds no text".into());
    }
    let completeness = completeness::judge(&front, &sections);
    let dialect = dialect::recognise(&front, "", &sections, false);
    finish(path, dialect, front, completeness, read.url, sections, &[], data)
}

fn markdown_document(
    path: &str,
    text: &str,
    data: &BTreeMap<String, Value>,
    diagnostics: &mut Diagnostics<'_>,
) -> Runbook {
    let mut split = frontmatter::split(text);
    for (line, level, code, message) in std::mem::take(&mut split.problems) {
        diagnostics.push(line, level, code, message);
    }
    // Blank lines replace the front matter, so that every line keeps its number.
    let body = format!("{}{}", "\n".repeat(split.lines), split.body);
    let resolved = liquid::resolve(&body, data, &split.page, liquid::DOCUMENT);
    let mut front = split.front;
    for slot in [&mut front.title, &mut front.runbook_name, &mut front.description]
        .into_iter()
        .flatten()
    {
        *slot = liquid::resolve(slot, data, &split.page, liquid::FIELD).text;
    }
    let extended = directives::resolve(&resolved.text, path);
    let mut prepared = prepare::prepare(&extended.text);
    prepared.anchors.extend(extended.anchors);
    let source: Vec<&str> = prepared.text.split('\n').collect();
    let (parts, cut) = markdown::read(&prepared.text, 1);
    let mut sections = sections::build(parts, &front, &format::title_of_name(path));
    for section in &mut sections {
        sections::fold_steps(section, &source);
    }
    let mut problems = resolved.problems;
    problems.extend(prepared.problems);
    problems.extend(cut.map(part::too_many_parts));
    sections::mark(
        &mut sections,
        &prepared.attributes,
        &prepared.anchors,
        &source,
        &mut problems,
    );
    sections::link(&mut sections, &mut problems);
    if extended.is_myst {
        // A label of MyST may be in any document of the project.
        problems.retain(|(_, code, _)| *code != "anchor-unknown");
    }
    sections::note_written(&mut sections, text);
    diagnostics.warnings(problems);
    if text.trim().is_empty() {
        diagnostics.push(0, Level::Warning, "empty", "the file holds no text".into());
    }
    let has_marks = prepared
        .attributes
        .iter()
        .flat_map(|attribute| &attribute.words)
        .any(|word| roles::looks_like_mark(word));
    let dialect = dialect::recognise(&front, split.body, &sections, has_marks);
    let completeness = match completeness::judge(&front, &sections) {
        Completeness::Full if format::is_partial(path) => Completeness::Partial,
        completeness => completeness,
    };
    let url = published_at(&front, split.body);
    finish(path, dialect, front, completeness, url, sections, &resolved.teams, data)
}

#[expect(clippy::too_many_arguments, reason = "the parts of a runbook, each named once")]
fn finish(
    path: &str,
    dialect: Dialect,
    front: FrontMatter,
    completeness: Completeness,
    url: Option<String>,
    sections: Vec<Section>,
    uses: &[liquid::TeamUse],
    data: &BTreeMap<String, Value>,
) -> Runbook {
    let needed = !uses.is_empty() || front.signpost.team.is_some();
    let teams = if needed { contacts::teams(data) } else { BTreeMap::new() };
    let people = people::find(&sections, &front, data);
    let topics = topics::gather(&sections, &front, (uses, &teams), people);
    Runbook {
        path: path.to_owned(),
        title: sections
            .first()
            .map(|section| section.heading.clone())
            .unwrap_or_default(),
        dialect,
        front,
        completeness,
        url,
        sections,
        topics,
    }
}

/// Address at which the document is published: `Original URL: <…>` at the start, or an absolute `link:`.
fn published_at(front: &FrontMatter, body: &str) -> Option<String> {
    let first = body.trim_start().lines().next().unwrap_or("");
    if let Some(rest) = first.strip_prefix("Original URL:") {
        let url = rest.trim().trim_start_matches('<').trim_end_matches('>');
        return Some(url.to_owned()).filter(|url| url.contains("://"));
    }
    front
        .link
        .clone()
        .filter(|link| link.starts_with("https://") || link.starts_with("http://"))
}
