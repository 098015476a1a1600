//! Interactions: buttons, shortcuts, modals and slash commands. Every field that can be absent is optional, as in
//! messages: `team` is null in organisation-wide installs, and one odd field must not cost a click.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use ring::digest;
use serde_json::Value;

use super::message::{self, Message};
use super::{Envelope, FileRef, Identity, array, string};
use crate::slack::text;

/// An action of a person who waits for the response.
#[derive(Debug, Clone, PartialEq)]
pub enum Interaction {
    /// `block_actions`: a button was pressed or an option chosen.
    Actions(Box<Actions>),
    /// `message_action` and `shortcut`.
    Shortcut(Box<Shortcut>),
    /// `view_submission` and `view_closed`.
    View(Box<ViewAnswer>),
    /// A slash command.
    Command(Box<SlashCommand>),
    /// Any other type, not meant for the bot.
    Unknown {
        /// The payload's type.
        kind: String,
    },
}

/// The person, as named by an interaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Who {
    /// User id; empty when Slack names nobody.
    pub id: String,
    /// Display name, for people to read; never used for decisions.
    pub name: Option<String>,
    /// The person's workspace.
    pub team: Option<String>,
}

/// Context common to all interactions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InteractionContext {
    /// Unique id of the interaction: the trigger id, or else one derived from the id of the delivery.
    pub id: String,
    /// The person who acted.
    pub who: Who,
    /// Workspace that the interaction is for: the bot's own where Slack names none.
    pub team: String,
    /// Organisation of the workspace.
    pub enterprise: Option<String>,
    /// True when the person belongs to another organisation.
    pub external: bool,
    /// Channel id.
    pub channel: Option<String>,
    /// Channel name: `directmessage` in direct messages, `privategroup` in private channels.
    pub channel_name: Option<String>,
    /// Id that opens one view, within 3 seconds.
    pub trigger_id: Option<String>,
    /// URL for up to five answers, within 30 minutes.
    pub response_url: Option<String>,
}

impl InteractionContext {
    /// Returns true when the interaction comes from a direct message with the bot.
    pub fn is_direct(&self) -> bool {
        self.channel.as_deref().is_some_and(|channel| channel.starts_with('D'))
    }
}

/// The kind of surface that holds a button.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Container {
    /// A message that everyone sees.
    #[default]
    Message,
    /// A message that only this person sees: Slack does not send its contents.
    Ephemeral,
    /// A modal or the Home tab.
    View,
}

/// A `block_actions` interaction: buttons pressed and options chosen.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Actions {
    /// The person and the place.
    pub context: InteractionContext,
    /// The kind of surface that holds the element.
    pub container: Container,
    /// `ts` of the message that holds the element.
    pub message_ts: Option<String>,
    /// The thread of that message.
    pub thread_ts: Option<String>,
    /// The message itself; not sent for ephemeral ones.
    pub message: Option<Message>,
    /// The view that holds the element.
    pub view: Option<View>,
    /// The actions taken; Slack sends one as a rule.
    pub actions: Vec<BlockAction>,
    /// Contents of the message's inputs.
    pub inputs: Vec<Input>,
}

/// One button pressed or option chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BlockAction {
    /// The element's `action_id`.
    pub action_id: String,
    /// Id of the enclosing block.
    pub block_id: String,
    /// The element's type: `button`, `static_select`, ….
    pub kind: String,
    /// The value of a button, or the text typed.
    pub value: Option<String>,
    /// The selection: values of options, or ids.
    pub selected: Vec<String>,
}

/// A message shortcut or a global shortcut.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shortcut {
    /// The person and the place.
    pub context: InteractionContext,
    /// The shortcut's callback id.
    pub callback_id: String,
    /// The message that the shortcut was used on, whoever wrote it; `None` for global shortcuts.
    pub message: Option<Message>,
}

/// A modal or Home tab.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// The view's id.
    pub id: String,
    /// Hash that changes with every update.
    pub hash: Option<String>,
    /// `modal` or `home`.
    pub kind: String,
    /// The view's callback id.
    pub callback_id: String,
    /// The metadata that the bot passed when it opened the view.
    pub private_metadata: String,
    /// The first view of the stack.
    pub root_view_id: Option<String>,
    /// Contents of the view's inputs.
    pub inputs: Vec<Input>,
}

/// The contents of an input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Input {
    /// Id of the enclosing block.
    pub block_id: String,
    /// The input's `action_id`.
    pub action_id: String,
    /// The text typed.
    pub value: Option<String>,
    /// The selection: values of options, ids or dates.
    pub selected: Vec<String>,
    /// The files uploaded.
    pub files: Vec<FileRef>,
}

