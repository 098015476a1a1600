//! Interactions: buttons, slash commands, shortcuts, modals. Each is answered in its own task, never queued behind
//! messages.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tracing::{debug, error, info, warn};

mod calling;
mod did_you_mean;
mod export;
mod jobs;
mod judging;
mod modal;
mod shortcuts;
mod update;

use self::update::{CaseChange, Updated};
use super::context::Context;
use super::home;
use super::runs::Runner;
use crate::bot::cases::rows::{self, post, row, whisper};
use crate::bot::cases::{Actor, Case};
use crate::bot::escalations::window;
use crate::bot::modals;
use crate::bot::questions::jobs::FormRequest;
use crate::bot::questions::{Answer, Question, QuestionHandler};
use crate::bot::shadow;
use crate::respond::{ButtonPress, CardAction, Reply};
use crate::slack::blocks::choose_shapes;
use crate::slack::decode::{Actions, Interaction, InteractionContext, SlashCommand, ViewAnswer};
use crate::slack::sender::Body;
use crate::slack::web::OpenedView;
use crate::store::{self, Changes, NewPost};

/// Time limit for the link in a modal.
const AT_ONCE: Duration = Duration::from_millis(300);
/// Time after which a command is acknowledged already, or is about to be: its answer goes another way.
const LATE: Duration = Duration::from_millis(1_600);

/// Answers interactions.
#[derive(Debug)]
pub(super) struct InteractionHandler {
    pub(super) ctx: Arc<Context>,
    pub(super) questions: Arc<QuestionHandler>,
    pub(super) runner: Arc<Runner>,
}

/// The outcome of sharing a case.
enum Shared {
    Posted,
    /// Somebody shared it before.
    Already,
    /// The bot cannot post in the channel.
    NotMember,
}

impl InteractionHandler {
    /// Answers an interaction. Returns the body of the acknowledgement; `None` for most.
    pub(super) async fn answer(&self, interaction: Interaction) -> Result<Option<Value>, store::Error> {
        let mut acknowledged = self.answered(interaction).await?;
        // Slack does not tell when it rejects the blocks of an acknowledgement: these have the form that it always takes.
        if let Some(value) = &mut acknowledged {
            let view = value.get_mut("view").filter(|view| view.is_object());
            match view {
                Some(view) => choose_shapes(view, |_| true),
                None => choose_shapes(value, |_| true),
            }
        }
        Ok(acknowledged)
    }

    async fn answered(&self, interaction: Interaction) -> Result<Option<Value>, store::Error> {
        match interaction {
            Interaction::Actions(actions) => self.clicked(&actions).await.map(|()| None),
            Interaction::Command(command) => self.command(&command).await,
            Interaction::Shortcut(shortcut) => self.shortcut(&shortcut).await.map(|()| None),
            Interaction::View(answer) => self.view(&answer).await,
            Interaction::Unknown { kind } => {
                warn!(slack.kind = kind, "unsupported kind of interaction; acknowledged");
                Ok(None)
            }
        }
    }

    // --- buttons --------------------------------------------------------------------------------------------------

    async fn clicked(&self, actions: &Actions) -> Result<(), store::Error> {
        if let Some(view) = actions
            .view
            .as_ref()
            .filter(|view| view.callback_id == window::CALL_TEAM)
        {
            return self.changed_in_window(actions, view).await;
        }
        for action in actions
            .actions
            .iter()
            .filter(|action| action.action_id.starts_with("signpost_"))
        {
            let pressed = action.value.as_deref().and_then(ButtonPress::read);
            let chosen = || ButtonPress::read_option(&action.block_id, action.selected.first()?);
            match pressed.or_else(chosen) {
                Some(press) => self.press(actions, press).await?,
                None if action.action_id == home::REFRESH => self.ctx.home_visitors.opened(&actions.context.who.id),
                None if action.action_id == modals::OPEN_PASTE => self.open_paste(&actions.context).await,
                None => {
                    debug!(action = action.action_id, "a button from another version");
                    self.tell(actions, &self.ctx.responder.too_old(None)).await?;
                }
            }
        }
        Ok(())
    }

