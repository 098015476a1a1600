//! Recognition of a document's format by the ending of its name and by its content.

use super::plain_text;

/// The formats that runbooks are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Markdown of any dialect.
    Markdown,
    /// Text without markup.
    PlainText,
    /// MediaWiki's or Textile's markup, of which only titles and lists are known.
    Wiki,
    /// Org, as Emacs writes it.
    Org,
    /// AsciiDoc, as Asciidoctor and Antora read it.
    AsciiDoc,
    /// reStructuredText, as docutils and Sphinx read it.
    ReStructuredText,
    /// An HTML page.
    Html,
    /// A Jupyter notebook.
    Notebook,
    /// A rule file in YAML.
    Yaml,
}

/// Endings of documents' names, in lower case, with their format.
const ENDINGS: [(&str, Format); 21] = [
    ("md", Format::Markdown),
    ("markdown", Format::Markdown),
    ("mdown", Format::Markdown),
    ("mdx", Format::Markdown),
    ("txt", Format::PlainText),
    ("wiki", Format::Wiki),
    ("mediawiki", Format::Wiki),
    ("textile", Format::Wiki),
    ("org", Format::Org),
    ("adoc", Format::AsciiDoc),
    ("asciidoc", Format::AsciiDoc),
    ("asc", Format::AsciiDoc),
    ("rst", Format::ReStructuredText),
    ("html", Format::Html),
    ("htm", Format::Html),
    ("xhtml", Format::Html),
    // Word documents become pages before they are read.
    ("docx", Format::Html),
    ("ipynb", Format::Notebook),
    ("yml", Format::Yaml),
    ("yaml", Format::Yaml),
    ("", Format::Markdown),
];

impl Format {
    /// The format that a file's name tells; `None` for files that are not read.
    pub fn of_path(path: &str) -> Option<Format> {
        let name = without_variant(file_name(path));
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        let known = ENDINGS.iter().find(|(known, _)| ending.eq_ignore_ascii_case(known));
        known.map(|(_, format)| *format)
    }

    /// The format of a document: Markdown where its name tells nothing, and HTML where a text begins as a page does. Text
    /// may hold Markdown, and Sphinx publishes its sources as `page.rst.txt`.
    pub(super) fn of(path: &str, text: &str) -> Format {
        match Format::of_path(path).unwrap_or(Format::Markdown) {
            Format::Markdown | Format::PlainText if begins_page(text) => Format::Html,
            // A type map, or plain text under the name of a page.
            Format::Html if !text.contains('<') && !text.contains("URI:") => Format::Markdown,
            Format::PlainText if path.ends_with(".rst.txt") => Format::ReStructuredText,
            Format::PlainText if plain_text::is_markdown(text) => Format::Markdown,
            format => format,
        }
    }
}

fn begins_page(text: &str) -> bool {
    let start: String = text
        .trim_start()
        .chars()
        .take(20)
        .collect::<String>()
        .to_ascii_lowercase();
    ["<!doctype html", "<html>", "<html "]
        .iter()
        .any(|begin| start.starts_with(begin))
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Returns a page's name without language and character set: `x.html.en.utf8` is `x.html`. Apache serves such files as
/// variants of one page.
fn without_variant(name: &str) -> &str {
    let mut end = name.len();
    for (at, _) in name.rmatch_indices('.').take(4) {
        let part = name.get(at + 1..end).unwrap_or_default();
        if ["html", "htm", "xhtml"]
            .iter()
            .any(|page| part.eq_ignore_ascii_case(page))
        {
            return name.get(..end).unwrap_or(name);
        }
        if !is_language(part) && !is_charset(part) {
            break;
        }
        end = at;
    }
    name
}

/// Returns the languages that teams' documents are written in, by ISO 639: `de`, `pt-br`, `zh_CN`.
fn is_language(part: &str) -> bool {
    const LANGUAGES: [&str; 40] = [
        "ar", "bg", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "he", "hr", "hu", "id", "it",
        "ja", "ko", "lt", "lv", "ms", "nb", "nl", "nn", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sr", "sv", "th",
        "tr", "uk", "vi", "zh",
    ];
    let lower = part.to_ascii_lowercase();
    let (language, region) = lower.split_once(['-', '_']).unwrap_or((&lower, ""));
    LANGUAGES.contains(&language) && matches!(region.len(), 0 | 2 | 4) && region.bytes().all(|c| c.is_ascii_lowercase())
}

fn is_charset(part: &str) -> bool {
    let lower = part.to_ascii_lowercase();
    let starts = [
        "utf",
        "iso",
        "euc-",
        "koi8",
        "windows-",
        "cp12",
        "latin",
        "shift_jis",
        "gb2312",
        "gb18030",
    ];
    lower == "big5" || lower == "sjis" || starts.iter().any(|start| lower.starts_with(start))
}

/// Returns the page that a file is a variant of, and its language in lower case: `x.html.de` and `x.de.html` are `x.html`
/// in `de`. `None` for files whose names tell no language.
pub fn page_and_language(path: &str) -> Option<(String, String)> {
    let name = file_name(path);
    let folder = path.get(..path.len() - name.len())?;
    if Format::of_path(path) != Some(Format::Html) {
        return None;
    }
    let page = without_variant(name);
    if page.len() < name.len() {
        let mut variants = name.get(page.len() + 1..)?.split('.');
        let language = variants.find(|part| is_language(part))?;
        return Some((format!("{folder}{page}"), language.to_ascii_lowercase()));
    }
    let (stem, ending) = page.rsplit_once('.')?;
    let (stem, language) = stem.rsplit_once('.').filter(|(_, part)| is_language(part))?;
    Some((format!("{folder}{stem}.{ending}"), language.to_ascii_lowercase()))
}

/// Returns true for the name of a folder's own page, without its ending: `index`, `_index` or `README`.
pub fn is_folder_page(stem: &str) -> bool {
    ["index", "_index", "readme"]
        .iter()
        .any(|name| stem.eq_ignore_ascii_case(name))
}

/// Returns the name by which people know a file: without its folder, its ending, the language of a page, and the number
/// that Notion appends (`Title 0123456789abcdef0123456789abcdef.md`).
pub fn file_stem(path: &str) -> &str {
    let name = file_name(path);
    let stem = match without_variant(name).rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    };
    match stem.rsplit_once(' ') {
        Some((title, number)) if number.len() == 32 && number.bytes().all(|c| c.is_ascii_hexdigit()) => {
            title.trim_end()
        }
        _ => stem,
    }
}

