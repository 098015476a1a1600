//! The text of a message is found wherever Slack and other bots put it, once.

use serde_json::json;
use signpost::slack::decode::{FileMode, FileRef};
use signpost::slack::text;

use super::message;

#[test]
fn text_is_found_wherever_it_stands() {
    let cases = [
        (json!({"text": "plain &lt;ID&gt;"}), "plain &lt;ID&gt;"),
        (
            json!({"text": "hi", "blocks": [{"type": "rich_text", "elements": []}], "attachments": [{"text": "a preview of a link"}]}),
            "hi",
        ),
        (
            json!({"text": "", "blocks": [{"type": "rich_text", "elements": [
                {"type": "rich_text_section", "elements": [{"type": "text", "text": "see "}, {"type": "link", "url": "https://x", "text": "x"}]},
                {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "E0003 <ID> &amp; more"}]},
                {"type": "rich_text_list", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "one", "style": {"code": true}}]}]},
            ]}]}),
            "see <https://x|x>\n```\nE0003 &lt;ID&gt; &amp; more\n```\n• `one`",
        ),
        (
            json!({"bot_id": "B1", "text": "Alert", "attachments": [{"title": "Down", "text": "since 3", "fields": [{"title": "code", "value": 7}]}]}),
            "Alert\nDown\nsince 3\ncode: 7",
        ),
        (
            json!({"bot_id": "B1", "text": "", "attachments": [{"fallback": "only this"}]}),
            "only this",
        ),
        (
            json!({"bot_id": "B1", "text": "Alert", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "Alert"}}, {"type": "section", "text": {"type": "mrkdwn", "text": "it is *down*"}, "fields": [{"type": "mrkdwn", "text": "field"}]}]}),
            "Alert\nit is *down*\nfield",
        ),
        (
            json!({"subtype": "file_share", "text": "log:", "files": [{"mode": "snippet", "preview": "a < b"}]}),
            "log:\n```\na &lt; b\n```",
        ),
        (json!({"subtype": "thread_broadcast", "text": "broadcast"}), "broadcast"),
        (
            json!({"text": "odd", "metadata": {"event_type": 1, "event_payload": {"n": 1}}, "files": [{"url_private": ""}], "attachments": [{"fields": 3}]}),
            "odd",
        ),
        (json!({"text": 12}), "12"),
        (json!({"text": null}), ""),
    ];
    for (fields, expected) in cases {
        assert_eq!(message(&fields).text, expected, "{fields}");
    }
}

