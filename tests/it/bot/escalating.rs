//! Escalations: the right team, person and channel, one live mention, one page, and who takes care of it.

mod acknowledging;
mod chains;
mod channels;
mod handover;
mod issues;
mod pages;
mod windows;

use super::acts::{Moved, buttons, said, text};
use super::*;
use jiff::SignedDuration;
use signpost::sandbox::{GRACE, ONCALL, ONCALL_TOKEN, RANDOM, ROUTING_KEY};
use signpost::settings::oncall;

const ENGINE: &str = "---\nsignpost:\n  team: engines\n---\n# Warp engine stalls\n\n\
    ```\nWX100: the warp engine of node <NODE> stalls\n```\n\n## What to do\n\n\
    1. Look at the gauge: `gauge <NODE>`.\n2. Stop the pump.\n";
pub(super) const STALLS: &str = "WX100: the warp engine of node e-5 stalls";

/// Grace is on call; engines have #random as their channel.
pub(super) fn teams(more: &str) -> String {
    format!(
        "engines:\n  name: Engines\n  comm: {{name: \"#engines\"}}\n  issue: https://git.example.com/a/b/issues/new\n  \
         slack: {{channel: {RANDOM}, group: {ONCALL}}}\n  oncall:\n    first: 2026-01-05\n    people: \
         [{{name: Grace, slack: {GRACE}}}]\n  page: local\n{more}\
         others:\n  name: Others\n  comm: {{name: \"#others\"}}\n"
    )
}

impl World {
    /// A runbook whose team can be called, and a bot that pages over the local service.
    async fn engines(&self, teams: &str, parts: Parts) -> Bot {
        self.bot_with(self.engine_settings(teams), parts).await
    }

    /// A runbook whose team can be called, and settings of a bot that pages over the local service.
    pub(super) fn engine_settings(&self, teams: &str) -> Settings {
        self.write("engine.md", ENGINE);
        std::fs::create_dir_all(self.runbooks().join("_data")).unwrap();
        self.write("_data/teams.yml", teams);
        let mut settings = self.settings();
        settings.oncall = oncall::local(&self.workspace.oncall_url(), ONCALL_TOKEN, ROUTING_KEY).unwrap();
        settings
    }

    /// Somebody escalates a card with these choices. Returns what the submission is answered with.
    pub(super) async fn escalate(&self, who: &str, card: &Value, values: Value) -> Value {
        self.click(who, card, "Escalate").await;
        let window = self.window(who).await;
        let mut all = json!({"page": {"value": "yes"}});
        for (name, value) in values.as_object().unwrap() {
            all[name] = value.clone();
        }
        let sent = json!({"user": who, "view_id": window["id"], "values": all});
        self.control("submit", sent).await
    }

    pub(super) async fn oncall_faults(&self, status: u16, times: usize) {
        let url = format!("{}/faults", self.workspace.oncall_url());
        let fault = json!({"status": status, "times": times});
        let answer = self.client.post(url).json(&fault).send().await.unwrap();
        assert!(answer.status().is_success());
    }

    /// A bot whose clock is moved on by hand.
    async fn engines_in_time(&self, teams: &str) -> (Bot, Arc<Moved>) {
        let clock = Arc::new(Moved::default());
        let parts = Parts {
            clock: Arc::clone(&clock) as _,
            ..Parts::default()
        };
        (self.engines(teams, parts).await, clock)
    }

