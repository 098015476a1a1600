//! Cards in the states that people bring about: turned pages, edits, runbooks that go away, steps of other pages.

use super::acts::{buttons, said, text};
use super::working::{STALLS, with_card};
use super::*;
use signpost::sandbox::GRACE;

/// A section with text that the steps leave out, and steps whose numbers begin anew.
const PUMP: &str = "# Pump rattles\n\n## Symptoms\n\n```\nPX300: the pump of node <NODE> rattles\n```\n\n\
    The basin empties, and the neighbours complain about the noise at night.\n\n## What to do\n\n\
    1. Look at the pump.\n2. Shut the inlet.\n3. Shut the outlet.\n4. Drain the basin.\n\n\
    ## If it is old\n\n1. Replace the seal.\n2. Grease the bearing.\n3. Turn the wheel.\n";
const RATTLES: &str = "PX300: the pump of node p-7 rattles";

/// A card in a channel whose runbook says more than its steps.
fn with_pump<F: Future<Output = ()>>(test: impl FnOnce(World, Bot, String, Value) -> F) {
    with(|world| async move {
        world.write("pump.md", PUMP);
        let bot = world.bot().await;
        let ts = world.say(RATTLES);
        let card = world.saying(&ts, &["Pump rattles"]).await;
        test(world, bot, ts, card).await;
    });
}

#[test]
fn the_text_that_the_steps_leave_out_is_shown_in_a_channel_with_all_buttons() {
    with_pump(|world, bot, ts, card| async move {
        world.click(ADA, &card, "More from this runbook").await;
        let card = world.saying(&ts, &["the neighbours complain"]).await;
        assert!(text(&card).contains("Ada turned to this part"), "{}", text(&card));
        assert!(buttons(&card).contains(&"Fixed".to_owned()), "{:?}", buttons(&card));
        world.click(GRACE, &card, "Back").await;
        world.saying(&ts, &["Look at the pump"]).await;
        bot.stop().await;
    });
}

#[test]
fn a_step_of_another_page_that_is_done_is_named() {
    with_card(|world, bot, ts, card| async move {
        world.click(ADA, &card, "7.").await;
        let card = world.saying(&ts, &["Also done: step 7 (Ada"]).await;
        world.click(GRACE, &card, "Next").await;
        let card = world.saying(&ts, &["part 2 of 3"]).await;
        assert!(!text(&card).contains("Also done"), "{}", text(&card));
        assert!(text(&card).contains("Done by Ada"), "{}", text(&card));
        bot.stop().await;
    });
}

#[test]
fn what_now_on_the_page_that_is_shown_turns_no_page() {
    with_card(|world, bot, ts, card| async move {
        world.click(ADA, &card, "1.").await;
        world.saying(&ts, &["Done by Ada"]).await;
        world
            .workspace
            .reply(ADA, SUPPORT, &ts, &format!("<@{SIGNPOST}> what now?"))
            .unwrap();
        world.saying(&ts, &["Next: 2. Stop the pump"]).await;
        let card = world.saying(&ts, &["Look at the gauge", "Done by Ada"]).await;
        assert!(!text(&card).contains("turned to"), "{}", text(&card));
        bot.stop().await;
    });
}

#[test]
fn an_edit_to_another_error_keeps_the_outcome_and_offers_the_other() {
    with_card(|world, bot, ts, card| async move {
        world.click(GRACE, &card, "Fixed").await;
        world.saying(&ts, &["Marked as"]).await;
        world.edit(&ts, PASTE).await;
        let card = world.saying(&ts, &["Marked as", "QX4711"]).await;
        let shown = text(&card);
        assert!(shown.contains("The message was edited since."), "{shown}");
        assert!(shown.contains("The message contains another error: QX4711"), "{shown}");
        assert!(shown.contains("Marked as fixed by Grace"), "{shown}");
        world.click(ADA, &card, "Show QX4711").await;
        let card = world.saying(&ts, &["fluxctl fill w-17"]).await;
        assert!(!text(&card).contains("Marked as fixed"), "{}", text(&card));
        assert!(buttons(&card).contains(&"Fixed".to_owned()), "{:?}", buttons(&card));
        bot.stop().await;
    });
}

