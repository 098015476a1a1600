//! A file as a message or `files.info` describes it.

use serde_json::Value;

use super::string;

/// Slack's way of storing a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FileMode {
    /// An uploaded file.
    #[default]
    Hosted,
    /// Text pasted as a snippet.
    Snippet,
    /// A file from another organisation: only its id is given; `files.info` has the rest.
    FileAccess,
    /// A deleted file, or one hidden because the workspace holds too many.
    Gone,
    /// A file stored elsewhere: Slack has only a link.
    External,
    /// A mail sent to the channel: its text comes as the preview, the file is HTML.
    Email,
    /// A canvas, a list, or something newer.
    Other,
}

/// A file of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileRef {
    /// The file's id.
    pub id: String,
    /// The way it is stored.
    pub mode: FileMode,
    /// The file's name.
    pub name: Option<String>,
    /// MIME type as guessed by Slack.
    pub mimetype: Option<String>,
    /// Slack's name of the file type: `text`, `python`, `png`.
    pub filetype: Option<String>,
    /// Address for downloads with the bot's token: `url_private_download`, else `url_private`.
    pub url: Option<String>,
    /// Beginning of the content.
    pub preview: Option<String>,
    /// True when the file goes on after the preview.
    pub preview_is_truncated: bool,
    /// Size in bytes.
    pub size: Option<u64>,
}

/// Types that Slack uses for text, besides `text/…`, JSON, YAML and XML: its snippet types, and extensions of files
/// that it calls binary because it does not know them.
const TEXT_KINDS: &str = "\
    text txt log out err trace csv tsv markdown md rst json ndjson jsonl yaml yml xml toml ini cfg conf config \
    properties env diff patch plain plaintext apex applescript asp awk bat boxnote c cc cpp csharp cs css clojure \
    coffeescript crystal cypher d dart dockerfile elixir elm erlang fortran fsharp go groovy haskell hcl html java \
    javascript js julia kotlin kt latex lisp lua makefile matlab ocaml objc perl pl php powershell ps1 puppet python py \
    r ruby rb rust rs sass scala scheme sh shell smalltalk sql swift tex tf ts tsx typescript vb";

impl FileRef {
    /// Reads a file; `None` when the value cannot be a file.
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
            // The `preview` of a mail may be HTML.
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

    /// Returns true for a file that is known to be text, by its types and its name.
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

    /// Returns the displayed name: the file's name, else its id.
    pub fn shown(&self) -> String {
        self.name.clone().unwrap_or_else(|| format!("the file {}", self.id))
    }

    /// Returns true for a web page.
    pub fn is_html(&self) -> bool {
        self.mimetype.as_deref() == Some("text/html")
            || self.filetype.as_deref() == Some("html")
            || matches!(self.ending().as_deref(), Some("html" | "htm"))
    }

    fn ending(&self) -> Option<String> {
        let (_, ending) = self.name.as_deref()?.rsplit_once('.')?;
        Some(ending.to_ascii_lowercase())
    }

    /// Returns true for a file that may hold accessible text: files from Slack Connect reveal their type only to
    /// `files.info`.
    pub fn may_hold_text(&self) -> bool {
        match self.mode {
            FileMode::Gone | FileMode::External | FileMode::Email => false,
            FileMode::FileAccess => true,
            FileMode::Snippet | FileMode::Hosted | FileMode::Other => self.is_text(),
        }
    }

    /// Returns true when the preview is the whole content.
    pub fn is_read(&self) -> bool {
        self.mode == FileMode::Snippet && self.preview.is_some() && !self.preview_is_truncated
    }
}
