//! Placeholders in messages and commands: `<ID>`, `'<provider>'`, `[NAMESPACE]`, `$NODE`, `xxxxx`, `%v`, …

/// A placeholder and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholder {
    /// Byte range in the text.
    pub range: std::ops::Range<usize>,
    /// Lower snake case: `cluster_name_or_id`; `value` when it has no name.
    pub name: String,
}

/// The placeholders of a text, in order, not overlapping.
pub fn find(text: &str) -> Vec<Placeholder> {
    let _ = text;
    Vec::new()
}
