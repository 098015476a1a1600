//! `[[runbooks.sources]]`: places that runbooks come from, besides one folder.

use std::collections::BTreeSet;
use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;
use url::{Host, Url};

use super::Error;
use super::layers::Layers;

/// Variables of the environment that are passed on to the programs that fetch: where programs are, and the proxy.
pub(super) const PASSED_ON: &[&str] = &[
    "PATH",
    "HTTPS_PROXY",
    "https_proxy",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// A source of runbooks.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RunbookSource {
    /// Name of the source: the beginning of its paths, in messages and metrics.
    pub id: String,
    /// The folder; empty for none.
    pub dir: PathBuf,
    /// Address of the git repository; empty for none.
    pub git: String,
    /// Address of the Confluence site; empty for none.
    pub confluence: String,
    /// Address of Notion, or of a page or database in it; empty for none.
    pub notion: String,
    /// Kind of the Confluence site: `cloud` or `data-center`; empty to tell it by the address.
    pub deployment: String,
    /// Address at which the REST interface is called, where it is another one; empty for none.
    pub api_url: String,
    /// Keys of the spaces.
    pub spaces: Vec<String>,
    /// Labels of which a page needs one; empty: pages need none.
    pub labels: Vec<String>,
    /// Labels with which a page is left out.
    pub exclude_labels: Vec<String>,
    /// Branch, tag or commit; empty for the repository's default branch.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Folder in the repository; empty for all of it.
    pub path: String,
    /// Key of the team that documents without contacts belong to; empty for none.
    pub team: String,
    /// Address at which the source is published; empty if it is not.
    pub base_url: String,
    /// Files to leave out, besides those of `runbooks.ignore`.
    pub ignore: Vec<String>,
    /// User that goes with the token; empty for the one that the host expects, or for a token that stands alone.
    pub user: String,
    /// Variable of the environment that holds the token; empty for none.
    pub token_variable: String,
    /// File with the token; empty for none.
    pub token_file: PathBuf,
    /// File with the private key for SSH; empty for the one of the user that the bot runs as.
    pub ssh_key_file: PathBuf,
    /// File with the host keys for SSH; empty for the one of the user that the bot runs as.
    pub known_hosts_file: PathBuf,
    /// The token; `None` when there is none.
    #[serde(skip)]
    pub token: Option<SecretString>,
}

impl RunbookSource {
    /// Returns the address of the repository, for a source of git.
    pub fn git(&self) -> Option<Url> {
        Url::parse(&self.git).ok().filter(|_| !self.git.is_empty())
    }

    /// Returns the address at which the source is published: the one in the settings, else the one that the host of the
    /// repository gives its files.
    pub fn published_at(&self) -> Option<String> {
        if !self.base_url.is_empty() {
            return Some(self.base_url.clone());
        }
        let url = self.git().filter(|url| url.scheme() != "file")?;
        let files = match url.host_str()? {
            "github.com" => "blob",
            "gitlab.com" => "-/blob",
            _ => return None,
        };
        let repository = url.path().trim_end_matches('/').trim_end_matches(".git");
        let reference = Some(self.reference.as_str()).filter(|name| !name.is_empty());
        let reference = reference.unwrap_or("HEAD").trim_start_matches("refs/heads/");
        let base = format!("https://{}{repository}/{files}/{reference}", url.host_str()?);
        let below = self.path.trim_matches('/');
        Some(if below.is_empty() {
            base
        } else {
            format!("{base}/{below}")
        })
    }

    /// Returns true for a source that is fetched, unlike a folder.
    pub fn is_fetched(&self) -> bool {
        !self.git.is_empty() || self.is_wiki()
    }

    /// Returns true for a source whose documents are the pages of a wiki.
    pub fn is_wiki(&self) -> bool {
        !(self.confluence.is_empty() && self.notion.is_empty())
    }

    pub(super) fn take_token(&mut self, layers: &Layers) -> Result<(), Error> {
        if !self.token_variable.is_empty() {
            if let Some(value) = layers.variable(&self.token_variable) {
                self.token = Some(SecretString::from(value.trim()));
                return Ok(());
            }
            if self.token_file.as_os_str().is_empty() {
                let problem = format!("names {}, which is not set", self.token_variable);
                return Err(self.wrong(layers, "token_variable", problem, "set it to the token"));
            }
        }
        if self.token_file.as_os_str().is_empty() {
            return Ok(());
        }
        let file = &self.token_file;
        let text = std::fs::read_to_string(file).map_err(|cause| {
            let problem = format!("names {}, which cannot be read ({cause})", file.display());
            self.wrong(layers, "token_file", problem, "make it readable for the bot")
        })?;
        match text.trim() {
            "" => {
                let problem = format!("names {}, which is empty", file.display());
                Err(self.wrong(layers, "token_file", problem, "write the token into that file"))
            }
            token => {
                self.token = Some(SecretString::from(token));
                Ok(())
            }
        }
    }

