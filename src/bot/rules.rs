//! The policy applied to the settings and to Slack's data about a message.

use jiff::SignedDuration;

use crate::policy::{self, Situation, Verdict};
use crate::settings::{AnswerMode, Mode, Settings};
use crate::slack::decode::{Identity, InteractionContext, Message, Reaction};
use crate::store::Retention;

/// The data needed to judge a message.
#[derive(Debug)]
pub(super) struct Rules {
    /// The bot's identity.
    pub(super) us: Identity,
    /// The settings.
    pub(super) settings: Settings,
}

impl Rules {
    /// Returns true when a bot wrote the message, this one included.
    pub(super) fn by_bot(&self, message: &Message) -> bool {
        message.bot_id.is_some() || self.own(message) || message.user.as_deref() == Some("USLACKBOT")
    }

    /// Tells whether an id is this bot's user or bot id.
    pub(super) fn is_us(&self, author: &str) -> bool {
        author == self.us.user_id || self.us.bot_id.as_deref() == Some(author)
    }

    /// Returns true when this bot wrote the message.
    pub(super) fn own(&self, message: &Message) -> bool {
        message.user.as_deref() == Some(self.us.user_id.as_str())
            || (self.us.bot_id.is_some() && message.bot_id == self.us.bot_id)
    }

    /// Tells whether messages of a channel are answered unasked.
    pub(super) fn is_unasked(&self, channel: &str) -> bool {
        let own = self.settings.channel(channel).and_then(|channel| channel.auto_answer);
        own.unwrap_or(self.settings.answers.auto)
    }

    /// Tells whether unasked answers of a channel are recorded for the owners instead of being posted.
    pub(super) fn is_shadow(&self, channel: &str) -> bool {
        self.settings.answer_mode(channel) == AnswerMode::Shadow
    }

    /// The channel in which the owners see those answers.
    pub(super) fn shadow_channel(&self) -> Option<&str> {
        self.settings.answers.shadow_channel()
    }

    /// The emoji with which messages of a channel are marked that a runbook comes near.
    pub(super) fn near_reaction(&self, channel: &str) -> Option<&str> {
        self.settings.near_reaction(channel)
    }

    /// Tells whether somebody else clicked on that emoji.
    pub(super) fn is_near_reaction(&self, reaction: &Reaction) -> bool {
        // A skin tone is part of the name that Slack tells.
        let name = reaction.name.split("::").next();
        !self.is_us(&reaction.user)
            && self
                .near_reaction(&reaction.channel)
                .is_some_and(|own| name == Some(own))
    }

    /// Tells whether a channel is answered although other organisations read it.
    pub(super) fn is_shared_allowed(&self, channel: &str) -> bool {
        self.settings.channel(channel).is_some_and(|channel| channel.shared)
    }

    /// Tells whether a person who clicks, types a command or submits a modal is treated as a member of another
    /// organisation there.
    pub(super) fn is_external(&self, interaction: &InteractionContext, channel: &str) -> bool {
        policy::is_guarded(interaction.external, false, self.is_shared_allowed(channel))
    }

    /// The confidence from which messages of a channel are answered unasked.
    pub(super) fn threshold(&self, channel: &str) -> f32 {
        self.settings.threshold(channel)
    }

    /// The time during which a repeated error in a channel gets a link to the previous answer.
    pub(super) fn repeat(&self, channel: &str) -> SignedDuration {
        SignedDuration::try_from(self.settings.repeat(channel)).unwrap_or(SignedDuration::MAX)
    }

    /// The age from which a message is not answered any more; `None` when there is no limit. `patient` for messages
    /// that ask the bot.
    pub(super) fn too_old(&self, patient: bool) -> Option<SignedDuration> {
        let answers = &self.settings.answers;
        let minutes = if patient {
            answers.too_old_asked
        } else {
            answers.too_old
        };
        (minutes > 0).then(|| SignedDuration::from_mins(i64::from(minutes)))
    }

    /// The people and user groups that may mute channels; empty for everybody.
    pub(super) fn mute_by(&self) -> &[String] {
        &self.settings.answers.mute_by
    }

    /// The number of days that answers are kept.
    pub(super) fn retention_days(&self) -> u32 {
        self.settings.store.retention_days
    }

    /// The retention times of the store.
    pub(super) fn retention(&self) -> Retention {
        Retention {
            answers: self.settings.store.retention(),
            audit: self.settings.store.audit_retention(),
        }
    }

    /// Tells whether events come in over HTTP.
    pub(super) fn is_http(&self) -> bool {
        self.settings.slack.mode == Mode::Http
    }

    /// The policy's verdict on a message.
    pub(super) fn verdict(&self, message: &Message, mentioned: bool, muted: bool) -> Verdict {
        let allowed = &self.settings.slack.allowed_bots;
        let names = [&message.bot_id, &message.app_id, &message.user];
        policy::decide(Situation {
            own: self.own(message),
            bot: self.by_bot(message),
            allowed_bot: names.into_iter().flatten().any(|id| allowed.contains(id)),
            external: self
                .us
                .is_external(message.author_team.as_deref(), message.enterprise.as_deref()),
            ext_shared: message.ext_shared,
            shared_allowed: self.is_shared_allowed(&message.channel),
            asked: mentioned || message.direct,
            auto_answer: self.is_unasked(&message.channel),
            muted,
        })
    }
}
