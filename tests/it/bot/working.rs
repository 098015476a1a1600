//! Working through a runbook in its thread, as two people on call do.

use super::acts::{buttons, said, text, whispers};
use super::*;
use signpost::clock::{Clock as _, SystemClock};
use signpost::sandbox::GRACE;

/// Twelve steps, a branch, people to call.
const ENGINE: &str = "---\nsignpost:\n  team: engines\n---\n# Warp engine stalls\n\n\
    ```\nWX100: the warp engine of node <NODE> stalls\n```\n\n## What to do\n\n\
    1. Look at the gauge: `gauge <NODE>`.\n2. Stop the pump.\n3. Open the first valve.\n4. Open the second valve.\n\
    5. If it is cold, see [Cold start](#cold-start).\n6. Close the first valve.\n7. Close the second valve.\n\
    8. Drain the sump.\n9. Fill the sump.\n10. Start the pump.\n11. Wait a minute.\n12. Engage.\n\n\
    ## Cold start\n\n1. Preheat the core.\n2. Turn the crank.\n";
const TEAMS: &str = "engines:\n  name: engines\n  comm: {name: \"#engines\", link: https://chat.example.com/engines}\n  \
    escalate: {name: Engines on call, link: https://pager.example.com/engines}\n";
pub(super) const STALLS: &str = "WX100: the warp engine of node e-5 stalls";
/// Like it, but not it: a near miss.
const DRIVE: &str = "# Warp drive hums\n\nThe warp drive of a node hums or stalls when the engine is worn.\n\n\
    1. Oil the drive.\n";

pub(super) fn engines(world: &World) {
    world.write("engine.md", ENGINE);
    world.write("drive.md", DRIVE);
    std::fs::create_dir_all(world.runbooks().join("_data")).unwrap();
    world.write("_data/teams.yml", TEAMS);
}

/// Runs a test in which Ada has pasted an error of the warp engine.
pub(super) fn with_card<F: Future<Output = ()>>(test: impl FnOnce(World, Bot, String, Value) -> F) {
    with(|world| async move {
        engines(&world);
        let bot = world.bot().await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        test(world, bot, ts, card).await;
    });
}

#[test]
fn twelve_steps_are_shown_a_few_at_a_time() {
    with_card(|world, bot, ts, card| async move {
        assert!(text(&card).contains("part 1 of 3"), "{}", text(&card));
        assert!(text(&card).contains("gauge e-5"), "{}", text(&card));
        assert!(!said(&card).contains("Drain the sump"), "{}", said(&card));
        assert!(!buttons(&card).contains(&"Back".to_owned()));
        world.click(GRACE, &card, "Next").await;
        let card = world.saying(&ts, &["part 2 of 3", "Drain the sump"]).await;
        world.click(ADA, &card, "Next").await;
        let card = world.saying(&ts, &["part 3 of 3", "Engage."]).await;
        assert!(!buttons(&card).contains(&"Next".to_owned()));
        world.click(ADA, &card, "Back").await;
        world.saying(&ts, &["part 2 of 3"]).await;
        assert_eq!(world.settled(&ts).await.len(), 1, "one message that changes");
        bot.stop().await;
    });
}

#[test]
fn a_step_that_one_person_has_done_is_marked_for_all_and_can_be_taken_back_by_another() {
    with_card(|world, bot, ts, card| async move {
        world.click(ADA, &card, "2.").await;
        let card = world.saying(&ts, &["Undo 2."]).await;
        assert!(text(&card).contains("Done by Ada"), "{}", text(&card));
        world.click(GRACE, &card, "Undo 2.").await;
        let card = world
            .reply_that(SUPPORT, &ts, |card| !words(card).contains("Done by"))
            .await;
        assert!(buttons(&card).iter().any(|label| label.starts_with("2. ")));
        bot.stop().await;
    });
}

#[test]
fn a_branch_leads_to_its_section_and_back_again_with_all_marks() {
    with_card(|world, bot, ts, card| async move {
        world.click(ADA, &card, "1.").await;
        let card = world.saying(&ts, &["Done by Ada"]).await;
        world.click(GRACE, &card, "Cold start").await;
        let card = world.saying(&ts, &["Preheat the core"]).await;
        assert!(
            text(&card).contains("Continued from “Warp engine stalls”"),
            "{}",
            text(&card)
        );
        world.click(ADA, &card, "2.").await;
        let card = world.saying(&ts, &["Preheat the core", "Done by Ada"]).await;
        world.click(GRACE, &card, "Back to Warp engine stalls").await;
        let card = world.saying(&ts, &["Open the first valve", "Done by Ada"]).await;
        assert_eq!(text(&card).matches("Done by").count(), 1, "{}", text(&card));
        bot.stop().await;
    });
}