/// Alerts as monitoring products shape them, in our own words.
#[test]
fn what_bots_say_is_read_once() {
    let cases = [
        // Alertmanager: everything in the title, again in the fallback.
        (
            json!({"text": "", "attachments": [{"fallback": "[FIRING:1] FluxLow (w-17 page) | https://am.example/#/alerts?receiver=x",
                "title": "[FIRING:1] FluxLow (w-17 page)", "title_link": "https://am.example/#/alerts?receiver=x", "text": "", "footer": ""}]}),
            "[FIRING:1] FluxLow (w-17 page)",
        ),
        // Grafana: its version is no news.
        (
            json!({"attachments": [{"fallback": "[FIRING:1] Flux low", "title": "[FIRING:1] Flux low",
                "text": "**Firing**\n\nValue: A=3\nLabels:\n - alertname = Flux low\n", "footer": "Grafana v11.2.0"}]}),
            "[FIRING:1] Flux low\n**Firing**\n\nValue: A=3\nLabels:\n - alertname = Flux low\n",
        ),
        // PagerDuty: blocks in an attachment; buttons are offers.
        (
            json!({"text": "Triggered #12: flux is low", "attachments": [{"color": "danger", "blocks": [
                {"type": "section", "text": {"type": "mrkdwn", "text": "*Triggered* <https://x.pagerduty.com/incidents/Q1|#12: flux is low>"},
                 "fields": [{"type": "mrkdwn", "text": "*Service:*\nflux"}], "accessory": {"type": "button", "url": "https://x/runbook"}},
                {"type": "context", "elements": [{"type": "image", "alt_text": "logo"}, {"type": "mrkdwn", "text": "assigned to Ada"}]},
                {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Acknowledge"}}]}]}]}),
            "*Triggered* <https://x.pagerduty.com/incidents/Q1|#12: flux is low>\n*Service:*\nflux\nassigned to Ada",
        ),
        // Datadog: a title, a text, fields with numbers.
        (
            json!({"attachments": [{"title": "Triggered: Flux is low on host:w-17", "text": "fill it",
                "fields": [{"title": "level", "value": 3, "short": true}, {"title": "levels", "value": 35}, {"value": "bare"}, {"title": "level", "value": 3}]}]}),
            "Triggered: Flux is low on host:w-17\nfill it\nlevel: 3\nlevels: 35\nbare",
        ),
        // Jenkins: the attachment says again what its fallback says.
        (
            json!({"attachments": [{"fallback": "flux - #12 Failure after 3 s (<https://ci.example/job/flux/12/|Open>)",
                "text": "flux - #12 Failure after 3 s (<https://ci.example/job/flux/12/|Open>)", "mrkdwn_in": ["text"]}]}),
            "flux - #12 Failure after 3 s (<https://ci.example/job/flux/12/|Open>)",
        ),
        // Attachments in attachments, a footer that says something, and several of them.
        (
            json!({"text": "two things", "attachments": [
                {"pretext": "first", "attachments": [{"text": "inner"}], "footer": "seen by the probe in Vienna today"},
                {"author_name": "probe", "text": "second"}, {"fallback": "third"}, {"author_name": "fourth"}]}),
            "two things\nfirst\ninner\nseen by the probe in Vienna today\nsecond\nthird\nfourth",
        ),
    ];
    for (mut fields, expected) in cases {
        fields["bot_id"] = json!("B1");
        fields["user"] = json!(null);
        assert_eq!(message(&fields).text, expected, "{fields}");
    }
}

#[test]
fn every_kind_of_block_gives_its_text() {
    let cases = [
        (
            json!({"type": "markdown", "text": "# Flux <low>\n```\na\n  b\n```"}),
            "# Flux &lt;low&gt;\n```\na\n  b\n```",
        ),
        (
            json!({"type": "header", "text": {"type": "plain_text", "text": "a &amp; b < c"}}),
            "a &amp; b &lt; c",
        ),
        (
            json!({"type": "alert", "text": {"type": "mrkdwn", "text": "flux is *low*"}, "level": "error"}),
            "flux is *low*",
        ),
        (
            json!({"type": "carousel", "elements": [{"type": "card", "title": {"type": "mrkdwn", "text": "one"}, "body": {"type": "mrkdwn", "text": "body"},
                "actions": [{"type": "button", "text": {"type": "plain_text", "text": "Open"}}]}, {"type": "card", "title": {"type": "mrkdwn", "text": "two"}}]}),
            "one\nbody\ntwo",
        ),
        (
            json!({"type": "table", "rows": [[{"type": "raw_text", "text": "code"}, {"type": "raw_text", "text": "a<b"}],
                [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "E1"}]}]}, {"type": "raw_number", "text": 3}]]}),
            "code | a&lt;b\nE1 | 3",
        ),
        (
            json!({"type": "rich_text", "elements": [
                {"type": "rich_text_list", "style": "ordered", "offset": 1, "elements": [
                    {"type": "rich_text_section", "elements": [{"type": "text", "text": "one"}]}, {"type": "rich_text_section", "elements": [{"type": "text", "text": "two"}]}]},
                {"type": "rich_text_quote", "elements": [{"type": "text", "text": "said\nbefore"}]},
                {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "at a\n  at b"}, {"type": "link", "url": "https://x"}]},
                {"type": "rich_text_section", "elements": [{"type": "emoji", "name": "fire"}, {"type": "color", "value": "#F40"}, {"type": "date", "timestamp": 12},
                    {"type": "user", "user_id": "U2"}, {"type": "usergroup", "usergroup_id": "S1"}, {"type": "channel", "channel_id": "C2"}, {"type": "broadcast", "range": "here"},
                    {"type": "a kind to come", "text": "kept"}]}]}),
            "2. one\n3. two\n> said\n> before\n```\nat a\n  at b<https://x>\n```\n:fire:#F4012<@U2><!subteam^S1><#C2><!here>kept",
        ),
        (
            json!({"type": "image", "title": {"type": "plain_text", "text": "flux over time"}, "alt_text": "a graph"}),
            "flux over time",
        ),
        (
            json!({"type": "video", "title": {"type": "plain_text", "text": "how to fill"}, "description": {"type": "plain_text", "text": "slowly"}}),
            "how to fill\nslowly",
        ),
        (
            json!({"type": "a kind to come", "text": {"type": "mrkdwn", "text": "kept"}}),
            "kept",
        ),
        (
            json!({"type": "data_table", "caption": "Tanks", "page_size": 5, "rows": [[{"type": "raw_text", "text": "tank"}, {"type": "raw_text", "text": "bar"}],
                [{"type": "raw_text", "text": "w-17"}, {"type": "raw_number", "text": 3}]]}),
            "Tanks\ntank | bar\nw-17 | 3",
        ),
        (
            json!({"type": "container", "title": {"type": "plain_text", "text": "Q7"}, "child_blocks": [
                {"type": "section", "text": {"type": "mrkdwn", "text": "flux is *low*"}},
                {"type": "container", "child_blocks": [{"type": "header", "text": {"type": "plain_text", "text": "inner"}}]}]}),
            "Q7\nflux is *low*\ninner",
        ),
        (
            json!({"type": "plan", "title": "Look into it", "tasks": [{"type": "task_card", "task_id": "1", "title": "Read the gauge", "status": "error",
                "details": {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "at the tank"}]}]},
                "output": {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "E4711: no gauge"}]}]}}]}),
            "Look into it\nRead the gauge\nat the tank\nE4711: no gauge",
        ),
        (json!({"type": "divider"}), ""),
        (json!([1, "odd"]), ""),
    ];
    for (block, expected) in cases {
        let fields = json!({"bot_id": "B1", "text": "", "blocks": [block]});
        assert_eq!(message(&fields).text, expected, "{block}");
    }
}

