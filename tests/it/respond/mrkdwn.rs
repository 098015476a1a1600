//! Markdown → mrkdwn.

use std::collections::BTreeMap;

use proptest::prelude::*;
use signpost::respond::plain_blocks;
use signpost::runbook::parse;
use signpost::slack::mrkdwn::{escape, pieces};

fn mrkdwn(markdown: &str) -> String {
    let runbook = parse("a.md", &format!("# T\n\n{markdown}\n"), &BTreeMap::new())
        .0
        .unwrap();
    let blocks = &runbook.sections[0].blocks;
    pieces(blocks)
        .into_iter()
        .map(|piece| piece.text)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn markdown_becomes_mrkdwn() {
    let cases = [
        ("plain & <simple> text", "plain &amp; &lt;simple&gt; text"),
        ("a **bold** word", "a *bold* word"),
        ("an *italic* and a ~~struck~~ word", "an _italic_ and a ~struck~ word"),
        ("in**side**words", "in\u{200B}*side*\u{200B}words"),
        (
            "see [the page](https://example.com/a?b=1&c=2)",
            "see <https://example.com/a?b=1&amp;c=2|the page>",
        ),
        ("[a|b>c](https://example.com)", "<https://example.com|a¦b&gt;c>"),
        ("[run](javascript:alert(1))", "run"),
        (
            "![graph](https://example.com/g.png)",
            "<https://example.com/g.png|graph>",
        ),
        ("go to https://example.com/x.", "go to <https://example.com/x>."),
        ("snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"),
        ("\\*not bold\\*", "*\u{200B}not bold*"),
        ("`a < b && c`", "`a &lt; b &amp;&amp; c`"),
        ("`` echo `date` ``", "```echo `date`\n```"),
        ("call @channel and @here", "call @\u{200B}channel and @\u{200B}here"),
        ("mail @herecomes or @here/maps", "mail @herecomes or @here/maps"),
        ("> quoted", "> quoted"),
        ("3. three\n4. four", "3. three\n4. four"),
        ("1. one\n   - two\n     1. three", "1. one\n    ◦ two\n        1. three"),
        (
            "1. run\n\n   ```sh\n   a\n   b\n   ```\n2. done",
            "1. run\n```\na\nb\n```\n2. done",
        ),
        ("| A | B |\n|---|---|\n| 1 | 22 |", "```\nA  B\n1  22\n```"),
    ];
    for (markdown, expected) in cases {
        assert_eq!(mrkdwn(markdown), expected, "{markdown:?}");
    }
}

#[test]
fn a_link_that_looks_like_another_address_shows_the_real_one() {
    let evil = |label: &str| format!("<https://evil.example|{label} (evil.example)>");
    let cases = [
        ("[https://slack.com](https://evil.example)", evil("https://slack.com")),
        ("[slack.com ](https://evil.example)", evil("slack.com")),
        ("[**slack**.com](https://evil.example)", evil("slack.com")),
        (
            "**[`SLACK.com`](https://evil.example)**",
            format!("*{}*", evil("SLACK.com")),
        ),
        ("[sla\u{200B}ck.com\u{202E}](https://evil.example)", evil("slack.com")),
        ("![https://slack.com](https://evil.example)", evil("https://slack.com")),
        (
            "https://[slack](https://evil.example)",
            format!("<https://>{}", evil("slack")),
        ),
        ("[slack](https://evil.example).com", format!("{}.com", evil("slack"))),
        (
            "[slack.com](https://slack.com@evil.example)",
            "<https://slack.com@evil.example|slack.com (evil.example)>".to_owned(),
        ),
        (
            "<https://slack.com@evil.example>",
            "<https://slack.com@evil.example|https://slack.com@evil.example (evil.example)>".to_owned(),
        ),
        (
            "| A | B |\n|---|---|\n| 1 | [slack.com](https://evil.example) |",
            format!("• *A*: 1\n    *B*: {}", evil("slack.com")),
        ),
        ("<https://slack.com>", "<https://slack.com>".to_owned()),
        (
            "[https://slack.com](https://slack.com)",
            "<https://slack.com>".to_owned(),
        ),
        (
            "[slack.com](https://slack.com/help)",
            "<https://slack.com/help|slack.com>".to_owned(),
        ),
        (
            "the [help](https://slack.com/help). And more",
            "the <https://slack.com/help|help>. And more".to_owned(),
        ),
        (
            "[rtl\u{202E}txt](https://slack.com)",
            "<https://slack.com|rtltxt>".to_owned(),
        ),
    ];
    for (markdown, expected) in cases {
        assert_eq!(mrkdwn(markdown), expected, "{markdown:?}");
    }
}

#[test]
fn a_terminal_shows_the_real_address_behind_each_label() {
    let terminal = |markdown: &str| {
        let runbook = parse("a.md", &format!("# T\n\n{markdown}\n"), &BTreeMap::new()).0;
        plain_blocks(&runbook.unwrap().sections[0].blocks)
    };
    for (markdown, expected) in [
        (
            "[https://slack.com](https://evil.example)",
            "https://slack.com (https://evil.example)",
        ),
        ("[a\u{202E}b](https://evil.example)", "ab (https://evil.example)"),
        (
            "<https://slack.com@evil.example>",
            "https://slack.com@evil.example (evil.example)",
        ),
        (
            "[slack.com](https://slack.com@evil.example)",
            "slack.com (https://slack.com@evil.example) (evil.example)",
        ),
        ("<https://slack.com/a>", "https://slack.com/a"),
    ] {
        assert_eq!(terminal(markdown), expected, "{markdown}");
    }
}

proptest! {
    #[test]
    fn no_text_holds_a_live_mention(text in "(<[!@#]?)?[@a-z!<>|&]{0,12}(@channel|@here|<!channel>|<@U1>)?.{0,6}") {
        let escaped = escape(&text);
        prop_assert!(!escaped.contains('<') && !escaped.contains('>'));
        prop_assert!(!escaped.ends_with("@channel") && !escaped.ends_with("@here"));
    }

    #[test]
    fn any_markdown_becomes_balanced_mrkdwn(text in "([a-z*_~`<>&|#> \n.-]|1\\. |- |```\n){0,80}") {
        let out = mrkdwn(&text);
        prop_assert_eq!(out.matches("```").count() % 2, 0, "{:?}", out);
    }
}
