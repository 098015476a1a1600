//! The files of `_data`: what Liquid calls `site.data`.

use std::path::Path;

use serde_json::Value;

use super::read::{self, FileContent};
use super::walk::{self, FoundFiles};
use super::{Options, note};
use crate::runbook::{self, Data, Diagnostic, Level, frontmatter};

/// Why a file that is not UTF-8 is shown as it is.
pub(super) const NOT_UTF8: &str = "the file is not UTF-8, so unreadable parts are shown as �; save it as UTF-8";

/// Reads the data files of a folder. One that cannot be used keeps its value of `before`.
pub(super) fn read(found: &FoundFiles, options: &Options, before: &Data, diagnostics: &mut Vec<Diagnostic>) -> Data {
    if found.unlisted.iter().any(|(folder, _)| folder == walk::DATA) {
        return before.clone();
    }
    let root = (!options.follow_links).then_some(found.root.as_path());
    let mut data = Data::new();
    let mut left = options.max_data_bytes;
    for (path, file) in &found.data {
        let name = path.rsplit('/').next().unwrap_or(path);
        let name = name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned();
        let old = before.get(&name).filter(|old| !old.is_null());
        match one(file, root, options, &mut left, old.is_some()) {
            Ok((value, lossy, text)) => {
                if name == "teams" {
                    diagnostics.extend(runbook::team_diagnostics(path, &text, &value));
                }
                data.insert(name, value);
                if lossy {
                    diagnostics.push(note(path, 0, Level::Warning, "encoding", NOT_UTF8.to_owned()));
                }
            }
            Err((line, message)) => {
                let kept = if old.is_some() {
                    "the previous version is kept"
                } else {
                    "names from it are shown as their keys"
                };
                data.extend(old.map(|value| (name, value.clone())));
                let message = format!("the data file cannot be used: {message}; {kept}");
                diagnostics.push(note(path, line, Level::Error, "data", message));
            }
        }
    }
    data
}

/// The value of a file, whether bytes were replaced, and its text; or the line and what is wrong. `left` is what the files may still
/// hold together.
fn one(
    file: &Path,
    root: Option<&Path>,
    options: &Options,
    left: &mut u64,
    is_known: bool,
) -> Result<(Value, bool, String), (u32, String)> {
    let max_bytes = options.max_bytes;
    let (text, lossy) = match read::text(file, root, max_bytes).map_err(|error| (0, error.to_string()))? {
        FileContent::Text { text, lossy } => (text, lossy),
        FileContent::TooLarge(bytes) => return Err((0, format!("it is {bytes} bytes long; the limit is {max_bytes}"))),
        FileContent::No(reason) => return Err((0, reason)),
        FileContent::Damaged(reason) => return Err((0, reason.to_owned())),
        FileContent::Outside => return Err((0, walk::OUTSIDE.to_owned())),
    };
    let mut take = |bytes: usize| {
        *left = left.checked_sub(bytes as u64).ok_or_else(|| {
            let most = options.max_data_bytes;
            (0, format!("the files in _data would exceed {most} bytes"))
        })?;
        Ok(())
    };
    take(text.len())?;
    if is_known && text.trim().is_empty() {
        return Err((0, "it is empty".to_owned()));
    }
    let value = frontmatter::data(&text.replace("\r\n", "\n"))?;
    // Aliases may have made more of it.
    take(length(&value).saturating_sub(text.len()))?;
    Ok((value, lossy, text))
}

/// The bytes that a value takes as text, about.
fn length(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 4,
        Value::String(text) => text.len() + 1,
        Value::Array(items) => items.iter().map(|item| 2 + length(item)).sum(),
        Value::Object(entries) => entries.iter().map(|(key, value)| key.len() + 2 + length(value)).sum(),
    }
}
