//! The body of a Word document, element by element.

use quick_xml::escape::escape;
use quick_xml::events::{BytesStart, Event};

use super::flow::{WordCounts, WordFlow, WordTable};
use super::paragraph::{RunFormat, WordParagraph};
use super::styles::{font, is_code_font, kind_of_outline};
use super::{LONGEST_HTML, WordParts, attribute, is_on, next, reader};

/// Elements whose content is not shown: what was deleted or moved away, a second form of the same, and the properties
/// before a tracked change.
const LEFT_OUT: [&str; 9] = [
    "w:del",
    "w:moveFrom",
    "mc:Fallback",
    "w:fldData",
    "w:rPrChange",
    "w:pPrChange",
    "w:tblPrChange",
    "w:trPrChange",
    "w:tcPrChange",
];
/// Deepest nesting of tables; what is deeper becomes text of the table around it.
const DEEPEST: usize = 6;

/// A field such as a link, which Word may write as instructions among the runs.
#[derive(Debug, Default)]
struct WordField {
    instructions: String,
    is_link: bool,
    is_shown: bool,
}

/// Most paragraphs, and most cells, that are open at a time. Real ones are as many as text boxes and tables nest.
const MOST_OPEN: usize = 64;

/// Reader of the body.
struct BodyReader<'p> {
    parts: &'p WordParts,
    counts: WordCounts,
    /// The flows that are open: the body's and those of cells.
    flows: Vec<WordFlow>,
    tables: Vec<WordTable>,
    /// Number of open tables that are too deep.
    flattened: usize,
    /// The paragraphs that are open: one in a text box is within another.
    paragraphs: Vec<WordParagraph>,
    format: RunFormat,
    fields: Vec<WordField>,
    is_in_properties: bool,
    is_in_run: bool,
    is_in_text: bool,
    is_in_instructions: bool,
    /// Bytes of text so far.
    bytes: usize,
}

/// Makes HTML of a body.
pub(super) fn html(text: &str, parts: &WordParts) -> String {
    let mut body = BodyReader {
        parts,
        counts: WordCounts::default(),
        flows: vec![WordFlow::default()],
        tables: Vec::new(),
        flattened: 0,
        paragraphs: Vec::new(),
        format: RunFormat::default(),
        fields: Vec::new(),
        is_in_properties: false,
        is_in_run: false,
        is_in_text: false,
        is_in_instructions: false,
        bytes: 0,
    };
    let mut reader = reader(text);
    while let Some(event) = next(&mut reader) {
        match &event {
            Event::Start(element) if LEFT_OUT.contains(&element.name().as_ref()) => {
                let skipped = reader.read_to_end(element.name());
                if skipped.is_err() {
                    break;
                }
            }
            Event::Start(element) => body.start(element),
            Event::Empty(element) => {
                body.start(element);
                body.end(element.name().as_ref());
            }
            Event::End(element) => body.end(element.name().as_ref()),
            Event::Text(text) => body.text(text),
            Event::CData(text) => body.text(&escape(text.as_ref())),
            Event::GeneralRef(reference) => {
                let name: &str = reference;
                let is_known = name.starts_with('#') || ["amp", "lt", "gt", "quot", "apos"].contains(&name);
                body.text(&if is_known {
                    format!("&{name};")
                } else {
                    format!("&amp;{name};")
                });
            }
            _ => {}
        }
        if body.bytes > LONGEST_HTML {
            break;
        }
    }
    body.finish()
}

