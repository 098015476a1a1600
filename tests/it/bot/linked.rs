//! The runbook that an alert links to itself.

use super::acts::{buttons, text};
use super::*;
use signpost::sandbox::{ALERTBOT, ALERTS, RANDOM};

const TANKS: &str =
    "# Tank pressure\n\nIntro.\n\n## Vent the tank\n\n1. Turn the valve.\n\n## Call the crew\n\n1. Ring the bell.\n";
const BASE: &str = "https://books.example/run";

impl World {
    fn with_links(&self) -> Settings {
        self.write("Pressure.md", TANKS);
        let mut settings = self.settings();
        settings.runbooks.base_url = format!("{BASE}/tanks/");
        settings.admin.channel = RANDOM.to_owned();
        settings
    }

    /// Posts as the alert bot; the message's `ts`.
    fn post(&self, message: &Value) -> String {
        let mut message = message.clone();
        message["channel"] = json!(ALERTS);
        let posted = self.workspace.call(ALERTBOT, "chat.postMessage", &message).unwrap();
        posted["ts"].as_str().unwrap().to_owned()
    }

    async fn answer(&self, ts: &str) -> Value {
        self.replies_in(ALERTS, ts).await.remove(0)
    }
}

#[test]
fn the_runbook_link_of_an_alert_is_certain_and_its_other_links_become_buttons() {
    with(|world| async move {
        let bot = world.bot_with(world.with_links(), Parts::default()).await;
        let alert = json!({"text": "", "attachments": [{
        "title": "[FIRING:1] Q7 (w-17 page)", "title_link": "https://am.example/#/alerts?receiver=x",
        "text": "*Instance:* w-17",
        "actions": [
            {"type": "button", "text": "Runbook :green_book:", "url": format!("{BASE}/tanks/pressure/#vent-the-tank")},
            {"type": "button", "text": "Dashboard", "url": "https://grafana.example/d/a1/tanks?orgId=1&from=now"},
            {"type": "button", "text": "Silence :no_bell:", "url": "https://am.example/#/silences/new?filter=%7Ba%7D"},
        ]}]});
        let card = world.answer(&world.post(&alert)).await;
        assert!(
            words(&card).contains("Turn the valve") && !words(&card).contains("Ring the bell"),
            "{card}"
        );
        assert!(
            text(&card).contains("Matched the alert’s link to this runbook"),
            "{}",
            text(&card)
        );
        let elements = card["blocks"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|block| block["elements"].as_array());
        let opened: Vec<_> = elements
            .flatten()
            .filter(|element| element["url"].is_string())
            .map(|element| {
                format!(
                    "{} {}",
                    element["text"]["text"].as_str().unwrap(),
                    element["url"].as_str().unwrap()
                )
            })
            .collect();
        insta::assert_snapshot!(opened.join("\n"), @r"
        Dashboard https://grafana.example/d/a1/tanks?orgId=1&from=now
        Silence https://am.example/#/silences/new?filter=%7Ba%7D
        ");
        bot.stop().await;
    });
}

#[test]
fn the_link_is_read_wherever_the_alert_has_it() {
    with(|world| async move {
        let mut settings = world.with_links();
        settings.answers.repeat_minutes = 0;
        let bot = world.bot_with(settings, Parts::default()).await;
        let link = format!("{BASE}/tanks/Pressure.md");
        let section = |text: String| json!({"type": "section", "text": {"type": "mrkdwn", "text": text}});
        let button = json!({"type": "button", "text": {"type": "plain_text", "text": "View runbook"}, "url": link});
        let messages = [
            // Grafana's default text.
            json!({"attachments": [{"title": "[FIRING:1] Q7 first", "text": format!("**Firing**\n\nLabels:\n - alertname = Q7\nAnnotations:\n - runbook_url = {link}\n")}]}),
            json!({"text": format!("[FIRING:1] Q7 second\n*Runbook:* <{link}|how to vent>")}),
            json!({"text": "Q7 third", "attachments": [{"fields": [{"title": "runbook_url", "value": format!("<{link}>")}]}]}),
            json!({"text": "Q7 fourth", "blocks": [section(format!("Q7 fourth\n<{link}|:book: Runbook> | <https://x.example|Details>"))]}),
            json!({"text": "Q7 fifth", "blocks": [section("Q7 fifth".into()), {"type": "actions", "elements": [button]}]}),
            json!({"text": "Triggered #12: Q7 sixth", "attachments": [{"title": "Runbook", "title_link": link}]}),
            json!({"text": format!("Q7 seventh {{\"runbook_url\": \"{link}\", \"severity\": \"page\"}}")}),
            json!({"text": format!("Q7 eighth runbookUrl={link}")}),
        ];
        for message in messages {
            let card = world.answer(&world.post(&message)).await;
            assert!(text(&card).contains("Tank pressure"), "{message}\n{card}");
        }
        bot.stop().await;
    });
}

#[test]
fn talk_about_a_runbook_and_the_end_of_an_alert_are_not_answered() {
    with(|world| async move {
        let bot = world.bot_with(world.with_links(), Parts::default()).await;
        let link = format!("{BASE}/tanks/Pressure.md");
        let said = [
            format!("see {link}"),
            format!("have a look at the <{link}|Runbook> before you page anybody"),
            format!("Runbook: {link}"),
            format!("the rule needs an annotation, like\nrunbook_url: {link}"),
            format!("- alert: Q7\n  expr: up == 0 # firing\n  annotations:\n    runbook_url: {link}"),
            format!("[RESOLVED] Q7 alertname=Q7 runbook_url={link}"),
        ];
        for text in said {
            let ts = world.say(&text);
            assert!(world.settled(&ts).await.is_empty(), "{text}");
        }
        let over = [
            json!({"attachments": [{"title": "[RESOLVED] Q7", "text": format!("runbook_url = {link}")}]}),
            json!({"text": format!("Recovered: Q7\n<{link}|Runbook>")}),
        ];
        for message in over {
            let ts = world.post(&message);
            assert!(world.settled_in(ALERTS, &ts).await.is_empty(), "{message}");
        }
        let pasted = world.say(&format!(
            "what is this?\n[FIRING:1] Q7\nalertname = Q7\nrunbook_url = {link}"
        ));
        world.saying(&pasted, &["Turn the valve"]).await;
        bot.stop().await;
    });
}

#[test]
fn whoever_asks_with_an_address_gets_its_document() {
    with(|world| async move {
        let bot = world.bot_with(world.with_links(), Parts::default()).await;
        for question in [
            format!("{BASE}/tanks/Pressure#call-the-crew"),
            format!("show <{BASE}/tanks/Pressure.md#call-the-crew>"),
            format!("what does <{BASE}/tanks/Pressure#call-the-crew|this> mean?"),
        ] {
            let ts = world.say(&format!("<@{SIGNPOST}> {question}"));
            let card = world.replies(&ts).await.remove(0);
            assert!(words(&card).contains("Ring the bell"), "{question}\n{card}");
            assert!(!words(&card).contains("Turn the valve"), "{question}\n{card}");
        }
        bot.stop().await;
    });
}

#[test]
fn a_link_that_leads_nowhere_is_told_to_the_operators_once_and_not_to_the_thread() {
    with(|world| async move {
        let bot = world.bot_with(world.with_links(), Parts::default()).await;
        let alert = |title: &str| json!({"attachments": [{"title": title, "text": format!("runbook_url = {BASE}/tanks/Gone.md")}]});
        let first = world.post(&alert("[FIRING:1] Q8"));
        let told = world.posted(RANDOM, "Gone.md").await;
        insta::assert_snapshot!(text(&told), @r"
        An alert in #alerts links to a runbook that I don’t have: `https://books.example/run/tanks/Gone.md`

        Either the page has moved or been deleted, or `base_url` of its source is not set to the address where it is published.
        ");
        let second = world.post(&alert("[FIRING:1] Q9"));
        for ts in [first, second] {
            assert!(world.settled_in(ALERTS, &ts).await.is_empty());
        }
        let count = world.workspace.read(|state| {
            let messages = state.channel(RANDOM).unwrap().messages.values();
            messages.filter(|message| message.user() == SIGNPOST).count()
        });
        assert_eq!(count, 1);
        bot.stop().await;
    });
}

#[test]
fn the_buttons_of_an_alert_are_for_the_team_alone() {
    with(|world| async move {
        let bot = world.bot_with(world.with_links(), Parts::default()).await;
        let dashboard = "Dashboard: https://grafana.example/d/a1";
        let ts = world.say(&format!("{PASTE}\n{dashboard}"));
        let card = world.saying(&ts, &["fluxctl fill w-17"]).await;
        assert!(
            !buttons(&card).contains(&"Dashboard".to_owned()),
            "a person wrote it: {card}"
        );
        let card = world
            .answer(&world.post(&json!({"text": format!("{PASTE}\n{dashboard}")})))
            .await;
        assert!(buttons(&card).contains(&"Dashboard".to_owned()), "{card}");
        bot.stop().await;
    });
}
