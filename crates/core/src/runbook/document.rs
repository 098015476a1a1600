//! A runbook in a library. Only what is needed to find it by name is kept in memory; the rest is parsed again from its
//! text on demand: as blocks and inlines, ten thousand runbooks take ten times the space of their text, and few of them
//! are ever shown.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use super::{Data, Diagnostic, Diagnostics, DocumentSource, Format, Runbook, Value, document, parse, people};

/// A runbook that is parsed when more than its names is needed, and stays parsed as long as this library lives.
#[derive(Debug)]
pub struct Document {
    /// Path relative to the runbook folder, with `/`.
    pub path: String,
    /// The displayed title.
    pub title: String,
    reading: Arc<Reading>,
    opened: OnceLock<Box<Runbook>>,
}

/// Identity of one reading of a document: a different one after its text, or data that it names, has changed.
#[derive(Debug, Clone)]
pub struct Edition(Arc<Reading>);

#[derive(Debug)]
struct Reading {
    content: DocumentContent,
    /// The source and the path within it; `None` where the document has no source but the folder.
    source: Option<(Arc<DocumentSource>, Box<str>)>,
    /// Front matter's `runbook-name` and `title`.
    names: Vec<String>,
    /// Section and title of every topic.
    topics: Box<[(usize, Box<str>)]>,
    /// The addresses that the document gives itself, as written.
    addresses: Box<[Box<str>]>,
}

#[derive(Debug)]
enum DocumentContent {
    /// The text as written, with the data that it names.
    Text { text: Box<str>, data: Option<Arc<Data>> },
    /// A runbook that came without its text.
    Runbook(Box<Runbook>),
}

impl Document {
    /// Reads a document, as [`parse`] does, and returns the runbook as well.
    pub fn read(path: &str, text: &str, data: &Arc<Data>) -> (Option<(Document, Runbook)>, Vec<Diagnostic>) {
        Self::read_from(None, path, text, data)
    }

    /// Reads a document of a source like [`Self::read`]; `path` is the one within the source. The diagnostics name that
    /// path.
    pub fn read_from(
        source: Option<&Arc<DocumentSource>>,
        path: &str,
        text: &str,
        data: &Arc<Data>,
    ) -> (Option<(Document, Runbook)>, Vec<Diagnostic>) {
        let (runbook, diagnostics) = parse(path, text, data);
        let read = runbook.map(|mut runbook| {
            let mut names_data = may_name_data(path, text);
            // Before the source adds the address of the path.
            let addresses = addresses(&runbook);
            names_data |= people::complete(&mut runbook, path, data);
            if let Some(source) = source {
                source.complete(&mut runbook, data);
                names_data |= source.names_data();
            }
            let content = DocumentContent::Text {
                text: text.into(),
                data: names_data.then(|| Arc::clone(data)),
            };
            let reading = Reading {
                content,
                source: source.map(|source| (Arc::clone(source), path.into())),
                names: names(&runbook),
                topics: topics(&runbook),
                addresses,
            };
            let document = Document::new(runbook.path.clone(), runbook.title.clone(), reading);
            (document, runbook)
        });
        (read, diagnostics)
    }

    fn new(path: String, title: String, reading: Reading) -> Document {
        Document {
            path,
            title,
            reading: Arc::new(reading),
            opened: OnceLock::new(),
        }
    }

    /// Front matter's `runbook-name` and `title`.
    pub fn names(&self) -> &[String] {
        &self.reading.names
    }

