//! Styles and numberings of a Word document, as far as they tell what a paragraph is.

use std::collections::HashMap;

use quick_xml::events::Event;

use super::{attribute, next, reader};

/// Longest chain of styles that are based on each other.
const LONGEST_CHAIN: usize = 12;
/// Parts of names of styles for code, in lower case.
const CODE_STYLES: [&str; 9] = [
    "code",
    "source",
    "preformatted",
    "console",
    "terminal",
    "command",
    "listing",
    "macro text",
    "verbatim",
];
/// Fonts for code, or parts of their names, in lower case.
const CODE_FONTS: [&str; 9] = [
    "courier",
    "consolas",
    "lucida console",
    "menlo",
    "monaco",
    "mono",
    "source code",
    "fira code",
    "andale",
];

/// Meaning of a paragraph's style.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum ParagraphKind {
    #[default]
    Text,
    /// The document's title.
    Title,
    /// A heading of a level, 1 to 6.
    Heading(u8),
    Code,
    /// A line of the table of contents.
    Contents,
}

/// A style with what it tells.
#[derive(Debug, Clone, Default)]
pub(super) struct WordStyle {
    kind: Option<ParagraphKind>,
    is_code_font: Option<bool>,
    /// Numbering and level.
    list: Option<(String, usize)>,
    based_on: Option<String>,
}

/// The styles by id.
#[derive(Debug, Default)]
pub(super) struct StyleSheet(HashMap<String, WordStyle>);

impl StyleSheet {
    /// Takes over what the styles below each style tell.
    pub(super) fn resolve(&mut self) {
        let known = self.0.clone();
        for style in self.0.values_mut() {
            let mut base = style.based_on.as_ref();
            for _ in 0..LONGEST_CHAIN {
                let Some(below) = base.and_then(|id| known.get(id)) else {
                    break;
                };
                style.kind = style.kind.or(below.kind);
                style.is_code_font = style.is_code_font.or(below.is_code_font);
                style.list = style.list.take().or_else(|| below.list.clone());
                base = below.based_on.as_ref();
            }
        }
    }

    /// Kind of the paragraphs of a style.
    pub(super) fn kind(&self, id: &str) -> ParagraphKind {
        self.0.get(id).and_then(|style| style.kind).unwrap_or_default()
    }

    /// Returns true where a style's text is code: by its font or its name.
    pub(super) fn is_code(&self, id: &str) -> bool {
        self.0
            .get(id)
            .is_some_and(|style| style.is_code_font.unwrap_or(false) || style.kind == Some(ParagraphKind::Code))
    }

    /// Numbering and level of the paragraphs of a style.
    pub(super) fn list(&self, id: &str) -> Option<(String, usize)> {
        self.0.get(id)?.list.clone()
    }
}

/// Reads `styles.xml`.
pub(super) fn style_sheet(text: &str) -> StyleSheet {
    let mut styles = HashMap::new();
    let mut open: Option<(String, WordStyle)> = None;
    let mut reader = reader(text);
    while let Some(event) = next(&mut reader) {
        let element = match &event {
            Event::Start(element) | Event::Empty(element) => element,
            Event::End(end) if end.name().as_ref() == "w:style" => {
                styles.extend(open.take());
                continue;
            }
            _ => continue,
        };
        let value = attribute(element, "w:val");
        if element.name().as_ref() == "w:style" {
            open = attribute(element, "w:styleId").map(|id| (id, WordStyle::default()));
            continue;
        }
        let Some((_, style)) = &mut open else { continue };
        match element.name().as_ref() {
            "w:name" => style.kind = value.as_deref().and_then(kind_of_name).or(style.kind),
            "w:basedOn" => style.based_on = value,
            "w:outlineLvl" => style.kind = style.kind.or(value.as_deref().and_then(kind_of_outline)),
            "w:rFonts" => style.is_code_font = font(element).map(|font| is_code_font(&font)),
            "w:numId" => style.list = value.map(|id| (id, style.list.take().map_or(0, |(_, level)| level))),
            "w:ilvl" => {
                let level = value.and_then(|level| level.parse().ok()).unwrap_or(0);
                style.list = Some((style.list.take().map(|(id, _)| id).unwrap_or_default(), level));
            }
            _ => {}
        }
    }
    StyleSheet(styles)
}

