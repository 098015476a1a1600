//! Buttons, selects, shortcuts and slash commands.

use super::*;

#[test]
fn a_button_in_a_thread_tells_its_thread_and_all_that_was_chosen() {
    with(Options::default(), |fixture| async move {
        let (mut socket, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        let root = fixture.workspace.say(ADA, SUPPORT, "it broke").unwrap();
        event(&mut socket).await;
        let option = |value: &str| json!({"text": {"type": "plain_text", "text": value}, "value": value});
        let select = json!({"type": "static_select", "action_id": "pick", "options": [option("a"), option("b")]});
        let boxes = json!({"type": "checkboxes", "action_id": "done", "options": [option("1"), option("2")]});
        let blocks = json!([
            {"type": "actions", "block_id": "row", "elements": [button("next", "v1"), select, boxes]},
        ]);
        let ts = fixture.post_blocks(&mut socket, blocks, Some(&root)).await;
        let place = json!({"channel": SUPPORT, "ts": ts});
        let with = |more: Value| {
            let mut body = place.clone();
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let body = with(json!({"action_id": "pick", "value": "b"}));
        let (_, picked) = fixture.act(&mut socket, "click", body, None).await;
        let payload = &picked["payload"];
        assert_eq!(payload["actions"][0]["selected_option"], option("b"));
        assert_eq!(payload["container"]["thread_ts"], json!(root));
        assert_eq!(payload["container"]["is_ephemeral"], false);
        assert_eq!(picked["accepts_response_payload"], false);
        let body = with(json!({"action_id": "done", "value": ["1", "2"]}));
        let (_, ticked) = fixture.act(&mut socket, "click", body, None).await;
        assert_eq!(ticked["payload"]["actions"][0]["selected_options"][1], option("2"));
        let (_, clicked) = fixture
            .act(&mut socket, "click", with(json!({"action_id": "next"})), None)
            .await;
        let row = &clicked["payload"]["state"]["values"]["row"];
        assert_eq!(row["pick"]["selected_option"]["value"], "b");
        assert_eq!(row["done"]["selected_options"].as_array().unwrap().len(), 2);
        let (status, told) = fixture
            .control("click", with(json!({"action_id": "pick", "value": "z"})))
            .await;
        assert_eq!(status, 400, "{told}");
    });
}

#[test]
fn an_ephemeral_answer_is_replaced_and_deleted_by_its_own_buttons() {
    with(Options::default(), |fixture| async move {
        let (mut socket, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        let blocks = json!([{"type": "actions", "elements": [button("share", "1")]}]);
        let body = json!({"channel": SUPPORT, "user": ADA, "text": "psst", "blocks": blocks});
        let posted = fixture.api(SIGNPOST_TOKEN, "chat.postEphemeral", body).await;
        let click = json!({"channel": SUPPORT, "ts": posted["message_ts"], "action_id": "share"});
        let others = json!({"channel": SUPPORT, "ts": posted["message_ts"], "action_id": "share", "user": "grace"});
        assert_eq!(fixture.control("click", others).await.0, 400, "only Ada sees it");
        let (_, clicked) = fixture.act(&mut socket, "click", click.clone(), None).await;
        let payload = &clicked["payload"];
        assert_eq!(payload["container"]["is_ephemeral"], true);
        assert!(payload.get("message").is_none(), "Slack keeps no ephemeral messages");
        let replaced = fixture.respond(
            payload,
            json!({"text": "changed", "blocks": blocks, "replace_original": true}),
        );
        assert_eq!(replaced.await, 200);
        assert_eq!(fixture.shown(SUPPORT), [("changed".to_owned(), Some(ADA.to_owned()))]);
        assert_eq!(
            fixture
                .respond(payload, json!({"text": "for all", "response_type": "in_channel"}))
                .await,
            200
        );
        assert_eq!(event(&mut socket).await["text"], "for all");
        assert_eq!(fixture.respond(payload, json!({"delete_original": true})).await, 200);
        assert_eq!(fixture.shown(SUPPORT), [("for all".to_owned(), None)]);
    });
}

#[test]
fn an_answer_to_a_shortcut_leaves_the_message_of_others_alone() {
    with(Options::default(), |fixture| async move {
        let (mut socket, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        let alert = fixture.control("alert", json!({"shape": "datadog"})).await.1;
        event(&mut socket).await;
        let body = json!({"callback_id": "find_runbook", "channel": "alerts", "ts": alert["ts"], "user": "grace"});
        let (_, sent) = fixture.act(&mut socket, "shortcut", body, None).await;
        let payload = &sent["payload"];
        assert_eq!(
            (&payload["type"], &payload["callback_id"]),
            (&json!("message_action"), &json!("find_runbook"))
        );
        assert_eq!(payload["message"]["ts"], alert["ts"]);
        assert_eq!(payload["channel"]["name"], "alerts");
        assert_eq!(
            fixture
                .respond(payload, json!({"text": "found", "replace_original": true}))
                .await,
            200
        );
        let last = fixture.shown(ALERTS).pop().unwrap();
        assert_eq!((last.0.as_str(), last.1.is_some()), ("found", true));
        let (_, sent) = fixture
            .act(&mut socket, "shortcut", json!({"callback_id": "paste_error"}), None)
            .await;
        assert_eq!(sent["payload"]["type"], "shortcut");
        assert!(sent["payload"].get("channel").is_none() && sent["payload"].get("response_url").is_none());
        let (status, told) = fixture.control("shortcut", json!({"callback_id": "dance"})).await;
        assert!(status == 400 && told["error"].as_str().unwrap().contains("no app offers"));
    });
}

#[test]
fn an_answer_to_a_click_in_a_thread_stands_in_the_channel_unless_the_thread_is_named() {
    with(Options::default(), |fixture| async move {
        let (mut socket, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        let root = fixture.workspace.say(ADA, SUPPORT, "it broke").unwrap();
        event(&mut socket).await;
        let blocks = json!([{"type": "actions", "elements": [button("go", "1")]}]);
        let ts = fixture.post_blocks(&mut socket, blocks, Some(&root)).await;
        let click = json!({"channel": SUPPORT, "ts": ts, "action_id": "go"});
        let (_, clicked) = fixture.act(&mut socket, "click", click, None).await;
        for (body, expected) in [
            (json!({"text": "outside"}), Value::Null),
            (json!({"text": "inside", "thread_ts": root}), json!(root)),
        ] {
            assert_eq!(fixture.respond(&clicked["payload"], body).await, 200);
            let last = fixture
                .workspace
                .read(|state| state.channel(SUPPORT).unwrap().messages.values().last().cloned());
            assert_eq!(json!(last.unwrap().thread_ts()), expected);
        }
    });
}

#[test]
fn the_bot_offers_what_its_manifest_says() {
    with(Options::default(), |fixture| async move {
        let features = fixture.workspace.read(|state| state.apps[0].features.clone());
        let shortcuts: Vec<(&str, bool)> = features
            .shortcuts
            .iter()
            .map(|one| (one.callback_id.as_str(), one.is_global))
            .collect();
        assert_eq!(features.commands[0].command, "/signpost");
        assert_eq!(shortcuts, [("find_runbook", false), ("paste_error", true)]);
        assert!(features.has_home);
    });
}

#[test]
fn a_command_answers_with_its_acknowledgement_or_later() {
    with(Options::default(), |fixture| async move {
        let (mut socket, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        let body = json!({"command": "/signpost", "text": "status", "channel": "support", "user": "grace"});
        let public = json!({"text": "all is well", "response_type": "in_channel"});
        let (told, sent) = fixture.act(&mut socket, "command", body.clone(), Some(public)).await;
        assert_eq!(
            (&told["acknowledged"], &sent["accepts_response_payload"]),
            (&json!(true), &json!(true))
        );
        assert_eq!(event(&mut socket).await["text"], "all is well");
        let too_long = json!({"blocks": vec![json!({"type": "divider"}); 51]});
        let (told, sent) = fixture.act(&mut socket, "command", body, Some(too_long)).await;
        assert_eq!(told["failure"], "invalid_command_response");
        assert_eq!(fixture.respond(&sent["payload"], json!({"text": "later"})).await, 200);
        assert_eq!(fixture.shown(SUPPORT).pop().unwrap().1.as_deref(), Some("U0GRACE001"));
        let refused = [
            (
                json!({"command": "/signpost", "thread_ts": "1.1"}),
                "not supported in threads",
            ),
            (json!({"command": "/dance"}), "not a valid command"),
        ];
        for (body, expected) in refused {
            let (status, told) = fixture.control("command", body).await;
            assert!(
                status == 400 && told["error"].as_str().unwrap().contains(expected),
                "{told}"
            );
        }
    });
}

#[test]
fn a_click_fails_at_once_without_a_connection_and_after_three_seconds_without_an_answer() {
    let options = Options {
        patience: Duration::from_millis(50),
        ..Options::default()
    };
    with(options, |fixture| async move {
        let body = json!({"callback_id": "paste_error"});
        let told = fixture.control("shortcut", body.clone()).await.1;
        assert_eq!(told["failure"], "dispatch_failed");
        let (mut socket, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        let told = fixture.control("shortcut", body).await.1;
        assert_eq!(
            (&told["acknowledged"], &told["failure"]),
            (&json!(false), &json!("operation_timeout"))
        );
        assert_eq!(frame(&mut socket).await["payload"]["type"], "shortcut");
    });
}
