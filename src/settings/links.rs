//! `[[links]]`: addresses that take a captured value.

use serde::Deserialize;
use url::Url;

use super::Error;
use super::layers::Layers;

/// A link that is shown when its values were captured for an answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkSettings {
    /// Displayed title.
    pub title: String,
    /// The address, with `{placeholder}`s named as captures are.
    pub url: String,
}

pub(super) fn check(links: &[LinkSettings], layers: &Layers) -> Result<(), Error> {
    for link in links {
        let remedy = "use an address such as \"https://logs.example.com/?q={incident_id}\"";
        // Placeholders are filled with plain text, so that the address is checked as it will be used.
        let filled = link.url.replace(['{', '}'], "x");
        if !Url::parse(&filled).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
            return Err(layers.wrong(
                "links",
                format!("contains \"{}\", which is not a URL", link.url),
                remedy,
            ));
        }
        if link.title.trim().is_empty() {
            return Err(layers.wrong("links", format!("has no title for \"{}\"", link.url), "write a title"));
        }
    }
    Ok(())
}
