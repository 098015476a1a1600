//! Which files of a folder are runbooks.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::{LoadError, Options, note};
use crate::runbook::{Diagnostic, Level, Skipped};

/// What is no runbook unless the settings say otherwise.
pub const DEFAULT_IGNORE: [&str; 12] = [
    "/README*",
    "/CONTRIBUTING*",
    "/CHANGELOG*",
    "/SOURCES*",
    "LICENSE*",
    "OWNERS*",
    "CODEOWNERS",
    "*.log",
    "node_modules/",
    ".*/",
    ".*",
    "*~",
];

/// The files of a folder, sorted by path.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) documents: Vec<(String, PathBuf)>,
    pub(super) data: Vec<(String, PathBuf)>,
    pub(super) skipped: Vec<Skipped>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// A file's content.
pub(super) enum Content {
    /// Text; `lossy` when some bytes were no UTF-8.
    Text { text: String, lossy: bool },
    /// More bytes than are read.
    TooLarge(u64),
    /// No text, and why.
    No(String),
}

pub(super) fn walk(dir: &Path, options: &Options) -> Result<Found, LoadError> {
    let metadata = std::fs::metadata(dir).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => LoadError::Missing(dir.to_owned()),
        _ => LoadError::Unreadable {
            path: dir.to_owned(),
            source,
        },
    })?;
    if !metadata.is_dir() {
        return Err(LoadError::NotAFolder(dir.to_owned()));
    }
    std::fs::read_dir(dir).map_err(|source| LoadError::Unreadable {
        path: dir.to_owned(),
        source,
    })?;
    let rules = patterns(dir, options)?;
    let mut found = Found::default();
    // Links to files are followed, links to folders that lead back up are reported by the walker.
    let walker = WalkBuilder::new(dir).standard_filters(false).follow_links(true).build();
    for entry in walker {
        match entry {
            Ok(entry) => {
                let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
                if let Some(path) = relative(dir, entry.path()).filter(|_| is_file) {
                    found.sort_in(path, entry.path(), &rules);
                }
            }
            Err(error) => {
                found.diagnostics.push(note(
                    "",
                    0,
                    Level::Warning,
                    "unreadable",
                    format!("part of the folder is left out: {error}"),
                ));
            }
        }
    }
    found.documents.sort();
    found.data.sort();
    Ok(found)
}

fn patterns(dir: &Path, options: &Options) -> Result<Gitignore, LoadError> {
    let mut builder = GitignoreBuilder::new(dir);
    for line in &options.ignore {
        builder.add_line(None, line).map_err(|error| LoadError::Ignore {
            pattern: line.clone(),
            reason: error.to_string(),
        })?;
    }
    builder.build().map_err(|error| LoadError::Ignore {
        pattern: options.ignore.join(" "),
        reason: error.to_string(),
    })
}

fn relative(dir: &Path, path: &Path) -> Option<String> {
    let relative = path.strip_prefix(dir).ok()?;
    let parts: Vec<String> = relative
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    (!parts.is_empty()).then(|| parts.join("/"))
}

impl Found {
    fn sort_in(&mut self, path: String, file: &Path, rules: &Gitignore) {
        let extension = path
            .rsplit('/')
            .next()
            .and_then(|name| name.rsplit_once('.'))
            .map(|(_, extension)| extension.to_ascii_lowercase());
        if path.starts_with(".git/") || path.contains("/.git/") {
            return;
        }
        let yaml = matches!(extension.as_deref(), Some("yml" | "yaml"));
        if let Some(rest) = path.strip_prefix("_data/") {
            if yaml && !rest.contains('/') {
                self.data.push((path, file.to_owned()));
            } else {
                self.skip(path, "only YAML files directly in _data are read");
            }
            return;
        }
        let ignored = rules.matched_path_or_any_parents(&path, false);
        if ignored.is_ignore() {
            self.skip(path, "left out by runbooks.ignore");
            return;
        }
        match extension.as_deref() {
            None | Some("md" | "markdown" | "mdown" | "mdx" | "txt" | "yml" | "yaml") => {
                self.documents.push((path, file.to_owned()));
            }
            Some(_) if ignored.is_whitelist() => self.documents.push((path, file.to_owned())),
            Some(extension) => {
                let reason = format!("`.{extension}` files are not read");
                self.skip(path, &reason);
            }
        }
    }

    fn skip(&mut self, path: String, reason: &str) {
        self.skipped.push(Skipped {
            path,
            reason: reason.to_owned(),
        });
    }
}

/// Reads a file that should hold text.
pub(super) fn read_text(file: &Path, max_bytes: u64) -> std::io::Result<Content> {
    let metadata = std::fs::metadata(file)?;
    if metadata.len() > max_bytes {
        return Ok(Content::TooLarge(metadata.len()));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
    std::fs::File::open(file)?.take(max_bytes).read_to_end(&mut bytes)?;
    Ok(decode(bytes))
}

/// Text from bytes: UTF-8, UTF-16 with its mark, or UTF-8 with what is not replaced.
pub(super) fn decode(bytes: Vec<u8>) -> Content {
    if let [0xff, 0xfe, rest @ ..] = bytes.as_slice() {
        return utf16(rest, u16::from_le_bytes);
    }
    if let [0xfe, 0xff, rest @ ..] = bytes.as_slice() {
        return utf16(rest, u16::from_be_bytes);
    }
    if bytes.iter().take(8_000).any(|byte| *byte == 0) {
        return Content::No("not a text file".to_owned());
    }
    match String::from_utf8(bytes) {
        Ok(text) => Content::Text { text, lossy: false },
        Err(error) => Content::Text {
            text: String::from_utf8_lossy(error.as_bytes()).into_owned(),
            lossy: true,
        },
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Content {
    let units: Vec<u16> = bytes
        .chunks_exact(2)
        .filter_map(|pair| Some(unit(pair.try_into().ok()?)))
        .collect();
    Content::Text {
        text: String::from_utf16_lossy(&units),
        lossy: false,
    }
}
