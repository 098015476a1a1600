//! The forms of an address in which it is compared. Scheme, port of a repository, trailing slash, ending of the file,
//! `index`, percent-encoding, query and fragment make no difference; nor does the ref of a file in a repository.

use url::Url;

use crate::runbook::is_folder_page;

/// Most parts of a ref: `feature/team/thing`, `refs/heads/main`.
const REF_PARTS: usize = 6;

/// Endings of documents; pages are often published without them.
const ENDINGS: &str = "adoc asc asciidoc htm html ipynb markdown md mdown mdx org rst text textile txt wiki";

/// The forms of an address, the most exact first.
pub(super) struct Forms {
    forms: Vec<String>,
    fragment: String,
}

impl Forms {
    /// Reads an address; `None` for one that is not of the web.
    pub(super) fn of(url: &str) -> Option<Self> {
        let url = Url::parse(url.trim()).ok()?;
        if !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        let host = host_of(&url)?;
        let parts = parts_of(&url);
        let query = |name: &str| {
            let mut pairs = url.query_pairs();
            pairs
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.into_owned())
        };
        let mut forms = Vec::new();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        // The page whose id an address gives: its other parts change with the title.
        if let Some(id) = query("pageId").or_else(|| id_of_page(&parts)) {
            forms.push(format!("confluence:{host}:{id}"));
            forms.push(format!("confluence::{id}"));
        }
        if let Some((space, title)) = title_of_page(&parts, query("spaceKey").as_deref(), query("title").as_deref()) {
            // Titles such as "Overview" are in many spaces.
            forms.push(format!("confluence-title:{host}:{space}:{title}"));
            forms.push(format!("confluence-title::{title}"));
        }
        let is_notion = ["notion.so", "notion.com", "notion.site"].iter().any(|domain| {
            let below = host.strip_suffix(domain);
            below.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        });
        if is_notion && let Some(id) = parts.last().and_then(|last| notion_id(last)) {
            forms.push(format!("notion:{id}"));
        }
        if let Some(path) = query("path").filter(|_| parts.contains(&"_git")) {
            let repository: Vec<&str> = parts.iter().copied().filter(|part| *part != "_git").collect();
            let repository = format!("{}/{}", bare(&host), repository.join("/"));
            forms.extend(page(&format!("repository:{repository}:{}", path.trim_matches('/'))));
        }
        for (repository, path) in in_web_forms(bare(&host), &parts) {
            forms.extend(page(&format!("repository:{repository}:{path}")));
        }
        forms.extend(page(&format!("{host}/{}", parts.join("/"))));
        let fragment = url.fragment().unwrap_or_default().to_owned();
        Some(Self { forms, fragment })
    }

    /// Returns the forms, and the fragment.
    pub(super) fn with_fragment(self) -> (Vec<String>, String) {
        (self.forms, self.fragment)
    }
}

/// Forms of the address of a path below a base address.
pub(super) fn below(base_url: &str, path: &str) -> Vec<String> {
    let Some(mut url) = Url::parse(base_url).ok() else {
        return Vec::new();
    };
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path.split('/'));
    }
    url.set_query(None);
    url.set_fragment(None);
    let mut forms = Forms::of(url.as_str()).map_or_else(Vec::new, |forms| forms.forms);
    // A ref of several parts is possible only in the addresses that are compared with this one.
    let is_file = |form: &&String| form.starts_with("repository:");
    let first = forms.iter().find(is_file).cloned().map(|first| page(&first));
    if let Some(first) = first {
        forms.retain(|form| !is_file(&form) || first.contains(form));
    }
    forms
}

