//! Any text is read to its end.

use std::collections::BTreeMap;

use proptest::prelude::*;
use signpost::runbook::parse;

const BITS: [&str; 46] = [
    "# ",
    "## E0003\n",
    "```",
    "```sh\n",
    "~~~~\n",
    "    ",
    "\t",
    "- ",
    "* ",
    "1. ",
    "2) ",
    "1\\. ",
    "> ",
    "| a | b |\n",
    "|--\n",
    "|---|---|\n",
    ": ",
    "{: tsSymptoms}\n",
    "{: #a}",
    "{#b}",
    "{{ site.data.teams.x.comm.name }}",
    "{{",
    "}}",
    "{%",
    "{% raw %}",
    "{% endraw %}",
    "{% capture a %}",
    "{% endcapture %}",
    "{% comment %}",
    "<details>",
    "</summary>",
    "<a name=\"x\">",
    "<!--",
    "-->",
    "<ID>",
    "<pre>",
    "[x](#a)",
    "[x](",
    "![",
    "---\n",
    "+++\n",
    "title: x\n",
    "\n",
    "\n\n",
    "é",
    "`",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read(text in "\\PC*", path in "[a-z]{1,4}\\.(md|yaml|txt)?") {
        let _ = parse(&path, &text, &BTreeMap::new());
    }

    #[test]
    fn any_mixture_of_markup_is_read(bits in proptest::collection::vec((0..BITS.len(), "[ a-zA-Z0-9.:]{0,6}"), 0..80)) {
        let bits: Vec<String> = bits.iter().map(|(bit, word)| format!("{}{word}", BITS[*bit])).collect();
        let text = bits.concat();
        let (runbook, diagnostics) = parse("a.md", &text, &BTreeMap::new());
        let lines = text.replace("\r\n", "\n").replace('\r', "\n").split('\n').count();
        prop_assert!(diagnostics.iter().all(|found| found.line as usize <= lines), "{diagnostics:?}");
        let runbook = runbook.expect("Markdown is always read");
        prop_assert!(runbook.sections.iter().all(|section| section.line as usize <= lines));
    }
}

fn many(count: usize, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect::<Vec<String>>().concat()
}

fn long_and_deep() -> Vec<(&'static str, String)> {
    vec![
        ("quotes", ">".repeat(60_000)),
        (
            "lists",
            many(3_000, |depth| format!("{}- x\n", "  ".repeat(depth.min(1_000)))),
        ),
        ("stars", "*a **b ".repeat(30_000)),
        ("brackets", "[".repeat(60_000)),
        ("open liquid", "{{ site.data.teams.a ".repeat(20_000)),
        ("open tags", "{% capture a %}".repeat(20_000)),
        ("comments", "{% comment %} x ".repeat(20_000)),
        ("less than", "<".repeat(200_000)),
        ("html", "<b><a href=x>".repeat(20_000)),
        ("fences", "```sh\nx\n\n".repeat(30_000)),
        ("ticks", many(600, |run| format!("{} ", "`".repeat(run + 1)))),
        ("headings", "## E0001\n\ntext `E0001`\n\n".repeat(8_000)),
        (
            "escalation",
            "## Escalation\n\nIf X, contact #abc or [y](https://a.slack.com/archives/C1).\n\n".repeat(3_000),
        ),
        ("teams", "{{ site.data.teams.a.comm.name }} ".repeat(10_000)),
        ("attributes", "x\n{: tsSymptoms}\n".repeat(20_000)),
        ("rows", "| a | b |\n|---|\n".repeat(20_000)),
        ("anchors", "[x](#nowhere)\n".repeat(20_000)),
        ("front", format!("---\n{}", "a: b\n".repeat(40_000))),
        ("addresses", "http http://a ".repeat(20_000)),
        ("steps", many(20_000, |n| format!("{}\\. do\n\n", n + 1))),
    ]
}

fn read_to_their_end(shapes: impl Iterator<Item = (&'static str, String)>) {
    for (name, text) in shapes {
        // What is quadratic takes minutes, and the runner ends it and says so.
        let (runbook, _) = parse("a.md", &text, &BTreeMap::new());
        assert!(runbook.is_some(), "{name}");
    }
}

#[test]
fn long_and_deep_texts_are_read_to_their_end() {
    read_to_their_end(long_and_deep().into_iter().take(10));
}

#[test]
fn more_long_and_deep_texts_are_read_to_their_end() {
    read_to_their_end(long_and_deep().into_iter().skip(10));
}

/// Each of these once kept the parser busy for good.
#[test]
fn every_line_is_passed_once() {
    let texts = [
        "a\n\n    {: screen}\n\nb\n",
        "- a\n\n        {: #anchor}\n",
        "\n    {: tsSymptoms}",
    ];
    for text in texts {
        let (runbook, _) = parse("a.md", text, &BTreeMap::new());
        assert!(runbook.is_some(), "{text:?}");
    }
}
