//! Shadow mode: nothing is posted, what would have been answered is recorded, and the owners judge it.

use super::acts::{buttons, text, whispers};
use super::*;
use jiff::SignedDuration;
use signpost::sandbox::{ALERTS, GRACE};
use signpost::settings::{AnswerMode, Channel};

/// Recognised by its two lines together, by neither alone.
const HALVES: &str = "---\nsignpost:\n  signatures:\n    - regex: \"beam (?P<dock>d-[0-9]+) let go(?s:.*)damper silent\"\n---\n\
    # Dock trouble\n\n1. Damp the recoil.\n";

/// Kind, runbook's section, verdict and its author of every shadow answer, oldest first.
type Rows = Vec<(String, Option<String>, Option<String>, Option<String>)>;

impl World {
    /// A channel for the owners.
    async fn owners(&self) -> String {
        let made = json!({"name": "owners", "members": [ADA, GRACE, SIGNPOST]});
        let made = self.control("channel", made).await;
        made["channel"].as_str().unwrap().to_owned()
    }

    fn in_shadow(&self, owners: &str) -> Settings {
        let mut settings = self.with_alerts();
        settings.answers.mode = AnswerMode::Shadow;
        settings.answers.shadow_channel = owners.to_owned();
        settings
    }

    async fn shadow_rows(&self) -> Rows {
        let pool = self.look_into_store().await;
        sqlx::query_as("SELECT kind, section, verdict, verdict_name FROM shadow_answers ORDER BY at, message")
            .fetch_all(&pool)
            .await
            .unwrap()
    }

    /// The kinds alone, once everything said in #support is handled.
    async fn shadow_kinds(&self) -> Vec<String> {
        let ts = self.say("thank you");
        self.settled(&ts).await;
        self.shadow_rows().await.into_iter().map(|row| row.0).collect()
    }

    /// The bot's message in the owners' channel that looks so, as soon as there is one.
    async fn note(&self, owners: &str, is: impl Fn(&Value) -> bool) -> Value {
        let found = self
            .workspace
            .wait_for(|state| notes(state, owners).into_iter().find(|note| is(note)));
        found.await.unwrap()
    }

    fn notes_now(&self, owners: &str) -> Vec<Value> {
        self.workspace.read(|state| notes(state, owners))
    }
}

fn notes(state: &sandbox::State, owners: &str) -> Vec<Value> {
    let messages = state
        .channel(owners)
        .into_iter()
        .flat_map(|channel| channel.messages.values());
    let public = messages.filter(|message| message.ephemeral_to.is_none());
    ours(public.map(|message| Value::Object(message.value.clone())).collect())
}

/// What the bot wrote into a channel by itself: the markers of the tests ask it.
fn unasked_in(world: &World, channel: &str, pastes: &[&str]) -> usize {
    let replies = pastes.iter().map(|ts| ours(world.workspace.replies(channel, ts)).len());
    replies.sum()
}

#[test]
fn what_would_be_answered_is_shown_to_the_owners_and_nothing_is_posted() {
    with(|world| async move {
        let owners = world.owners().await;
        let (bot, clock) = world.bot_in_time(world.in_shadow(&owners)).await;
        let first = world.say(PASTE);
        let note = world.note(&owners, |note| words(note).contains("QX4711")).await;
        let told = text(&note);
        assert!(
            told.starts_with("In #support, I would have answered ") && told.contains("Flux capacitor errors › QX4711"),
            "{told}"
        );
        assert!(
            told.contains("QX4711: the flux capacitor of node w-17 is empty"),
            "{told}"
        );
        let link = format!("p{}", first.replace('.', ""));
        assert!(
            words(&note).contains(&link) && words(&note).contains("#support") && told.contains("(confidence "),
            "{note}"
        );
        assert_eq!(buttons(&note), ["Right", "Wrong runbook", "Shouldn’t answer"]);
        // The same error of somebody else, and again after the time of `repeat_minutes`.
        clock.turn(SignedDuration::from_mins(5));
        let second = world.workspace.say(GRACE, SUPPORT, PASTE).unwrap();
        assert_eq!(world.shadow_kinds().await, ["answer", "repeat"]);
        let again = world.workspace.reply(GRACE, SUPPORT, &first, PASTE).unwrap();
        assert_eq!(world.shadow_kinds().await.len(), 2, "it is talked about there");
        clock.turn(SignedDuration::from_mins(56));
        let third = world.workspace.say(GRACE, SUPPORT, PASTE).unwrap();
        assert_eq!(world.shadow_kinds().await, ["answer", "repeat", "answer"]);
        let other = world.say(MARKER);
        assert_eq!(world.shadow_kinds().await.len(), 4);
        world.wait_until_sent().await;
        assert_eq!(
            unasked_in(&world, SUPPORT, &[&first, &second, &again, &third, &other]),
            0
        );
        assert_eq!(world.notes_now(&owners).len(), 3, "repeats are not shown");
        let pool = world.look_into_store().await;
        let kept: (i64, i64) =
            sqlx::query_as("SELECT (SELECT count(*) FROM cases), (SELECT count(*) FROM outbox WHERE channel = ?)")
                .bind(SUPPORT)
                .fetch_one(&pool)
                .await
                .unwrap();
        let markers = 4;
        assert_eq!(kept, (0, markers), "only the markers were answered");
        bot.stop().await;
    });
}

