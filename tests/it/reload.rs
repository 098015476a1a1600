//! Reading a folder again: whatever happened to it, what is known is what a first reading would know.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::{SignedDuration, Timestamp};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, proptest};
use proptest::prop_oneof;
use signpost::clock::{Clock, SystemClock};
use signpost::files::{Folder, Options};
use signpost::matching::{self, Index, SignatureCache};
use signpost::respond::{Audience, Card, Responder, ResponderOptions, to_text};
use signpost::runbook::{Level, Library, TopicId};

/// A clock that is ahead: every file looks long settled.
#[derive(Debug)]
struct Ahead;

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now() + SignedDuration::from_hours(1)
    }
}

/// A folder that is read again and again.
struct Reader {
    folder: Folder,
    harvest: SignatureCache,
    parsed: AtomicUsize,
}

impl Reader {
    fn new(dir: &Path, clock: Arc<dyn Clock>) -> Reader {
        Reader {
            folder: Folder::new(dir, Options::default(), clock),
            harvest: SignatureCache::default(),
            parsed: AtomicUsize::new(0),
        }
    }

    /// What is known now, and how many documents were parsed for it.
    fn read(&mut self) -> (Library, Index, usize) {
        let before = self.parsed.load(Ordering::SeqCst);
        let take = |document: &_, runbook: &_| {
            self.parsed.fetch_add(1, Ordering::SeqCst);
            self.harvest.take(document, runbook);
        };
        let library = self.folder.read(&|_, _| {}, &take).unwrap();
        let index = self.harvest.index(&library, &matching::IndexOptions::default());
        (library, index, self.parsed.load(Ordering::SeqCst) - before)
    }
}

fn write(dir: &Path, path: &str, text: &str) {
    let file = dir.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

fn paths(library: &Library) -> Vec<&str> {
    library.runbooks.iter().map(|runbook| runbook.path.as_str()).collect()
}

/// Documents of every kind, some with the same words.
const TEXTS: [&str; 7] = [
    "# Depot\n\nThe lever is stuck.\n\n```\nWX0001: lever <LEVER> is stuck in depot 'north'\n```\n\n1. Pull it.\n",
    "# KubeDepotLeverStuck\n\n## Meaning\n\nThe depot has no lever, or `WX0001` came back.\n\n## WX0002\n\nlever gone\n",
    "# Teams\n\nAsk {{ site.data.teams.ops.comm.name }} about `conveyor belt torn`.\n\n```\nconveyor belt torn\n```\n",
    "cre:\n  id: WX-7\n  title: Torn belt\nrule:\n  set:\n    match:\n      - regex: conveyor belt (torn|burnt)\n",
    "values:\n  - 1\n",
    "---\ntitle: Levers\nsignpost:\n  team: ops\n  signatures:\n    - regex: \"lever [0-9]+ (?P<fault>melted)\"\n---\nMelted.\n",
    "# KubeDepotLeverStuck\n\n```\nWX0001: lever <LEVER> is stuck in depot 'north'\nWX0003: RabbitLever lost 7f3a9c12 again\n```\n",
];
const DATA: [&str; 3] = [
    "ops:\n  name: Operators\n  comm:\n    name: \"#ops\"\n",
    "ops:\n  name: Operators\n  comm:\n    name: \"#night\"\n    link: https://example.com/night\n",
    "sea:\n  name: Sailors\n",
];
const PATHS: [&str; 6] = ["a.md", "b.md", "c.yaml", "d/a.md", "d/KubeLever.md", "z"];
const MESSAGES: [&str; 6] = [
    "WX0001: lever 17 is stuck in depot 'north'",
    "we see WX0002 and then the conveyor belt torn",
    "KubeDepotLeverStuck firing",
    "lever 9 melted, what now",
    "WX0003: RabbitLever lost 9c88aa21 again",
    "conveyer belt burnt in the depot of the operators",
];

/// Something that happens to a folder.
#[derive(Debug, Clone)]
enum Change {
    Write(usize, usize),
    Remove(usize),
    Rename(usize, usize),
    Data(usize),
    NoData,
    Read,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (0..PATHS.len(), 0..TEXTS.len()).prop_map(|(path, text)| Change::Write(path, text)),
        1 => (0..PATHS.len()).prop_map(Change::Remove),
        1 => (0..PATHS.len(), 0..PATHS.len()).prop_map(|(from, to)| Change::Rename(from, to)),
        1 => (0..DATA.len()).prop_map(Change::Data),
        1 => proptest::strategy::Just(Change::NoData),
        3 => proptest::strategy::Just(Change::Read),
    ]
}

