//! Changes to a page's storage format before it is written to a file: addresses of the pages and attachments that it links to
//! by name, and the text of the pages that it includes. All else stays as the wiki gave it.

use std::borrow::Cow;
use std::fmt::Write as _;

use quick_xml::Reader;
use quick_xml::escape::{escape, resolve_html5_entity, unescape_with};
use quick_xml::events::{BytesStart, Event};
use url::Url;

/// Deepest inclusion: a page in a page in a page.
const DEEPEST: usize = 3;
/// Macros that show the text of another page, or a part of it.
const INCLUDES: [&str; 2] = ["include", "excerpt-include"];

/// The pages that a page may name.
pub(super) trait Book {
    /// Returns the id of a page by its title and the key of its space.
    fn find(&self, space: &str, title: &str) -> Option<&str>;

    /// Returns the address of a page.
    fn address(&self, id: &str) -> Option<String>;

    /// Returns the storage format of a page, where it was fetched.
    fn storage(&self, id: &str) -> Option<String>;

    /// Address of the wiki, without a slash at its end.
    fn site(&self) -> &Url;
}

/// A page that is being changed, and the pages that include it.
pub(super) struct StorageReader<'a> {
    book: &'a dyn Book,
    /// Key of the space of the outermost page.
    space: &'a str,
    /// Ids of the pages around, the outermost first, so that no page includes itself.
    around: Vec<String>,
    /// Bytes that may still be included.
    left: usize,
}

impl<'a> StorageReader<'a> {
    /// Creates a reader of one page. `most` bounds the text that it includes, in bytes.
    pub(super) fn new(book: &'a dyn Book, id: &str, space: &'a str, most: usize) -> StorageReader<'a> {
        StorageReader {
            book,
            space,
            around: vec![id.to_owned()],
            left: most,
        }
    }

    /// Returns a storage format with addresses and included texts. From a fault of its XML on it stays as it is.
    pub(super) fn completed(&mut self, storage: &str) -> String {
        let mut reader = reader(storage);
        let mut out = String::with_capacity(storage.len());
        let mut copied = 0;
        loop {
            let start = position(&reader);
            let Ok(event) = reader.read_event() else { break };
            let (element, is_empty) = match &event {
                Event::Start(element) => (element, false),
                Event::Empty(element) => (element, true),
                Event::Eof => break,
                _ => continue,
            };
            let name = attribute(element, "ac:name").unwrap_or_default();
            let is_include = element.name().as_ref() == "ac:structured-macro" && INCLUDES.contains(&name.as_ref());
            let changed = if is_include && !is_empty {
                let Ok(inside) = reader.read_to_end(element.name()) else {
                    break;
                };
                let inside = slice(storage, inside.start, inside.end);
                Some(self.included(&name, inside))
            } else {
                let tag = storage.get(start..position(&reader)).unwrap_or_default();
                self.with_address(element, is_empty, tag)
            };
            if let Some(changed) = changed {
                out.push_str(storage.get(copied..start).unwrap_or_default());
                out.push_str(&changed);
                copied = position(&reader);
            }
        }
        out.push_str(storage.get(copied..).unwrap_or_default());
        out
    }

    /// The start tag of a reference, with the address that it names.
    fn with_address(&self, element: &BytesStart<'_>, is_empty: bool, tag: &str) -> Option<String> {
        let address = match element.name().as_ref() {
            "ri:page" => self.address_of(element)?,
            // With an element inside, the file belongs to another page.
            "ri:attachment" if is_empty => {
                let mut address = self.book.site().clone();
                let id = self.around.last()?;
                let file = attribute(element, "ri:filename")?;
                let mut path = address.path_segments_mut().ok()?;
                path.pop_if_empty().extend(["download", "attachments", id, &file]);
                drop(path);
                address.to_string()
            }
            "a" => {
                let href =
                    attribute(element, "href").filter(|href| href.starts_with('/') && !href.starts_with("//"))?;
                let address = self.book.site().join(&href).ok()?;
                let raw = element.try_get_attribute("href").ok()??.value.into_owned();
                return Some(tag.replacen(&raw, &escape(address.as_str()), 1));
            }
            _ => return None,
        };
        let (body, end) = match tag.strip_suffix("/>") {
            Some(body) => (body, "/>"),
            None => (tag.strip_suffix('>')?, ">"),
        };
        Some(format!("{body} ri:value=\"{}\"{end}", escape(address)))
    }

    fn address_of(&self, page: &BytesStart<'_>) -> Option<String> {
        self.book.address(self.found(page)?)
    }

    /// The id of the page that a reference names: without a space, one of the same space.
    fn found(&self, page: &BytesStart<'_>) -> Option<&'a str> {
        let title = attribute(page, "ri:content-title")?;
        let space = attribute(page, "ri:space-key").unwrap_or(Cow::Borrowed(self.space));
        let book: &'a dyn Book = self.book;
        book.find(&space, &title)
    }

    /// The text of an included page; a link to it where it is not known, or included too deep or within itself.
    fn included(&mut self, name: &str, inside: &str) -> String {
        let mut reader = reader(inside);
        while let Ok(event) = reader.read_event() {
            let (Event::Start(page) | Event::Empty(page)) = &event else {
                if matches!(event, Event::Eof) {
                    break;
                }
                continue;
            };
            if page.name().as_ref() != "ri:page" {
                continue;
            }
            let id = self.found(page).map(str::to_owned);
            let text = id.as_deref().and_then(|id| self.text_of(id, name == "excerpt-include"));
            return text.unwrap_or_else(|| {
                let title = attribute(page, "ri:content-title").unwrap_or_default();
                let mut reference = format!("<p><ac:link><ri:page ri:content-title=\"{}\"", escape(title.as_ref()));
                if let Some(address) = id.and_then(|id| self.book.address(&id)) {
                    // Writing to a string cannot fail.
                    let _ = write!(reference, " ri:value=\"{}\"", escape(address));
                }
                reference.push_str("/></ac:link></p>");
                reference
            });
        }
        String::new()
    }

    fn text_of(&mut self, id: &str, is_excerpt: bool) -> Option<String> {
        if self.around.len() > DEEPEST || self.around.iter().any(|around| around == id) {
            return None;
        }
        let whole = self.book.storage(id)?;
        let text = if is_excerpt { excerpt(&whole)? } else { &whole };
        self.left = self.left.checked_sub(text.len())?;
        self.around.push(id.to_owned());
        let text = self.completed(text);
        self.around.pop();
        Some(text)
    }
}

