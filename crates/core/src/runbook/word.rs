//! Reader of Word documents (`.docx`, Office Open XML): makes HTML of them, which the reader of pages understands.
//!
//! A document has no lines. In the HTML each paragraph has a line of its own, so that the number of a line is that of a
//! paragraph. Read are text, headings, lists, tables, links, bookmarks and code; not read are pictures, headers, footers,
//! comments, footnotes and deleted text.
//! <https://ecma-international.org/publications-and-standards/standards/ecma-376/>

mod body;
mod flow;
mod paragraph;
mod styles;

use std::collections::HashMap;
use std::io::{Read, Seek};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use styles::{ListKinds, StyleSheet};

/// Most bytes of the document's own part, unpacked.
const LONGEST_BODY: u64 = 32 * 1024 * 1024;
/// Most bytes of any other part, unpacked.
const LONGEST_PART: u64 = 8 * 1024 * 1024;
/// Most bytes of the HTML. Marks make it longer than the text.
const LONGEST_HTML: usize = 8 * 1024 * 1024;
/// Most entries of the package.
const MOST_ENTRIES: usize = 20_000;

/// The parts of a package that say how its body is meant.
#[derive(Debug, Default)]
struct WordParts {
    styles: StyleSheet,
    lists: ListKinds,
    /// Addresses by the id of their relationship.
    links: HashMap<String, String>,
}

/// Reads a Word document and returns it as HTML.
///
/// # Errors
///
/// The reason why the file is no document that can be read.
pub fn to_html(file: impl Read + Seek) -> Result<String, &'static str> {
    let mut package = ZipArchive::new(file).map_err(|_| "the file is not a Word document, or it is damaged")?;
    if package.len() > MOST_ENTRIES {
        return Err("the document has too many parts");
    }
    let main = main_part(&package).ok_or("the file does not contain the text of a Word document")?;
    let body = part(&mut package, &main, LONGEST_BODY)?.ok_or("the document's text cannot be unpacked")?;
    let (folder, name) = main.rsplit_once('/').unwrap_or(("", &main));
    let mut beside = |path: String| part(&mut package, &path, LONGEST_PART).map(Option::unwrap_or_default);
    let mut parts = WordParts {
        styles: styles::style_sheet(&beside(format!("{folder}/styles.xml"))?),
        lists: styles::list_kinds(&beside(format!("{folder}/numbering.xml"))?),
        links: links(&beside(format!("{folder}/_rels/{name}.rels"))?),
    };
    parts.styles.resolve();
    let html = body::html(&body, &parts);
    if html.len() > LONGEST_HTML {
        return Err("the document is too long");
    }
    Ok(html)
}

/// Path of the part with the text. Some programs name it `document2.xml`.
fn main_part<R: Read + Seek>(package: &ZipArchive<R>) -> Option<String> {
    let is_main = |name: &String| {
        let rest = name.strip_prefix("word/document");
        let rest = rest.and_then(|rest| rest.strip_suffix(".xml"));
        rest.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let names = package.file_names().filter_map(|name| Some(name.ok()?.into_owned()));
    names.filter(is_main).min()
}

/// The text of a part; `None` where there is none. What a part claims to be is not believed: bytes are counted as they come.
fn part<R: Read + Seek>(package: &mut ZipArchive<R>, path: &str, most: u64) -> Result<Option<String>, &'static str> {
    let Ok(entry) = package.by_name(path) else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    let mut limited = entry.take(most + 1);
    limited
        .read_to_end(&mut bytes)
        .map_err(|_| "a part of the document is damaged")?;
    if bytes.len() as u64 > most {
        return Err("a part of the document is too large");
    }
    Ok(Some(String::from_utf8(bytes).unwrap_or_else(|error| {
        String::from_utf8_lossy(error.as_bytes()).into_owned()
    })))
}

/// Addresses outside the document, by the id of their relationship.
fn links(text: &str) -> HashMap<String, String> {
    let mut links = HashMap::new();
    let mut reader = reader(text);
    while let Some(event) = next(&mut reader) {
        let (Event::Start(element) | Event::Empty(element)) = &event else {
            continue;
        };
        if attribute(element, "TargetMode").as_deref() == Some("External")
            && let (Some(id), Some(target)) = (attribute(element, "Id"), attribute(element, "Target"))
        {
            links.insert(id, target);
        }
    }
    links
}

/// A reader of a part. It expands no entities of the document's own.
fn reader(text: &str) -> Reader<&[u8]> {
    let mut reader = Reader::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    reader
}

/// The next event; `None` at the end, and at a fault: what was read before it counts.
fn next<'t>(reader: &mut Reader<&'t [u8]>) -> Option<Event<'t>> {
    reader.read_event().ok().filter(|event| !matches!(event, Event::Eof))
}

/// The value of an attribute, with entities resolved.
fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let value = element.try_get_attribute(name).ok()??.value;
    let resolved = quick_xml::escape::unescape(&value)
        .ok()
        .map(std::borrow::Cow::into_owned);
    Some(resolved.unwrap_or_else(|| value.into_owned()))
}

/// True for a property that is switched on: present, unless its value says otherwise.
fn is_on(element: &BytesStart<'_>) -> bool {
    !matches!(
        attribute(element, "w:val").as_deref(),
        Some("0" | "false" | "off" | "none")
    )
}
