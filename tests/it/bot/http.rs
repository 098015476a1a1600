//! The whole bot with `slack.mode = "http"`: what comes over HTTP is answered as what comes over Socket Mode.

use super::*;

use signpost::sandbox::SIGNING_SECRET;

use crate::recorded::{self, Recorded};
use crate::signing::{FORM, JSON, form, now, signed};

/// Settings for HTTP.
fn over_http(world: &World) -> Settings {
    let mut settings = world.settings();
    settings.slack.mode = Mode::Http;
    settings.slack.app_token = None;
    settings.slack.signing_secret = Some(SIGNING_SECRET.into());
    settings.slack.listen = ANY_PORT.to_owned();
    settings
}

/// The address of a bot that Slack posts events to.
fn events_of(bot: &Bot) -> String {
    let address = bot.parts.status.get().requests.unwrap();
    format!("http://{address}/slack/events")
}

/// A bot to which the workspace posts, and where.
pub(super) async fn bot(world: &World) -> (Bot, String) {
    let bot = world.bot_with(over_http(world), Parts::default()).await;
    let url = events_of(&bot);
    let at = |path: &str| url.replace("/slack/events", path);
    let (interactivity, commands) = (at("/slack/interactions"), at("/slack/commands"));
    let urls =
        json!({"app": "signpost", "events": url, "interactivity": interactivity, "commands": commands, "verify": true});
    world.control("request_url", urls).await;
    (bot, url)
}

/// A message of Ada's as Slack posts it.
fn message(ts: &str, text: &str) -> String {
    let event =
        json!({"type": "message", "channel": SUPPORT, "channel_type": "channel", "user": ADA, "ts": ts, "text": text});
    json!({"type": "event_callback", "team_id": sandbox::TEAM, "event_id": format!("Ev{ts}"), "event": event})
        .to_string()
}

#[test]
fn a_paste_is_answered_in_its_thread() {
    with(|world| async move {
        let (bot, ..) = bot(&world).await;
        let ts = world.say(PASTE);
        assert_eq!(world.settled(&ts).await.len(), 1);
        let asked = world.say(&format!("<@{SIGNPOST}> help"));
        assert_eq!(world.settled(&asked).await.len(), 1);
        bot.stop().await;
    });
}

#[test]
fn one_address_may_serve_for_everything() {
    with(|world| async move {
        let (bot, url) = bot(&world).await;
        let one =
            json!({"app": "signpost", "url": url, "events": "", "interactivity": "", "commands": "", "verify": true});
        world.control("request_url", one).await;
        let asked = json!({"command": "/signpost", "text": "help", "channel": SUPPORT});
        let told = world.control("command", asked).await;
        assert!(words(&told["response"]).contains("show RUNBOOK"), "{told}");
        let ts = world.say(PASTE);
        assert_eq!(world.replies(&ts).await.len(), 1);
        bot.stop().await;
    });
}

#[test]
fn retries_and_doubled_deliveries_are_answered_once() {
    with(|world| async move {
        let (bot, ..) = bot(&world).await;
        world.fault(&json!({"kind": "drop_ack", "times": 3}));
        world.fault(&json!({"kind": "duplicate", "times": 2}));
        let ts = world.say(PASTE);
        world.replies(&ts).await;
        assert_eq!(world.settled(&ts).await.len(), 1);
        bot.stop().await;
    });
}

#[test]
fn what_was_said_meanwhile_is_answered_after_a_restart() {
    with(|world| async move {
        let (first, _) = bot(&world).await;
        world
            .control("options", json!({"retry_delays_ms": vec![100; 100]}))
            .await;
        first.stop().await;
        let ts = world.say(PASTE);
        let (second, _) = bot(&world).await;
        assert_eq!(world.replies(&ts).await.len(), 1);
        let later = world.say(PASTE);
        second.kill().await;
        let (third, _) = bot(&world).await;
        assert_eq!(world.replies(&later).await.len(), 1);
        world.wait_until_sent().await;
        assert_eq!(world.settled(&later).await.len(), 1);
        third.stop().await;
    });
}

#[test]
fn what_slack_did_not_sign_is_not_answered() {
    with(|world| async move {
        let (bot, url) = bot(&world).await;
        let root = world.say("look at this");
        let forged = message(&root, PASTE);
        for (secret, seconds, expected) in [
            ("another secret", now().as_second(), 401),
            (SIGNING_SECRET, now().as_second() - 400, 401),
        ] {
            let request = signed(world.client.post(&url), secret, seconds, JSON, &forged);
            assert_eq!(request.send().await.unwrap().status().as_u16(), expected);
        }
        assert_eq!(world.settled(&root).await.len(), 0);
        bot.stop().await;
    });
}

