//! Jobs: their forms, and decisions about runs. A modal is opened before anything is looked up, for its trigger id
//! expires after three seconds.

use serde_json::Value;
use tokio::time::Instant;
use tracing::{error, info, warn};

use super::update::TRIES;
use super::{InteractionHandler, LATE};
use crate::bot::cases::TopicRef;
use crate::bot::cases::rows::whisper;
use crate::bot::modals::form::{self, Form, FormContext};
use crate::bot::questions::jobs::{About, FormRequest};
use crate::bot::questions::{Answer, Question};
use crate::bot::runs::{Origin, Request, Requested, Run};
use crate::jobs::{Denied, Job};
use crate::respond::{CardAction, Reply, Wanted, to_text};
use crate::slack::decode::{Actions, Container, InteractionContext, ViewAnswer};
use crate::slack::sender::Body;
use crate::slack::web::{Error, Which};
use crate::store::{self, AnswerKind};

/// Returns true when an action is about an existing run.
pub(super) fn decides(act: &CardAction) -> bool {
    wanted(act).is_some()
}

/// The operation that an action asks of a run.
fn wanted(act: &CardAction) -> Option<Wanted> {
    match act {
        CardAction::Cancel => Some(Wanted::Cancel),
        CardAction::Approve | CardAction::Decline => Some(Wanted::Approve),
        CardAction::Retry => Some(Wanted::Run),
        CardAction::Follow { .. } => Some(Wanted::Follow),
        _ => None,
    }
}

impl InteractionHandler {
    // --- the form -------------------------------------------------------------------------------------------------

    /// Opens a form at once, and fills it in as soon as its values are known, and whether this person may run the job.
    pub(super) async fn open_form(
        &self,
        interaction: &InteractionContext,
        thread: Option<String>,
        form_request: FormRequest,
    ) -> Result<(), store::Error> {
        let runner = &self.runner;
        let mut origin = self.origin(interaction, thread);
        let Some(job) = runner.registry().job(&form_request.job) else {
            let reply = self.questions.refusal(About::default(), &origin, self.unknown()).await;
            return self.whisper(interaction, origin.thread_ts.clone(), &reply).await;
        };
        let labels = self.ctx.responder.labels();
        let Some(opened) = self.open(interaction, form::loading(labels, job)).await else {
            return Ok(());
        };
        let filled = self.filled(job, &mut origin, form_request, &opened.id).await;
        let window = match &filled {
            Ok(window) => window.clone(),
            Err(_) => form::told(labels, &Body::of(&self.ctx.responder.failed(None))),
        };
        match self.ctx.sender.update_view(Which::Id(&opened.id), None, window).await {
            Ok(_) => {}
            Err(Error::Gone { .. }) => info!(job = job.id.0, "a form was closed before it was filled in"),
            Err(error) => {
                warn!(%error, job = job.id.0, "a form could not be filled in");
                let failed = form::told(labels, &Body::of(&self.ctx.responder.failed(None)));
                let told = self.ctx.sender.update_view(Which::Id(&opened.id), None, failed).await;
                told.map_or_else(|error| warn!(%error, "the error could not be shown either"), drop);
            }
        }
        filled.map(drop)
    }

    /// The filled form, or the reason why this person gets none.
    async fn filled(
        &self,
        job: &Job,
        origin: &mut Origin,
        form_request: FormRequest,
        view: &str,
    ) -> Result<Value, store::Error> {
        let runner = &self.runner;
        let known = match &form_request.case {
            Some(id) => self.ctx.store.case(id).await?.map(|row| row.id),
            None => None,
        };
        origin.case = match known {
            Some(id) => Some(id),
            None => {
                self.questions
                    .case_in(&origin.channel, origin.thread_ts.as_deref(), &origin.user)
                    .await?
            }
        };
        let (may, fields, definition) = tokio::join!(
            runner.may(job, origin),
            runner.fields(job, origin, form_request.line, &form_request.given),
            runner.definition(job)
        );
        let labels = self.ctx.responder.labels();
        if may.is_err() {
            let request = Request {
                id: format!("run:{view}"),
                job: job.id.clone(),
                values: form_request.given,
                origin: origin.clone(),
            };
            // The request is made so that the refusal is audited.
            if let Requested::Refused(refusal) = runner.request(request).await? {
                let about = About {
                    job: Some(job),
                    line: form_request.line,
                    ..About::default()
                };
                let refused = self.questions.refusal(about, origin, refusal).await;
                return Ok(form::told(labels, &Body::of(&refused)));
            }
        }
        let form_context = FormContext {
            job: job.id.0.clone(),
            channel: origin.channel.clone(),
            thread: origin.thread_ts.clone(),
            case: origin.case.clone(),
            line: form_request.line,
            external: origin.external,
            direct: origin.direct,
        };
        let form = Form {
            job,
            fields: &fields?,
            definition: definition.as_ref(),
            context: &form_context,
        };
        Ok(form.view(labels))
    }

