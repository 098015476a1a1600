//! Channels in shadow mode: what would be answered unasked is recorded, shown to the owners, and not posted.

use std::ops::ControlFlow;
use std::sync::Once;

use tracing::error;

use super::unanswered::seconds;
use super::{MessageHandler, ReceivedMessage, TOGETHER, lookup};
use crate::bot::Knowledge;
use crate::bot::cases::rows::{self, post};
use crate::bot::cases::{Actor, Case, CaseStatus, TopicRef};
use crate::bot::shadow;
use crate::matching::Match;
use crate::slack::alerts::{Alert, AlertState};
use crate::slack::decode::Message;
use crate::store::{self, Changes, ShadowKind, ShadowLookup, ShadowRow};

/// Maximum number of characters kept of the strongest line.
const EVIDENCE: usize = 300;

/// A shadow answer with its case.
pub(super) type ShadowCase = (ShadowRow, Case);

impl MessageHandler {
    /// The shadow answers that hold a message: its own, and those of later pieces of the same paste.
    pub(super) async fn shadow_of(&self, message: &str) -> Result<Vec<ShadowCase>, store::Error> {
        let Some((place, at)) = message
            .rsplit_once(':')
            .and_then(|(place, ts)| Some((place, seconds(ts)?)))
        else {
            return Ok(Vec::new());
        };
        let edge = |at: f64| format!("{place}:{at:.6}");
        let (first, last) = (edge(at - TOGETHER - 1.0), edge(at + TOGETHER + 1.0));
        let rows = self.ctx.store.shadow_answers_between(&first, &last).await?;
        let holds = |row: &ShadowRow| row.message == message || row.texts.iter().any(|(id, _)| id == message);
        // One that cannot be read must not count as missing: it would stay for ever, and never be written anew.
        let case = |row: &ShadowRow| shadow::read(row).unwrap_or_else(|| shadow::rebuilt(row));
        let held = rows.into_iter().filter(holds).map(|row| {
            let case = case(&row);
            (row, case)
        });
        Ok(held.collect())
    }

    /// Records an answer instead of posting it, and shows it to the owners.
    pub(super) async fn record(
        &self,
        received: &ReceivedMessage<'_>,
        known: &Knowledge,
        mut case: Case,
        best: &Match,
        kind: ShadowKind,
    ) -> Changes {
        let message = received.message;
        if case.found.is_none() {
            case.recognise(&known.library, best);
        }
        let before = received.own_record();
        let link = match self.ctx.rules.shadow_channel() {
            Some(_) => self.ctx.reading.permalink(&message.channel, &message.ts).await,
            None => None,
        };
        let row = ShadowRow {
            message: received.id.clone(),
            channel: message.channel.clone(),
            thread_ts: message.thread().to_owned(),
            author: message.author().map(str::to_owned),
            fingerprint: case.fingerprint.clone(),
            kind,
            runbook: String::new(),
            section: None,
            nth: 0,
            confidence: 0.0,
            evidence: String::new(),
            link: link.or_else(|| before.and_then(|before| before.link.clone())),
            texts: Vec::new(),
            post: before.and_then(|before| before.post.clone()),
            judged: before.and_then(|before| before.judged.clone()),
            version: before.map_or(0, |before| before.version),
            body: String::new(),
            at: before.map_or_else(|| self.ctx.clock.now(), |before| before.at),
        };
        // A message that was shown before and deleted since has used up its key.
        let key = match message.edited_ts {
            Some(_) => format!("shadow:{}", message.key()),
            None => format!("shadow:{}", received.id),
        };
        self.shown_to_owners(before, row, known, &case, best, &key).await
    }

    /// Completes a row from its match, and posts or updates the message to the owners. A verdict stays as long as the
    /// topic does.
    async fn shown_to_owners(
        &self,
        before: Option<&ShadowRow>,
        mut row: ShadowRow,
        known: &Knowledge,
        case: &Case,
        best: &Match,
        key: &str,
    ) -> Changes {
        let (Some(place), Some(body)) = (TopicRef::of(&known.library, best.topic), shadow::written(case)) else {
            return Changes::default();
        };
        let line = case.evidence.first().map_or("", |line| line.text.trim());
        row.evidence = line.chars().take(EVIDENCE).collect();
        row.confidence = f64::from(best.confidence);
        row.fingerprint.clone_from(&case.fingerprint);
        row.texts = case.texts();
        row.body = body;
        if before.is_some_and(|before| shadow::place_of(before) != place) {
            row.judged = None;
        }
        TopicRef {
            runbook: row.runbook,
            section: row.section,
            nth: row.nth,
        } = place;
        let mut done = Changes::default();
        if row.kind == ShadowKind::Answer
            && let Some(owners) = self.owners_channel().await
        {
            let body = self.ctx.shadow_note(&row).await;
            if let Some(key) = self.key_of_note(&row, key).await {
                done.posts.extend(post(&key, owners, None, &body));
                row.post = Some(key);
            } else if match before {
                Some(before) => self.ctx.shadow_note(before).await != body,
                None => true,
            } {
                done.posts.extend(shadow::update(&row, owners, &body));
            }
        }
        done.shadow.push(row);
        done
    }