    async fn press(&self, actions: &Actions, press: ButtonPress) -> Result<(), store::Error> {
        let interaction = &actions.context;
        if press.act == CardAction::Escalate {
            return self.open_escalation(actions, &press.case).await;
        }
        if press.act == CardAction::Open {
            return Ok(());
        }
        if press.act == CardAction::Share {
            return self.share(actions, &press.case).await;
        }
        if press.act == CardAction::Export {
            return self.export(actions, &press.case).await;
        }
        match &press.act {
            CardAction::Run { text } => return self.run(actions, &press.case, text).await,
            CardAction::Form { job, line, given } => {
                let form_request = FormRequest {
                    job: job.clone(),
                    given: given.clone(),
                    line: *line,
                    case: Some(press.case).filter(|case| !case.is_empty()),
                };
                return self
                    .open_form(interaction, jobs::thread_of(actions), form_request)
                    .await;
            }
            act if let Some(verdict) = shadow::verdict_of(act) => {
                return self.judge(actions, &press.case, verdict).await;
            }
            CardAction::Acknowledge { escalation } => return self.acknowledge(actions, &press.case, escalation).await,
            act if jobs::decides(act) => return self.decide(actions, &press.case, act).await,
            _ => {}
        }
        let act = &press.act;
        let changed = self.update(&press.case, interaction, |mut case, version| async move {
            let known = self.ctx.knowledge.get();
            let actor = self.actor(interaction).await;
            let Some((shown, posts)) = self.ctx.press(&known, &mut case, version, act, &actor) else {
                return Ok(CaseChange::Leave(None));
            };
            // Only one person sees a card without a post: it is replaced in place.
            let private = case.post.is_none().then_some(shown);
            Ok(CaseChange::save(case, posts, private))
        });
        match changed.await? {
            Updated::Done(Some(shown)) => self.show_again(actions, &shown).await,
            Updated::Done(None) => {}
            Updated::Gone => return self.too_old(actions).await,
            Updated::Busy => return self.not_done(actions).await,
        }
        Ok(())
    }

    /// Posts for everybody a case that only one person saw.
    async fn share(&self, actions: &Actions, id: &str) -> Result<(), store::Error> {
        let interaction = &actions.context;
        let key = &format!("share:{id}");
        let Some(channel) = &interaction.channel else {
            return self.too_old(actions).await;
        };
        let shared = self.update(id, interaction, |mut case, _| async move {
            if case.post.is_some() {
                return Ok(CaseChange::Leave(Shared::Already));
            }
            let channel_info = self.ctx.reading.channel_info(channel).await;
            if !channel_info.is_member {
                return Ok(CaseChange::Leave(Shared::NotMember));
            }
            case.external |= channel_info.has_externals || self.ctx.rules.is_external(interaction, channel);
            case.post = Some(key.clone());
            case.channel.clone_from(channel);
            let shown = self.shared(&case, &self.actor(interaction).await);
            let posts = post(key, channel, case.thread_ts.clone(), &shown);
            Ok(CaseChange::save(case, posts, Shared::Posted))
        });
        match shared.await? {
            Updated::Done(Shared::Posted) => {
                self.respond(interaction, &json!({"delete_original": true}), &Body::default())
                    .await;
                Ok(())
            }
            Updated::Done(Shared::Already) => Ok(()),
            Updated::Done(Shared::NotMember) => self.tell(actions, &self.ctx.responder.not_member()).await,
            Updated::Gone => self.too_old(actions).await,
            Updated::Busy => self.not_done(actions).await,
        }
    }

    /// Tells the person who clicked that the case is not known any more.
    async fn too_old(&self, actions: &Actions) -> Result<(), store::Error> {
        let days = Some(self.ctx.rules.retention_days());
        self.tell(actions, &self.ctx.responder.too_old(days)).await
    }

    /// Tells the person who clicked that concurrent changes kept the click from being saved.
    async fn not_done(&self, actions: &Actions) -> Result<(), store::Error> {
        warn!("concurrent changes exhausted the retries; a click is dropped");
        self.tell(actions, &self.ctx.responder.failed(None)).await
    }

