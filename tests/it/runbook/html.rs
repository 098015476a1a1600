//! HTML pages, each in a few lines of our own: what is read as which block, and what is left out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use signpost::runbook::{Completeness, Target, parse};

use super::described::outline;

#[test]
fn a_page_of_a_confluence_export_is_read_without_what_stands_around_it() {
    insta::assert_snapshot!(outline("Queue.html", include_str!("../../fixtures/pages/confluence.html")), @r##"
    1 # Queue runbook
    17 ## Queue full
      18 (Symptoms) **Message:** `queue 'orders' is full`, from `com.example.Queue`
      18 (Causes) **Reason:** The reader is slow.
      19 (Steps) **Solution:**
      20 (Steps) list from 1
        20 -
          20 (Steps) Look at the reader:
          21 (Steps) **On the host**
          22 (Steps) code bash
            | kubectl get pods -l app=reader
            | kubectl logs reader-0 > out.log
        25 -
          25 (Steps) Restart it, see [below](section 2).
      26 (Steps) **Careful:** A restart loses the cache.
    27 #### Broker down
      28 **Sample message:**
      29 code
        | BrokerError: no broker
        |   at Queue.open(Queue.java:7)
      31 table Code | Meaning | Action
        QE-101 | No broker | Start it.⏎Then wait.
        QE-101 | Two brokers | • Stop one⏎• Tell #queue-ops
    "##);
}

#[test]
fn the_storage_format_of_confluence_is_read_with_its_macros() {
    insta::assert_snapshot!(outline("storage.html", include_str!("../../fixtures/pages/storage.html")), @r##"
    1 # storage
    1 ## Certificate expired
      1 The gateway says `x509: certificate has expired`.
      1 **Check**
      1 code bash
        | openssl x509 -enddate <cert.pem
        | echo "$?"
      2 **Note:** Ask the team first.
    2 ## Renewal fails
      2 See the renewal page and [this place](section 2). State: OPEN
      2 list
        2 -
          2 ☑ Order a certificate
        2 -
          2 ☐ Install it
      2 **Details**
      2 It takes an hour.
      2 [Diagram in the runbook](section 0)
      2 **Warning:** Keep the old key.
    "##);
}

#[test]
fn generated_documentation_is_read_without_menus_and_line_numbers() {
    insta::assert_snapshot!(outline("cache.html", include_str!("../../fixtures/pages/generated.html")), @r##"
    8 # Cache errors
    10 ## The cache is cold
      11 **Warning:** Warm it slowly.
      13 code
        | # warm it
        | cachectl warm --rate 10
      16 **Tip:** Use `--dry-run`.
      17 **If that fails**
      17 Ask for help.
    19 ## The cache is stale
      20 [Diagram in the runbook](section 0)
      21 (Symptoms) Log: `cache: entry <key> is stale`
      22 (Symptoms) list
        22 -
          22 (Symptoms) ☑ Flush
        22 -
          22 (Symptoms) ☐ Wait
    "##);
}

#[test]
fn pages_of_generators_are_read_alike() {
    insta::assert_snapshot!(outline("a.html", include_str!("../../fixtures/pages/antora.html")), @r##"
    1 # Node down
      1 Text.
    1 (Steps) ## Fix
      1 (Steps) **Restart**
      1 (Steps) code bash
        | systemctl restart node
      1 (Steps) table 
         | On the node
      1 (Steps) **Important:** Tell the team.
      1 (Steps) list from 1
        1 -
          1 (Steps) One
          1 (Steps) code
            | log line
      1 (Steps) definitions
        = EX-1
          1 (Steps) Bad
      1 (Steps) **Table 1. Codes**
      1 (Steps) table Code | Meaning
        `EX-1` | Bad
    "##);
    insta::assert_snapshot!(outline("a.html", include_str!("../../fixtures/pages/docusaurus.html")), @r##"
    4 # Login fails
      4 It says:
      4 **login.log**
      4 code
        | invalid_state: token expired
        |   at login
      5 **Warning:** You are signed out.
    6 (Steps) ## Fix
      6 (Steps) list
        6 -
          6 (Steps) Linux
      6 (Steps) Run `login --reset`.
      6 (Steps) Click Reset.
    "##);
}

#[test]
fn pages_of_wikis_are_read_alike() {
    insta::assert_snapshot!(outline("a.html", include_str!("../../fixtures/pages/mediawiki.html")), @r##"
    1 # Broker down
    5 (Symptoms) ## Symptom
      6 (Symptoms) The log says:
      6 (Symptoms) code
        | broker: quorum lost on node-1
    7 (Steps) ## Fix
      7 (Steps) list from 1
        7 -
          7 (Steps) Restart `broker`
        7 -
          7 (Steps) Wait
          7 (Steps) not longer than a minute
      8 (Steps) **Codes**
      8 (Steps) table Code | Meaning
        BR-7 | No quorum
    "##);
    insta::assert_snapshot!(outline("a.html", include_str!("../../fixtures/pages/notion.html")), @r##"
    1 # Disk full
      1 table 
        Owner | Ada
        Tags | disk
      1 The node says `ENOSPC`.
      1 Ask first.
      1 list
        1 -
          1 **More**
          1 Details here.
      1 code bash
        | df -h
        | du -x /
      2 list
        2 -
          2 ☐ Delete logs
      2 list from 1
        2 -
          2 First
      2 list from 2
        2 -
          2 Second
    "##);
    insta::assert_snapshot!(outline("a.html", include_str!("../../fixtures/pages/sphinx.html")), @r##"
    3 # Cache errors
      5 definitions
        = `cache: miss`
          5 The entry is cold.
      6 definitions
        = warm(_rate_)
          6 Warms it.
          6 definitions
            = Parameters
              6 **rate** – per second
      7 **Related:** The manual.
      7 Deprecated since 2.0: Use warm2.
      8 table Code | Meaning
        C1 | cold
        C2 | stale
    "##);
    insta::assert_snapshot!(outline("a.html", include_str!("../../fixtures/pages/google.html")), @r##"
    1 # Gateway runbook
      1 **Gateway runbook**
    1 (Symptoms) ## Symptom
      1 (Symptoms) Gateway answers **502 Bad Gateway** to all.
      1 (Symptoms) list from 1
        1 -
          1 (Symptoms) Open [the dashboard](https://grafana.example.com/d/1)
      1 (Symptoms) list from 2
        1 -
          1 (Symptoms) Restart
    "##);
}

#[test]
fn a_page_of_an_older_kind_is_read_without_its_end_tags() {
    insta::assert_snapshot!(outline("disk.html", include_str!("../../fixtures/pages/plain.html")), @r##"
    1 # Disk full
    7 ## When the disk is full
      8 The server answers `ENOSPC: no space left on device`, and nothing is written any more. **Do this**:
      10 list
        11 -
          11 Find the largest files
          13 code
            | du -x / | sort -n
        15 -
          15 Remove old logs
          15 list
            15 -
              15 only those older than a week
      17 definitions
        = ENOSPC
          17 No space.
        = EDQUOT⏎EFBIG
          17 The quota is used up.
      18 quote
        18 disk 1 of 4 is 100 % full
      19 See also [the vendor's page](https://example.com/disks).
      20 rule
    "##);
}

#[test]
fn marks_inside_words_and_lines_neither_part_nor_join_them() {
    let page = "<body><p>java.lang.<u>Unsupported</u><span>Class</span>Error: a<br>at b&nbsp;c\n   d <b> bold </b>\
                <code> <code>x.y</code></code>.z <code> q </code>r</p><p><code>first<br>second</code></p>\
                <p><strong>Log:</strong> <code>one</code><br><code>two</code></p><p>a <q>quoted text</q> &lt;ID&gt;";
    insta::assert_snapshot!(outline("a.html", page), @r##"
    1 # a
      1 java.lang.UnsupportedClassError: a⏎at b c d **bold** `x.y`.z `q` r
      2 code
        | first
        | second
      2 (Symptoms) **Log:**
      2 (Symptoms) code
        | one
        | two
      2 (Symptoms) a "quoted text" <ID>
    "##);
}

#[test]
fn links_lead_to_sections_whatever_their_ids_look_like() {
    let page = "<body><div id=head>Site</div><main><h1>Page</h1><p><a href='#Page-Can%27tread%7Cwrite'>first</a>, \
                <a href='#head'>head</a>, <a href='other.html#x'>other</a>, <a href='javascript:go()'>script</a></p>\
                <h2 id=\"Page-Can'tread|write\">Can't read|write</h2><p>text <a href=#top>Back to top</a></p></main>";
    let (runbook, found) = parse("a.html", page, &BTreeMap::new());
    assert_eq!(found, []);
    let mut targets = Vec::new();
    for section in &runbook.expect("it is a page").sections {
        signpost::runbook::walk(&section.blocks, &mut |block| {
            signpost::runbook::runs(block, &mut |run| {
                signpost::runbook::walk_inlines(run, &mut |inline| {
                    if let signpost::runbook::Inline::Link { target, .. } = inline {
                        targets.push(target.clone());
                    }
                });
            });
        });
    }
    let expected = [
        Target::Section(1),
        Target::Section(0),
        Target::Relative("other.html#x".to_owned()),
    ];
    assert_eq!(targets, expected);
}

#[test]
fn pages_without_text_are_no_documents_and_say_why() {
    for (path, page, reason) in [
        (
            "toc.html",
            include_str!("../../fixtures/pages/links.html"),
            "this page holds only links or a redirect, no text of its own; it is left out",
        ),
        (
            "index.html",
            "<html><head><meta http-equiv=Refresh content='0; url=Home.html'></head><body>Go to <a href=Home.html>Home</a>",
            "this page holds only links or a redirect, no text of its own; it is left out",
        ),
        (
            "page.html",
            "# made by a script\n\nURI: page.html.en\nContent-Language: en\n",
            "this file is a type map, which only names the translations of a page; it is left out",
        ),
        (
            "_Sidebar.md",
            "- [Home](Home)\n",
            "this file is the frame of a GitHub wiki's pages; it is left out",
        ),
    ] {
        let (runbook, found) = parse(path, page, &BTreeMap::new());
        assert!(runbook.is_none(), "{path}");
        let found: Vec<_> = found.iter().map(|found| (found.code, found.message.as_str())).collect();
        assert_eq!(found, [("no-text", reason)], "{path}");
    }
    // A text under the name of a page is read as text.
    let (runbook, _) = parse("notes.html", "# Notes\n\nRestart it.\n", &BTreeMap::new());
    assert_eq!(runbook.map(|runbook| runbook.title).as_deref(), Some("Notes"));
}

#[test]
fn a_list_of_pages_with_some_text_is_a_listing() {
    let items: String = (0..9).fold(String::new(), |mut out, n| {
        let _ = write!(
            out,
            "<li><a href='{n}.html'>Error {n} of the queue</a>, known since the release {n}</li>"
        );
        out
    });
    let page = format!("<main><h1>Errors</h1><p>All the errors that we have met so far.</p><ul>{items}</ul></main>");
    let runbook = parse("all.html", &page, &BTreeMap::new()).0.expect("it holds text");
    assert_eq!(runbook.completeness, Completeness::Listing);
}

#[test]
fn hostile_pages_end_soon_and_keep_their_text() {
    let long = |part: &str| part.repeat(1_000_000 / part.len());
    for part in [
        "<div>",
        "<b><p>",
        "<ul><li>",
        "<table><tr><td>",
        "<",
        "<a ",
        "<![CDATA[",
        "<!--",
        "<br>",
        "<h1>a</h1>",
        "<dl><dt>a",
        "<tr><td rowspan=9999>a<td colspan=9999>b",
        "<div class=note>",
        "<strong>a:</strong><br>",
        "<pre>",
        "<section><h2>a</h2>",
        "&nbsp;",
    ] {
        let page = format!("<p>before</p>{}<p>after", long(part));
        let (runbook, _) = parse("a.html", &page, &BTreeMap::new());
        if let Some(runbook) = runbook {
            let text: Vec<String> = runbook
                .sections
                .iter()
                .flat_map(|section| &section.blocks)
                .map(signpost::runbook::plain_block)
                .collect();
            let all = text.join("\n");
            assert!(all.contains("before"), "{part}");
        }
    }
}
