//! What authors write as regular expressions: honoured where they can be, tamed where they would hurt, never silent.

use std::fmt::Write as _;
use std::process::Command;

use super::{find, library, place};

/// A runbook with these expressions in its front matter.
fn runbook(title: &str, patterns: &[&str]) -> String {
    let mut text = "---\nsignpost:\n  signatures:\n".to_owned();
    for pattern in patterns {
        let _ = writeln!(text, "    - regex: '{}'", pattern.replace('\'', "''"));
    }
    let _ = write!(text, "---\n# {title}\n\n1. Mend it.\n");
    text
}

#[test]
fn a_thousand_expressions_are_all_asked() {
    let documents: Vec<(String, String)> = (0..1_000)
        .map(|n| {
            let pattern = format!(r"hopper-{n:04} lost \d+ grains at silo (?P<silo>[a-z]+)\b");
            (format!("{n:04}.md"), runbook("Hopper", &[&pattern]))
        })
        .collect();
    let documents: Vec<(&str, &str)> = documents.iter().map(|(path, text)| (&**path, &**text)).collect();
    let library = library(&documents);
    for n in [0, 1, 500, 999] {
        let outcome = find(&library, &format!("hopper-{n:04} lost 12 grains at silo ada"));
        assert_eq!(place(&library, &outcome.matches[0]), format!("{n:04}.md#Hopper"));
        assert_eq!(outcome.matches[0].captures["silo"], ["ada"]);
    }
}

#[test]
fn one_bad_expression_does_not_take_the_others_with_it() {
    let good = r"auger (?P<auger>[a-z]-\d+) ground to a halt";
    let bad = ["(", r"\w{900}", ".*", "(x|)", r"(?i)(\w{1,50}\s){20}", "[a&&b]"];
    let patterns: Vec<&str> = bad.into_iter().chain([good]).collect();
    let library = library(&[("auger.md", &runbook("Auger", &patterns))]);
    let outcome = find(&library, "auger b-7 ground to a halt");
    assert_eq!(place(&library, &outcome.matches[0]), "auger.md#Auger");
    assert_eq!(outcome.matches[0].captures["auger"], ["b-7"]);
    for chat in ["good morning", "who has the key?", "x"] {
        assert!(find(&library, chat).matches.is_empty(), "{chat}");
    }
}

/// Their automata grow with the text, so that they are given up; what they look for is found all the same.
#[test]
fn expressions_that_grow_with_the_text_are_still_found_near_what_they_need() {
    let cases = [
        (r"grinder.{0,300}seized up", "grinder "),
        (r"(?s)grinder.{0,300}seized up", "grinder\n"),
        (r"\bgrinder\b.{0,40}\bseized up\b", "Mühle "),
    ];
    for (pattern, noise) in cases {
        let library = library(&[("mill.md", &runbook("Mill", &[pattern]))]);
        let mut text = String::new();
        for n in 0..3_000_usize {
            text.push_str(if n * n % 7 < 3 { noise } else { "flour " });
        }
        text.push_str("\ngrinder of hall 3 seized up, flour everywhere");
        let outcome = find(&library, &text);
        assert!(!outcome.matches.is_empty(), "{pattern}: {:?}", outcome.near.first());
        let line = outcome.matches[0].evidence[0].line;
        assert!(
            text.lines().nth(line - 1).unwrap().contains("grinder"),
            "{pattern}: line {line}"
        );
    }
}

#[test]
fn heavy_expressions_neither_match_nor_hang() {
    let texts = [
        "01".repeat(20_000),
        "ab cd ef ".repeat(4_400),
        "a".repeat(40_000),
        "grinder ".repeat(5_000),
    ];
    let heavy = [
        "[01]*1[01]{900}x",
        "(a|b|ab)*c{1,900}",
        r"(?i)(\w{1,3}\s){9}z",
        "(.*a){20}b",
    ];
    let patterns: Vec<String> = (0..250)
        .flat_map(|n| heavy.map(|pattern| format!("{pattern}{n:03}")))
        .collect();
    let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
    let library = library(&[("heavy.md", &runbook("Heavy", &patterns))]);
    for text in &texts {
        assert!(find(&library, text).matches.is_empty());
    }
}

const RULES: &str = "\
rules:
  - metadata:
      kind: prequel
    cre:
      id: CRE-0000-0001
      title: Auger stalls
      cause: Stones.
      mitigation: Take them out.
    rule:
      set:
        match:
          - regex: \"auger stalled\"
          - regex: \"hopper [unclosed\"
";

#[test]
fn every_expression_that_is_left_out_is_told_with_its_place_and_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let patterns = ["auger [a-z] stalls", "(", r"\w{900}", "(x|)", r"\w+", "[a&&b]"];
    let text = runbook("Auger", &patterns).replace("---\n# Auger", "  not: [{regex: '.*'}]\n---\n# Auger");
    std::fs::write(folder.path().join("auger.md"), text).unwrap();
    std::fs::write(folder.path().join("rules.yaml"), RULES).unwrap();
    let said = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_signpost"));
        let output = command.args(arguments).arg(folder.path()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, out, _) = said(&["lint"]);
    assert_eq!(code, Some(1));
    let expected = [
        "auger.md:5: error[signature]: the pattern `(` is no regular expression: unclosed group; it is not used",
        r"auger.md:6: error[signature]: the pattern `\w{900}` is too large to be run safely",
        "auger.md:7: error[signature]: the pattern `(x|)` also matches where nothing is",
        r"auger.md:8: error[signature]: the pattern `\w+` matches almost any message; name something",
        "auger.md:9: error[signature]: the pattern `[a&&b]` can never match",
        "auger.md:10: error[signature]: the pattern `.*` also matches where nothing is",
        "rules.yaml:13: error[rule-regex]: the pattern `hopper [unclosed` is no regular expression: unclosed",
    ];
    for line in expected {
        assert!(out.contains(line), "{line:?} is missing in\n{out}");
    }
    assert_eq!(out.lines().count(), expected.len(), "{out}");
}
