//! The people of the teams: their channels and user groups in Slack, their schedules and pagers in the services.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::DoctorCheck;
use crate::bot::on_call::OnCallDirectory;
use crate::bot::trackers::TrackerDirectory;
use crate::clock::{Clock as _, SystemClock};
use crate::runbook::{Library, OnCallSource, Team};
use crate::settings::Settings;
use crate::slack::web::Web;

/// Most channels, and most schedules, that are looked up: Slack allows some 50 look-ups a minute.
const MOST: usize = 40;
/// Most problems that are listed in one finding.
const LISTED: usize = 10;
/// Key of an alert that no service knows.
const NO_ALERT: &str = "signpost:doctor:none";

/// Checks that Slack has the channels and the user groups of the teams, and that the bot may post there.
pub(super) async fn in_slack(web: &Web, library: &Library) -> Vec<DoctorCheck> {
    let mut checks = Vec::new();
    let channels = named(library, |team| team.routing.channel.iter().cloned().collect());
    if !channels.is_empty() {
        let mut problems = Vec::new();
        // One after the other: look-ups at the same time would be limited sooner.
        for (id, team) in channels.iter().take(MOST) {
            problems.extend(channel(web, id).await.map(|problem| format!("{team}: {problem}")));
        }
        let good = format!("the bot is in the team channels ({} checked)", channels.len().min(MOST));
        checks.push(DoctorCheck::new("team channels", told(problems, good)));
    }
    let groups = named(library, groups_of);
    if !groups.is_empty() {
        let found = match web.usergroups().await {
            Ok(known) => {
                let missing = groups.iter().filter(|(id, _)| !known.contains(id));
                let problems = missing.map(|(id, team)| format!("{team}: Slack has no active user group {id}"));
                told(
                    problems.collect(),
                    format!("the teams' user groups exist in Slack ({} checked)", groups.len()),
                )
            }
            Err(error) => Err(format!("the user groups cannot be listed: {error}")),
        };
        checks.push(DoctorCheck::new("user groups", found));
    }
    checks
}

/// Checks that the services know the schedules of the teams, and that the pagers are registered and can be looked up.
/// Nobody is paged: a routing key shows only with the first page whether it is right.
pub(super) async fn services(settings: &Settings, library: &Library) -> Vec<DoctorCheck> {
    let directory = OnCallDirectory::new(settings);
    let teams: Vec<&Team> = library.teams.values().collect();
    let mut checks = Vec::new();
    let asked = teams.iter().filter_map(|team| match &team.routing.on_call {
        Some(OnCallSource::Service(schedule)) => Some((team, schedule)),
        _ => None,
    });
    let asked: Vec<_> = asked.take(MOST).collect();
    if !asked.is_empty() {
        let now = SystemClock.now();
        let problems = join_all(asked.iter().map(|(team, schedule)| {
            let source = directory.source(&schedule.service);
            async move {
                let problem = match source {
                    Some(source) => source.on_call(schedule, now).await.err()?.to_string(),
                    None => format!("oncall.toml has no service \"{}\"", schedule.service),
                };
                Some(format!("{}: {problem}", team.key))
            }
        }));
        let problems = problems.await.into_iter().flatten().collect();
        let good = format!("the services know the schedules ({} checked)", asked.len());
        checks.push(DoctorCheck::new("schedules", told(problems, good)));
    }
    let pagers = named(library, |team| {
        team.routing.page.iter().map(|page| page.pager.clone()).collect()
    });
    if !pagers.is_empty() {
        let problems = join_all(pagers.iter().map(|(pager, team)| {
            let directory = &directory;
            async move {
                if directory.pager(pager).is_none() {
                    return Some(format!("{team}: oncall.toml has no pager \"{pager}\""));
                }
                let error = directory.alerts(pager)?.alert(NO_ALERT).await.err()?;
                Some(format!(
                    "{team}: acknowledgements of \"{pager}\" cannot be looked up: {error}"
                ))
            }
        }));
        let problems: Vec<String> = problems.await.into_iter().flatten().collect();
        let watched = pagers
            .iter()
            .filter(|(pager, _)| directory.alerts(pager).is_some())
            .count();
        let good = format!(
            "{} registered; {watched} of them can look up acknowledgements",
            pagers.len()
        );
        checks.push(DoctorCheck::new("pagers", told(problems, good)));
    }
    checks.extend(issues(settings, &teams).await);
    checks
}

