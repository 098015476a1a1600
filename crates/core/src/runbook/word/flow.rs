//! HTML made of paragraphs: headings, nested lists, code, tables. Each paragraph ends its line.

use std::collections::HashMap;
use std::fmt::{self, Write as _};

use super::WordParts;
use super::paragraph::WordParagraph;
use super::styles::ParagraphKind;

/// Deepest nesting of lists.
const DEEPEST: usize = 8;

/// A list that is open; its last item, too.
#[derive(Debug)]
struct OpenWordList {
    /// Numbering in the document.
    id: String,
    level: usize,
    is_numbered: bool,
}

/// The HTML of the body or of a cell of a table.
#[derive(Debug, Default)]
pub(super) struct WordFlow {
    html: String,
    lists: Vec<OpenWordList>,
    is_in_code: bool,
    /// Ends of lines of empty paragraphs after code, which become empty lines of it if more code follows.
    empty: usize,
}

/// State that all flows of a document share.
#[derive(Debug, Default)]
pub(super) struct WordCounts {
    /// The next number of a list, by numbering and level, where other text interrupts it.
    numbers: HashMap<(String, usize), u32>,
    /// The document's title.
    pub(super) title: Option<String>,
}

impl WordFlow {
    /// Adds a paragraph.
    pub(super) fn paragraph(&mut self, paragraph: &WordParagraph, parts: &WordParts, counts: &mut WordCounts) {
        let kind = paragraph.kind(parts);
        let list = paragraph.list(parts);
        match kind {
            ParagraphKind::Code if list.is_none() => return self.code(paragraph),
            _ if paragraph.is_empty() && self.is_in_code => {
                self.empty += 1;
                return;
            }
            _ => self.end_code(),
        }
        match kind {
            _ if paragraph.is_empty() => self.html.push_str(&paragraph.inlines(false)),
            ParagraphKind::Contents => {}
            ParagraphKind::Title if counts.title.is_none() => counts.title = Some(paragraph.plain()),
            ParagraphKind::Title => self.heading(1, paragraph),
            ParagraphKind::Heading(level) => self.heading(level, paragraph),
            ParagraphKind::Text | ParagraphKind::Code => {
                if let Some((id, level)) = list {
                    self.item(&id, level.min(DEEPEST), paragraph, parts, counts);
                } else {
                    if !paragraph.is_indented {
                        self.end_lists(0);
                    }
                    self.put(format_args!("<p>{}</p>", paragraph.inlines(true)));
                }
            }
        }
        self.html.push('\n');
    }

    fn put(&mut self, html: fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.html.write_fmt(html);
    }

    fn heading(&mut self, level: u8, paragraph: &WordParagraph) {
        self.end_lists(0);
        self.put(format_args!("<h{level}>{}</h{level}>", paragraph.inlines(false)));
    }

    /// Adds an item to the list of its numbering and level, which may continue one that was interrupted.
    fn item(&mut self, id: &str, level: usize, paragraph: &WordParagraph, parts: &WordParts, counts: &mut WordCounts) {
        while self
            .lists
            .last()
            .is_some_and(|list| list.level > level || list.level == level && list.id != id)
        {
            self.end_lists(self.lists.len() - 1);
        }
        let (is_numbered, first) = parts.lists.level(id, level);
        let is_new = self.lists.last().is_none_or(|list| list.level < level);
        if is_new && !self.lists.is_empty() {
            // A list within an item starts anew.
            counts.numbers.remove(&(id.to_owned(), level));
        }
        let next = counts.numbers.entry((id.to_owned(), level)).or_insert(first);
        let number = *next;
        *next = number.saturating_add(1);
        if is_new {
            match (is_numbered, number) {
                (false, _) => self.html.push_str("<ul>"),
                (true, 1) => self.html.push_str("<ol>"),
                (true, number) => self.put(format_args!("<ol start=\"{number}\">")),
            }
            self.lists.push(OpenWordList {
                id: id.to_owned(),
                level,
                is_numbered,
            });
        } else {
            self.html.push_str("</li>");
        }
        self.put(format_args!("<li><p>{}</p>", paragraph.inlines(true)));
    }

