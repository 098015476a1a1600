//! Links of a runbook's texts: a text that only points elsewhere is no sign of its own page.

use crate::runbook::{Inline, Target};

/// The section of the same document that a text links to.
pub(super) fn linked(inlines: &[Inline]) -> Option<usize> {
    inlines.iter().find_map(|inline| match inline {
        Inline::Link {
            target: Target::Section(section),
            ..
        } => Some(*section),
        Inline::Strong(inner) | Inline::Emphasis(inner) => linked(inner),
        _ => None,
    })
}

/// Returns true when a text is nothing but links to other pages.
pub(super) fn is_pointer(inlines: &[Inline]) -> bool {
    let mut links = 0;
    let only = inlines.iter().all(|inline| match inline {
        Inline::Link { target, .. } => {
            links += 1;
            !matches!(target, Target::Section(_))
        }
        Inline::Text(text) => text.chars().filter(|c| c.is_alphanumeric()).count() == 0,
        Inline::Break => true,
        _ => false,
    });
    only && links > 0
}
