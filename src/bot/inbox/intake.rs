//! Frame → inbox. What is stored here is acknowledged next, so nothing else happens in between.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use serde_json::Value;
use tracing::{debug, error, info, warn};

use crate::bot::context::Context;
use crate::bot::interactions::InteractionHandler;
use crate::policy::Verdict;
use crate::slack::decode::{self, Envelope, Event};
use crate::slack::inbound::EnvelopeHandler;
use crate::slack::outbound_filter;
use crate::slack::stray_connections::{StrayConnections, StrayVerdict};
use crate::store::{Arrival, InteractionClaim, Receipt};
use crate::traces::TraceSpan;

/// Interval between looks at an interaction that another replica is answering. It does so for a second at most.
const ELSEWHERE: Duration = Duration::from_millis(40);

/// Takes envelopes into the inbox.
#[derive(Debug)]
pub(crate) struct Intake {
    pub(crate) ctx: Arc<Context>,
    pub(crate) stray_connections: Mutex<StrayConnections>,
    /// Answers interactions.
    pub(crate) interactions: InteractionHandler,
}

#[async_trait]
impl EnvelopeHandler for Intake {
    async fn take(&self, envelopes: Vec<Envelope>) -> Result<(), String> {
        let begun = self.ctx.clock.now();
        let arrivals: Vec<Arrival> = envelopes.iter().filter_map(|envelope| self.arrival(envelope)).collect();
        if arrivals.is_empty() {
            return Ok(());
        }
        match self.ctx.store.receive(&arrivals, self.ctx.clock.now()).await {
            Ok(receipts) => {
                self.ctx.status.store_works();
                for (arrival, receipt) in arrivals.iter().zip(&receipts) {
                    // Once for each message: this span is the parent of all that follow.
                    if *receipt == Receipt::New {
                        drop(TraceSpan::first("receive", &arrival.key, begun));
                    }
                }
                if receipts.into_iter().any(Receipt::wakes) {
                    self.ctx.inbox.notify_one();
                }
                Ok(())
            }
            Err(cause) => {
                if self.ctx.status.store_failed(&cause) {
                    error!(%cause, "events cannot be stored and are not acknowledged");
                }
                Err(cause.to_string())
            }
        }
    }

    async fn answer(&self, envelope: Envelope) -> Result<Option<Value>, String> {
        metrics::counter!("signpost_envelopes_total", "kind" => envelope.kind.clone()).increment(1);
        let key = envelope.keys().pop().unwrap_or_default();
        if let Some(answer) = self.answered_elsewhere(&key).await {
            return Ok(answer);
        }
        let interaction = decode::interaction(&envelope, &self.ctx.rules.us);
        // Runbooks and messages are other people's text: whatever they do to the core, the bot goes on.
        let answer = AssertUnwindSafe(self.interactions.answer(interaction))
            .catch_unwind()
            .await;
        if let Ok(mut answer) = answer {
            // As it is sent: the store keeps no secret that a text may hold.
            if let Ok(Some(value)) = &mut answer {
                outbound_filter::block(value);
            }
            if let Ok(answer) = &answer
                && let Err(cause) = self.ctx.store.interaction_answered(&key, answer.as_ref()).await
            {
                debug!(%cause, "the answer to an interaction cannot be kept for other replicas");
            }
            return answer.map_err(|cause| cause.to_string());
        }
        metrics::counter!("signpost_panics_total", "task" => "interaction").increment(1);
        Err("an interaction made the bot panic".to_owned())
    }

    fn opened(&self, num_connections: Option<u32>, overlap: u32) {
        info!(slack.connections = num_connections, "connected to Slack");
        if let Some(connections) = num_connections {
            let mut stray_connections = self.stray_connections.lock();
            let verdict = stray_connections.hello(self.ctx.clock.now(), connections, overlap);
            self.ctx.status.change(|status| match verdict {
                StrayVerdict::Alarm(extra) => status.stray_connections = extra,
                _ if stray_connections.clear() => status.stray_connections = 0,
                _ => {}
            });
            if let StrayVerdict::Alarm(extra) = verdict {
                error!(
                    slack.stray_connections = extra,
                    "more connections to Slack than ours: something else takes events that the bot never sees; find \
                     other processes with this app token, or revoke it and make a new one"
                );
            }
            metrics::gauge!("signpost_slack_ghost_connections").set(f64::from(self.ctx.status.get().stray_connections));
        }
        // Last, so that who waits for the connection finds everything that its hello told.
        self.ctx.status.change(|status| status.sockets += 1);
    }

