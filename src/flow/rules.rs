//! The policy, asked with what the settings and Slack say about a message.

use crate::policy::{self, Situation, Verdict};
use crate::settings::Settings;
use crate::slack::decode::{Identity, Message};

/// What is needed to judge a message.
#[derive(Debug)]
pub(super) struct Rules {
    /// Who the bot is.
    pub(super) us: Identity,
    /// What people set.
    pub(super) settings: Settings,
}

impl Rules {
    /// Whether a bot wrote it, we ourselves included.
    pub(super) fn by_bot(&self, message: &Message) -> bool {
        message.bot_id.is_some() || self.own(message) || message.user.as_deref() == Some("USLACKBOT")
    }

    fn own(&self, message: &Message) -> bool {
        message.user.as_deref() == Some(self.us.user_id.as_str())
            || (self.us.bot_id.is_some() && message.bot_id == self.us.bot_id)
    }

    /// What may be done with a message.
    pub(super) fn verdict(&self, message: &Message, mentioned: bool) -> Verdict {
        let allowed = &self.settings.slack.allowed_bots;
        let names = [&message.bot_id, &message.app_id, &message.user];
        let channel = self.settings.channel(&message.channel);
        // In an organisation with several workspaces a colleague may be of another one.
        let external = !message.enterprise
            && message
                .author_team
                .as_ref()
                .is_some_and(|team| team.starts_with('T') && *team != self.us.team_id);
        policy::decide(Situation {
            own: self.own(message),
            bot: self.by_bot(message),
            allowed_bot: names.into_iter().flatten().any(|id| allowed.contains(id)),
            external,
            ext_shared: message.ext_shared,
            shared_allowed: channel.is_some_and(|channel| channel.shared),
            asked: mentioned || message.direct,
            auto_answer: channel
                .and_then(|channel| channel.auto_answer)
                .unwrap_or(self.settings.answers.auto),
            muted: false,
        })
    }
}