/// Returns the titles and spaces of the pages that a page includes; `None` for the space of the page itself.
pub(super) fn includes(storage: &str) -> Vec<(Option<String>, String)> {
    let mut found = Vec::new();
    let mut reader = reader(storage);
    while let Ok(event) = reader.read_event() {
        let element = match &event {
            Event::Start(element) => element,
            Event::Eof => break,
            _ => continue,
        };
        let is_include = attribute(element, "ac:name").is_some_and(|name| INCLUDES.contains(&name.as_ref()));
        if !is_include {
            continue;
        }
        let Ok(span) = reader.read_to_end(element.name()) else {
            break;
        };
        let mut inside = self::reader(slice(storage, span.start, span.end));
        while let Ok(event) = inside.read_event() {
            match &event {
                Event::Start(page) | Event::Empty(page) if page.name().as_ref() == "ri:page" => {
                    let space = attribute(page, "ri:space-key").map(Cow::into_owned);
                    found.extend(attribute(page, "ri:content-title").map(|title| (space, title.into_owned())));
                }
                Event::Eof => break,
                _ => {}
            }
        }
    }
    found
}

/// The part of a page that is marked as its excerpt.
fn excerpt(storage: &str) -> Option<&str> {
    let mut reader = reader(storage);
    loop {
        let start = position(&reader);
        let event = reader.read_event().ok()?;
        match &event {
            Event::Start(element) if attribute(element, "ac:name").is_some_and(|name| name == "excerpt") => {
                reader.read_to_end(element.name()).ok()?;
                return storage.get(start..position(&reader));
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

/// A reader that takes what editors and add-ons write.
fn reader(storage: &str) -> Reader<&[u8]> {
    let mut reader = Reader::from_str(storage);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    reader
}

fn position(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

fn slice(text: &str, start: u64, end: u64) -> &str {
    let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    range.and_then(|(start, end)| text.get(start..end)).unwrap_or_default()
}

/// The value of an attribute, with HTML's entities resolved.
fn attribute<'e>(element: &'e BytesStart<'_>, name: &str) -> Option<Cow<'e, str>> {
    let value = element.try_get_attribute(name).ok()??.value;
    let resolved = unescape_with(&value, resolve_html5_entity).ok().map(Cow::into_owned);
    Some(resolved.map_or(value, Cow::Owned))
}
