//! Without `jobs.toml` the bot works, and says what it cannot do.

use super::super::acts::buttons;
use crate::bot::*;

#[test]
fn without_jobs_everything_else_works_and_who_asks_for_one_is_told() {
    with(|world| async move {
        let bot = world.bot().await;
        let says = |command: &str| {
            let asked = format!("<@{SIGNPOST}> {command}");
            world.workspace.say(ADA, SUPPORT, &asked).unwrap()
        };
        for command in ["run get-info CLUSTERID=c1", "run get-info", "jobs"] {
            let told = world.replies(&says(command)).await;
            assert!(
                words(&told[0]).contains("No Jenkins jobs are set up"),
                "{command}: {told:#?}"
            );
            assert!(
                words(&told[0]).contains("No Jenkins jobs are set up yet"),
                "{command}: {told:#?}"
            );
            let told = world.command(ADA, command).await;
            assert!(
                words(&told["response"]).contains("No Jenkins jobs are set up"),
                "{command}: {told:#}"
            );
        }
        let ts = world.say(PASTE);
        let card = world.saying(&ts, &["QX4711"]).await;
        assert!(
            !buttons(&card).iter().any(|button| button.starts_with("Run")),
            "{card:#}"
        );
        bot.stop().await;
    });
}

#[test]
fn runs_of_before_are_kept_and_told_as_unknown_when_jobs_are_set_up_no_more() {
    super::ground::with_jobs(|world| async move {
        let bot = world.worker().await;
        world.jenkins_does("hold", &json!({"on": true}));
        let ts = world.asks(ADA, super::ground::GET);
        world.run_saying(&ts, &["Running"]).await;
        bot.kill().await;
        let bot = world.bot_with(world.settings(), super::ground::hasty()).await;
        let shown = world
            .run_saying(
                &ts,
                &[
                    "I can’t tell what happened to it",
                    "was removed from `config/jobs.toml`",
                ],
            )
            .await;
        world.click(ADA, &shown, "Run again").await;
        world.whispered(ADA, SUPPORT, "No Jenkins jobs are set up").await;
        bot.stop().await;
    });
}
