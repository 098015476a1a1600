//! Issues of cases: one a case, in the team's tracker, whatever the tracker does.

use regex::Regex;
use signpost::sandbox::TRACKER_TOKEN;
use signpost::settings::oncall::trackers;

use super::*;
use crate::bot::jobs::program::{configure, signpost};

impl World {
    pub(in crate::bot) fn tracked_settings(&self, teams: &str) -> Settings {
        let mut settings = self.engine_settings(teams);
        let url = self.workspace.tracker_url();
        settings.oncall.trackers = trackers::local(&url, "https://git.example.com", TRACKER_TOKEN).unwrap();
        settings
    }

    async fn tracked(&self) -> Bot {
        self.tracked_at(&Arc::default()).await
    }

    async fn tracked_at(&self, clock: &Arc<Moved>) -> Bot {
        let parts = Parts {
            clock: Arc::clone(clock) as _,
            ..Parts::default()
        };
        self.bot_with(self.tracked_settings(&teams("")), parts).await
    }

    pub(in crate::bot) async fn tracker(&self, what: &str, body: Value) {
        let url = format!("{}/{what}", self.workspace.tracker_url());
        let answer = self.client.post(url).json(&body).send().await.unwrap();
        assert!(answer.status().is_success());
    }

    /// Somebody escalates a card without a page, and asks for an issue.
    pub(in crate::bot) async fn ask_for_issue(&self, who: &str, card: &Value) -> Value {
        let values =
            json!({"page": {"value": "no"}, "issue": {"value": "yes"}, "summary": {"value": "The valve sticks"}});
        self.escalate(who, card, values).await
    }