/// `turn` makes every text one of its own length: with a clock that is ahead nothing else may tell two writings of one
/// tick apart.
fn apply(dir: &Path, change: &Change, turn: usize) {
    let padded = |text: &str| format!("{text}{}", "\n".repeat(turn));
    match change {
        Change::Write(path, text) => write(dir, PATHS[*path], &padded(TEXTS[*text])),
        Change::Remove(path) => drop(fs::remove_file(dir.join(PATHS[*path]))),
        Change::Rename(from, to) => {
            let (from, to) = (dir.join(PATHS[*from]), dir.join(PATHS[*to]));
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            drop(fs::rename(from, to));
        }
        Change::Data(data) => write(dir, "_data/teams.yml", DATA[*data]),
        Change::NoData => drop(fs::remove_file(dir.join("_data/teams.yml"))),
        Change::Read => {}
    }
}

fn assert_same(reader: &mut Reader, dir: &Path) {
    let (library, index, _) = reader.read();
    let (fresh, built, _) = Reader::new(dir, Arc::new(SystemClock)).read();
    assert_eq!(paths(&library), paths(&fresh));
    for (one, other) in library.runbooks.iter().zip(&fresh.runbooks) {
        assert_eq!(**one, **other, "what {} became", one.path);
    }
    assert_eq!(library.runbooks, fresh.runbooks);
    assert_eq!(library.data, fresh.data);
    assert_eq!(library.teams, fresh.teams);
    assert_eq!(library.diagnostics, fresh.diagnostics);
    assert_eq!(library.skipped, fresh.skipped);
    assert_eq!(index.signatures(), built.signatures());
    for message in MESSAGES {
        assert_eq!(index.find(message), built.find(message), "{message}");
        assert_eq!(index.search(message), built.search(message), "{message}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_to_a_folder_it_reads_as_if_for_the_first_time(changes in vec(change(), 1..24), ahead in 0..2) {
        let dir = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = if ahead == 1 { Arc::new(Ahead) } else { Arc::new(SystemClock) };
        let mut reader = Reader::new(dir.path(), clock);
        for (turn, change) in changes.iter().enumerate() {
            apply(dir.path(), change, turn);
            if matches!(change, Change::Read) {
                assert_same(&mut reader, dir.path());
            }
        }
        assert_same(&mut reader, dir.path());
    }
}

#[test]
fn only_what_changed_is_parsed() {
    for clock in [Arc::new(Ahead) as Arc<dyn Clock>, Arc::new(SystemClock)] {
        let dir = tempfile::tempdir().unwrap();
        for number in 0..40 {
            write(
                dir.path(),
                &format!("{number}.md"),
                &format!("# Page {number}\n\nText.\n"),
            );
        }
        let mut reader = Reader::new(dir.path(), clock);
        assert_eq!(reader.read().2, 40);
        assert_eq!(reader.read().2, 0);
        write(dir.path(), "7.md", "# Page seven\n\nOther text.\n");
        write(dir.path(), "new.md", "# New\n\nText.\n");
        fs::remove_file(dir.path().join("8.md")).unwrap();
        let (library, _, parsed) = reader.read();
        assert_eq!((library.runbooks.len(), parsed), (40, 2));
        assert_eq!(reader.read().2, 0);
    }
}

#[test]
fn an_edit_within_the_same_second_and_of_the_same_length_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    let mut reader = Reader::new(dir.path(), Arc::new(SystemClock));
    let file = dir.path().join("a.md");
    write(dir.path(), "a.md", "# One\n\nText.\n");
    let written = fs::metadata(&file).unwrap().modified().unwrap();
    assert_eq!(reader.read().0.runbooks[0].title, "One");
    for title in ["Two", "Six", "Ten"] {
        write(dir.path(), "a.md", &format!("# {title}\n\nText.\n"));
        File::options()
            .write(true)
            .open(&file)
            .unwrap()
            .set_modified(written)
            .unwrap();
        let (library, index, _) = reader.read();
        assert_eq!(library.runbooks[0].title, title);
        assert_eq!(index.search(title).best().map(|best| best.topic.runbook), Some(0));
    }
}

