//! Pages of Notion as a source, against a workspace of our own.

use serde_json::{Value, json};

use super::Setup;
use super::notion_server::{NotionItem, NotionParent, NotionServer, TOKEN, block, hex, plain, rich, uuid};
use super::wiki_server::{WikiFault, WikiServer};

/// Runs a test with a workspace and a source that reads all of it. What calls it blocks, so that it runs on a thread of its own.
fn with_notion(test: impl FnOnce(&mut Setup, &NotionServer, &dyn Fn(&Setup, &str, &str))) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let mut setup = Setup::new();
    setup.environment.push(("NOTION_TOKEN", TOKEN.to_owned()));
    let server = NotionServer::default();
    let api = format!("http://{}", runtime.block_on(server.start()));
    let settings = |setup: &Setup, place: &str, more: &str| {
        setup.runbooks(&format!(
            "{more}\n[[runbooks.sources]]\nid = \"kilns\"\nnotion = \"https://www.notion.so{place}\"\napi_url = \"{api}\"\n\
             token_variable = \"NOTION_TOKEN\""
        ));
    };
    settings(&setup, "", "");
    test(&mut setup, &server, &settings);
}

/// The blocks of a page about an error of its own.
fn error(id: u64, step: &str) -> Vec<Value> {
    let code =
        json!({"rich_text": rich(&format!("KX{id:04}: kiln door jammed at station 7")), "language": "plain text"});
    vec![
        plain(id * 100 + 1, "paragraph", "The door does not open."),
        block(id * 100 + 2, "code", code, Vec::new()),
        plain(id * 100 + 3, "heading_2", "What to do"),
        plain(id * 100 + 4, "numbered_list_item", step),
    ]
}

fn kiln(id: u64) -> NotionItem {
    NotionItem::page(id, &format!("Kiln {id}"), error(id, &format!("Mend door {id}.")))
}

fn fetched(setup: &Setup) -> String {
    let (code, told) = setup.fetch();
    assert_eq!(code, 0, "{told}");
    told
}

/// The ids of the pages whose blocks were asked for.
fn read(server: &NotionServer) -> Vec<u64> {
    let asked = server.take_asked();
    let of_page = |asked: &String| {
        let id = asked.strip_prefix("/v1/blocks/")?.split('/').next()?;
        let number: u64 = id.get(20..)?.parse().ok()?;
        (asked.contains("/children") && !asked.contains("start_cursor") && number < 100).then_some(number)
    };
    let mut ids: Vec<u64> = asked.iter().filter_map(of_page).collect();
    ids.sort_unstable();
    ids
}

fn path(folders: &str, title: &str, id: u64) -> String {
    format!("{folders}{title} {}.html", hex(id))
}

fn assert_documents<const COUNT: usize>(setup: &Setup, mut expected: [String; COUNT]) {
    expected.sort();
    assert_eq!(setup.documents(), expected);
}

#[test]
fn changed_pages_alone_are_read_again() {
    with_notion(|setup, server, _| {
        server.change(|content| {
            content.items = (1..=8).map(kiln).collect();
            content.items[1].parent = NotionParent::Page(1);
            // In a column of page 2.
            let column = block(270, "column", json!({}), vec![plain(271, "paragraph", "Beside it:")]);
            content.items[1]
                .blocks
                .push(block(269, "column_list", json!({}), vec![column]));
            content.items[2].parent = NotionParent::Block(270);
            content.items[6].is_hidden = true;
            content.items[7].is_trashed = true;
        });
        assert!(fetched(setup).starts_with("kilns: now at "));
        assert_eq!(read(server), [1, 2, 3, 4, 5, 6]);
        assert_documents(
            setup,
            [
                path("Kiln 1/Kiln 2/", "Kiln 3", 3),
                path("Kiln 1/", "Kiln 2", 2),
                path("", "Kiln 1", 1),
                path("", "Kiln 4", 4),
                path("", "Kiln 5", 5),
                path("", "Kiln 6", 6),
            ],
        );
        assert!(fetched(setup).starts_with("kilns: unchanged at "));
        assert!(read(server).is_empty());

        server.edit(4, |page| page.blocks = error(4, "Replace door 4."));
        server.edit(5, |page| page.is_trashed = true);
        assert!(fetched(setup).starts_with("kilns: now at "));
        assert_eq!(read(server), [4]);
        let shown = super::said(&setup.signpost(&["render", "Kiln 4"]));
        assert!(shown.contains("Replace door 4."), "{shown}");
        assert!(!setup.documents().iter().any(|path| path.contains("Kiln 5")));

        // The search lags: a page that it lacks is asked for before it is removed.
        server.change(|content| content.items[5].is_unsearched = true);
        assert!(fetched(setup).starts_with("kilns: unchanged at "));

        // A hidden page is gone; a renamed one has another path.
        server.edit(2, |page| page.title = "Kilns / ovens: all".to_owned());
        server.change(|content| content.items[5].is_hidden = true);
        fetched(setup);
        assert_documents(
            setup,
            [
                path("Kiln 1/Kilns ovens all/", "Kiln 3", 3),
                path("Kiln 1/", "Kilns ovens all", 2),
                path("", "Kiln 1", 1),
                path("", "Kiln 4", 4),
            ],
        );
    });
}