#[test]
fn the_owners_judge_it_and_may_change_their_minds() {
    with(|world| async move {
        let owners = world.owners().await;
        let bot = world.bot_with(world.in_shadow(&owners), Parts::default()).await;
        world.say(PASTE);
        let note = world.note(&owners, |note| words(note).contains("QX4711")).await;
        let eve = world.control("person", json!({"name": "eve", "stranger": true})).await;
        let eve = eve["id"].as_str().unwrap().to_owned();
        let members = json!({"name": "owners", "members": [ADA, GRACE, SIGNPOST, eve]});
        world.control("channel", members).await;
        world.click_in(&eve, &owners, &note, "Right").await;
        world.whispered(&eve, &owners, "can rate my answers").await;
        assert_eq!(world.shadow_rows().await[0].2, None);

        world.click_in(ADA, &owners, &note, "Right").await;
        let judged = world
            .note(&owners, |note| words(note).contains("Marked as “Right” by Ada"))
            .await;
        assert_eq!(buttons(&judged), ["Wrong runbook", "Shouldn’t answer"]);
        world.click_in(GRACE, &owners, &judged, "Wrong runbook").await;
        let changed = world
            .note(&owners, |note| words(note).contains("“Wrong runbook” by Grace"))
            .await;
        assert_eq!(buttons(&changed), ["Right", "Shouldn’t answer"]);
        let verdict = |name: &str| Some(name.to_owned());
        let section = verdict("QX4711");
        assert_eq!(
            world.shadow_rows().await,
            [("answer".to_owned(), section, verdict("wrong"), verdict("Grace"))]
        );
        assert_eq!(world.notes_now(&owners).len(), 1);

        // After the retention the row is gone, and the message with its buttons is still there.
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.store());
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        sqlx::query("DELETE FROM shadow_answers").execute(&pool).await.unwrap();
        pool.close().await;
        world.click_in(ADA, &owners, &changed, "Right").await;
        world.whispered(ADA, &owners, "This answer has expired").await;
        let still = world.workspace.read(|state| whispers(state, GRACE, &owners));
        assert!(still.is_empty(), "{still:?}");
        bot.stop().await;
    });
}

#[test]
fn an_edit_changes_what_is_recorded_and_a_deleted_message_leaves_nothing() {
    with(|world| async move {
        let owners = world.owners().await;
        let bot = world.bot_with(world.in_shadow(&owners), Parts::default()).await;
        let ts = world.say(PASTE);
        let note = world.note(&owners, |note| words(note).contains("w-17")).await;
        world.click_in(ADA, &owners, &note, "Right").await;
        world.note(&owners, |note| words(note).contains("Marked as")).await;
        // Another value of the same error is still judged, another error is not.
        world.edit(&ts, &PASTE.replace("w-17", "w-99")).await;
        let edited = world.note(&owners, |note| words(note).contains("w-99")).await;
        assert!(words(&edited).contains("Marked as “Right” by Ada"), "{edited}");
        world.edit(&ts, MARKER).await;
        let other = world.note(&owners, |note| words(note).contains("QX4712")).await;
        assert_eq!((&other["ts"], buttons(&other).len()), (&note["ts"], 3));
        let rows = world.shadow_rows().await;
        assert_eq!(rows, [("answer".to_owned(), Some("QX4712".to_owned()), None, None)]);
        // Nothing that is recognised any more, and then again.
        world.edit(&ts, "never mind").await;
        let gone = world
            .workspace
            .wait_for(|state| notes(state, &owners).is_empty().then_some(()));
        gone.await.unwrap();
        assert!(world.shadow_rows().await.is_empty());
        world.edit(&ts, PASTE).await;
        world.note(&owners, |note| words(note).contains("QX4711")).await;
        world.workspace.say(GRACE, SUPPORT, PASTE).unwrap();
        assert_eq!(world.shadow_kinds().await, ["answer", "repeat"]);
        let repeated = world.say("thank you again");
        world.delete(&ts).await;
        let gone = world
            .workspace
            .wait_for(|state| notes(state, &owners).is_empty().then_some(()));
        gone.await.unwrap();
        assert_eq!(world.shadow_kinds().await, ["repeat"]);
        assert_eq!(unasked_in(&world, SUPPORT, &[&ts, &repeated]), 0);
        bot.stop().await;
    });
}