/// Returns true for the pieces that the pages of a Docusaurus site include: their names, or those of their folders, begin
/// with `_`.
pub(super) fn is_partial(path: &str) -> bool {
    const FOLDERS: [&str; 6] = [
        "_common",
        "_includes",
        "_partials",
        "_shared",
        "_snippets",
        "_templates",
    ];
    let is_mdx = file_name(path)
        .rsplit('.')
        .next()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("mdx"));
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    is_mdx && path.split('/').any(|part| part.starts_with('_'))
        || folders.split('/').any(|part| FOLDERS.contains(&part))
}

/// Returns true for the parts that GitHub's wiki shows beside each page.
pub(super) fn is_wiki_frame(path: &str) -> bool {
    matches!(file_stem(path), "_Sidebar" | "_Footer" | "_Header")
}

/// Returns a title for a document without one, made of its file's name. GitHub's wiki has pages without a heading: their
/// titles are their names, with `-` for blanks.
pub(super) fn title_of_name(path: &str) -> String {
    let stem = file_stem(path);
    let words: Vec<&str> = stem.split('-').collect();
    let is_wiki = stem.starts_with(|c: char| c.is_uppercase()) && !stem.contains(' ') && words.len() > 1;
    if !is_wiki {
        return stem.to_owned();
    }
    let mut out = String::with_capacity(stem.len());
    let mut before = "";
    for (at, word) in words.into_iter().enumerate() {
        // `CRE-2025-0039` is one name.
        let is_code = word.starts_with(|c: char| c.is_ascii_digit())
            && !before.is_empty()
            && before.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        if at > 0 {
            out.push(if is_code || word.is_empty() { '-' } else { ' ' });
        }
        out.push_str(word);
        before = word;
    }
    out
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
        assert_eq!(of("disk.org"), Some(Format::Org));
        assert_eq!(of("disk.htm"), Some(Format::Html));
        assert_eq!(of("rules.yaml"), Some(Format::Yaml));
        assert_eq!(of("disk.png"), None);
        assert_eq!(of("disk.html.en.utf8"), Some(Format::Html));
        assert_eq!(of("disk.html.ko.euc-kr"), Some(Format::Html));
        assert_eq!(of("disk.html.tar.gz"), None);
        assert_eq!(of("disk.utf8"), None);
    }

    #[test]
    fn the_beginning_of_a_text_tells_a_page() {
        assert_eq!(Format::of("NOTES", " <!DOCTYPE html>\n<p>text"), Format::Html);
        assert_eq!(Format::of("notes.txt", "<HTML lang=en>"), Format::Html);
        assert_eq!(Format::of("notes.md", "<htmlfile> is missing"), Format::Markdown);
    }

    #[test]
    fn a_name_tells_the_language_of_a_page() {
        let of = |path| page_and_language(path).map(|(page, language)| format!("{page} {language}"));
        assert_eq!(of("m/bind.html.de").as_deref(), Some("m/bind.html de"));
        assert_eq!(of("m/bind.html.pt-br.utf8").as_deref(), Some("m/bind.html pt-br"));
        assert_eq!(of("m/bind.ja.html").as_deref(), Some("m/bind.html ja"));
        assert_eq!(of("m/bind.html"), None);
        assert_eq!(of("m/jenkins.ci.html"), None);
        assert_eq!(of("m/bind.de.md"), None);
    }

    #[test]
    fn a_title_is_made_of_a_name() {
        for (path, title) in [
            ("a/disk-full.md", "disk-full"),
            ("Error-The-disk-is-full.md", "Error The disk is full"),
            ("CRE-2025-0039.md", "CRE-2025-0039"),
            ("KB-104-Disk-full.md", "KB-104 Disk full"),
            ("Disk full 0123456789abcdef0123456789abcdef.md", "Disk full"),
            ("bind.html.en.utf8", "bind"),
            (".hidden", ".hidden"),
        ] {
            assert_eq!(title_of_name(path), title);
        }
    }

    #[test]
    fn a_text_may_hold_another_format() {
        assert_eq!(Format::of("a.txt", "DISK FULL\n\nClean it.\n"), Format::PlainText);
        assert_eq!(Format::of("a.txt", "# Disk full\n\nClean it.\n"), Format::Markdown);
        assert_eq!(
            Format::of("a.rst.txt", "Disk full\n=========\n"),
            Format::ReStructuredText
        );
        assert_eq!(Format::of("NOTES", "DISK FULL\n"), Format::Markdown);
    }
}