    /// The shared message, with the name of the person who shares it.
    fn shared(&self, case: &Case, actor: &Actor) -> Body {
        let known = self.ctx.knowledge.get();
        let mut shown = self.ctx.card(&known, case);
        shown.append(Body::of(&self.ctx.responder.shared_by(&actor.name)));
        shown
    }

    // --- slash commands -------------------------------------------------------------------------------------------

    async fn command(&self, command: &SlashCommand) -> Result<Option<Value>, store::Error> {
        let interaction = &command.context;
        let begun = tokio::time::Instant::now();
        let id = format!("command:{}", interaction.id);
        let question = self.question(interaction, id, command.text.clone());
        let said = match self.answered_or_started(question).await? {
            Answer::Form(form_request) => {
                self.open_form(interaction, None, *form_request).await?;
                return Ok(None);
            }
            said => said,
        };
        let (shown, _) = self.private(interaction, said).await?;
        if begun.elapsed() > LATE {
            let how = json!({"response_type": "ephemeral"});
            self.respond(interaction, &how, &shown).await;
            return Ok(None);
        }
        Ok(Some(
            json!({"response_type": "ephemeral", "text": shown.text, "blocks": shown.blocks}),
        ))
    }

    /// A question whose answer only the person who asks sees.
    pub(super) fn question(&self, interaction: &InteractionContext, id: String, text: String) -> Question {
        let channel = interaction.channel.clone().unwrap_or_default();
        // Slack does not say with a command whether the channel is shared; people of other organisations are recognised
        // by their own workspace.
        let shared = false;
        let mut case = Case {
            id,
            team: interaction.team.clone(),
            author: Some(interaction.who.id.clone()),
            asked: true,
            external: self.ctx.rules.is_external(interaction, &channel),
            channel,
            ..Case::default()
        };
        let message = case.id.clone();
        case.paste(&message, &crate::redact::redact(&text));
        Question {
            text,
            images: false,
            user: interaction.who.id.clone(),
            direct: interaction.is_direct(),
            shared,
            can_open: true,
            case,
        }
    }

    /// Renders an answer for one person to see; its case is kept, so that its buttons work.
    pub(super) async fn private(
        &self,
        interaction: &InteractionContext,
        said: Answer,
    ) -> Result<(Body, Option<Case>), store::Error> {
        match said {
            Answer::Plain { reply, .. } | Answer::Run { reply, .. } | Answer::Joined { reply, .. } => {
                Ok((Body::of(&reply), None))
            }
            Answer::Form(_) => Ok((Body::of(&self.ctx.responder.help_on(Some("run"))), None)),
            Answer::Case(case) => {
                let done = Changes {
                    cases: row(&case, 0, self.ctx.clock.now()).into_iter().collect(),
                    ..Changes::default()
                };
                self.commit(&done, &interaction.who.id).await?;
                Ok((self.ctx.card(&self.ctx.knowledge.get(), &case), Some(*case)))
            }
        }
    }

    // --- modals ---------------------------------------------------------------------------------------------------

    async fn open_paste(&self, interaction: &InteractionContext) {
        self.open(interaction, modals::paste(self.ctx.responder.labels())).await;
    }

    /// Opens a modal. Returns `None` when that failed, which the person is told.
    async fn open(&self, interaction: &InteractionContext, view: Value) -> Option<OpenedView> {
        let Some(trigger) = interaction.trigger_id.as_deref() else {
            warn!("an interaction without a trigger: no modal can be opened");
            return None;
        };
        match self.ctx.sender.open_view(trigger, view).await {
            Ok(view) => Some(view),
            // A trigger opens one modal: another delivery of the same click has opened it.
            Err(error) if error.code() == Some("exchanged_trigger_id") => {
                info!("a modal was already opened by the same click");
                None
            }
            Err(error) => {
                error!(%error, "a modal could not be opened");
                let failed = Body::of(&self.ctx.responder.failed(None));
                let how = json!({"response_type": "ephemeral", "replace_original": false});
                self.respond(interaction, &how, &failed).await;
                None
            }
        }
    }

