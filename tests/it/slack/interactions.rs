//! Interactions are read in every shape that Slack sends them in.

use serde_json::{Value, json};
use signpost::slack::decode::{
    self, Actions, Container, Envelope, Event, Identity, Interaction, Shortcut, SlashCommand, ViewAnswer,
};

use super::us;

fn envelope(payload: &Value, kind: &str) -> Envelope {
    Envelope {
        id: "E1".to_owned(),
        kind: kind.to_owned(),
        payload: payload.clone(),
        retry_attempt: 0,
        accepts_payload: true,
    }
}

fn read(payload: &Value) -> Interaction {
    decode::interaction(&envelope(payload, "interactive"), &us())
}

/// Keys of what comes in a delivery with this id.
fn keys(payload: &Value, id: &str) -> Vec<String> {
    let id = id.to_owned();
    Envelope {
        id,
        ..envelope(payload, "interactive")
    }
    .keys()
}

fn actions(payload: &Value) -> Actions {
    match read(payload) {
        Interaction::Actions(actions) => *actions,
        other => panic!("{payload} is {other:?}"),
    }
}

fn shortcut(payload: &Value) -> Shortcut {
    match read(payload) {
        Interaction::Shortcut(shortcut) => *shortcut,
        other => panic!("{payload} is {other:?}"),
    }
}

fn view(payload: &Value) -> ViewAnswer {
    match read(payload) {
        Interaction::View(answer) => *answer,
        other => panic!("{payload} is {other:?}"),
    }
}

#[test]
fn a_button_tells_who_pressed_it_where() {
    let click = actions(&json!({
        "type": "block_actions", "team": {"id": "T1"}, "user": {"id": "U1", "username": "ada", "name": "ada", "team_id": "T1"},
        "container": {"type": "message", "message_ts": "1.5", "thread_ts": "1.0", "channel_id": "C1", "is_ephemeral": false},
        "channel": {"id": "C1", "name": "support"}, "trigger_id": "t.1", "response_url": "https://hooks.example/1",
        "message": {"ts": "1.5", "thread_ts": "1.0", "bot_id": "B0BOT", "text": "steps"},
        "actions": [{"action_id": "signpost_next", "block_id": "b", "type": "button", "value": "{\"v\":1}", "text": {"type": "plain_text", "text": "Next"}}]
    }));
    let context = &click.context;
    assert_eq!(
        (context.who.id.as_str(), context.who.name.as_deref()),
        ("U1", Some("ada"))
    );
    assert_eq!((context.team.as_str(), context.channel.as_deref()), ("T1", Some("C1")));
    assert_eq!(
        (context.trigger_id.as_deref(), context.response_url.as_deref()),
        (Some("t.1"), Some("https://hooks.example/1"))
    );
    assert!(!context.external && !context.is_direct());
    assert_eq!(click.container, Container::Message);
    assert_eq!(
        (click.message_ts.as_deref(), click.thread_ts.as_deref()),
        (Some("1.5"), Some("1.0"))
    );
    assert_eq!(click.message.unwrap().text, "steps");
    let action = &click.actions[0];
    assert_eq!(
        (
            action.action_id.as_str(),
            action.value.as_deref(),
            action.selected.len()
        ),
        ("signpost_next", Some("{\"v\":1}"), 0)
    );
}

#[test]
fn what_was_chosen_is_found_in_every_kind_of_menu() {
    let option = json!({"text": {"type": "plain_text", "text": "Flux"}, "value": "flux.md"});
    let cases = [
        (
            json!({"type": "static_select", "selected_option": option}),
            vec!["flux.md"],
        ),
        (json!({"type": "overflow", "selected_option": option}), vec!["flux.md"]),
        (
            json!({"type": "checkboxes", "selected_options": [option, {"value": "b"}]}),
            vec!["flux.md", "b"],
        ),
        (json!({"type": "users_select", "selected_user": "U2"}), vec!["U2"]),
        (
            json!({"type": "multi_channels_select", "selected_channels": ["C2", "C3"]}),
            vec!["C2", "C3"],
        ),
        (
            json!({"type": "datepicker", "selected_date": "2026-11-22"}),
            vec!["2026-11-22"],
        ),
        (json!({"type": "datetimepicker", "selected_date_time": 12}), vec!["12"]),
        (json!({"type": "static_select", "selected_option": null}), vec![]),
        (json!({"type": "button"}), vec![]),
    ];
    for (action, expected) in cases {
        let read = actions(&json!({"type": "block_actions", "actions": [action]}));
        assert_eq!(read.actions[0].selected, expected, "{action}");
    }
}

