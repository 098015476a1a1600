//! Admonitions (notes, tips, warnings), which every format has: paragraphs that begin with a label in bold.

use super::text::plain;
use super::{Block, BlockKind, Inline, markdown};

/// Kinds of admonition with the label that is shown.
const KINDS: [(&str, &str); 22] = [
    ("note", "Note"),
    ("info", "Note"),
    ("information", "Note"),
    ("primary", "Note"),
    ("secondary", "Note"),
    ("abstract", "In short"),
    ("summary", "In short"),
    ("tip", "Tip"),
    ("hint", "Tip"),
    ("success", "Tip"),
    ("important", "Important"),
    ("warning", "Warning"),
    ("warn", "Warning"),
    ("caution", "Caution"),
    ("attention", "Attention"),
    ("danger", "Danger"),
    ("error", "Danger"),
    ("failure", "Danger"),
    ("bug", "Bug"),
    ("example", "Example"),
    ("question", "Question"),
    ("seealso", "Related"),
];

/// Returns the label of a kind of admonition: `warning` → `Warning`.
pub(super) fn label_of_kind(kind: &str) -> Option<&'static str> {
    let known = KINDS.iter().find(|(known, _)| kind.eq_ignore_ascii_case(known));
    known.map(|(_, label)| *label)
}

/// Label of an admonition: its title, else its kind.
pub(super) fn label(kind: &str, title: &str) -> String {
    let title = title.trim().trim_end_matches(':');
    match title {
        "" => format!("{kind}:"),
        // "See also" would make references of what follows the box.
        title if title.eq_ignore_ascii_case(kind) || title.eq_ignore_ascii_case("see also") && !kind.is_empty() => {
            format!("{kind}:")
        }
        title if title.ends_with(['?', '!', '.']) => title.to_owned(),
        title => format!("{title}:"),
    }
}

/// Puts a label in bold before blocks.
pub(super) fn labelled(label: &str, mut blocks: Vec<Block>, line: u32) -> Vec<Block> {
    let strong = Inline::Strong(vec![Inline::Text(label.to_owned())]);
    match blocks.first_mut().map(|block| &mut block.kind) {
        Some(BlockKind::Paragraph(text)) => {
            let bare = label.trim_end_matches(':').to_lowercase();
            let start = plain(text).chars().take(80).collect::<String>().to_lowercase();
            let has_label = KINDS.iter().any(|(_, known)| {
                let rest = start.strip_prefix(&known.to_lowercase());
                rest.is_some_and(|rest| rest.starts_with(':'))
            });
            if !has_label && !start.starts_with(&bare) {
                text.insert(0, Inline::Text(" ".to_owned()));
                text.insert(0, strong);
            }
        }
        _ => blocks.insert(0, markdown::block(BlockKind::Paragraph(vec![strong]), line)),
    }
    blocks
}
