//! The responder that the settings describe.

use std::path::Path;

use super::Error;
use crate::respond::{LinkTemplate, Responder, ResponderOptions, Templates};
use crate::settings::Settings;

/// Creates the responder with the templates and links of the settings.
///
/// # Errors
///
/// Fails when a template cannot be read or does not work.
pub(super) fn responder(settings: &Settings) -> Result<Responder, Error> {
    let overrides = settings.answers.templates().map(templates).transpose()?;
    let links = settings.links.iter().map(|link| LinkTemplate {
        title: link.title.clone(),
        url: link.url.clone(),
    });
    let options = ResponderOptions {
        // Among several sources, each gives its documents their addresses.
        base_url: settings
            .runbooks
            .base_url()
            .filter(|_| settings.runbooks.sources.is_empty())
            .map(str::to_owned),
        links: links.collect(),
    };
    Ok(Responder::new(overrides.as_ref(), options)?)
}

/// Reads the templates of a folder: its `.md` and `.toml` files.
fn templates(folder: &Path) -> Result<Templates, Error> {
    let unreadable = |path: &Path, cause| Error::Templates {
        path: path.display().to_string(),
        cause,
    };
    let mut templates = Templates::new();
    for entry in std::fs::read_dir(folder).map_err(|cause| unreadable(folder, cause))? {
        let path = entry.map_err(|cause| unreadable(folder, cause))?.path();
        if path
            .extension()
            .is_none_or(|extension| extension != "md" && extension != "toml")
        {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(|cause| unreadable(&path, cause))?;
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        templates.insert(name, text);
    }
    Ok(templates)
}
