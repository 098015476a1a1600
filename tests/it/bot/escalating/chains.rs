//! Escalations that go on: what stops them, and what "I'm on it" is about.

use super::*;

/// Leads are called after 15 minutes, and paged.
fn leads() -> String {
    teams(&format!(
        "  escalation:\n    - {{after: 15, mention: {ONCALL}, name: Leads, page: true}}\n"
    ))
}

/// The messages of the bot in a channel that have a button to acknowledge.
fn open_messages(world: &World, channel: &str) -> usize {
    world.workspace.read(|state| {
        let messages = state.channel(channel).unwrap().messages.values();
        let ours = messages.filter(|message| message.user() == SIGNPOST);
        ours.filter(|message| buttons(&Value::Object(message.value.clone())).contains(&"I’m on it".to_owned()))
            .count()
    })
}

#[test]
fn the_button_of_any_step_acknowledges_all_of_them() {
    with(|world| async move {
        let (bot, clock) = world.engines_in_time(&leads()).await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        world
            .escalate(ADA, &card, json!({"summary": {"value": "The valve sticks"}}))
            .await;
        world.posted(RANDOM, "Paged Grace").await;
        clock.turn(SignedDuration::from_mins(16));
        world.posted(RANDOM, "Paged Leads").await;
        let first = world.posted(RANDOM, "Paged Grace").await;
        world.click_in(GRACE, RANDOM, &first, "I’m on it").await;
        world.saying(&ts, &["Grace is on it"]).await;
        let is_over = |page: &Value| page["status"] == "acknowledged";
        let pages = world
            .pages_that(|pages| pages.as_array().unwrap().iter().all(is_over))
            .await;
        assert_eq!(paged(&pages), 2);
        world.wait_until_sent().await;
        assert_eq!(open_messages(&world, RANDOM), 0);
        bot.stop().await;
    });
}

#[test]
fn an_escalation_goes_on_whatever_happens_to_another_one() {
    with(|world| async move {
        let others = leads().replace(
            "  name: Others\n",
            &format!("  name: Others\n  slack: {{channel: {RANDOM}}}\n  page: local\n"),
        );
        let (bot, clock) = world.engines_in_time(&others).await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        world
            .escalate(ADA, &card, json!({"summary": {"value": "The valve sticks"}}))
            .await;
        let more = json!({
            "summary": {"value": "The pump hums"}, "team": {"value": "others"}, "mention": {"value": "nobody"},
            "page": {"value": "no"},
        });
        let card = world.saying(&ts, &["Escalated to Engines"]).await;
        world.escalate(ADA, &card, more).await;
        let message = world.posted(RANDOM, "The pump hums").await;
        world.click_in(GRACE, RANDOM, &message, "I’m on it").await;
        world.saying(&ts, &["Grace is on it"]).await;
        clock.turn(SignedDuration::from_mins(16));
        world.posted(RANDOM, "Paged Leads").await;
        bot.stop().await;
    });
}

#[test]
fn a_runbook_that_does_not_help_stops_no_escalation_and_hides_none() {
    with(|world| async move {
        let (bot, clock) = world.engines_in_time(&leads()).await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        world
            .escalate(ADA, &card, json!({"summary": {"value": "The valve sticks"}}))
            .await;
        let card = world.saying(&ts, &["Paged."]).await;
        world.click(ADA, &card, "Didn’t help").await;
        world
            .saying(&ts, &["didn’t help", "Escalated to Engines (Grace)"])
            .await;
        clock.turn(SignedDuration::from_mins(16));
        world.posted(RANDOM, "Paged Leads").await;
        world
            .saying(&ts, &["didn’t help", "Escalated to Engines (Leads)"])
            .await;
        bot.stop().await;
    });
}

#[test]
fn nobody_is_called_for_what_is_fixed_and_the_team_learns_that() {
    with(|world| async move {
        let (bot, clock) = world.engines_in_time(&leads()).await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        world.oncall_faults(503, 20).await;
        world
            .escalate(ADA, &card, json!({"summary": {"value": "The valve sticks"}}))
            .await;
        let card = world.saying(&ts, &["Paging…"]).await;
        world.click(ADA, &card, "Fixed").await;
        let message = world.posted(RANDOM, "Fixed by Ada").await;
        assert!(buttons(&message).is_empty(), "{message}");
        clock.turn(SignedDuration::from_mins(2));
        let audit = world.audit_up_to("page-dropped").await;
        assert_eq!(audit, "escalated page-dropped");
        clock.turn(SignedDuration::from_mins(16));
        world.settled(&ts).await;
        assert_eq!(paged(&world.workspace.pages()), 0);
        // Opened again, it is shown as before.
        let card = world.saying(&ts, &["Marked as fixed"]).await;
        world.click(ADA, &card, "Reopen").await;
        world.saying(&ts, &["Escalated to Engines (Grace)"]).await;
        world.wait_until_sent().await;
        assert_eq!(open_messages(&world, RANDOM), 1);
        bot.stop().await;
    });
}
