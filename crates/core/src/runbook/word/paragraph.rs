//! A paragraph of a Word document while it is read.

use super::WordParts;
use super::styles::ParagraphKind;

/// Format of a run of text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct RunFormat {
    pub(super) is_bold: bool,
    pub(super) is_italic: bool,
    pub(super) is_code: bool,
    pub(super) is_hidden: bool,
}

/// A piece of a paragraph.
#[derive(Debug)]
enum WordPiece {
    /// Text, escaped for HTML.
    Text(RunFormat, String),
    /// An anchor, or the start or the end of a link.
    Mark(String),
}

/// A paragraph.
#[derive(Debug, Default)]
pub(super) struct WordParagraph {
    pub(super) style: String,
    /// Numbering and level, where the paragraph itself names them.
    pub(super) list: Option<(String, usize)>,
    pub(super) outline: Option<ParagraphKind>,
    pub(super) is_indented: bool,
    pieces: Vec<WordPiece>,
}

impl WordParagraph {
    /// Adds text, escaped for HTML.
    pub(super) fn text(&mut self, format: RunFormat, text: &str) {
        if format.is_hidden {
            return;
        }
        match self.pieces.last_mut() {
            Some(WordPiece::Text(last, known)) if *last == format => known.push_str(text),
            _ => self.pieces.push(WordPiece::Text(format, text.to_owned())),
        }
    }

    /// Adds a mark of HTML.
    pub(super) fn mark(&mut self, mark: String) {
        self.pieces.push(WordPiece::Mark(mark));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.texts().all(|(_, text)| text.trim().is_empty())
    }

    fn texts(&self) -> impl Iterator<Item = (RunFormat, &str)> {
        self.pieces.iter().filter_map(|piece| match piece {
            WordPiece::Text(format, text) => Some((*format, text.as_str())),
            WordPiece::Mark(_) => None,
        })
    }

    /// Kind of the paragraph: by itself, by its style, or code where all of its text is.
    pub(super) fn kind(&self, parts: &WordParts) -> ParagraphKind {
        let kind = self.outline.unwrap_or_else(|| parts.styles.kind(&self.style));
        let is_code = || {
            let mut texts = self.texts().filter(|(_, text)| !text.trim().is_empty());
            let is_all = texts.all(|(format, _)| format.is_code);
            is_all && !self.is_empty() || parts.styles.is_code(&self.style)
        };
        if kind == ParagraphKind::Text && is_code() {
            return ParagraphKind::Code;
        }
        kind
    }

    /// Numbering and level: its own or those of its style. Numbering 0 switches that of the style off.
    pub(super) fn list(&self, parts: &WordParts) -> Option<(String, usize)> {
        let list = self.list.clone().or_else(|| parts.styles.list(&self.style))?;
        Some(list).filter(|(id, _)| !id.is_empty() && id != "0")
    }

    /// The text without marks, escaped for HTML.
    pub(super) fn plain(&self) -> String {
        self.texts().map(|(_, text)| text).collect()
    }

    /// The text as inlines of HTML. `is_marked`: with its formats.
    pub(super) fn inlines(&self, is_marked: bool) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            let (format, text) = match piece {
                WordPiece::Text(format, text) => (format, text),
                WordPiece::Mark(mark) => {
                    out.push_str(mark);
                    continue;
                }
            };
            let is_blank = text.trim().is_empty();
            let marks = [
                ("strong", format.is_bold),
                ("em", format.is_italic),
                ("code", format.is_code),
            ];
            let marks = marks.iter().filter(|(_, is_on)| *is_on && is_marked && !is_blank);
            let marks: Vec<&str> = marks.map(|(name, _)| *name).collect();
            for mark in &marks {
                out.extend(["<", mark, ">"]);
            }
            out.push_str(&text.replace('\n', "<br>"));
            for mark in marks.iter().rev() {
                out.extend(["</", mark, ">"]);
            }
        }
        out
    }
}
