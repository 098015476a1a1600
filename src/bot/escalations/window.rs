//! The window that escalates a case to a team.

use std::time::Duration;

use serde_json::{Value, json};

use super::case_title;
use crate::bot::cases::Case;
use crate::bot::context::Context;
use crate::bot::modals;
use crate::bot::on_call::TeamOnCall;
use crate::respond::issue_link;
use crate::runbook::{Library, SEVERITIES, Team, TeamRouting};
use crate::slack::decode::View;
use crate::slack::sender::Body;

/// Callback id of the window.
pub(crate) const CALL_TEAM: &str = "call_team";
/// Block ids of its fields.
pub(crate) const TEAM: &str = "team";
pub(crate) const MENTION: &str = "mention";
pub(crate) const PAGE: &str = "page";
pub(crate) const SEVERITY: &str = "severity";

/// Maximum number of options of a select, and of characters of one (Slack's limits).
const OPTIONS: usize = 100;
const OPTION: usize = 75;
/// Time to learn who is on call before the window opens: that has to happen within three seconds.
const PATIENCE: Duration = Duration::from_millis(400);

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
    pub(crate) severity: String,
}

impl CallChoices {
    pub(crate) fn read(view: &View) -> Self {
        let value = |block: &str| view.value(block, modals::ACTION).unwrap_or_default();
        Self {
            team: Some(value(TEAM).to_owned()).filter(|team| !team.is_empty()),
            mention: match value(MENTION) {
                "person" => Mention::Person,
                "group" => Mention::Group,
                _ => Mention::Nobody,
            },
            page: value(PAGE) == "yes",
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

/// The window for a case; `None` when the team file says nothing about people.
pub(crate) async fn call_team(
    ctx: &Context,
    case: &Case,
    link: Option<&str>,
    runs: Vec<(String, String)>,
) -> Option<Value> {
    let known = ctx.knowledge.get();
    let library = &known.library;
    let (teams, named) = teams(ctx, library, case)?;
    let first: Vec<String> = teams
        .iter()
        .take(named.clamp(1, 3))
        .map(|team| team.key.clone())
        .collect();
    ctx.ask_on_call(&first, PATIENCE).await;
    let likeliest = teams.first().filter(|_| named > 0).copied();
    let summary = modals::summary_of(ctx, case, link, runs);
    let topic = case.subject().and_then(|place| place.find(library));
    let matched = case.matched(library);
    let title = case_title(ctx, library, case).unwrap_or_default();
    let issue = likeliest.and_then(|team| issue_link(team.issue.as_deref()?, &title, &summary));
    let lines = ctx.on_call_lines(first.iter().map(String::as_str));
    let head = ctx
        .responder
        .escalate_window(library, (topic, matched.as_ref()), &lines, issue.as_deref());
    let mut blocks = Body::of(&head).drawn();
    blocks.truncate(20);
    blocks.extend(fields(ctx, &teams, likeliest));
    blocks.push(modals::summary_input(ctx.responder.labels(), &summary));
    let labels = ctx.responder.labels();
    let titles = &labels.titles;
    Some(json!({
        "type": "modal",
        "callback_id": CALL_TEAM,
        "private_metadata": case.id,
        "title": modals::plain(&titles.escalate),
        "submit": modals::plain(&labels.calling.submit),
        "close": modals::plain(&titles.cancel),
        "blocks": blocks,
    }))
}

/// The fields with the choices: team, mention, page, severity. Those for the likeliest team are made already.
fn fields(ctx: &Context, teams: &[&Team], likeliest: Option<&Team>) -> Vec<Value> {
    let (now, words) = (ctx.clock.now(), &ctx.responder.labels().calling);
    let people = |team: &Team| {
        let on_call = ctx.on_call.known(team, now);
        on_call.as_ref().map(TeamOnCall::people).unwrap_or_default()
    };
    let team_option = |team: &&Team| {
        let people: Vec<String> = people(team).into_iter().map(|person| person.name).collect();
        match people.as_slice() {
            [] => option(team.shown(), &team.key),
            people => option(&format!("{} – {}", team.shown(), people.join(", ")), &team.key),
        }
    };
    let options: Vec<Value> = teams.iter().map(team_option).collect();
    let first = options.first().filter(|_| likeliest.is_some()).cloned();
    let mentions = [
        option(&words.mention_person, Mention::Person.as_str()),
        option(&words.mention_group, Mention::Group.as_str()),
        option(&words.mention_nobody, Mention::Nobody.as_str()),
    ];
    let usual = likeliest.map_or(Mention::Nobody, |team| {
        usual_mention(team, people(team).iter().any(|one| one.slack.is_some()))
    });
    let mention = mentions.iter().find(|one| one["value"] == usual.as_str()).cloned();
    let mut fields = vec![
        select(TEAM, &words.team_label, &options, first),
        select(MENTION, &words.mention_label, &mentions, mention),
    ];
    if teams.iter().any(|team| team.routing.page.is_some()) {
        let answers = [option(&words.page_no, "no"), option(&words.page_yes, "yes")];
        // Nobody reads the channel outside the team's hours.
        let is_away = likeliest.is_some_and(|team| {
            let hours = team.routing.hours.as_ref();
            team.routing.page.is_some() && hours.is_some_and(|hours| !hours.contain(now))
        });
        let answer = answers.get(usize::from(is_away)).cloned();
        fields.push(select(PAGE, &words.page_label, &answers, answer));
    }
    let severities = SEVERITIES.map(|one| option(one, one));
    let error = severities.get(1).cloned();
    fields.push(select(SEVERITY, &words.severity_label, &severities, error));
    fields
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