/// Checks that the trackers show the repositories of the teams to their tokens. Nothing is created: whether a token may do
/// that shows only with the first issue.
async fn issues(settings: &Settings, teams: &[&Team]) -> Option<DoctorCheck> {
    if settings.oncall.trackers.is_empty() {
        return None;
    }
    let trackers = TrackerDirectory::new(settings);
    let mut seen = BTreeSet::new();
    let named = teams
        .iter()
        .filter_map(|team| Some((&team.key, trackers.of_team(team)?)));
    let named: Vec<_> = named
        .filter(|(_, of)| seen.insert((of.tracker.clone(), of.repository.clone())))
        .take(MOST)
        .collect();
    if named.is_empty() {
        let problem = "no team's `issue` link leads to a tracker in oncall.toml; check `web_url` there";
        return Some(DoctorCheck::new("trackers", Err(problem.to_owned())));
    }
    let looked = join_all(named.iter().map(|(team, of)| {
        let tracker = trackers.tracker(&of.tracker);
        async move {
            let found = tracker?.repository(&of.repository).await;
            Some(match found {
                Ok(found) if !found.takes_issues => Err(format!("{team}: {} doesn't accept issues", of.repository)),
                Ok(found) => Ok(found.is_public.then_some(&of.repository)),
                Err(error) => Err(format!("{team}: {}: {error}", of.repository)),
            })
        }
    }));
    let (mut problems, mut public) = (Vec::new(), Vec::new());
    for one in looked.await.into_iter().flatten() {
        match one {
            Ok(repository) => public.extend(repository.map(String::as_str)),
            Err(problem) => problems.push(problem),
        }
    }
    let mut good = format!("the tokens can read the teams' repositories ({} checked)", named.len());
    if !public.is_empty() {
        good = format!("{good}; everyone can read the issues in {}", public.join(", "));
    }
    Some(DoctorCheck::new("trackers", told(problems, good)))
}

/// The problem with a team's channel; `None` when the bot can post there and no other organisation reads it.
async fn channel(web: &Web, id: &str) -> Option<String> {
    match web.conversation_info(id).await {
        Ok(channel) if channel.is_archived => Some(format!("{id} is archived; name another channel")),
        Ok(channel) if !channel.is_member => Some(format!("the bot is not a member of {id}; invite it there")),
        Ok(channel) if channel.is_ext_shared => Some(format!(
            "{id} is shared with another organisation, so nothing is posted there; name another channel"
        )),
        Ok(_) => None,
        Err(error) => Some(format!("cannot look up {id}: {error}")),
    }
}

/// User groups that a team's routing refers to.
fn groups_of(team: &Team) -> Vec<String> {
    let routing = &team.routing;
    let on_call = match &routing.on_call {
        Some(OnCallSource::Group(group)) => Some(group),
        _ => None,
    };
    let by = routing.page.iter().flat_map(|page| &page.by);
    let steps = routing
        .escalation
        .iter()
        .filter_map(|step| step.mention.as_ref()?.slack.as_ref());
    let all = routing.group.iter().chain(on_call).chain(by).chain(steps);
    all.filter(|id| id.starts_with('S')).cloned().collect()
}

/// Ids that teams refer to, each once, with the key of the first team that does.
fn named(library: &Library, ids: impl Fn(&Team) -> Vec<String>) -> Vec<(String, String)> {
    let mut seen = BTreeSet::new();
    let teams = library.teams.values();
    let all = teams.flat_map(|team| ids(team).into_iter().map(|id| (id, team.key.clone())));
    all.filter(|(id, _)| seen.insert(id.clone())).collect()
}

fn told(problems: Vec<String>, good: String) -> Result<String, String> {
    if problems.is_empty() {
        return Ok(good);
    }
    let more = problems.len().saturating_sub(LISTED);
    let mut said = problems.into_iter().take(LISTED).collect::<Vec<_>>().join("; ");
    if more > 0 {
        said = format!("{said}; and {more} more");
    }
    Err(said)
}