#[test]
fn what_fixed_it_is_told_to_all_and_can_be_opened_again() {
    with_card(|world, bot, ts, card| async move {
        world.click(GRACE, &card, "Fixed").await;
        let card = world.saying(&ts, &["Marked as"]).await;
        assert!(text(&card).contains("Marked as fixed by Grace"), "{}", text(&card));
        assert!(!buttons(&card).contains(&"Escalate".to_owned()), "{:?}", buttons(&card));
        world.reacted(&ts, 1).await;
        assert_eq!(world.reactions(&ts)[0]["name"], "white_check_mark");
        world.click(ADA, &card, "Reopen").await;
        let card = world
            .reply_that(SUPPORT, &ts, |card| !said(card).contains("Marked as fixed"))
            .await;
        assert!(buttons(&card).contains(&"Fixed".to_owned()));
        world.reacted(&ts, 0).await;
        world.click(ADA, &card, "Fixed").await;
        world.reacted(&ts, 1).await;
        bot.stop().await;
    });
}

#[test]
fn what_did_not_help_offers_what_comes_close() {
    with_card(|world, bot, ts, card| async move {
        world.click(ADA, &card, "Didn’t help").await;
        let card = world.saying(&ts, &["this didn’t help", "Show Warp drive hums"]).await;
        assert!(text(&card).contains("Ada: this didn’t help"), "{}", text(&card));
        world.click(GRACE, &card, "Show Warp drive hums").await;
        let card = world.saying(&ts, &["Oil the drive"]).await;
        assert!(!text(&card).contains("by Ada"), "{}", text(&card));
        bot.stop().await;
    });
}

#[test]
fn a_wrong_runbook_is_exchanged_for_another_or_taken_up_again() {
    with_card(|world, bot, ts, card| async move {
        world.click(ADA, &card, "Wrong runbook").await;
        let card = world.saying(&ts, &["Show Warp drive hums"]).await;
        assert!(
            text(&card).contains("Marked as the wrong runbook by Ada"),
            "{}",
            text(&card)
        );
        assert!(!text(&card).contains("Look at the gauge"), "{}", text(&card));
        world.click(GRACE, &card, "Undo “wrong runbook”").await;
        let card = world.saying(&ts, &["Look at the gauge"]).await;
        assert!(!text(&card).contains("Wrong runbook, says"), "{}", text(&card));
        world.click(GRACE, &card, "Wrong runbook").await;
        let card = world.saying(&ts, &["Show Warp drive hums"]).await;
        world.click(ADA, &card, "Show Warp drive hums").await;
        let card = world.saying(&ts, &["Oil the drive"]).await;
        assert!(!text(&card).contains("Matched"), "{}", text(&card));
        bot.stop().await;
    });
}

#[test]
fn a_wrong_runbook_without_another_says_how_to_go_on() {
    with(|world| async move {
        let bot = world.bot().await;
        let ts = world.say(PASTE);
        let card = world.saying(&ts, &["QX4711"]).await;
        world.click(ADA, &card, "Wrong runbook").await;
        let card = world.saying(&ts, &["wrong runbook", "by Ada"]).await;
        assert!(
            text(&card).contains("search WORDS") || text(&card).contains("closest"),
            "{}",
            text(&card)
        );
        assert!(buttons(&card).contains(&"Escalate".to_owned()), "{:?}", buttons(&card));
        bot.stop().await;
    });
}

#[test]
fn an_escalation_shows_whom_to_call_and_posts_its_summary_once() {
    with_card(|world, bot, ts, card| async move {
        world.click(ADA, &card, "1.").await;
        let card = world.saying(&ts, &["Done by Ada"]).await;
        world.click(GRACE, &card, "Escalate").await;
        let window = world.window(GRACE).await;
        let shown = window.to_string();
        assert!(
            shown.contains("Engines on call") && shown.contains("#engines"),
            "{shown}"
        );
        let input = window["blocks"].as_array().unwrap().last().unwrap();
        let summary = input["element"]["initial_value"].as_str().unwrap();
        for told in ["WX100", "Warp engine stalls", "step 1 (Ada", "step 2", "Thread: http"] {
            assert!(summary.contains(told), "{told}: {summary}");
        }
        let view = window["id"].as_str().unwrap();
        let values = json!({"summary": {"value": "The valve sticks <!channel>"}});
        let sent = json!({"user": GRACE, "view_id": view, "values": values});
        assert_eq!(world.control("submit", sent).await["acknowledged"], true);
        let posted = world.saying(&ts, &["The valve sticks"]).await;
        assert!(!words(&posted).contains("<!channel>"), "nobody is pinged: {posted}");
        assert!(text(&posted).contains("Escalated by Grace"), "{}", text(&posted));
        assert!(text(&posted).contains("Engines on call"), "{}", text(&posted));
        let card = world
            .reply_that(SUPPORT, &ts, |reply| {
                words(reply).contains("Look at the gauge") && words(reply).contains("Escalated")
            })
            .await;
        assert!(text(&card).contains("Escalated by Grace"), "{}", text(&card));
        assert_eq!(world.settled(&ts).await.len(), 2, "card and summary");
        bot.stop().await;
    });
}

