//! Addresses of documents: a link to a runbook, as alerts carry them, leads to the document with that address.
//!
//! An address is compared in its forms (`forms`), of which two of the same document have one in common: as a page of a
//! site, as a file of a repository at any ref, as a page of Confluence or Notion by its id.

mod alert_links;
mod forms;
mod section;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::matching::{Evidence, Match, Outcome, SignatureKind};
use crate::runbook::{Document, Library, TopicId};

pub use alert_links::{AlertLink, AlertLinkKind, alert_links, links_in};
use forms::Forms;

/// The documents of a library by their addresses. Built once for a library, and asked with hashes, so that a message
/// without links costs nothing.
#[derive(Debug, Default)]
pub struct Addresses {
    /// Index of the document by the hash of a form of its address; `None` for a form that several documents have.
    documents: HashMap<u64, Option<u32>>,
    /// True when there is a source of which nothing is read yet: its addresses are unknown.
    is_incomplete: bool,
}

/// Returns the id of the page or database that an address of Notion names: 32 hexadecimal digits.
pub fn notion_page(address: &url::Url) -> Option<String> {
    let last = address.path_segments()?.rfind(|part| !part.is_empty())?;
    forms::notion_id(last)
}

/// The runbook links of a message that lead to no document.
pub type UnknownLinks = Vec<String>;

impl Addresses {
    /// Collects the addresses of a library's documents. `base_url`: address at which documents without a source are
    /// published.
    pub fn of(library: &Library, base_url: Option<&str>) -> Self {
        let mut addresses = Addresses {
            is_incomplete: library.runbooks.is_empty() || library.sources.iter().any(|source| source.documents == 0),
            ..Addresses::default()
        };
        for (at, document) in (0..).zip(&library.runbooks) {
            for form in document_forms(document, base_url) {
                addresses.add(&form, at);
            }
        }
        addresses
    }

    fn add(&mut self, form: &str, document: u32) {
        for key in [key(form, true), key(form, false)] {
            let known = self.documents.entry(key).or_insert(Some(document));
            if known.is_some_and(|known| known != document) {
                *known = None;
            }
        }
    }

    /// Returns the topic that an address leads to: the section of its anchor, else the whole document.
    pub fn find(&self, library: &Library, url: &str) -> Option<TopicId> {
        let (forms, fragment) = Forms::of(url)?.with_fragment();
        let by = |is_exact: bool| {
            let mut keys = forms.iter().map(|form| key(form, is_exact));
            keys.find_map(|key| self.documents.get(&key).copied().flatten())
        };
        // The case of letters decides only between documents that differ in nothing else.
        let runbook = by(true).or_else(|| by(false))? as usize;
        let section = section::of_fragment(library.runbooks.get(runbook)?, &fragment);
        Some(TopicId {
            runbook,
            section: section.unwrap_or(0),
        })
    }

    /// Puts the documents that an alert links to first among the matches, in the order of the links: they are certain.
    /// `by_bot`: a bot wrote the text; a person's text has to show an alert. Returns the links that lead to no document.
    pub fn lead(&self, library: &Library, text: &str, by_bot: bool, outcome: &mut Outcome) -> UnknownLinks {
        let links = alert_links::certain(text, by_bot);
        let mut unknown = UnknownLinks::new();
        for link in links.iter().rev() {
            match self.find(library, &link.url) {
                Some(topic) => put_first(library, topic, link, outcome),
                None if self.is_incomplete => {}
                None => unknown.push(link.url.clone()),
            }
        }
        unknown
    }

    /// Puts the documents first whose addresses a question consists of; those of a longer text follow its matches.
    pub fn asked(&self, library: &Library, text: &str, outcome: &mut Outcome) {
        let links = links_in(text);
        let is_question = alert_links::is_short(text);
        for link in links.iter().rev() {
            if let Some(topic) = self.find(library, &link.url)
                && (is_question || link.kind.is_some() || outcome.matches.is_empty())
            {
                put_first(library, topic, link, outcome);
            }
        }
    }
}

/// Returns true for a match that rests on a link to its document.
pub fn is_linked(found: &Match) -> bool {
    let first = found.evidence.first();
    first.is_some_and(|first| first.kind == SignatureKind::Pattern && first.signature.starts_with("http"))
}

/// Moves the match of a linked topic to the front, or makes one.
fn put_first(library: &Library, topic: TopicId, link: &AlertLink, outcome: &mut Outcome) {
    let Some(runbook) = library.runbook(topic) else { return };
    if runbook.front.signpost.answer == Some(false) {
        return;
    }
    // Where the link names no section, the text may tell which one it is about.
    let is_it = |found: &Match| {
        found.topic.runbook == topic.runbook && (topic.section == 0 || found.topic.section == topic.section)
    };
    let known = outcome.matches.iter().position(is_it);
    let known = known.map(|at| outcome.matches.remove(at)).or_else(|| {
        let near = outcome.near.iter().position(|near| near.topic == topic)?;
        Some(outcome.near.remove(near))
    });
    outcome.near.retain(|near| near.topic.runbook != topic.runbook);
    let mut found = known.unwrap_or_else(|| Match {
        topic,
        confidence: 1.0,
        answered: true,
        ..Match::default()
    });
    found.confidence = 1.0;
    found.answered = true;
    if found.evidence.iter().all(|evidence| evidence.signature != link.url) {
        let evidence = Evidence {
            line: link.line,
            text: link.text.clone(),
            signature: link.url.clone(),
            kind: SignatureKind::Pattern,
        };
        found.evidence.insert(0, evidence);
    }
    outcome.matches.insert(0, found);
}

/// All forms of a document's addresses.
fn document_forms(document: &Document, base_url: Option<&str>) -> Vec<String> {
    let path = document.path_in_source();
    let source = document.source();
    let base_url = source.map_or(base_url, |source| source.base_url.as_deref());
    let mut out = Vec::new();
    if let Some(base_url) = base_url {
        out.extend(forms::below(base_url, path));
    }
    if let Some(repository) = source.and_then(|source| source.repository.as_ref()) {
        out.extend(forms::in_repository(&repository.url, &repository.path, path));
    }
    for address in document.addresses() {
        out.extend(forms::own(address, base_url));
    }
    // A page that tells its own address is no other wiki's page of the same id or title.
    let is_addressed = document.addresses().any(|address| address.contains("://"));
    let by_name = forms::by_file_name(path).into_iter();
    out.extend(by_name.filter(|form| !is_addressed || !form.starts_with("confluence")));
    out.sort_unstable();
    out.dedup();
    out
}

fn key(form: &str, is_exact: bool) -> u64 {
    let mut hasher = DefaultHasher::new();
    is_exact.hash(&mut hasher);
    if is_exact {
        form.hash(&mut hasher);
    } else {
        form.to_lowercase().hash(&mut hasher);
    }
    hasher.finish()
}