/// Forms of the address of a file in a repository, from the address from which the repository is cloned.
pub(super) fn in_repository(clone_url: &str, folder: &str, path: &str) -> Vec<String> {
    let Some((url, host)) = Url::parse(clone_url).ok().and_then(|url| {
        let host = url.host_str()?.to_lowercase();
        Some((url, host))
    }) else {
        return Vec::new();
    };
    let parts = parts_of(&url);
    let mut parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    // Azure's and Bitbucket's addresses for cloning have a part that those for reading lack.
    let host = if host == "ssh.dev.azure.com" {
        parts.retain(|part| *part != "v3");
        "dev.azure.com"
    } else {
        parts.retain(|part| *part != "_git");
        host.as_str()
    };
    if parts.len() > 2 && parts.first() == Some(&"scm") {
        parts.remove(0);
    }
    let repository = parts.join("/");
    let repository = repository.trim_end_matches(".git");
    let file = [folder.trim_matches('/'), path]
        .iter()
        .filter(|part| !part.is_empty())
        .copied()
        .collect::<Vec<_>>();
    let file = file.join("/");
    let mut forms = page(&format!("repository:{host}/{repository}:{file}"));
    if let Some(wiki) = repository.strip_suffix(".wiki") {
        forms.extend(page(&format!("{host}/{wiki}/wiki/{file}")));
        forms.extend(page(&format!("{host}/{wiki}/-/wikis/{file}")));
    }
    forms
}

/// Forms of an address that a document gives itself, which may be relative to the base address of its source.
pub(super) fn own(address: &str, base_url: Option<&str>) -> Vec<String> {
    if address.contains("://") {
        let mut forms = Forms::of(address).map_or_else(Vec::new, |forms| forms.forms);
        // The forms without a host are for pages of which nothing but the id is known.
        forms.retain(|form| !form.starts_with("confluence::") && !form.starts_with("confluence-title::"));
        forms.extend(Url::parse(address).ok().and_then(|url| title_beside_id(&url)));
        return forms;
    }
    let Some(base_url) = base_url.and_then(|base| Url::parse(base).ok()) else {
        return Vec::new();
    };
    let mut out = Vec::new();
    // Relative to the site, or to the folder of the source.
    out.extend(
        base_url
            .join(address)
            .ok()
            .map(String::from)
            .and_then(|url| Forms::of(&url)),
    );
    let below = below(base_url.as_str(), address.trim_matches('/'));
    out.into_iter().flat_map(|forms| forms.forms).chain(below).collect()
}

/// Forms that an exported page has by its file name alone: Confluence and Notion write the page's id there.
pub(super) fn by_file_name(path: &str) -> Vec<String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    if matches!(ending, "html" | "htm") {
        let is_id = |id: &&str| id.len() >= 4 && id.bytes().all(|byte| byte.is_ascii_digit());
        let title = stem.rsplit_once('_').filter(|(_, id)| is_id(id));
        if let Some((title, id)) = title {
            return vec![
                format!("confluence::{id}"),
                format!("confluence-title::{}", folded(title)),
            ];
        }
        return if is_id(&stem) {
            vec![format!("confluence::{stem}")]
        } else {
            Vec::new()
        };
    }
    notion_id(stem).map(|id| format!("notion:{id}")).into_iter().collect()
}

/// The bytes that percent-encoding stands for, as text.
pub(super) fn decoded(text: &str) -> String {
    let pair = format!("x={}", text.replace('+', "%2B").replace('&', "%26"));
    let decoded = url::form_urlencoded::parse(pair.as_bytes()).next();
    decoded.map_or_else(|| text.to_owned(), |(_, value)| value.into_owned())
}