    /// The channel in which the owners see shadow answers, unless another organisation may read it.
    async fn owners_channel(&self) -> Option<&str> {
        static TOLD: Once = Once::new();
        let owners = self.ctx.rules.shadow_channel()?;
        if !self.ctx.people.may_be_shared(owners).await {
            return Some(owners);
        }
        TOLD.call_once(|| {
            error!(
                channel = owners,
                "answers.shadow_channel is shared with another organisation, or Slack does not say; shadow answers are recorded but not shown there"
            );
        });
        None
    }

    /// Key of a new message to the owners; `None` when one is there, or on its way. One that could not be posted has used
    /// up its key.
    async fn key_of_note(&self, row: &ShadowRow, key: &str) -> Option<String> {
        let Some(before) = &row.post else {
            return Some(key.to_owned());
        };
        // When the store fails, what is decided here is not kept either.
        let is_live = self.ctx.store.is_in_outbox(before).await.unwrap_or(true);
        (!is_live).then(|| format!("{key}:{}", row.version))
    }

    /// Handles an edit of a recorded message: the shadow answers that hold it change in place.
    pub(super) async fn shadow_edited(&self, received: &ReceivedMessage<'_>) -> Result<Changes, store::Error> {
        let message = received.message;
        let is_over = message
            .alert
            .as_ref()
            .is_some_and(|alert| alert.state == AlertState::Resolved);
        if is_over {
            return self.resolved(received).await;
        }
        let mut done = Changes::default();
        for (row, case) in received.recorded.iter().filter(|_| message.edited_ts.is_some()) {
            done.join(self.shadow_edited_in(received, row, case.clone()).await?);
        }
        Ok(done)
    }

    async fn shadow_edited_in(
        &self,
        received: &ReceivedMessage<'_>,
        row: &ShadowRow,
        mut case: Case,
    ) -> Result<Changes, store::Error> {
        if !case.paste(&received.id, &crate::redact::redact(&received.text)) {
            return Ok(Changes::default());
        }
        // A link to an earlier answer: the error may now be another.
        if row.kind == ShadowKind::Repeat && row.message == received.id {
            let mut done = self.unasked(received).await?;
            if done.shadow.is_empty() {
                done.unshadow.push(row.message.clone());
            }
            return Ok(done);
        }
        let text = case.text_with(Some((received.id.as_str(), received.text.as_str())));
        Ok(self.shadow_reconsidered(row, case, &text).await)
    }

    /// Matches a shadow answer again after its texts changed.
    async fn shadow_reconsidered(&self, row: &ShadowRow, mut case: Case, text: &str) -> Changes {
        let known = self.ctx.knowledge.get();
        let outcome = self.recognise(&known, &row.channel, text, case.by_bot);
        let Some(best) = outcome.matches.first() else {
            return shadow_withdrawn(row);
        };
        case.take_up(&known.library, &outcome);
        if !case.fingerprint.starts_with("alert:") {
            case.fingerprint = TopicRef::name_of(&known.library, best.topic);
        }
        let key = format!("shadow:{}", row.message);
        self.shown_to_owners(Some(row), row.clone(), &known, &case, best, &key)
            .await
    }

    /// Handles a deleted message: nothing of it stays in a shadow answer.
    pub(super) async fn shadow_forgotten(&self, message: &str) -> Result<Changes, store::Error> {
        let mut done = Changes::default();
        for (row, mut case) in self.shadow_of(message).await? {
            if row.message == message {
                done.join(shadow_withdrawn(&row));
                continue;
            }
            case.pastes.retain(|paste| paste.message != message);
            let text = case.text();
            done.join(self.shadow_reconsidered(&row, case, &text).await);
        }
        Ok(done)
    }

    /// Tells whether a message adds nothing to what would have been answered in its thread or its channel. Such a message
    /// would have been left alone, or its details added to the answer that is there.
    pub(super) async fn is_in_shadow(
        &self,
        received: &ReceivedMessage<'_>,
        known: &Knowledge,
        best: &Match,
    ) -> Result<bool, store::Error> {
        let lookup = ShadowLookup::Thread(received.message.thread());
        let talk = |_: &ShadowRow, case: &Case| case.is_talk(&known.library, best);
        Ok(self.shadow_case(received, lookup, talk).await?.is_some())
    }

