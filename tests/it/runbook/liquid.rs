//! Liquid that would grow without end: it is resolved as far as the budget goes, and the text stays.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use signpost::runbook::{Diagnostic, Runbook, parse};

fn read(text: &str) -> (Runbook, Vec<Diagnostic>) {
    let data: BTreeMap<String, Value> = BTreeMap::from([
        (
            "big".to_owned(),
            json!({"value": "v".repeat(100_000), "small": "little"}),
        ),
        ("teams".to_owned(), json!({"ops": {"name": "n".repeat(100_000)}})),
    ]);
    let (runbook, found) = parse("a.md", text, &data);
    (runbook.unwrap(), found)
}

fn budget(found: &[Diagnostic]) -> Vec<u32> {
    let of_budget = found.iter().filter(|one| one.code == "liquid-budget");
    of_budget.map(|one| one.line).collect()
}

/// Bytes of everything that a runbook holds.
fn size(runbook: &Runbook) -> usize {
    serde_json::to_string(runbook).unwrap().len()
}

#[test]
fn values_are_put_in_up_to_a_budget_and_the_text_stays() {
    let lines = 600;
    for (name, line) in [
        ("a value", "Look at {{ site.data.big.value }} here.\n\n".to_owned()),
        ("a team", "Ask {{ site.data.teams.ops.name }} about it.\n\n".to_owned()),
        ("a value of the page", "Look at {{ page.big }} here.\n\n".to_owned()),
    ] {
        let front = format!("---\nbig: {}\n---\n", "p".repeat(100_000));
        let text = format!(
            "{front}# Errors\n\n{{{{ site.data.big.small }}}} thing\n\n{}The end.\n",
            line.repeat(lines)
        );
        let (runbook, found) = read(&text);
        let size = size(&runbook);
        assert!(size < 8_000_000, "{name}: {size}");
        assert_eq!(budget(&found).len(), 1, "{name}: {found:?}");
        let at = budget(&found)[0];
        assert!((8..40).contains(&at), "{name}: line {at}");
        let all = serde_json::to_string(&runbook.sections).unwrap();
        for part in ["little thing", "The end.", line.trim().split_once("}}").unwrap().0] {
            assert!(all.contains(part), "{name}: {part}");
        }
    }
}

#[test]
fn captures_and_variables_count_too() {
    let long = "c".repeat(15_000);
    let capture = format!("{{% capture a %}}{long}{{% endcapture %}}\n");
    let cases = [
        ("used often", format!("{capture}{}", "x {{ a }}\n".repeat(5_000))),
        (
            "kept often",
            (0..200).fold(String::new(), |text, number| {
                text + &capture.replace("capture a", &format!("capture a{number}"))
            }),
        ),
        (
            "assigned often",
            (0..200).fold(String::new(), |text, number| {
                text + &format!("{{% assign a{number} = site.data.big.value %}}\n")
            }),
        ),
        (
            "appended to itself",
            format!(
                "{capture}{}",
                "{% capture a %}{{ a }}{{ a }}{% endcapture %}{{ a }}\n".repeat(2_000)
            ),
        ),
    ];
    for (name, text) in cases {
        let (runbook, found) = read(&format!("# Errors\n\n{text}\nThe end.\n"));
        assert_eq!(budget(&found).len(), 1, "{name}: {found:?}");
        let most = text.len() + 2_000_000;
        assert!(size(&runbook) < most * 6, "{name}: {}", size(&runbook));
        assert!(
            serde_json::to_string(&runbook.sections).unwrap().contains("The end."),
            "{name}"
        );
    }
}

#[test]
fn constructs_and_blocks_are_counted() {
    for text in [
        "{{ page.x }}\n".repeat(25_000),
        "{% raw %}x{% endraw %}\n".repeat(1_200),
        "{% comment %}x{% endcomment %}\n".repeat(1_200),
    ] {
        let (runbook, found) = read(&format!("# Errors\n\n{text}\nThe end.\n"));
        assert_eq!(budget(&found).len(), 1, "{found:?}");
        assert!(found.iter().all(|one| one.code != "liquid-unclosed"), "{found:?}");
        assert!(serde_json::to_string(&runbook.sections).unwrap().contains("The end."));
    }
    let (_, found) = read(&format!("# Errors\n\n{}", "{% raw %}x{% endraw %}\n".repeat(500)));
    assert!(budget(&found).is_empty(), "{found:?}");
}

#[test]
fn openings_that_are_closed_far_away_are_searched_once() {
    let text = format!("# Errors\n\n{}}}}}\n", "{{ ".repeat(600_000));
    assert!(budget(&read(&text).1).is_empty());
}

#[test]
fn a_hostile_folder_is_linted_in_little_memory() {
    let dir = tempfile::tempdir().unwrap();
    let docs = dir.path().join("docs");
    fs::create_dir_all(docs.join("_data")).unwrap();
    fs::write(docs.join("_data/big.yml"), format!("value: {}\n", "v".repeat(100_000))).unwrap();
    fs::write(
        docs.join("value.md"),
        format!("# A\n\n{}", "{{ site.data.big.value }}\n".repeat(800)),
    )
    .unwrap();
    let capture = format!("{{% capture a %}}{}{{% endcapture %}}\n", "c".repeat(19_000));
    fs::write(
        docs.join("capture.md"),
        format!("# B\n\n{capture}{}", "{{a}}\n".repeat(300_000)),
    )
    .unwrap();
    let far = format!("{}- x\n", " ".repeat(100_000));
    let code = "    a\n".repeat(30_000);
    fs::write(docs.join("code.md"), format!("# C\n\n{far}    \n    \n{code}")).unwrap();
    let fence = format!("{}```", " ".repeat(100_002));
    fs::write(
        docs.join("fence.md"),
        format!("# D\n\n{far}{fence}\n{}{fence}\n", "a\n".repeat(30_000)),
    )
    .unwrap();
    let anchor = format!("a: &a {}\nb:\n", "v".repeat(300_000));
    fs::write(
        docs.join("_data/alias.yml"),
        format!("{anchor}{}", "  - *a\n".repeat(90)),
    )
    .unwrap();
    let bomb: Vec<String> = (0..20)
        .map(|at| format!("k{}: &k{} [*k{at}, *k{at}, *k{at}]\n", at + 1, at + 1))
        .collect();
    fs::write(
        docs.join("front.md"),
        format!("---\nk0: &k0 [x, y]\n{}---\n# E\n\ntext\n", bomb.concat()),
    )
    .unwrap();
    let mut command = Command::new("sh");
    let script = "ulimit -v 2000000; exec \"$0\" lint docs";
    command.args(["-c", script, env!("CARGO_BIN_EXE_signpost")]);
    let output = command.current_dir(dir.path()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        output.status.code(),
        Some(1),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(told.matches("warning[liquid-budget]").count(), 2, "{told}");
    assert_eq!(told.matches("its anchors and aliases").count(), 2, "{told}");
}