#[test]
fn what_people_have_done_survives_kill_9_and_old_buttons_still_work() {
    with(|world| async move {
        engines(&world);
        let bot = world.bot().await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        world.click(ADA, &card, "1.").await;
        bot.kill().await;
        let bot = world.bot().await;
        let marked = world.saying(&ts, &["Done by Ada"]).await;
        world.click(GRACE, &marked, "3.").await;
        let marked = world.saying(&ts, &["Done by Ada", "Done by Grace"]).await;
        // The button as it stood on the first version of the card.
        bot.kill().await;
        let bot = world.bot().await;
        world.click(GRACE, &marked, "Next").await;
        world.saying(&ts, &["part 2 of 3"]).await;
        bot.stop().await;
    });
}

#[test]
fn many_clicks_of_two_people_at_once_are_all_kept() {
    with_card(|world, bot, ts, card| async move {
        let clicks = (1..=5).flat_map(|step| {
            let label = format!("{step}.");
            [(ADA, label.clone()), (GRACE, label)]
        });
        let clicks = clicks.chain((0..10).map(|n| (if n % 2 == 0 { ADA } else { GRACE }, "Next".to_owned())));
        let (world, card) = (&world, &card);
        let clicks = clicks.map(|(who, label)| async move { world.click(who, card, &label).await });
        futures_util::future::join_all(clicks).await;
        let next = world.saying(&ts, &["part 2 of 3"]).await;
        world.click(ADA, &next, "Back").await;
        let all = world
            .reply_that(SUPPORT, &ts, |card| text(card).matches("Done by").count() == 5)
            .await;
        assert!(text(&all).contains("part 1 of 3"), "{}", text(&all));
        assert!(world.workspace.read(|state| whispers(state, ADA, SUPPORT).is_empty()));
        bot.stop().await;
    });
}

/// A button that no card of this version holds.
fn stray(world: &World, value: &str) -> Value {
    let button = json!({
        "type": "button", "action_id": "signpost_done_0", "text": {"type": "plain_text", "text": "Old"}, "value": value,
    });
    let message = json!({
        "channel": SUPPORT, "text": "an old card", "blocks": [{"type": "actions", "elements": [button]}],
    });
    world.workspace.call(SIGNPOST, "chat.postMessage", &message).unwrap()
}

#[test]
fn a_button_that_is_not_known_any_more_says_so_to_who_clicked() {
    let forgotten = r#"{"v":1,"case":"T1:C1:1.2","do":"fixed"}"#;
    let later = r#"{"v":2,"case":"T1:C1:1.2","do":"fixed"}"#;
    let other = r#"{"v":1,"case":"T1:C1:1.2","do":"dance"}"#;
    for value in [forgotten, later, other, "fixed"] {
        with(|world| async move {
            let bot = world.bot().await;
            let old = stray(&world, value);
            world.click(GRACE, &old, "Old").await;
            let told = world.whispered(GRACE, SUPPORT, "has expired").await;
            assert!(text(&told).contains("Paste the error again"), "{}", text(&told));
            bot.stop().await;
        });
    }
}

#[test]
fn steps_that_are_added_before_keep_the_marks_and_a_section_that_is_gone_is_told() {
    with_card(|world, bot, ts, card| async move {
        world.click(ADA, &card, "2.").await;
        world.saying(&ts, &["Done by Ada"]).await;
        let reloads = bot.parts.status.get().reloads;
        world.write(
            "engine.md",
            &ENGINE.replace("1. Look at", "1. Put on gloves.\n1. Look at"),
        );
        bot.parts.status.wait_for(|now| now.reloads > reloads).await;
        world.click(GRACE, &card, "1.").await;
        let card = world.saying(&ts, &["Put on gloves", "Done by Grace"]).await;
        let told = text(&card);
        assert_eq!(told.matches("Done by").count(), 2, "{told}");
        let pump = told.find("Stop the pump").unwrap();
        assert!(told[pump..].contains("Done by Ada"), "{told}");

        world.click(ADA, &card, "Cold start").await;
        let card = world.saying(&ts, &["Preheat the core"]).await;
        let reloads = bot.parts.status.get().reloads;
        world.write("engine.md", ENGINE.split("## Cold start").next().unwrap());
        bot.parts.status.wait_for(|now| now.reloads > reloads).await;
        world.click(ADA, &card, "1.").await;
        let card = world
            .reply_that(SUPPORT, &ts, |card| !words(card).contains("Preheat the core"))
            .await;
        assert!(text(&card).contains("no longer in the runbooks"), "{}", text(&card));
        assert!(
            buttons(&card).iter().any(|button| button.starts_with("Back to")),
            "{:?}",
            buttons(&card)
        );
        bot.stop().await;
    });
}

