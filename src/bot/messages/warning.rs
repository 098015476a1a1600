//! Private warnings to people who paste a secret into a channel.

use super::{MessageHandler, ReceivedMessage};
use crate::bot::cases::rows::whisper;
use crate::redact::kinds;
use crate::slack::sender::Body;
use crate::store::Changes;

impl MessageHandler {
    /// Adds a warning to the outcome of a message that holds secrets. A second delivery and an edit have the same key in
    /// the outbox: the author is told once.
    pub(super) fn warned(&self, received: &ReceivedMessage<'_>, mut done: Changes) -> Changes {
        let kinds = kinds(&received.text);
        for kind in &kinds {
            metrics::counter!("signpost_redactions_total", "kind" => *kind).increment(1);
        }
        let message = received.message;
        let is_silent = message.direct || received.shadow || received.external || self.ctx.rules.by_bot(message);
        if kinds.is_empty() || is_silent || !self.ctx.rules.settings.redact.warn {
            return done;
        }
        if let Some(user) = message.user.as_deref() {
            let body = Body::of(&self.ctx.responder.secret_warning(&kinds));
            let key = format!("secret:{}", received.id);
            let thread = message.thread_ts.clone();
            done.posts.extend(whisper(&key, &message.channel, thread, user, &body));
        }
        done
    }
}
