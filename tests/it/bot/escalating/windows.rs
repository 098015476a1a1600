//! The Escalate window: other teams, and services that are slow or fail.

use super::*;

impl World {
    /// Ada's window, as soon as it looks so.
    async fn window_that(&self, is: impl Fn(&str) -> bool) -> Value {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        loop {
            let window = self.window(ADA).await;
            if is(&window.to_string()) {
                return window;
            }
            assert!(tokio::time::Instant::now() < deadline, "{window}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(in crate::bot) async fn oncall_mode(&self, mode: &str) {
        let url = format!("{}/mode", self.workspace.oncall_url());
        let answer = self.client.post(url).json(&json!({"mode": mode})).send().await.unwrap();
        assert!(answer.status().is_success(), "{mode}");
    }

    /// Ada chooses a team in the window.
    async fn choose_team(&self, window: &Value, label: &str) {
        let block = block_id(window, "team");
        let click =
            json!({"user": ADA, "view_id": window["id"], "block_id": block, "action_id": "value", "text": label});
        let told = self.control("click", click).await;
        assert_eq!(told["acknowledged"], true, "{told}");
    }
}

/// Id of the block with a field.
fn block_id(window: &Value, field: &str) -> String {
    let mut blocks = window["blocks"].as_array().unwrap().iter();
    let ids = blocks.find_map(|block| block["block_id"].as_str().filter(|id| id.starts_with(field)));
    ids.unwrap().to_owned()
}

/// The option that a field shows at first.
fn initial(window: &Value, field: &str) -> Option<String> {
    let block = window["blocks"].as_array().unwrap().iter();
    let mut block = block.filter(|block| block["block_id"].as_str().is_some_and(|id| id.starts_with(field)));
    Some(block.next()?["element"]["initial_option"]["value"].as_str()?.to_owned())
}

const PUMPS: &str = "pumps:\n  name: Pumps\n  issue: https://git.example.com/p/p/issues/new\n  \
    oncall: {service: local, schedule: PSANDBOX1, members: {grace@example.com: U0GRACE, ada@example.com: U0ADA}}\n";

#[test]
fn another_team_brings_its_own_people_channel_and_pager() {
    with(|world| async move {
        let both = format!("{}{PUMPS}", teams(""));
        let bot = world.engines(&both, Parts::default()).await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        world.click(ADA, &card, "Escalate").await;
        let window = world.window_that(|shown| shown.contains("The message goes to")).await;
        assert_eq!(initial(&window, "team").as_deref(), Some("engines"));
        assert_eq!(initial(&window, "mention").as_deref(), Some("person"));
        assert!(window.to_string().contains(&format!("<#{RANDOM}>")), "{window}");
        world.choose_team(&window, "Pumps").await;
        let window = world
            .window_that(|shown| shown.contains("git.example.com/p/p") && shown.contains("this thread"))
            .await;
        assert_eq!(initial(&window, "team").as_deref(), Some("pumps"));
        assert!(!window.to_string().contains(&format!("<#{RANDOM}>")), "{window}");
        // This team has no pager.
        assert_eq!(initial(&window, "page"), None);
        let values = json!({block_id(&window, "mention"): {"value": "nobody"}, "summary": {"value": "It sticks"}});
        let sent = json!({"user": ADA, "view_id": window["id"], "values": values});
        let answer = world.control("submit", sent).await;
        assert_eq!(answer["acknowledged"], true, "{answer}");
        world.saying(&ts, &["Escalated to Pumps"]).await;
        bot.stop().await;
    });
}

#[test]
fn a_refusal_is_shown_at_the_field_of_the_team_that_was_chosen() {
    with(|world| async move {
        let both = format!("{}valves:\n  name: Valves\n  slack: {{channel: {RANDOM}}}\n", teams(""));
        let bot = world.engines(&both, Parts::default()).await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        world.click(ADA, &card, "Escalate").await;
        let window = world.window(ADA).await;
        world.choose_team(&window, "Valves").await;
        let window = world.window_that(|shown| shown.contains("mention:valves")).await;
        let mention = block_id(&window, "mention");
        let values = json!({mention.clone(): {"value": "person"}, "summary": {"value": "It sticks"}});
        let sent = json!({"user": ADA, "view_id": window["id"], "values": values});
        let answer = world.control("submit", sent).await.to_string();
        assert!(
            answer.contains(&mention) && answer.contains("Slack account"),
            "{answer}"
        );
        bot.stop().await;
    });
}

#[test]
fn no_mode_of_the_service_holds_up_the_window_or_the_message() {
    for mode in ["slow", "empty", "wrong", "down", "401", "429", "5xx"] {
        with(|world| async move {
            world.oncall_mode(mode).await;
            let team = format!("{PUMPS}  page: local\n").replace("pumps:", "engines:");
            let bot = world.engines(&team, Parts::default()).await;
            let ts = world.say(STALLS);
            let begun = tokio::time::Instant::now();
            let card = world.saying(&ts, &["Warp engine stalls"]).await;
            let chosen = json!({"mention": {"value": "nobody"}, "summary": {"value": mode}});
            let answer = world.escalate(ADA, &card, chosen).await;
            assert_eq!(answer["acknowledged"], true, "{mode}: {answer}");
            world.saying(&ts, &["Escalated to Pumps"]).await;
            // The slow service takes 20 s to answer.
            assert!(begun.elapsed() < Duration::from_secs(15), "{mode}");
            bot.stop().await;
        });
    }
}
