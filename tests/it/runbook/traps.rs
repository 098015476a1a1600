//! What real runbooks do to a parser, each in a few lines of our own.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::json;
use signpost::runbook::{
    BlockKind, Completeness, ContactKind, Dialect, Inline, Role, Runbook, Step, SymptomKind, Target, Topic, Value,
    parse, plain, plain_block, walk,
};

fn data() -> BTreeMap<String, Value> {
    let teams = json!({"ops": {
        "name": "Operations",
        "comm": {"name": "#ops", "link": "https://example.slack.com/archives/C1"},
        "escalate": {"name": "Ops pager", "link": "https://example.pagerduty.com/p/1"},
        "issue": "https://git.example.com/ops/issues",
    }});
    BTreeMap::from([("teams".to_owned(), teams)])
}

fn read(text: &str) -> Runbook {
    parse("folder/a.md", text, &data()).0.expect("Markdown is always read")
}

fn codes_of(text: &str) -> Vec<(u32, &'static str)> {
    parse("a.md", text, &data())
        .1
        .iter()
        .map(|found| (found.line, found.code))
        .collect()
}

fn topic<'r>(runbook: &'r Runbook, title: &str) -> &'r Topic {
    let found = runbook.topics.iter().find(|topic| topic.title == title);
    found.unwrap_or_else(|| {
        panic!(
            "no topic {title} in {:?}",
            runbook.topics.iter().map(|topic| &topic.title).collect::<Vec<_>>()
        )
    })
}

/// Steps as a person would write them down.
fn outline(steps: &[Step]) -> String {
    let mut out = String::new();
    push(steps, 0, &mut out);
    out
}

fn push(steps: &[Step], depth: usize, out: &mut String) {
    for step in steps {
        let blocks: Vec<String> = step
            .blocks
            .iter()
            .map(|block| match &block.kind {
                BlockKind::Code { text, .. } => format!("`{text}`"),
                _ => plain_block(block),
            })
            .collect();
        let number = if step.number.is_empty() { "-" } else { &step.number };
        let text = blocks.join(" / ");
        writeln!(out, "{}{number} {text}", "  ".repeat(depth)).expect("a string takes text");
        push(&step.steps, depth + 1, out);
    }
}

fn code_blocks(runbook: &Runbook) -> Vec<(u32, String)> {
    let mut out = Vec::new();
    for section in &runbook.sections {
        walk(&section.blocks, &mut |block| {
            if let BlockKind::Code { text, .. } = &block.kind {
                out.push((block.line, text.clone()));
            }
        });
    }
    out
}

#[test]
fn dialects_are_recognised_by_content() {
    for (text, dialect) in [
        ("---\nrunbook-name: x\n---\n# A\n", Dialect::Jekyll),
        ("# A\n\nIt fails.\n{: tsSymptoms}\n", Dialect::IbmCloudDocs),
        ("Original URL: <https://example.com/a>\n\n# A\n", Dialect::RePost),
        (
            "# KubeThing\n\n## Meaning\n\nx\n\n## Impact\n\nx\n",
            Dialect::AlertRunbook,
        ),
        ("# A\n\n## Check RunBook Match {#m}\n\nx\n", Dialect::ContainerSolutions),
        ("# A\n\nx\n", Dialect::Plain),
    ] {
        assert_eq!(read(text).dialect, dialect, "{text}");
    }
}

#[test]
fn code_is_kept_whatever_its_fence() {
    for (text, code) in [
        ("```\na\n```\n", "a"),
        ("``` sh\na\n```\n", "a"),
        ("~~~~\n```\na\n~~~~\n", "```\na"),
        ("x\n\n    a\n      b\n", "a\n  b"),
        ("- x\n  ```\n  a\n  ```\n", "a"),
        ("1. x\n    ```sh\n    a\n    ```\n", "a"),
        // Code at the margin inside a list item.
        ("1. x\n   ```\na\n```\n2. y\n", "a"),
        ("1. x\n\n        ```sh\n        a\n        ```\n", "a"),
        ("> ```\n> a\n> ```\n", "a"),
        ("<pre>\na &lt;b&gt;\n</pre>\n", "a <b>"),
        // Closed with a language, as an opening fence is.
        ("```sh\na\n```sh\n{: pre}\n\nb\n", "a"),
        ("```\n# not a heading\n```\n", "# not a heading"),
    ] {
        let found = code_blocks(&read(text));
        assert_eq!(
            found.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(),
            [code],
            "{text}"
        );
    }
}

#[test]
fn an_unclosed_fence_ends_before_the_next_heading_and_is_reported() {
    let text = "# A\n\n## Diagnosis\n\n```\nls\n\n## Mitigation\n\nReboot.\n";
    let runbook = read(text);
    assert_eq!(runbook.sections.len(), 3);
    assert_eq!(code_blocks(&runbook), [(5, "ls".to_owned())]);
    assert_eq!(codes_of(text), [(5, "fence-unclosed")]);
}

