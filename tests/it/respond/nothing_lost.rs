//! The words of every section are in the messages about it, unless a named rule leaves them out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use signpost::files;
use signpost::respond::{ButtonPress, Card, CardAction, Responder, ResponderOptions};
use signpost::runbook::{
    Block, BlockKind, Inline, Library, Role, Runbook, TopicId, is_plain_label, left_out, plain, plain_block,
};
use signpost::slack::blocks;

/// The rules by which words of a runbook are in no message about it. `docs/authors.md` lists them under the same names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rule {
    /// What `left_out` names: tags, the address of the original, breaks, unwritten text, a table of contents.
    LeftOut,
    /// A label such as "Resolution:", or the heading of a part, for which the answer has words of its own.
    Label,
    /// The end of a title that is longer than Slack's limit for titles.
    LongTitle,
}

/// Of the collections, one document in so many is compared, unless `SIGNPOST_TESTS_LONG` is set: all of them take minutes.
const SAMPLE: usize = 40;

/// Words of one place that are missing.
struct Lost {
    place: String,
    words: Vec<String>,
    text: String,
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words
        .filter(|word| word.chars().count() > 2)
        .map(str::to_lowercase)
        .collect()
}

/// All texts of a message as people read it, without the addresses of links.
fn texts(message: &Value, out: &mut String) {
    match message {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(text) if key == "text" => {
                        out.push_str(&without_addresses(text));
                        out.push('\n');
                    }
                    other => texts(other, out),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| texts(value, out)),
        _ => {}
    }
}

fn without_addresses(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        let (link, after) = after.split_once('>').unwrap_or((after, ""));
        out.push_str(link.split_once('|').map_or(link, |(_, label)| label));
        rest = after;
    }
    out.push_str(rest);
    // Marks that keep formatting apart from the letters beside it.
    out.replace(['\u{200b}', '\u{2060}'], "")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// The actions of a message's buttons and menus.
fn actions(message: &Value, block_id: &str, out: &mut Vec<CardAction>) {
    match message {
        Value::Object(map) => {
            let block_id = map.get("block_id").and_then(Value::as_str).unwrap_or(block_id);
            if let Some(Value::String(value)) = map.get("value") {
                let press = ButtonPress::read(value).or_else(|| ButtonPress::read_option(block_id, value));
                out.extend(press.map(|press| press.act));
            }
            map.values().for_each(|value| actions(value, block_id, out));
        }
        Value::Array(list) => list.iter().for_each(|value| actions(value, block_id, out)),
        _ => {}
    }
}

/// Fewest letters of a word that mark-up may part in a message: `Critical`or.
const PARTED: usize = 5;

/// The words of a topic's card, and its letters without anything between them.
#[derive(Default)]
struct Shown {
    words: BTreeSet<String>,
    letters: String,
}

impl Shown {
    fn add(&mut self, text: &str) {
        self.words.extend(words(text));
        // Mark-up inside a word parts it for the eye of a counter only.
        self.words.extend(words(&text.replace(['`', '*', '_', '~'], "")));
        let letters = text.chars().filter(|c| c.is_alphanumeric());
        self.letters.extend(letters.flat_map(char::to_lowercase));
        self.letters.push('\n');
    }

    fn holds(&self, word: &str) -> bool {
        self.words.contains(word) || word.chars().count() >= PARTED && self.letters.contains(word)
    }
}

/// All pages of a topic's card, turned by its own buttons, with the steps of every alternative.
fn shown(library: &Library, responder: &Responder, id: TopicId) -> Shown {
    let mut out = Shown::default();
    for chosen in [None, Some(("all".to_owned(), "Ada".to_owned()))] {
        let has_question = library.topic(id).is_some_and(|topic| topic.alternatives.is_some());
        if chosen.is_some() && !has_question {
            continue;
        }
        let mut open = vec![0];
        let mut seen = BTreeSet::new();
        while let Some(at) = open.pop().filter(|_| seen.len() < 400) {
            if !seen.insert(at) {
                continue;
            }
            let card = Card {
                case: "c",
                topic: Some(id),
                at,
                standing: "open",
                chosen: chosen.clone(),
                ..Card::default()
            };
            let message = Value::from(blocks::render_one(&responder.card(library, &card)).blocks);
            let mut text = String::new();
            texts(&message, &mut text);
            out.add(&text);
            let mut acts = Vec::new();
            actions(&message, "", &mut acts);
            open.extend(acts.into_iter().filter_map(|act| match act {
                CardAction::Page { at } => Some(at),
                _ => None,
            }));
        }
    }
    out
}

