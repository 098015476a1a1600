//! Updates, deletions and what one person sees. The rows are put into the store while no bot runs.

use signpost::clock::{Clock, SystemClock};
use signpost::store::sqlite::Sqlite;
use signpost::store::{Action, NewPost, Store};

use super::*;

fn row(key: &str, action: Action, text: &str) -> NewPost {
    NewPost {
        key: key.into(),
        channel: SUPPORT.into(),
        thread_ts: None,
        action,
        body: json!({"text": text, "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]})
            .to_string(),
    }
}

fn update(key: &str, text: &str) -> NewPost {
    row(key, Action::Update { of: "card".into() }, text)
}

fn fault(method: &str, what: &Value) -> Value {
    let mut fault = what.clone();
    fault["method"] = json!(method);
    fault["app"] = json!("A0SIGNPOST");
    fault
}

/// Puts rows into the store, then lets a bot do what is in it.
async fn done(world: &World, rows: &[NewPost]) {
    let store = Sqlite::open(&world.store()).await.unwrap();
    store.enqueue(rows, SystemClock.now()).await.unwrap();
    drop(store);
    let bot = world.bot().await;
    world.wait_until_sent().await;
    bot.stop().await;
}

/// What the bot has written into #support.
fn written(world: &World) -> Vec<Value> {
    let channel = |state: &sandbox::State| {
        let channel = state.channel(SUPPORT).unwrap();
        let ours = channel.messages.values().filter(|message| message.user() == SIGNPOST);
        ours.map(|message| {
            json!({"text": message.text(), "blocks": message.value.get("blocks"), "ts": message.ts(), "to": message.ephemeral_to,
                "key": message.metadata.as_ref().map(|metadata| &metadata["event_payload"]["key"])})
        })
        .collect()
    };
    world.workspace.read(channel)
}

#[test]
fn an_update_changes_the_message_in_its_place_and_keeps_its_key() {
    with(|world| async move {
        done(&world, &[row("card", Action::Post, "step 1")]).await;
        let before = written(&world).remove(0);
        done(&world, &[update("u", "step 2")]).await;
        let after = written(&world);
        assert_eq!(after.len(), 1, "{after:?}");
        assert_eq!(after[0]["text"], "step 2");
        assert_eq!(after[0]["blocks"][0]["text"]["text"], "step 2");
        assert_eq!((&after[0]["ts"], &after[0]["key"]), (&before["ts"], &json!("card")));
    });
}

#[test]
fn an_update_that_was_cut_off_is_done_again() {
    with(|world| async move {
        done(&world, &[row("card", Action::Post, "step 1")]).await;
        world.fault(&fault("chat.update", &json!({"kind": "break", "apply": false})));
        done(&world, &[update("u", "step 2")]).await;
        assert_eq!(written(&world)[0]["text"], "step 2");
    });
}

#[test]
fn an_update_of_a_message_that_is_not_there_any_more_is_left() {
    for code in ["message_not_found", "cant_update_message", "edit_window_closed"] {
        with(|world| async move {
            done(&world, &[row("card", Action::Post, "step 1")]).await;
            world.fault(&fault("chat.update", &json!({"kind": "error", "error": code})));
            done(&world, &[update("u", "step 2")]).await;
            let written = written(&world);
            assert_eq!((written.len(), &written[0]["text"]), (1, &json!("step 1")), "{code}");
        });
    }
}

#[test]
fn a_429_of_updates_holds_up_no_posts() {
    with(|world| async move {
        done(&world, &[row("card", Action::Post, "step 1")]).await;
        world.fault(&fault("chat.update", &json!({"kind": "429", "retry_after": 600})));
        let store = Sqlite::open(&world.store()).await.unwrap();
        let rows = [update("u", "step 2"), row("next", Action::Post, "another answer")];
        store.enqueue(&rows, SystemClock.now()).await.unwrap();
        drop(store);
        let bot = world.bot().await;
        let both = world.workspace.wait_for(|state| {
            let posted = |message: &sandbox::Message| message.text() == "another answer";
            let channel = state.channel(SUPPORT).unwrap();
            (state.faults_left() == 0 && channel.messages.values().any(posted)).then_some(())
        });
        both.await.unwrap();
        assert_eq!(written(&world)[0]["text"], "step 1");
        bot.stop().await;
    });
}

#[test]
fn a_very_long_update_is_cut_and_keeps_its_blocks() {
    with(|world| async move {
        done(&world, &[row("card", Action::Post, "step 1")]).await;
        let mut long = update("u", "step 2");
        let blocks: Value = serde_json::from_str(&long.body).unwrap();
        long.body = json!({"text": "größer\n".repeat(600), "blocks": blocks["blocks"]}).to_string();
        done(&world, &[long]).await;
        let written = written(&world).remove(0);
        assert_eq!(written["blocks"][0]["text"]["text"], "step 2");
        assert!(written["text"].as_str().unwrap().ends_with("größer…"));
    });
}

#[test]
fn a_deletion_takes_the_message_away_and_what_comes_after_it_is_left() {
    with(|world| async move {
        done(&world, &[row("card", Action::Post, "step 1")]).await;
        done(&world, &[row("d", Action::Delete { of: "card".into() }, "")]).await;
        assert_eq!(written(&world), Vec::<Value>::new());
        done(
            &world,
            &[
                update("u", "step 2"),
                row("d2", Action::Delete { of: "card".into() }, ""),
            ],
        )
        .await;
        assert_eq!(written(&world), Vec::<Value>::new());
    });
}

#[test]
fn an_ephemeral_is_seen_by_its_person_even_when_the_first_try_broke() {
    with(|world| async move {
        world.fault(&fault("chat.postEphemeral", &json!({"kind": "break", "apply": false})));
        done(&world, &[row("e", Action::Ephemeral { user: ADA.into() }, "for you")]).await;
        let written = written(&world);
        assert_eq!(written.len(), 1, "{written:?}");
        assert_eq!(
            (&written[0]["text"], &written[0]["to"]),
            (&json!("for you"), &json!(ADA))
        );
    });
}

#[test]
fn only_those_whom_a_person_called_are_pinged() {
    with(|world| async move {
        let mut call = row("call", Action::Post, "");
        call.body = json!({"text": "<!subteam^S0ONCALL> <!channel> <@U0OTHER>", "pings": ["S0ONCALL"]}).to_string();
        done(&world, &[call]).await;
        assert_eq!(
            written(&world)[0]["text"],
            "<!subteam^S0ONCALL> &lt;!channel> &lt;@U0OTHER>"
        );
    });
}