/// The submission or closing of a modal.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ViewAnswer {
    /// The person; the channel is known only when an input asked for a `response_url`.
    pub context: InteractionContext,
    /// The view.
    pub view: View,
    /// True when the modal was closed, not submitted.
    pub closed: bool,
}

/// A slash command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SlashCommand {
    /// The person and the place.
    pub context: InteractionContext,
    /// The command, with its slash.
    pub command: String,
    /// The text after the command.
    pub text: String,
}

impl Interaction {
    /// The person and the place; `None` for an unknown interaction.
    pub fn context(&self) -> Option<&InteractionContext> {
        match self {
            Self::Actions(actions) => Some(&actions.context),
            Self::Shortcut(shortcut) => Some(&shortcut.context),
            Self::View(answer) => Some(&answer.context),
            Self::Command(command) => Some(&command.context),
            Self::Unknown { .. } => None,
        }
    }
}

impl ViewAnswer {
    /// The view's id, or the interaction's where Slack does not name the view.
    pub fn id(&self) -> &str {
        Some(self.view.id.as_str())
            .filter(|id| !id.is_empty())
            .unwrap_or(&self.context.id)
    }
}

impl View {
    /// The text typed into an input, or its first selection.
    pub fn value(&self, block_id: &str, action_id: &str) -> Option<&str> {
        value(&self.inputs, block_id, action_id)
    }
}

impl Actions {
    /// The text typed into an input of the message, or its first selection.
    pub fn value(&self, block_id: &str, action_id: &str) -> Option<&str> {
        value(&self.inputs, block_id, action_id)
    }
}

fn value<'a>(inputs: &'a [Input], block_id: &str, action_id: &str) -> Option<&'a str> {
    let input = inputs
        .iter()
        .find(|input| input.block_id == block_id && input.action_id == action_id)?;
    input
        .value
        .as_deref()
        .or_else(|| input.selected.first().map(String::as_str))
}

/// Key of an interaction, equal in every delivery of it: a digest of the payload, provided that this contains something
/// unique to the interaction. That is a trigger id, or the id of a view that was submitted or closed: the view can be
/// submitted again only with other values.
pub(super) fn key(payload: &Value) -> Option<String> {
    let is_answer = string(payload, "type").is_some_and(|kind| kind.starts_with("view_"));
    let view = payload.get("view").filter(|_| is_answer);
    string(payload, "trigger_id").or_else(|| string(view?, "id"))?;
    let digest = digest::digest(&digest::SHA256, payload.to_string().as_bytes());
    Some(format!("payload:{}", BASE64_URL_SAFE_NO_PAD.encode(digest)))
}

/// Reads the interaction in an envelope.
pub fn interaction(envelope: &Envelope, us: &Identity) -> Interaction {
    let (payload, kind) = (&envelope.payload, envelope.kind.as_str());
    let context = |payload| context(payload, &envelope.id, us);
    let named = string(payload, "type").unwrap_or_default();
    match named.as_str() {
        "block_actions" => Interaction::Actions(Box::new(actions(payload, context(payload), us))),
        "message_action" | "shortcut" => Interaction::Shortcut(Box::new(Shortcut {
            callback_id: string(payload, "callback_id").unwrap_or_default(),
            message: inner_message(payload, "message_ts", &context(payload), us),
            context: context(payload),
        })),
        "view_submission" | "view_closed" => Interaction::View(Box::new(ViewAnswer {
            context: context(payload),
            view: view(payload.get("view").unwrap_or(&Value::Null)),
            closed: named == "view_closed",
        })),
        _ if kind == "slash_commands" || (named.is_empty() && string(payload, "command").is_some()) => {
            Interaction::Command(Box::new(SlashCommand {
                context: context(payload),
                command: string(payload, "command").unwrap_or_default(),
                text: string(payload, "text").unwrap_or_default(),
            }))
        }
        _ => Interaction::Unknown {
            kind: if named.is_empty() { kind.to_owned() } else { named },
        },
    }
}