#[test]
fn nothing_of_a_deleted_piece_stays_in_what_is_recorded() {
    with(|world| async move {
        world.write("beam.md", HALVES);
        let owners = world.owners().await;
        let bot = world.bot_with(world.in_shadow(&owners), Parts::default()).await;
        let first = world.say("beam d-4 let go");
        let second = world.say("damper silent for 30 s");
        world.note(&owners, |note| words(note).contains("Dock trouble")).await;
        let pool = world.look_into_store().await;
        let texts: String = sqlx::query_scalar("SELECT texts FROM shadow_answers")
            .fetch_one(&pool)
            .await
            .unwrap();
        assert!(texts.contains("d-4") && texts.contains("damper silent"), "{texts}");
        world.delete(&first).await;
        let gone = world
            .workspace
            .wait_for(|state| notes(state, &owners).is_empty().then_some(()));
        gone.await.unwrap();
        world.wait_until_sent().await;
        assert_eq!(unasked_in(&world, SUPPORT, &[&first, &second]), 0);
        bot.stop().await;
        world.assert_nothing_kept("d-4").await;
    });
}

#[test]
fn a_paste_in_pieces_with_a_question_after_it_is_recorded_once() {
    with(|world| async move {
        world.write("beam.md", HALVES);
        let owners = world.owners().await;
        let bot = world.bot_with(world.in_shadow(&owners), Parts::default()).await;
        let first = world.say("beam d-4 let go");
        world.say("damper silent for 30 s");
        world.note(&owners, |note| words(note).contains("Dock trouble")).await;
        world.say("can anyone help?");
        assert_eq!(world.shadow_kinds().await, ["answer"]);
        assert_eq!(world.notes_now(&owners).len(), 1);
        world.delete(&first).await;
        let gone = world
            .workspace
            .wait_for(|state| notes(state, &owners).is_empty().then_some(()));
        gone.await.unwrap();
        assert!(world.shadow_rows().await.is_empty());
        bot.stop().await;
        world.assert_nothing_kept("d-4").await;
    });
}

#[test]
fn a_detail_that_is_edited_into_errors_of_its_own_is_recorded_each_time() {
    with(|world| async move {
        let owners = world.owners().await;
        let mut answering = world.in_shadow(&owners);
        answering.answers.mode = AnswerMode::Answer;
        let bot = world.bot_with(answering, Parts::default()).await;
        let first = world.say("the deploy ended with error QX4711");
        world.saying(&first, &["QX4711"]).await;
        let detail = world.say("QX4711: the flux capacitor of node w-17 is empty");
        world.saying(&first, &["fluxctl fill w-17"]).await;
        bot.stop().await;
        let bot = world.bot_with(world.in_shadow(&owners), Parts::default()).await;
        world.edit(&detail, MARKER).await;
        let note = world.note(&owners, |note| words(note).contains("QX4712")).await;
        world.edit(&detail, &MARKER.replace("w-18", "w-19")).await;
        let changed = world.note(&owners, |note| words(note).contains("w-19")).await;
        assert_eq!(changed["ts"], note["ts"]);
        assert_eq!(world.shadow_kinds().await, ["answer"]);
        // One that cannot be read any more is written anew.
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.store());
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        sqlx::query("UPDATE shadow_answers SET body = '?'")
            .execute(&pool)
            .await
            .unwrap();
        pool.close().await;
        world.edit(&detail, &MARKER.replace("w-18", "w-20")).await;
        world.note(&owners, |note| words(note).contains("w-20")).await;
        assert_eq!(world.shadow_kinds().await, ["answer"]);
        world.edit(&detail, "never mind").await;
        let gone = world
            .workspace
            .wait_for(|state| notes(state, &owners).is_empty().then_some(()));
        gone.await.unwrap();
        assert!(world.shadow_rows().await.is_empty());
        bot.stop().await;
    });
}

