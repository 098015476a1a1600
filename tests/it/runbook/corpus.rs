//! The real corpus: every document loads, and nothing of it is lost.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use signpost::files;
use signpost::runbook::{Block, BlockKind, Inline, Library, Runbook, Target, runs, walk, walk_inlines};

fn dir() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "tests find the corpus where the caller says")]
    let dir = std::env::var_os("SIGNPOST_CORPUS").map_or_else(|| PathBuf::from("../shared/corpus"), PathBuf::from);
    if dir.is_dir() {
        return Some(dir);
    }
    println!("SKIPPED runbook::corpus: there is no {}", dir.display());
    None
}

fn load() -> Option<(PathBuf, Library)> {
    let dir = dir()?;
    let library = files::load(&dir, &files::Options::default(), None, &|_, _| {}).expect("the corpus loads");
    Some((dir, library))
}

fn find<'l>(library: &'l Library, part: &str) -> &'l Runbook {
    let found = library.runbooks.iter().find(|runbook| runbook.path.contains(part));
    found.unwrap_or_else(|| panic!("no document is called {part}"))
}

#[test]
fn every_document_loads() {
    let Some((_, library)) = load() else { return };
    assert_eq!(library.runbooks.len(), 638);
    assert!(
        library
            .diagnostics
            .iter()
            .all(|found| found.level < signpost::runbook::Level::Error)
    );
    // Labelled cases come and go beside the documents.
    let is_beside = |path: &str| {
        let extension = std::path::Path::new(path).extension();
        extension.is_some_and(|extension| extension == "log" || extension == "jsonl")
    };
    let others = library.skipped.iter().filter(|skipped| !is_beside(&skipped.path));
    assert_eq!(others.count(), 6, "four licences, two notes: {:?}", library.skipped);
}

#[test]
fn codes_and_steps_are_where_the_documents_have_them() {
    let Some((_, library)) = load() else { return };
    let steps = |part: &str, title: &str| {
        let runbook = find(&library, part);
        let topic = runbook.topics.iter().find(|topic| topic.title == title);
        let topic = topic.unwrap_or_else(|| panic!("{part} has no topic {title}"));
        let numbers = topic.steps.iter().filter(|step| !step.number.is_empty());
        numbers
            .map(|step| step.number.clone())
            .collect::<Vec<String>>()
            .join(" ")
    };
    for (part, title, numbers) in [
        ("seeds/000", "E0003", "1 2"),
        ("seeds/000", "E0057", "1 2"),
        ("seeds/001", "Resolving bad IAM key", "1 2"),
        ("seeds/002", "Invalid API key", "1 2 3"),
        ("seeds/002", "Resolving permission and credential errors", "1 2 3 4 5"),
        ("seeds/004", "You're the cluster creator", "1 2 3 4 5"),
        ("seeds/004", "You're not the cluster creator", "1 2 3 4 5"),
    ] {
        assert_eq!(steps(part, title), numbers, "{part} {title}");
    }
    let codes = |part: &str, start: &str| {
        let runbook = find(&library, part);
        runbook
            .topics
            .iter()
            .filter(|topic| topic.title.starts_with(start))
            .count()
    };
    assert_eq!(codes("seeds/000", "E0"), 5);
    assert_eq!(codes("ibm-satellite/ts-locations-debug", "R0"), 29);
    let rules = library.runbooks.iter().flat_map(|runbook| &runbook.sections);
    let rules: Vec<_> = rules.filter_map(|section| section.rule.as_ref()).collect();
    assert_eq!(
        rules.len(),
        library
            .runbooks
            .iter()
            .filter(|runbook| runbook.path.starts_with("cre/"))
            .count()
    );
}

#[test]
fn no_word_of_a_document_is_lost() {
    let Some((dir, library)) = load() else { return };
    let mut report = String::new();
    for runbook in library
        .runbooks
        .iter()
        .filter(|runbook| !runbook.path.starts_with("cre/"))
    {
        let raw = std::fs::read_to_string(dir.join(&runbook.path)).expect("a document of the corpus is text");
        let parsed = words(&everything(runbook));
        let mut lost: Vec<String> = words(&without_markup(&raw))
            .into_iter()
            .filter(|(word, count)| parsed.get(word).copied().unwrap_or(0) < *count)
            .map(|(word, _)| word)
            .collect();
        lost.sort();
        if !lost.is_empty() {
            writeln!(report, "{}: {}", runbook.path, lost.join(" ")).expect("a string takes text");
        }
    }
    assert!(report.is_empty(), "words that no block holds:\n{report}");
}

fn words(text: &str) -> HashMap<String, usize> {
    let mut out = HashMap::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 2) {
        *out.entry(word.to_lowercase()).or_insert(0) += 1;
    }
    out
}

