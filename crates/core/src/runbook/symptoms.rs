//! Texts by which a person recognises a topic.

use std::collections::HashSet;

use super::{Block, BlockKind, Inline, Role, Section, Symptom, SymptomKind, plain, plain_block, roles};

/// Gathers the symptoms of a topic: `own` are its sections, its own section first.
pub(super) fn gather(sections: &[Section], own: &[usize]) -> Vec<Symptom> {
    let mut found = FoundSymptom::default();
    for (at, index) in own.iter().enumerate() {
        let Some(section) = sections.get(*index) else { continue };
        if at == 0 || roles::names_trouble(&section.heading) {
            found.push(&section.heading, section.line, SymptomKind::Heading);
        }
        for word in section.heading.split(|c: char| c.is_whitespace() || c == '`') {
            if roles::is_alert(word) {
                found.push(word, section.line, SymptomKind::Alert);
            }
        }
        for block in &section.blocks {
            found.block(block, false);
        }
    }
    found.symptoms
}

#[derive(Default)]
struct FoundSymptom {
    symptoms: Vec<Symptom>,
    seen: HashSet<(String, SymptomKind)>,
}

impl FoundSymptom {
    fn push(&mut self, text: &str, line: u32, kind: SymptomKind) {
        let text = text.trim();
        if text.is_empty() || !self.seen.insert((text.to_owned(), kind)) {
            return;
        }
        self.symptoms.push(Symptom {
            text: text.to_owned(),
            line,
            kind,
        });
    }

    fn block(&mut self, block: &Block, message: bool) {
        let shows = message || matches!(block.role, Role::Symptoms | Role::Alerts);
        if !shows && !matches!(block.role, Role::Overview | Role::Other | Role::Causes) {
            return;
        }
        match &block.kind {
            BlockKind::Heading(inlines) | BlockKind::Paragraph(inlines) => self.text(inlines, block.line, shows),
            BlockKind::Code { text, .. } => {
                for name in alert_names(text) {
                    self.push(name, block.line, SymptomKind::Alert);
                }
                if shows || !is_command(block) {
                    self.push(text, block.line, SymptomKind::Code);
                }
            }
            BlockKind::List { items, .. } => {
                for item in items {
                    for block in &item.blocks {
                        self.block(block, message);
                    }
                }
            }
            BlockKind::Table { head, rows } => {
                for (number, row) in rows.iter().enumerate() {
                    for (column, cell) in row.iter().enumerate() {
                        let line = block.line.saturating_add(u32::try_from(number + 2).unwrap_or(0));
                        self.text(cell, line, false);
                        let name = head
                            .get(column)
                            .map(|cell| plain(cell).to_lowercase())
                            .unwrap_or_default();
                        if shows
                            || ["error", "message", "symptom", "code", "alert"]
                                .iter()
                                .any(|word| name.contains(word))
                        {
                            self.push(&plain(cell), line, SymptomKind::Cell);
                        }
                    }
                }
            }
            BlockKind::Quote(inner) => {
                let text: Vec<String> = inner.iter().map(plain_block).collect();
                self.push(&text.join("\n"), block.line, SymptomKind::Quoted);
            }
            BlockKind::Definitions(definitions) => {
                for definition in definitions {
                    let term = plain(&definition.term);
                    let is_message = term_role(&term) == Role::Symptoms;
                    if names_error(&definition.term, &term) {
                        self.push(&term, block.line, SymptomKind::Cell);
                    }
                    for detail in definition.details.iter().filter(|_| is_message || shows) {
                        let text: Vec<String> = detail.iter().map(plain_block).collect();
                        let line = detail.first().map_or(block.line, |block| block.line);
                        self.push(&text.join("\n"), line, SymptomKind::Cell);
                    }
                }
            }
            BlockKind::Rule | BlockKind::Buttons(_) => {}
        }
    }

