//! The window that escalates a case to a team.

use std::time::Duration;

use serde_json::{Value, json};

use super::case_title;
use super::issues::has_issue;
use crate::bot::cases::{Case, CaseIssue};
use crate::bot::context::Context;
use crate::bot::modals;
use crate::bot::on_call::TeamOnCall;
use crate::matching::Match;
use crate::respond::{CardIssue, issue_link};
use crate::runbook::{Library, SEVERITIES, Team, TeamRouting, TopicId};
use crate::slack::decode::View;
use crate::slack::sender::Body;

/// Callback id of the window.
pub(crate) const CALL_TEAM: &str = "call_team";
/// Block ids of its fields.
pub(crate) const TEAM: &str = "team";
pub(crate) const MENTION: &str = "mention";
pub(crate) const PAGE: &str = "page";
pub(crate) const ISSUE: &str = "issue";
pub(crate) const SEVERITY: &str = "severity";

/// Maximum number of options of a select, and of characters of one (Slack's limits).
const OPTIONS: usize = 100;
const OPTION: usize = 75;
/// Time to learn who is on call before the window opens: whom it mentions at first depends on that.
const AT_ONCE: Duration = Duration::from_millis(400);
/// Time to learn who is on call while the window is shown already.
const PATIENCE: Duration = Duration::from_secs(6);

/// The mention that was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mention {
    /// The person on call.
    Person,
    /// The team's user group.
    Group,
    /// Nobody.
    Nobody,
}

impl Mention {
    fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Group => "group",
            Self::Nobody => "nobody",
        }
    }
}

/// The choices made in the window.
#[derive(Debug)]
pub(crate) struct CallChoices {
    pub(crate) team: Option<String>,
    pub(crate) mention: Mention,
    pub(crate) page: bool,
    pub(crate) issue: bool,
    pub(crate) severity: String,
}

impl CallChoices {
    pub(crate) fn read(view: &View) -> Self {
        let value = |field: &str| view.value(block_of(view, field), modals::ACTION).unwrap_or_default();
        Self {
            team: Some(value(TEAM).to_owned()).filter(|team| !team.is_empty()),
            mention: match value(MENTION) {
                "person" => Mention::Person,
                "group" => Mention::Group,
                _ => Mention::Nobody,
            },
            page: value(PAGE) == "yes",
            issue: value(ISSUE) == "yes",
            severity: SEVERITIES
                .into_iter()
                .find(|one| *one == value(SEVERITY))
                .unwrap_or("error")
                .to_owned(),
        }
    }
}

/// The teams that can be called for a case: those that the runbook names, the likeliest first, then all others that have
/// people. `None` when none of them says more than names and links: then the summary is posted in the thread.
fn teams<'l>(ctx: &Context, library: &'l Library, case: &Case) -> Option<(Vec<&'l Team>, usize)> {
    let topic = case.subject().and_then(|place| place.find(library));
    let matched = case.matched(library);
    let named = ctx.responder.teams_of(library, topic, matched.as_ref());
    let mut teams: Vec<&Team> = named.iter().filter_map(|key| library.teams.get(key)).collect();
    let count = teams.len();
    let is_named = |team: &&Team| named.contains(&team.key);
    let has_people = |team: &&Team| {
        let team = ctx.routed(team);
        let TeamRouting {
            channel,
            group,
            on_call,
            page,
            ..
        } = &team.routing;
        channel.is_some() || group.is_some() || on_call.is_some() || page.is_some()
    };
    if !library.teams.values().any(|team| has_people(&team)) {
        return None;
    }
    teams.extend(
        library
            .teams
            .values()
            .filter(|team| !is_named(team) && has_people(team)),
    );
    teams.truncate(OPTIONS);
    (!teams.is_empty()).then_some((teams, count))
}

/// The window for a case. Its fields stay as they are when more is learnt of who is on call: what a person chose in the
/// meantime counts.
#[derive(Debug)]
pub(crate) struct CallWindow {
    case: String,
    head: WindowHead,
    shown: Vec<Value>,
    fields: Vec<Value>,
}

/// Blocks above the fields.
#[derive(Debug)]
struct WindowHead {
    topic: Option<TopicId>,
    matched: Option<Match>,
    /// Keys of the teams whose people on call are shown.
    teams: Vec<String>,
    place: MessagePlace,
    /// Link to a prefilled issue.
    issue: Option<String>,
    /// The issue that the case has.
    case_issue: Option<CardIssue>,
}

/// Destination of the message.
#[derive(Debug)]
enum MessagePlace {
    /// No team is chosen yet.
    Unknown,
    /// The case's own thread.
    Thread,
    /// The team's channel, by id.
    Channel(String),
}