    async fn open_escalation(&self, actions: &Actions, id: &str) -> Result<(), store::Error> {
        let Some(case) = self.ctx.store.case(id).await?.as_ref().and_then(rows::read) else {
            let days = Some(self.ctx.rules.retention_days());
            return self.tell(actions, &self.ctx.responder.too_old(days)).await;
        };
        if case.external || self.ctx.rules.is_external(&actions.context, &case.channel) {
            return self.tell(actions, &self.ctx.responder.who_refused()).await;
        }
        let (link, ()) = tokio::join!(self.link(&case), window::ask_at_once(&self.ctx, &case));
        let runs = self.runs_of(&case.id).await?;
        let Some(window) = window::call_team(&self.ctx, &case, link.as_deref(), runs.clone()) else {
            let view = modals::escalation(&self.ctx, &case, link.as_deref(), runs);
            self.open(&actions.context, view).await;
            return Ok(());
        };
        if let Some(opened) = self.open(&actions.context, window.view(&self.ctx)).await {
            self.complete(window, opened).await;
        }
        Ok(())
    }

    /// The link to the thread of a case, when Slack gives it at once: a modal has to open within three seconds.
    async fn link(&self, case: &Case) -> Option<String> {
        let thread = rows::thread_of(self.ctx.store.as_ref(), case).await.ok()??;
        let asked = self.ctx.reading.permalink(&case.channel, &thread);
        tokio::time::timeout(AT_ONCE, asked).await.ok()?
    }

    async fn view(&self, answer: &ViewAnswer) -> Result<Option<Value>, store::Error> {
        if answer.closed {
            return Ok(None);
        }
        match answer.view.callback_id.as_str() {
            modals::PASTE => self.pasted(answer).await,
            modals::ESCALATION => self.escalated(answer).await,
            window::CALL_TEAM => self.called(answer).await,
            modals::form::RUN_JOB => self.submitted(answer).await,
            other => {
                warn!(slack.callback = other, "a modal that this version does not know");
                Ok(None)
            }
        }
    }

    /// The person who clicked.
    pub(super) async fn actor(&self, interaction: &InteractionContext) -> Actor {
        self.ctx
            .actor(&interaction.who.id, interaction.who.name.as_deref())
            .await
    }

    // --- telling one person ---------------------------------------------------------------------------------------

    /// Replies to the person who clicked, without changing the message with the button.
    async fn tell(&self, actions: &Actions, reply: &Reply) -> Result<(), store::Error> {
        let thread = actions.thread_ts.clone();
        self.whisper(&actions.context, thread, reply).await
    }

    async fn whisper(
        &self,
        interaction: &InteractionContext,
        thread: Option<String>,
        reply: &Reply,
    ) -> Result<(), store::Error> {
        let shown = Body::of(reply);
        if interaction.response_url.is_some() {
            let mut how = json!({"response_type": "ephemeral", "replace_original": false});
            if let Some(thread) = thread {
                how["thread_ts"] = json!(thread);
            }
            self.respond(interaction, &how, &shown).await;
            return Ok(());
        }
        let Some(channel) = interaction.channel.as_deref() else {
            return Ok(());
        };
        let key = format!("tell:{}", interaction.id);
        let posts: Vec<NewPost> = whisper(&key, channel, thread, &interaction.who.id, &shown)
            .into_iter()
            .collect();
        self.ctx.store.enqueue(&posts, self.ctx.clock.now()).await?;
        self.ctx.outbox.notify_one();
        Ok(())
    }

    /// Answers through the `response_url`. A failure is only logged: the person sees that nothing came.
    async fn respond(&self, interaction: &InteractionContext, how: &Value, shown: &Body) {
        let Some(url) = interaction.response_url.as_deref() else {
            return;
        };
        let mut message = how.clone();
        if !shown.text.is_empty() {
            message["text"] = json!(shown.text);
            message["blocks"] = json!(shown.drawn());
        }
        if let Err(error) = self.ctx.sender.respond(url, message).await {
            warn!(%error, "an answer to a click could not be shown");
        }
    }
}
