//! A file as a message or `files.info` describes it.

use serde_json::Value;

use super::string;

/// How Slack keeps a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FileMode {
    /// Uploaded.
    #[default]
    Hosted,
    /// Text that somebody pasted as a snippet.
    Snippet,
    /// Of another organisation: only its id is told, `files.info` knows more.
    FileAccess,
    /// Deleted, or hidden because the workspace holds too many.
    Gone,
    /// Kept elsewhere: Slack has only a link.
    External,
    /// A mail that was sent to the channel: its text comes as the preview, the file is HTML.
    Email,
    /// A canvas, a list, or something newer.
    Other,
}

/// A file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileRef {
    /// Its id.
    pub id: String,
    /// How it is kept.
    pub mode: FileMode,
    /// Its name.
    pub name: Option<String>,
    /// MIME type, as Slack guesses it.
    pub mimetype: Option<String>,
    /// Slack's word for its kind: `text`, `python`, `png`.
    pub filetype: Option<String>,
    /// Where it can be read with the bot's token: `url_private_download`, else `url_private`.
    pub url: Option<String>,
    /// How it begins.
    pub preview: Option<String>,
    /// Whether there is more than the preview.
    pub preview_is_truncated: bool,
    /// Bytes.
    pub size: Option<u64>,
}

/// Kinds that Slack names for text, besides `text/…`, JSON, YAML and XML: its snippet types, and endings of files that it
/// calls binary because it does not know them.
const TEXT_KINDS: &str = "\
    text txt log out err trace csv tsv markdown md rst json ndjson jsonl yaml yml xml toml ini cfg conf config \
    properties env diff patch plain plaintext apex applescript asp awk bat boxnote c cc cpp csharp cs css clojure \
    coffeescript crystal cypher d dart dockerfile elixir elm erlang fortran fsharp go groovy haskell hcl html java \
    javascript js julia kotlin kt latex lisp lua makefile matlab ocaml objc perl pl php powershell ps1 puppet python py \
    r ruby rb rust rs sass scala scheme sh shell smalltalk sql swift tex tf ts tsx typescript vb";

impl FileRef {
    /// Reads a file; `None` when there is nothing that could be a file.
    pub fn read(file: &Value) -> Option<Self> {
        file.as_object()?;
        let of = |key: &str| string(file, key);
        Some(Self {
            id: of("id").unwrap_or_default(),
            mode: match of("mode").as_deref() {
                Some("hosted") | None => FileMode::Hosted,
                Some("snippet") => FileMode::Snippet,
                Some("file_access") => FileMode::FileAccess,
                Some("tombstone" | "hidden_by_limit") => FileMode::Gone,
                Some("external") => FileMode::External,
                Some("email") => FileMode::Email,
                Some(_) => FileMode::Other,
            },
            name: of("name").or_else(|| of("title")),
            mimetype: of("mimetype"),
            filetype: of("filetype"),
            url: of("url_private_download").or_else(|| of("url_private")),
            // Of a mail, `preview` may be HTML.
            preview: if of("mode").as_deref() == Some("email") {
                of("plain_text").or_else(|| of("preview_plain_text"))
            } else {
                of("preview")
            },
            preview_is_truncated: file.get("preview_is_truncated").and_then(Value::as_bool) == Some(true)
                || file
                    .get("lines_more")
                    .and_then(Value::as_u64)
                    .is_some_and(|more| more > 0),
            size: file.get("size").and_then(Value::as_u64),
        })
    }

    /// Whether it is known to be text, by what Slack says and by its name.
    pub fn is_text(&self) -> bool {
        if self.mode == FileMode::Snippet {
            return true;
        }
        let mimetype = self.mimetype.as_deref().unwrap_or_default();
        let known =
            |kind: Option<&str>| kind.is_some_and(|kind| TEXT_KINDS.split_whitespace().any(|text| text == kind));
        match mimetype.split_once('/') {
            Some(("text", _)) => true,
            Some(("image" | "audio" | "video" | "font", _)) => false,
            Some((_, kind))
                if ["json", "yaml", "xml", "javascript", "toml", "sql", "x-sh"]
                    .iter()
                    .any(|text| kind.contains(text)) =>
            {
                // Office documents are XML by name only.
                !kind.contains("officedocument") && !kind.contains("opendocument")
            }
            Some((_, "octet-stream")) | None => known(self.filetype.as_deref()) || known(self.ending().as_deref()),
            Some(_) => known(self.filetype.as_deref()),
        }
    }

    /// What people are told: its name, else its id.
    pub fn shown(&self) -> String {
        self.name.clone().unwrap_or_else(|| format!("the file {}", self.id))
    }

    /// Whether it is a web page itself.
    pub fn is_html(&self) -> bool {
        self.mimetype.as_deref() == Some("text/html")
            || self.filetype.as_deref() == Some("html")
            || matches!(self.ending().as_deref(), Some("html" | "htm"))
    }

    fn ending(&self) -> Option<String> {
        let (_, ending) = self.name.as_deref()?.rsplit_once('.')?;
        Some(ending.to_ascii_lowercase())
    }

    /// Whether it may hold text that can be had: what Slack Connect shares tells its kind only when asked.
    pub fn may_hold_text(&self) -> bool {
        match self.mode {
            FileMode::Gone | FileMode::External | FileMode::Email => false,
            FileMode::FileAccess => true,
            FileMode::Snippet | FileMode::Hosted | FileMode::Other => self.is_text(),
        }
    }

    /// Whether the preview is all there is.
    pub fn is_read(&self) -> bool {
        self.mode == FileMode::Snippet && self.preview.is_some() && !self.preview_is_truncated
    }
}
