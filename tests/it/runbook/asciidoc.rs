//! AsciiDoc as it is understood: documents of our own for each construct, and what the reader makes of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use signpost::clock::SystemClock;
use signpost::files::{Folder, Options};
use signpost::runbook::{BlockKind, Library, parse};

use super::outline::of_runbook;

/// A document as the reader understood it, and what it tells its author.
fn understood(text: &str) -> String {
    let (runbook, diagnostics) = parse("team/page.adoc", text, &BTreeMap::new());
    let mut out = of_runbook(&runbook.expect("AsciiDoc is always read"));
    for found in diagnostics {
        writeln!(out, "{} {}: {}", found.line, found.code, found.message).expect("a string takes text");
    }
    out
}

#[test]
fn the_head_of_a_document_is_its_title_and_no_text() {
    let text = "// reviewed\n:_mod-docs-content-type: REFERENCE\n[id=\"depot-errors_{context}\"]\n= Errors of the depot\n\
                Ada Grace <ada@example.org>\nv1.2, 2024-01-01\n:toc:\n:page-aliases: old.adoc\n:goal: The depot \\\n  \
                works again.\n\n{goal} Mind {unknown}.\n\n== Queue stuck [[DepotQueueStuck]]\n== Queue full [#full]#now#\n\n\
                Text of both.\n\n=== icon:search[] Look\n\nSee <<DepotQueueStuck>>, <<full,there>>, <<Queue full now>>.\n\n\
                Underlined\n~~~~~~~~~~\n\nDeep.\n\n[discrete]\n== Not numbered\n";
    insta::assert_snapshot!(understood(text), @r##"
    4: [Errors of the depot]
      12: The depot works again. Mind {unknown}.
    14: ##[Queue stuck]
      14: [Queue full now](§2)
    15: ##[Queue full now]
      17: Text of both.
    19: ###[Look]
      21: See [Queue stuck](§1), [there](§2), [Queue full now](§2).
    23: ###[Underlined]
      26: Deep.
    29: ##[Not numbered]
    "##);
}

#[test]
fn steps_keep_their_blocks_and_their_depth() {
    let text = "= Steps\n\n.Procedure\n. Open the console.\n+\n[source,bash]\n----\ndepot open <queue>\n\ndepot list\n----\n+\n\
                TIP: Any console will do.\n. Wait\nuntil it is idle:\n.. one minute,\n.. or two.\n+\nOf the inner step.\n\n+\n\
                Of the outer step.\n* A bullet inside\n** and deeper\n\n. Close it.\n----\ndepot close\n----\n\n\
                .Verification\n* [x] closed\n- [ ] or not\n\n3. third\n4. fourth\n\n[start=7]\n. seventh\n";
    insta::assert_snapshot!(understood(text), @r##"
    1: [Steps]
      3: **Procedure**
      4: list from 1
      - 4
          4: Open the console.
          7: code(bash) "depot open <queue>\n\ndepot list"
          13: **Tip:** Any console will do.
      - 14
          14: Wait until it is idle:
          16: list from 1
          - 16
              16: one minute,
          - 17
              17: or two.
              19: Of the inner step.
          22: Of the outer step.
          23: list
          - 23
              23: A bullet inside
              24: list
              - 24
                  24: and deeper
      - 26
          26: Close it.
          27: code() "depot close"
      31: **Verification**
      32: list
      - 32
          32: [x] closed
          33: list
          - 33
              33: [ ] or not
              35: list from 3
              - 35
                  35: third
              - 36
                  36: fourth
      39: list from 7
      - 39
          39: seventh
    "##);
}

#[test]
fn terms_have_their_text_and_their_blocks() {
    let text = "= Terms\n\n`E-1`:: Text on the line.\nSecond::\nText below.\n+\n....\nERROR depot <name>\n....\n+\nMore.\n\
                Third::\n\nText after a blank line.\n\nNested:: outer\ninner::: text\nother::: text\n* bullet\n\n\
                [qanda]\nWhat now?::\n  Indented answer\n  of two lines.\n\n[tabs]\n====\nShell::\n+\n--\n\
                [source,bash]\n----\nls\n----\n--\nXML::\n+\n--\n[source,xml]\n----\n<a/>\n----\n--\n====\n";
    insta::assert_snapshot!(understood(text), @r##"
    1: [Terms]
      3: definitions
      = `E-1`
          3: Text on the line.
      = Second
          5: Text below.
          7: code() "ERROR depot <name>"
          11: More.
      = Third
          14: Text after a blank line.
      = Nested
          16: outer
          17: definitions
          = inner
              17: text
          = other
              18: text
              19: list
              - 19
                  19: bullet
      22: definitions
      = What now?
          23: Indented answer of two lines.
      32: **Shell**
      32: code(bash) "ls"
      40: **XML**
      40: code(xml) "<a/>"
    "##);
}

#[test]
fn code_is_kept_as_it_is_read() {
    let text = "= Code\n:tool: depot\n:source-language: console\n\n[source]\n----\n{tool} run <name> <1>\n// kept\n\
                ====\nERROR <2>\n----\n<1> First remark.\n<2> Second\nremark.\n\n[source,bash,subs=\"attributes+,quotes\"]\n\
                ----\n{tool} run _<name>_\n----\n\n.Output\n....\n{tool} <name>\n....\n\n```yaml\na: 1\n```\n\n\
                [source,bash]\n---\nmeant as code\n---\n\n[source,sql]\nselect 1;\n\n  indented\n    more\n\n\
                [plantuml]\n----\na -> b\n----\n\n----\ninclude::gone.java[tag=x]\n----\n";
    insta::assert_snapshot!(understood(text), @r##"
    1: [Code]
      6: code(console) "{tool} run <name>\n// kept\n====\nERROR"
      12: list
      - 12
          12: First remark.
      - 13
          13: Second remark.
      17: code(bash) "depot run <name>"
      21: **Output**
      22: code() "{tool} <name>"
      26: code(yaml) "a: 1"
      31: code(bash) "meant as code"
      36: code(sql) "select 1;"
      38: code() "indented\n  more"
      42: [Diagram in the runbook](§0)
    47 include-unread: `include::gone.java[]` is left out: the folder has no such file
    "##);
}

#[test]
fn a_row_of_a_table_is_a_row_however_it_is_written() {
    let text = "= Tables\n\n[cols=\"2,3a,1\",options=\"header\"]\n.Messages\n|===\n|Message |Meaning |Action\n\n\
                |`Limit reached`\n|Shown when\n\n* one\n* two\n\n----\nERROR 1\nERROR 2\n----\n|Wait.\n\n\
                |`One`,\n`two`\n|x \\| y\n|NOTE: no note\n|===\n\n|===\n|Code |Text\n\n|1 |first\n.2+|2 |second\n|third\n\
                2+|both columns\n2*|twice\n|===\n\n[cols=\"1m,1\"]\n|===\n|a |b\n|c\n|===\n\n,===\nname,\"a, b\"\n,===\n\n\
                [format=dsv]\n|===\nx:y\n|===\n\n[%header,cols=2*]\n!===\n!k !v\n!1 !2\n!===\n";
    insta::assert_snapshot!(understood(text), @r##"
    1: [Tables]
      4: **Messages**
      5: table | Message | Meaning | Action |
        | `Limit reached` | Shown when⏎• one⏎• two⏎`ERROR 1`⏎`ERROR 2` | Wait. |
        | `One`, `two` | x | y | NOTE: no note |
      26: table | Code | Text |
        | 1 | first |
        | 2 | second |
        | 2 | third |
        | both columns |  |
        | twice | twice |
      37: table |  |
        | `a` | b |
        | `c` |
      42: table |  |
        | name | a, b |
      47: table |  |
        | x | y |
      52: table | k | v |
        | 1 | 2 |
    "##);
}

#[test]
fn notes_quotations_and_boxes_are_text() {
    let text = "= Boxes\n\nNOTE: Short\nnote.\n\n[WARNING]\n.Careful\n====\nLong note.\n\n. step\n====\n\n[IMPORTANT]\n\
                ----\ncode first\n----\n\n****\nAside.\n****\n\n.Example\n=====\nOuter.\n\n====\nInner.\n====\n=====\n\n\
                ____\nSaid.\n____\n\n[quote, Ada, Notes]\nAlso said.\n\n[verse]\nline one\nline two\n\n--\nOpen.\n--\n\n\
                ++++\n<p>From <b>HTML</b></p>\n++++\n\n////\nhidden\n////\n\n'''\n\n<<<\n\nText // stays\n// hidden\nand goes on.\n";
    insta::assert_snapshot!(understood(text), @r##"
    1: [Boxes]
      3: **Note:** Short note.
      7: **Careful**
      9: **Warning:** Long note.
      11: list from 1
      - 11
          11: step
      15: code() "code first"
      20: Aside.
      23: **Example**
      25: Outer.
      28: Inner.
      32: quote
        33: Said.
      37: quote
        37: Also said.
        37: — Ada, Notes
      40: quote
        40: line one⏎line two
      44: Open.
      47: From HTML
      55: rule
      59: Text // stays and goes on.
    "##);
}

#[test]
fn text_is_read_with_its_marks_links_and_notes() {
    let text = "= Text\n:tool: depot\n:base: https://example.org\n\n*bold* _it_ `code *x*` **un**bold ``un``code `+{tool}+` \
                +{tool}+ [.red]#red# snake_case_name 2^10^ H~2~O \\*plain* \\{tool} +++<raw>+++ $$*raw*$$ \"`quoted`\"\n\n\
                {base}[Home^] link:{base}/a_b[A, window=_blank] https://example.org/x_y_z?q=1. <https://example.org> \
                mailto:ops@example.org[] link:{gone}/x[gone]\n\nxref:other.adoc#id[] xref:other.adoc[Other] <<Text>> \
                <<nowhere>>\n\nkbd:[Ctrl,C] btn:[OK] menu:File[Save] image:a/disk-full.png[] icon:fire[] stem:[1 - 2] \
                pass:q[*p*] ((shown)) (((hidden)))\n\nOne footnote:[A *note*.]sentence +\nnext line<br>third &lt;x&gt; &#8212; C++ and \
                D++ ERROR:[x] a::b * 3 * 4 `unclosed\n\nimage::b.png[The disk]\n";
    insta::assert_snapshot!(understood(text), @r##"
    1: [Text]
      5: **bold** _it_ `code x` **un**bold `un`code `{tool}` depot red snake_case_name 2^10 H2O *plain* {tool} <raw> *raw* "quoted"
      7: [Home](https://example.org) [A](https://example.org/a_b) [https://example.org/x_y_z?q=1](https://example.org/x_y_z?q=1). [https://example.org](https://example.org) [ops@example.org](mailto:ops@example.org) gone
      9: [other](other.adoc#id) [Other](other.adoc) [Text](§0) [nowhere](#nowhere)
      11: Ctrl+C OK File > Save ![disk full](a/disk-full.png)  1 - 2 **p** shown 
      13: One sentence⏎next line⏎third <x> — C++ and D++ ERROR:[x] a::b * 3 * 4 `unclosed (A **note**.)
      16: ![The disk](b.png)
    9 anchor-unknown: the link to `#nowhere` leads nowhere in this document
    "##);
}

#[test]
fn mistakes_are_read_as_they_were_meant() {
    let text = "= Mistakes\n\nText:\n* bullet right below\n\n====\nNever closed box.\n\n== Heading inside\n\n+\nLost mark.\n\n\
                [see the other page]\n\n----\nnever closed code\n\n== Next\nText right below.\n== Next again\n\n\
                |===\n|a |b\n\n== After the table\n\n////\nnever closed comment\n";
    insta::assert_snapshot!(understood(text), @r##"
    1: [Mistakes]
      3: Text:
      4: list
      - 4
          4: bullet right below
      7: Never closed box.
    9: ##[Heading inside]
      12: Lost mark.
      14: [see the other page]
      16: code() "never closed code"
    19: ##[Next]
      20: Text right below.
    21: ##[Next again]
      23: table | a | b |
    26: ##[After the table]
      29: never closed comment
    16 fence-unclosed: the block `----` is never closed; it ends at the next heading
    23 fence-unclosed: the block `|===` is never closed; it ends at the next heading
    "##);
}

#[test]
fn front_matter_is_read_and_lines_keep_their_numbers() {
    let text =
        "---\ntitle: Errors of the depot\nsignpost:\n  signatures: [depot is full]\n---\n= Other title\n\nText.\n";
    let (runbook, diagnostics) = parse("a.adoc", text, &BTreeMap::new());
    let runbook = runbook.expect("AsciiDoc is always read");
    assert_eq!(of_runbook(&runbook), "6: [Other title]\n  8: Text.\n");
    assert_eq!(runbook.front.signpost.signatures.len(), 1);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
}

#[test]
fn branches_of_conditions_are_kept_unless_they_are_known_not_to_hold() {
    let text = "= Conditions\n:cloud: aws\n\nifdef::cloud[]\nKnown.\nendif::[]\nifndef::cloud[Dropped.]\n\n\
                ifdef::other[]\nUnknown.\nendif::[]\n\nifeval::[\"{cloud}\" == \"gcp\"]\nDropped.\nendif::[]\n\n\
                . step\n+\nifeval::[\"{flavour}\" == \"x\"]\nTIP: Inside.\nendif::[]\n";
    insta::assert_snapshot!(understood(text), @r##"
    1: [Conditions]
      5: Known.
      10: Unknown.
      17: list from 1
      - 17
          17: step
          20: **Tip:** Inside.
    "##);
}

fn write(dir: &Path, path: &str, text: &str) {
    let file = dir.join(path);
    fs::create_dir_all(file.parent().expect("a file has a folder")).expect("a folder is made");
    fs::write(file, text).expect("a file is written");
}

fn of(library: &Library, path: &str) -> String {
    let found = library.runbooks.iter().find(|runbook| runbook.path == path);
    of_runbook(found.expect("the document is read"))
}

#[test]
fn documents_share_attributes_and_included_files() {
    let dir = tempfile::tempdir().expect("a folder");
    let put = |path: &str, text: &str| write(dir.path(), path, text);
    put(
        "antora.yml",
        "name: x\nasciidoc:\n  attributes:\n    tool: depot\n    far: away\n",
    );
    put("modules/ROOT/partials/attributes.adoc", ":near: by\n");
    put(
        "modules/ROOT/pages/a.adoc",
        "= A\n\n{tool} {far} {near}\n\ninclude::partial$steps.adoc[]\n\n== Last\n\ninclude::example$run.sh[]\n\n\
         include::b.adoc[leveloffset=+1]\n\ninclude::partial$gone.adoc[]\n",
    );
    put("modules/ROOT/pages/b.adoc", "= B\n\nText of `b`.\n");
    put(
        "modules/ROOT/partials/steps.adoc",
        ". Open {tool}.\n\n== Part\n\ninclude::{parts}/deep.adoc[leveloffset=1]\n",
    );
    put("modules/ROOT/partials/deep.adoc", "== Deep\n\nLast words.\n");
    put("modules/ROOT/partials/lone.adoc", "Nobody includes this.\n");
    put("modules/ROOT/examples/run.sh", "echo run\n");
    let mut folder = Folder::new(dir.path(), Options::default(), Arc::new(SystemClock));
    let library = folder.read(&|_, _| {}, &|_, _| {}).expect("the folder loads");
    insta::assert_snapshot!(of(&library, "modules/ROOT/pages/a.adoc"), @r##"
    1: [A]
      3: depot away by
      5: list from 1
      - 5
          5: Open depot.
    5: ##[Part]
    5: ###[Deep]
      5: Last words.
    7: ##[Last]
      9: echo run
      11: list
      - 11
          11: [B](b.adoc)
    "##);
    let paths: Vec<&str> = library.runbooks.iter().map(|runbook| runbook.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "modules/ROOT/pages/a.adoc",
            "modules/ROOT/pages/b.adoc",
            "modules/ROOT/partials/attributes.adoc",
            "modules/ROOT/partials/lone.adoc",
        ]
    );
    let told: Vec<_> = library
        .diagnostics
        .iter()
        .map(|found| (found.path.as_str(), found.line, found.code))
        .collect();
    assert_eq!(
        told,
        [
            ("modules/ROOT/pages/a.adoc", 13, "include-unread"),
            ("modules/ROOT/partials/deep.adoc", 0, "included"),
            ("modules/ROOT/partials/steps.adoc", 0, "included"),
        ]
    );

    put("modules/ROOT/partials/deep.adoc", "== Deeper\n\nOther words.\n");
    put("antora.yml", "name: x\nasciidoc:\n  attributes:\n    tool: crane\n");
    let library = folder.read(&|_, _| {}, &|_, _| {}).expect("the folder loads");
    let text = of(&library, "modules/ROOT/pages/a.adoc");
    assert!(text.contains("crane {far} by") && text.contains("Deeper"), "{text}");
}

#[test]
fn an_include_never_reads_what_lies_outside_or_is_hidden() {
    let dir = tempfile::tempdir().expect("a folder");
    write(dir.path(), "secret.txt", "secret");
    write(dir.path(), "books/.env", "secret");
    let page = "= A\n\ninclude::../secret.txt[]\n\ninclude::.env[]\n\ninclude::/etc/hostname[]\n\ninclude::a.adoc[]\n\nText.\n";
    write(dir.path(), "books/a.adoc", page);
    let books = dir.path().join("books");
    let mut folder = Folder::new(&books, Options::default(), Arc::new(SystemClock));
    let library = folder.read(&|_, _| {}, &|_, _| {}).expect("the folder loads");
    assert_eq!(of(&library, "a.adoc"), "1: [A]\n  11: Text.\n");
    assert_eq!(library.diagnostics.len(), 4, "{:?}", library.diagnostics);
}

/// Pieces of markup, for mixtures.
const BITS: [&str; 52] = [
    "= ",
    "== H\n",
    "----\n",
    "====\n",
    "--\n",
    "****\n",
    "____\n",
    "....\n",
    "++++\n",
    "////\n",
    "|===\n",
    "```\n",
    "* ",
    "** ",
    ". ",
    "a:: ",
    "<1> ",
    "+\n",
    "\n\n",
    "[source,bash]\n",
    "[NOTE]\n",
    ".Title\n",
    "NOTE: ",
    "|",
    "a|",
    "2+|",
    ".3+|",
    "`",
    "``",
    "*",
    "_",
    "#",
    "+",
    "^",
    "<<",
    ">>",
    "[[",
    "]]",
    "[",
    "]",
    "link:",
    "https://a",
    "xref:a#b[",
    "footnote:[",
    "{a}",
    ":a: {a}{a}\n",
    "ifdef::a[]\n",
    "endif::[]\n",
    "include::x.adoc[]\n",
    "\\",
    "((",
    "))",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn any_mixture_of_markup_is_read(bits in proptest::collection::vec((0..BITS.len(), "[ a-z.:é\n]{0,4}"), 0..90)) {
        let text: String = bits.iter().flat_map(|(bit, word)| [BITS[*bit], word]).collect();
        let (runbook, diagnostics) = parse("a.adoc", &text, &BTreeMap::new());
        let lines = text.split('\n').count();
        prop_assert!(diagnostics.iter().all(|found| found.line as usize <= lines), "{diagnostics:?}");
        let runbook = runbook.expect("AsciiDoc is always read");
        prop_assert!(runbook.sections.iter().all(|section| section.line as usize <= lines));
    }
}

/// Parts of one very long line.
const LINE: [&str; 18] = [
    "*",
    "`a ",
    "[",
    "<<a ",
    "((",
    "link:",
    "https://",
    "{",
    "\\*a* ",
    "+a ",
    "footnote:[",
    "&#",
    "a::",
    "|",
    ".200+|",
    "200*|x",
    "xref:a#b[",
    "_*`",
];

/// Lines that come very often.
const LINES: [&str; 14] = [
    "----",
    "====",
    "* a",
    "a::",
    "+",
    "[source]",
    "== H",
    "ifdef::x[]",
    "ifeval::[\"{x}\" == \"1\"]",
    ":a: {a}{a}b",
    "<1> a",
    "|===",
    "include::x.adoc[]",
    ":a: b \\",
];

/// Reads texts. What is quadratic takes minutes, and the runner ends it and says so.
fn read_to_their_end(texts: impl Iterator<Item = String>) {
    for text in texts {
        let (runbook, _) = parse("a.adoc", &text, &BTreeMap::new());
        assert!(runbook.is_some());
    }
}

fn long(part: &str) -> String {
    part.repeat((1 << 17) / part.len())
}

#[test]
fn long_and_deep_lines_are_read_to_their_end() {
    read_to_their_end(LINE.iter().map(|part| long(part)));
}

#[test]
fn long_and_deep_tables_are_read_to_their_end() {
    read_to_their_end(LINE.iter().map(|part| format!("|===\n{}\n|===", long(part))));
}

#[test]
fn long_and_deep_documents_are_read_to_their_end() {
    let deep = (4..700).map(|length| "=".repeat(length)).collect::<Vec<_>>().join("\n");
    let lines = LINES.iter().map(|line| format!("{line}\n").repeat(10_000));
    read_to_their_end(lines.chain([deep]));
}

#[test]
fn a_document_of_very_many_parts_is_kept_as_text_from_there_on() {
    let text = format!("= Many\n\n{}the end\n", "* `a` b\n\n".repeat(60_000));
    let (runbook, diagnostics) = parse("a.adoc", &text, &BTreeMap::new());
    let runbook = runbook.expect("AsciiDoc is always read");
    let last = runbook.sections.last().and_then(|section| section.blocks.last());
    let Some(BlockKind::Code { text, .. }) = last.map(|block| &block.kind) else {
        panic!("the rest is there");
    };
    assert!(text.ends_with("the end"));
    let codes: Vec<&str> = diagnostics.iter().map(|found| found.code).collect();
    assert_eq!(codes, ["too-many-parts"]);
}
