//! Any text is read as a part of a Word document, or as a file that claims to be one: the first byte chooses the part.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};

use signpost::runbook::{parse, word};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Parts that the text may stand for.
const PARTS: [&str; 4] = [
    "word/document.xml",
    "word/styles.xml",
    "word/numbering.xml",
    "word/_rels/document.xml.rels",
];
const BODY: &str = "<w:document><w:body><w:p><w:pPr><w:pStyle w:val=\"a\"/><w:numPr><w:ilvl w:val=\"1\"/><w:numId w:val=\"1\"/>\
    </w:numPr></w:pPr><w:r><w:t>x</w:t></w:r></w:p></w:body></w:document>";

fn package(at: usize, text: &str) -> Option<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (part, path) in PARTS.iter().enumerate() {
        let content = match part {
            part if part == at => text,
            0 => BODY,
            _ => continue,
        };
        zip.start_file(*path, SimpleFileOptions::default()).ok()?;
        zip.write_all(content.as_bytes()).ok()?;
    }
    Some(zip.finish().ok()?.into_inner())
}

/// Panics where the code does what it must not. Returns true when the document has something to read.
pub fn run(input: (u8, &str)) -> bool {
    let (kind, text) = input;
    let bytes = match usize::from(kind) % 5 {
        4 => Some([b"PK\x03\x04", text.as_bytes()].concat()),
        part => package(part, text),
    };
    let Some(html) = bytes.and_then(|bytes| word::to_html(Cursor::new(bytes)).ok()) else {
        return false;
    };
    let (runbook, _) = parse("a.docx", &html, &BTreeMap::new());
    let lines = html.split('\n').count();
    assert!(
        runbook
            .as_ref()
            .is_none_or(|runbook| runbook.sections.iter().all(|section| section.line as usize <= lines))
    );
    runbook.is_some()
}