#[test]
fn changed_data_are_read_where_they_are_named() {
    for clock in [Arc::new(Ahead) as Arc<dyn Clock>, Arc::new(SystemClock)] {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "named.md", TEXTS[2]);
        write(dir.path(), "plain.md", TEXTS[0]);
        write(dir.path(), "_data/teams.yml", DATA[0]);
        let mut reader = Reader::new(dir.path(), clock);
        let contact = |library: &Library| library.runbooks[0].topics[0].contacts[0].name.clone();
        let (library, _, parsed) = reader.read();
        assert_eq!((contact(&library).as_str(), parsed), ("#ops", 2));
        write(dir.path(), "_data/teams.yml", DATA[1]);
        let (library, _, parsed) = reader.read();
        assert_eq!((contact(&library).as_str(), parsed), ("#night", 1));
        assert_eq!(
            library.teams["ops"].comm.as_ref().map(|comm| comm.0.as_str()),
            Some("#night")
        );
    }
}

#[test]
fn a_broken_file_keeps_its_version_however_often_it_is_read() {
    for clock in [Arc::new(Ahead) as Arc<dyn Clock>, Arc::new(SystemClock)] {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "a.md", TEXTS[0]);
        write(dir.path(), "rule.yaml", TEXTS[3]);
        let mut reader = Reader::new(dir.path(), clock);
        reader.read();
        write(dir.path(), "rule.yaml", &TEXTS[3].replace("match:", "match: ["));
        for turn in 0..3 {
            write(dir.path(), "a.md", &format!("{}{}", TEXTS[1], "\n".repeat(turn)));
            let (library, index, _) = reader.read();
            assert_eq!(paths(&library), ["a.md", "rule.yaml"]);
            let told: Vec<&str> = library.diagnostics.iter().map(|found| found.code).collect();
            assert_eq!(told, ["yaml"]);
            assert!(library.diagnostics[0].message.ends_with("the previous version is kept"));
            let found = index.find("conveyor belt torn");
            assert_eq!(found.best().map(|best| best.topic.runbook), Some(1));
        }
        // What it was, to the letter.
        write(dir.path(), "rule.yaml", TEXTS[3]);
        assert!(reader.read().0.diagnostics.is_empty());
        write(dir.path(), "rule.yaml", "cre: [\nrule: x\n");
        fs::remove_file(dir.path().join("rule.yaml")).unwrap();
        assert_eq!(paths(&reader.read().0), ["a.md"]);
    }
}

#[test]
fn words_that_are_gone_are_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "a.md", TEXTS[0]);
    let mut reader = Reader::new(dir.path(), Arc::new(SystemClock));
    for turn in 0..4 {
        let words: Vec<String> = (0..8_000).map(|number| format!("w{turn}x{number}y")).collect();
        write(dir.path(), "many.md", &format!("# Many\n\n{}\n", words.join(" ")));
        assert_same(&mut reader, dir.path());
    }
}

#[test]
fn people_of_other_organisations_see_nobody_to_call() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "named.md", TEXTS[5]);
    write(dir.path(), "_data/teams.yml", DATA[1]);
    let (library, ..) = Reader::new(dir.path(), Arc::new(SystemClock)).read();
    let section = library.runbooks[0].topics[0].section;
    let topic = TopicId { runbook: 0, section };
    let contact = &library.runbooks[0].topics[0].contacts[0];
    let responder = Responder::new(None, ResponderOptions::default()).unwrap();
    let shown = |audience| {
        let card = Card {
            topic: Some(topic),
            standing: "open",
            audience,
            ..Card::default()
        };
        to_text(&responder.card(&library, &card))
    };
    let (internal, external) = (shown(Audience::Internal), shown(Audience::External));
    assert!(internal.contains(&contact.name), "{contact:?}: {internal}");
    assert!(!external.contains(&contact.name), "{external}");
}

const KNOWN: &str = "---\ntitle: Levers\nservice: depot\n---\n# Levers\n\n```\nWX0009: the lever of depot is bent\n```\n\n1. Bend it back.\n";