impl WindowHead {
    fn blocks(&self, ctx: &Context) -> Vec<Value> {
        let known = ctx.knowledge.get();
        let lines = ctx.on_call_lines(self.teams.iter().map(String::as_str));
        let about = (self.topic, self.matched.as_ref());
        let issue = (self.issue.as_deref(), self.case_issue.as_ref());
        let head = ctx.responder.escalate_window(&known.library, about, &lines, issue);
        let mut blocks = Body::of(&head).drawn();
        blocks.truncate(20);
        let words = &ctx.responder.labels().calling;
        let place = match &self.place {
            MessagePlace::Unknown => None,
            MessagePlace::Thread => Some(words.posts_here.clone()),
            MessagePlace::Channel(channel) => Some(format!("{} <#{channel}>", words.posts_in)),
        };
        blocks.extend(place.map(|text| json!({"type": "context", "elements": [{"type": "mrkdwn", "text": text}]})));
        blocks
    }
}

impl CallWindow {
    /// The window as Slack shows it.
    pub(crate) fn view(&self, ctx: &Context) -> Value {
        let labels = ctx.responder.labels();
        json!({
            "type": "modal",
            "callback_id": CALL_TEAM,
            "private_metadata": self.case,
            "title": modals::plain(&labels.titles.escalate),
            "submit": modals::plain(&labels.calling.submit),
            "close": modals::plain(&labels.titles.cancel),
            "blocks": self.shown.iter().chain(&self.fields).collect::<Vec<_>>(),
        })
    }

    /// Asks who is on call. Returns true when the window shows something else then.
    pub(crate) async fn ask(&mut self, ctx: &Context) -> bool {
        ctx.ask_on_call(&self.head.teams, PATIENCE).await;
        let shown = self.head.blocks(ctx);
        let is_new = shown != self.shown;
        self.shown = shown;
        is_new
    }
}

/// The window for a case, with what is known already; `None` when the team file says nothing about people.
pub(crate) fn call_team(
    ctx: &Context,
    case: &Case,
    link: Option<&str>,
    runs: Vec<(String, String)>,
) -> Option<CallWindow> {
    let known = ctx.knowledge.get();
    let library = &known.library;
    let (teams, named) = teams(ctx, library, case)?;
    let summary = modals::summary_of(ctx, case, link, runs);
    let likeliest = teams.first().filter(|_| named > 0).copied();
    let choice = FieldChoices {
        team: likeliest,
        suffix: "",
        severity: "error",
        summary: &summary,
    };
    Some(made(ctx, case, &teams, likely(&teams, named), choice))
}

/// Asks who is on call for the teams that a case is likely escalated to, as far as they answer at once.
pub(crate) async fn ask_at_once(ctx: &Context, case: &Case) {
    let known = ctx.knowledge.get();
    let asked = teams(ctx, &known.library, case).map(|(teams, named)| likely(&teams, named));
    ctx.ask_on_call(&asked.unwrap_or_default(), AT_ONCE).await;
}

/// The keys of the likeliest teams, of those that are `named` by the runbook and come first.
fn likely(teams: &[&Team], named: usize) -> Vec<String> {
    let first = teams.iter().take(named.clamp(1, 3));
    first.map(|team| team.key.clone()).collect()
}

/// The window anew after another team was chosen in it: its other fields are those of this team. `None` when it cannot be
/// called any more.
pub(crate) fn for_team(ctx: &Context, case: &Case, view: &View) -> Option<CallWindow> {
    let known = ctx.knowledge.get();
    let (teams, _) = teams(ctx, &known.library, case)?;
    let chosen = CallChoices::read(view);
    let team = teams.iter().find(|team| Some(&team.key) == chosen.team.as_ref())?;
    let summary = modals::summary(view);
    let choice = FieldChoices {
        team: Some(team),
        suffix: &team.key,
        severity: &chosen.severity,
        summary: &summary,
    };
    Some(made(ctx, case, &teams, vec![team.key.clone()], choice))
}

/// The choices that the fields show at first.
#[derive(Clone, Copy)]
struct FieldChoices<'a> {
    team: Option<&'a Team>,
    /// Suffix of the block ids that depend on the team: Slack keeps what was chosen in a block with the same id.
    suffix: &'a str,
    severity: &'a str,
    summary: &'a str,
}

fn made(ctx: &Context, case: &Case, teams: &[&Team], asked: Vec<String>, choice: FieldChoices<'_>) -> CallWindow {
    let known = ctx.knowledge.get();
    let title = case_title(ctx, &known.library, case).unwrap_or_default();
    let tracker = choice.team.and_then(|team| team.issue.as_deref());
    let head = WindowHead {
        topic: case.subject().and_then(|place| place.find(&known.library)),
        matched: case.matched(&known.library),
        teams: asked,
        place: match choice.team.map(|team| ctx.routed(team).routing.channel) {
            None => MessagePlace::Unknown,
            Some(None) => MessagePlace::Thread,
            Some(Some(channel)) => MessagePlace::Channel(channel),
        },
        issue: tracker.and_then(|tracker| issue_link(tracker, &title, choice.summary)),
        case_issue: case.issue.as_deref().map(CaseIssue::state),
    };
    let mut fields = fields(ctx, teams, choice);
    if !has_issue(case) {
        fields.extend(issue_field(ctx, teams, choice));
    }
    fields.push(modals::summary_input(ctx.responder.labels(), choice.summary));
    CallWindow {
        case: case.id.clone(),
        shown: head.blocks(ctx),
        head,
        fields,
    }
}