#[test]
fn an_edit_keeps_marks_and_what_is_no_longer_said_is_not_quoted() {
    with_card(|world, bot, ts, card| async move {
        world.click(ADA, &card, "1.").await;
        world.saying(&ts, &["Done by Ada"]).await;
        world.edit(&ts, PASTE).await;
        let card = world.saying(&ts, &["Done by Ada", "QX4711"]).await;
        assert!(text(&card).contains("Look at the gauge"), "{}", text(&card));
        assert!(!said(&card).contains(STALLS), "{}", said(&card));
        world.edit(&ts, "never mind").await;
        let card = world
            .reply_that(SUPPORT, &ts, |card| !words(card).contains("QX4711"))
            .await;
        assert!(text(&card).contains("The message was edited"), "{}", text(&card));
        assert!(text(&card).contains("Done by Ada"), "{}", text(&card));
        world.edit(&ts, STALLS).await;
        world.saying(&ts, &["Matched", "Done by Ada"]).await;
        bot.stop().await;
    });
}

#[test]
fn a_runbook_that_goes_away_leaves_the_title_the_marks_and_the_outcome() {
    with_card(|world, bot, ts, card| async move {
        world.click(ADA, &card, "1.").await;
        let card = world.saying(&ts, &["Done by Ada"]).await;
        let before = bot.parts.status.get().reloads;
        std::fs::remove_file(world.runbooks().join("engine.md")).unwrap();
        bot.parts.status.wait_for(|now| now.reloads > before).await;
        world.click(GRACE, &card, "2.").await;
        let card = world.saying(&ts, &["no longer in the runbooks"]).await;
        let shown = text(&card);
        assert!(shown.starts_with("Warp engine stalls"), "{shown}");
        assert!(shown.contains("Done so far:"), "{shown}");
        assert!(shown.contains("step 1: Look at the gauge: `gauge e-5`."), "{shown}");
        world.click(GRACE, &card, "Fixed").await;
        world.saying(&ts, &["Marked as"]).await;
        bot.stop().await;
    });
}

#[test]
fn a_wrong_runbook_can_be_undone_and_the_case_can_be_closed_all_the_same() {
    with_card(|world, bot, ts, card| async move {
        world.click(ADA, &card, "Wrong runbook").await;
        let card = world.saying(&ts, &["Show Warp drive hums"]).await;
        let shown = buttons(&card);
        for label in ["Undo “wrong runbook”", "Fixed", "Escalate", "Export"] {
            assert!(shown.contains(&label.to_owned()), "{label}: {shown:?}");
        }
        world.click(GRACE, &card, "Undo “wrong runbook”").await;
        let card = world.saying(&ts, &["Look at the gauge"]).await;
        world.click(GRACE, &card, "Wrong runbook").await;
        let card = world.saying(&ts, &["Show Warp drive hums"]).await;
        world.click(ADA, &card, "Fixed").await;
        world.saying(&ts, &["Marked as"]).await;
        bot.stop().await;
    });
}

#[test]
fn steps_whose_numbers_begin_anew_are_not_counted() {
    with(|world| async move {
        let steps = |letter: char| (1..=4).map(move |number| format!("{number}. Turn the screw {letter}{number}.\n"));
        let text: String = steps('a').collect();
        let more: String = steps('b').collect();
        let page = format!(
            "# Dam leaks\n\n```\nDX500: the dam leaks\n```\n\n## What to do\n\n### Above\n\n{text}\n### Below\n\n{more}"
        );
        world.write("dam.md", &page);
        let bot = world.bot().await;
        let ts = world.say("DX500: the dam leaks");
        let card = world.saying(&ts, &["part 1 of 2"]).await;
        world.click(ADA, &card, "Next").await;
        let card = world.saying(&ts, &["part 2 of 2"]).await;
        assert!(said(&card).contains("Ada turned to part 2"), "{}", said(&card));
        bot.stop().await;
    });
}

#[test]
fn without_another_runbook_the_card_says_to_escalate() {
    with(|world| async move {
        let bot = world.bot().await;
        let ts = world.say(PASTE);
        let card = world.saying(&ts, &["QX4711"]).await;
        world.click(ADA, &card, "Didn’t help").await;
        let card = world.saying(&ts, &["didn’t help"]).await;
        let shown = text(&card);
        assert!(
            shown.contains("No other runbook comes close. Escalate to get help."),
            "{shown}"
        );
        let blocks = card["blocks"].as_array().unwrap().iter();
        let mut elements = blocks.filter_map(|block| block["elements"].as_array()).flatten();
        let is_primary = |element: &Value| element["style"] == "primary" && element["text"]["text"] == "Escalate";
        assert!(elements.any(is_primary), "{card}");
        bot.stop().await;
    });
}