#[test]
fn a_file_that_was_emptied_filled_with_garbage_or_cut_off_keeps_its_last_good_version() {
    let breakages: [(&str, &[u8], &str); 8] = [
        ("emptied", b"", "empty"),
        ("only blanks", b"\n \n", "empty"),
        ("NUL bytes", &[0; 64], "not-text"),
        ("NUL bytes at its end", b"# Levers\n\nx\0\0\0", "not-text"),
        (
            "cut off in the front matter",
            b"---\ntitle: Levers\nserv",
            "front-matter-unclosed",
        ),
        ("cut off after the fence", b"---\n", "front-matter-unclosed"),
        ("cut off in a key", b"---\r\ntit", "front-matter-unclosed"),
        (
            "front matter that is no YAML",
            b"---\ntitle: [\n---\n# Other\n",
            "front-matter",
        ),
    ];
    for clock in [Arc::new(Ahead) as Arc<dyn Clock>, Arc::new(SystemClock)] {
        for (name, bytes, code) in breakages {
            let dir = tempfile::tempdir().unwrap();
            write(dir.path(), "a.md", KNOWN);
            write(dir.path(), "b.md", TEXTS[0]);
            let mut reader = Reader::new(dir.path(), Arc::clone(&clock));
            reader.read();
            fs::write(dir.path().join("a.md"), bytes).unwrap();
            for turn in 0..2 {
                // Something else changes meanwhile.
                write(dir.path(), "b.md", &format!("{}{}", TEXTS[1], "\n".repeat(turn)));
                let (library, index, _) = reader.read();
                assert_eq!(paths(&library), ["a.md", "b.md"], "{name}");
                let found = index.find("WX0009: the lever of depot is bent");
                assert_eq!(found.best().map(|best| best.topic.runbook), Some(0), "{name}");
                let told: Vec<_> = library
                    .diagnostics
                    .iter()
                    .map(|found| (found.code, found.level))
                    .collect();
                assert_eq!(told, [(code, Level::Error)], "{name}");
                let message = &library.diagnostics[0].message;
                assert!(message.ends_with("the previous version is kept"), "{name}: {message}");
            }
            // Written in full, it is read; then deleted, it is gone.
            write(dir.path(), "a.md", &KNOWN.replace("Bend it", "Hammer it"));
            let (library, ..) = reader.read();
            assert!(library.diagnostics.is_empty(), "{name}: {:?}", library.diagnostics);
            assert!(library.runbooks[0].text().unwrap().contains("Hammer"), "{name}");
            fs::remove_file(dir.path().join("a.md")).unwrap();
            assert_eq!(paths(&reader.read().0), ["b.md"], "{name}");
        }
    }
}

#[test]
fn a_file_that_was_never_good_is_read_as_far_as_it_goes_and_told() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        "open.md",
        "---\ntitle: Levers\n# Levers\n\nThe lever is bent.\n",
    );
    write(dir.path(), "rule.md", "---\n\nA line, and below it what happened.\n");
    fs::write(dir.path().join("binary"), [0; 64]).unwrap();
    let mut reader = Reader::new(dir.path(), Arc::new(SystemClock));
    for turn in 0..2 {
        let (library, ..) = reader.read();
        assert_eq!(paths(&library), ["open.md", "rule.md"]);
        let told: Vec<_> = library
            .diagnostics
            .iter()
            .map(|found| (found.path.as_str(), found.line, found.code))
            .collect();
        assert_eq!(told, [("open.md", 1, "front-matter-unclosed")]);
        assert_eq!(library.skipped[0].path, "binary");
        // Such a file goes on being read: there is no version that was better.
        write(dir.path(), "open.md", &format!("---\ntitle: Levers\n# Levers {turn}\n"));
    }
    assert!(reader.read().0.runbooks[0].text().unwrap().contains("Levers 1"));
}

#[test]
fn broken_data_keep_their_last_good_version() {
    let breakages: [&[u8]; 4] = [b"", b"ops: [\n", &[0; 16], b"\xff\xfe"];
    for bytes in breakages {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "named.md", TEXTS[2]);
        write(dir.path(), "_data/teams.yml", DATA[0]);
        let mut reader = Reader::new(dir.path(), Arc::new(SystemClock));
        reader.read();
        fs::write(dir.path().join("_data/teams.yml"), bytes).unwrap();
        for _ in 0..2 {
            let (library, ..) = reader.read();
            assert_eq!(library.teams["ops"].name.as_deref(), Some("Operators"), "{bytes:?}");
            let told: Vec<_> = library
                .diagnostics
                .iter()
                .map(|found| (found.code, found.level))
                .collect();
            assert_eq!(told, [("data", Level::Error)], "{bytes:?}");
        }
        fs::remove_dir_all(dir.path().join("_data")).unwrap();
        assert!(reader.read().0.teams.is_empty());
    }
}

#[test]
fn a_kept_runbook_names_the_data_of_now() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "named.md", TEXTS[2]);
    write(dir.path(), "_data/teams.yml", DATA[0]);
    let mut reader = Reader::new(dir.path(), Arc::new(SystemClock));
    reader.read();
    write(dir.path(), "named.md", "");
    write(dir.path(), "_data/teams.yml", DATA[1]);
    let (library, ..) = reader.read();
    assert_eq!(library.runbooks[0].topics[0].contacts[0].name, "#night");
}
