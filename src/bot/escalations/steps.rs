//! The next step of an escalation that nobody has acknowledged: where its message goes, and whom it calls.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::submit::{dedup_key, page, timer};
use super::worker::{EscalationWorker, TRIES};
use crate::bot::cases::{Case, CaseEscalation, CasePage, rows};
use crate::bot::on_call::TeamOnCall;
use crate::bot::reading::ChannelFault;
use crate::runbook::{EscalationStep, Team};
use crate::store::{self, CaseRow, Changes, DueEscalation, EscalationTimer, PageAction};

/// Tries to learn from Slack who reads a channel, and the time between two.
const ASKED: u32 = 5;
const ASK_AGAIN: SignedDuration = SignedDuration::from_secs(30);

/// Place of a step's message.
#[derive(Debug)]
struct StepPlace {
    /// The channel; `None` where no message may be posted.
    channel: Option<String>,
    thread: Option<String>,
    /// The reason why it is not the place where the message belongs.
    astray: Option<ChannelFault>,
}

impl EscalationWorker {
    /// Takes the next step of an escalation that nobody has acknowledged.
    pub(super) async fn go_on(&self, due: &DueEscalation) -> Result<(), store::Error> {
        let id = (due.case.as_str(), due.escalation.as_str());
        self.look_up_before_step(due).await?;
        for _ in 0..TRIES {
            let now = self.ctx.clock.now();
            let mut done = Changes {
                timers: vec![timer(id, None, now)],
                ..Changes::default()
            };
            let mut called = None;
            if let Some((row, case)) = self.read(&due.case).await?
                && !case.status.is_over()
                && !case.is_acknowledged(&due.escalation)
            {
                called = self.step(due, &row, case, now, &mut done).await?;
            }
            if self.commit(&done).await? {
                if let Some(team) = called {
                    metrics::counter!("signpost_escalations_total", "team" => team).increment(1);
                }
                return Ok(());
            }
        }
        Ok(())
    }

    /// Adds the next step to a case, and what follows from it to `done`. Returns the key of the team that is called.
    async fn step(
        &self,
        due: &DueEscalation,
        row: &CaseRow,
        mut case: Case,
        now: Timestamp,
        done: &mut Changes,
    ) -> Result<Option<String>, store::Error> {
        let Some(first) = case.steps_of(&due.escalation).next().cloned() else {
            return Ok(None);
        };
        let last = case.steps_of(&due.escalation).next_back();
        let number = last.unwrap_or(&first).step;
        let known = self.ctx.knowledge.get();
        let teams = &known.library.teams;
        let steps = teams.get(&first.team).map(|team| team.routing.escalation.as_slice());
        let steps = steps.unwrap_or_default();
        let Some(step) = steps.get(number - 1) else {
            return Ok(None);
        };
        let team = teams.get(step.team.as_ref().unwrap_or(&first.team));
        let team = team.map(|team| self.ctx.routed(team));
        let team = team.as_ref();
        let Some(place) = self.place(&mut case, &first, team, due.attempts).await? else {
            done.timers = vec![EscalationTimer {
                due_at: now.checked_add(ASK_AGAIN).ok(),
                attempts: due.attempts + 1,
                ..timer((&due.case, &due.escalation), None, now)
            }];
            return Ok(None);
        };
        let escalation = self.next(&case, (&first, place), (step, team), number + 1);
        case.escalate(escalation.clone());
        if !escalation.post.is_empty() {
            let message = self.ctx.team_message(&case, &escalation);
            let thread = escalation.thread.clone();
            done.posts
                .extend(rows::post(&escalation.post, &escalation.channel, thread, &message));
        }
        done.pages = page(&case, &escalation, PageAction::Trigger).into_iter().collect();
        let after = steps.get(number).map(|step| step.after);
        done.timers = vec![timer((&due.case, &due.escalation), after, now)];
        let detail = [
            ("step", json!(escalation.step)),
            ("mentions", json!(escalation.pings)),
            ("astray", json!(escalation.astray)),
        ];
        done.audit.push(
            self.ctx
                .escalation_entry("escalation-step", &case, &escalation.team, None, &detail),
        );
        self.show_card(row, &case, done);
        Ok(Some(escalation.team))
    }