#[test]
fn an_edit_within_the_same_minute_is_seen() {
    with_notion(|setup, server, _| {
        let copy = json!({"synced_from": {"type": "block_id", "block_id": uuid(999)}});
        server.change(|content| {
            content.items = vec![kiln(1), kiln(2), kiln(3)];
            // A page that was edited just now, to a clock that is behind.
            content.items[0].changed = "2999-11-12T10:20:00.000Z".to_owned();
            let copied = vec![plain(281, "paragraph", "Keep the key at hand.")];
            content.items[1].blocks.push(block(280, "synced_block", copy, copied));
        });
        fetched(setup);
        server.change(|content| {
            content.items[0].blocks = error(1, "Oil door 1.");
            content.items[1].blocks.last_mut().unwrap()["children"][0] = plain(281, "paragraph", "Leave the key.");
        });
        server.take_asked();
        assert!(fetched(setup).starts_with("kilns: now at "));
        assert_eq!(read(server), [1, 2]);
        let shown = super::said(&setup.signpost(&["render", "--all"]));
        assert!(
            shown.contains("Oil door 1.") && shown.contains("Leave the key."),
            "{shown}"
        );
        assert!(fetched(setup).starts_with("kilns: unchanged at "));
    });
}

#[test]
fn pages_that_the_search_lacks_are_found_in_their_parents() {
    with_notion(|setup, server, _| {
        server.change(|content| {
            content.items = vec![kiln(1), kiln(2), kiln(3), kiln(4)];
            let child = |id: u64, kind: &str| block(id, kind, json!({"title": format!("Kiln {id}")}), Vec::new());
            content.items[0].blocks.push(child(2, "child_page"));
            content.items[1].blocks.push(child(3, "child_database"));
            content.items[1].parent = NotionParent::Page(1);
            content.items[2].parent = NotionParent::Page(2);
            content.items[2].is_database = true;
            content.items[3].parent = NotionParent::Database(3);
            for item in &mut content.items[1..] {
                item.is_unsearched = true;
            }
        });
        fetched(setup);
        assert_documents(
            setup,
            [
                path("Kiln 1/Kiln 2/Kiln 3/", "Kiln 4", 4),
                path("Kiln 1/", "Kiln 2", 2),
                path("", "Kiln 1", 1),
            ],
        );
        assert!(fetched(setup).starts_with("kilns: unchanged at "));
    });
}

