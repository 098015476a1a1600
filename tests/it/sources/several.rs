//! Several sources in one library: paths, teams, addresses, problems.

use serde_json::Value;

use super::{Setup, document, said};

const TEAMS: &str =
    "ovens:\n  name: Oven crew\n  comm:\n    name: \"#ovens\"\nclay:\n  name: Clay\n  comm:\n    name: \"#clay\"\n";

impl Setup {
    fn write(&self, path: &str, text: &str) {
        let file = self.path(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    fn reply(&self, paste: &str) -> String {
        self.write("paste.txt", paste);
        said(&self.signpost(&["match", "--asked", self.path("paste.txt").to_str().unwrap()]))
    }
}

/// A folder, a folder as a source and a repository.
fn three() -> Setup {
    let setup = Setup::new();
    setup.write("central/a.md", &document(1));
    setup.write("central/_data/teams.yml", TEAMS);
    setup.write("ovens/a.md", &document(2));
    setup.write("ovens/drafts/b.md", &document(3));
    setup.write(
        "ovens/see.md",
        "# Oven lamp\n\n```\nKX0044: oven lamp <LAMP> burnt out in station <STATION>\n```\n\nContact team Clay.\n\n1. See [a](a.md).\n",
    );
    let origin = setup.origin();
    origin.write("books/a b.md", &document(4));
    origin.commit();
    let dir = |name: &str| setup.path(name).display().to_string();
    setup.runbooks(&format!(
        "dir = {:?}\nbase_url = \"https://central.example/\"\n\
         [[runbooks.sources]]\nid = \"ovens\"\ndir = {:?}\nteam = \"ovens\"\nbase_url = \"https://ovens.example/books\"\nignore = [\"drafts/\"]\n\
         [[runbooks.sources]]\nid = \"kilns\"\ngit = {:?}\npath = \"books\"\nbase_url = \"https://kilns.example/\"\n",
        dir("central"),
        dir("ovens"),
        origin.url()
    ));
    setup
}

#[test]
fn paths_begin_with_the_source_and_those_of_the_folder_stay() {
    let setup = three();
    let told = setup.lint();
    assert!(told.contains("kilns:0: error[source-unfetched]"), "{told}");
    assert_eq!(setup.documents(), ["a.md", "ovens/a.md", "ovens/see.md"]);
    assert_eq!(setup.fetch().0, 0);
    assert_eq!(
        setup.documents(),
        ["a.md", "kilns/a b.md", "ovens/a.md", "ovens/see.md"]
    );
    let told = setup.lint();
    assert!(
        told.contains("(excluded by runbooks.ignore): ovens/drafts/b.md"),
        "{told}"
    );
    let cases = "{\"id\":\"1\",\"text\":\"KX0004: kiln door 7 jammed at station 9\",\"expect\":\"kilns/a b.md\",\"kind\":\"x\"}\n";
    setup.write("cases.jsonl", cases);
    let output = setup.signpost(&["eval", "--json", "--cases", setup.path("cases.jsonl").to_str().unwrap()]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&report["documents"], &report["answered_correct"]),
        (&4.into(), &1.into()),
        "{report}"
    );
}

#[test]
fn each_source_has_its_own_address_and_team() {
    let setup = three();
    assert_eq!(setup.fetch().0, 0);
    for (paste, url) in [
        (
            "KX0001: kiln door 7 jammed at station 9",
            "https://central.example/a.md",
        ),
        (
            "KX0002: kiln door 7 jammed at station 9",
            "https://ovens.example/books/a.md",
        ),
        (
            "KX0004: kiln door 7 jammed at station 9",
            "https://kilns.example/a%20b.md",
        ),
    ] {
        let reply = setup.reply(paste);
        assert!(reply.contains(url), "{paste}: {reply}");
    }
    let reply = setup.reply("KX0002: kiln door 7 jammed at station 9");
    assert!(
        reply.contains("#ovens"),
        "the team of the source, from the file of another: {reply}"
    );
    let reply = setup.reply("KX0044: oven lamp 7 burnt out in station 9");
    assert!(reply.contains("#clay") && !reply.contains("#ovens"), "{reply}");
    assert!(reply.contains("https://ovens.example/books/a.md"), "{reply}");
    let reply = setup.reply("KX0004: kiln door 7 jammed at station 9");
    assert!(
        reply.contains("From kilns, commit `") && reply.contains(", 30 Nov 2026, 12:05 UTC"),
        "{reply}"
    );
}

#[test]
fn names_that_two_sources_use_are_told() {
    let setup = three();
    setup.write("central/ovens/a.md", &document(9));
    setup.write("ovens/_data/teams.yml", "clay:\n  name: Another clay\n");
    let told = setup.lint();
    assert!(told.contains("ovens/a.md:0: error[source-id]"), "{told}");
    assert!(told.contains("ovens/_data/teams.yml:0: warning[team-twice]"), "{told}");
    assert!(
        setup
            .reply("KX0002: kiln door 7 jammed at station 9")
            .contains("https://ovens.example/books/a.md")
    );
}

#[test]
fn sources_without_a_document_are_refused_with_the_reasons() {
    let setup = Setup::new();
    setup.write("ovens/a.png", "no picture");
    let dir = setup.path("ovens").display().to_string();
    setup.runbooks(&format!(
        "[[runbooks.sources]]\nid = \"ovens\"\ndir = {dir:?}\n[[runbooks.sources]]\nid = \"kilns\"\ngit = \"file:///nowhere\"\n"
    ));
    let output = setup.signpost(&["lint"]);
    assert_eq!(output.status.code(), Some(2));
    let told = said(&output);
    for part in [
        "there are no runbooks in the sources ovens, kilns",
        "1 file skipped (`.png` files are not supported): ovens/a.png",
        "kilns: this source has not been fetched yet",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    std::fs::remove_dir_all(setup.path("ovens")).unwrap();
    let told = setup.lint();
    assert!(told.contains("there is no runbook folder at"), "{told}");
}