#[test]
fn a_click_is_answered_while_thousands_of_messages_wait() {
    with(|world| async move {
        engines(&world);
        let bot = world.bot().await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        bot.stop().await;
        wait_in_inbox(&world, 5_000).await;
        let bot = world.bot().await;
        world.click(GRACE, &card, "1.").await;
        let waiting = world.waiting().await;
        assert!(waiting > 0, "the inbox was empty before the click was answered");
        world.saying(&ts, &["Done by Grace"]).await;
        let answer = world.command(ADA, "help").await;
        assert!(
            answer["response"]["text"]
                .as_str()
                .is_some_and(|text| text.contains("search")),
            "{answer}"
        );
        bot.kill().await;
    });
}

impl World {
    /// Messages that are not handled yet.
    async fn waiting(&self) -> i64 {
        let pool = self.look_into_store().await;
        let count = sqlx::query_scalar("SELECT count(*) FROM inbox WHERE state = 'waiting'");
        count.fetch_one(&pool).await.unwrap()
    }
}

/// As if the bot had just come back and all this had been received.
async fn wait_in_inbox(world: &World, count: usize) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.store());
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let mut transaction = pool.begin().await.unwrap();
    for number in 0..count {
        let ts = format!("1700000000.{number:06}");
        let message = json!({"team_id": "T0SANDBOX1", "event": {
            "type": "message", "channel": SUPPORT, "channel_type": "channel", "user": ADA, "ts": ts,
            "text": format!("chat number {number}"),
        }});
        sqlx::query(
            "INSERT INTO inbox (key, lane, mentioned, payload, received_at, state) VALUES (?, ?, 0, ?, ?, 'waiting')",
        )
        .bind(format!("T0SANDBOX1:{SUPPORT}:{ts}:"))
        .bind(format!("T0SANDBOX1:{SUPPORT}"))
        .bind(message.to_string())
        .bind(SystemClock.now().as_millisecond())
        .execute(&mut *transaction)
        .await
        .unwrap();
    }
    transaction.commit().await.unwrap();
    pool.close().await;
}

#[test]
fn a_mention_in_the_thread_of_a_card_is_about_that_card() {
    with_card(|world, bot, ts, _| async move {
        let remark = |said: &str| {
            world
                .workspace
                .reply(ADA, SUPPORT, &ts, &format!("<@{SIGNPOST}> {said}"))
                .unwrap()
        };
        remark("what now?");
        world.saying(&ts, &["Next: 1. Look at the gauge: gauge e-5"]).await;
        remark("step 1 done");
        world.saying(&ts, &["Marked as done", "Next: 2. Stop the pump"]).await;
        world.saying(&ts, &["Warp engine stalls", "Done by Ada"]).await;
        remark("undo step 1");
        world.saying(&ts, &["No longer marked as done"]).await;
        remark("step 40 is done");
        world.saying(&ts, &["The runbook has no such step."]).await;
        remark("who do I call?");
        world
            .reply_that(SUPPORT, &ts, |reply| {
                !words(reply).contains("What to do") && words(reply).contains("Engines on call")
            })
            .await;
        remark("it didn’t help");
        world.saying(&ts, &["Marked as “didn’t help”"]).await;
        world.saying(&ts, &["Ada: this", "didn’t help"]).await;
        remark("it works now");
        world.saying(&ts, &["Marked as fixed."]).await;
        world.saying(&ts, &["Marked as *fixed* by Ada"]).await;
        world.reacted(&ts, 1).await;
        // Elsewhere the same words are about nothing.
        let elsewhere = world.say(&format!("<@{SIGNPOST}> what now?"));
        let answer = world.replies(&elsewhere).await;
        assert!(!text(&answer[0]).contains("Next:"), "{}", text(&answer[0]));
        bot.stop().await;
    });
}
