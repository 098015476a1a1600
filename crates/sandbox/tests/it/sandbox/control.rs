//! `/sandbox/…`: people's doors and faults.

use super::*;

#[test]
fn a_click_reaches_the_app_and_its_response_url_works_five_times() {
    with(Options::default(), |fixture| async move {
        let (mut socket, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        let button =
            json!({"type": "button", "action_id": "go", "value": "v", "text": {"type": "plain_text", "text": "Go"}});
        let blocks = json!([{"type": "actions", "elements": [button]}]);
        let body = json!({"channel": SUPPORT, "text": "t", "blocks": blocks});
        let posted = fixture.api(SIGNPOST_TOKEN, "chat.postMessage", body).await;
        event(&mut socket).await;
        let click = fixture.control(
            "click",
            json!({"channel": SUPPORT, "ts": posted["ts"], "action_id": "go", "user": "grace"}),
        );
        let answering = async {
            let frame = frame(&mut socket).await;
            ack(&mut socket, &frame, None).await;
            frame["payload"].clone()
        };
        let ((status, told), payload) = tokio::join!(click, answering);
        assert_eq!((status, &told["acknowledged"]), (200, &json!(true)));
        assert_eq!(
            (&payload["type"], &payload["actions"][0]["value"]),
            (&json!("block_actions"), &json!("v"))
        );
        assert_eq!(payload["user"]["name"], "grace");
        let url = payload["response_url"].as_str().unwrap();
        for expected in [200, 200, 200, 200, 200, 404] {
            let sent = fixture
                .client
                .post(url)
                .json(&json!({"text": "done"}))
                .send()
                .await
                .unwrap();
            assert_eq!(sent.status().as_u16(), expected);
        }
        let view = json!({"type": "modal", "title": {"type": "plain_text", "text": "Run"}, "blocks": []});
        let open = json!({"trigger_id": payload["trigger_id"], "view": view});
        assert_eq!(
            fixture.api(SIGNPOST_TOKEN, "views.open", open.clone()).await["ok"],
            true
        );
        assert_eq!(
            fixture.api(SIGNPOST_TOKEN, "views.open", open).await["error"],
            "exchanged_trigger_id"
        );
    });
}

#[test]
fn a_command_and_a_submitted_view_come_back_with_the_acknowledgement() {
    with(Options::default(), |fixture| async move {
        let (mut socket, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        let command = fixture.control(
            "command",
            json!({"command": "/signpost", "text": "help", "channel": "support"}),
        );
        let answering = async {
            let frame = frame(&mut socket).await;
            ack(&mut socket, &frame, Some(json!({"text": "this is help"}))).await;
            frame
        };
        let ((_, told), envelope) = tokio::join!(command, answering);
        assert_eq!(
            (&envelope["type"], &envelope["payload"]["text"]),
            (&json!("slash_commands"), &json!("help"))
        );
        assert_eq!(told["response"]["text"], "this is help");
        let shown = fixture
            .workspace
            .read(|state| state.channel(SUPPORT).unwrap().messages.values().next().cloned());
        let shown = shown.unwrap();
        assert_eq!(
            (shown.text(), shown.ephemeral_to.as_deref()),
            ("this is help", Some(ADA))
        );
    });
}

#[test]
fn faults_strike_as_often_as_asked() {
    with(Options::default(), |fixture| async move {
        let url = format!("{}/chat.postMessage", fixture.workspace.api_url());
        let post = || {
            fixture
                .client
                .post(&url)
                .bearer_auth(SIGNPOST_TOKEN)
                .json(&json!({"channel": SUPPORT, "text": "a"}))
                .send()
        };
        let count = || {
            fixture
                .workspace
                .read(|state| state.channel(SUPPORT).unwrap().messages.len())
        };
        fixture
            .control("faults", json!({"kind": "429", "retry_after": 7}))
            .await;
        let limited = post().await.unwrap();
        assert_eq!(
            (
                limited.status().as_u16(),
                limited.headers()["retry-after"].to_str().unwrap()
            ),
            (429, "7")
        );
        fixture
            .control(
                "faults",
                json!({"kind": "5xx", "method": "chat.postMessage", "apply": true}),
            )
            .await;
        assert_eq!(post().await.unwrap().status(), 503);
        assert_eq!(count(), 1, "the call had its effect");
        fixture.control("faults", json!({"kind": "break"})).await;
        let broken = post().await;
        assert!(broken.is_err() || broken.unwrap().bytes().await.is_err());
        fixture
            .control("faults", json!({"kind": "error", "error": "token_revoked"}))
            .await;
        assert_eq!(
            post().await.unwrap().json::<Value>().await.unwrap()["error"],
            "token_revoked"
        );
        assert_eq!(post().await.unwrap().status(), 200);
        assert_eq!(count(), 2);
        fixture
            .control("faults", json!({"kind": "429", "method": "chat.postMessage"}))
            .await;
        fixture.workspace.say(ADA, SUPPORT, "in-process").unwrap();
        let typed = fixture
            .api(
                ADA_TOKEN,
                "chat.postMessage",
                json!({"channel": SUPPORT, "text": "typed"}),
            )
            .await;
        assert_eq!(typed["ok"], true, "people are not struck");
        assert_eq!(post().await.unwrap().status(), 429);
    });
}

#[test]
fn a_dropped_ack_brings_the_envelope_again_and_a_duplicate_the_event() {
    with(quick(), |fixture| async move {
        let (mut socket, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        fixture
            .control("faults", json!([{"kind": "drop_ack"}, {"kind": "duplicate"}]))
            .await;
        fixture.workspace.say(ADA, SUPPORT, "hello").unwrap();
        let mut frames = Vec::new();
        for _ in 0..3 {
            let frame = frame(&mut socket).await;
            ack(&mut socket, &frame, None).await;
            frames.push(frame);
        }
        let ids: std::collections::BTreeSet<&str> =
            frames.iter().filter_map(|one| one["envelope_id"].as_str()).collect();
        let events: std::collections::BTreeSet<&str> = frames
            .iter()
            .filter_map(|one| one["payload"]["event_id"].as_str())
            .collect();
        assert_eq!((ids.len(), events.len()), (2, 1));
    });
}

#[test]
fn a_disconnect_says_why() {
    with(Options::default(), |fixture| async move {
        for reason in ["warning", "refresh_requested", "link_disabled", "too_many_websockets"] {
            let (mut socket, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
            let fault = json!({"kind": "disconnect", "reason": reason, "grace_ms": 0});
            assert_eq!(fixture.control("faults", fault).await.0, 200);
            let told = frame(&mut socket).await;
            assert_eq!((&told["type"], &told["reason"]), (&json!("disconnect"), &json!(reason)));
        }
    });
}

#[test]
fn wrong_requests_get_a_sentence() {
    let cases = [
        ("click", json!({}), "`channel` is missing"),
        (
            "click",
            json!({"channel": "support", "ts": "1.1"}),
            "there is no message",
        ),
        (
            "click",
            json!({"channel": "nowhere", "ts": "1.1"}),
            "there is no channel",
        ),
        ("edit", json!({"channel": "support", "ts": "1.1"}), "`text` is missing"),
        ("submit", json!({"view_id": "V404"}), "there is no view"),
        ("faults", json!({}), "`kind` is missing"),
        ("faults", json!({"kind": "meteor"}), "is not known"),
        (
            "faults",
            json!({"kind": "disconnect", "reason": "boredom"}),
            "is not one of",
        ),
        (
            "faults",
            json!({"kind": "429", "times": "many"}),
            "is not a whole number",
        ),
        ("upload", json!({"channel": "support"}), "`content` is missing"),
        (
            "command",
            json!({"command": "/signpost", "user": "eve"}),
            "there is no user",
        ),
        ("request_url", json!({"url": "ftp://x"}), "is no http address"),
        ("dance", json!({}), "is not known"),
    ];
    with(Options::default(), |fixture| async move {
        for (action, body, expected) in cases {
            let (status, told) = fixture.control(action, body.clone()).await;
            let sentence = told["error"].as_str().unwrap_or_default();
            assert!(
                status >= 400 && sentence.contains(expected),
                "{action} {body} → {status} {told}"
            );
        }
    });
}

#[test]
fn another_sites_page_is_kept_out() {
    with(Options::default(), |fixture| async move {
        let url = format!("{}/sandbox/state", fixture.workspace.url());
        for (header, value, expected) in [
            ("origin", "https://evil.example", 403),
            ("host", "evil.example", 403),
            ("origin", "http://localhost:3030", 200),
        ] {
            let response = fixture.client.get(&url).header(header, value).send().await.unwrap();
            assert_eq!(response.status().as_u16(), expected, "{header}: {value}");
        }
    });
}

#[test]
fn events_go_signed_to_a_request_url() {
    with(quick(), |fixture| async move {
        let (sender, mut received) = tokio::sync::mpsc::unbounded_channel();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/events", listener.local_addr().unwrap());
        let handler = move |headers: axum::http::HeaderMap, body: String| {
            let sender = sender.clone();
            async move {
                let retry = headers.get("x-slack-retry-num").is_some();
                let signature = headers
                    .get("x-slack-signature")
                    .and_then(|value| value.to_str().ok())
                    .unwrap()
                    .to_owned();
                let _ = sender.send((signature, body, retry));
                if retry {
                    axum::http::StatusCode::OK
                } else {
                    axum::http::StatusCode::BAD_GATEWAY
                }
            }
        };
        let app = axum::Router::new().route("/events", axum::routing::post(handler));
        let server =
            tokio_util::task::TaskTracker::new().spawn(async move { axum::serve(listener, app).await.unwrap() });
        fixture
            .control("request_url", json!({"app": "signpost", "url": url}))
            .await;
        fixture.workspace.say(ADA, SUPPORT, "hello").unwrap();
        let (signature, body, retry) = received.recv().await.unwrap();
        assert!(signature.starts_with("v0=") && signature.len() == 67 && !retry);
        let payload: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(payload["event"]["text"], "hello");
        assert!(received.recv().await.unwrap().2, "a failed delivery comes again");
        fixture
            .workspace
            .wait_for(|state| (state.apps[0].unacknowledged() == 0).then_some(()))
            .await
            .unwrap();
        server.abort();
    });
}
