//! Secrets: from a variable of the environment or from a file of their own, never from settings files.

use std::path::Path;

use secrecy::SecretString;

use super::Error;
use super::layers::{Layers, variable};

/// The secret of a key; `None` when neither its variable nor its file is set.
pub(super) fn read(layers: &Layers, key: &str, file: &Path) -> Result<Option<SecretString>, Error> {
    if let Some(value) = layers.variable(&variable(key)) {
        return Ok(Some(SecretString::from(value.trim())));
    }
    if file.as_os_str().is_empty() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(file).map_err(|cause| Error::Unreadable {
        path: file.to_owned(),
        cause,
    })?;
    let text = text.trim();
    if text.is_empty() {
        return Err(layers.wrong(
            &format!("{key}_file"),
            format!("names {}, which is empty", file.display()),
            "write the secret into that file",
        ));
    }
    Ok(Some(SecretString::from(text)))
}
