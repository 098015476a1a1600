//! Diagnostics about `_data/teams.yml`: optional keys that cannot be used, and teams and runbooks that do not fit.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Diagnostic, Level, Library, TeamProblem, teams_with_problems};

/// Most problems of a file that are reported.
const MOST_PROBLEMS: usize = 100;

/// Returns the diagnostics of a team file: `text` is what was read, `value` its meaning.
pub fn team_diagnostics(path: &str, text: &str, value: &Value) -> Vec<Diagnostic> {
    let data = BTreeMap::from([("teams".to_owned(), value.clone())]);
    let problems = teams_with_problems(&data).1.into_iter().take(MOST_PROBLEMS);
    let told = problems.map(|problem| Diagnostic {
        path: path.to_owned(),
        line: line_of(text, &problem),
        level: Level::Warning,
        code: "team",
        message: format!(
            "team {}: `{}` {}{}",
            problem.team,
            problem.key,
            problem.message,
            if problem.is_used { "" } else { "; it is left out" }
        ),
    });
    told.collect()
}

/// Returns diagnostics about teams and the runbooks that name them: teams that the file does not have, teams that no
/// runbook names, and the number of runbooks that name nobody. Nothing without a team file. Opens every document.
pub fn team_usage(library: &Library) -> Vec<Diagnostic> {
    let file = "_data/teams.yml";
    let mut found = Vec::new();
    if library.teams.is_empty() {
        return found;
    }
    let mut tell = |path: &str, level, code, message| {
        found.push(Diagnostic {
            path: path.to_owned(),
            line: 0,
            level,
            code,
            message,
        });
    };
    let mut used: BTreeSet<String> = BTreeSet::new();
    let mut silent: Vec<&str> = Vec::new();
    for document in &library.runbooks {
        let (named, unknown) = document.look(|runbook| {
            let contacts = runbook.topics.iter().flat_map(|topic| &topic.contacts);
            used.extend(contacts.clone().filter_map(|contact| contact.team.clone()));
            let team = runbook.front.signpost.team.clone();
            (
                contacts.count() > 0,
                team.filter(|team| !library.teams.contains_key(team)),
            )
        });
        if !named {
            silent.push(&document.path);
        }
        if let Some(team) = unknown {
            let message = format!("`signpost: team: {team}` names a team that is not in {file}");
            tell(&document.path, Level::Warning, "team-unknown", message);
        }
    }
    let steps = library.teams.values().flat_map(|team| &team.routing.escalation);
    used.extend(steps.filter_map(|step| step.team.clone()));
    let unused: Vec<&str> = library
        .teams
        .keys()
        .map(String::as_str)
        .filter(|key| !used.contains(*key))
        .collect();
    if !unused.is_empty() {
        let message = format!("no runbook names {}", listed(&unused));
        tell(file, Level::Info, "team-unused", message);
    }
    if !silent.is_empty() {
        let message = format!(
            "{} of {} runbooks list no contacts: {}; name a team with `signpost: team: KEY` in their front matter",
            silent.len(),
            library.runbooks.len(),
            listed(&silent)
        );
        tell("", Level::Info, "no-contacts", message);
    }
    found
}

/// The first few of a list, and the number of the others.
fn listed(names: &[&str]) -> String {
    let first = names.iter().take(5).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(5) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// Returns the line of a team's key in the text of its file, from 1; 0 when it is not found.
pub(super) fn line_of(text: &str, problem: &TeamProblem) -> u32 {
    let mut below = false;
    let mut team_line = 0;
    let first = problem.key.split('.').next().unwrap_or_default();
    for (number, line) in (1_u32..).zip(text.lines()) {
        let name = line.trim_start();
        let key = name.split(':').next().unwrap_or_default().trim_matches(['"', '\'']);
        if name.len() == line.len() && !name.is_empty() && !name.starts_with('#') {
            if below {
                break;
            }
            below = key == problem.team;
            team_line = if below { number } else { team_line };
        } else if below && key == first {
            return number;
        }
    }
    team_line
}