#[test]
fn marks_belong_to_the_block_before_and_carry_on() {
    for mark in ["{: tsResolve}", "{: tsResovle} ", "{:tsRemedy}", "{: tsFixes}"] {
        let text = format!(
            "# A\n{{: #a}}\n\nSeen.\n{{: tsSymptoms}}\n\n```\nE: <ID>\n```\n{{: screen}}\n\nWhy.\n{{: tsCauses}}\n\nDo.\n{mark}\n\n1. One.\n"
        );
        let runbook = read(&text);
        let roles: Vec<Role> = runbook.sections[0].blocks.iter().map(|block| block.role).collect();
        assert_eq!(
            roles,
            [Role::Symptoms, Role::Symptoms, Role::Causes, Role::Steps, Role::Steps],
            "{mark}"
        );
        assert_eq!(runbook.sections[0].blocks[1].attrs, ["screen"]);
        assert!(runbook.sections[0].anchors.contains(&"a".to_owned()));
        assert_eq!(outline(&runbook.topics[0].steps), "- Do.\n1 One.\n");
    }
}

#[test]
fn steps_keep_order_numbers_and_nesting() {
    for (name, text, expected) in [
        (
            "nested",
            "## Steps\n\n1. One\n    1. In\n       ```sh\n       run\n       ```\n    2. Out\n\n1. Two\n",
            "1 One\n  1.1 In / `run`\n  1.2 Out\n2 Two\n",
        ),
        (
            "escaped",
            "## Resolution\n\n1\\. One:\n\n\n    run\n\nSee.\n\n2\\. Two\n",
            "1 One: / `run` / See.\n2 Two\n",
        ),
        (
            "unindented code",
            "## Fix\n\n1. One\n\n```\nrun\n```\n\n2. Two\n",
            "1 One / `run`\n2 Two\n",
        ),
        (
            "bullets",
            "## Mitigation\n\nDo one of:\n\n- this\n- that\n\nThen wait.\n",
            "- Do one of:\n  - this\n  - that\n- Then wait.\n",
        ),
        ("start", "## Steps\n\n3. Three\n4. Four\n", "3 Three\n4 Four\n"),
        ("parentheses", "## Steps\n\n1) One\n2) Two\n", "1 One\n2 Two\n"),
        (
            "terms",
            "## R0001: Bad\n\nLocation message\n:   R0001: It is bad.\n\nSteps to resolve\n:   Make it good.\n",
            "- Make it good.\n",
        ),
        (
            "label",
            "## HostDown\n\n**Cause:** Power.\n\n**Fix:** Switch it on.\n",
            "- Switch it on.\n",
        ),
    ] {
        let runbook = read(text);
        let steps = runbook
            .topics
            .iter()
            .map(|topic| outline(&topic.steps))
            .find(|steps| !steps.is_empty());
        assert_eq!(steps.as_deref(), Some(expected), "{name}");
    }
}

#[test]
fn a_code_heading_with_a_paragraph_has_a_cause_and_steps() {
    let runbook = read(
        "# Codes\n\n#### E0101\n\nThe key has expired. Ask the user to rotate it. Follow `E0102` after that.\n\n#### E0102\n\nThe zone is full.\n",
    );
    let first = topic(&runbook, "E0101");
    assert_eq!(
        first.causes.iter().map(plain_block).collect::<Vec<_>>(),
        ["The key has expired."]
    );
    assert_eq!(
        outline(&first.steps),
        "- Ask the user to rotate it. Follow E0102 after that.\n"
    );
    assert_eq!(
        first
            .branches
            .iter()
            .map(|branch| branch.label.as_str())
            .collect::<Vec<_>>(),
        ["E0102"]
    );
    assert!(
        topic(&runbook, "E0102")
            .symptoms
            .iter()
            .any(|symptom| symptom.kind == SymptomKind::Heading)
    );
}

#[test]
fn links_to_sections_are_found_in_any_case_and_unknown_ones_reported() {
    let text = "# A\n\nGo [there](#The-Place) or [here](#b) or [nowhere](#gone).\n\n## The place\n\nx\n\n## B thing {#b}\n\ny\n";
    let runbook = read(text);
    let mut targets = Vec::new();
    walk(&runbook.sections[0].blocks, &mut |block| {
        if let BlockKind::Paragraph(inlines) = &block.kind {
            targets.extend(inlines.iter().filter_map(|inline| match inline {
                Inline::Link {
                    target: Target::Section(to),
                    ..
                } => Some(*to),
                _ => None,
            }));
        }
    });
    assert_eq!(targets, [1, 2]);
    assert_eq!(runbook.sections[2].heading, "B thing");
    assert_eq!(codes_of(text), [(3, "anchor-unknown")]);
}