#[test]
fn places_without_a_message_are_told_apart() {
    let place = |container: Value| actions(&json!({"type": "block_actions", "container": container})).container;
    assert_eq!(
        place(json!({"type": "message", "is_ephemeral": true})),
        Container::Ephemeral
    );
    assert_eq!(place(json!({"type": "message_attachment"})), Container::Message);
    assert_eq!(place(json!({"type": "view", "view_id": "V1"})), Container::View);
    let home =
        actions(&json!({"type": "block_actions", "view": {"id": "V1", "type": "home", "hash": "h"}, "actions": 3}));
    assert_eq!(home.container, Container::View);
    let view = home.view.unwrap();
    assert_eq!(
        (view.id.as_str(), view.kind.as_str(), view.hash.as_deref()),
        ("V1", "home", Some("h"))
    );
    assert!(home.actions.is_empty());
}

#[test]
fn a_shortcut_brings_the_message_of_whomever() {
    let used = shortcut(&json!({
        "type": "message_action", "callback_id": "find_runbook", "team": null, "enterprise": {"id": "E1"},
        "user": {"id": "U1", "name": "ada"}, "channel": {"id": "C1", "name": "alerts"}, "message_ts": "1.5",
        "response_url": "https://hooks.example/1", "trigger_id": "t.1",
        "message": {"type": "message", "subtype": "bot_message", "bot_id": "B9", "thread_ts": "1.0", "text": "",
            "attachments": [{"title": "[FIRING:1] FluxLow"}], "files": [{"id": "F1", "mode": "file_access"}]}
    }));
    let message = used.message.unwrap();
    assert_eq!(
        message.id(),
        "T1:C1:1.5",
        "the message does not say where it stands, the shortcut does"
    );
    assert_eq!(
        (message.text.as_str(), message.author(), message.thread_ts.as_deref()),
        ("[FIRING:1] FluxLow", Some("B9"), Some("1.0"))
    );
    assert!(message.alert.is_some());
    assert_eq!(message.files.len(), 1);
    assert_eq!(used.callback_id, "find_runbook");
    let global =
        shortcut(&json!({"type": "shortcut", "callback_id": "paste_error", "user": {"id": "U1"}, "trigger_id": "t.2"}));
    assert_eq!((global.callback_id.as_str(), global.message), ("paste_error", None));
    assert_eq!(global.context.channel, None);
}

