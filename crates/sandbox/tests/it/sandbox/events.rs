//! What apps are told: shapes, acknowledgement and redelivery, connections.

use super::*;

#[test]
fn typed_text_arrives_as_a_client_sends_it() {
    let cases = [
        ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
        (
            "see https://example.com/a?b=1&c=2.",
            "see <https://example.com/a?b=1&amp;c=2>.",
        ),
        ("mail example.com, now", "mail <http://example.com|example.com>, now"),
        ("@signpost help", "<@U0SIGNPOST> help"),
        ("<@U0SIGNPOST> help", "<@U0SIGNPOST> help"),
        ("ask in #random", "ask in <#C0RANDOM01|random>"),
        (
            "to user@example.com, @nobody",
            "to <mailto:user@example.com|user@example.com>, @nobody",
        ),
        (
            "image registry/team/app.com:v1 x.y.io/path",
            "image registry/team/app.com:v1 x.y.io/path",
        ),
        ("<ID> and <https://x.org|x>", "&lt;ID&gt; and <https://x.org|x>"),
        ("```\nvec<int> a;\n```", "```\nvec&lt;int&gt; a;\n```"),
        ("```open", "```open"),
        ("2 * 3 * 4 and snake_case_name", "2 * 3 * 4 and snake_case_name"),
        ("> quoted\nplain", "&gt; quoted\nplain"),
        ("ünï ☃ `co<de`", "ünï ☃ `co&lt;de`"),
    ];
    with(Options::default(), |fixture| async move {
        for (typed, expected) in cases {
            let ts = fixture.workspace.say(ADA, SUPPORT, typed).unwrap();
            let text = fixture
                .workspace
                .read(|state| state.message(SUPPORT, &ts).unwrap().text().to_owned());
            assert_eq!(text, expected);
        }
    });
}

#[test]
fn pasted_code_becomes_a_preformatted_part() {
    with(Options::default(), |fixture| async move {
        let ts = fixture
            .workspace
            .say(ADA, SUPPORT, "look:\n```\nline <1>\nline 2\n```\n*now* please")
            .unwrap();
        let message = fixture
            .workspace
            .read(|state| state.message(SUPPORT, &ts).unwrap().value.clone());
        let expected = json!([
            {"type": "rich_text_section", "elements": [{"type": "text", "text": "look:\n"}]},
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "line <1>\nline 2"}], "border": 0},
            {"type": "rich_text_section", "elements": [
                {"type": "text", "text": "now", "style": {"bold": true}},
                {"type": "text", "text": " please"},
            ]},
        ]);
        assert_eq!(message["blocks"][0]["elements"], expected);
    });
}

#[test]
fn a_mention_arrives_twice_under_two_event_ids() {
    with(quick(), |fixture| async move {
        let (mut socket, hello) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        assert_eq!(
            (&hello["type"], &hello["num_connections"]),
            (&json!("hello"), &json!(1))
        );
        let ts = fixture.workspace.say(ADA, SUPPORT, "@signpost help").unwrap();
        let (first, second) = (frame(&mut socket).await, frame(&mut socket).await);
        let kind = |frame: &Value| frame["payload"]["event"]["type"].clone();
        assert_eq!((kind(&first), kind(&second)), (json!("message"), json!("app_mention")));
        assert_ne!(first["payload"]["event_id"], second["payload"]["event_id"]);
        assert_eq!(first["payload"]["event"]["ts"], second["payload"]["event"]["ts"]);
        assert_eq!(first["payload"]["event"]["ts"], json!(ts));
        assert_eq!(first["payload"]["authorizations"][0]["user_id"], SIGNPOST);
        assert_eq!(
            (&first["type"], &first["accepts_response_payload"]),
            (&json!("events_api"), &json!(false))
        );
        ack(&mut socket, &first, None).await;
        ack(&mut socket, &second, None).await;
        fixture
            .workspace
            .wait_for(|state| (state.apps[0].unacknowledged() == 0).then_some(()))
            .await
            .unwrap();
    });
}