#[test]
fn liquid_resolves_to_data_or_a_readable_name_and_leaves_the_rest() {
    for (text, expected) in [
        ("Ask {{ site.data.teams.ops.comm.name }}.", "Ask #ops."),
        ("Ask {{ site.data.teams.dba.comm.name }}.", "Ask dba."),
        (
            "Ask [{{ site.data.teams.dba.comm.name }}]({{ site.data.teams.dba.comm.link }}).",
            "Ask dba.",
        ),
        (
            "In {{site.data.keyword.cloud_notm}} it fails.",
            "In IBM Cloud it fails.",
        ),
        (
            "Bucket '{{.Name}}' is gone for {{ $labels.pod }}.",
            "Bucket '{{.Name}}' is gone for {{ $labels.pod }}.",
        ),
        ("{% raw %}{{ site.x }}{% endraw %}", "{{ site.x }}"),
        ("A{% comment %} hidden {% endcomment %}B", "AB"),
        ("{% capture t %}word{% endcapture %}A {{ t }}", "A word"),
        ("See {{< relref \"b.md\" >}} now.", "See b.md now."),
    ] {
        let runbook = read(text);
        let shown: Vec<String> = runbook.sections[0].blocks.iter().map(plain_block).collect();
        assert_eq!(shown, [expected], "{text}");
    }
}

