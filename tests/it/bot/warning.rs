//! Private warnings to people who paste a secret into a channel.

use super::*;

impl World {
    /// The texts that only one person sees, with that person.
    fn whispers(&self) -> Vec<(String, String)> {
        self.workspace.read(|state| {
            let messages = state
                .channel(SUPPORT)
                .map(|channel| channel.messages.values().cloned().collect::<Vec<_>>());
            let private = messages.unwrap_or_default().into_iter();
            private
                .filter_map(|message| Some((message.ephemeral_to.clone()?, message.text().to_owned())))
                .collect()
        })
    }
}

#[test]
fn who_pastes_a_secret_is_told_privately_and_once() {
    with(|world| async move {
        let bot = world.bot_with(world.settings(), Parts::default()).await;
        let ts = world.say("cannot log in: password=hunter2 user=ada");
        assert!(world.settled(&ts).await.is_empty());
        world.wait_until_sent().await;
        let whispers = world.whispers();
        assert_eq!(whispers.len(), 1, "{whispers:?}");
        assert!(
            whispers[0].1.contains("a password") && !whispers[0].1.contains("hunter2"),
            "{whispers:?}"
        );
        let chat = world.say("shall we have lunch?");
        world.settled(&chat).await;
        assert_eq!(world.whispers().len(), 1);
        bot.stop().await;
    });
}

#[test]
fn nobody_is_warned_where_the_settings_say_so() {
    with(|world| async move {
        let mut settings = world.settings();
        settings.redact.warn = false;
        let bot = world.bot_with(settings, Parts::default()).await;
        let ts = world.say("cannot log in: password=hunter2 user=ada");
        assert!(world.settled(&ts).await.is_empty());
        assert!(world.whispers().is_empty());
        bot.stop().await;
    });
}