#[test]
fn a_channel_of_the_owners_that_others_read_is_told_nothing() {
    with(|world| async move {
        let made = json!({"name": "owners", "members": [ADA, GRACE, SIGNPOST], "shared": true});
        let made = world.control("channel", made).await;
        let owners = made["channel"].as_str().unwrap().to_owned();
        let bot = world.bot_with(world.in_shadow(&owners), Parts::default()).await;
        world.say(PASTE);
        assert_eq!(world.shadow_kinds().await, ["answer"]);
        world.wait_until_sent().await;
        assert!(world.notes_now(&owners).is_empty());
        bot.stop().await;
    });
}

#[test]
fn a_channel_of_the_owners_of_which_slack_says_nothing_is_told_nothing() {
    with(|world| async move {
        let owners = world.owners().await;
        world.fault(&json!({"kind": "error", "method": "conversations.info", "error": "internal_error", "times": 100}));
        let bot = world.bot_with(world.in_shadow(&owners), Parts::default()).await;
        world.say(PASTE);
        assert_eq!(world.shadow_kinds().await, ["answer"]);
        world.wait_until_sent().await;
        assert!(world.notes_now(&owners).is_empty());
        bot.stop().await;
    });
}

#[test]
fn a_message_to_the_owners_that_slack_refused_is_posted_with_the_next_change() {
    with(|world| async move {
        let owners = world.owners().await;
        let bot = world.bot_with(world.in_shadow(&owners), Parts::default()).await;
        let refused = json!({
            "kind": "error", "error": "channel_not_found", "method": "chat.postMessage", "app": "A0SIGNPOST",
            "channel": owners, "times": 1,
        });
        world.fault(&refused);
        let ts = world.say(PASTE);
        assert_eq!(world.shadow_kinds().await, ["answer"]);
        world.wait_until_sent().await;
        assert!(world.notes_now(&owners).is_empty());
        world.edit(&ts, &PASTE.replace("w-17", "w-99")).await;
        world.note(&owners, |note| words(note).contains("w-99")).await;
        bot.stop().await;
    });
}

#[test]
fn who_asks_is_answered_as_ever_and_told_of_the_mode() {
    with(|world| async move {
        let owners = world.owners().await;
        let bot = world.bot_with(world.in_shadow(&owners), Parts::default()).await;
        let ts = world.say(&format!("<@{SIGNPOST}> {PASTE}"));
        world.saying(&ts, &["fluxctl fill w-17"]).await;
        let told = world.command(ADA, "status").await;
        assert!(words(&told["response"]).contains("in shadow mode"), "{told}");
        let direct = "D0ADA00001";
        let direct_ts = world.workspace.say(ADA, direct, MARKER).unwrap();
        assert_eq!(world.replies_in(direct, &direct_ts).await.len(), 1);
        // Somebody else has the error that was answered here.
        let second = world.workspace.say(GRACE, SUPPORT, PASTE).unwrap();
        assert_eq!(world.shadow_kinds().await, ["repeat"]);
        assert_eq!(unasked_in(&world, SUPPORT, &[&second]), 0);
        assert_eq!(world.settled(&ts).await.len(), 1);
        assert!(world.notes_now(&owners).is_empty());
        bot.stop().await;
    });
}

#[test]
fn a_recorded_message_that_turns_into_a_question_is_answered_and_no_longer_recorded() {
    with(|world| async move {
        let owners = world.owners().await;
        let bot = world.bot_with(world.in_shadow(&owners), Parts::default()).await;
        let ts = world.say(PASTE);
        world.note(&owners, |note| words(note).contains("QX4711")).await;
        world.edit(&ts, &format!("<@{SIGNPOST}> {PASTE}")).await;
        world.saying(&ts, &["fluxctl fill w-17"]).await;
        let gone = world
            .workspace
            .wait_for(|state| notes(state, &owners).is_empty().then_some(()));
        gone.await.unwrap();
        assert!(world.shadow_rows().await.is_empty());
        bot.stop().await;
    });
}

