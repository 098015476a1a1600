//! The files of a fetched version: one for each page, in folders named after its parent pages.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use quick_xml::escape::escape;
use url::Url;

use super::confluence::{PageBody, PageEntry};
use super::storage::{Book, StorageReader};
use crate::fetched;

/// Name of the file with the list of pages. Files that begin with a dot are no documents.
pub(super) const LIST: &str = ".pages.json";
/// Most bytes of a title in a path.
const LONGEST_NAME: usize = 100;
/// Most folders above a page.
pub(super) const DEEPEST: usize = 12;

/// All pages of the listed spaces.
pub(super) struct Pages<'a> {
    entries: BTreeMap<&'a str, &'a PageEntry>,
    by_title: HashMap<(String, String), &'a str>,
    site: &'a Url,
    bodies: &'a Path,
    /// Most bytes that a page may include.
    most: usize,
}

impl<'a> Pages<'a> {
    /// Creates a list of pages whose bodies are files in `bodies`.
    pub(super) fn new(entries: &'a [PageEntry], site: &'a Url, bodies: &'a Path, most: usize) -> Pages<'a> {
        let key = |entry: &'a PageEntry| ((folded(&entry.space), folded(&entry.title)), entry.id.as_str());
        Pages {
            entries: entries.iter().map(|entry| (entry.id.as_str(), entry)).collect(),
            by_title: entries.iter().map(key).collect(),
            site,
            bodies,
            most,
        }
    }

    /// Writes the files of the pages `shown`, and the list of all pages, into a folder. Returns their bytes.
    pub(super) fn write(&self, shown: &HashSet<&str>, folder: &Path) -> std::io::Result<u64> {
        let mut bytes = 0_u64;
        let mut damaged = None;
        for entry in self.entries.values().filter(|entry| shown.contains(entry.id.as_str())) {
            let Some(body) = read_body(self.bodies, &entry.id, entry.version) else {
                // Such as a file that a power failure left empty. Its page would be missing until it is changed.
                fetched::remove(&body_file(self.bodies, &entry.id, entry.version))?;
                damaged = Some(&entry.id);
                continue;
            };
            let text = self.document(entry, &body);
            bytes = bytes.saturating_add(text.len() as u64);
            let file = folder.join(self.path(entry));
            std::fs::create_dir_all(file.parent().unwrap_or(folder))?;
            std::fs::write(&file, text)?;
        }
        if let Some(id) = damaged {
            let cause = format!("the kept text of page {id} is damaged; the next fetch gets it again");
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, cause));
        }
        let list: Vec<&PageEntry> = self.entries.values().copied().collect();
        fetched::write(&folder.join(LIST), &list)?;
        Ok(bytes)
    }

    /// Path of a page's file. Its id makes it unique, whatever the titles are.
    fn path(&self, entry: &PageEntry) -> PathBuf {
        let mut titles = Vec::new();
        let mut seen = HashSet::from([entry.id.as_str()]);
        let mut parent = entry.parent.as_deref();
        while let Some(above) = parent.and_then(|id| self.entries.get(id)) {
            if !seen.insert(&above.id) || titles.len() >= DEEPEST {
                break;
            }
            titles.push(file_name(&above.title));
            parent = above.parent.as_deref();
        }
        titles.push(file_name(&entry.space));
        let folder: PathBuf = titles.iter().rev().collect();
        folder.join(format!("{}_{}.html", file_name(&entry.title), entry.id))
    }

    /// A page as a document of HTML: the reader takes title, address and time from its head.
    fn document(&self, entry: &PageEntry, body: &PageBody) -> String {
        let meta =
            |name: &str, content: &str| format!("<meta name=\"signpost-{name}\" content=\"{}\">", escape(content));
        let labels = if entry.labels.is_empty() {
            &body.labels
        } else {
            &entry.labels
        };
        let head = [
            meta("title", &entry.title),
            meta("place", &format!("Confluence {}", entry.space)),
            meta("changed", &entry.changed.to_string()),
            format!("<meta name=\"keywords\" content=\"{}\">", escape(labels.join(","))),
            format!("<link rel=\"canonical\" href=\"{}\">", escape(self.address_of(entry))),
        ];
        let mut reader = StorageReader::new(self, &entry.id, &entry.space, self.most);
        format!(
            "<!DOCTYPE html><html><head>{}</head><body><main id=\"main-content\" class=\"wiki-content\">\n{}\n</main></body>\
             </html>\n",
            head.concat(),
            reader.completed(&body.storage)
        )
    }

    /// Address of a page. The wiki gives a path below its own, which some servers repeat in it.
    fn address_of(&self, entry: &PageEntry) -> String {
        let base = self.site.path().trim_end_matches('/');
        let path = entry
            .path
            .strip_prefix(base)
            .filter(|_| !base.is_empty())
            .unwrap_or(&entry.path);
        if path.starts_with('/') && !path.starts_with("//") {
            let address = Url::parse(&format!("{}{path}", self.site.as_str().trim_end_matches('/')));
            if let Ok(address) = address {
                return address.to_string();
            }
        }
        let mut address = self.site.clone();
        address.set_path(&format!("{base}/pages/viewpage.action"));
        address.query_pairs_mut().append_pair("pageId", &entry.id);
        address.to_string()
    }
}

impl Book for Pages<'_> {
    fn find(&self, space: &str, title: &str) -> Option<&str> {
        self.by_title.get(&(folded(space), folded(title))).copied()
    }

    fn address(&self, id: &str) -> Option<String> {
        Some(self.address_of(self.entries.get(id)?))
    }

    fn storage(&self, id: &str) -> Option<String> {
        let entry = self.entries.get(id)?;
        Some(read_body(self.bodies, id, entry.version)?.storage)
    }

    fn site(&self) -> &Url {
        self.site
    }
}

/// A title or a key as Confluence compares them.
fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Path of a body's file.
pub(super) fn body_file(bodies: &Path, id: &str, version: u64) -> PathBuf {
    bodies.join(format!("{id}-{version}"))
}

/// Reads a body; `None` where it is missing or damaged.
pub(super) fn read_body(bodies: &Path, id: &str, version: u64) -> Option<PageBody> {
    fetched::read(&body_file(bodies, id, version))
}

/// A title as the name of a file: no separators, no name that hides the file or gives it a meaning.
pub(super) fn file_name(title: &str) -> String {
    let kept = |c: char| {
        if c.is_control() || "/\\:*?\"<>|".contains(c) {
            ' '
        } else {
            c
        }
    };
    let words: String = title.chars().map(kept).collect();
    let words: Vec<&str> = words.split_whitespace().collect();
    let mut name = words.join(" ").trim_matches(['.', '_', '~', ' ']).to_owned();
    while name.len() > LONGEST_NAME {
        name.pop();
    }
    if name.is_empty() {
        "page".to_owned()
    } else {
        name.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_become_harmless_names() {
        for (title, name) in [
            ("Disk full: node/7", "Disk full node 7"),
            ("../../etc/passwd", "etc passwd"),
            (".hidden", "hidden"),
            ("_data", "data"),
            ("~ada", "ada"),
            ("\u{0}", "page"),
            ("…", "…"),
        ] {
            assert_eq!(file_name(title), name);
        }
        assert!(file_name(&"ö".repeat(400)).len() <= LONGEST_NAME);
    }
}
