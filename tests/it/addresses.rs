//! Documents by their addresses: which links lead to which document, and which lead nowhere.

use std::sync::Arc;

use signpost::addresses::{Addresses, alert_links, links_in};
use signpost::clock::{Clock, SystemClock};
use signpost::files::{Collection, Options, SourcePlace};
use signpost::runbook::{DocumentSource, Library, RepositoryFolder};

const FLUX: &str = "# Flux is low\n\nIntro.\n\n## Fill the tank\n\n1. Fill it.\n\n## Ask <b>the</b> crew\n\n1. Ask.\n";

/// A library of the files of one source.
fn library(source: DocumentSource, files: &[(&str, &str)]) -> Library {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    let place = SourcePlace {
        source: Some(source),
        dir: Some(folder.path().to_owned()),
        version: None,
        options: Options::default(),
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Collection::new(vec![place], &clock)
        .read(&|_, _| {}, &|_, _| {})
        .unwrap()
}

fn repository(url: &str, path: &str) -> DocumentSource {
    DocumentSource {
        id: "books".to_owned(),
        repository: Some(RepositoryFolder {
            url: url.to_owned(),
            path: path.to_owned(),
        }),
        ..DocumentSource::default()
    }
}

fn published(base_url: &str) -> DocumentSource {
    DocumentSource {
        id: "books".to_owned(),
        base_url: Some(base_url.to_owned()),
        ..DocumentSource::default()
    }
}

/// Path and section that an address leads to; empty for none.
fn led(library: &Library, url: &str) -> String {
    let found = Addresses::of(library, None).find(library, url);
    found.map_or_else(String::new, |id| match id.section {
        0 => library.runbooks[id.runbook].path.clone(),
        _ => format!(
            "{}#{}",
            library.runbooks[id.runbook].path,
            library.section(id).unwrap().heading
        ),
    })
}

#[track_caller]
fn check(library: &Library, cases: &[(&str, &str)]) {
    for (url, expected) in cases {
        assert_eq!(led(library, url), *expected, "{url}");
    }
}

#[test]
fn a_page_is_found_however_its_address_is_written() {
    let files = [
        ("alerts/FluxLow.md", FLUX),
        ("alerts/tank pressure.md", "# Tank pressure\n\n1. Vent.\n"),
        ("alerts/index.md", "# All alerts\n\n1. Look.\n"),
        ("Größe.md", "# Size\n\n1. Measure.\n"),
    ];
    let library = library(published("https://Books.example/run/"), &files);
    check(
        &library,
        &[
            ("https://books.example/run/alerts/FluxLow.md", "alerts/FluxLow.md"),
            ("http://BOOKS.example/run/alerts/FluxLow.html", "alerts/FluxLow.md"),
            ("https://books.example/run/alerts/FluxLow", "alerts/FluxLow.md"),
            ("https://books.example/run/alerts/fluxlow/", "alerts/FluxLow.md"),
            (
                "https://books.example//run/alerts/FluxLow/index.html?utm=1",
                "alerts/FluxLow.md",
            ),
            (
                "https://books.example/run/alerts/tank%20pressure",
                "alerts/tank pressure.md",
            ),
            (
                "https://books.example/run/alerts/tank-pressure/",
                "alerts/tank pressure.md",
            ),
            ("https://books.example/run/alerts/", "alerts/index.md"),
            ("https://books.example/run/alerts", "alerts/index.md"),
            ("https://books.example/run/gr%C3%B6%C3%9Fe", "Größe.md"),
            (
                "https://books.example/run/alerts/FluxLow#fill-the-tank",
                "alerts/FluxLow.md#Fill the tank",
            ),
            (
                "https://books.example/run/alerts/FluxLow/#Fill%20the%20tank",
                "alerts/FluxLow.md#Fill the tank",
            ),
            (
                "https://books.example/run/alerts/FluxLow#no-such-section",
                "alerts/FluxLow.md",
            ),
            (
                "https://books.example/run/alerts/FluxLow#:~:text=Fill",
                "alerts/FluxLow.md",
            ),
            ("https://books.example/run/alerts/FluxHigh", ""),
            ("https://books.example/alerts/FluxLow", ""),
            ("https://books.example.evil/run/alerts/FluxLow", ""),
            ("https://books.example:8443/run/alerts/FluxLow", ""),
            ("ftp://books.example/run/alerts/FluxLow", ""),
            ("no address", ""),
        ],
    );
}

#[test]
fn a_file_of_a_repository_is_found_at_any_ref() {
    let files = [
        ("flux.md", FLUX),
        ("README.md", "# Everything\n\nOur runbooks.\n\n1. Read.\n"),
    ];
    let hosts = [
        (
            "https://github.com/tank/books.git",
            &[
                "https://github.com/tank/books/blob/main/docs/flux.md",
                "https://github.com/tank/books/blob/feature/new-tank/docs/flux.md?plain=1",
                "https://github.com/Tank/Books/edit/v1.2/docs/flux.md",
                "https://github.com/tank/books/raw/0a1b2c3/docs/flux.md",
                "https://raw.githubusercontent.com/tank/books/refs/heads/main/docs/flux.md",
            ] as &[&str],
        ),
        (
            "ssh://git@github.tank.example/tank/books.git",
            &["https://github.tank.example/tank/books/blame/main/docs/flux.md"],
        ),
        (
            "https://gitlab.com/tank/ops/books",
            &[
                "https://gitlab.com/tank/ops/books/-/blob/main/docs/flux.md?ref_type=heads",
                "https://gitlab.com/tank/ops/books/-/raw/release/1.2/docs/flux.md",
            ],
        ),
        (
            "https://bitbucket.org/tank/books.git",
            &["https://bitbucket.org/tank/books/src/main/docs/flux.md"],
        ),
        (
            "ssh://git@bitbucket.tank.example:7999/OPS/books.git",
            &["https://bitbucket.tank.example/projects/OPS/repos/books/browse/docs/flux.md?at=refs%2Fheads%2Fmain"],
        ),
        (
            "https://bitbucket.tank.example/scm/ops/books.git",
            &["https://bitbucket.tank.example/projects/OPS/repos/books/raw/docs/flux.md"],
        ),
        (
            "https://git.tank.example:3000/ops/books",
            &["https://git.tank.example:3000/ops/books/src/branch/main/docs/flux.md"],
        ),
        (
            "https://dev.azure.com/tank/ops/_git/books",
            &["https://dev.azure.com/tank/ops/_git/books?path=/docs/flux.md&version=GBmain"],
        ),
    ];
    for (clone, urls) in hosts {
        let library = library(repository(clone, "docs"), &files);
        for url in urls {
            assert_eq!(led(&library, url), "flux.md", "{url}");
            let elsewhere = url.replace("/docs/", "/old/");
            assert_eq!(led(&library, &elsewhere), "", "{elsewhere}");
            let other = url.to_lowercase().replace("books", "bookings");
            assert_eq!(led(&library, &other), "", "{other}");
        }
    }
    let library = library(repository("https://github.com/tank/books", ""), &files);
    check(
        &library,
        &[
            ("https://github.com/tank/books/tree/main", ""),
            (
                "https://github.com/tank/books/blob/main/flux.md#L5-L8",
                "flux.md#Fill the tank",
            ),
            (
                "https://github.com/tank/books/blob/main/flux.md#user-content-ask-the-crew",
                "flux.md#Ask the crew",
            ),
            ("https://github.com/tank/books/blob/main/README.md", ""),
        ],
    );
}

#[test]
fn a_base_address_at_one_ref_stands_for_the_others() {
    let library = library(
        published("https://github.com/tank/books/blob/main/docs"),
        &[("flux.md", FLUX)],
    );
    check(
        &library,
        &[
            ("https://github.com/tank/books/blob/main/docs/flux.md", "flux.md"),
            ("https://github.com/tank/books/blob/9f8e7d6/docs/flux.md", "flux.md"),
            ("https://github.com/tank/books/blob/main/flux.md", ""),
        ],
    );
}

#[test]
fn a_page_of_a_wiki_is_found_by_its_id_and_by_its_title() {
    let page = "<html><head><title>Ops : Tank pressure</title></head><body><h1>Tank pressure</h1>\
        <h2>Vent it</h2><p>Vent the tank.</p></body></html>";
    let files = [
        ("OPS/Tank+pressure_98765432.html", page),
        (
            "Flux low 3f2a9c1d7b8e4f60a1b2c3d4e5f60718.md",
            "# Flux low\n\n1. Fill.\n",
        ),
        (
            "own.md",
            "---\nlink: https://wiki.tank.example/wiki/spaces/OPS/pages/4711001/Own+page\n---\n# Own page\n\n1. Do.\n",
        ),
        (
            "moved.md",
            "---\npermalink: /moved/here/\nredirect_from: [/old/place, /older]\n---\n# Moved\n\n1. Do.\n",
        ),
    ];
    let library = library(published("https://site.example/books"), &files);
    let (tank, flux) = ("OPS/Tank+pressure_98765432.html", files[1].0);
    check(
        &library,
        &[
            (
                "https://tank.atlassian.net/wiki/spaces/OPS/pages/98765432/Renamed+since",
                tank,
            ),
            ("https://wiki.tank.example/pages/viewpage.action?pageId=98765432", tank),
            ("https://wiki.tank.example/display/OPS/Tank+pressure", tank),
            (
                "https://tank.atlassian.net/wiki/spaces/OPS/pages/98765433/Tank+pressure",
                "",
            ),
            (
                "https://tank.atlassian.net/wiki/spaces/OPS/pages/98765432/Tank+pressure#Tank-pressure-Vent-it",
                "OPS/Tank+pressure_98765432.html#Vent it",
            ),
            (
                "https://www.notion.so/tank/Flux-low-3f2a9c1d7b8e4f60a1b2c3d4e5f60718?pvs=4",
                flux,
            ),
            ("https://tank.notion.site/3f2a9c1d-7b8e-4f60-a1b2-c3d4e5f60718", flux),
            ("https://wiki.tank.example/wiki/spaces/OPS/pages/4711001", "own.md"),
            ("https://wiki.tank.example/wiki/display/OPS/Own+page", "own.md"),
            ("https://other.example/wiki/spaces/OPS/pages/4711001", ""),
            ("https://site.example/moved/here", "moved.md"),
            ("https://site.example/old/place/", "moved.md"),
            ("https://site.example/books/older.html", "moved.md"),
        ],
    );
}

#[test]
fn an_address_of_several_documents_leads_to_none() {
    let files = [
        ("Flux.md", FLUX),
        ("flux.md", FLUX),
        ("tank.md", FLUX),
        ("tank/index.md", FLUX),
    ];
    let library = library(published("https://books.example"), &files);
    check(
        &library,
        &[
            ("https://books.example/Flux", "Flux.md"),
            ("https://books.example/flux", "flux.md"),
            ("https://books.example/FLUX", ""),
            ("https://books.example/tank", ""),
            ("https://books.example/tank.md", "tank.md"),
        ],
    );
}

#[test]
fn a_long_line_full_of_links_keeps_little_of_it() {
    let line = (0..20_000)
        .map(|n| format!("runbook:http://a{n}"))
        .collect::<Vec<_>>()
        .join(" ");
    for links in [alert_links(&line), links_in(&line)] {
        assert_eq!(links.len(), 100);
        let kept: usize = links.iter().map(|link| link.text.len()).sum();
        assert!(kept <= 100 * 4096, "{kept}");
    }
    let closed = format!("see https://books.example/x{}", ")".repeat(160_000));
    assert_eq!(links_in(&closed)[0].url, "https://books.example/x");
}
