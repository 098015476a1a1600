//! The earlier cases that a message may belong to.

use std::ops::ControlFlow;

use jiff::{SignedDuration, Timestamp};

use super::{MessageHandler, ReceivedMessage};
use crate::bot::Knowledge;
use crate::bot::cases::{Case, CaseStatus, identity_of, rows};
use crate::bot::rules::Rules;
use crate::matching::Match;
use crate::slack::alerts;
use crate::slack::decode::Message;
use crate::store::{self, CaseLookup, CaseRow};

/// Age up to which a case may be continued by a message.
pub(super) const LATELY: SignedDuration = SignedDuration::from_mins(10);
/// Time during which an alert that still fires gets no new answer. Alertmanager repeats it every four hours.
pub(super) const REMINDED: SignedDuration = SignedDuration::from_hours(24);

impl MessageHandler {
    /// The case that the author of a message began just before it, in the same place.
    pub(super) async fn begun_before(
        &self,
        received: &ReceivedMessage<'_>,
    ) -> Result<Option<(CaseRow, Case)>, store::Error> {
        let Some(author) = received.message.author() else {
            return Ok(None);
        };
        let since = self.since(LATELY);
        let lookup = CaseLookup::Author { author, since };
        // A list that somebody asked for has nothing to do with their next message.
        let follow_up = |_: &CaseRow, case: &Case| case.is_of_paste() && Self::is_together(received, case);
        rows::find(self.ctx.store.as_ref(), &received.message.channel, lookup, follow_up).await
    }

    /// Tells whether a message is conversation about the topic of its thread.
    pub(super) async fn is_talk(
        &self,
        message: &Message,
        known: &Knowledge,
        best: &Match,
    ) -> Result<bool, store::Error> {
        let lookup = CaseLookup::Thread(message.thread());
        let is_talk = |_: &CaseRow, case: &Case| case.post.is_some() && case.is_talk(&known.library, best);
        let found = rows::find(self.ctx.store.as_ref(), &message.channel, lookup, is_talk).await?;
        Ok(found.is_some())
    }

    /// The case that already answers the error of a message: in its thread, else in its channel.
    pub(super) async fn same_error(
        &self,
        message: &Message,
        best: &Match,
        fingerprint: &str,
    ) -> Result<Option<(CaseRow, Case)>, store::Error> {
        let rules = &self.ctx.rules;
        let is_same = |case: &Case| is_same(message, case, best, fingerprint);
        let since = self.since(looked_back(rules, message));
        let (store, channel) = (self.ctx.store.as_ref(), &message.channel);
        let in_thread = |row: &CaseRow, case: &Case| row.updated_at >= since && is_same(case);
        let thread = CaseLookup::Thread(message.thread());
        let here = rows::find(store, channel, thread, in_thread).await?;
        if here.is_some() {
            return Ok(here);
        }
        let now = self.ctx.clock.now();
        let holds_still = |row: &CaseRow, case: &Case| {
            now.duration_since(row.created_at) <= holds(rules, message, case) && is_same(case)
        };
        // The identical error first: an alert storm has hundreds of cases that differ only in their values.
        for identity in [Some(identity_of(best)), None] {
            let lookup = CaseLookup::Fingerprint {
                fingerprint,
                identity: identity.as_deref(),
                since,
            };
            let found = rows::find(store, channel, lookup, holds_still).await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The open cases of an alert group, however old they are.
    pub(super) async fn open_cases(
        &self,
        channel: &str,
        alert: &alerts::Alert,
    ) -> Result<Vec<(CaseRow, Case)>, store::Error> {
        let group = super::group_of(alert);
        let mut open = Vec::new();
        let mut visit = |row: CaseRow| {
            open.extend(
                rows::read(&row)
                    .filter(|case| case.status.is_open())
                    .map(|case| (row, case)),
            );
            ControlFlow::Continue(())
        };
        let lookup = CaseLookup::Open(&group);
        self.ctx.store.visit_cases(channel, lookup, &mut visit).await?;
        Ok(open)
    }

    pub(super) fn since(&self, lately: SignedDuration) -> Timestamp {
        self.ctx.clock.now().saturating_sub(lately).unwrap_or(Timestamp::MIN)
    }
}

/// Returns true when a case answers the error of a message. [`same_error`](MessageHandler::same_error) looks for such a
/// case in the store, a replay among those that it keeps in memory.
pub(super) fn is_same(message: &Message, case: &Case, best: &Match, fingerprint: &str) -> bool {
    case.fingerprint == fingerprint
        && case.found.is_some()
        && match &message.alert {
            Some(_) => true,
            None => case.is_same_error(best),
        }
        // Another cluster's error is another case, with its own values filled in, whatever its monitor calls it.
        && case.other_values(best).is_empty()
        && case.post.is_some()
        && !matches!(case.status, CaseStatus::Withdrawn | CaseStatus::Resolved(_))
}

/// Age of the latest change up to which a case is considered to answer the error of a message.
pub(super) fn looked_back(rules: &Rules, message: &Message) -> SignedDuration {
    let looks_back = message.alert.is_some() || !message.is_root();
    rules
        .repeat(&message.channel)
        .max(if looks_back { REMINDED } else { LATELY })
}

/// Time for which a case holds as the answer to errors elsewhere in its channel.
pub(super) fn holds(rules: &Rules, message: &Message, case: &Case) -> SignedDuration {
    let alert = message.alert.as_ref();
    // Monitoring repeats alerts that still fire.
    let reminds = alert.is_some_and(|alert| alert.source != alerts::AlertSource::Jenkins)
        && !matches!(case.status, CaseStatus::Fixed(_));
    let repeat = rules.repeat(&message.channel);
    if reminds { repeat.max(REMINDED) } else { repeat }
}