    /// Handles a submitted form. A failure here must not look like a run that begins.
    pub(super) async fn submitted(&self, answer: &ViewAnswer) -> Result<Option<Value>, store::Error> {
        let submitted = self.submit(answer).await;
        submitted.or_else(|cause| {
            error!(%cause, "a form could not be processed");
            let responder = &self.ctx.responder;
            let failed = form::told(responder.labels(), &Body::of(&responder.failed(None)));
            Ok(Some(form::updated(&failed)))
        })
    }

    /// Starts the run, or shows in the modal what is wrong.
    async fn submit(&self, answer: &ViewAnswer) -> Result<Option<Value>, store::Error> {
        let begun = Instant::now();
        let (runner, responder) = (&self.runner, &self.ctx.responder);
        let labels = responder.labels();
        let show = |reply: &Reply| form::updated(&form::told(labels, &Body::of(reply)));
        let Some(form_context) = FormContext::read(&answer.view) else {
            return Ok(Some(show(&responder.too_old(None))));
        };
        let mut origin = self.origin(&answer.context, form_context.thread.clone());
        origin.channel.clone_from(&form_context.channel);
        origin.case.clone_from(&form_context.case);
        // Slack does not say where a modal was opened.
        origin.external = form_context.external || self.ctx.rules.is_external(&answer.context, &form_context.channel);
        origin.direct = form_context.direct;
        let Some(job) = runner.registry().job(&form_context.job) else {
            let reply = self.questions.refusal(About::default(), &origin, self.unknown()).await;
            return Ok(Some(show(&reply)));
        };
        let request = Request {
            id: format!("run:{}", answer.id()),
            job: job.id.clone(),
            values: form::values(&answer.view, job),
            origin: origin.clone(),
        };
        let about = About {
            job: Some(job),
            line: form_context.line,
            ..About::default()
        };
        let (reply, shown) = match self.ask(request).await? {
            Requested::New { .. } | Requested::Known { .. } => return Ok(None),
            Requested::Joined { by, url, .. } => {
                let reply = responder.run_joined(job.shown(), &by, url.as_deref());
                let shown = show(&reply);
                (reply, shown)
            }
            Requested::Refused(refusal) => {
                let faults = match &refusal {
                    Denied::Faults(faults) => form::faults(job, faults, |fault| responder.field_fault(job, fault)),
                    _ => None,
                };
                let reply = self.questions.refusal(about, &origin, refusal).await;
                let shown = faults.or_else(|| form::at_first(job, &to_text(&reply)));
                let shown = shown.unwrap_or_else(|| show(&reply));
                (reply, shown)
            }
        };
        if begun.elapsed() > LATE {
            // The modal is closed by now, or about to be.
            self.tell_late(&origin, answer.id(), &reply).await?;
        }
        Ok(Some(shown))
    }

    async fn tell_late(&self, origin: &Origin, view: &str, reply: &Reply) -> Result<(), store::Error> {
        let key = format!("late:{view}:{}", self.ctx.clock.now().as_millisecond());
        let thread = origin.thread_ts.clone();
        let posts: Vec<_> = whisper(&key, &origin.channel, thread, &origin.user, &Body::of(reply))
            .into_iter()
            .collect();
        self.ctx.store.enqueue(&posts, self.ctx.clock.now()).await?;
        self.ctx.outbox.notify_one();
        Ok(())
    }

    // --- asking, and writing down ---------------------------------------------------------------------------------

    /// Requests a run and saves the outcome; requests it again when another person's run came first.
    async fn ask(&self, request: Request) -> Result<Requested, store::Error> {
        let runner = &self.runner;
        for _ in 0..TRIES {
            let requested = runner.request(request.clone()).await?;
            if self.save_request(&requested, &request.origin.user).await? {
                return Ok(requested);
            }
        }
        Ok(Requested::Refused(Denied::Busy))
    }

    /// Saves the outcome of a request. Returns false when something changed meanwhile.
    async fn save_request(&self, requested: &Requested, user: &str) -> Result<bool, store::Error> {
        match requested {
            Requested::New { done, .. } => self.commit(done, user).await,
            Requested::Joined { done, run, .. } => {
                info!(run, user, "the requested run is already in progress");
                self.commit(done, user).await
            }
            Requested::Known { run, .. } => {
                info!(run, "a run was already requested");
                Ok(true)
            }
            Requested::Refused(_) => Ok(true),
        }
    }