#[test]
fn the_links_of_an_alert_behind_labels_are_written_out() {
    const LINK: &str = "https://books.example/q7?a=1&b=2";
    let cell = |text: &str| json!({"type": "raw_text", "text": text});
    let url = |text: &str| json!({"type": "button", "text": {"type": "plain_text", "text": text}, "url": LINK});
    let cases = [
        (
            json!({"text": "Q7", "attachments": [{"actions": [{"type": "button", "text": "Open runbook", "url": LINK}]}]}),
            "runbook",
        ),
        (
            json!({"text": "", "blocks": [{"type": "container", "child_blocks": [{"type": "card", "title": {"type": "mrkdwn", "text": "Q7"}, "actions": [url("Runbook")]}]}]}),
            "runbook",
        ),
        (
            json!({"text": "", "blocks": [{"type": "data_table", "caption": "Q7", "rows": [[cell("alert"), cell("dashboard_url")], [cell("Q7"), cell(LINK)]]}]}),
            "dashboard",
        ),
        (
            json!({"text": "", "blocks": [{"type": "table", "rows": [[cell("alert"), cell("Q7")], [cell("Runbook"), cell(LINK)]]}]}),
            "runbook",
        ),
        (
            json!({"text": "", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "Q7"}, "accessory": url(":chart: View panel")}]}),
            "panel",
        ),
        (
            json!({"text": "", "blocks": [{"type": "section", "fields": [{"type": "mrkdwn", "text": format!("*Runbook*\n<{LINK}|q7>")}]}]}),
            "runbook",
        ),
        (
            json!({"text": "", "blocks": [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "link", "url": LINK, "text": "runbook"}]}]}]}),
            "runbook",
        ),
    ];
    for (mut fields, kind) in cases {
        let read = |fields: &serde_json::Value| message(fields).text;
        assert!(!read(&fields).contains("_url: <"), "a person's message stays: {fields}");
        fields["bot_id"] = json!("B1");
        let line = format!("{kind}_url: <https://books.example/q7?a=1&amp;b=2>");
        assert!(read(&fields).ends_with(&line), "{fields}: {}", read(&fields));
    }
    for label in [
        "Runbook sync failed",
        "Dashboard service is down",
        "Acknowledge",
        "",
        "The runbooks team",
    ] {
        let fields = json!({"bot_id": "B1", "text": "Q7", "blocks": [{"type": "actions", "elements": [url(label)]}]});
        assert_eq!(message(&fields).text, "Q7", "{label}");
    }
    let shown = json!({"bot_id": "B1", "text": format!("Q7\nrunbook_url: {LINK}"), "attachments": [{"actions": [{"text": "Runbook", "url": LINK}]}]});
    assert_eq!(message(&shown).text, format!("Q7\nrunbook_url: {LINK}"));
}

