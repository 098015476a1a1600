//! Acknowledgements in the on-call service: shown once, and nobody else is called.

use super::*;
use crate::signing::hex_hmac;

const SECRET: &str = "webhook-secret";

impl World {
    /// A stalled engine that Ada has escalated and Grace is paged for. Returns the message and the alert's key.
    async fn paged_engine(&self) -> (String, String) {
        let ts = self.say(STALLS);
        let card = self.saying(&ts, &["Warp engine stalls"]).await;
        self.escalate(ADA, &card, json!({"summary": {"value": "The valve sticks"}}))
            .await;
        let pages = self.pages_that(|pages| paged(pages) == 1).await;
        self.saying(&ts, &["Paged."]).await;
        (ts, pages[0]["key"].as_str().unwrap().to_owned())
    }

    pub(in crate::bot) async fn oncall_post(&self, path: &str, body: Value) {
        let url = format!("{}/{path}", self.workspace.oncall_url());
        let answer = self.client.post(url).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}");
    }

    /// Waits until there were so many look-ups of pages.
    pub(in crate::bot) async fn page_lookups(&self, count: u64) {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        while self.workspace.page_lookups() < count {
            assert!(tokio::time::Instant::now() < deadline, "{count}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits for look-ups of a page to be made after now.
    async fn looked_up(&self, more: u64) {
        let before = self.workspace.page_lookups();
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        while self.workspace.page_lookups() < before + more {
            assert!(tokio::time::Instant::now() < deadline, "{before}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// PagerDuty calls the webhook. Returns the status of the answer.
    async fn webhook(&self, bot: &Bot, signature: &str, body: &str) -> u16 {
        let url = format!("http://{}/hooks/pagerduty", bot.health());
        let call = self.client.post(url).header("x-pagerduty-signature", signature);
        call.body(body.to_owned()).send().await.unwrap().status().as_u16()
    }
}

fn signature(secret: &str, body: &str) -> String {
    hex_hmac("v1=", secret, body)
}

/// An event as PagerDuty's documentation shows it, in short.
fn event(kind: &str, key: &str) -> String {
    let event = json!({
        "id": "01DEVENT", "event_type": kind, "resource_type": "incident", "occurred_at": "2026-11-30T12:00:00.000Z",
        "agent": {"id": "PU1", "type": "user_reference", "summary": "Grace Hopper"},
        "data": {"id": "PI1", "type": "incident", "status": "acknowledged", "incident_key": key, "title": "It sticks"},
    });
    json!({"event": event}).to_string()
}

#[test]
fn an_acknowledgement_in_the_service_is_shown_and_nobody_else_is_called() {
    with(|world| async move {
        let more = "  escalation:\n    - {after: 15, page: true}\n";
        let (bot, clock) = world.engines_in_time(&teams(more)).await;
        let (ts, key) = world.paged_engine().await;
        world
            .oncall_post("acknowledge", json!({"key": key, "by": "Grace"}))
            .await;
        clock.turn(SignedDuration::from_secs(15));
        let card = world.saying(&ts, &["Grace is on it", "in PagerDuty"]).await;
        assert!(!text(&card).contains("<@"), "{}", text(&card));
        let message = world.posted(RANDOM, "Grace is on it").await;
        assert!(buttons(&message).is_empty(), "{message}");
        // The service is asked on, and says the same.
        clock.turn(SignedDuration::from_mins(16));
        world.looked_up(1).await;
        world.settled(&ts).await;
        assert_eq!(paged(&world.workspace.pages()), 1);
        world.oncall_post("resolve", json!({"key": key, "by": "Grace"})).await;
        clock.turn(SignedDuration::from_mins(3));
        world.saying(&ts, &["Resolved in PagerDuty by Grace"]).await;
        let audit = world.audit_up_to("page-resolved").await;
        assert_eq!(audit, "escalated paged acknowledged page-resolved");
        bot.stop().await;
    });
}

#[test]
fn right_before_the_next_is_called_the_service_is_asked_once_more() {
    with(|world| async move {
        let more = "  escalation:\n    - {after: 15, page: true}\n";
        let (bot, clock) = world.engines_in_time(&teams(more)).await;
        let (ts, key) = world.paged_engine().await;
        // The regular look-ups fail, and the next one is far off.
        world.oncall_post("mode", json!({"mode": "401"})).await;
        clock.turn(SignedDuration::from_secs(15));
        world.looked_up(1).await;
        world.oncall_post("mode", json!({"mode": "normal"})).await;
        world.oncall_post("resolve", json!({"key": key, "by": "Ada"})).await;
        clock.turn(SignedDuration::from_mins(15));
        world
            .saying(&ts, &["Ada is on it", "Resolved in PagerDuty by Ada"])
            .await;
        world.settled(&ts).await;
        assert_eq!(paged(&world.workspace.pages()), 1);
        bot.stop().await;
    });
}

#[test]
fn a_service_that_fails_is_asked_less_and_less_often_and_the_next_person_is_called() {
    with(|world| async move {
        let more = "  escalation:\n    - {after: 15}\n";
        let (bot, clock) = world.engines_in_time(&teams(more)).await;
        let (ts, _) = world.paged_engine().await;
        world.oncall_post("mode", json!({"mode": "5xx"})).await;
        clock.turn(SignedDuration::from_secs(15));
        world.looked_up(1).await;
        let asked = world.workspace.page_lookups();
        // After a fault it waits longer than the usual ten seconds.
        clock.turn(SignedDuration::from_secs(12));
        world.settled(&ts).await;
        assert_eq!(world.workspace.page_lookups(), asked);
        clock.turn(SignedDuration::from_mins(15));
        world.posted(RANDOM, "No one has acknowledged").await;
        bot.stop().await;
    });
}

#[test]
fn strangers_keep_no_acknowledgement_out() {
    with(|world| async move {
        let mut settings = world.engine_settings(&teams(""));
        settings.http.listen = ANY_PORT.to_owned();
        settings.oncall.pagers[0].webhook_secret = Some(SECRET.into());
        let bot = world.bot_with(settings, Parts::default()).await;
        let strangers = strangers(bot.health(), "/hooks/pagerduty", 64).await;
        let body = event("pagey.ping", "any");
        for _ in 0..3 {
            assert_eq!(world.webhook(&bot, &signature(SECRET, &body), &body).await, 202);
        }
        drop(strangers);
        bot.stop().await;
    });
}

#[test]
fn pagerdutys_webhook_acknowledges_once_however_often_it_comes() {
    with(|world| async move {
        let mut settings = world.engine_settings(&teams(""));
        settings.http.listen = ANY_PORT.to_owned();
        let pager = &mut settings.oncall.pagers[0];
        pager.webhook_secret = Some(SECRET.into());
        pager.service = None;
        let bot = world.bot_with(settings, Parts::default()).await;
        let (ts, key) = world.paged_engine().await;
        let body = event("incident.acknowledged", &key);
        let good = signature(SECRET, &body);
        let wrong = signature("another", &body);
        for (signed, body, expected) in [
            ("", &*body, 401),
            (&*wrong, &body, 401),
            ("v1=zz", &body, 401),
            (&good, &event("incident.resolved", &key), 401),
            (&good.replace("v1=", "v0="), &body, 401),
        ] {
            assert_eq!(world.webhook(&bot, signed, body).await, expected, "{signed}");
        }
        let large = "x".repeat(2 * 1024 * 1024);
        // The bot may close the connection while the rest is still being sent.
        let call = world.client.post(format!("http://{}/hooks/pagerduty", bot.health()));
        let refused = call
            .header("x-pagerduty-signature", signature(SECRET, &large))
            .body(large);
        assert!(refused.send().await.map_or(true, |answer| answer.status() == 413));
        // Others' incidents, the test event and garbage change nothing.
        for other in [
            event("incident.acknowledged", "another"),
            event("incident.acknowledged", "signpost:x:1"),
            event("pagey.ping", &key),
            "[]".to_owned(),
        ] {
            assert_eq!(
                world.webhook(&bot, &signature(SECRET, &other), &other).await,
                202,
                "{other}"
            );
        }
        // While a secret is being renewed there are two signatures.
        let both = format!("{wrong}, {good}");
        for _ in 0..3 {
            assert_eq!(world.webhook(&bot, &both, &body).await, 202);
        }
        world.saying(&ts, &["Grace Hopper is on it", "in PagerDuty"]).await;
        let over = event("incident.resolved", &key);
        for repeated in [&over, &body, &over] {
            assert_eq!(world.webhook(&bot, &signature(SECRET, repeated), repeated).await, 202);
        }
        world.saying(&ts, &["Resolved in PagerDuty by Grace Hopper"]).await;
        let audit = world.audit_up_to("page-resolved").await;
        assert_eq!(audit, "escalated paged acknowledged page-resolved");
        bot.stop().await;
    });
}

#[test]
fn without_a_secret_there_is_no_webhook() {
    with(|world| async move {
        let mut settings = world.engine_settings(&teams(""));
        settings.http.listen = ANY_PORT.to_owned();
        let bot = world.bot_with(settings, Parts::default()).await;
        let body = event("incident.acknowledged", "signpost:x:1");
        assert_eq!(world.webhook(&bot, &signature("", &body), &body).await, 404);
        bot.stop().await;
    });
}

#[test]
fn kill_9_around_an_acknowledgement_shows_it_once() {
    with(|world| async move {
        let mut bot = world.engines(&teams(""), Parts::default()).await;
        let (ts, key) = world.paged_engine().await;
        world
            .oncall_post("acknowledge", json!({"key": key, "by": "Grace"}))
            .await;
        let clock = Arc::new(Moved::default());
        clock.turn(SignedDuration::from_secs(15));
        for round in 0..8_u64 {
            bot.kill().await;
            let parts = Parts {
                clock: Arc::clone(&clock) as _,
                ..Parts::default()
            };
            bot = world.engines(&teams(""), parts).await;
            tokio::time::sleep(Duration::from_millis(13 * round % 61)).await;
        }
        world.saying(&ts, &["Grace is on it"]).await;
        assert_eq!(world.audit_up_to("acknowledged").await, "escalated paged acknowledged");
        bot.stop().await;
    });
}