/// Reads the context. Interactions use objects (`user.id`) where slash commands use flat fields (`user_id`).
fn context(payload: &Value, delivery: &str, us: &Identity) -> InteractionContext {
    let of = |object: &str, key: &str, flat: &str| {
        payload
            .get(object)
            .and_then(|inner| string(inner, key))
            .or_else(|| string(payload, flat))
    };
    let container = |key: &str| payload.get("container").and_then(|container| string(container, key));
    let team = of("team", "id", "team_id");
    let who = Who {
        id: of("user", "id", "user_id").unwrap_or_default(),
        name: of("user", "name", "user_name").or_else(|| of("user", "username", "user_name")),
        // A slash command names one workspace: the person's.
        team: payload
            .get("user")
            .and_then(|user| string(user, "team_id"))
            .or_else(|| team.clone()),
    };
    let enterprise = of("enterprise", "id", "enterprise_id")
        .or_else(|| payload.get("team").and_then(|team| string(team, "enterprise_id")));
    let trigger_id = string(payload, "trigger_id");
    InteractionContext {
        id: trigger_id.clone().unwrap_or_else(|| format!("delivery:{delivery}")),
        external: us.is_external(who.team.as_deref(), enterprise.as_deref()),
        who,
        team: team.unwrap_or_else(|| us.team_id.clone()),
        enterprise,
        channel: of("channel", "id", "channel_id").or_else(|| container("channel_id")),
        channel_name: of("channel", "name", "channel_name"),
        trigger_id,
        response_url: string(payload, "response_url").or_else(|| {
            let urls = array(payload.get("response_urls"));
            urls.iter().find_map(|url| string(url, "response_url"))
        }),
    }
}

fn actions(payload: &Value, context: InteractionContext, us: &Identity) -> Actions {
    let container = payload.get("container").unwrap_or(&Value::Null);
    let message = inner_message(payload, "message_ts", &context, us);
    let view = payload.get("view").filter(|view| view.is_object()).map(view);
    let ephemeral = container.get("is_ephemeral").and_then(Value::as_bool) == Some(true);
    Actions {
        context,
        container: match string(container, "type").as_deref() {
            Some("view") => Container::View,
            None if view.is_some() => Container::View,
            _ if ephemeral => Container::Ephemeral,
            _ => Container::Message,
        },
        message_ts: string(container, "message_ts").or_else(|| Some(message.as_ref()?.ts.clone())),
        thread_ts: string(container, "thread_ts").or_else(|| message.as_ref()?.thread_ts.clone()),
        message,
        view,
        actions: array(payload.get("actions")).iter().filter_map(action).collect(),
        inputs: inputs(payload),
    }
}

fn action(action: &Value) -> Option<BlockAction> {
    action.as_object()?;
    let Input { value, selected, .. } = input(String::new(), String::new(), action);
    Some(BlockAction {
        action_id: string(action, "action_id").unwrap_or_default(),
        block_id: string(action, "block_id").unwrap_or_default(),
        kind: string(action, "type").unwrap_or_default(),
        value,
        selected,
    })
}

/// The message of an interaction. Its channel and team come from the interaction, as the message does not name them.
fn inner_message(payload: &Value, ts: &str, context: &InteractionContext, us: &Identity) -> Option<Message> {
    let inner = payload.get("message").filter(|message| message.is_object())?;
    let mut message = message::of(inner, us);
    if message.ts.is_empty() {
        message.ts = string(payload, ts).unwrap_or_default();
    }
    message.team.clone_from(&context.team);
    message.enterprise.clone_from(&context.enterprise);
    message.channel = context.channel.clone().unwrap_or_default();
    message.direct = message.channel.starts_with('D');
    Some(message)
}

fn view(view: &Value) -> View {
    let of = |key: &str| string(view, key).unwrap_or_default();
    View {
        id: of("id"),
        hash: string(view, "hash"),
        kind: of("type"),
        callback_id: of("callback_id"),
        private_metadata: of("private_metadata"),
        root_view_id: string(view, "root_view_id"),
        inputs: inputs(view),
    }
}

fn inputs(holder: &Value) -> Vec<Input> {
    let values = holder.get("state").and_then(|state| state.get("values"));
    let blocks = values.and_then(Value::as_object).into_iter().flatten();
    blocks
        .flat_map(|(block_id, inputs)| {
            let inputs = inputs.as_object().into_iter().flatten();
            inputs.map(|(action_id, value)| input(block_id.clone(), action_id.clone(), value))
        })
        .collect()
}

/// Reads an input. Each kind of element has its own field for the selection: `selected_option`, `selected_users`,
/// `selected_date`, ….
fn input(block_id: String, action_id: String, element: &Value) -> Input {
    let chosen = |choice: &Value| match choice {
        Value::String(id) => Some(id.clone()),
        Value::Number(number) => Some(number.to_string()),
        option => string(option, "value"),
    };
    let fields = element.as_object().into_iter().flatten();
    let selected = fields
        .filter(|(key, _)| key.starts_with("selected_"))
        .flat_map(|(_, value)| match value {
            Value::Array(choices) => choices.iter().filter_map(chosen).collect(),
            one => Vec::from_iter(chosen(one)),
        })
        .collect();
    Input {
        block_id,
        action_id,
        value: string(element, "value").or_else(|| {
            let rich = element.get("rich_text_value").filter(|rich| rich.is_object())?;
            Some(text::of_block(rich))
        }),
        selected,
        files: array(element.get("files")).iter().filter_map(FileRef::read).collect(),
    }
}