#[test]
fn a_modal_brings_what_was_typed() {
    let payload = |kind: &str| {
        json!({"type": kind, "team": null, "user": {"id": "U1", "team_id": "T1"}, "trigger_id": "t.1",
        "view": {"id": "V1", "type": "modal", "hash": "h1", "callback_id": "paste_error", "private_metadata": "{\"c\":\"C1\"}", "root_view_id": "V0",
            "state": {"values": {
                "paste": {"text": {"type": "plain_text_input", "value": "line 1\n  line 2"}},
                "where": {"pick": {"type": "conversations_select", "selected_conversation": "C1"}},
                "more": {"rich": {"type": "rich_text_input", "rich_text_value": {"type": "rich_text", "elements": [
                    {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "a <b>"}]}]}}},
                "files": {"up": {"type": "file_input", "files": [{"id": "F1", "mimetype": "text/plain"}]}},
                "empty": {"text": {"type": "plain_text_input", "value": null}},
                "odd": 3}}},
        "response_urls": [{"block_id": "where", "action_id": "pick", "channel_id": "C1", "response_url": "https://hooks.example/2"}]})
    };
    let submitted = view(&payload("view_submission"));
    let value = |block, action| submitted.view.value(block, action);
    assert_eq!(value("paste", "text"), Some("line 1\n  line 2"));
    assert_eq!(value("where", "pick"), Some("C1"));
    assert_eq!(value("more", "rich"), Some("```\na &lt;b&gt;\n```"));
    assert_eq!((value("empty", "text"), value("no", "such")), (None, None));
    assert_eq!(submitted.view.inputs[3].files[0].id, "F1");
    assert_eq!(
        submitted.context.response_url.as_deref(),
        Some("https://hooks.example/2")
    );
    assert_eq!(
        (
            submitted.view.callback_id.as_str(),
            submitted.view.private_metadata.as_str(),
            submitted.closed
        ),
        ("paste_error", "{\"c\":\"C1\"}", false)
    );
    assert_eq!(submitted.id(), "V1");
    assert!(view(&payload("view_closed")).closed);
    let bare = view(&json!({"type": "view_submission", "team": {}, "user": {}, "view": {"type": "workflow_step"}}));
    assert_eq!((bare.context.who.id.as_str(), bare.view.id.as_str()), ("", ""));
    assert_eq!(
        bare.id(),
        "delivery:E1",
        "a view without an id shares no key with others"
    );
}

#[test]
fn a_slash_command_comes_in_plain_fields() {
    let payload = json!({"team_id": "T1", "channel_id": "D1", "channel_name": "directmessage", "user_id": "U1", "user_name": "ada",
        "command": "/signpost", "text": "search flux", "trigger_id": "t.1", "response_url": "https://hooks.example/1",
        "is_enterprise_install": "false", "enterprise_id": ""});
    let Interaction::Command(command) = decode::interaction(&envelope(&payload, "slash_commands"), &us()) else {
        panic!("no command")
    };
    let SlashCommand { context, command, text } = *command;
    assert_eq!((command.as_str(), text.as_str()), ("/signpost", "search flux"));
    assert_eq!(
        (context.who.id.as_str(), context.who.name.as_deref()),
        ("U1", Some("ada"))
    );
    assert!(context.is_direct() && !context.external);
    let bare = decode::interaction(&envelope(&json!({"command": "/signpost"}), "slash_commands"), &us());
    assert!(matches!(bare, Interaction::Command(command) if command.text.is_empty()));
}

#[test]
fn an_interaction_is_known_by_its_trigger_and_without_one_by_its_delivery() {
    let click = |trigger: Value| json!({"type": "block_actions", "trigger_id": trigger, "actions": []});
    let id = |payload: &Value| read(payload).context().unwrap().id.clone();
    assert_eq!(id(&click(json!("t.1"))), "t.1");
    for none in [json!(null), json!("")] {
        assert_eq!(id(&click(none.clone())), "delivery:E1");
        assert_eq!(keys(&click(none), "E2"), ["delivery:E2"]);
    }
    let first = keys(&click(json!("t.1")), "E2");
    assert_eq!((first[0].as_str(), first.len()), ("delivery:E2", 2));
    assert_eq!(keys(&click(json!("t.1")), "E3")[1], first[1]);
    assert_ne!(keys(&click(json!("t.2")), "E3")[1], first[1]);
    let view = |kind: &str, hash: &str, typed: &str| {
        let view = json!({"id": "V1", "hash": hash, "state": {"values": {"b": {"a": {"value": typed}}}}});
        keys(&json!({"type": kind, "view": view}), "E4").remove(1)
    };
    let first = view("view_submission", "h1", "x");
    assert_eq!(view("view_submission", "h1", "x"), first);
    for other in [
        view("view_submission", "h1", "y"),
        view("view_submission", "h2", "x"),
        view("view_closed", "h1", "x"),
    ] {
        assert_ne!(other, first);
    }
}

