//! Keys of `[[runbooks.sources]]` for wikis.

use url::Url;

use super::Error;
use super::layers::Layers;
use super::sources::{RunbookSource, is_local};

/// Address of Notion's REST interface.
const NOTION_API: &str = "https://api.notion.com";
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

    /// Returns the address of Notion and that of its REST interface, both without a path, and the address of the page or database
    /// that is read, where the settings name one; `None` for a source of another kind.
    pub fn notion(&self) -> Option<(Url, Url, Option<Url>)> {
        let place = Url::parse(&self.notion).ok().filter(|_| !self.notion.is_empty())?;
        let mut site = place.clone();
        site.set_path("/");
        site.set_query(None);
        site.set_fragment(None);
        let api = Url::parse(&self.api_url).ok().filter(|_| !self.api_url.is_empty());
        let api = api.or_else(|| Url::parse(NOTION_API).ok())?;
        let has_page = place.path_segments()?.any(|part| !part.is_empty());
        Some((site, api, has_page.then_some(place)))
    }

    pub(super) fn check_notion(&self, layers: &Layers) -> Result<(), Error> {
        let wrong = |key: &str, problem: &str, remedy: &str| Err(self.wrong(layers, key, problem, remedy));
        let example = "use \"https://www.notion.so\" for all pages that are shared with the connection, or the link of one page or \
                       database for those below it";
        let Some((_, api, place)) = self.notion() else {
            return wrong("notion", "is not a URL", example);
        };
        let address = Url::parse(&self.notion).ok();
        let is_notion = |url: &Url| {
            let host = url.host_str().unwrap_or_default();
            let is_of =
                |domain: &str| host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
            url.scheme() == "https"
                && ["notion.so", "notion.com", "notion.site"]
                    .iter()
                    .any(|domain| is_of(domain))
        };
        if !address.as_ref().is_some_and(is_notion) {
            return wrong("notion", "is not an https address of Notion", example);
        }
        if address.is_some_and(|url| url.password().is_some() || !url.username().is_empty()) {
            return wrong("notion", "contains a user or a password", example);
        }
        if place.is_some_and(|place| crate::addresses::notion_page(&place).is_none()) {
            return wrong("notion", "does not end with the id of a page", example);
        }
        if api.scheme() != "https" && !(api.scheme() == "http" && is_local(&api)) || api.password().is_some() {
            return wrong(
                "api_url",
                "is not an https address",
                "remove it: Notion's interface is at https://api.notion.com",
            );
        }
        if self.token_variable.is_empty() && self.token_file.as_os_str().is_empty() {
            return wrong(
                "token_variable",
                "is missing",
                "put the token of a connection into a variable and name it here, or use `token_file`",
            );
        }
        for (key, is_set) in [
            ("base_url", !self.base_url.is_empty()),
            ("deployment", !self.deployment.is_empty()),
            ("spaces", !self.spaces.is_empty()),
            ("labels", !self.labels.is_empty()),
            ("exclude_labels", !self.exclude_labels.is_empty()),
            ("user", !self.user.is_empty()),
        ] {
            if is_set {
                return wrong(key, "is set", "remove it: it has no meaning for Notion");
            }
        }
        Ok(())
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