/// The fields with the choices: team, mention, page, severity. Those for the chosen team are made already.
fn fields(ctx: &Context, teams: &[&Team], choice: FieldChoices<'_>) -> Vec<Value> {
    let (now, words) = (ctx.clock.now(), &ctx.responder.labels().calling);
    let people = |team: &Team| {
        let on_call = ctx.on_call.known(team, now);
        on_call.as_ref().map(TeamOnCall::people).unwrap_or_default()
    };
    let named = |name: &str| match choice.suffix {
        "" => name.to_owned(),
        suffix => format!("{name}:{suffix}"),
    };
    let team_option = |team: &&Team| {
        let people: Vec<String> = people(team).into_iter().map(|person| person.name).collect();
        match people.as_slice() {
            [] => option(team.shown(), &team.key),
            people => option(&format!("{} – {}", team.shown(), people.join(", ")), &team.key),
        }
    };
    let options: Vec<Value> = teams.iter().map(team_option).collect();
    let is_chosen = |one: &&Value| choice.team.is_some_and(|team| one["value"] == *team.key);
    let first = options.iter().find(is_chosen).cloned();
    let mentions = [
        option(&words.mention_person, Mention::Person.as_str()),
        option(&words.mention_group, Mention::Group.as_str()),
        option(&words.mention_nobody, Mention::Nobody.as_str()),
    ];
    let usual = choice.team.map_or(Mention::Nobody, |team| {
        usual_mention(team, people(team).iter().any(|one| one.slack.is_some()))
    });
    let mention = mentions.iter().find(|one| one["value"] == usual.as_str()).cloned();
    let mut team = select(&named(TEAM), &words.team_label, &options, first);
    // The other fields follow the team.
    team["dispatch_action"] = Value::Bool(true);
    let mut fields = vec![team, select(&named(MENTION), &words.mention_label, &mentions, mention)];
    let can_page = |team: &&Team| team.routing.page.is_some();
    let is_asked = match choice.team.filter(|_| !choice.suffix.is_empty()) {
        Some(team) => can_page(&team),
        None => teams.iter().any(can_page),
    };
    if is_asked {
        let answers = [option(&words.page_no, "no"), option(&words.page_yes, "yes")];
        // Nobody reads the channel outside the team's hours.
        let is_away = choice.team.is_some_and(|team| {
            let hours = team.routing.hours.as_ref();
            team.routing.page.is_some() && hours.is_some_and(|hours| !hours.contain(now))
        });
        let answer = answers.get(usize::from(is_away)).cloned();
        fields.push(select(&named(PAGE), &words.page_label, &answers, answer));
    }
    let severities = SEVERITIES.map(|one| option(one, one));
    let severity = severities.iter().find(|one| one["value"] == choice.severity).cloned();
    fields.push(select(SEVERITY, &words.severity_label, &severities, severity));
    fields
}

/// The field that asks for an issue; `None` where no tracker takes one.
fn issue_field(ctx: &Context, teams: &[&Team], choice: FieldChoices<'_>) -> Option<Value> {
    let words = &ctx.responder.labels().calling;
    let can_create = |team: &&Team| ctx.trackers.of_team(team).is_some();
    let (name, is_asked) = match choice.team.filter(|_| !choice.suffix.is_empty()) {
        Some(team) => (format!("{ISSUE}:{}", choice.suffix), can_create(&team)),
        None => (ISSUE.to_owned(), teams.iter().any(can_create)),
    };
    let answers = [option(&words.issue_no, "no"), option(&words.issue_yes, "yes")];
    is_asked.then(|| select(&name, &words.issue_label, &answers, answers.first().cloned()))
}

/// Id of the block that holds a field in a window that a person sees.
pub(crate) fn block_of<'v>(view: &'v View, field: &'v str) -> &'v str {
    let mut blocks = view.inputs.iter().map(|input| input.block_id.as_str());
    blocks.find(|block| is_field(block, field)).unwrap_or(field)
}

/// Returns true when a block holds a field.
pub(crate) fn is_field(block: &str, field: &str) -> bool {
    block
        .strip_prefix(field)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

fn option(text: &str, value: &str) -> Value {
    json!({"text": modals::plain(&shortened(text)), "value": value})
}

/// The mention that a team is called with unless somebody chooses another one.
fn usual_mention(team: &Team, is_person_known: bool) -> Mention {
    match team.routing.group {
        _ if is_person_known => Mention::Person,
        Some(_) => Mention::Group,
        None => Mention::Nobody,
    }
}

fn select(block: &str, label: &str, options: &[Value], initial: Option<Value>) -> Value {
    let mut element = json!({"type": "static_select", "action_id": modals::ACTION, "options": options});
    if let Some(initial) = initial {
        element["initial_option"] = initial;
    }
    json!({"type": "input", "block_id": block, "label": modals::plain(label), "element": element})
}

fn shortened(text: &str) -> String {
    if text.encode_utf16().count() <= OPTION {
        return text.to_owned();
    }
    let short: String = text.chars().take(OPTION / 2).collect();
    format!("{}…", short.trim_end())
}