impl BodyReader<'_> {
    fn start(&mut self, element: &BytesStart<'_>) {
        let value = || attribute(element, "w:val");
        match element.name().as_ref() {
            "w:p" if self.paragraphs.len() < MOST_OPEN => self.paragraphs.push(WordParagraph::default()),
            "w:pPr" => self.is_in_properties = true,
            "w:r" => {
                self.is_in_run = true;
                self.format = RunFormat::default();
            }
            "w:t" => self.is_in_text = true,
            "w:instrText" => self.is_in_instructions = true,
            "w:tab" if self.is_in_run => self.text_of_run("\t"),
            "w:br" | "w:cr" if self.is_in_run => self.text_of_run("\n"),
            "w:noBreakHyphen" => self.text_of_run("-"),
            "w:fldChar" => self.field(attribute(element, "w:fldCharType").as_deref()),
            "w:hyperlink" => {
                let target = attribute(element, "r:id").and_then(|id| self.parts.links.get(&id).cloned());
                let target = target.or_else(|| attribute(element, "w:anchor").map(|anchor| format!("#{anchor}")));
                self.mark(format!("<a href=\"{}\">", escape(target.unwrap_or_default())));
            }
            "w:bookmarkStart" => {
                if let Some(name) = attribute(element, "w:name").filter(|name| name != "_GoBack") {
                    self.mark(format!("<a id=\"{}\"></a>", escape(name)));
                }
            }
            "w:tbl" if self.tables.len() >= DEEPEST => self.flattened += 1,
            "w:tbl" => self.tables.push(WordTable::default()),
            "w:tc" if self.flattened == 0 && !self.tables.is_empty() && self.flows.len() < MOST_OPEN => {
                self.flows.push(WordFlow::default());
            }
            "w:tblLook" | "w:tblHeader" | "w:gridSpan" | "w:vMerge" if self.flattened == 0 => {
                self.table_property(element);
            }
            name if self.is_in_properties => self.paragraph_property(name, element, value()),
            name if self.is_in_run => self.run_property(name, element, value()),
            _ => {}
        }
    }

    fn paragraph_property(&mut self, name: &str, element: &BytesStart<'_>, value: Option<String>) {
        let Some(paragraph) = self.paragraphs.last_mut() else {
            return;
        };
        match name {
            "w:pStyle" => paragraph.style = value.unwrap_or_default(),
            "w:ilvl" => {
                let level = value.and_then(|level| level.parse().ok()).unwrap_or(0);
                paragraph.list = Some((paragraph.list.take().map(|(id, _)| id).unwrap_or_default(), level));
            }
            "w:numId" => {
                let level = paragraph.list.take().map_or(0, |(_, level)| level);
                paragraph.list = Some((value.unwrap_or_default(), level));
            }
            "w:outlineLvl" => paragraph.outline = value.as_deref().and_then(kind_of_outline),
            "w:ind" => {
                let left = attribute(element, "w:left").or_else(|| attribute(element, "w:start"));
                paragraph.is_indented = left
                    .and_then(|left| left.parse::<i64>().ok())
                    .is_some_and(|left| left > 0);
            }
            _ => {}
        }
    }

    fn run_property(&mut self, name: &str, element: &BytesStart<'_>, value: Option<String>) {
        match name {
            "w:b" => self.format.is_bold = is_on(element),
            "w:i" => self.format.is_italic = is_on(element),
            "w:vanish" => self.format.is_hidden = is_on(element),
            "w:rFonts" => self.format.is_code |= font(element).is_some_and(|font| is_code_font(&font)),
            "w:rStyle" => self.format.is_code |= value.is_some_and(|style| self.parts.styles.is_code(&style)),
            _ => {}
        }
    }

    fn table_property(&mut self, element: &BytesStart<'_>) {
        let Some(table) = self.tables.last_mut() else { return };
        match element.name().as_ref() {
            "w:tblLook" => {
                let bits = attribute(element, "w:val").and_then(|bits| u32::from_str_radix(&bits, 16).ok());
                let flag = attribute(element, "w:firstRow").map(|flag| flag == "1" || flag == "true");
                table.has_header = flag.unwrap_or(bits.is_some_and(|bits| bits & 0x20 != 0));
            }
            "w:tblHeader" => table.is_header_row = is_on(element),
            "w:gridSpan" => {
                table.span = attribute(element, "w:val")
                    .and_then(|span| span.parse().ok())
                    .unwrap_or(1);
            }
            "w:vMerge" => table.is_continued = attribute(element, "w:val").as_deref() != Some("restart"),
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "w:p" => {
                if let (Some(paragraph), Some(flow)) = (self.paragraphs.pop(), self.flows.last_mut()) {
                    flow.paragraph(&paragraph, self.parts, &mut self.counts);
                }
            }
            "w:pPr" => self.is_in_properties = false,
            "w:r" => self.is_in_run = false,
            "w:t" => self.is_in_text = false,
            "w:instrText" => self.is_in_instructions = false,
            "w:hyperlink" => self.mark("</a>".to_owned()),
            "w:tbl" if self.flattened > 0 => self.flattened -= 1,
            "w:tc" if self.flattened == 0 && self.flows.len() > 1 => {
                if let (Some(flow), Some(table)) = (self.flows.pop(), self.tables.last_mut()) {
                    self.bytes += table.cell(flow.end());
                }
            }
            "w:tr" if self.flattened == 0 => {
                if let Some(table) = self.tables.last_mut() {
                    table.row();
                }
            }
            "w:tbl" => {
                if let (Some(table), Some(flow)) = (self.tables.pop(), self.flows.last_mut()) {
                    flow.table(&table.end());
                }
            }
            _ => {}
        }
    }

    /// Text of an element, escaped as it is in the file.
    fn text(&mut self, text: &str) {
        if self.is_in_instructions {
            if let Some(field) = self.fields.last_mut() {
                field.instructions.push_str(text);
            }
        } else if self.is_in_text {
            self.text_of_run(text);
        }
    }

    fn text_of_run(&mut self, text: &str) {
        self.bytes += text.len();
        if let Some(paragraph) = self.paragraphs.last_mut() {
            paragraph.text(self.format, text);
        }
    }

    fn mark(&mut self, mark: String) {
        self.bytes += mark.len();
        if let Some(paragraph) = self.paragraphs.last_mut() {
            paragraph.mark(mark);
        }
    }

    /// Follows a field: its instructions, then its text. Links alone have a meaning.
    fn field(&mut self, kind: Option<&str>) {
        match kind {
            Some("begin") => self.fields.push(WordField::default()),
            Some("separate") => {
                let Some(field) = self.fields.last_mut().filter(|field| !field.is_shown) else {
                    return;
                };
                field.is_shown = true;
                let link = link_of(&field.instructions);
                field.is_link = link.is_some();
                if let Some(link) = link {
                    // The instructions are escaped as in the file, but for quotation marks.
                    self.mark(format!("<a href=\"{}\">", link.replace('"', "&quot;")));
                }
            }
            Some("end") => {
                let field = self.fields.pop();
                if field.is_some_and(|field| field.is_link) {
                    self.mark("</a>".to_owned());
                }
            }
            _ => {}
        }
    }

    /// Ends what is open, as in a file that is cut off.
    fn finish(mut self) -> String {
        while let Some(paragraph) = self.paragraphs.pop() {
            if let Some(flow) = self.flows.last_mut() {
                flow.paragraph(&paragraph, self.parts, &mut self.counts);
            }
        }
        while self.flows.len() > 1 {
            self.end("w:tc");
            self.end("w:tr");
            self.end("w:tbl");
        }
        let body = self.flows.pop().map(WordFlow::end).unwrap_or_default();
        let title = self.counts.title.unwrap_or_default();
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        let head = if title.is_empty() {
            String::new()
        } else {
            format!(
                "<meta name=\"signpost-title\" content=\"{}\">",
                title.replace('"', "&quot;")
            )
        };
        format!(
            "<!DOCTYPE html><html><head>{head}</head><body><main id=\"main-content\" class=\"wiki-content\">{body}</main></body>\
             </html>\n"
        )
    }
}

/// The address of a link's instructions: `HYPERLINK "https://…"`, or `HYPERLINK \l "bookmark"`.
fn link_of(instructions: &str) -> Option<String> {
    let text = instructions.replace("&quot;", "\"");
    let rest = text.trim_start().strip_prefix("HYPERLINK")?.trim_start();
    let is_inside = rest.starts_with("\\l");
    let target = rest.split('"').nth(1)?;
    Some(if is_inside {
        format!("#{target}")
    } else {
        target.to_owned()
    })
}