    /// The kinds of entries in the audit, in order, as soon as they end with this one.
    async fn audit_up_to(&self, last: &str) -> String {
        let pool = self.look_into_store().await;
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        loop {
            let what = "SELECT coalesce(group_concat(what, ' '), '') FROM audit";
            let audit: String = sqlx::query_scalar(what).fetch_one(&pool).await.unwrap();
            if audit.ends_with(last) {
                return audit;
            }
            assert!(tokio::time::Instant::now() < deadline, "{audit}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The alerts of the local service, as soon as they look so.
    pub(super) async fn pages_that(&self, is: impl Fn(&Value) -> bool) -> Value {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        loop {
            let pages = self.workspace.pages();
            if is(&pages) {
                return pages;
            }
            assert!(tokio::time::Instant::now() < deadline, "{pages}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

pub(super) fn paged(pages: &Value) -> usize {
    pages.as_array().unwrap().len()
}

#[test]
fn the_team_is_called_once_in_its_channel_and_somebody_takes_care_of_it() {
    with(|world| async move {
        let bot = world.engines(&teams(""), Parts::default()).await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls", "On call: *Grace*"]).await;
        world.click(ADA, &card, "1.").await;
        let card = world.saying(&ts, &["Done by Ada"]).await;
        world.click(ADA, &card, "Escalate").await;
        let window = world.window(ADA).await;
        let shown = window.to_string();
        for told in [
            "Engines – Grace",
            "Person on call",
            "issues/new?title=Warp+engine+stalls",
            "step 1 (Ada",
            "Look at the gauge",
        ] {
            assert!(shown.contains(told), "{told}: {shown}");
        }
        let summary = format!("The valve sticks <!subteam^{ONCALL}> <!channel> <@{ADA}>");
        let answer = world.escalate(ADA, &card, json!({"summary": {"value": summary}})).await;
        assert_eq!(answer["acknowledged"], true, "{answer}");
        let message = world.posted(RANDOM, "The valve sticks").await;
        let said = words(&message);
        assert!(said.contains(&format!("<@{GRACE}>")), "{said}");
        assert!(
            !said.contains("<!subteam") && !said.contains("<!channel") && !said.contains(&format!("<@{ADA}>")),
            "{said}"
        );
        assert!(
            said.contains("/archives/") && said.contains("Severity: error") && said.contains("Warp engine stalls"),
            "{said}"
        );
        let pages = world.pages_that(|pages| paged(pages) == 1).await;
        assert_eq!(pages[0]["severity"], "error");
        let card = world.saying(&ts, &["Paged."]).await;
        assert!(text(&card).contains("Escalated to Engines (Grace)"), "{}", text(&card));
        let message = world.posted(RANDOM, "Paged Grace").await;
        world.click_in(GRACE, RANDOM, &message, "I’m on it").await;
        let card = world.saying(&ts, &["Grace is on it"]).await;
        assert!(!text(&card).contains(&format!("<@{GRACE}>")), "{}", text(&card));
        let message = world.posted(RANDOM, "Grace is on it").await;
        assert!(buttons(&message).is_empty(), "{message}");
        world.pages_that(|pages| pages[0]["status"] == "acknowledged").await;
        // Nobody is called for the same again, neither by another person nor by another window.
        let again = world
            .escalate(GRACE, &card, json!({"summary": {"value": "Once more"}}))
            .await;
        assert!(
            again
                .to_string()
                .contains("already escalated this to Engines a moment ago"),
            "{again}"
        );
        assert_eq!(paged(&world.workspace.pages()), 1);
        let what = "SELECT group_concat(what, ' ') FROM audit";
        let audit: String = sqlx::query_scalar(what)
            .fetch_one(&world.look_into_store().await)
            .await
            .unwrap();
        assert_eq!(audit, "escalated paged acknowledged");
        bot.stop().await;
    });
}

#[test]
fn a_card_tells_of_every_team_that_was_called() {
    with(|world| async move {
        let channel = format!("slack: {{channel: {RANDOM}}}");
        let both = format!("engines:\n  name: Engines\n  {channel}\nvalves:\n  name: Valves\n  {channel}\n");
        let bot = world.engines(&both, Parts::default()).await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        let option = |value: &str| json!({"value": value});
        for (team, name) in [("engines", "Engines"), ("valves", "Valves")] {
            let chosen = json!({"team": option(team), "mention": option("nobody"), "page": option("no"), "summary": option("It sticks")});
            let answer = world.escalate(ADA, &card, chosen).await;
            assert_eq!(answer["acknowledged"], true, "{answer}");
            world.saying(&ts, &[&format!("Escalated to {name}")]).await;
        }
        let card = world.saying(&ts, &["Escalated to Valves"]).await;
        let shown = text(&card);
        let (first, second) = (shown.find("Escalated to Engines"), shown.find("Escalated to Valves"));
        assert!(first.is_some() && first < second, "{shown}");
        bot.stop().await;
    });
}

#[test]
fn who_names_the_person_on_call_and_mentions_nobody() {
    with(|world| async move {
        let bot = world.engines(&teams(""), Parts::default()).await;
        let answer = world.command(ADA, "who engines").await;
        let told = answer["response"].to_string();
        assert!(told.contains("On call: *Grace*") && !told.contains("<@"), "{told}");
        bot.stop().await;
    });
}

#[test]
fn a_user_group_and_a_service_tell_who_is_on_call_and_its_failure_is_told() {
    with(|world| async move {
        let group = format!("engines:\n  name: Engines\n  oncall: {{group: {ONCALL}}}\n");
        let service = "pumps:\n  name: Pumps\n  oncall: {service: local, schedule: PSANDBOX1, link: https://oncall.example.com}\n\
                       valves:\n  name: Valves\n  oncall: {service: other}\n";
        let bot = world.engines(&format!("{group}{service}"), Parts::default()).await;
        let told = world.command(ADA, "who engines").await["response"].to_string();
        assert!(
            told.contains("On call: *grace*") || told.contains("On call: *Grace*"),
            "{told}"
        );
        let told = world.command(ADA, "who pumps").await["response"].to_string();
        assert!(told.contains(" until ") && told.contains(" next"), "{told}");
        let told = world.command(ADA, "who valves").await["response"].to_string();
        assert!(told.contains("oncall.toml has no service"), "{told}");
        bot.stop().await;
    });
}

#[test]
fn kill_9_at_any_moment_pages_once() {
    with(|world| async move {
        let mut bot = world.engines(&teams(""), Parts::default()).await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        world.oncall_faults(503, 3).await;
        world
            .escalate(ADA, &card, json!({"summary": {"value": "The valve sticks"}}))
            .await;
        for round in 0..20_u64 {
            tokio::time::sleep(Duration::from_millis(7 * round % 61)).await;
            bot.kill().await;
            bot = world.engines(&teams(""), Parts::default()).await;
        }
        world.pages_that(|pages| paged(pages) == 1).await;
        world.saying(&ts, &["Paged."]).await;
        world.wait_until_sent().await;
        let posted = world.workspace.read(|state| {
            let messages = state.channel(RANDOM).unwrap().messages.values();
            messages.filter(|message| message.user() == SIGNPOST).count()
        });
        assert_eq!((posted, paged(&world.workspace.pages())), (1, 1));
        bot.stop().await;
    });
}

#[test]
fn a_page_that_cannot_be_sent_is_told_and_holds_up_nothing() {
    with(|world| async move {
        let bot = world.engines(&teams(""), Parts::default()).await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        world.oncall_faults(400, 1).await;
        world
            .escalate(ADA, &card, json!({"summary": {"value": "The valve sticks"}}))
            .await;
        world.posted(RANDOM, "The valve sticks").await;
        let card = world.saying(&ts, &["The page wasn’t sent"]).await;
        assert!(
            text(&card).contains("PagerDuty refused the request (HTTP 400)"),
            "{}",
            text(&card)
        );
        bot.stop().await;
    });
}

#[test]
fn without_acknowledgement_the_next_is_called_and_nobody_after_that() {
    with(|world| async move {
        let clock = Arc::new(Moved::default());
        let parts = Parts {
            clock: Arc::clone(&clock) as _,
            ..Parts::default()
        };
        let more = format!("  escalation:\n    - {{after: 15, mention: {ONCALL}, name: Leads, page: true}}\n");
        let bot = world.engines(&teams(&more), parts).await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        world
            .escalate(ADA, &card, json!({"summary": {"value": "The valve sticks"}}))
            .await;
        world.pages_that(|pages| paged(pages) == 1).await;
        clock.turn(SignedDuration::from_mins(16));
        let message = world.posted(RANDOM, "No one has acknowledged").await;
        assert!(words(&message).contains(&format!("<!subteam^{ONCALL}>")), "{message}");
        world.pages_that(|pages| paged(pages) == 2).await;
        let card = world.saying(&ts, &["Escalated to Engines (Leads)"]).await;
        assert!(!text(&card).contains("is on it"), "{}", text(&card));
        let message = world.posted(RANDOM, "Paged Leads").await;
        world.click_in(GRACE, RANDOM, &message, "I’m on it").await;
        world.saying(&ts, &["Grace is on it"]).await;
        clock.turn(SignedDuration::from_mins(60));
        world.settled(&ts).await;
        assert_eq!(paged(&world.workspace.pages()), 2);
        bot.stop().await;
    });
}

#[test]
fn what_cannot_be_done_is_said_at_its_field() {
    with(|world| async move {
        let only = format!(
            "  oncall:\n    first: 2026-01-05\n    people: [Grace]\n  slack: {{channel: {RANDOM}}}\n  page: {{pager: local, severity: [critical]}}\n"
        );
        let bot = world
            .engines(&format!("engines:\n  name: Engines\n{only}"), Parts::default())
            .await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        let option = |value: &str| json!({"value": value});
        for (values, told) in [
            (
                json!({"mention": option("person")}),
                "I don’t know the Slack account of the person on call for Engines",
            ),
            (
                json!({"mention": option("group")}),
                "No user group is set up for Engines",
            ),
            (
                json!({"mention": option("nobody"), "severity": option("info")}),
                "can only be paged for severity critical",
            ),
        ] {
            let answer = world.escalate(ADA, &card, values).await;
            assert!(answer.to_string().contains(told), "{told}: {answer}");
        }
        assert_eq!(paged(&world.workspace.pages()), 0);
        bot.stop().await;
    });
}

#[test]
fn a_channel_that_the_team_file_gives_by_name_is_posted_to() {
    with(|world| async move {
        let by_name = "engines:\n  name: Engines\n  comm: {name: \"#random\"}\n  page: local\n";
        let bot = world.engines(by_name, Parts::default()).await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        let chosen = json!({"summary": {"value": "The valve sticks"}});
        world.escalate(ADA, &card, chosen).await;
        let message = world.posted(RANDOM, "The valve sticks").await;
        assert!(words(&message).contains("/archives/"), "{message}");
        bot.stop().await;
    });
}

#[test]
fn what_is_said_to_be_fixed_in_the_thread_is_told_in_the_teams_channel() {
    with(|world| async move {
        let bot = world.engines(&teams(""), Parts::default()).await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        let chosen = json!({"summary": {"value": "The valve sticks"}});
        world.escalate(ADA, &card, chosen).await;
        world.posted(RANDOM, "The valve sticks").await;
        let said = format!("<@{SIGNPOST}> that fixed it");
        world.workspace.reply(ADA, SUPPORT, &ts, &said).unwrap();
        world.posted(RANDOM, "*Fixed* by Ada").await;
        world.reacted(&ts, 1).await;
        bot.stop().await;
    });
}
