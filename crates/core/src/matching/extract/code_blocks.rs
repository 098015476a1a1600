//! Signatures of code blocks: what is a command there, what a program printed, and where its messages end.

use std::borrow::Cow;
use std::collections::HashSet;

use super::super::SignatureKind;
use super::super::lines::{
    assigned_alert, error_fields, is_boilerplate, is_command, is_configuration, is_described, is_manifest, is_set,
};
use super::super::signature::SignatureSource;
use super::Extractor;
use crate::runbook::{Block, Role};

impl Extractor<'_> {
    pub(super) fn code(&mut self, section: usize, lang: &str, text: &str, block: &Block) {
        let shows = matches!(block.role, Role::Symptoms | Role::Alerts | Role::Overview);
        let commands = !shows && block.attrs.iter().any(|attr| attr == "pre");
        let manifest = is_manifest(lang, text);
        let mut command = CommandLines::new(text);
        for line in unwrapped(text, manifest) {
            let line = line.as_ref();
            let program = matches!(lang, "promql" | "sql" | "python" | "go" | "yaml" | "yml" | "hcl");
            let is_command = command.holds(line);
            let source = if commands || is_command || program && !shows && !(manifest && is_configuration(line)) {
                SignatureSource::Command
            } else if is_boilerplate(line) || is_described(line) || is_set(line) || manifest && is_configuration(line) {
                SignatureSource::Boilerplate
            } else if shows || block.role == Role::Other || block.role == Role::Causes {
                SignatureSource::Message
            } else {
                SignatureSource::Output
            };
            // The capitals of a table's head are no names of errors.
            if source != SignatureSource::Command && !is_boilerplate(line) {
                self.codes(section, line, if shows { 0.9 } else { 0.6 });
            }
            if let Some((_, alert)) = assigned_alert(line) {
                self.name(section, alert, 1.0, false);
            }
            self.text(section, line, SignatureKind::Template, source);
            if source == SignatureSource::Message || source == SignatureSource::Output {
                for error in error_fields(line) {
                    self.text(section, error, SignatureKind::Template, source);
                }
            }
        }
    }
}

/// The lines of a code block without blanks around them, and with a message that its author wrapped on one line: a line
/// that ends in a colon goes on in the next one where that is indented deeper, and one that ends in a backslash does
/// anywhere.
fn unwrapped(text: &str, manifest: bool) -> Vec<Cow<'_, str>> {
    const LEAST_WORDS: usize = 3;
    let mut lines: Vec<Cow<'_, str>> = Vec::new();
    let mut depth = 0;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let (indent, line) = (line.len() - line.trim_start().len(), line.trim());
        let goes_on = |last: &&mut Cow<'_, str>| {
            let words = last.split_whitespace().nth(LEAST_WORDS - 1).is_some();
            let is_cut = last.ends_with('\\') || indent > depth && last.ends_with(':');
            !manifest && words && is_cut && !is_command(last)
        };
        match lines.last_mut().filter(goes_on) {
            Some(last) => join(last.to_mut(), line),
            None => lines.push(Cow::Borrowed(line)),
        }
        depth = indent;
    }
    lines
}

/// Adds the next line of a wrapped message. A backslash may stand within a value: `volume 6f6a-\` and `4c8d`.
fn join(message: &mut String, line: &str) {
    let has_digit = |word: Option<&str>| word.is_some_and(|word| word.bytes().any(|b| b.is_ascii_digit()));
    let is_cut = message.ends_with('\\');
    if is_cut {
        message.pop();
    }
    let within = is_cut && has_digit(message.split(' ').next_back()) && has_digit(line.split(' ').next());
    if !within {
        message.push(' ');
    }
    message.push_str(line);
}

/// A command that goes on over several lines of a code block: after a backslash, or as the text it is given.
struct CommandLines<'a> {
    /// All lines of a block that may give a command a text: one of them ends it.
    lines: HashSet<&'a str>,
    continues: bool,
    /// The line that ends the text: `EOF`, after `cat <<EOF`.
    end: Option<String>,
}

impl CommandLines<'_> {
    fn new(text: &str) -> CommandLines<'_> {
        let lines = if text.contains("<<") { text } else { "" };
        CommandLines {
            lines: lines.lines().map(str::trim).collect(),
            continues: false,
            end: None,
        }
    }

    /// Reads the next line, without blanks around it; returns true when it is a command or belongs to one.
    fn holds(&mut self, line: &str) -> bool {
        if let Some(end) = &self.end {
            if line == end {
                self.end = None;
            }
            return true;
        }
        let holds = self.continues || is_command(line);
        self.continues = holds && line.ends_with('\\');
        if holds {
            self.end = line.split_once("<<").and_then(|(_, after)| {
                let end = after
                    .trim_start_matches(['-', '~', ' '])
                    .trim_start_matches(['"', '\'']);
                let end: String = end.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                (end.starts_with(char::is_alphabetic) && self.lines.contains(end.as_str())).then_some(end)
            });
        }
        holds
    }
}
