//! Modals and the Home tab.

use super::*;

fn plain(text: &str) -> Value {
    json!({"type": "plain_text", "text": text})
}

fn modal(callback_id: &str) -> Value {
    json!({
        "type": "modal", "callback_id": callback_id, "title": plain("Paste"), "submit": plain("Find"),
        "notify_on_close": true,
        "blocks": [
            {"type": "input", "block_id": "b", "label": plain("Error"), "element": {"type": "plain_text_input", "action_id": "a", "multiline": true}},
            {"type": "actions", "block_id": "row", "elements": [button("more", "1")]},
        ],
    })
}

/// Opens a modal by the global shortcut.
async fn opened(fixture: &Fixture, socket: &mut Socket, view: Value) -> Value {
    let (told, _) = fixture
        .act(socket, "shortcut", json!({"callback_id": "paste_error"}), None)
        .await;
    let body = json!({"trigger_id": told["trigger_id"], "view": view});
    let answer = fixture.api(SIGNPOST_TOKEN, "views.open", body).await;
    assert_eq!(answer["ok"], true, "{answer}");
    answer["view"].clone()
}

#[test]
fn a_form_is_checked_by_the_client_and_then_by_the_app() {
    with(Options::default(), |fixture| async move {
        let (mut socket, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        let view = opened(&fixture, &mut socket, modal("paste_error")).await;
        let submit = |text: &str| json!({"view_id": view["id"], "values": {"b": {"a": text}}});
        let told = fixture.control("submit", submit("")).await.1;
        assert!(told["client_errors"]["b"].as_str().unwrap().contains("required"));
        let errors = json!({"response_action": "errors", "errors": {"b": "too short"}});
        let (_, sent) = fixture.act(&mut socket, "submit", submit("x"), Some(errors)).await;
        assert_eq!(sent["payload"]["view"]["state"]["values"]["b"]["a"]["value"], "x");
        assert_eq!(sent["payload"]["view"]["hash"], view["hash"]);
        let next = json!({"response_action": "update", "view": modal("second")});
        fixture.act(&mut socket, "submit", submit("y"), Some(next)).await;
        let now = fixture
            .workspace
            .read(|state| state.views.values().next().cloned())
            .unwrap();
        assert_eq!((&now["callback_id"], &now["id"]), (&json!("second"), &view["id"]));
        assert_eq!(now["state"]["values"]["b"]["a"]["value"], "y", "what was typed stays");
        let bad = json!({"response_action": "update", "view": {"type": "modal", "blocks": []}});
        let (told, _) = fixture.act(&mut socket, "submit", submit("y"), Some(bad)).await;
        assert_eq!(told["failure"], "invalid_response");
        fixture.act(&mut socket, "submit", submit("z"), None).await;
        assert!(fixture.workspace.read(|state| state.views.is_empty()));
    });
}

#[test]
fn a_view_is_updated_by_id_external_id_and_hash_and_its_buttons_work() {
    with(Options::default(), |fixture| async move {
        let (mut socket, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        let mut first = modal("one");
        first["external_id"] = json!("ext-1");
        let view = opened(&fixture, &mut socket, first).await;
        let update = |more: Value| {
            let mut body = json!({"view": modal("two")});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        for (body, expected) in [
            (update(json!({"view_id": "V404"})), json!("not_found")),
            (
                update(json!({"view_id": view["id"], "hash": "1.old"})),
                json!("hash_conflict"),
            ),
            (
                update(json!({"external_id": "ext-1", "hash": view["hash"]})),
                Value::Null,
            ),
            (update(json!({})), json!("invalid_arguments")),
        ] {
            let answer = fixture.api(SIGNPOST_TOKEN, "views.update", body.clone()).await;
            assert_eq!(answer.get("error").unwrap_or(&Value::Null), &expected, "{body}");
        }
        let click = json!({"view_id": view["id"], "action_id": "more", "values": {"b": {"a": "typed"}}});
        let (told, sent) = fixture.act(&mut socket, "click", click, None).await;
        let payload = &sent["payload"];
        assert_eq!(payload["container"], json!({"type": "view", "view_id": view["id"]}));
        assert_eq!(payload["view"]["state"]["values"]["b"]["a"]["value"], "typed");
        assert!(payload.get("channel").is_none() && payload.get("message").is_none());
        let push = json!({"trigger_id": told["trigger_id"], "view": modal("on top")});
        let pushed = fixture.api(SIGNPOST_TOKEN, "views.push", push).await["view"].clone();
        assert_eq!(
            (&pushed["previous_view_id"], &pushed["root_view_id"]),
            (&view["id"], &view["id"])
        );
        let close = json!({"view_id": pushed["id"], "close": true});
        let (_, closed) = fixture.act(&mut socket, "submit", close, None).await;
        assert_eq!(
            (&closed["payload"]["type"], &closed["payload"]["is_cleared"]),
            (&json!("view_closed"), &json!(false))
        );
        assert_eq!(fixture.workspace.read(|state| state.views.len()), 1);
    });
}

#[test]
fn a_trigger_works_once_and_not_after_its_time() {
    let options = Options {
        trigger_life: Duration::ZERO,
        ..Options::default()
    };
    with(options, |fixture| async move {
        let (mut socket, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        let (told, _) = fixture
            .act(&mut socket, "shortcut", json!({"callback_id": "paste_error"}), None)
            .await;
        let body = json!({"trigger_id": told["trigger_id"], "view": modal("late")});
        let answer = fixture.api(SIGNPOST_TOKEN, "views.open", body).await;
        assert_eq!(answer["error"], "expired_trigger_id");
    });
}

#[test]
fn the_home_tab_tells_of_its_opening_and_shows_what_is_published() {
    with(Options::default(), |fixture| async move {
        let (mut socket, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        assert_eq!(fixture.control("home", json!({})).await.0, 200);
        let told = event(&mut socket).await;
        assert_eq!(
            (&told["type"], &told["tab"], &told["user"], &told["channel"]),
            (
                &json!("app_home_opened"),
                &json!("home"),
                &json!(ADA),
                &json!("D0ADA00001")
            )
        );
        let home = json!({"type": "home", "blocks": [{"type": "actions", "block_id": "row", "elements": [button("reload", "1")]}]});
        let publish = json!({"user_id": ADA, "view": home});
        let view = fixture.api(SIGNPOST_TOKEN, "views.publish", publish.clone()).await["view"].clone();
        assert_eq!((&view["type"], &view["user_id"]), (&json!("home"), &json!(ADA)));
        fixture.control("home", json!({})).await;
        assert_eq!(event(&mut socket).await["view"]["id"], view["id"]);
        let click = json!({"view_id": view["id"], "action_id": "reload"});
        let (_, sent) = fixture.act(&mut socket, "click", click, None).await;
        assert_eq!(
            (
                &sent["payload"]["view"]["type"],
                &sent["payload"]["actions"][0]["value"]
            ),
            (&json!("home"), &json!("1"))
        );
        let stale = json!({"user_id": ADA, "view": publish["view"], "hash": "0.0"});
        assert_eq!(
            fixture.api(SIGNPOST_TOKEN, "views.publish", stale).await["error"],
            "hash_conflict"
        );
        fixture.control("app", json!({"app": "Signpost", "home": false})).await;
        assert_eq!(
            fixture.api(SIGNPOST_TOKEN, "views.publish", publish).await["error"],
            "not_enabled"
        );
    });
}

#[test]
fn a_view_that_was_closed_or_submitted_cannot_be_updated() {
    with(Options::default(), |fixture| async move {
        let (mut socket, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        for leave in [json!({"close": true}), json!({"values": {"b": {"a": "typed"}}})] {
            let view = opened(&fixture, &mut socket, modal("form")).await;
            let update = json!({"view_id": view["id"], "hash": view["hash"], "view": modal("late")});
            let mut body = leave.clone();
            body["view_id"] = view["id"].clone();
            fixture.act(&mut socket, "submit", body, None).await;
            let answer = fixture.api(SIGNPOST_TOKEN, "views.update", update).await;
            assert_eq!(answer["error"], "not_found", "{leave}");
        }
    });
}

#[test]
fn what_stands_in_a_field_at_first_must_fit_the_field() {
    let option = |text: &str| json!({"text": plain(text), "value": text});
    let select = |more: Value| {
        let mut element =
            json!({"type": "static_select", "action_id": "s", "options": [option("eu-de"), option("us-east")]});
        element
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        element
    };
    let text = |more: Value| {
        let mut element = json!({"type": "plain_text_input", "action_id": "t"});
        element
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        element
    };
    let cases = [
        (select(json!({"initial_option": option("us-east")})), ""),
        (
            select(json!({"initial_option": option("jp-tok")})),
            "/element/initial_option",
        ),
        (
            select(json!({"initial_option": {"text": plain("East"), "value": "us-east"}})),
            "must exactly match one of the options",
        ),
        (
            select(json!({"options": [{"text": {"type": "mrkdwn", "text": "x"}, "value": "x"}]})),
            "/options/0/text/type",
        ),
        (
            select(json!({"options": vec![option("x"); 101]})),
            "no more than 100 items allowed",
        ),
        (
            select(json!({"options": [option(&"o".repeat(76))]})),
            "must be less than 76 characters",
        ),
        (text(json!({"initial_value": "12345", "max_length": 5})), ""),
        (
            text(json!({"initial_value": "123456", "max_length": 5})),
            "/element/initial_value",
        ),
        (
            text(json!({"initial_value": "i".repeat(3001)})),
            "/element/initial_value",
        ),
        (text(json!({"max_length": 3001})), "/element/max_length"),
        (text(json!({"min_length": 9, "max_length": 5})), "/element/min_length"),
        (button("more", "1"), "unsupported type for an input block"),
    ];
    with(Options::default(), |fixture| async move {
        let (mut socket, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        let view = opened(&fixture, &mut socket, modal("form")).await;
        let update = async |input: Value| {
            let mut form = modal("form");
            form["blocks"] = json!([input]);
            let body = json!({"view_id": view["id"], "view": form});
            fixture.api(SIGNPOST_TOKEN, "views.update", body).await
        };
        let field = |element: &Value| json!({"type": "input", "label": plain("Field"), "element": element});
        for (element, expected) in &cases {
            let answer = update(field(element)).await;
            assert_eq!(answer["ok"], expected.is_empty(), "{element}: {answer}");
            assert!(answer.to_string().contains(expected), "{expected}: {answer}");
        }
        for key in ["label", "hint"] {
            let mut input = field(&text(json!({})));
            input[key] = plain(&"h".repeat(2001));
            let answer = update(input).await.to_string();
            assert!(answer.contains(&format!("/view/blocks/0/{key}")), "{answer}");
        }
    });
}

#[test]
fn views_keep_slacks_limits() {
    with(Options::default(), |fixture| async move {
        let (mut socket, _) = fixture.connect(SIGNPOST_APP_TOKEN).await;
        let (told, _) = fixture
            .act(&mut socket, "shortcut", json!({"callback_id": "paste_error"}), None)
            .await;
        let spoiled = |key: &str, value: Value| {
            let mut view = modal("x");
            view[key] = value;
            view
        };
        let select = json!({"type": "static_select", "action_id": "s", "options": []});
        for (view, expected) in [
            (spoiled("title", plain(&"t".repeat(25))), "/view/title"),
            (spoiled("submit", Value::Null), "missing required field: submit"),
            (spoiled("private_metadata", json!("m".repeat(3001))), "private_metadata"),
            (
                spoiled("blocks", json!(vec![json!({"type": "divider"}); 101])),
                "no more than 100",
            ),
            (
                spoiled("blocks", json!([{"type": "actions", "elements": [select]}])),
                "/view/blocks/0/elements/0/options",
            ),
            (spoiled("type", json!("home")), "must be of type `modal`"),
        ] {
            let body = json!({"trigger_id": told["trigger_id"], "view": view});
            let answer = fixture.api(SIGNPOST_TOKEN, "views.open", body).await;
            assert_eq!(answer["error"], "invalid_arguments", "{answer}");
            assert!(answer.to_string().contains(expected), "{expected}: {answer}");
        }
    });
}