    /// The place for the message to a team: its channel, or the case's thread when it has none; where people cannot be
    /// called there, below the first message. `None` when Slack does not tell who reads it, so that it is asked again.
    async fn place(
        &self,
        case: &mut Case,
        first: &CaseEscalation,
        team: Option<&Team>,
        attempts: u32,
    ) -> Result<Option<StepPlace>, store::Error> {
        let store = self.ctx.store.as_ref();
        let here = self.ctx.reading.channel_info(&case.channel).await.fault();
        if here == Some(ChannelFault::Shared) {
            // The card may not name the people who are called.
            case.external = true;
        }
        let own = team.and_then(|team| team.routing.channel.clone());
        let (channel, thread) = match own {
            Some(channel) => (channel, None),
            None => (case.channel.clone(), rows::reply_thread(store, case).await?),
        };
        let fault = match &channel {
            channel if *channel != case.channel => self.ctx.reading.channel_info(channel).await.fault(),
            _ if case.external => Some(ChannelFault::Shared),
            _ => here,
        };
        let Some(fault) = fault else {
            return Ok(Some(StepPlace {
                channel: Some(channel),
                thread,
                astray: None,
            }));
        };
        if fault == ChannelFault::Unknown && attempts < ASKED {
            return Ok(None);
        }
        let is_usable = match &first.channel {
            other if *other == channel => false,
            other if *other == case.channel => here.is_none() && !case.external,
            other => self.ctx.reading.channel_info(other).await.fault().is_none(),
        };
        let below = match &first.thread {
            Some(thread) => Some(thread.clone()),
            None => store.posted(&first.post).await?.map(|place| place.ts),
        };
        Ok(Some(StepPlace {
            channel: is_usable.then(|| first.channel.clone()),
            thread: below,
            astray: Some(fault),
        }))
    }

    fn next(
        &self,
        case: &Case,
        (first, place): (&CaseEscalation, StepPlace),
        (step, team): (&EscalationStep, Option<&Team>),
        number: usize,
    ) -> CaseEscalation {
        let routing = team.map(|team| &team.routing);
        let on_call = team.and_then(|team| self.ctx.on_call.known(team, self.ctx.clock.now()));
        let people = on_call.as_ref().map(TeamOnCall::people).unwrap_or_default();
        let people = match &step.mention {
            Some(person) => vec![person.clone()],
            None => people,
        };
        let mut pings: Vec<String> = people.iter().filter_map(|person| person.slack.clone()).collect();
        if pings.is_empty() {
            pings.extend(routing.and_then(|routing| routing.group.clone()));
        }
        let names: Vec<String> = people.into_iter().map(|person| person.name).collect();
        let id = format!("{}-{number}", first.first);
        let rule = routing.and_then(|routing| routing.page.as_ref());
        let rule = rule.filter(|rule| step.page && rule.is_for(&first.severity));
        let post = format!("escalate:{}:{id}", case.id);
        CaseEscalation {
            team: team.map_or(&first.team, |team| &team.key).clone(),
            team_name: team.map_or(&*first.team_name, Team::shown).to_owned(),
            post: place.channel.as_ref().map(|_| post).unwrap_or_default(),
            channel: place.channel.unwrap_or_default(),
            thread: place.thread,
            astray: place.astray.map(ChannelFault::as_str).unwrap_or_default().to_owned(),
            pings,
            person: Some(names.join(", ")).filter(|names| !names.is_empty()),
            step: number,
            page: rule.map(|rule| CasePage {
                pager: rule.pager.clone(),
                dedup_key: dedup_key(&case.id, &id),
                ..CasePage::default()
            }),
            id,
            ..first.clone()
        }
    }
}