fn rule_for(block: &Block) -> Option<Rule> {
    if left_out(block).is_some() {
        return Some(Rule::LeftOut);
    }
    let BlockKind::Paragraph(inlines) = &block.kind else {
        return None;
    };
    let text = plain(inlines);
    let is_bold = matches!(inlines.as_slice(), [Inline::Strong(_)]);
    if text.split_once(':').is_some_and(|(label, _)| is_plain_label(label)) {
        return Some(Rule::Label);
    }
    let is_label = (is_bold || text.trim_end().ends_with(':')) && text.split_whitespace().count() <= 4;
    is_label.then_some(Rule::Label)
}

/// Compares every section of one document in `sample` with the messages about it.
fn compare(library: &Library, sample: usize) -> (usize, BTreeMap<Rule, usize>, Vec<Lost>) {
    let responder = Responder::new(None, ResponderOptions::default()).unwrap();
    let (mut total, mut ruled, mut lost) = (0, BTreeMap::new(), Vec::new());
    for (index, document) in library.runbooks.iter().enumerate().step_by(sample) {
        let runbook: &Runbook = document;
        let mut cards: BTreeMap<usize, Shown> = BTreeMap::new();
        for (at, section) in runbook.sections.iter().enumerate() {
            let Some(topic) = runbook.topic(at) else { continue };
            let id = TopicId {
                runbook: index,
                section: topic.section,
            };
            let card = cards
                .entry(topic.section)
                .or_insert_with(|| shown(library, &responder, id));
            let mut check = |line: u32, text: &str, rule: Option<Rule>| {
                let all = words(text);
                total += all.len();
                let missing: Vec<String> = all.into_iter().filter(|word| !card.holds(word)).collect();
                // A label is one of few words; what follows it has to be there.
                let label = text.split_once(':').map_or(text, |(label, _)| label);
                let of_label = words(label);
                let is_label = missing.iter().all(|word| of_label.contains(word));
                match rule {
                    _ if missing.is_empty() => {}
                    Some(rule) if rule != Rule::Label || is_label => *ruled.entry(rule).or_default() += missing.len(),
                    _ => lost.push(Lost {
                        place: format!("{}:{line} ({})", runbook.path, section.heading),
                        words: missing,
                        text: text.to_owned(),
                    }),
                }
            };
            let of_heading = match section.role {
                _ if section.heading.chars().count() > blocks::HEADER => Some(Rule::LongTitle),
                Role::Other => None,
                _ => Some(Rule::Label),
            };
            check(section.line, &section.heading, of_heading);
            for block in &section.blocks {
                check(block.line, &plain_block(block), rule_for(block));
            }
        }
    }
    (total, ruled, lost)
}

fn told(lost: &[Lost]) -> String {
    let mut out = String::new();
    for one in lost {
        let text: String = one.text.chars().take(200).collect();
        writeln!(
            out,
            "{}\n    lost: {}\n    in: {text:?}",
            one.place,
            one.words.join(" ")
        )
        .unwrap();
    }
    out
}

#[test]
fn no_word_of_small_documents_is_lost_on_the_way_to_slack() {
    let folder = Path::new("tests/fixtures/nothing_lost");
    let library = files::load(folder, &files::Options::default(), None, &|_, _| ()).unwrap();
    assert!(library.runbooks.len() >= 6, "{}", library.runbooks.len());
    let (total, _, lost) = compare(&library, 1);
    assert!(total > 500, "{total} words");
    assert!(lost.is_empty(), "{}", told(&lost));
}

#[test]
fn no_word_of_the_collections_is_lost_on_the_way_to_slack() {
    check("corpus");
}

#[test]
fn no_word_of_other_collections_is_lost_on_the_way_to_slack() {
    check("corpus2");
    check("ordinary");
}

#[test]
fn no_word_of_other_formats_is_lost_on_the_way_to_slack() {
    check("formats");
}

/// Compares a collection that lies beside the corpus.
#[expect(
    clippy::disallowed_methods,
    reason = "where the collections are, is said by the one who runs the tests"
)]
fn check(name: &str) {
    let corpus = std::env::var_os("SIGNPOST_CORPUS").map_or_else(|| PathBuf::from("../shared/corpus"), PathBuf::from);
    let folder = match corpus.parent() {
        Some(shared) if name != "corpus" => shared.join(name),
        _ => corpus,
    };
    if !folder.is_dir() {
        println!("SKIPPED: there is no {}", folder.display());
        return;
    }
    let library = files::load(&folder, &files::Options::default(), None, &|_, _| ()).unwrap();
    let is_long = std::env::var_os("SIGNPOST_TESTS_LONG").is_some_and(|value| !value.is_empty());
    let (total, ruled, lost) = compare(&library, if is_long || name == "ordinary" { 1 } else { SAMPLE });
    println!(
        "{name}: of {} documents, {total} words, left out by rules: {ruled:?}",
        library.runbooks.len()
    );
    assert!(lost.is_empty(), "{}", told(&lost));
}