/// The text of a document without what is no text: front matter, attributes, Liquid, addresses, comments, languages.
fn without_markup(raw: &str) -> String {
    let raw = raw.trim_start();
    let body = raw
        .strip_prefix("---")
        .and_then(|rest| rest.split_once("\n---"))
        .map_or(raw, |(_, body)| body);
    let mut text = body.to_owned();
    for (open, close) in [
        ("<!--", "-->"),
        ("{{", "}}"),
        ("{%", "%}"),
        ("{:", "}"),
        ("{#", "}"),
        ("](", ")"),
        ("][", "]"),
        ("]: <", ">"),
    ] {
        text = cut(&text, open, close);
    }
    let is_text = |line: &&str| {
        let bare = line.trim_start().trim_start_matches(['-', '*', '1', '.', ' ']);
        !is_fence(bare) && !line.starts_with("[//]:") && !is_definition(line)
    };
    let mut out = String::new();
    for line in text.lines().filter(is_text) {
        // Marks inside a word split it for the eye of a counter only.
        out.push_str(&tags_gone(&line.replace(['`', '*'], "")));
        out.push('\n');
    }
    out
}

fn is_fence(bare: &str) -> bool {
    bare.starts_with("```") || bare.starts_with("~~~")
}

fn is_definition(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with('[')
        && line
            .split_once("]: ")
            .is_some_and(|(_, rest)| rest.contains("://") || rest.starts_with('.'))
        || line.starts_with('[') && line.trim_end().ends_with("]:")
}

fn tags_gone(line: &str) -> String {
    let mut line = line.to_owned();
    for tag in [
        "details", "summary", "br", "br/", "br /", "a", "code", "pre", "table", "img", "p", "ul", "li", "div", "b",
    ] {
        for form in [format!("<{tag}>"), format!("</{tag}>")] {
            line = line.replace(&form, " ");
        }
    }
    for open in ["<a ", "<img ", "<div ", "<span "] {
        line = cut(&line, open, ">");
    }
    line
}

fn cut(text: &str, open: &str, close: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(open) {
        out.push_str(&rest[..at]);
        out.push(' ');
        let inner = &rest[at + open.len()..];
        let end = inner.find(close);
        let end = end.filter(|end| !inner[..*end].contains('\n') || open == "<!--" || open == "{{");
        if let Some(end) = end {
            rest = &inner[end + close.len()..];
        } else {
            out.push_str(open);
            rest = inner;
        }
    }
    out.push_str(rest);
    out
}

/// Everything that a parsed document holds, as one text.
fn everything(runbook: &Runbook) -> String {
    let mut out = String::new();
    for section in &runbook.sections {
        out.push_str(&section.heading);
        out.push('\n');
        walk(&section.blocks, &mut |block| push(block, &mut out));
    }
    out
}

fn push(block: &Block, out: &mut String) {
    if let BlockKind::Code { text, .. } = &block.kind {
        out.push_str(text);
        out.push('\n');
    }
    runs(block, &mut |inlines| {
        out.push_str(&signpost::runbook::plain(inlines));
        walk_inlines(inlines, &mut |inline| match inline {
            Inline::Link {
                target: Target::Url(url) | Target::Relative(url),
                ..
            }
            | Inline::Image { url, .. } => {
                out.push(' ');
                out.push_str(url);
            }
            _ => {}
        });
        out.push('\n');
    });
}

#[test]
fn every_block_stands_on_its_line() {
    let Some((dir, library)) = load() else { return };
    let mut wrong = String::new();
    for runbook in &library.runbooks {
        let raw = std::fs::read_to_string(dir.join(&runbook.path)).expect("a document of the corpus is text");
        let lines: Vec<&str> = raw.lines().collect();
        let at = |line: u32| lines.get((line as usize).wrapping_sub(1)).copied().unwrap_or("");
        let mut check = |line: u32, text: &str| {
            let word = text
                .split(|c: char| !c.is_alphanumeric())
                .find(|word| !word.is_empty())
                .unwrap_or("");
            // Resolved Liquid stands for other words.
            if !at(line).contains(word) && !at(line).contains("{{") {
                writeln!(wrong, "{}:{line}: {text:.40}", runbook.path).expect("a string takes text");
            }
        };
        for section in &runbook.sections {
            if section.level > 0 && section.rule.is_none() && !runbook.path.starts_with("cre/") {
                check(section.line, &section.heading);
            }
            walk(&section.blocks, &mut |block| match &block.kind {
                BlockKind::Code { text, .. } if !is_fence(at(block.line).trim_start_matches(['-', '*', ' ', '\t'])) => {
                    check(block.line, text.lines().next().unwrap_or(""));
                }
                BlockKind::Paragraph(inlines) => check(block.line, &signpost::runbook::plain(inlines)),
                _ => {}
            });
        }
    }
    assert!(wrong.is_empty(), "blocks that stand elsewhere:\n{wrong}");
}