#[test]
fn a_page_or_database_can_be_chosen() {
    with_notion(|setup, server, settings| {
        server.change(|content| {
            content.items = (1..=6).map(kiln).collect();
            content.items[1].parent = NotionParent::Page(1);
            content.items[2].is_database = true;
            content.items[2].parent = NotionParent::Page(2);
            content.items[3].parent = NotionParent::Database(3);
            content.items[4].parent = NotionParent::Page(6);
            // A row that the search does not know; and a page whose parent it does not know.
            content.items[3].is_unsearched = true;
            content.items[1].is_unsearched = true;
            content.items[0].is_unsearched = true;
        });
        settings(setup, &format!("/tank/Kiln-2-{}?pvs=4", hex(2)), "");
        fetched(setup);
        let row = path("Kiln 2/Kiln 3/", "Kiln 4", 4);
        assert_documents(setup, [row, path("", "Kiln 2", 2)]);
        settings(setup, &format!("/{}?v={}", hex(3), hex(77)), "");
        fetched(setup);
        assert_documents(setup, [path("Kiln 3/", "Kiln 4", 4)]);
        // Its rows are those that the search knows where it cannot be asked.
        server.change(|content| {
            content.refused = vec![3];
            content.items[3].is_unsearched = false;
        });
        fetched(setup);
        assert_documents(setup, [path("Kiln 3/", "Kiln 4", 4)]);

        settings(setup, &format!("/Ovens-{}", hex(50)), "");
        let (code, told) = setup.fetch();
        let said = "0a000000000040008000000000000050`, or it is not shared with the connection";
        assert!(code == 1 && told.contains(said), "{told}");
    });
}

/// Blocks of text in several styles, code, boxes and nested lists.
fn blocks_of_text() -> Vec<Value> {
    let styled = |text: &str, style: &str, href: Value| json!({"type": "text", "plain_text": text, "annotations": {style: true}, "href": href});
    let item = |id: u64, kind: &str, text: &str, children: Vec<Value>| {
        block(id, kind, json!({"rich_text": rich(text)}), children)
    };
    vec![
        block(
            201,
            "paragraph",
            json!({"rich_text": [
                styled("The ", "bold", Value::Null),
                styled("door & <hinge>", "bold", Value::Null),
                styled(" of the kiln\nis shut, see ", "x", Value::Null),
                {"type": "mention", "mention": {"type": "page", "page": {"id": uuid(1)}}, "plain_text": "Kiln 1", "annotations": {}, "href": null},
                styled(" or ", "x", Value::Null),
                styled("the plan", "x", json!(format!("/{}#{}", hex(1), hex(103)))),
            ]}),
            Vec::new(),
        ),
        block(
            202,
            "code",
            json!({"rich_text": [styled("KX0002: kiln ", "x", Value::Null), styled("door <7>\n  at station", "x", Value::Null)], "language": "plain text"}),
            Vec::new(),
        ),
        block(
            203,
            "callout",
            json!({"rich_text": rich("Do not open it by hand."), "icon": {"type": "emoji", "emoji": "⚠️"}}),
            vec![plain(204, "paragraph", "It is hot.")],
        ),
        plain(205, "heading_1", "What to do"),
        item(
            206,
            "numbered_list_item",
            "Look at the door:",
            vec![
                block(
                    207,
                    "code",
                    json!({"rich_text": rich("kilnctl door <KILN>"), "language": "shell"}),
                    Vec::new(),
                ),
                item(
                    208,
                    "bulleted_list_item",
                    "from the left",
                    vec![item(209, "bulleted_list_item", "and from below", Vec::new())],
                ),
            ],
        ),
        plain(210, "numbered_list_item", "Oil it."),
    ]
}

/// Blocks of the other kinds.
fn other_blocks() -> Vec<Value> {
    let item = |id: u64, kind: &str, text: &str, children: Vec<Value>| {
        block(id, kind, json!({"rich_text": rich(text)}), children)
    };
    vec![
        block(
            211,
            "to_do",
            json!({"rich_text": rich("The oil is warm."), "checked": true}),
            Vec::new(),
        ),
        block(
            212,
            "to_do",
            json!({"rich_text": rich("The lid is on."), "checked": false}),
            Vec::new(),
        ),
        item(
            213,
            "toggle",
            "If it still jams",
            vec![plain(214, "paragraph", "Call the smith.")],
        ),
        block(
            215,
            "table",
            json!({"table_width": 2, "has_column_header": true, "has_row_header": false}),
            vec![
                block(
                    216,
                    "table_row",
                    json!({"cells": [rich("Code"), rich("Cause")]}),
                    Vec::new(),
                ),
                block(
                    217,
                    "table_row",
                    json!({"cells": [rich("KX0017"), rich("the hinge is bent")]}),
                    Vec::new(),
                ),
            ],
        ),
        block(218, "divider", json!({}), Vec::new()),
        block(
            219,
            "quote",
            json!({"rich_text": rich("Never in a hurry.")}),
            Vec::new(),
        ),
        block(
            220,
            "bookmark",
            json!({"url": "https://kilns.example/door", "caption": []}),
            Vec::new(),
        ),
        block(
            221,
            "image",
            json!({"type": "file", "file": {"url": "https://files.example/x?signature=1"}, "caption": rich("The hinge")}),
            Vec::new(),
        ),
        block(
            222,
            "link_to_page",
            json!({"type": "page_id", "page_id": uuid(1)}),
            Vec::new(),
        ),
        block(223, "unsupported", json!({}), Vec::new()),
        block(224, "table_of_contents", json!({}), Vec::new()),
        block(225, "equation", json!({"expression": "t = 900 °C"}), Vec::new()),
        block(
            226,
            "heading_9",
            json!({"rich_text": rich("A kind to come.")}),
            Vec::new(),
        ),
    ]
}