/// Font of a run or a style.
pub(super) fn font(element: &quick_xml::events::BytesStart<'_>) -> Option<String> {
    attribute(element, "w:ascii").or_else(|| attribute(element, "w:hAnsi"))
}

pub(super) fn is_code_font(font: &str) -> bool {
    let font = font.to_lowercase();
    CODE_FONTS.iter().any(|known| font.contains(known))
}

/// Level of a heading: `w:outlineLvl` counts from 0, and 9 is text.
pub(super) fn kind_of_outline(level: &str) -> Option<ParagraphKind> {
    let level: u8 = level.parse().ok().filter(|level| *level < 9)?;
    Some(ParagraphKind::Heading((level + 1).min(6)))
}

/// Kind of a style by its name, which is English in every language of Word.
fn kind_of_name(name: &str) -> Option<ParagraphKind> {
    let name = name.to_lowercase();
    if name == "title" {
        return Some(ParagraphKind::Title);
    }
    if let Some(level) = name.strip_prefix("heading ") {
        let level: u8 = level.trim().parse().ok()?;
        return Some(ParagraphKind::Heading(level.clamp(1, 6)));
    }
    if name.starts_with("toc ") || name == "table of figures" {
        return Some(ParagraphKind::Contents);
    }
    let is_code = CODE_STYLES.iter().any(|known| name.contains(known));
    is_code.then_some(ParagraphKind::Code)
}

/// Kinds of the numberings by id: for each level, whether it is numbered, and its first number.
#[derive(Debug, Default)]
pub(super) struct ListKinds(HashMap<String, Vec<(bool, u32)>>);

impl ListKinds {
    /// Returns whether a level of a numbering is numbered, and its first number.
    pub(super) fn level(&self, id: &str, level: usize) -> (bool, u32) {
        let levels = self.0.get(id);
        levels
            .and_then(|levels| levels.get(level))
            .copied()
            .unwrap_or((false, 1))
    }
}

/// Reads `numbering.xml`.
pub(super) fn list_kinds(text: &str) -> ListKinds {
    let mut abstracts: HashMap<String, Vec<(bool, u32)>> = HashMap::new();
    let mut kinds = HashMap::new();
    let (mut open, mut number) = (None::<String>, None::<String>);
    let mut reader = reader(text);
    while let Some(event) = next(&mut reader) {
        let (Event::Start(element) | Event::Empty(element)) = &event else {
            continue;
        };
        let value = attribute(element, "w:val");
        let last = open
            .as_ref()
            .and_then(|id| abstracts.get_mut(id))
            .and_then(|levels| levels.last_mut());
        match element.name().as_ref() {
            "w:abstractNum" => {
                open = attribute(element, "w:abstractNumId");
                number = None;
                abstracts.extend(open.clone().map(|id| (id, Vec::new())));
            }
            "w:lvl" => {
                let levels = open.as_ref().and_then(|id| abstracts.get_mut(id));
                if let Some(levels) = levels.filter(|levels| levels.len() < 16) {
                    levels.push((true, 1));
                }
            }
            "w:start" => {
                if let (Some((_, start)), Some(value)) = (last, value.and_then(|value| value.parse().ok())) {
                    *start = value;
                }
            }
            "w:numFmt" => {
                if let Some((is_numbered, _)) = last {
                    *is_numbered = !matches!(value.as_deref(), Some("bullet" | "none"));
                }
            }
            "w:num" => {
                open = None;
                number = attribute(element, "w:numId");
            }
            "w:abstractNumId" => {
                if let (Some(number), Some(levels)) = (&number, value.and_then(|id| abstracts.get(&id))) {
                    kinds.insert(number.clone(), levels.clone());
                }
            }
            _ => {}
        }
    }
    ListKinds(kinds)
}