#[test]
fn contacts_know_their_team_and_when_to_call() {
    let text = "# A\n\n## Escalation Policy\n\nWrite to [{{ site.data.teams.ops.comm.name }}]({{ site.data.teams.ops.comm.link }}).\n\n- If the disk is full, page [{{ site.data.teams.ops.escalate.name }}]({{ site.data.teams.ops.escalate.link }})\n- Else ask #storage-help\n";
    let runbook = read(text);
    let contacts = &runbook.topics[0].contacts;
    let seen: Vec<(ContactKind, &str, Option<&str>, u32)> = contacts
        .iter()
        .map(|contact| {
            (
                contact.kind,
                contact.name.as_str(),
                contact.team.as_deref(),
                contact.line,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (ContactKind::Chat, "#ops", Some("ops"), 5),
            (ContactKind::Pager, "Ops pager", Some("ops"), 7),
            (ContactKind::Chat, "#storage-help", None, 8),
        ]
    );
    assert_eq!(contacts[1].url.as_deref(), Some("https://example.pagerduty.com/p/1"));
    assert!(
        contacts[1]
            .when
            .as_deref()
            .is_some_and(|when| when.starts_with("If the disk is full"))
    );
}

#[test]
fn alert_names_are_found_where_authors_put_them() {
    let text = "# A\n\n## Example Alert(s)\n\n```\nLabels:\n - alertname = DiskAlmostFull\n```\n\nAlso `DiskReallyAlmostFull`.\n";
    let runbook = read(text);
    let names = runbook.topics[0]
        .symptoms
        .iter()
        .filter(|symptom| symptom.kind == SymptomKind::Alert);
    assert_eq!(
        names.map(|symptom| symptom.text.as_str()).collect::<Vec<_>>(),
        ["DiskAlmostFull", "DiskReallyAlmostFull"]
    );
}

#[test]
fn front_matter_is_read_and_a_broken_one_does_not_hide_the_text() {
    let runbook = read(
        "---\nrunbook-name: \"x\"\ntags: a, b\nsignpost:\n  signatures:\n    - code: E1234\n  team: ops\n---\n\n# Title\n",
    );
    assert_eq!(runbook.front.tags, ["a", "b"]);
    assert_eq!(runbook.front.signpost.signatures[0].line, 6);
    assert_eq!(runbook.topics[0].contacts.len(), 3);
    let toml = read("+++\ntitle = \"T\"\n+++\n\nText.\n");
    assert_eq!(toml.title, "T");
    let broken = "---\ntitle: \"open\nservice: s\n---\n\n# Heading\n";
    let runbook = read(broken);
    assert_eq!((runbook.title.as_str(), runbook.sections[0].line), ("Heading", 6));
    assert_eq!(codes_of(broken).first().map(|found| found.1), Some("front-matter"));
    assert!(
        read("---\n\nJust a rule above.\n\n---\n\nMore.\n")
            .front
            .title
            .is_none()
    );
    let wrong = "---\nsignpost:\n  signatures:\n    - regex: '('\n---\n\n# A\n";
    assert_eq!(codes_of(wrong), [(4, "signature")]);
}

#[test]
fn byte_order_marks_carriage_returns_and_setext_headings_are_no_trouble() {
    let runbook = read("\u{feff}Title\r\n=====\r\n\r\nNo space left\r\n-------------\r\n\r\nFree some.\r\n");
    assert_eq!(runbook.title, "Title");
    assert_eq!(
        (runbook.sections[1].heading.as_str(), runbook.sections[1].line),
        ("No space left", 4)
    );
}

#[test]
fn html_bits_become_text_and_placeholders_stay() {
    for (text, expected) in [
        ("Delete <ID> of <cluster-name>.", "Delete <ID> of <cluster-name>."),
        ("<node>\n", "<node>"),
        ("A<br>B", "A B"),
        ("<a name=\"x\"></a>Text", "Text"),
        ("<b>Bold</b> and <code>c</code>", "Bold and c"),
        ("<details>\n<summary>More</summary>\n\n</details>", "More"),
        ("<!-- hidden -->\nShown", "Shown"),
        ("[//]: # (hidden)\nShown", "Shown"),
    ] {
        let runbook = read(text);
        let shown: Vec<String> = runbook.sections[0].blocks.iter().map(plain_block).collect();
        assert_eq!(shown, [expected], "{text}");
    }
}

#[test]
fn many_alerts_in_one_file_are_a_topic_each() {
    let text: String = (0..100)
        .map(|n| format!("## ServiceAlertNumber{n}\n\nIt broke. Restart part {n}.\n\n"))
        .collect::<Vec<_>>()
        .concat();
    let runbook = read(&format!("# All alerts\n\n{text}"));
    assert_eq!(runbook.topics.len(), 101);
    assert_eq!(
        outline(&topic(&runbook, "ServiceAlertNumber42").steps),
        "- Restart part 42.\n"
    );
}

#[test]
fn completeness_tells_drafts_and_pointers_from_runbooks() {
    for (text, completeness) in [
        ("---\ndraft: true\n---\n\n## Overview\n\nTODO\n", Completeness::Draft),
        (
            "# KubeThing\n\nThis runbook has been moved [there](b.md).\n",
            Completeness::Pointer,
        ),
        (
            "# A\n\n- [One](1.md)\n- [Two](2.md)\n- [Three](3.md)\n- [Four](4.md)\n",
            Completeness::Listing,
        ),
        ("# A\n\n## Mitigation\n\nRestart the pod.\n", Completeness::Full),
    ] {
        assert_eq!(read(text).completeness, completeness, "{text}");
    }
}

#[test]
fn rule_files_of_both_styles_are_read() {
    let list = "rules:\n- metadata:\n    id: a\n  cre:\n    id: CRE-2030-0001\n    title: Pool is empty\n    cause: |\n      Too few connections.\n    mitigation: |\n      - Raise the limit.\n  rule:\n    sequence:\n      window: 5s\n      order:\n        - value: \"pool empty\"\n        - regex: \"time(d)? out\"\n        - bare words\n      negate:\n        - shutting down\n";
    let (runbook, diagnostics) = parse("a.yaml", list, &data());
    let runbook = runbook.expect("rules are read");
    let rule = runbook.sections[0].rule.clone().expect("the document is the rule");
    assert!(rule.ordered);
    assert_eq!((rule.all.len(), rule.none.len()), (3, 1));
    assert_eq!(runbook.title, "Pool is empty");
    assert_eq!(outline(&runbook.topics[0].steps), "- Raise the limit.\n");
    assert_eq!(runbook.topics[0].steps[0].line, 10);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let twice = format!(
        "{list}{}",
        list.replace("rules:\n", "")
            .replace("0001", "0002")
            .replace("Pool", "Queue")
    );
    let runbook = parse("a.yaml", &twice, &data()).0.expect("rules are read");
    let rules = runbook.sections.iter().filter(|section| section.rule.is_some());
    assert_eq!(
        rules.map(|section| section.heading.as_str()).collect::<Vec<_>>(),
        ["Pool is empty", "Queue is empty"]
    );
    assert!(parse("a.yaml", "replicas: 3\n", &data()).0.is_none());
}

#[test]
fn branches_lead_to_alternatives() {
    let runbook =
        read("# A\n\n## Resolution\n\n### You're the owner\n\n1. Do this\n\n### You're not the owner\n\n1. Ask\n");
    let labels: Vec<&str> = runbook.topics[0]
        .branches
        .iter()
        .map(|branch| branch.label.as_str())
        .collect();
    assert_eq!(labels, ["You're the owner", "You're not the owner"]);
}

#[test]
fn bare_addresses_are_links() {
    let runbook = read("Look at https://example.com/a, then go.");
    let BlockKind::Paragraph(inlines) = &runbook.sections[0].blocks[0].kind else {
        panic!("a paragraph")
    };
    assert!(matches!(&inlines[1], Inline::Link { target: Target::Url(url), .. } if url == "https://example.com/a"));
    assert_eq!(plain(inlines), "Look at https://example.com/a, then go.");
}
