//! Larger libraries to measure with: runbooks of the library again, with words swapped for other words of it. Words
//! are drawn as often as they occur, so that common words stay common; digits become other digits, so that codes and
//! names are new ones. The same on every run.

use std::sync::LazyLock;

use regex::Regex;
use signpost::runbook::{Block, BlockKind, Inline, Library, Runbook, plain_block, walk};

/// A placeholder, a hump of a name or a word, a number.
static PIECE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"<[^<>\n]{1,40}>|[A-Z]?[a-z]+|[A-Z]+|[0-9]").unwrap());

/// How many of a hundred words are swapped.
const SWAPPED: u64 = 40;

/// Swaps words.
pub(crate) struct Variants {
    lower: Vec<String>,
    capital: Vec<String>,
    upper: Vec<String>,
    seed: u64,
}

impl Variants {
    /// With the words of a library.
    pub(crate) fn new(library: &Library) -> Variants {
        let mut variants = Variants {
            lower: Vec::new(),
            capital: Vec::new(),
            upper: Vec::new(),
            seed: 0x5eed_5eed_5eed_5eed,
        };
        for section in library.runbooks.iter().flat_map(|runbook| &runbook.sections) {
            variants.learn(&section.heading);
            walk(&section.blocks, &mut |block| variants.learn(&plain_block(block)));
        }
        variants
    }

    fn learn(&mut self, text: &str) {
        for piece in PIECE.find_iter(text).map(|piece| piece.as_str()) {
            if let Some(pool) = self.pool(piece) {
                pool.push(piece.to_owned());
            }
        }
    }

    fn pool(&mut self, piece: &str) -> Option<&mut Vec<String>> {
        let mut letters = piece.chars();
        let first = letters.next()?;
        match letters.next() {
            Some(second) if first.is_ascii_uppercase() && second.is_ascii_uppercase() => Some(&mut self.upper),
            Some(_) if first.is_ascii_uppercase() => Some(&mut self.capital),
            Some(_) if first.is_ascii_lowercase() => Some(&mut self.lower),
            _ => None,
        }
    }

    /// A library of so many runbooks: an even choice of the library's own, or all of them and then variants.
    pub(crate) fn library(&mut self, library: &Library, runbooks: usize) -> Library {
        let own = library.runbooks.len();
        let chosen = |at: &usize| at * runbooks / own != (at + 1) * runbooks / own;
        let mut grown = Library {
            runbooks: (0..own).filter(chosen).map(|at| library.runbooks[at].clone()).collect(),
            ..Library::default()
        };
        for number in own..runbooks {
            let variant = self.runbook(&library.runbooks[number % own], number);
            grown.runbooks.push(variant.into());
        }
        grown
    }

    fn runbook(&mut self, original: &Runbook, number: usize) -> Runbook {
        let mut runbook = original.clone();
        runbook.path = format!("~generated/{number:06}/{}", self.text(&original.path));
        runbook.title = self.text(&original.title);
        runbook.front = signpost::runbook::FrontMatter::default();
        for section in &mut runbook.sections {
            section.heading = self.text(&section.heading);
            section.rule = None;
            self.blocks(&mut section.blocks);
        }
        runbook
    }

    fn blocks(&mut self, blocks: &mut [Block]) {
        for block in blocks {
            match &mut block.kind {
                BlockKind::Heading(inlines) | BlockKind::Paragraph(inlines) => self.inlines(inlines),
                BlockKind::Code { text, .. } => *text = self.text(text),
                BlockKind::List { items, .. } => items.iter_mut().for_each(|item| self.blocks(&mut item.blocks)),
                BlockKind::Table { head, rows } => {
                    for cell in std::iter::once(head).chain(rows).flatten() {
                        self.inlines(cell);
                    }
                }
                BlockKind::Quote(inner) => self.blocks(inner),
                BlockKind::Definitions(definitions) => {
                    for definition in definitions {
                        self.inlines(&mut definition.term);
                        definition.details.iter_mut().for_each(|detail| self.blocks(detail));
                    }
                }
                BlockKind::Rule | BlockKind::Buttons(_) => {}
            }
        }
    }

    fn inlines(&mut self, inlines: &mut [Inline]) {
        for inline in inlines {
            match inline {
                Inline::Text(text) | Inline::Code(text) => *text = self.text(text),
                Inline::Strong(inner) | Inline::Emphasis(inner) | Inline::Strike(inner) => self.inlines(inner),
                Inline::Link { label, .. } => self.inlines(label),
                Inline::Image { .. } | Inline::Break | Inline::Time(_) => {}
            }
        }
    }

    fn text(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut end = 0;
        for piece in PIECE.find_iter(text) {
            out.push_str(&text[end..piece.start()]);
            end = piece.end();
            let draw = self.draw();
            let word = piece.as_str();
            if word.starts_with(|c: char| c.is_ascii_digit()) {
                out.push(char::from(b'0' + (draw % 10) as u8));
                continue;
            }
            match self.pool(word).filter(|pool| !pool.is_empty() && draw % 100 < SWAPPED) {
                Some(pool) => out.push_str(&pool[(draw / 100) as usize % pool.len()]),
                None => out.push_str(word),
            }
        }
        out.push_str(&text[end..]);
        out
    }

    /// The next random number (xorshift).
    fn draw(&mut self) -> u64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        self.seed >> 8
    }
}