#[test]
fn people_of_other_organisations_are_strangers() {
    let ours = Identity {
        enterprise_id: Some("E1".into()),
        ..us()
    };
    let external = |us: &Identity, payload: Value| {
        let mut whole = json!({"type": "shortcut"});
        for (key, value) in payload.as_object().unwrap() {
            whole[key] = value.clone();
        }
        decode::interaction(&envelope(&whole, "interactive"), us)
            .context()
            .unwrap()
            .external
    };
    let of = |team: &str| json!({"user": {"id": "U1", "team_id": team}, "team": {"id": team, "enterprise_id": "E1"}});
    assert!(!external(&us(), of("T1")));
    assert!(external(&us(), of("T2")));
    assert!(!external(&ours, of("T2")), "a colleague in another workspace");
    assert!(external(
        &ours,
        json!({"user": {"id": "U1", "team_id": "T2"}, "enterprise": {"id": "E2"}})
    ));
    assert!(!external(
        &us(),
        json!({"user": {"id": "U1", "team_id": "E1"}, "team": null})
    ));
    assert!(!external(&us(), json!({"user": {"id": "U1"}})));
}

#[test]
fn what_is_no_interaction_of_ours_is_named() {
    let cases = [
        (json!({"type": "block_suggestion"}), "block_suggestion"),
        (
            json!({"type": "interactive_message", "actions": []}),
            "interactive_message",
        ),
        (json!({}), "interactive"),
        (json!(null), "interactive"),
        (json!([{"type": "shortcut"}]), "interactive"),
        (json!({"type": 3}), "3"),
    ];
    for (payload, expected) in cases {
        assert_eq!(
            read(&payload),
            Interaction::Unknown {
                kind: expected.to_owned()
            },
            "{payload}"
        );
    }
}

#[test]
fn odd_fields_cost_no_click() {
    let odd = actions(
        &json!({"type": "block_actions", "user": "U1", "team": 3, "channel": null, "container": [],
        "message": "gone", "view": null, "state": {"values": [1]}, "trigger_id": 12.5,
        "actions": [null, {"action_id": 7, "value": 1, "selected_option": {"value": null}}]}),
    );
    assert_eq!(odd.actions.len(), 1);
    assert_eq!(
        (odd.actions[0].action_id.as_str(), odd.actions[0].value.as_deref()),
        ("7", Some("1"))
    );
    assert_eq!(odd.context.team, "T1");
}

#[test]
fn who_is_from_outside_is_decided_the_same_for_what_they_write_and_what_they_click() {
    let alone = us();
    let organised = Identity {
        enterprise_id: Some("E1".into()),
        ..us()
    };
    for (us, team, enterprise, is_external) in [
        (&alone, Some("T1"), None, false),
        (&alone, Some("T2"), None, true),
        // The bot's workspace is of no organisation: whoever is of one is not of ours.
        (&alone, Some("T2"), Some("E2"), true),
        (&organised, Some("T2"), Some("E1"), false),
        (&organised, Some("T2"), Some("E2"), true),
        (&organised, Some("T2"), None, true),
        (&alone, None, None, false),
    ] {
        let mut click = json!({"type": "shortcut", "team": {"id": "T1"}, "user": {"id": "U1"}});
        let mut written = json!({"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": {
            "type": "message", "channel": "C1", "ts": "1.0", "user": "U1", "text": "x"}});
        if let Some(team) = team {
            click["user"]["team_id"] = json!(team);
            written["event"]["user_team"] = json!(team);
        }
        if let Some(enterprise) = enterprise {
            click["enterprise"] = json!({"id": enterprise});
            written["authorizations"] = json!([{"enterprise_id": enterprise, "team_id": "T1"}]);
        }
        let click = decode::interaction(&envelope(&click, "interactive"), us);
        assert_eq!(
            click.context().unwrap().external,
            is_external,
            "{team:?} {enterprise:?}"
        );
        let Event::Message(message) = decode::event(&written, us) else {
            panic!("{written}");
        };
        let decided = us.is_external(message.author_team.as_deref(), message.enterprise.as_deref());
        assert_eq!(decided, is_external, "{team:?} {enterprise:?}");
    }
}