    /// The issues of the local trackers, as soon as there are so many.
    pub(in crate::bot) async fn issues(&self, count: usize) -> Value {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        loop {
            let issues = self.workspace.issues();
            if issues.as_array().unwrap().len() == count {
                return issues;
            }
            assert!(tokio::time::Instant::now() < deadline, "{issues}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[test]
fn an_issue_is_created_once_and_shown_on_the_card_in_the_channel_and_in_the_hand_over() {
    with(|world| async move {
        let bot = world.tracked().await;
        let ts = world.say(&format!("{STALLS}\npassword=hunter2hunter3"));
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        let values = json!({
            "page": {"value": "no"}, "issue": {"value": "yes"},
            "summary": {"value": "The valve sticks, @all\n/close\npassword=hunter2hunter3"},
        });
        let answer = world.escalate(ADA, &card, values).await;
        assert_eq!(answer["acknowledged"], true, "{answer}");
        let issues = world.issues(1).await;
        assert_eq!(issues[0]["repository"], "a/b");
        assert_eq!(issues[0]["title"], "Warp engine stalls");
        let text = issues[0]["text"].as_str().unwrap();
        let shown = Regex::new("<https?://[^>]*>").unwrap().replace(text, "<LINK>");
        let shown = Regex::new("`[^`]*:[^`]*`$").unwrap().replace(&shown, "`CASE`");
        insta::assert_snapshot!(shown, @"
        ```text
        Escalated by Ada to Engines, severity error

        The valve sticks, @all
        /close
        password=[redacted: password]
        ```

        Thread: <LINK>

        Signpost case: `CASE`
        ");
        let url = format!("{}#a-b-1", world.workspace.tracker_url());
        let card = world.saying(&ts, &[&format!("Issue: <{url}|a/b#1>")]).await;
        world.posted(RANDOM, &format!("Issue: <{url}|a/b#1>")).await;
        let page = world
            .client
            .get(world.workspace.tracker_url())
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        assert!(
            page.contains("a/b#1: Warp engine stalls") && page.contains("id=\"a-b-1\""),
            "{page}"
        );
        // Another escalation of the same case asks for no second one.
        world.click(GRACE, &card, "Escalate").await;
        let window = world.window(GRACE).await.to_string();
        assert!(
            window.contains("a/b#1") && !window.contains("Create an issue?"),
            "{window}"
        );
        let audit = world.audit_up_to("issue-created").await;
        assert_eq!(audit, "escalated issue-created");
        let detail: String = sqlx::query_scalar("SELECT detail FROM audit WHERE what = 'issue-created'")
            .fetch_one(&world.look_into_store().await)
            .await
            .unwrap();
        let detail: Value = serde_json::from_str(&detail).unwrap();
        assert_eq!(
            (&detail["repository"], &detail["url"]),
            (&json!("a/b"), &json!(url)),
            "{detail}"
        );
        // What is over still leads to it.
        world.click(GRACE, &card, "Fixed").await;
        world.saying(&ts, &["Marked as *fixed* by Grace", "a/b#1"]).await;
        configure(&world, &world.workspace.api_url(), "", "info");
        let link = format!("https://example.slack.com/archives/{SUPPORT}/p{}", ts.replace('.', ""));
        let output = signpost(&world, &["case", &link]).output().unwrap();
        let markdown = String::from_utf8(output.stdout).unwrap();
        let told = [
            format!("Issue: <{url}>"),
            "Created the issue a/b#1 in GitHub".to_owned(),
        ];
        assert!(told.iter().all(|told| markdown.contains(told)), "{markdown}");
        bot.stop().await;
    });
}

#[test]
fn a_link_to_gitlab_creates_the_issue_there() {
    with(|world| async move {
        let link = format!("{}/projects/acme/infra/ops/-/issues/new", world.workspace.tracker_url());
        let teams = teams("").replace("https://git.example.com/a/b/issues/new", &link);
        let bot = world.bot_with(world.tracked_settings(&teams), Parts::default()).await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        world.ask_for_issue(ADA, &card).await;
        assert_eq!(world.issues(1).await[0]["repository"], "acme/infra/ops");
        world.saying(&ts, &["acme/infra/ops#1"]).await;
        bot.stop().await;
    });
}

#[test]
fn kill_9_at_any_moment_creates_one_issue() {
    with(|world| async move {
        let clock = Arc::new(Moved::default());
        let mut bot = world.tracked_at(&clock).await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        // The first issue is created, and its answer lost.
        world.tracker("faults", json!({"status": 503, "after": true})).await;
        world.ask_for_issue(ADA, &card).await;
        for round in 0..20_u64 {
            tokio::time::sleep(Duration::from_millis(7 * round % 61)).await;
            bot.kill().await;
            // The tracker may still have been at it, so the next process does not look at once.
            clock.turn(SignedDuration::from_secs(16));
            bot = world.tracked_at(&clock).await;
        }
        world.saying(&ts, &["Issue: <"]).await;
        world.issues(1).await;
        bot.stop().await;
    });
}

#[test]
fn what_the_tracker_answers_is_told_and_holds_up_nothing() {
    for (status, told) in [
        (401, "GitHub rejected the key (HTTP 401)"),
        (403, "GitHub rejected the key (HTTP 403)"),
        (404, "GitHub does not know the repository a/b, or its key can't see it"),
        (410, "GitHub has issues turned off for the repository a/b"),
        (301, "GitHub has moved the repository a/b"),
        (422, "GitHub refused the request (HTTP 422)"),
    ] {
        with(|world| async move {
            let bot = world.tracked().await;
            let ts = world.say(STALLS);
            let card = world.saying(&ts, &["Warp engine stalls"]).await;
            world.tracker("faults", json!({"status": status})).await;
            world.ask_for_issue(ADA, &card).await;
            world.posted(RANDOM, "The valve sticks").await;
            let card = world
                .saying(&ts, &["The issue wasn’t created", told, "Open it yourself"])
                .await;
            assert_eq!(world.audit_up_to("issue-failed").await, "escalated issue-failed");
            assert!(world.workspace.issues().as_array().unwrap().is_empty());
            // Whoever escalates again may ask again.
            world.click(GRACE, &card, "Escalate").await;
            let window = world.window(GRACE).await.to_string();
            assert!(window.contains("Create an issue?"), "{window}");
            bot.stop().await;
        });
    }
}

#[test]
fn a_tracker_that_fails_for_a_while_gets_the_issue_later() {
    for (mode, told) in [
        ("429", "GitHub is rate limiting requests"),
        ("5xx", "GitHub failed (HTTP 503)"),
        ("down", "GitHub cannot be reached"),
        ("wrong", ""),
        ("slow", "GitHub did not respond in time"),
    ] {
        with(|world| async move {
            let clock = Arc::new(Moved::default());
            let parts = Parts {
                clock: Arc::clone(&clock) as _,
                ..Parts::default()
            };
            let bot = world.bot_with(world.tracked_settings(&teams("")), parts).await;
            let ts = world.say(STALLS);
            let card = world.saying(&ts, &["Warp engine stalls"]).await;
            world.tracker("mode", json!({"mode": mode})).await;
            let begun = tokio::time::Instant::now();
            world.ask_for_issue(ADA, &card).await;
            world.posted(RANDOM, "The valve sticks").await;
            if told.is_empty() {
                world
                    .saying(&ts, &["The issue wasn’t created: GitHub returned a web page"])
                    .await;
            } else {
                world
                    .saying(&ts, &["Creating an issue…", told, "so I’ll try again"])
                    .await;
                // The slow tracker takes 20 s to answer.
                assert!(begun.elapsed() < Duration::from_secs(18), "{mode}");
                world.tracker("mode", json!({"mode": "normal"})).await;
                clock.turn(SignedDuration::from_mins(2));
                world.saying(&ts, &["Issue: <"]).await;
                world.issues(1).await;
            }
            bot.stop().await;
        });
    }
}

#[test]
fn a_team_without_a_tracker_is_not_offered_an_issue() {
    with(|world| async move {
        let teams = teams("").replace("git.example.com", "git.example.net");
        let bot = world.bot_with(world.tracked_settings(&teams), Parts::default()).await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        world.click(ADA, &card, "Escalate").await;
        let window = world.window(ADA).await.to_string();
        assert!(
            window.contains("Open an issue") && !window.contains("Create an issue?"),
            "{window}"
        );
        bot.stop().await;
    });
}

#[test]
fn an_issue_of_a_case_that_is_over_leaves_its_card_whole() {
    with(|world| async move {
        let bot = world.tracked().await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        assert_eq!(world.ask_for_issue(ADA, &card).await["acknowledged"], true);
        let card = world.saying(&ts, &["a/b#1"]).await;
        world.click(ADA, &card, "Fixed").await;
        let card = world.saying(&ts, &["Marked as", "a/b#1", "Reopen"]).await;
        assert!(!card.to_string().contains(['\u{F0001}', '\u{F0002}']), "{card}");
        assert!(
            buttons(&card).contains(&"Show steps".to_owned()),
            "{:?}",
            buttons(&card)
        );
        world.click(ADA, &card, "Reopen").await;
        let card = world
            .reply_that(SUPPORT, &ts, |card| !said(card).contains("Marked as"))
            .await;
        world.click(ADA, &card, "Wrong runbook").await;
        let card = world.saying(&ts, &["wrong runbook", "a/b#1"]).await;
        let own_line = said(&card).lines().any(|line| line.trim_end().ends_with("a/b#1>"));
        assert!(own_line, "{}", said(&card));
        bot.stop().await;
    });
}
