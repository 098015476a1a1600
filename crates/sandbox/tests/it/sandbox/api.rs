//! The Web API: forms of a call, errors, limits, rates, reading back.

use super::*;

#[test]
fn a_call_is_understood_as_query_form_and_json() {
    with(Options::default(), |fixture| async move {
        let url = format!("{}/auth.test", fixture.workspace.api_url());
        let asked = [
            fixture.client.get(format!("{url}?token={SIGNPOST_TOKEN}")),
            fixture.client.post(&url).form(&[("token", SIGNPOST_TOKEN)]),
            fixture.client.post(&url).bearer_auth(SIGNPOST_TOKEN).json(&json!({})),
            fixture.client.post(&url).bearer_auth(SIGNPOST_TOKEN),
        ];
        for request in asked {
            let answer: Value = request.send().await.unwrap().json().await.unwrap();
            assert_eq!(
                (&answer["ok"], &answer["user_id"]),
                (&json!(true), &json!(SIGNPOST)),
                "{answer}"
            );
        }
    });
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases, formatted long")]
fn wrong_calls_get_slacks_error_codes() {
    let long = "x".repeat(3001);
    let section = |text: &str| json!({"type": "section", "text": {"type": "mrkdwn", "text": text}});
    let post = |more: Value| {
        let mut body = json!({"channel": SUPPORT, "text": "a"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let big = vec![section(&"y".repeat(2900)); 5];
    let cases = [
        ("", "auth.test", json!({}), "not_authed"),
        ("nonsense", "auth.test", json!({}), "invalid_auth"),
        (SIGNPOST_TOKEN, "chat.fly", json!({}), "unknown_method"),
        (
            SIGNPOST_TOKEN,
            "apps.connections.open",
            json!({}),
            "not_allowed_token_type",
        ),
        (
            SIGNPOST_APP_TOKEN,
            "chat.postMessage",
            post(json!({})),
            "not_allowed_token_type",
        ),
        (
            SIGNPOST_TOKEN,
            "chat.postMessage",
            json!({"channel": "C404", "text": "a"}),
            "channel_not_found",
        ),
        (ALERTBOT_TOKEN, "chat.postMessage", post(json!({})), "not_in_channel"),
        (SIGNPOST_TOKEN, "chat.postMessage", post(json!({"text": ""})), "no_text"),
        (
            SIGNPOST_TOKEN,
            "chat.postMessage",
            post(json!({"text": "z".repeat(40_001)})),
            "msg_too_long",
        ),
        (
            SIGNPOST_TOKEN,
            "chat.postMessage",
            post(json!({"blocks": [section(&long)]})),
            "invalid_blocks",
        ),
        (
            SIGNPOST_TOKEN,
            "chat.postMessage",
            post(json!({"blocks": vec![section("a"); 51]})),
            "invalid_blocks",
        ),
        (
            SIGNPOST_TOKEN,
            "chat.postMessage",
            post(json!({"blocks": [section("")]})),
            "invalid_blocks",
        ),
        (
            SIGNPOST_TOKEN,
            "chat.postMessage",
            post(json!({"blocks": [{"type": "balloon"}]})),
            "invalid_blocks",
        ),
        (
            SIGNPOST_TOKEN,
            "chat.postMessage",
            post(json!({"blocks": [7, null, "x"]})),
            "invalid_blocks",
        ),
        (
            SIGNPOST_TOKEN,
            "chat.postMessage",
            post(json!({"blocks": "{"})),
            "invalid_blocks_format",
        ),
        (
            SIGNPOST_TOKEN,
            "chat.postMessage",
            post(json!({"blocks": big})),
            "msg_blocks_too_long",
        ),
        (
            SIGNPOST_TOKEN,
            "chat.postMessage",
            post(json!({"thread_ts": "1.5"})),
            "cannot_reply_to_message",
        ),
        (
            SIGNPOST_TOKEN,
            "chat.postMessage",
            post(json!({"thread_ts": "soon"})),
            "invalid_thread_ts",
        ),
        (
            SIGNPOST_TOKEN,
            "chat.postMessage",
            post(json!({"metadata": {"event_type": "a"}})),
            "invalid_metadata_schema",
        ),
        (
            SIGNPOST_TOKEN,
            "chat.postMessage",
            post(json!({"metadata": {"event_type": "a", "event_payload": {"k": "v".repeat(9000)}}})),
            "metadata_too_large",
        ),
        (
            SIGNPOST_TOKEN,
            "chat.update",
            json!({"channel": SUPPORT, "ts": "1.2", "text": "a"}),
            "message_not_found",
        ),
        (
            SIGNPOST_TOKEN,
            "conversations.replies",
            json!({"channel": SUPPORT, "ts": "1.2"}),
            "thread_not_found",
        ),
        (
            SIGNPOST_TOKEN,
            "reactions.add",
            json!({"channel": SUPPORT, "timestamp": "1", "name": "eyes"}),
            "message_not_found",
        ),
        (SIGNPOST_TOKEN, "users.info", json!({"user": "U404"}), "user_not_found"),
        (SIGNPOST_TOKEN, "files.info", json!({"file": "F404"}), "file_not_found"),
        (
            SIGNPOST_TOKEN,
            "views.open",
            json!({"trigger_id": "1", "view": {"type": "modal", "title": {"type": "plain_text", "text": "t"}, "blocks": []}}),
            "invalid_trigger_id",
        ),
    ];
    with(Options::default(), |fixture| async move {
        for (token, method, body, expected) in cases {
            let answer = fixture.api(token, method, body.clone()).await;
            assert_eq!(
                (&answer["ok"], &answer["error"]),
                (&json!(false), &json!(expected)),
                "{method} {body}"
            );
        }
    });
}

#[test]
fn invalid_blocks_say_where() {
    with(Options::default(), |fixture| async move {
        let blocks = json!([{"type": "divider"}, {"type": "header", "text": {"type": "mrkdwn", "text": "a"}}]);
        let answer = fixture
            .api(
                SIGNPOST_TOKEN,
                "chat.postMessage",
                json!({"channel": SUPPORT, "blocks": blocks}),
            )
            .await;
        let told = &answer["response_metadata"]["messages"][0];
        assert_eq!(
            told,
            "[ERROR] must be a plain_text object [json-pointer:/blocks/1/text]"
        );
    });
}

#[test]
fn the_sixth_message_in_a_second_is_told_to_wait_and_a_person_is_not() {
    with(Options::default(), |fixture| async move {
        let url = format!("{}/chat.postMessage", fixture.workspace.api_url());
        let post = |token: &'static str| {
            fixture
                .client
                .post(&url)
                .bearer_auth(token)
                .json(&json!({"channel": SUPPORT, "text": "a"}))
                .send()
        };
        for _ in 0..5 {
            assert_eq!(post(SIGNPOST_TOKEN).await.unwrap().status(), 200);
        }
        let limited = post(SIGNPOST_TOKEN).await.unwrap();
        assert_eq!(
            (
                limited.status().as_u16(),
                limited.headers()["retry-after"].to_str().unwrap()
            ),
            (429, "1")
        );
        for _ in 0..20 {
            assert_eq!(post(ADA_TOKEN).await.unwrap().status(), 200);
        }
    });
}

#[test]
fn a_thread_reads_back_with_metadata_only_when_asked() {
    with(Options::default(), |fixture| async move {
        let root = fixture.workspace.say(ADA, SUPPORT, "it broke").unwrap();
        let metadata = json!({"event_type": "answer", "event_payload": {"key": "k1"}});
        let reply = json!({"channel": SUPPORT, "thread_ts": root, "text": "try this", "metadata": metadata});
        let posted = fixture.api(SIGNPOST_TOKEN, "chat.postMessage", reply).await;
        for (asked, expected) in [(true, metadata), (false, Value::Null)] {
            let body = json!({"channel": SUPPORT, "ts": root, "include_all_metadata": asked});
            let answer = fixture.api(SIGNPOST_TOKEN, "conversations.replies", body).await;
            assert_eq!(answer["messages"][0]["reply_count"], 1);
            assert_eq!(
                (&answer["messages"][1]["ts"], &answer["messages"][1]["metadata"]),
                (&posted["ts"], &expected)
            );
        }
        let answer = fixture
            .api(SIGNPOST_TOKEN, "conversations.history", json!({"channel": SUPPORT}))
            .await;
        assert_eq!(
            answer["messages"].as_array().unwrap().len(),
            1,
            "replies stay in their thread"
        );
    });
}

#[test]
fn history_is_newest_first_and_paged() {
    with(Options::default(), |fixture| async move {
        for number in 0..5 {
            fixture.workspace.say(ADA, RANDOM, &format!("m{number}")).unwrap();
        }
        let mut cursor = String::new();
        let mut seen = Vec::new();
        loop {
            let body = json!({"channel": RANDOM, "limit": 2, "cursor": cursor});
            let answer = fixture.api(SIGNPOST_TOKEN, "conversations.history", body).await;
            seen.extend(
                answer["messages"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|one| one["text"].clone()),
            );
            cursor = answer["response_metadata"]["next_cursor"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            if cursor.is_empty() {
                break;
            }
        }
        assert_eq!(seen, ["m4", "m3", "m2", "m1", "m0"]);
    });
}

#[test]
fn hostile_bodies_get_json_errors() {
    let kinds = [
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "image/png",
    ];
    let bodies: [&[u8]; 5] = [b"{", b"[1,2]", b"\xff\xfe\x00", b"--x\r\n\r\nhalf", b"\"text\""];
    with(Options::default(), |fixture| async move {
        for method in [
            "chat.postMessage",
            "conversations.replies",
            "views.open",
            "%00",
            "..%2f..%2fetc",
        ] {
            for (kind, body) in kinds
                .iter()
                .flat_map(|kind| bodies.iter().map(move |body| (kind, body)))
            {
                let url = format!("{}/{method}", fixture.workspace.api_url());
                let request = fixture
                    .client
                    .post(url)
                    .bearer_auth(SIGNPOST_TOKEN)
                    .header("content-type", *kind);
                let response = request.body(body.to_vec()).send().await.unwrap();
                let answer: Value = response
                    .json()
                    .await
                    .unwrap_or_else(|error| panic!("{method} {kind}: {error}"));
                assert_eq!(answer["ok"], false, "{method} {kind} {answer}");
            }
        }
    });
}

#[test]
fn an_app_uploads_and_reads_a_file_and_a_stranger_gets_a_login_page() {
    with(Options::default(), |fixture| async move {
        let body = json!({"filename": "trace.log", "length": 9});
        let told = fixture.api(ADA_TOKEN, "files.getUploadURLExternal", body).await;
        let sent = fixture
            .client
            .post(told["upload_url"].as_str().unwrap())
            .body("it failed")
            .send()
            .await
            .unwrap();
        assert_eq!(sent.text().await.unwrap(), "OK - 9");
        let body = json!({"files": [{"id": told["file_id"], "title": "Trace"}], "channel_id": SUPPORT});
        let done = fixture.api(ADA_TOKEN, "files.completeUploadExternal", body).await;
        let file = &done["files"][0];
        assert_eq!(
            (&file["mode"], &file["preview"], &file["size"]),
            (&json!("snippet"), &json!("it failed"), &json!(9))
        );
        let url = file["url_private"].as_str().unwrap();
        let got = fixture
            .client
            .get(url)
            .bearer_auth(SIGNPOST_TOKEN)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        assert_eq!(got, "it failed");
        let got = fixture.client.get(url).send().await.unwrap();
        assert_eq!(
            (got.status().as_u16(), got.headers()["content-type"].to_str().unwrap()),
            (200, "text/html; charset=utf-8")
        );
    });
}