    /// The shadow answer to the same error: in its thread, else in its channel.
    pub(super) async fn same_in_shadow(
        &self,
        received: &ReceivedMessage<'_>,
        best: &Match,
        fingerprint: &str,
    ) -> Result<Option<ShadowCase>, store::Error> {
        let message = received.message;
        let rules = &self.ctx.rules;
        let is_same = |case: &Case| lookup::is_same(message, case, best, fingerprint);
        let lately = self.since(lookup::looked_back(rules, message));
        let thread = ShadowLookup::Thread(message.thread());
        let here = |row: &ShadowRow, case: &Case| row.at >= lately && is_same(case);
        if let Some(here) = self.shadow_case(received, thread, here).await? {
            return Ok(Some(here));
        }
        let by_fingerprint = ShadowLookup::Fingerprint {
            fingerprint,
            since: lately,
        };
        let now = self.ctx.clock.now();
        let holds_still = |row: &ShadowRow, case: &Case| {
            now.duration_since(row.at) <= lookup::holds(rules, message, case) && is_same(case)
        };
        self.shadow_case(received, by_fingerprint, holds_still).await
    }

    /// Handles an error that has a shadow answer. As with answers that were posted, only people are sent to it from
    /// elsewhere, and details that its author adds belong to it.
    pub(super) async fn shadow_repeated(
        &self,
        received: &ReceivedMessage<'_>,
        known: &Knowledge,
        (row, case): &ShadowCase,
        best: &Match,
    ) -> Changes {
        let message = received.message;
        let here = row.thread_ts == message.thread();
        let adds = best.captures.keys().any(|name| !case.captures.contains_key(name));
        let goes_on = adds
            && Self::is_together(received, case)
            && case.author.as_deref() == message.author()
            && case.other_values(best).is_empty();
        if here || goes_on || self.ctx.rules.by_bot(message) {
            return Changes::default();
        }
        let mut repeat = Self::new_case(received);
        repeat.fingerprint.clone_from(&case.fingerprint);
        self.record(received, known, repeat, best, ShadowKind::Repeat).await
    }

    /// Marks the shadow answers to an alert as over, so that the next one is a new alert.
    pub(super) async fn shadow_resolved(
        &self,
        message: &Message,
        alert: &Alert,
        best: Option<&Match>,
        mark: &Actor,
    ) -> Result<Vec<ShadowRow>, store::Error> {
        let group = super::group_of(alert);
        let mut open = Vec::new();
        let mut visit = |row: ShadowRow| {
            let is_other = |case: &Case| best.is_some_and(|best| !case.other_values(best).is_empty());
            let case = shadow::read(&row).filter(|case| case.status.is_open() && !is_other(case));
            open.extend(case.map(|case| (row, case)));
            if open.len() < rows::MOST {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        };
        // An older one does not hold as the answer to the next alert either.
        let since = self.since(lookup::looked_back(&self.ctx.rules, message));
        let lookup = ShadowLookup::Group { prefix: &group, since };
        let store = &self.ctx.store;
        store.visit_shadow_answers(&message.channel, lookup, &mut visit).await?;
        let over = open.into_iter().filter_map(|(row, mut case)| {
            case.set_status(CaseStatus::Resolved(mark.clone()));
            let body = shadow::written(&case)?;
            Some(ShadowRow { body, ..row })
        });
        Ok(over.collect())
    }

    /// The first shadow answer of a look-up that is wanted, other than that to the message itself.
    async fn shadow_case(
        &self,
        received: &ReceivedMessage<'_>,
        lookup: ShadowLookup<'_>,
        mut is_wanted: impl FnMut(&ShadowRow, &Case) -> bool + Send,
    ) -> Result<Option<ShadowCase>, store::Error> {
        let mut seen = 0;
        let mut found = None;
        let mut visit = |row: ShadowRow| {
            seen += 1;
            found = shadow::read(&row)
                .filter(|case| row.message != received.id && is_wanted(&row, case))
                .map(|case| (row, case));
            if found.is_some() || seen >= rows::MOST {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let channel = &received.message.channel;
        self.ctx.store.visit_shadow_answers(channel, lookup, &mut visit).await?;
        Ok(found)
    }
}

/// Deletes a shadow answer, and the message that shows it to the owners.
pub(super) fn shadow_withdrawn(row: &ShadowRow) -> Changes {
    let gone = row.post.as_deref().map(|key| super::deleted::gone(&row.channel, key));
    Changes {
        posts: gone.into_iter().collect(),
        unshadow: vec![row.message.clone()],
        ..Changes::default()
    }
}
