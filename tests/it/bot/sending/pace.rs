//! Bursts, within the pace that Slack allows.

use signpost::slack::rate_limiter::{Rate, Rates};

use super::*;

/// A channel with the bot in it.
async fn channel(world: &World, name: &str) -> String {
    let made = world
        .control("channel", json!({"name": name, "members": [ADA, SIGNPOST]}))
        .await;
    let channel = &made["channel"];
    channel["id"].as_str().or(channel.as_str()).unwrap().to_owned()
}

#[test]
fn two_hundred_pastes_in_ten_channels_at_once_are_all_answered_once() {
    let options = Options {
        rate_limits: true,
        post_every: Duration::from_millis(150),
        ..quick()
    };
    with_options(options, |world| async move {
        let mut channels = Vec::new();
        for number in 0..10 {
            channels.push(channel(&world, &format!("room-{number}")).await);
        }
        // Faster than the workspace takes them; on a slow day that is not enough to be refused, so some are anyway.
        let rates = Rates {
            post: Rate {
                every: Duration::from_millis(1),
                burst: 20,
            },
            ..Rates::default()
        };
        let parts = Parts {
            rates,
            ..Parts::default()
        };
        world.fault(
            &json!({"kind": "429", "retry_after": 1, "times": 15, "method": "chat.postMessage",
            "app": "A0SIGNPOST"}),
        );
        let bot = world.bot_with(world.settings(), parts).await;
        let said: Vec<(&String, String)> = (0..200)
            .map(|number| {
                let channel = &channels[number % 10];
                (channel, world.workspace.say(ADA, channel, PASTE).unwrap())
            })
            .collect();
        let all = world.workspace.wait_for(|state| {
            said.iter()
                .all(|(channel, ts)| !ours(state.replies(channel, ts)).is_empty())
                .then_some(())
        });
        all.await.unwrap();
        world.wait_until_sent().await;
        for (channel, ts) in &said {
            assert_eq!(ours(world.workspace.replies(channel, ts)).len(), 1);
        }
        assert_eq!(world.workspace.read(sandbox::State::faults_left), 0);
        bot.stop().await;
    });
}