#[test]
fn commands_without_a_trigger_are_cases_of_their_own() {
    with(|world| async move {
        let (bot, url) = bot(&world).await;
        let mut cases = Vec::new();
        // Read once: a second may pass between two requests.
        let begun = now().as_second();
        for (user, seconds) in [(ADA, 0), (ADA, 1), (sandbox::GRACE, 1)] {
            let body = form(&[
                ("command", "/signpost"),
                ("text", PASTE),
                ("user_id", user),
                ("channel_id", SUPPORT),
                ("team_id", sandbox::TEAM),
            ]);
            let request = signed(world.client.post(&url), SIGNING_SECRET, begun - seconds, FORM, &body);
            let shown: Value = request.send().await.unwrap().json().await.unwrap();
            let rows = shown["blocks"].as_array().unwrap().iter();
            let mut buttons = rows.filter_map(|block| block["elements"].as_array()).flatten();
            let value = buttons.find_map(|button| button["value"].as_str());
            let value: Value = serde_json::from_str(value.unwrap_or_else(|| panic!("no button in {shown}"))).unwrap();
            cases.push(value["case"].as_str().unwrap().to_owned());
        }
        let different: std::collections::BTreeSet<&String> = cases.iter().collect();
        assert_eq!(different.len(), 3, "{cases:?}");
        bot.stop().await;
    });
}

#[test]
fn commands_shortcuts_and_clicks_are_answered() {
    with(|world| async move {
        let (bot, ..) = bot(&world).await;
        let asked = json!({"command": "/signpost", "text": "help", "channel": SUPPORT});
        let told = world.control("command", asked).await;
        assert!(words(&told["response"]).contains("show RUNBOOK"), "{told}");
        let told = world.control("shortcut", json!({"callback_id": "paste_error"})).await;
        assert_eq!(told["acknowledged"], true, "{told}");
        let opened = world
            .workspace
            .wait_for(|state| state.to_json()["views"][0]["id"].as_str().map(str::to_owned));
        opened.await.unwrap();

        let ts = world.say(PASTE);
        let card = world.replies(&ts).await.remove(0);
        let buttons = card["blocks"].as_array().unwrap().iter();
        let mut buttons = buttons.filter_map(|block| block["elements"].as_array()).flatten();
        let button = buttons.find_map(|element| element["action_id"].as_str());
        let button = button.unwrap_or_else(|| panic!("no button in {card}"));
        let click = json!({"channel": SUPPORT, "ts": card["ts"], "action_id": button, "user": "grace"});
        assert_eq!(world.control("click", click).await["acknowledged"], true);
        bot.stop().await;
    });
}

#[test]
fn readiness_tells_the_mode_and_no_connection_is_needed() {
    with(|world| async move {
        let mut settings = over_http(&world);
        settings.http.listen = ANY_PORT.to_owned();
        let bot = world.bot_with(settings, Parts::default()).await;
        let ready = world
            .client
            .get(format!("http://{}/ready", bot.health()))
            .send()
            .await
            .unwrap();
        assert_eq!(ready.status().as_u16(), 200);
        let ready: Value = ready.json().await.unwrap();
        let slack = &ready["slack"];
        assert_eq!(
            (&slack["mode"], &slack["listening"], &slack["refuses_token"]),
            (&json!("http"), &json!(true), &json!(false))
        );
        bot.stop().await;
    });
}

#[test]
fn what_keeps_it_from_starting_is_told() {
    with(|world| async move {
        let settings = over_http(&world);
        let told = async |change: &dyn Fn(&mut Settings)| {
            let mut settings = settings.clone();
            change(&mut settings);
            let ended = bot::run(settings, Parts::default(), CancellationToken::new()).await;
            ended.unwrap_err().to_string()
        };
        let none = told(&|settings| settings.slack.signing_secret = None).await;
        assert!(
            none.contains("no signing secret") && none.contains("SIGNPOST__SLACK__SIGNING_SECRET"),
            "{none}"
        );
        let token = told(&|settings| settings.slack.signing_secret = Some(SIGNPOST_APP_TOKEN.into())).await;
        assert!(
            token.contains("an app-level token") && !token.contains(SIGNPOST_APP_TOKEN),
            "{token}"
        );
        let cut = told(&|settings| settings.slack.signing_secret = Some("two\nlines".into())).await;
        assert!(cut.contains("a line break") && !cut.contains("lines\""), "{cut}");
        let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let taken = other.local_addr().unwrap().to_string();
        let busy = told(&|settings| settings.slack.listen.clone_from(&taken)).await;
        assert!(busy.contains("slack.listen") && busy.contains(&taken), "{busy}");
        drop(other);
    });
}

#[test]
fn a_signing_secret_may_be_any_text() {
    with(|world| async move {
        let mut settings = over_http(&world);
        let secret = "a secret with blanks, and ümlauts";
        settings.slack.signing_secret = Some(secret.into());
        let bot = world.bot_with(settings, Parts::default()).await;
        let url = events_of(&bot);
        for (key, status) in [(secret, 200), (SIGNING_SECRET, 401)] {
            let request = signed(
                world.client.post(&url),
                key,
                now().as_second(),
                JSON,
                &message("1700000000.000100", "hello"),
            );
            assert_eq!(request.send().await.unwrap().status(), status, "{key}");
        }
        bot.stop().await;
    });
}

#[test]
fn every_recorded_payload_is_acknowledged_and_the_bot_goes_on() {
    let Some(files) = recorded::all() else { return };
    with(|world| async move {
        let (bot, url) = bot(&world).await;
        for (name, kind, body) in files.iter().flat_map(Recorded::requests) {
            let request = signed(world.client.post(&url), SIGNING_SECRET, now().as_second(), kind, &body);
            assert_eq!(request.send().await.unwrap().status().as_u16(), 200, "{name}");
        }
        let ts = world.say(PASTE);
        assert_eq!(world.settled(&ts).await.len(), 1);
        bot.stop().await;
    });
}