    /// Answers a question, and saves the outcome when it is a run.
    pub(super) async fn answered_or_started(&self, question: Question) -> Result<Answer, store::Error> {
        let user = question.user.clone();
        for _ in 0..TRIES {
            let said = self.questions.answer(question.clone()).await?;
            let is_kept = match &said {
                Answer::Run { done, .. } | Answer::Joined { done, .. } => self.commit(done, &user).await?,
                Answer::Plain { .. } | Answer::Case { .. } | Answer::Form(_) => true,
            };
            if is_kept {
                return Ok(said);
            }
        }
        warn!("concurrent changes exhausted the retries; a command is dropped");
        let busy = self
            .questions
            .refusal(About::default(), &Origin::default(), Denied::Busy)
            .await;
        Ok(Answer::Plain {
            reply: busy,
            kind: AnswerKind::RunRefused,
        })
    }

    // --- deciding -------------------------------------------------------------------------------------------------

    /// Handles a click on a run's message. Only the person who clicked is told of a refusal.
    pub(super) async fn decide(&self, actions: &Actions, id: &str, act: &CardAction) -> Result<(), store::Error> {
        let runner = &self.runner;
        let origin = self.origin(&actions.context, thread_of(actions));
        let decided = match act {
            CardAction::Approve => runner.judge(id, &origin, true).await?,
            CardAction::Decline => runner.judge(id, &origin, false).await?,
            CardAction::Cancel => runner.cancel(id, &origin).await?,
            CardAction::Follow { runbook, section, nth } => {
                let place = TopicRef {
                    runbook: runbook.clone(),
                    section: section.clone(),
                    nth: *nth,
                };
                runner.follow(id, place, &origin).await?
            }
            _ => return self.retry(actions, id, &origin).await,
        };
        let Err(refusal) = decided else { return Ok(()) };
        let run = self.ctx.store.run(id).await?.as_ref().and_then(Run::read);
        let about = About {
            wanted: wanted(act).unwrap_or_default(),
            job: run.and_then(|run| runner.registry().job(&run.job)),
            ..About::default()
        };
        let reply = self.questions.refusal(about, &origin, refusal).await;
        self.tell(actions, &reply).await
    }

    /// Starts a run again. One that took secrets needs them again: they are kept nowhere.
    async fn retry(&self, actions: &Actions, id: &str, origin: &Origin) -> Result<(), store::Error> {
        let runner = &self.runner;
        let mut requested = Requested::Refused(Denied::Busy);
        for _ in 0..TRIES {
            let asked = runner.retry(id, origin).await?;
            if self.save_request(&asked, &origin.user).await? {
                requested = asked;
                break;
            }
        }
        let run = self.ctx.store.run(id).await?.as_ref().and_then(Run::read);
        let job = run.as_ref().and_then(|run| runner.registry().job(&run.job));
        let about = About {
            job,
            ..About::default()
        };
        let reply = match requested {
            Requested::New { .. } | Requested::Known { .. } => return Ok(()),
            Requested::Joined { by, url, .. } => {
                let title = job.map(Job::shown).unwrap_or_default();
                self.ctx.responder.run_joined(title, &by, url.as_deref())
            }
            Requested::Refused(Denied::Faults(_)) if job.is_some() => {
                let form_request = FormRequest {
                    job: job.map(|job| job.id.0.clone()).unwrap_or_default(),
                    case: run.as_ref().and_then(|run| run.case.clone()),
                    given: run.map(|run| run.parameters).unwrap_or_default(),
                    line: None,
                };
                return self
                    .open_form(&actions.context, origin.thread_ts.clone(), form_request)
                    .await;
            }
            Requested::Refused(refusal) => self.questions.refusal(about, origin, refusal).await,
        };
        self.tell(actions, &reply).await
    }

    // --- who and where --------------------------------------------------------------------------------------------

    fn origin(&self, interaction: &InteractionContext, thread_ts: Option<String>) -> Origin {
        let who = &interaction.who;
        let channel = interaction.channel.clone().unwrap_or_default();
        Origin {
            user: who.id.clone(),
            name: who.name.clone().unwrap_or_default(),
            team: interaction.team.clone(),
            thread_ts,
            external: self.ctx.rules.is_external(interaction, &channel),
            direct: interaction.is_direct(),
            case: None,
            channel,
        }
    }

    /// The reason why a job that a button or a form names does not exist.
    fn unknown(&self) -> Denied {
        if self.runner.is_configured() {
            Denied::UnknownJob {
                words: String::new(),
                nearest: None,
                known: Vec::new(),
            }
        } else {
            Denied::NoJobs
        }
    }
}

/// The thread of a button's message, or the one that this message begins. An ephemeral message or a modal begins none, nor
/// does a message in a conversation with the bot alone.
pub(super) fn thread_of(actions: &Actions) -> Option<String> {
    let own = match actions.container {
        Container::Message => actions.message_ts.as_ref(),
        Container::Ephemeral | Container::View => None,
    };
    if actions.context.is_direct() {
        return actions.thread_ts.clone().filter(|thread| Some(thread) != own);
    }
    actions.thread_ts.clone().or_else(|| own.cloned())
}
