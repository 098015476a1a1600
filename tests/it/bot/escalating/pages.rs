//! Pages: for which severities, by whom, and how late.

use super::*;

#[test]
fn a_step_pages_only_for_the_severities_of_the_team() {
    with(|world| async move {
        let more = "  escalation:\n    - {after: 15, page: true}\n";
        let teams = teams(more).replace("  page: local\n", "  page: {pager: local, severity: [critical]}\n");
        let (bot, clock) = world.engines_in_time(&teams).await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        let values =
            json!({"summary": {"value": "The valve sticks"}, "page": {"value": "no"}, "severity": {"value": "info"}});
        world.escalate(ADA, &card, values).await;
        world.posted(RANDOM, "The valve sticks").await;
        clock.turn(SignedDuration::from_mins(16));
        world.posted(RANDOM, "No one has acknowledged").await;
        let pool = world.look_into_store().await;
        let pages: i64 = sqlx::query_scalar("SELECT count(*) FROM pages")
            .fetch_one(&pool)
            .await
            .unwrap();
        assert_eq!(pages, 0);
        bot.stop().await;
    });
}

#[test]
fn only_those_who_may_page_do() {
    with(|world| async move {
        let rule = format!("  page: {{pager: local, by: [{GRACE}]}}\n");
        let bot = world
            .engines(&teams("").replace("  page: local\n", &rule), Parts::default())
            .await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        let summary = || json!({"summary": {"value": "The valve sticks"}});
        let answer = world.escalate(ADA, &card, summary()).await;
        assert!(
            answer.to_string().contains("You aren’t allowed to page Engines"),
            "{answer}"
        );
        assert_eq!(world.audit_up_to("page-refused").await, "page-refused");
        let answer = world.escalate(GRACE, &card, summary()).await;
        assert!(!answer.to_string().contains("errors"), "{answer}");
        world.pages_that(|pages| paged(pages) == 1).await;
        bot.stop().await;
    });
}

#[test]
fn after_hours_offline_nobody_is_paged_for_what_is_old() {
    with(|world| async move {
        let (bot, clock) = world.engines_in_time(&teams("")).await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        world.oncall_faults(503, 20).await;
        world
            .escalate(ADA, &card, json!({"summary": {"value": "The valve sticks"}}))
            .await;
        world.saying(&ts, &["Paging…"]).await;
        clock.turn(SignedDuration::from_hours(3));
        world
            .saying(&ts, &["The page wasn’t sent: it was too old to send"])
            .await;
        assert_eq!(world.audit_up_to("page-failed").await, "escalated page-failed");
        assert_eq!(paged(&world.workspace.pages()), 0);
        bot.stop().await;
    });
}

#[test]
fn the_page_of_a_case_that_cannot_be_read_is_given_up() {
    with(|world| async move {
        let (bot, clock) = world.engines_in_time(&teams("")).await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        world.oncall_faults(503, 20).await;
        world
            .escalate(ADA, &card, json!({"summary": {"value": "The valve sticks"}}))
            .await;
        world.saying(&ts, &["Paging…"]).await;
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.store());
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        sqlx::query("UPDATE cases SET body = '{\"standing\": \"of a later version\"}'")
            .execute(&pool)
            .await
            .unwrap();
        clock.turn(SignedDuration::from_mins(2));
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        loop {
            let page = sqlx::query_as("SELECT state, coalesce(error, '') FROM pages");
            let (state, error): (String, String) = page.fetch_one(&pool).await.unwrap();
            if state != "pending" {
                assert_eq!((&*state, &*error), ("failed", "its case cannot be read"));
                break;
            }
            assert!(tokio::time::Instant::now() < deadline, "{state} {error}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(paged(&world.workspace.pages()), 0);
        bot.stop().await;
    });
}