#[test]
fn messages_that_are_passed_on_are_read_and_previews_are_not() {
    let share = |fields: serde_json::Value| {
        let mut attachment = json!({"is_share": true, "is_msg_unfurl": true, "author_id": "U2", "channel_id": "C2", "ts": "0.5",
            "from_url": "https://x.slack.com/archives/C2/p05", "fallback": "[a day] ada: …", "footer": "Posted in #random by somebody of the team"});
        for (key, value) in fields.as_object().unwrap() {
            attachment[key] = value.clone();
        }
        message(&json!({"text": "look", "attachments": [attachment]}))
    };
    let rich = |text: &str| json!([{"message": {"blocks": [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}]}]}}]);
    let passed_on = share(json!({"text": "E0003 &lt;w-17&gt;", "message_blocks": rich("E0003 <w-17>")}));
    assert_eq!(passed_on.text, "look\nE0003 &lt;w-17&gt;");
    assert!(passed_on.forwards);
    assert_eq!(
        share(json!({"message_blocks": rich("only blocks")})).text,
        "look\nonly blocks"
    );
    assert_eq!(
        share(json!({"text": "", "attachments": [{"title": "[FIRING:1] FluxLow", "text": "fill it"}]})).text,
        "look\n[FIRING:1] FluxLow\nfill it"
    );
    let file = json!([{"id": "F1", "mode": "snippet", "preview": "panic at a", "mimetype": "text/plain"}]);
    let with_file = share(json!({"text": "", "files": file}));
    assert_eq!(with_file.text, "look\n```\npanic at a\n```");
    assert_eq!(with_file.files.len(), 1);
    assert_eq!(
        share(json!({"text": "our answer", "author_id": "U0BOT"})).text,
        "look",
        "our own words are not read again"
    );
    assert_eq!(share(json!({"text": "our answer", "bot_id": "B0BOT"})).text, "look");
    for preview in [
        json!({"from_url": "https://x", "title": "Troubleshooting E0003", "text": "a page"}),
        json!({"is_app_unfurl": true, "app_unfurl_url": "https://x", "text": "a page"}),
    ] {
        let previewed = message(&json!({"text": "see <https://x>", "attachments": [preview.clone()]}));
        assert_eq!(previewed.text, "see <https://x>");
        assert!(!previewed.forwards);
        assert_eq!(
            message(&json!({"bot_id": "B1", "text": "", "attachments": [preview, {"text": "news"}]})).text,
            "news"
        );
    }
}

#[test]
fn a_person_s_table_is_read_though_rich_text_is_not_read_twice() {
    let fields = json!({"text": "which one?", "blocks": [
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "which one?", "style": {"bold": true}}]}]},
        {"type": "table", "rows": [[{"type": "raw_text", "text": "E1"}, {"type": "raw_text", "text": "E2"}]]}]});
    assert_eq!(message(&fields).text, "which one?\nE1 | E2");
}