fn host_of(url: &Url) -> Option<String> {
    let host = url.host_str()?.trim_end_matches('.');
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

/// The host without its port.
fn bare(host: &str) -> &str {
    host.rsplit_once(':').map_or(host, |(host, _)| host)
}

fn parts_of(url: &Url) -> Vec<String> {
    let parts = url.path_segments().into_iter().flatten();
    parts.filter(|part| !part.is_empty()).map(decoded).collect()
}

/// A page's address as written, and without its ending and `index`. Blanks are written as `-` or `+` by some.
fn page(address: &str) -> Vec<String> {
    let address = folded(address);
    let (before, last) = address.rsplit_once(['/', ':']).unwrap_or(("", &address));
    let stem = last
        .rsplit_once('.')
        .filter(|(_, ending)| ENDINGS.split(' ').any(|known| ending.eq_ignore_ascii_case(known)))
        .map_or(last, |(stem, _)| stem);
    let mut forms = vec![address.clone()];
    let separator = address
        .get(before.len()..)
        .and_then(|rest| rest.chars().next())
        .unwrap_or('/');
    if is_folder_page(stem) {
        forms.push(before.to_owned());
    } else if stem != last {
        forms.push(format!("{before}{separator}{stem}"));
    }
    forms
}

fn folded(text: &str) -> String {
    text.replace([' ', '+'], "-")
}

/// The repository and the path of a file, for each part of the address that may end the ref: its length is not known.
fn in_web_forms(host: &str, parts: &[&str]) -> Vec<(String, String)> {
    let refs = |repository: String, rest: &[&str]| -> Vec<(String, String)> {
        let lengths = 1..rest.len().min(REF_PARTS + 1);
        let paths = lengths
            .filter_map(|length| rest.get(length..))
            .map(|path| path.join("/"));
        paths.map(|path| (repository.clone(), path)).collect()
    };
    let shows = |part: &str| matches!(part, "blob" | "tree" | "raw" | "blame" | "edit" | "commits" | "plain");
    match parts {
        [
            "projects" | "users",
            owner,
            "repos",
            repository,
            "browse" | "raw",
            path @ ..,
        ] => {
            vec![(format!("{host}/{}/{repository}", owner.to_lowercase()), path.join("/"))]
        }
        [owner, repository, rest @ ..] if host == "raw.githubusercontent.com" => {
            refs(format!("github.com/{owner}/{repository}"), rest)
        }
        _ => {
            // GitLab's groups nest: its marker `-` ends the name of the repository.
            if let Some(at) = parts.iter().position(|part| *part == "-")
                && let Some([kind, rest @ ..]) = parts.get(at + 1..)
                && shows(kind)
            {
                return refs(
                    format!("{host}/{}", parts.get(..at).unwrap_or_default().join("/")),
                    rest,
                );
            }
            match parts {
                [owner, repository, kind, rest @ ..] if shows(kind) => {
                    let mut found = refs(format!("{host}/{owner}/{repository}"), rest);
                    // Gitea says which kind of ref follows.
                    if let ["branch" | "tag" | "commit", rest @ ..] = rest {
                        found.extend(refs(format!("{host}/{owner}/{repository}"), rest));
                    }
                    found
                }
                [owner, repository, "src", "branch" | "tag" | "commit", rest @ ..]
                | [owner, repository, "src", rest @ ..] => refs(format!("{host}/{owner}/{repository}"), rest),
                _ => Vec::new(),
            }
        }
    }
}

/// The id in Confluence's `…/pages/123/Title`.
fn id_of_page(parts: &[&str]) -> Option<String> {
    let at = parts.iter().position(|part| *part == "pages")?;
    let mut after = parts
        .get(at + 1..)?
        .iter()
        .skip_while(|part| matches!(**part, "edit-v2" | "resumedraft.action"));
    let id = after.next()?;
    (!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())).then(|| (*id).to_owned())
}

/// Space and title in Confluence's `…/display/SPACE/Title` and `viewpage.action?spaceKey=SPACE&title=Title`.
fn title_of_page(parts: &[&str], space: Option<&str>, title: Option<&str>) -> Option<(String, String)> {
    let is_query = parts.last() == Some(&"viewpage.action");
    let (space, title) = if let Some(title) = title.filter(|_| is_query) {
        (space.unwrap_or_default(), title)
    } else {
        let at = parts.iter().position(|part| *part == "display")?;
        (*parts.get(at + 1)?, *parts.get(at + 2)?)
    };
    Some((folded(space), folded(title)))
}

/// The form by the title of a page whose address has both, `…/spaces/SPACE/pages/123/Title`.
fn title_beside_id(url: &Url) -> Option<String> {
    let parts = parts_of(url);
    let at = parts.iter().position(|part| part == "pages")?;
    let (space, title) = (parts.get(at.checked_sub(1)?)?, parts.get(at + 2)?);
    let host = host_of(url)?;
    Some(format!("confluence-title:{host}:{}:{}", folded(space), folded(title)))
}

/// The id of a page at the end of a name, as Notion writes it: 32 hexadecimal digits.
pub(super) fn notion_id(name: &str) -> Option<String> {
    let digits = name.replace('-', "");
    let id = digits.get(digits.len().checked_sub(32)?..)?;
    (id.bytes().all(|byte| byte.is_ascii_hexdigit()) && id.bytes().any(|byte| byte.is_ascii_digit()))
        .then(|| id.to_lowercase())
}