    fn text(&mut self, inlines: &[Inline], line: u32, shows: bool) {
        let text = plain(inlines);
        if shows {
            self.push(&text, line, SymptomKind::Prose);
        }
        super::walk_inlines(inlines, &mut |inline| {
            if let Inline::Code(code) = inline {
                if roles::is_alert(code.trim()) {
                    self.push(code, line, SymptomKind::Alert);
                }
                if shows || code.contains(' ') {
                    self.push(code, line, SymptomKind::InlineCode);
                }
            }
        });
        for quoted in quotes(&text) {
            self.push(quoted, line, SymptomKind::Quoted);
        }
    }
}

/// Returns true for a term that is an error itself: a code, an alert, or a message set as code.
fn names_error(inlines: &[Inline], term: &str) -> bool {
    let first = term
        .split(|c: char| c.is_whitespace() || matches!(c, ':' | ',' | '`'))
        .next()
        .unwrap_or_default();
    let is_message = matches!(inlines, [Inline::Code(code), ..] if code.contains(' '));
    roles::is_code(first) || roles::is_alert(first) || is_message
}

/// Role of the text that a term of a definition list introduces.
pub(super) fn term_role(term: &str) -> Role {
    let lower = term.to_lowercase();
    let role = roles::of_heading(term);
    if role != Role::Other {
        return role;
    }
    if lower.contains("message") || lower.contains("error") {
        Role::Symptoms
    } else if lower.contains("resol") || lower.contains("steps") || lower.contains("fix") {
        Role::Steps
    } else if lower.contains("cause") || lower.starts_with("why") {
        Role::Causes
    } else {
        Role::Other
    }
}

/// Finds the names of alerts: `alertname = X`, `alertname: "X"`, `alert: X`.
fn alert_names(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let at = line.find("alertname").map(|at| at + "alertname".len());
        let at = at.or_else(|| {
            line.trim_start()
                .trim_start_matches("- ")
                .starts_with("alert:")
                .then(|| line.find(':'))
                .flatten()
        })?;
        let rest = line.get(at..)?.trim_start_matches(['=', ':', ' ', '"', '\'', '~']);
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
            .unwrap_or(rest.len());
        rest.get(..end).filter(|name| name.len() > 3)
    })
}

/// Finds texts in quotation marks that hold more than a word.
fn quotes(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    for (open, close) in [('"', '"'), ('“', '”')] {
        let mut rest = text;
        while let Some(at) = rest.find(open) {
            let inner = &rest[at + open.len_utf8()..];
            let Some(end) = inner.find(close) else { break };
            let quoted = &inner[..end];
            if quoted.len() >= 12 && quoted.contains(' ') {
                out.push(quoted);
            }
            rest = &inner[end + close.len_utf8()..];
        }
    }
    out
}

/// Returns true when code is something to type rather than output.
pub(super) fn is_command(block: &Block) -> bool {
    let BlockKind::Code { lang, text } = &block.kind else {
        return false;
    };
    if block.attrs.iter().any(|word| word == "screen") {
        return false;
    }
    if block.attrs.iter().any(|word| word == "pre" || word == "codeblock") {
        return true;
    }
    let first = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with('#'))
        .unwrap_or("");
    let bare = first.trim_start_matches(['$', '#', '>', '%']).trim_start();
    let prompt = first.starts_with("$ ");
    let word = bare.split_whitespace().next().unwrap_or("");
    prompt
        || TOOLS.contains(&word)
        || matches!(
            lang.as_str(),
            "promql" | "bash" | "sql" | "yaml" | "yml" | "json" | "hcl" | "go" | "python"
        ) && word.chars().next().is_some_and(char::is_alphabetic)
}

/// First words of command lines.
const TOOLS: [&str; 40] = [
    "kubectl",
    "oc",
    "ibmcloud",
    "aws",
    "gcloud",
    "az",
    "docker",
    "podman",
    "crictl",
    "helm",
    "curl",
    "wget",
    "ssh",
    "sudo",
    "systemctl",
    "journalctl",
    "etcdctl",
    "git",
    "echo",
    "cat",
    "grep",
    "ls",
    "cd",
    "export",
    "bx",
    "calicoctl",
    "eksctl",
    "psql",
    "mysql",
    "redis-cli",
    "ping",
    "dig",
    "nslookup",
    "for",
    "while",
    "watch",
    "make",
    "npm",
    "pip",
    "virtctl",
];