#[test]
fn files_are_told_apart() {
    let file = |value: serde_json::Value| FileRef::read(&value).unwrap();
    let texts = [
        json!({"mode": "snippet", "preview": "x"}),
        json!({"mimetype": "text/x-python"}),
        json!({"mimetype": "application/json"}),
        json!({"mimetype": "application/x-yaml"}),
        json!({"mimetype": "application/octet-stream", "filetype": "log"}),
        json!({"mimetype": "application/octet-stream", "filetype": "binary", "name": "server.2.LOG"}),
        json!({"name": "thread.trace"}),
        json!({"mode": "file_access", "id": "F1"}),
        json!({"mode": "", "mimetype": "text/plain"}),
    ];
    for value in texts {
        assert!(file(value.clone()).may_hold_text(), "{value}");
    }
    let others = [
        json!({"mimetype": "image/png", "name": "log.txt"}),
        json!({"mimetype": "application/pdf"}),
        json!({"mimetype": "application/vnd.openxmlformats-officedocument.wordprocessingml.document"}),
        json!({"mimetype": "application/gzip", "name": "server.log.gz"}),
        json!({"mode": "tombstone", "mimetype": "text/plain"}),
        json!({"mode": "hidden_by_limit"}),
        json!({"mode": "external", "mimetype": "text/plain"}),
        json!({"mode": "email", "mimetype": "text/html"}),
        json!({}),
    ];
    for value in others {
        assert!(!file(value.clone()).may_hold_text(), "{value}");
    }
    assert_eq!(FileRef::read(&json!("F1")), None);
    let odd = file(json!({"id": 3, "size": "big", "url_private": "", "preview_is_truncated": "yes", "mode": "quip"}));
    assert_eq!(
        (odd.id.as_str(), odd.size, odd.url, odd.mode),
        ("3", None, None, FileMode::Other)
    );
}

#[test]
fn an_email_is_read_from_its_plain_text() {
    let fields = json!({"text": "", "files": [{"id": "F1", "mode": "email", "preview": "<p>flux</p>", "plain_text": "flux is low"}]});
    assert_eq!(message(&fields).text, "```\nflux is low\n```");
}

#[test]
fn all_of_a_file_takes_the_place_of_its_preview() {
    let long = message(
        &json!({"text": "the log:", "files": [{"id": "F1", "mode": "snippet", "preview": "a < b", "preview_is_truncated": true}]}),
    );
    let unread: Vec<_> = long.unread_files().collect();
    assert_eq!(unread.len(), 1);
    assert_eq!(
        text::with_content(&long.text, unread[0], "a < b\nc"),
        "the log:\n```\na &lt; b\nc\n```"
    );
    let short = message(
        &json!({"text": "the log:", "files": [{"id": "F1", "mode": "snippet", "preview": "a < b", "lines_more": 0}]}),
    );
    assert_eq!(short.unread_files().count(), 0);
    let bare = message(&json!({"text": "", "files": [{"id": "F1", "mode": "hosted", "mimetype": "text/plain"}]}));
    assert_eq!(text::with_content(&bare.text, &bare.files[0], "x"), "```\nx\n```");
}

#[test]
fn nothing_pictures_and_authors_are_known() {
    assert!(message(&json!({"text": " \n"})).is_empty());
    assert!(!message(&json!({"text": "x"})).is_empty());
    let picture = message(&json!({"text": "", "files": [{"mimetype": "image/png"}]}));
    assert!(picture.is_empty() && picture.is_images_only());
    let both = message(&json!({"text": "", "files": [{"mimetype": "image/png"}, {"mimetype": "text/plain"}]}));
    assert!(!both.is_empty() && !both.is_images_only());
    assert_eq!(message(&json!({})).author(), Some("U1"));
    assert_eq!(message(&json!({"user": null, "bot_id": "B1"})).author(), Some("B1"));
    assert!(message(&json!({"subtype": "thread_broadcast", "thread_ts": "0.5"})).broadcast);
    assert!(!message(&json!({"thread_ts": "0.5"})).is_root());
    assert!(message(&json!({"thread_ts": "1.0"})).is_root());
}