#[test]
fn a_channel_has_a_mode_of_its_own_and_switching_back_needs_nothing_else() {
    with(|world| async move {
        let owners = world.owners().await;
        let mut settings = world.in_shadow(&owners);
        settings.channels.push(Channel {
            id: SUPPORT.to_owned(),
            mode: Some(AnswerMode::Answer),
            ..Channel::default()
        });
        let bot = world.bot_with(settings.clone(), Parts::default()).await;
        let answered = world.say(PASTE);
        world.saying(&answered, &["fluxctl fill w-17"]).await;
        let recorded = world.workspace.say(ADA, ALERTS, MARKER).unwrap();
        world.note(&owners, |note| words(note).contains("QX4712")).await;
        assert_eq!(unasked_in(&world, ALERTS, &[&recorded]), 0);
        bot.stop().await;
        settings.answers.mode = AnswerMode::Answer;
        let bot = world.bot_with(settings, Parts::default()).await;
        // What was recorded stays so, also when it is edited.
        let edit = json!({"channel": ALERTS, "ts": recorded, "text": MARKER.replace("w-18", "w-19")});
        world.control("edit", edit).await;
        world.note(&owners, |note| words(note).contains("w-19")).await;
        let next = world.workspace.say(GRACE, ALERTS, MARKER).unwrap();
        world.replies_in(ALERTS, &next).await;
        assert_eq!(unasked_in(&world, ALERTS, &[&recorded]), 0);
        bot.stop().await;
    });
}

#[test]
fn an_alert_is_recorded_once_while_it_fires_and_again_when_it_fires_anew() {
    with(|world| async move {
        world.write(
            "core.md",
            "---\nsignpost:\n  signatures:\n    - alert: CoreBreachImminent\n---\n# Core breach\n\n1. Eject the core.\n",
        );
        let owners = world.owners().await;
        let mut settings = world.in_shadow(&owners);
        // Over two connections a later event may arrive first.
        settings.slack.connections = 1;
        let bot = world.bot_with(settings, Parts::default()).await;
        let kinds = async || -> Vec<String> {
            world.settled_in(ALERTS, "").await;
            world.shadow_rows().await.into_iter().map(|row| row.0).collect()
        };
        world.alert("CoreBreachImminent", "firing").await;
        world.note(&owners, |note| words(note).contains("Core breach")).await;
        assert_eq!(kinds().await, ["answer"]);
        world.alert("CoreBreachImminent", "firing").await;
        assert_eq!(kinds().await, ["answer"], "a reminder");
        world.alert("CoreBreachImminent", "resolved").await;
        kinds().await;
        world.alert("CoreBreachImminent", "firing").await;
        let both = world
            .workspace
            .wait_for(|state| (notes(state, &owners).len() == 2).then_some(()));
        both.await.unwrap();
        assert_eq!(kinds().await, ["answer", "answer"]);
        assert_eq!(world.notes_now(&owners).len(), 2);
        bot.stop().await;
    });
}

#[test]
fn a_bot_that_is_killed_while_it_tells_the_owners_tells_them_once() {
    with(|world| async move {
        let owners = world.owners().await;
        let bot = world.bot_with(world.in_shadow(&owners), Parts::default()).await;
        let slow = json!({"kind": "slow", "ms": 900, "apply": true, "method": "chat.postMessage", "app": "A0SIGNPOST"});
        world.fault(&slow);
        world.say(PASTE);
        world.note(&owners, |note| words(note).contains("QX4711")).await;
        bot.kill().await;
        world.fault(&json!({"clear": true}));
        assert_eq!(
            world.shadow_rows().await.len(),
            1,
            "kept together with what is to be sent"
        );
        let bot = world.bot_with(world.in_shadow(&owners), Parts::default()).await;
        world.wait_until_sent().await;
        assert_eq!(world.shadow_kinds().await, ["answer"]);
        assert_eq!(world.notes_now(&owners).len(), 1);
        bot.stop().await;
    });
}

#[test]
fn without_a_channel_for_the_owners_it_is_only_recorded() {
    with(|world| async move {
        let bot = world.bot_with(world.in_shadow(""), Parts::default()).await;
        let ts = world.say(PASTE);
        assert_eq!(world.shadow_kinds().await, ["answer"]);
        assert_eq!(unasked_in(&world, SUPPORT, &[&ts]), 0);
        // Neither in a channel where nobody is answered unasked.
        bot.stop().await;
        let mut settings = world.in_shadow("");
        settings.answers.auto = false;
        let bot = world.bot_with(settings, Parts::default()).await;
        world.say(MARKER);
        assert_eq!(world.shadow_kinds().await.len(), 1);
        bot.stop().await;
    });
}