#[test]
fn what_is_not_acknowledged_comes_again_with_its_attempt() {
    with(quick(), |fixture| async move {
        let (mut socket, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        fixture.workspace.say(ADA, SUPPORT, "hello").unwrap();
        let first = frame(&mut socket).await;
        let again = frame(&mut socket).await;
        assert_eq!(first["envelope_id"], again["envelope_id"]);
        assert_eq!(
            (&first["retry_attempt"], &again["retry_attempt"]),
            (&json!(0), &json!(1))
        );
        assert_eq!(again["retry_reason"], "timeout");
        ack(&mut socket, &again, None).await;
        fixture
            .workspace
            .wait_for(|state| (state.apps[0].unacknowledged() == 0).then_some(()))
            .await
            .unwrap();
    });
}

#[test]
fn what_a_broken_connection_held_goes_to_the_next() {
    with(Options::default(), |fixture| async move {
        let (mut first, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        fixture.workspace.say(ADA, SUPPORT, "hello").unwrap();
        let held = frame(&mut first).await;
        drop(first);
        let (mut second, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        let again = frame(&mut second).await;
        assert_eq!(held["payload"]["event_id"], again["payload"]["event_id"]);
        assert_eq!(again["retry_attempt"], 1);
    });
}

#[test]
fn connections_take_turns_and_each_envelope_goes_to_one() {
    with(Options::default(), |fixture| async move {
        let (mut first, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        let (mut second, hello) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        assert_eq!(hello["num_connections"], 2);
        fixture.workspace.say(ADA, SUPPORT, "one").unwrap();
        fixture.workspace.say(ADA, SUPPORT, "two").unwrap();
        let texts = [
            event(&mut first).await["text"].clone(),
            event(&mut second).await["text"].clone(),
        ];
        assert_eq!(texts, ["one", "two"]);
    });
}

#[test]
fn what_is_said_before_the_bot_connects_waits_for_it_in_order() {
    with(Options::default(), |fixture| async move {
        for text in ["one", "two", "three"] {
            fixture.workspace.say(ADA, SUPPORT, text).unwrap();
        }
        let (mut socket, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        for text in ["one", "two", "three"] {
            assert_eq!(event(&mut socket).await["text"], text);
        }
    });
}

#[test]
fn edits_deletions_files_and_reactions_are_told() {
    with(Options::default(), |fixture| async move {
        let (mut socket, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        let ts = fixture.workspace.say(ADA, SUPPORT, "before").unwrap();
        event(&mut socket).await;
        fixture
            .control("edit", json!({"channel": "support", "ts": ts, "text": "after"}))
            .await;
        let changed = event(&mut socket).await;
        assert_eq!(changed["subtype"], "message_changed");
        assert_eq!(
            (&changed["message"]["text"], &changed["previous_message"]["text"]),
            (&json!("after"), &json!("before"))
        );
        assert_eq!(
            (&changed["message"]["ts"], &changed["message"]["edited"]["user"]),
            (&json!(ts), &json!(ADA))
        );
        fixture
            .workspace
            .call(
                ADA,
                "reactions.add",
                &json!({"channel": SUPPORT, "timestamp": ts, "name": "eyes"}),
            )
            .unwrap();
        let reaction = event(&mut socket).await;
        assert_eq!(
            (&reaction["type"], &reaction["item"]["ts"]),
            (&json!("reaction_added"), &json!(ts))
        );
        fixture
            .workspace
            .fault(&json!({"kind": "unfurl", "channel": SUPPORT, "ts": ts}))
            .unwrap();
        let unfurled = event(&mut socket).await;
        assert_eq!(unfurled["message"]["text"], unfurled["previous_message"]["text"]);
        fixture.control("delete", json!({"channel": SUPPORT, "ts": ts})).await;
        let deleted = event(&mut socket).await;
        assert_eq!(
            (&deleted["subtype"], &deleted["deleted_ts"]),
            (&json!("message_deleted"), &json!(ts))
        );
        let upload = json!({"channel": SUPPORT, "name": "a.log", "content": "it broke", "comment": "see"});
        fixture.control("upload", upload).await;
        let shared = event(&mut socket).await;
        assert_eq!(
            (&shared["subtype"], &shared["files"][0]["preview"]),
            (&json!("file_share"), &json!("it broke"))
        );
    });
}

#[test]
fn an_alert_bots_message_carries_its_bot_id() {
    with(Options::default(), |fixture| async move {
        let (mut socket, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        fixture
            .api(
                ALERTBOT_TOKEN,
                "chat.postMessage",
                json!({"channel": ALERTS, "text": "plain"}),
            )
            .await;
        let plain = event(&mut socket).await;
        assert_eq!(
            (&plain["bot_id"], &plain["subtype"]),
            (&json!("B0ALERTBOT"), &Value::Null)
        );
        let named = json!({"channel": ALERTS, "text": "named", "username": "Prometheus"});
        fixture.api(ALERTBOT_TOKEN, "chat.postMessage", named).await;
        let named = event(&mut socket).await;
        assert_eq!(
            (&named["bot_id"], &named["subtype"]),
            (&json!("B0ALERTBOT"), &json!("bot_message"))
        );
    });
}

#[test]
fn whatever_is_typed_arrives_and_escapes_only_what_slack_escapes() {
    use proptest::strategy::{Strategy as _, ValueTree as _};
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let any = proptest::string::string_regex("([ -~]|[`*_~<>&@#|\n:/.]|http://|ü|☃|🙂|\u{200d}|```){1,60}").unwrap();
    let inputs: Vec<String> = (0..600).map(|_| any.new_tree(&mut runner).unwrap().current()).collect();
    with(Options::default(), |fixture| async move {
        for input in inputs.iter().filter(|input| !input.trim().is_empty()) {
            let ts = fixture
                .workspace
                .say(ADA, SUPPORT, input)
                .unwrap_or_else(|error| panic!("{input:?}: {error}"));
            let message = fixture
                .workspace
                .read(|state| state.message(SUPPORT, &ts).unwrap().value.clone());
            let text = message["text"].as_str().unwrap();
            let bare = text.replace("&lt;", "").replace("&gt;", "").replace("&amp;", "");
            assert!(!bare.contains('&'), "{input:?} → {text:?}");
            // What is neither link nor mention stands as it was typed.
            if !bare.contains('<') {
                let back = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
                assert_eq!(&back, input);
            }
        }
    });
}

#[test]
fn a_paste_of_forty_thousand_characters_arrives_whole() {
    with(Options::default(), |fixture| async move {
        let (mut socket, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        let paste = "0123456789".repeat(4000);
        fixture.workspace.say(ADA, SUPPORT, &paste).unwrap();
        assert_eq!(event(&mut socket).await["text"], paste);
        assert_eq!(
            fixture.workspace.say(ADA, SUPPORT, &format!("{paste}!")),
            Err("msg_too_long".to_owned())
        );
    });
}