    /// Returns the addresses that the document gives itself, as written: absolute, or relative to the place where its
    /// source is published.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        self.reading.addresses.iter().map(AsRef::as_ref)
    }

    /// Returns the document's path within its source.
    pub fn path_in_source(&self) -> &str {
        let source = self.reading.source.as_ref();
        source.map_or(self.path.as_str(), |(_, path)| path)
    }

    /// Returns the section and title of every topic, in document order.
    pub fn titles(&self) -> impl Iterator<Item = (usize, &str)> {
        let topics = self.reading.topics.iter();
        topics.map(|(section, title)| (*section, title.as_ref()))
    }

    /// Returns the source that the document comes from; `None` where there is only the folder.
    pub fn source(&self) -> Option<&DocumentSource> {
        self.reading.source.as_ref().map(|(source, _)| source.as_ref())
    }

    /// Returns the text that the document was read from; `None` if it came without one.
    pub fn text(&self) -> Option<&str> {
        match &self.reading.content {
            DocumentContent::Text { text, .. } => Some(text),
            DocumentContent::Runbook(_) => None,
        }
    }

    /// Returns true when other data may change how the document reads.
    pub fn may_name_data(&self) -> bool {
        matches!(&self.reading.content, DocumentContent::Text { data: Some(_), .. })
    }

    /// Identifies this reading of the document.
    pub fn edition(&self) -> Edition {
        Edition(Arc::clone(&self.reading))
    }

    /// Calls a function with the runbook, without keeping it parsed.
    pub fn look<R>(&self, look: impl FnOnce(&Runbook) -> R) -> R {
        match (self.opened.get(), &self.reading.content) {
            (Some(runbook), _) | (None, DocumentContent::Runbook(runbook)) => look(runbook),
            _ => look(&self.open()),
        }
    }

    fn open(&self) -> Runbook {
        match &self.reading.content {
            DocumentContent::Runbook(runbook) => Runbook::clone(runbook),
            DocumentContent::Text { text, data } => {
                let none = BTreeMap::new();
                let data = data.as_deref().unwrap_or(&none);
                let path = self.path_in_source();
                // The first reading made it a runbook; should it no longer be one, it is at least text.
                let mut runbook = parse(path, text, data).0.unwrap_or_else(|| {
                    let mut unheard = Diagnostics {
                        path,
                        found: Vec::new(),
                    };
                    document(path, text, data, &mut unheard)
                });
                people::complete(&mut runbook, path, data);
                if let Some((source, _)) = &self.reading.source {
                    source.complete(&mut runbook, data);
                }
                runbook
            }
        }
    }
}

fn names(runbook: &Runbook) -> Vec<String> {
    let names = [&runbook.front.runbook_name, &runbook.front.title];
    names.into_iter().flatten().cloned().collect()
}

fn topics(runbook: &Runbook) -> Box<[(usize, Box<str>)]> {
    let topics = runbook.topics.iter();
    topics
        .map(|topic| (topic.section, topic.title.as_str().into()))
        .collect()
}

/// Returns the addresses that a document gives itself: where it is published, and the keys by which Jekyll, Hugo and
/// Docusaurus place a page.
fn addresses(runbook: &Runbook) -> Box<[Box<str>]> {
    const KEYS: [&str; 6] = ["permalink", "slug", "url", "canonical_url", "aliases", "redirect_from"];
    let keyed = KEYS.iter().filter_map(|key| runbook.front.other.get(*key));
    let keyed = keyed.flat_map(|value| match value {
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    });
    let own = runbook
        .url
        .as_deref()
        .into_iter()
        .chain(keyed.filter_map(Value::as_str));
    own.map(Into::into).collect()
}

/// Returns true when a document may name data: `site.data.…` in Liquid, a team under `signpost:`, people by name,
/// attributes and files that AsciiDoc documents share.
fn may_name_data(path: &str, text: &str) -> bool {
    let shares = Format::of(path, text) == Format::AsciiDoc && (text.contains('{') || text.contains("::"));
    shares || text.contains("site") || text.contains("signpost") || people::may_be_named(text)
}

impl Deref for Document {
    type Target = Runbook;

    fn deref(&self) -> &Runbook {
        match &self.reading.content {
            DocumentContent::Runbook(runbook) => runbook,
            DocumentContent::Text { .. } => self.opened.get_or_init(|| Box::new(self.open())),
        }
    }
}

/// Shares the reading; the clone is not parsed yet.
impl Clone for Document {
    fn clone(&self) -> Document {
        Document {
            path: self.path.clone(),
            title: self.title.clone(),
            reading: Arc::clone(&self.reading),
            opened: OnceLock::new(),
        }
    }
}

/// Compares path, source, text and data.
impl PartialEq for Document {
    fn eq(&self, other: &Document) -> bool {
        let same = || match (&self.reading.content, &other.reading.content) {
            (
                DocumentContent::Text { text, data },
                DocumentContent::Text {
                    text: others,
                    data: theirs,
                },
            ) => text == others && data == theirs,
            (DocumentContent::Runbook(one), DocumentContent::Runbook(other)) => one == other,
            _ => false,
        };
        let is_same_place = self.path == other.path && self.source() == other.source();
        is_same_place && (Arc::ptr_eq(&self.reading, &other.reading) || same())
    }
}

impl PartialEq for Edition {
    fn eq(&self, other: &Edition) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl From<Runbook> for Document {
    fn from(runbook: Runbook) -> Document {
        let (path, title) = (runbook.path.clone(), runbook.title.clone());
        let (names, topics, addresses) = (names(&runbook), topics(&runbook), addresses(&runbook));
        let reading = Reading {
            content: DocumentContent::Runbook(Box::new(runbook)),
            source: None,
            names,
            topics,
            addresses,
        };
        Document::new(path, title, reading)
    }
}
