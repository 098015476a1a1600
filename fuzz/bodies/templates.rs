//! Any text is a team's own template, or a document that the templates show: the first byte chooses.

use std::collections::BTreeMap;

use signpost::matching::{Index, IndexOptions};
use signpost::respond::{Responder, ResponderOptions, Templates, to_text};
use signpost::runbook::{Library, TopicId, parse};
use signpost::slack::blocks;

/// A document for templates that are not about it.
const DOCUMENT: &str =
    "# Pump errors\n\n## QX1\n\n```\nQX1: pump <NODE> stands still\n```\n\n1. Start it: `pump on <NODE>`.\n";
/// Slack's limit of a message.
const BLOCKS: usize = 50;

/// Panics where the code does what it must not.
pub fn run(input: (u8, &str)) {
    let (kind, text) = input;
    let (document, overrides) = match kind % 4 {
        0 => (DOCUMENT, Some(("show.md", text))),
        1 => (DOCUMENT, Some(("answer.md", text))),
        _ => (text, None),
    };
    let overrides: Option<Templates> =
        overrides.map(|(name, text)| BTreeMap::from([(name.to_owned(), text.to_owned())]));
    let Ok(responder) = Responder::new(overrides.as_ref(), ResponderOptions::default()) else {
        return;
    };
    let mut library = Library::default();
    library
        .runbooks
        .extend(parse("a.md", document, &BTreeMap::new()).0.map(Into::into));
    let sections = library.runbooks.first().map_or(0, |runbook| runbook.sections.len());
    let shown = (0..sections.min(4)).map(|section| responder.show(&library, TopicId { runbook: 0, section }));
    let index = Index::build(&library, &IndexOptions::default());
    let answered = responder.answer(&library, &index.search("QX1: pump w-17 stands still"), true);
    for reply in shown.chain(answered) {
        let _ = to_text(&reply);
        for message in blocks::render(&reply) {
            assert!(message.blocks.len() <= BLOCKS, "{} blocks", message.blocks.len());
        }
    }
}
