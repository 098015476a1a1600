//! Documents and pastes that mean harm, or only look like it, through the program as people run it: it says something
//! and ends, whatever it is given.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn signpost(arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_signpost"));
    command.args(arguments).current_dir(folder).output().unwrap()
}

/// Neither a panic (101) nor a signal.
fn ended_well(name: &str, output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    let head: String = said.chars().take(500).collect();
    assert!(
        matches!(output.status.code(), Some(0..=2)),
        "{name}: {:?} {head}",
        output.status
    );
    assert!(std::str::from_utf8(&output.stdout).is_ok(), "{name}");
}

fn many(count: usize, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect()
}

/// What both documents and pastes may be.
fn texts() -> Vec<(&'static str, String)> {
    vec![
        ("less-than", "<".repeat(200_000)),
        ("fences", many(1_500, |n| format!("{}\n", "`".repeat(3 + n % 40)))),
        ("one-letter", "a".repeat(40_000)),
        ("one-line", "error E0001 at <ID>, ".repeat(50_000)),
        ("quotes", "'\"\u{201c}\u{2019}`".repeat(10_000)),
        (
            "deep-list",
            many(10_000, |n| format!("{}- x\n", " ".repeat(n.min(40) * 2))),
        ),
        ("deep-quote", format!("{} x\n", ">".repeat(10_000))),
        (
            "deep-emphasis",
            format!("{}x{}\n", "*".repeat(10_000), "*".repeat(10_000)),
        ),
        (
            "table",
            format!(
                "|{}\n|{}\n|{}\n",
                "a|".repeat(5_000),
                "-|".repeat(5_000),
                "1|".repeat(5_000)
            ),
        ),
        ("rows", format!("|a|b|\n|-|-|\n{}", "|E0001|x|\n".repeat(5_000))),
        ("columns", "a  ".repeat(300_000)),
        ("front-open", format!("---\n{}", "key: [\n".repeat(5_000))),
        ("front-deep", format!("---\na: {}\n---\n# X\n", "[".repeat(20_000))),
        (
            "liquid",
            format!("{}{}", "{% for a in b %}".repeat(3_000), "{{ a | b ".repeat(3_000)),
        ),
        (
            "liquid-self",
            "{% capture a %}{{ a }}{{ a }}{% endcapture %}{{ a }}\n".repeat(500),
        ),
        ("nul", "error\u{0}at\u{0}E0001\n".repeat(2_000)),
        (
            "right-to-left",
            "\u{202e}E0001 \u{2066}\u{200f}x\u{202c}\n".repeat(2_000),
        ),
        ("attributes", "\n\n    {: screen}\n".repeat(3_000)),
        ("links", "[a](<b".repeat(5_000)),
        ("details", "<details><summary>".repeat(5_000)),
        ("escapes", "\u{1b}[31m\u{9b}[0;".repeat(10_000)),
    ]
}

/// Ten times ten times ten… of a word, and an anchor that holds itself.
const BOMB: &str = "\
a: &a [x, x, x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]
d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]
e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]
f: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]
g: &g [*f, *f, *f, *f, *f, *f, *f, *f, *f, *f]
h: &h [*g, *g, *g, *g, *g, *g, *g, *g, *g, *g]
";

/// A folder `runbooks` with documents that mean harm and one that does not, and a paste for that one. Of each long text
/// the first `part`.
fn hostile_folder(part: impl Fn(&str) -> String) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let runbooks = folder.path().join("runbooks");
    fs::create_dir_all(runbooks.join("_data")).unwrap();
    for (name, text) in texts() {
        fs::write(runbooks.join(format!("{name}.md")), part(&text)).unwrap();
    }
    fs::write(
        runbooks.join("bytes.md"),
        [b"# E0001\n".as_slice(), &[0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80]].concat(),
    )
    .unwrap();
    fs::write(runbooks.join("wide.md"), [0xff, 0xfe, b'#', 0, b' ', 0, b'x', 0]).unwrap();
    fs::write(runbooks.join("_data/teams.yml"), BOMB).unwrap();
    fs::write(runbooks.join("bomb.md"), format!("---\n{BOMB}title: *h\n---\n# Bomb\n")).unwrap();
    fs::write(
        runbooks.join("bomb.yaml"),
        format!("{BOMB}rules:\n  - cre: {{id: *h}}\n    rule: {{set: {{match: *h}}}}\n"),
    )
    .unwrap();
    fs::write(runbooks.join("self.yaml"), "rules: &r\n  - cre: *r\n    rule: *r\n").unwrap();
    fs::write(
        runbooks.join("good.md"),
        "# Kiln\n\n```\nkiln door of <kiln> jammed at station [STATION]\n```\n\n1. Mend it.\n",
    )
    .unwrap();
    fs::write(
        folder.path().join("paste.txt"),
        "kiln door of k-7 jammed at station b-9",
    )
    .unwrap();
    folder
}

#[test]
fn hostile_documents_are_read() {
    let folder = hostile_folder(str::to_owned);
    ended_well("lint", &signpost(&["lint", "runbooks"], folder.path()));
}

/// Reading them takes most of the time; a tenth of each is enough to see the rest.
#[test]
fn hostile_documents_are_matched_and_rendered() {
    let folder = hostile_folder(|text| text.chars().take(text.len() / 10).collect());
    let rendered = signpost(&["render", "--runbooks", "runbooks", "--all", "--json"], folder.path());
    ended_well("render", &rendered);
    let matched = signpost(
        &["match", "--runbooks", "runbooks", "--json", "paste.txt"],
        folder.path(),
    );
    ended_well("match", &matched);
    let said = String::from_utf8_lossy(&matched.stdout);
    assert!(said.contains("\"runbook\":\"good.md\""), "{said}");
}

#[test]
fn hostile_pastes_are_read_to_their_end_by_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let mut pastes = texts();
    pastes.push(("nothing", String::new()));
    let formats = [&["match", "paste.txt"][..], &["match", "--json", "paste.txt"]];
    for ((name, text), format) in pastes.into_iter().zip(formats.into_iter().cycle()) {
        fs::write(folder.path().join("paste.txt"), text).unwrap();
        let output = signpost(format, folder.path());
        ended_well(name, &output);
        assert_eq!(output.status.code(), Some(0), "{name}");
    }
    fs::write(
        folder.path().join("paste.txt"),
        [b"E0001 ".as_slice(), &[0xff, 0xed, 0xa0, 0x80, 0]].concat(),
    )
    .unwrap();
    ended_well("bytes", &signpost(&["match", "paste.txt"], folder.path()));
}

#[test]
fn half_a_surrogate_in_a_case_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("cases.jsonl"),
        "{\"id\":\"1\",\"text\":\"half \\ud800 of it\"}\n",
    )
    .unwrap();
    let output = signpost(&["eval", "--cases", "cases.jsonl"], folder.path());
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cases.jsonl:1"));
}
