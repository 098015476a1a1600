//! Recognition of a document's format by the ending of its name and by its content.

/// The formats that runbooks are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Markdown of any dialect, and plain text.
    Markdown,
    /// AsciiDoc, as Asciidoctor and Antora read it.
    AsciiDoc,
    /// reStructuredText, as docutils and Sphinx read it.
    ReStructuredText,
    /// An HTML page.
    Html,
    /// A rule file in YAML.
    Yaml,
}

/// Endings of documents' names, in lower case, with their format.
const ENDINGS: [(&str, Format); 15] = [
    ("md", Format::Markdown),
    ("markdown", Format::Markdown),
    ("mdown", Format::Markdown),
    ("mdx", Format::Markdown),
    ("txt", Format::Markdown),
    ("adoc", Format::AsciiDoc),
    ("asciidoc", Format::AsciiDoc),
    ("asc", Format::AsciiDoc),
    ("rst", Format::ReStructuredText),
    ("html", Format::Html),
    ("htm", Format::Html),
    ("xhtml", Format::Html),
    ("yml", Format::Yaml),
    ("yaml", Format::Yaml),
    ("", Format::Markdown),
];

impl Format {
    /// The format that a file's name tells; `None` for files that are not read.
    pub fn of_path(path: &str) -> Option<Format> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        let known = ENDINGS.iter().find(|(known, _)| ending.eq_ignore_ascii_case(known));
        known.map(|(_, format)| *format)
    }

    /// The format of a document: Markdown where its name tells nothing.
    pub(super) fn of(path: &str, _text: &str) -> Format {
        Format::of_path(path).unwrap_or(Format::Markdown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_of_a_name_tells_the_format() {
        let of = Format::of_path;
        assert_eq!(of("team/disk.md"), Some(Format::Markdown));
        assert_eq!(of("NOTES"), Some(Format::Markdown));
        assert_eq!(of("v1.2/NOTES"), Some(Format::Markdown));
        assert_eq!(of("disk.ADOC"), Some(Format::AsciiDoc));
        assert_eq!(of("disk.rst"), Some(Format::ReStructuredText));
        assert_eq!(of("disk.htm"), Some(Format::Html));
        assert_eq!(of("rules.yaml"), Some(Format::Yaml));
        assert_eq!(of("disk.png"), None);
    }
}
