//! Keys of `[[runbooks.sources]]` for wikis.

use url::Url;

use super::Error;
use super::layers::Layers;
use super::sources::{RunbookSource, is_local};

/// Most characters of the key of a space, as Confluence allows.
const LONGEST_KEY: usize = 255;

impl RunbookSource {
    /// Returns the address of the Confluence site and that of its REST interface, both without a slash at their end, and
    /// whether the site is in Atlassian's cloud; `None` for a source of another kind.
    pub fn confluence(&self) -> Option<(Url, Url, bool)> {
        let mut site = Url::parse(&self.confluence)
            .ok()
            .filter(|_| !self.confluence.is_empty())?;
        let gateway = Url::parse(&self.api_url).ok().filter(|_| !self.api_url.is_empty());
        let is_cloud = match self.deployment.to_lowercase().as_str() {
            "" => is_of_cloud(&site) || gateway.as_ref().is_some_and(is_of_cloud),
            deployment => deployment == "cloud",
        };
        let trimmed = |url: &mut Url, ending: &str| {
            let path = url.path().trim_end_matches('/');
            let path = format!("{}{ending}", path.strip_suffix(ending).unwrap_or(path));
            url.set_path(&path);
        };
        // In the cloud, the wiki is below `/wiki` of the site, and of the gateway for scoped tokens.
        let below = if is_cloud { "/wiki" } else { "" };
        trimmed(&mut site, below);
        let mut api = gateway.unwrap_or_else(|| site.clone());
        trimmed(&mut api, below);
        Some((site, api, is_cloud))
    }

    pub(super) fn check_confluence(&self, layers: &Layers) -> Result<(), Error> {
        let wrong = |key: &str, problem: &str, remedy: &str| Err(self.wrong(layers, key, problem, remedy));
        let example = "use an address such as \"https://example.atlassian.net\" or \"https://wiki.example.com\"";
        for (key, value) in [("confluence", &self.confluence), ("api_url", &self.api_url)] {
            if value.is_empty() {
                continue;
            }
            let Ok(url) = Url::parse(value) else {
                return wrong(key, "is not a URL", example);
            };
            match url.scheme() {
                "https" if url.has_host() => {}
                "http" if is_local(&url) => {}
                "http" => {
                    return wrong(
                        key,
                        "is not encrypted",
                        "use https:// (http:// is for this machine only)",
                    );
                }
                _ => return wrong(key, "is not an https address", example),
            }
            if url.password().is_some() || !url.username().is_empty() {
                let remedy = "write the user as `user`, and put the token into a variable named by `token_variable`, or \
                              into `token_file`";
                return wrong(key, "contains a user or a password", remedy);
            }
            if url.query().is_some() || url.fragment().is_some() {
                return wrong(key, "is the address of a page", example);
            }
        }
        if self.spaces.is_empty() {
            return wrong(
                "spaces",
                "is missing",
                "list the keys of the spaces, such as spaces = [\"OPS\"]",
            );
        }
        let is_of_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '~' | '_' | '-' | '.' | '@' | ':');
        for key in &self.spaces {
            if key.is_empty() || key.len() > LONGEST_KEY || !key.chars().all(is_of_key) || key.starts_with('.') {
                let problem = format!("contains \"{key}\"");
                let remedy = "use the key that is in the addresses of the pages, such as OPS in /spaces/OPS/pages/1";
                return wrong("spaces", &problem, remedy);
            }
        }
        let is_label = |label: &String| {
            !label.is_empty()
                && label.len() <= LONGEST_KEY
                && !label.contains(|c: char| c.is_whitespace() || c == '"' || c == '\\')
        };
        for (key, labels) in [("labels", &self.labels), ("exclude_labels", &self.exclude_labels)] {
            if let Some(label) = labels.iter().find(|label| !is_label(label)) {
                let problem = format!("contains \"{label}\"");
                return wrong(key, &problem, "write labels without blanks, as Confluence shows them");
            }
        }
        if !self.base_url.is_empty() {
            return wrong(
                "base_url",
                "is set",
                "remove it: each page is linked to its own address",
            );
        }
        Ok(())
    }
}

/// Returns true for addresses in Atlassian's cloud.
fn is_of_cloud(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "api.atlassian.com" || host.ends_with(".atlassian.net")
}
