//! Reader of AsciiDoc.

use super::part::Parts;

/// Reads a document into headings and blocks with their source lines.
pub(super) fn read(text: &str) -> Parts {
    let (parts, _) = super::markdown::read(text, 1);
    Parts {
        parts,
        ..Parts::default()
    }
}
