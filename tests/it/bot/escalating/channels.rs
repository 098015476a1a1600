//! Escalations and the readers of channels: nothing reaches another organisation, and nothing vanishes.

use super::*;

/// A team without a channel of its own.
const ENGINES_HERE: &str = "engines:\n  name: Engines\n  slack: {group: S0ONCALL01}\n  page: local\n";

impl World {
    /// A channel that the bot is in.
    async fn channel(&self, name: &str) -> String {
        let made = self.control("channel", json!({"name": name})).await;
        made["channel"].as_str().unwrap().to_owned()
    }

    /// The bot's messages in a channel, once all is sent.
    async fn written(&self, channel: &str) -> Vec<Value> {
        self.wait_until_sent().await;
        self.workspace.read(|state| {
            let messages = state.channel(channel).unwrap().messages.values();
            ours(messages.map(|message| Value::Object(message.value.clone())).collect())
        })
    }
}

#[test]
fn a_thread_that_was_shared_since_gets_no_escalation() {
    for teams in [ENGINES_HERE.to_owned(), teams("")] {
        with(|world| async move {
            let bot = world.engines(&teams, Parts::default()).await;
            let ts = world.say(STALLS);
            let card = world.saying(&ts, &["Warp engine stalls", "Engines"]).await;
            world.click(ADA, &card, "Escalate").await;
            let window = world.window(ADA).await;
            world
                .control("channel", json!({"name": "support", "shared": true}))
                .await;
            let values = json!({
                "summary": {"value": "The valve sticks"}, "team": {"value": "engines"}, "mention": {"value": "group"},
                "page": {"value": "yes"},
            });
            let sent = json!({"user": ADA, "view_id": window["id"], "values": values});
            let answer = world.control("submit", sent).await;
            assert!(answer.to_string().contains("errors"), "{answer}");
            // The card forgets whom to call, too.
            world
                .reply_that(SUPPORT, &ts, |reply| !words(reply).contains("Engines"))
                .await;
            for channel in [SUPPORT, RANDOM] {
                for message in world.written(channel).await {
                    assert!(!words(&message).contains("valve"), "{message}");
                    assert!(!words(&message).contains("<!subteam"), "{message}");
                }
            }
            assert_eq!(paged(&world.workspace.pages()), 0);
            bot.stop().await;
        });
    }
}

#[test]
fn slack_that_does_not_tell_who_reads_a_channel_is_given_as_the_reason() {
    with(|world| async move {
        let bot = world.engines(&teams(""), Parts::default()).await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        let slow = json!({"kind": "slow", "ms": 60_000, "method": "conversations.info", "channel": RANDOM, "times": 5});
        world.fault(&slow);
        let begun = tokio::time::Instant::now();
        let answer = world
            .escalate(ADA, &card, json!({"summary": {"value": "The valve sticks"}}))
            .await;
        assert!(answer.to_string().contains("Slack didn’t answer in time"), "{answer}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        bot.stop().await;
    });
}

#[test]
fn a_step_for_a_channel_that_others_read_goes_below_the_first_message() {
    with(|world| async move {
        let guests = world.channel("guests").await;
        let more = "  escalation:\n    - {after: 15, team: others}\n";
        let teams = teams(more).replace(
            "  name: Others\n",
            &format!("  name: Others\n  slack: {{channel: {guests}, group: {ONCALL}}}\n"),
        );
        let (bot, clock) = world.engines_in_time(&teams).await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        world
            .escalate(ADA, &card, json!({"summary": {"value": "The valve sticks"}}))
            .await;
        let first = world.posted(RANDOM, "The valve sticks").await;
        world
            .control("channel", json!({"name": "guests", "shared": true}))
            .await;
        clock.turn(SignedDuration::from_mins(16));
        let thread = first["ts"].as_str().unwrap();
        let step = world
            .reply_that(RANDOM, thread, |reply| words(reply).contains("No one has acknowledged"))
            .await;
        let said = words(&step);
        assert!(
            said.contains("Others, whose channel is shared with another organisation"),
            "{said}"
        );
        assert!(said.contains(&format!("<!subteam^{ONCALL}>")), "{said}");
        world
            .saying(&ts, &["Others’s channel is shared with another organisation"])
            .await;
        assert_eq!(world.written(&guests).await, Vec::<Value>::new());
        bot.stop().await;
    });
}

#[test]
fn a_step_for_a_team_without_a_channel_is_posted_in_the_thread() {
    with(|world| async move {
        let more = "  escalation:\n    - {after: 15, team: others}\n";
        let (bot, clock) = world.engines_in_time(&teams(more)).await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        world
            .escalate(ADA, &card, json!({"summary": {"value": "The valve sticks"}}))
            .await;
        world.posted(RANDOM, "The valve sticks").await;
        clock.turn(SignedDuration::from_mins(16));
        world
            .saying(&ts, &["No one has acknowledged", "The valve sticks"])
            .await;
        assert_eq!(world.written(RANDOM).await.len(), 1);
        bot.stop().await;
    });
}
