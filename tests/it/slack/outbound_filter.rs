//! The outbound filter: nothing pings, and no link pretends to lead elsewhere.

use serde_json::{Value, json};

use signpost::slack::outbound_filter::*;

#[test]
fn mentions_are_made_harmless_everywhere() {
    assert_eq!(
        text("<!channel> <@U1> <#C1> <https://x|x>"),
        "&lt;!channel> &lt;@U1> <#C1> <https://x|x>"
    );
    let mut section = json!({"type": "section", "text": {"type": "mrkdwn", "text": "<!subteam^S1> and <!here>"}});
    block(&mut section);
    assert_eq!(section["text"]["text"], "&lt;!subteam^S1> and &lt;!here>");
    let mut rich = json!({"type": "rich_text_section", "elements": [{"type": "broadcast", "range": "here"}]});
    block(&mut rich);
    assert_eq!(rich["elements"][0], json!({"type": "text", "text": "@here"}));
}

#[test]
fn a_link_that_looks_like_another_address_gets_its_real_host() {
    for (given, left) in [
        (
            "<https://evil.example|slack.com>",
            "<https://evil.example|slack.com (evil.example)>",
        ),
        (
            "<https://a.example/?b=1&amp;c|https://slack.com/?x&amp;y> <https://b.example|b.example>",
            "<https://a.example/?b=1&amp;c|https://slack.com/?x&amp;y (a.example)> <https://b.example|b.example>",
        ),
        ("<https://a.example|see <@U1>", "<https://a.example|see &lt;@U1>"),
        (
            "<https://slack.com@evil.example>",
            "<https://slack.com@evil.example|https://slack.com@evil.example (evil.example)>",
        ),
        (
            "<https://a.example> 1 < 2 <b|slack.com>",
            "<https://a.example> 1 < 2 <b|slack.com>",
        ),
    ] {
        assert_eq!(text(given), left, "{given}");
        assert_eq!(text(left), left, "passing twice changes nothing");
    }
    let mut rich = json!([{"type": "link", "url": "https://evil.example", "text": "https://slack.com"}]);
    block(&mut rich);
    assert_eq!(rich[0]["text"], "https://slack.com (evil.example)");
}

#[test]
fn a_person_pings_only_those_who_are_named() {
    let pings = ["S1".to_owned(), "U2".to_owned(), "<!here>".to_owned(), String::new()];
    for (given, left) in [
        ("<!subteam^S1> <@U2>", "<!subteam^S1> <@U2>"),
        ("<!subteam^S2> <@U1>", "&lt;!subteam^S2> &lt;@U1>"),
        (
            "<!subteam^S1|@boss> <@S1> <!subteam^U2>",
            "&lt;!subteam^S1|@boss> &lt;@S1> &lt;!subteam^U2>",
        ),
        (
            "<!here> <!channel> <!everyone>",
            "&lt;!here> &lt;!channel> &lt;!everyone>",
        ),
        ("<@<@U2>", "&lt;@<@U2>"),
        ("<!subteam^S1", "&lt;!subteam^S1"),
        ("<!", "&lt;!"),
        ("<@> <@U2>", "&lt;@> <@U2>"),
    ] {
        assert_eq!(by_person(given, &pings), left, "{given}");
        assert_eq!(by_person(left, &pings), left, "passing twice changes nothing");
    }
    let mut rich = json!([{"type": "usergroup", "usergroup_id": "S1"}, {"type": "user", "user_id": "U1"}]);
    block_by_person(&mut rich, &pings);
    assert_eq!(
        rich,
        json!([{"type": "usergroup", "usergroup_id": "S1"}, {"type": "text", "text": "@U1"}])
    );
}

#[test]
fn buttons_keep_their_ids_and_the_shape_of_their_values() {
    let secret = format!("password: {}", "hunter2hunter2");
    let value =
        json!({"v": 1, "case": "c-1", "words": secret, "password": "hunter2hunter3", "who": "<@U1>"}).to_string();
    let mut button = json!({"type": "button", "action_id": "signpost_next:<@U1>", "value": value});
    block(&mut button);
    assert_eq!(button["action_id"], "signpost_next:<@U1>");
    let inner: Value = serde_json::from_str(button["value"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&inner["v"], &inner["case"], &inner["who"]),
        (&json!(1), &json!("c-1"), &json!("&lt;@U1>"))
    );
    assert!(!inner["words"].as_str().unwrap().contains("hunter2"), "{inner}");
}

#[test]
fn passing_twice_changes_nothing() {
    let once = text("<!channel> x");
    assert_eq!(text(&once), once);
}

#[test]
fn a_time_is_no_mention_and_nothing_else_passes_as_one() {
    let time = "until <!date^1700000000^{date_short_pretty} at {time}|14 Nov 22:13 UTC>.";
    assert_eq!(text(time), time);
    for odd in [
        "<!date^17^{time}^https://evil.example|now>",
        "<!date^x^{time}|now>",
        "<!date^17^{time}<!channel>|now>",
        "<!date^17>",
        "<!dates^17^{time}|now>",
    ] {
        assert!(!text(odd).contains("<!"), "{odd}: {}", text(odd));
    }
}
