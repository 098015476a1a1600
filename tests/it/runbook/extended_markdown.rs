//! What site generators add to Markdown, each in a few lines of our own.

use std::collections::BTreeMap;

use signpost::runbook::{Completeness, parse};

use super::described::outline;

#[test]
fn myst() {
    insta::assert_snapshot!(outline("a.md", include_str!("../../fixtures/pages/myst.md")), @r##"
    2 # Queue errors
      6 **Important:** Read [the rules](section 1) and /start first.
      9 **Note:** One sentence.
    14 ## Rules
      16 **Before you restart:**
      19 list
        19 -
          19 Tell the team with `say`.
      23 code bash
        | queuectl drain
      31 Text that stays.
      38 [Diagram in the runbook](section 0)
      42 code r
        | library(x)
      46 See [elsewhere](relative #other:label), and `{not}` a `role`.
    "##);
}

#[test]
fn mkdocs() {
    insta::assert_snapshot!(outline("a.md", include_str!("../../fixtures/pages/mkdocs.md")), @r##"
    1 # Disk full
      4 **Data is lost:** Stop the writers first.
      6 code bash
        | systemctl stop writer
      11 **Tip:** It takes a minute.
      13 **Note:**
      14 list
        14 -
          14 One
        15 -
          15 Two
      19 **Linux:** Run `df -h`.
      23 **Windows:** Run `Get-Volume`.
      25 list from 1
        25 -
          25 First
          28 Not on Fridays.
        30 -
          30 Second
      32 !!! This is only a shout.
    "##);
}

#[test]
fn docusaurus() {
    insta::assert_snapshot!(outline("a.mdx", include_str!("../../fixtures/pages/docusaurus.mdx")), @r##"
    1 # Login fails
      18 Login says `invalid_state <state>`.
      22 **Need help?** Ask us.
      26 list from 1
        26 -
          26 Clear the cookies.
          30 **Danger:** You are signed out.
        34 -
          34 Sign in.
      37 **Browser:**
      39 Open a new window, see  there.
      42 **App:**
      47 Start it again.
      58 **Faster:** Use the API.
      60 code shell
        | ## not a heading
        | curl <url> # import x from 'y'
    "##);
}

#[test]
fn github_quarto_and_vitepress() {
    insta::assert_snapshot!(outline("a.md", include_str!("../../fixtures/pages/github.md")), @r##"
    1 # Broker
      4 **Warning:** Do not stop the **last** broker.
      6 code
        | broker: quorum lost
      11 **Faster:** Use two terminals.
      13 quote
        13 a quote stays
      16 **Quarto:** Text.
      20 Hidden text.
      23 [Diagram in the runbook](section 0)
    "##);
}

#[test]
fn code_that_looks_like_a_note_stays_code() {
    let text = "# A\n\n```text\n!!! warning\n    :::note\n> [!NOTE]\n(x)=\nimport a from 'b'\n```\n\n`{a}` and `b {c} d`e\n\n    !!! note\n";
    insta::assert_snapshot!(outline("a.md", text), @r##"
    1 # A
      3 code text
        | !!! warning
        |     :::note
        | > [!NOTE]
        | (x)=
        | import a from 'b'
      11 `{a}` and `b {c} d`e
      13 code
        | !!! note
    "##);
}

#[test]
fn a_fence_may_begin_on_the_line_of_its_item() {
    let text = "1. ```bash\n   !!! x\n   ```\n2. Next\n\n!!! note\n    Text\n";
    insta::assert_snapshot!(outline("a.md", text), @r##"
    1 # a
      1 list from 1
        1 -
          1 code bash
            | !!! x
        4 -
          4 Next
      7 **Note:** Text
    "##);
}

#[test]
fn pieces_of_pages_do_not_answer() {
    for (path, expected) in [
        ("docs/_common/help.mdx", Completeness::Partial),
        ("docs/_help.mdx", Completeness::Partial),
        ("docs/_partials/help.md", Completeness::Partial),
        ("docs/_help.md", Completeness::Full),
        ("docs/help.mdx", Completeness::Full),
    ] {
        let text =
            "The queue is full. Restart the reader and look at its log, then tell the team what you have found there.";
        let runbook = parse(path, text, &BTreeMap::new()).0.expect("Markdown is always read");
        assert_eq!(runbook.completeness, expected, "{path}");
    }
}

#[test]
fn names_make_titles() {
    for (path, title) in [
        ("Error-The-disk-is-full.md", "Error The disk is full"),
        ("Disk full 0123456789abcdef0123456789abcdef.md", "Disk full"),
        ("disk-full.md", "disk-full"),
    ] {
        let runbook = parse(path, "## Solution\n\nDelete old logs.\n", &BTreeMap::new())
            .0
            .expect("Markdown is always read");
        assert_eq!(runbook.title, title);
    }
}

#[test]
fn hostile_documents_end_soon() {
    let long = |part: &str| part.repeat(1_000_000 / part.len());
    for part in [
        ":::note\n",
        "!!! note\n",
        "> [!NOTE]\n",
        "```{note}\n",
        "{ref}`",
        "}`",
        "<Aa",
        "<Aa\n",
        "import {\n",
        "(a)=\n",
        "export const a = {\n",
        "{/* ",
        "</Aa>",
        ":::{note}\n:a: b\n",
    ] {
        assert!(parse("a.mdx", &long(part), &BTreeMap::new()).0.is_some(), "{part}");
    }
}