    fn end_lists(&mut self, left: usize) {
        while self.lists.len() > left {
            let is_numbered = self.lists.pop().is_some_and(|list| list.is_numbered);
            self.html
                .push_str(if is_numbered { "</li></ol>" } else { "</li></ul>" });
        }
    }

    /// Adds a line of code. Word makes quotation marks round and blanks wide, which no shell takes.
    fn code(&mut self, paragraph: &WordParagraph) {
        if self.is_in_code {
            self.html.push_str(&"\n".repeat(std::mem::take(&mut self.empty)));
        } else {
            if !paragraph.is_indented {
                self.end_lists(0);
            }
            self.html.push_str("<pre>");
            self.is_in_code = true;
        }
        let straight = |c: char| match c {
            '\u{201c}' | '\u{201d}' | '\u{201e}' => '"',
            '\u{2018}' | '\u{2019}' => '\'',
            '\u{a0}' => ' ',
            c => c,
        };
        self.html.extend(paragraph.plain().chars().map(straight));
        self.html.push('\n');
    }

    fn end_code(&mut self) {
        if self.is_in_code {
            self.html.push_str("</pre>");
            self.html.push_str(&"\n".repeat(std::mem::take(&mut self.empty)));
            self.is_in_code = false;
        }
    }

    /// Adds a table that is complete.
    pub(super) fn table(&mut self, html: &str) {
        self.end_code();
        if self.lists.is_empty() || !html.contains("<pre>") {
            self.end_lists(0);
        }
        self.html.push_str(html);
    }

    /// Ends everything and returns the HTML.
    pub(super) fn end(mut self) -> String {
        self.end_code();
        self.end_lists(0);
        self.html
    }
}

/// A table while it is read.
#[derive(Debug, Default)]
pub(super) struct WordTable {
    rows: Vec<String>,
    cells: usize,
    /// The row that is open.
    row: String,
    column: usize,
    pub(super) has_header: bool,
    pub(super) is_header_row: bool,
    /// Columns of the cell that is open.
    pub(super) span: usize,
    /// True where the cell continues the one above it.
    pub(super) is_continued: bool,
    /// The cell of each column that those below it continue.
    above: HashMap<usize, String>,
    /// Content of the last cell.
    only: String,
}

impl WordTable {
    /// Ends a cell. Returns the bytes that it repeats of the cell above.
    pub(super) fn cell(&mut self, html: String) -> usize {
        let name = if self.is_header_row || self.has_header && self.rows.is_empty() {
            "th"
        } else {
            "td"
        };
        let lines = html.matches('\n').count();
        let mut repeated = 0;
        let content = match self.above.get(&self.column).filter(|_| self.is_continued) {
            // On the lines of its own, so that those that follow keep their numbers.
            Some(above) => {
                repeated = above.len();
                format!("{}{}", above.replace('\n', " "), "\n".repeat(lines))
            }
            None => html,
        };
        let span = if self.span > 1 {
            format!(" colspan=\"{}\"", self.span.min(100))
        } else {
            String::new()
        };
        // Writing to a string cannot fail.
        let _ = write!(self.row, "<{name}{span}>{content}</{name}>");
        self.above.insert(self.column, content.clone());
        self.column += self.span.max(1);
        self.cells += 1;
        self.only = content;
        (self.span, self.is_continued) = (1, false);
        repeated
    }

    /// Ends a row.
    pub(super) fn row(&mut self) {
        self.rows.push(format!("<tr>{}</tr>", std::mem::take(&mut self.row)));
        self.column = 0;
        self.is_header_row = false;
    }

    /// Ends the table. A single cell is a frame around its content.
    pub(super) fn end(self) -> String {
        if self.cells == 1 {
            return self.only;
        }
        format!("<table>{}</table>", self.rows.concat())
    }
}
