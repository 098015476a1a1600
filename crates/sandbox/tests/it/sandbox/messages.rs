//! Deleting, changing and refusing messages; who is who; how fast apps may be.

use super::*;

#[test]
fn a_root_with_replies_becomes_a_tombstone_that_goes_with_its_last_reply() {
    with(Options::default(), |fixture| async move {
        let (mut socket, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        let root = fixture.workspace.say(ADA, SUPPORT, "it broke").unwrap();
        let reply = fixture.workspace.reply(ADA, SUPPORT, &root, "more").unwrap();
        event(&mut socket).await;
        event(&mut socket).await;
        fixture.control("delete", json!({"channel": SUPPORT, "ts": root})).await;
        let changed = event(&mut socket).await;
        assert_eq!(changed["subtype"], "message_changed");
        assert_eq!(
            (&changed["message"]["subtype"], &changed["message"]["ts"]),
            (&json!("tombstone"), &json!(root))
        );
        assert_eq!(changed["previous_message"]["text"], "it broke");
        fixture
            .control("delete", json!({"channel": SUPPORT, "ts": reply}))
            .await;
        for ts in [reply, root] {
            let gone = event(&mut socket).await;
            assert_eq!(
                (&gone["subtype"], &gone["deleted_ts"]),
                (&json!("message_deleted"), &json!(ts))
            );
        }
        assert!(fixture.shown(SUPPORT).is_empty());
    });
}

#[test]
fn an_update_keeps_blocks_unless_others_are_sent() {
    with(Options::default(), |fixture| async move {
        let (mut socket, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        let blocks = json!([{"type": "actions", "elements": [button("go", "1")]}]);
        let ts = fixture.post_blocks(&mut socket, blocks, None).await;
        let update = |more: Value| {
            let mut body = json!({"channel": SUPPORT, "ts": ts});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        for (more, expected) in [(json!({"text": "new"}), 1), (json!({"text": "newer", "blocks": []}), 0)] {
            let answer = fixture.api(SIGNPOST_TOKEN, "chat.update", update(more)).await;
            let kept = answer["message"]["blocks"].as_array().map_or(0, Vec::len);
            assert_eq!((kept, &answer["ok"]), (expected, &json!(true)), "{answer}");
        }
        let others = [
            ("chat.update", "cant_update_message"),
            ("chat.delete", "cant_delete_message"),
        ];
        for (method, expected) in others {
            let answer = fixture.api(ADA_TOKEN, method, update(json!({"text": "mine"}))).await;
            assert_eq!(answer["error"], expected);
        }
    });
}

#[test]
fn faults_can_be_kept_to_a_channel_and_last_for_ever() {
    with(Options::default(), |fixture| async move {
        let post = |channel: &'static str| {
            let body = json!({"channel": channel, "text": "t"});
            fixture.api(SIGNPOST_TOKEN, "chat.postMessage", body)
        };
        let archived =
            json!({"kind": "error", "error": "is_archived", "channel": "support", "method": "chat.postMessage"});
        fixture.workspace.fault(&archived).unwrap();
        assert_eq!(post(RANDOM).await["ok"], true);
        assert_eq!(post(SUPPORT).await["error"], "is_archived");
        fixture
            .control("channel", json!({"name": "random", "restricted": true}))
            .await;
        assert_eq!(post(RANDOM).await["error"], "restricted_action");
        let revoked = json!({"kind": "error", "error": "token_revoked", "times": "always"});
        fixture.workspace.fault(&revoked).unwrap();
        for method in ["auth.test", "users.info", "chat.postMessage"] {
            let answer = fixture
                .api(SIGNPOST_TOKEN, method, json!({"channel": SUPPORT, "text": "t"}))
                .await;
            assert_eq!(answer["error"], "token_revoked", "{method}");
        }
        fixture.control("faults", json!({"clear": true})).await;
        assert_eq!(post(SUPPORT).await["ok"], true);
    });
}

#[test]
fn a_user_group_can_be_mentioned_and_its_members_listed() {
    with(Options::default(), |fixture| async move {
        let ts = fixture.workspace.say(ADA, SUPPORT, "@oncall please").unwrap();
        let text = fixture
            .workspace
            .read(|state| state.message(SUPPORT, &ts).unwrap().text().to_owned());
        assert_eq!(text, "<!subteam^S0ONCALL01> please");
        let users = fixture
            .api(
                SIGNPOST_TOKEN,
                "usergroups.users.list",
                json!({"usergroup": "S0ONCALL01"}),
            )
            .await;
        assert_eq!(users["users"], json!(["U0GRACE001"]));
    });
}

#[test]
fn methods_are_limited_by_their_tier() {
    with(Options::default(), |fixture| async move {
        let call = || fixture.api(SIGNPOST_TOKEN, "conversations.list", json!({}));
        for _ in 0..20 {
            assert_eq!(call().await["ok"], true);
        }
        assert_eq!(call().await["error"], "ratelimited");
        fixture.control("options", json!({"rate_limits": false})).await;
        assert_eq!(call().await["ok"], true);
    });
}
