//! Translations of a page: only the English one is read, as all of them hold the same errors.

use std::collections::HashMap;

use super::note;
use super::walk::FoundFiles;
use crate::runbook::{Level, page_and_language};

/// Leaves out the translations of pages that are there in English: `x.html.de` beside `x.html.en`, `x.de.html` beside
/// `x.html`. Without an English page, all are read.
pub(super) fn leave_out(found: &mut FoundFiles) {
    let mut english: HashMap<String, String> = HashMap::new();
    for (path, _) in &found.documents {
        match page_and_language(path) {
            Some((page, language)) if is_english(&language) => {
                english.insert(page, path.clone());
            }
            _ => {}
        }
    }
    for (path, _) in &found.documents {
        // Beside `x.html.de`, the bare `x.html` is a list of the translations; beside `x.de.html` it is the original.
        if let Some((page, _)) =
            page_and_language(path).filter(|(page, _)| page.rsplit('.').next() == path.rsplit('.').next())
            && !english.contains_key(&page)
            && found
                .documents
                .binary_search_by(|(other, _)| other.as_str().cmp(&page))
                .is_ok()
        {
            english.insert(page.clone(), page);
        }
    }
    let mut left_out = Vec::new();
    found.documents.retain(|(path, _)| {
        let Some((page, language)) = page_and_language(path) else {
            return true;
        };
        let Some(original) = english.get(&page).filter(|_| !is_english(&language)) else {
            return true;
        };
        left_out.push((path.clone(), format!("a translation of {original}")));
        false
    });
    for (path, reason) in left_out {
        let message = format!("this file is {reason} and is left out");
        found
            .diagnostics
            .push(note(&path, 0, Level::Info, "translation", message));
        found.skip(path, &reason);
    }
}

fn is_english(language: &str) -> bool {
    language == "en" || language.starts_with("en-") || language.starts_with("en_")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn read(paths: &[&str]) -> (Vec<String>, Vec<String>) {
        let mut found = FoundFiles {
            documents: paths.iter().map(|path| ((*path).to_owned(), PathBuf::new())).collect(),
            ..FoundFiles::default()
        };
        found.documents.sort();
        leave_out(&mut found);
        let read = found.documents.into_iter().map(|(path, _)| path).collect();
        let skipped = found
            .skipped
            .into_iter()
            .map(|skipped| format!("{}: {}", skipped.path, skipped.reason));
        (read, skipped.collect())
    }

    #[test]
    fn only_the_english_page_is_read() {
        let (read, skipped) = read(&[
            "a/x.html.de",
            "a/x.html.en.utf8",
            "a/x.html.ko.euc-kr",
            "y.html",
            "y.fr.html",
        ]);
        assert_eq!(read, ["a/x.html.en.utf8", "y.html"]);
        assert_eq!(
            skipped,
            [
                "a/x.html.de: a translation of a/x.html.en.utf8",
                "a/x.html.ko.euc-kr: a translation of a/x.html.en.utf8",
                "y.fr.html: a translation of y.html"
            ]
        );
    }

    #[test]
    fn pages_without_an_english_one_are_read() {
        let paths = ["x.html", "x.html.de", "x.html.fr"];
        assert_eq!(read(&paths).0, paths);
    }
}