    fn closed(&self) {
        self.ctx
            .status
            .change(|status| status.sockets = status.sockets.saturating_sub(1));
    }
}

impl Intake {
    /// The answer to an interaction that Slack delivered to another replica as well; `None` when this replica is to
    /// answer: it is the first, or the other one takes long and is probably gone. An interaction that the store cannot
    /// tell about is answered here, for it can be done twice without harm.
    async fn answered_elsewhere(&self, key: &str) -> Option<Option<Value>> {
        loop {
            match self.ctx.store.claim_interaction(key).await {
                Ok(InteractionClaim::Ours) => return None,
                Ok(InteractionClaim::Answered(answer)) => {
                    metrics::counter!("signpost_interactions_repeated_total").increment(1);
                    info!("an interaction was delivered to another replica as well; it is only acknowledged");
                    return Some(answer);
                }
                Ok(InteractionClaim::Elsewhere) => tokio::time::sleep(ELSEWHERE).await,
                Err(cause) => {
                    debug!(%cause, "the store cannot tell whether another replica is answering an interaction");
                    return None;
                }
            }
        }
    }

    /// The row for an envelope; `None` for what is not to be handled.
    fn arrival(&self, envelope: &Envelope) -> Option<Arrival> {
        metrics::counter!("signpost_envelopes_total", "kind" => envelope.kind.clone()).increment(1);
        if envelope.retry_attempt > 0 {
            debug!(slack.retry = envelope.retry_attempt, "Slack redelivered an envelope");
        }
        if envelope.kind != "events_api" {
            warn!(
                slack.kind = envelope.kind,
                "unsupported kind of envelope; acknowledged and ignored"
            );
            return None;
        }
        match decode::event(&envelope.payload, &self.ctx.rules.us) {
            Event::Message(message) => {
                // What nobody may see answered is not even stored.
                if let Verdict::Ignore(why) = self.ctx.rules.verdict(&message, message.mentioned, false) {
                    debug!(why, "a message is ignored");
                    metrics::counter!("signpost_messages_total", "outcome" => "ignored").increment(1);
                    return None;
                }
                Some(Arrival {
                    key: message.key(),
                    lane: format!("{}:{}", message.team, message.channel),
                    mentioned: message.mentioned,
                    payload: envelope.payload.to_string(),
                    decoded: true,
                })
            }
            Event::Deleted { author, .. } if author.as_ref().is_some_and(|author| self.ctx.rules.is_us(author)) => {
                debug!("one of the bot's messages was deleted");
                None
            }
            // In the lane of its channel: what was pasted before is handled before.
            Event::Deleted { message, .. } => Some(Arrival {
                key: format!("deleted:{message}"),
                lane: message.rsplit_once(':').map_or("", |(lane, _)| lane).to_owned(),
                mentioned: false,
                payload: envelope.payload.to_string(),
                decoded: true,
            }),
            // In the lane of its channel: the reaction of the bot itself was decided there.
            Event::Reacted(reaction) if self.ctx.rules.is_near_reaction(&reaction) => Some(Arrival {
                key: decode::event_id(&envelope.payload)
                    .unwrap_or_else(|| format!("reaction:{}:{}", reaction.message(), reaction.user)),
                lane: format!("{}:{}", reaction.team, reaction.channel),
                mentioned: false,
                payload: envelope.payload.to_string(),
                decoded: true,
            }),
            Event::Reacted(_) => None,
            Event::HomeOpened { user, tab } => {
                debug!(user, tab, "the bot's Home tab was opened");
                if tab == "home" {
                    self.ctx.home_visitors.opened(&user);
                }
                None
            }
            Event::Ignored { kind } => {
                debug!(kind, "an event is ignored");
                None
            }
            Event::Odd { why } => {
                let key = decode::event_id(&envelope.payload).unwrap_or_else(|| format!("envelope:{}", envelope.id));
                warn!(why, key, "an event cannot be decoded; its payload is kept for a day");
                Some(Arrival {
                    key,
                    lane: String::new(),
                    mentioned: false,
                    payload: envelope.payload.to_string(),
                    decoded: false,
                })
            }
        }
    }
}