#[test]
fn pages_are_read_as_notion_shows_them() {
    let blocks = [blocks_of_text(), other_blocks()].concat();
    with_notion(|setup, server, _| {
        server.change(|content| content.items = vec![kiln(1), NotionItem::page(2, "LICENSE | Kiln door", blocks)]);
        fetched(setup);
        insta::assert_snapshot!(super::said(&setup.signpost(&["render", "--all"])), @r"
        Kiln 1

        Summary

        The door does not open.

        What to do

        1. Mend door 1.

        More from this runbook

            KX0001: kiln door jammed at station 7

        Open full runbook (https://www.notion.so/Kiln-1-0a000000000040008000000000000001)

        From Notion, changed 12 Nov 2024.
        ========

        LICENSE | Kiln door

        Summary

        The door & <hinge> of the kiln
        is shut, see Kiln 1 (https://www.notion.so/Kiln-1-0a000000000040008000000000000001) or the plan (https://www.notion.so/Kiln-1-0a000000000040008000000000000001#0a000000000040008000000000000103)

        What to do

        1. Look at the door:
               kilnctl door <KILN>
           - from the left
             - and from below
        2. Oil it.

        - ☑ The oil is warm.
        - ☐ The lid is on.

        If it still jams

        Call the smith.

        - Code: KX0017; Cause: the hinge is bent

        > Never in a hurry.

        https://kilns.example/door

        The hinge (https://www.notion.so/LICENSE-%7C-Kiln-door-0a000000000040008000000000000002#0a000000000040008000000000000221)

        Kiln 1 (https://www.notion.so/Kiln-1-0a000000000040008000000000000001)

        Part of this page can only be read in Notion (https://www.notion.so/LICENSE-%7C-Kiln-door-0a000000000040008000000000000002#0a000000000040008000000000000223)

            t = 900 °C

        A kind to come.

        More from this runbook

            KX0002: kiln door <7>
              at station

        Warning: Do not open it by hand.

        It is hot.

        Open full runbook (https://www.notion.so/LICENSE-%7C-Kiln-door-0a000000000040008000000000000002)

        From Notion, changed 12 Nov 2024.
        ========
        ");
        let matched = |paste: &str| {
            std::fs::write(setup.path("paste.txt"), paste).unwrap();
            super::said(&setup.signpost(&["match", setup.path("paste.txt").to_str().unwrap()]))
        };
        let answer = matched("KX0002: kiln door <9>\n  at station");
        assert!(answer.contains("Look at the door"), "{answer}");
        // An alert's link to a heading is the section.
        let answer = matched(&format!(
            "[FIRING:1] Kiln\nrunbook_url: https://www.notion.so/old-title-{}#{}",
            hex(2),
            hex(205)
        ));
        assert!(answer.contains("Look at the door"), "{answer}");
    });
}

#[test]
fn rows_of_a_database_keep_their_properties() {
    with_notion(|setup, server, _| {
        let mut database = NotionItem::page(3, "Alerts", Vec::new()).below(NotionParent::Page(1));
        database.is_database = true;
        let mut row = kiln(2).below(NotionParent::Database(3));
        row.properties = json!({
            "Owner": {"type": "rich_text", "rich_text": rich("team Ovens, Slack #ovens")},
            "Severity": {"type": "select", "select": {"name": "high"}},
            "Areas": {"type": "multi_select", "multi_select": [{"name": "heat"}, {"name": "doors"}]},
            "Related": {"type": "relation", "relation": [{"id": uuid(1)}]},
            "Dashboard": {"type": "url", "url": "https://grafana.example/d/kiln"},
            "Checked": {"type": "checkbox", "checkbox": true},
            "Since": {"type": "date", "date": {"start": "2024-01-02", "end": null}},
            "Empty": {"type": "rich_text", "rich_text": []},
            "Edited": {"type": "last_edited_time", "last_edited_time": "2024-11-12T10:20:00.000Z"},
            "Count": {"type": "formula", "formula": {"type": "number", "number": 7}},
        });
        server.change(|content| content.items = vec![kiln(1), row, database]);
        fetched(setup);
        assert_documents(setup, [path("Kiln 1/Alerts/", "Kiln 2", 2), path("", "Kiln 1", 1)]);
        insta::assert_snapshot!(super::said(&setup.signpost(&["render", "Kiln 2"])), @r"
        Kiln 2

        Summary

        The door does not open.

        What to do

        1. Mend door 2.

        More from this runbook

        - Areas: heat, doors
        - Checked: Yes
        - Count: 7
        - Dashboard: https://grafana.example/d/kiln
        - Owner: team Ovens, Slack #ovens
        - Related: Kiln 1 (https://www.notion.so/Kiln-1-0a000000000040008000000000000001)
        - Severity: high
        - Since: 2024-01-02

            KX0002: kiln door jammed at station 7

        Open full runbook (https://www.notion.so/Kiln-2-0a000000000040008000000000000002)

        Escalate to

        - team Ovens
        - Chat: #ovens

        From Notion, changed 12 Nov 2024.

        Links

        - https://grafana.example/d/kiln
        ");
    });
}

#[test]
fn a_page_that_is_too_long_says_so() {
    with_notion(|setup, server, _| {
        server.change(|content| {
            let mut page = kiln(1);
            page.blocks.push(plain(190, "paragraph", &"x ".repeat(600_000)));
            page.blocks.push(plain(191, "paragraph", "The end."));
            content.items = vec![page];
        });
        fetched(setup);
        let shown = super::said(&setup.signpost(&["render", "--all"]));
        let sign = format!("https://www.notion.so/Kiln-1-{}#{}", hex(1), hex(190));
        assert!(shown.contains("Mend door 1.") && shown.contains(&sign), "{shown}");
        assert!(!shown.contains("The end."));
    });
}

#[test]
fn faults_leave_the_last_state_in_use() {
    with_notion(|setup, server, settings| {
        settings(setup, "", "fetch_timeout = 3");
        server.change(|content| content.items = (1..=5).map(kiln).collect());
        fetched(setup);
        for (fault, said) in [
            (
                WikiFault::Limited(60),
                "the wiki limits requests for another 60 seconds",
            ),
            (WikiFault::Status(401), "refuses the credentials (status 401)"),
            (WikiFault::Status(403), "may not read pages (status 403)"),
            (WikiFault::Status(502), "the wiki answers with status 502"),
            (WikiFault::Page, "perhaps a sign-in page"),
            (WikiFault::Truncated, "the wiki cannot be reached"),
            (WikiFault::Hangs, "fetching took longer than 3 seconds"),
        ] {
            server.change(|content| content.faults = vec![("/search".to_owned(), 9, fault.clone())]);
            let (code, told) = setup.fetch();
            assert!(code == 1 && told.contains(said), "{fault:?}: {told}");
            assert_eq!(setup.documents().len(), 5);
        }
        // Those that pass are met with another attempt.
        for fault in [
            WikiFault::Limited(1),
            WikiFault::Status(529),
            WikiFault::Status(409),
            WikiFault::Truncated,
        ] {
            server.change(|content| content.faults = vec![("/search".to_owned(), 2, fault)]);
            assert!(fetched(setup).starts_with("kilns: unchanged at "));
        }

        // A fetch that breaks off goes on with the rest.
        server.change(|content| {
            content.items.extend([kiln(6), kiln(7)]);
            content.faults = vec![(format!("/blocks/{}/", hex(7)), 9, WikiFault::Status(500))];
        });
        assert_eq!(setup.fetch().0, 1);
        assert_eq!(setup.documents().len(), 5);
        server.change(|content| content.faults.clear());
        server.take_asked();
        fetched(setup);
        assert_eq!(read(server), [7]);
        assert_eq!(setup.documents().len(), 7);

        // A page vanishes while it is listed.
        server.edit(2, |page| page.blocks.clear());
        server.change(|content| content.faults = vec![(format!("/blocks/{}/", hex(2)), 1, WikiFault::Status(404))]);
        fetched(setup);
        assert_eq!(setup.documents().len(), 6);
    });
}

#[test]
fn the_token_goes_to_notion_and_nowhere_else() {
    with_notion(|setup, server, _| {
        server.change(|content| content.items = vec![kiln(1)]);
        fetched(setup);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let elsewhere = WikiServer::default();
        let to = runtime.block_on(elsewhere.start());
        server
            .change(|content| content.faults = vec![(String::new(), 1, WikiFault::Redirect(format!("http://{to}/x")))]);
        let (code, told) = setup.fetch();
        assert!(code == 1 && told.contains("redirects to another address"), "{told}");
        assert!(elsewhere.take_asked().is_empty());
        let kept = std::process::Command::new("grep")
            .args(["-rl", TOKEN])
            .arg(setup.path("state"))
            .output();
        assert_eq!(super::said(&kept.unwrap()), "", "the token is kept");
        setup.environment = vec![("NOTION_TOKEN", "wrong".to_owned())];
        let (code, told) = setup.fetch();
        assert!(code == 1 && told.contains("refuses the credentials"), "{told}");
    });
}

#[test]
fn a_workspace_that_shrinks_is_held_back_until_it_is_accepted() {
    with_notion(|setup, server, _| {
        server.change(|content| content.items = (1..=12).map(kiln).collect());
        fetched(setup);
        // Renamed and moved pages are not removed.
        for id in 1..=12 {
            server.edit(id, |page| {
                page.title = format!("Oven {id}");
                page.parent = if id == 12 {
                    NotionParent::Workspace
                } else {
                    NotionParent::Page(12)
                };
            });
        }
        fetched(setup);
        server.change(|content| content.items.iter_mut().skip(4).for_each(|page| page.is_hidden = true));
        let (code, told) = setup.fetch();
        assert!(
            code == 1 && told.contains("is held back because it removes 8 of 12 documents"),
            "{told}"
        );
        assert_eq!(setup.documents().len(), 12);
        assert!(super::said(&setup.signpost(&["sources", "accept", "kilns"])).contains("is accepted"));
        // Somebody edits a page before the next fetch.
        server.edit(1, |page| page.blocks = error(1, "Oil door 1."));
        assert!(fetched(setup).starts_with("kilns: now at "));
        assert_eq!(setup.documents().len(), 4);
    });
}

#[test]
fn wrong_settings_are_explained() {
    let setup = Setup::new();
    let token = "token_file = \"/run/secrets/notion\"\n";
    let site = format!("notion = \"https://www.notion.so\"\n{token}");
    for (lines, expected) in [
        (
            "notion = \"https://www.notion.so\"".to_owned(),
            "runbooks.sources[kilns].token_variable",
        ),
        (format!("notion = \"all\"\n{token}"), "is not a URL"),
        (
            format!("notion = \"https://notion.example\"\n{token}"),
            "is not an https address of Notion",
        ),
        (
            format!("notion = \"https://ada:x@www.notion.so\"\n{token}"),
            "contains a user or a password",
        ),
        (
            format!("notion = \"https://www.notion.so/tank/Runbooks\"\n{token}"),
            "does not end with the id of a page",
        ),
        (format!("{site}labels = [\"runbook\"]"), "it has no meaning for Notion"),
        (
            format!("{site}base_url = \"https://x.example\""),
            "it has no meaning for Notion",
        ),
        (
            format!("{site}api_url = \"http://x.example\""),
            "is not an https address",
        ),
        (
            format!("{site}git = \"https://x.example/y.git\""),
            "is set together with `git`",
        ),
    ] {
        setup.runbooks(&format!("[[runbooks.sources]]\nid = \"kilns\"\n{lines}"));
        let (code, told) = setup.fetch();
        assert_eq!(code, 2, "{told}");
        assert!(told.contains(expected), "{lines}: {told}");
        assert!(!told.contains("ada:x@"));
    }
}
