//! Recognition of a document's dialect by its content.

use super::{Dialect, FrontMatter, Role, Section};

/// Recognises the dialect of a Markdown document.
pub(super) fn recognise(front: &FrontMatter, source: &str, sections: &[Section], has_marks: bool) -> Dialect {
    let has_key = |key: &str| front.other.contains_key(key);
    if source.trim_start().starts_with("Original URL:") {
        return Dialect::RePost;
    }
    if has_marks || source.contains("{{site.data.keyword.") || has_key("subcollection") {
        return Dialect::IbmCloudDocs;
    }
    if front.runbook_name.is_some() || source.contains("{{ site.data.") || has_key("grand_parent") {
        return Dialect::Jekyll;
    }
    let heading = |text: &str| {
        sections
            .iter()
            .any(|section| section.heading.to_lowercase().starts_with(text))
    };
    if heading("check runbook match") || heading("solutions list") || heading("initial steps overview") {
        return Dialect::ContainerSolutions;
    }
    let role = |wanted: Role| sections.iter().any(|section| section.role == wanted);
    if heading("meaning") && (role(Role::Impact) || role(Role::Diagnosis) || role(Role::Steps)) {
        return Dialect::AlertRunbook;
    }
    Dialect::Plain
}