    pub(super) fn wrong(&self, layers: &Layers, key: &str, problem: impl Into<String>, remedy: &str) -> Error {
        let Error::Value {
            place, problem, remedy, ..
        } = layers.wrong("runbooks.sources", problem, remedy)
        else {
            return layers.wrong("runbooks.sources", "cannot be used", remedy);
        };
        Error::Value {
            place,
            key: format!("runbooks.sources[{}].{key}", self.id),
            problem,
            remedy,
        }
    }

    fn check(&self, layers: &Layers) -> Result<(), Error> {
        let wrong = |key: &str, problem: String, remedy: &str| Err(self.wrong(layers, key, problem, remedy));
        let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
        if self.id.is_empty()
            || self.id.len() > 40
            || !self.id.chars().all(is_letter)
            || self.id.starts_with(['-', '_'])
        {
            let problem = format!("is \"{}\"", self.id);
            return wrong("id", problem, "use up to 40 lowercase letters, digits, - and _");
        }
        let places = [
            ("dir", !self.dir.as_os_str().is_empty()),
            ("git", !self.git.is_empty()),
            ("confluence", !self.confluence.is_empty()),
            ("notion", !self.notion.is_empty()),
        ];
        let places: Vec<&str> = places
            .iter()
            .filter(|(_, is_set)| *is_set)
            .map(|(key, _)| *key)
            .collect();
        match places.as_slice() {
            [] => {
                let remedy = "set `dir`, `git`, `confluence` or `notion`";
                return wrong("dir", "is missing".to_owned(), remedy);
            }
            ["dir"] => return self.check_base_url(layers),
            ["confluence"] => return self.check_confluence(layers),
            ["notion"] => return self.check_notion(layers),
            [_] => {}
            [first, second, ..] => {
                let problem = format!("is set together with `{first}`");
                return wrong(second, problem, "remove one of them");
            }
        }
        self.check_git(layers)?;
        if self.reference.starts_with('-')
            || !self.reference.chars().all(is_of_reference)
            || self.reference.contains("..")
        {
            let problem = format!("is \"{}\"", self.reference);
            return wrong("ref", problem, "write the name of a branch or tag, or a commit id");
        }
        let parts = || self.path.trim_matches('/').split('/');
        if self.path.contains([':', '\\', '\0']) || parts().any(|part| matches!(part, "." | ".." | ".git")) {
            let problem = format!("is \"{}\"", self.path);
            return wrong(
                "path",
                problem,
                "write the path of a folder in the repository, such as \"docs/runbooks\"",
            );
        }
        self.check_base_url(layers)
    }

    /// Checks the address of the repository. Errors never repeat it: it may hold a password.
    fn check_git(&self, layers: &Layers) -> Result<(), Error> {
        let remedy = "use an address such as \"https://github.com/example/runbooks.git\" or \"ssh://git@example.com/runbooks.git\"";
        let wrong = |problem: &str, remedy: &str| Err(self.wrong(layers, "git", problem, remedy));
        let Some(url) = self.git() else {
            return wrong("is not a URL", remedy);
        };
        match url.scheme() {
            "https" | "ssh" if url.has_host() => {}
            "http" if is_local(&url) => {}
            "file" if !url.has_host() => {}
            "http" => return wrong("is not encrypted", "use https:// (http:// is for this machine only)"),
            _ => return wrong("is not an https, ssh or file address", remedy),
        }
        if self.git.contains("::") && !matches!(url.host(), Some(Host::Ipv6(_))) {
            return wrong("contains ::", remedy);
        }
        if url.password().is_some() || url.scheme() != "ssh" && !url.username().is_empty() {
            return wrong(
                "contains a user or a password",
                "put the token into a variable named by `token_variable`, or into `token_file`",
            );
        }
        let is_odd = |c: char| c.is_whitespace() || c.is_control();
        let starts_with_dash =
            url.host_str().is_some_and(|host| host.starts_with('-')) || url.username().starts_with('-');
        if self.git.contains(is_odd) || starts_with_dash || url.query().is_some() || url.fragment().is_some() {
            return wrong("is not the address of a repository", remedy);
        }
        Ok(())
    }

    fn check_base_url(&self, layers: &Layers) -> Result<(), Error> {
        let is_url = Url::parse(&self.base_url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if self.base_url.is_empty() || is_url {
            return Ok(());
        }
        let problem = format!("is \"{}\", which is not a URL", self.base_url);
        let remedy = "use an address such as \"https://example.com/runbooks/\"";
        Err(self.wrong(layers, "base_url", problem, remedy))
    }
}

/// Returns true for an address of this machine.
pub(super) fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// True for characters that names of branches, tags and commits are made of.
fn is_of_reference(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '+' | '@' | '#')
}

/// Checks all sources.
pub(super) fn check(sources: &[RunbookSource], layers: &Layers) -> Result<(), Error> {
    let mut ids = BTreeSet::new();
    for source in sources {
        source.check(layers)?;
        if !ids.insert(source.id.as_str()) {
            return Err(source.wrong(layers, "id", "is used twice", "use a different id for each source"));
        }
    }
    Ok(())
}
