//! Owners that a person means by `who TEAM`, and where they are reached.

use std::collections::BTreeSet;

use super::resolve::{Resolution, resolve};
use crate::runbook::{Contact, Document, Library, Topic, TopicId};

/// Result of looking up the words of `who`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// The people to call.
    Found(Owner),
    /// Several owners: names to choose from.
    Ambiguous(Vec<String>),
    /// Nobody of that name.
    Nothing {
        /// The most similar names, the nearest first.
        nearest: Vec<String>,
    },
}

/// The people to call for a team, a service or a runbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Kind of thing that was asked for.
    pub subject: Subject,
    /// Name of the subject, as the runbooks write it.
    pub name: String,
    /// Keys of the teams in `_data/teams.yml`, the most likely one first.
    pub teams: Vec<String>,
    /// Contacts that belong to no team.
    pub contacts: Vec<Contact>,
    /// Some of the runbooks that name the owner.
    pub runbooks: Vec<TopicId>,
    /// True when there are more such runbooks.
    pub more: bool,
}

/// Kind of thing that a name after `who` stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A team of `_data/teams.yml`.
    Team,
    /// A `service` of front matter.
    Service,
    /// A runbook, or a section of one.
    Runbook,
}

/// Maximum number of runbooks opened to see whom they name: opening is work.
const OPENED: usize = 40;
/// Maximum number of runbooks listed.
const NAMED: usize = 5;
/// Maximum number of teams of one service or runbook.
const TEAMS: usize = 4;
/// Maximum number of contacts without a team.
const CONTACTS: usize = 6;
/// Maximum number of names offered when none fits.
const NEAREST: usize = 3;
/// Minimum Jaro-Winkler similarity, 0 to 1, of a name that is offered.
const ALIKE: f64 = 0.8;

/// Minimum length of the words for a runbook, in characters: shorter ones begin too many titles.
const SHORTEST_RUNBOOK: usize = 4;

/// Words around a name that are not part of it.
const AROUND: [&str; 9] = [
    "the", "team", "squad", "service", "people", "folks", "on-call", "oncall", "owner",
];

/// Finds the people. A team is named by its key, name, alias or channel, a service by the front matter's `service`, both also
/// by the unique beginning or a word of it; then a runbook or a section, as in `show`.
pub fn who(library: &Library, words: &str) -> Whom {
    let found = named(library, words);
    let bare = without_words_around(words);
    if matches!(found, Whom::Nothing { .. }) && bare != words {
        let second = named(library, &bare);
        if !matches!(&second, Whom::Nothing { nearest } if nearest.is_empty()) {
            return second;
        }
    }
    found
}

fn without_words_around(words: &str) -> String {
    let mut words: Vec<&str> = words.split_whitespace().collect();
    let around = |word: &str| AROUND.contains(&word.to_lowercase().as_str());
    while words.len() > 1 && words.last().is_some_and(|word| around(word)) {
        words.pop();
    }
    while words.len() > 1 && words.first().is_some_and(|word| around(word)) {
        words.remove(0);
    }
    words.join(" ")
}

/// A team or a service with all its names.
struct ContactMatch {
    subject: Subject,
    /// Key of the team or name of the service.
    key: String,
    names: Vec<String>,
}

fn named(library: &Library, words: &str) -> Whom {
    let asked = folded(words);
    if asked.is_empty() {
        return Whom::Nothing { nearest: Vec::new() };
    }
    let candidates = candidates(library);
    let fitting = |fits: &dyn Fn(&str) -> bool| -> Vec<&ContactMatch> {
        let all = candidates.iter();
        all.filter(|candidate| candidate.names.iter().any(|name| fits(name)))
            .collect()
    };
    // A team and its service often share a name: the team says more.
    if let Some(first) = fitting(&|name| name == asked).first() {
        return Whom::Found(owner(library, first));
    }
    let long_enough = asked.chars().count() >= 2;
    let beginning = if long_enough {
        fitting(&|name| name.starts_with(&asked))
    } else {
        Vec::new()
    };
    if let Some(found) = one_of(library, &beginning) {
        return found;
    }
    if let Some(found) = of_runbook(library, words) {
        return found;
    }
    let wanted: Vec<&str> = asked.split(' ').collect();
    let holding = fitting(&|name| wanted.iter().all(|word| name.split(' ').any(|part| part == *word)));
    one_of(library, &holding).unwrap_or_else(|| Whom::Nothing {
        nearest: nearest(&candidates, &asked),
    })
}

/// Looks up a runbook or a section, named as in `show`.
fn of_runbook(library: &Library, words: &str) -> Option<Whom> {
    if words.chars().count() < SHORTEST_RUNBOOK {
        return None;
    }
    let (runbook, section) = match words.split_once(char::is_whitespace) {
        Some((runbook, section)) => (runbook, Some(section)),
        None => (words, None),
    };
    match resolve(library, runbook, section) {
        Resolution::Found(id) => Some(Whom::Found(of_topic(library, id))),
        Resolution::Ambiguous(ids) => {
            let names: BTreeSet<String> = ids.iter().filter_map(|id| full_name(library, *id)).collect();
            Some(Whom::Ambiguous(names.into_iter().collect()))
        }
        Resolution::Nothing => None,
    }
}

/// Returns a topic's unique name: the path of the runbook, followed by the heading of a section.
fn full_name(library: &Library, id: TopicId) -> Option<String> {
    let path = &library.runbooks.get(id.runbook)?.path;
    if id.section == 0 {
        return Some(path.clone());
    }
    Some(format!("{path} {}", title(library, id)?))
}

fn one_of(library: &Library, found: &[&ContactMatch]) -> Option<Whom> {
    match found {
        [] => None,
        [one] => Some(Whom::Found(owner(library, one))),
        several => Some(Whom::Ambiguous(
            several.iter().map(|candidate| candidate.key.clone()).collect(),
        )),
    }
}

/// Lists every team, then every service that does not share a team's name.
fn candidates(library: &Library) -> Vec<ContactMatch> {
    let mut out: Vec<ContactMatch> = Vec::new();
    let mut known = BTreeSet::new();
    for (key, team) in &library.teams {
        let channel = team.comm.as_ref().map(|(name, _)| name);
        let names: Vec<String> = [Some(key), team.name.as_ref(), channel]
            .into_iter()
            .flatten()
            .chain(&team.routing.aliases)
            .map(|name| folded(name))
            .collect();
        known.extend(names.iter().cloned());
        out.push(ContactMatch {
            subject: Subject::Team,
            key: key.clone(),
            names,
        });
    }
    for document in &library.runbooks {
        let Some(service) = service(document) else { continue };
        let name = folded(&service);
        if !name.is_empty() && known.insert(name.clone()) {
            out.push(ContactMatch {
                subject: Subject::Service,
                key: service,
                names: vec![name],
            });
        }
    }
    out
}

/// Reads the front matter's `service` without opening the runbook: there may be ten thousand.
fn service(document: &Document) -> Option<String> {
    let Some(text) = document.text() else {
        return document.front.service.clone();
    };
    let mut lines = text.trim_start().lines();
    let fence = lines
        .next()
        .filter(|fence| matches!(fence.trim(), "---" | "+++"))?
        .trim();
    let value = lines
        .take_while(|line| line.trim() != fence)
        .filter_map(|line| line.strip_prefix("service"))
        .find_map(|rest| rest.trim_start().strip_prefix([':', '=']))?;
    let value = value
        .split(" #")
        .next()
        .unwrap_or(value)
        .trim()
        .trim_matches(['"', '\'']);
    (!value.is_empty()).then(|| value.to_owned())
}

fn owner(library: &Library, candidate: &ContactMatch) -> Owner {
    match candidate.subject {
        Subject::Service => of_service(library, &candidate.key),
        Subject::Team | Subject::Runbook => of_team(library, &candidate.key),
    }
}

fn of_team(library: &Library, key: &str) -> Owner {
    let mut runbooks = Vec::new();
    let mentioning = |document: &&Document| document.text().is_none_or(|text| text.contains(key));
    let numbered = library.runbooks.iter().enumerate();
    for (runbook, document) in numbered.filter(|(_, document)| mentioning(document)).take(OPENED) {
        let names = |topic: &Topic| {
            topic
                .contacts
                .iter()
                .any(|contact| contact.team.as_deref() == Some(key))
        };
        if document.look(|runbook| runbook.topics.iter().any(names)) {
            runbooks.push(TopicId { runbook, section: 0 });
        }
        if runbooks.len() > NAMED {
            break;
        }
    }
    let name = library.teams.get(key).and_then(|team| team.name.clone());
    Owner {
        subject: Subject::Team,
        name: name.unwrap_or_else(|| key.to_owned()),
        teams: vec![key.to_owned()],
        contacts: Vec::new(),
        more: runbooks.len() > NAMED,
        runbooks: runbooks.into_iter().take(NAMED).collect(),
    }
}

fn of_service(library: &Library, name: &str) -> Owner {
    let asked = folded(name);
    let numbered = library.runbooks.iter().enumerate();
    let ids: Vec<TopicId> = numbered
        .filter(|(_, document)| service(document).is_some_and(|service| folded(&service) == asked))
        .map(|(runbook, _)| TopicId { runbook, section: 0 })
        .collect();
    let contacts: Vec<Contact> = ids.iter().take(OPENED).flat_map(|id| contacts(library, *id)).collect();
    let (teams, contacts) = sorted(contacts);
    Owner {
        subject: Subject::Service,
        name: name.to_owned(),
        teams,
        contacts,
        more: ids.len() > NAMED,
        runbooks: ids.into_iter().take(NAMED).collect(),
    }
}

fn of_topic(library: &Library, id: TopicId) -> Owner {
    let (teams, contacts) = sorted(contacts(library, id));
    Owner {
        subject: Subject::Runbook,
        name: title(library, id).unwrap_or_default(),
        teams,
        contacts,
        runbooks: vec![id],
        more: false,
    }
}

fn contacts(library: &Library, id: TopicId) -> Vec<Contact> {
    let Some(document) = library.runbooks.get(id.runbook) else {
        return Vec::new();
    };
    document.look(|runbook| {
        runbook
            .topic(id.section)
            .map(|topic| topic.contacts.clone())
            .unwrap_or_default()
    })
}

/// Splits contacts into teams, the most often named first, and contacts without a team.
fn sorted(contacts: Vec<Contact>) -> (Vec<String>, Vec<Contact>) {
    let mut teams: Vec<(String, usize)> = Vec::new();
    let mut others: Vec<Contact> = Vec::new();
    for contact in contacts {
        match &contact.team {
            Some(key) => match teams.iter_mut().find(|(known, _)| known == key) {
                Some((_, times)) => *times += 1,
                None => teams.push((key.clone(), 1)),
            },
            None if others
                .iter()
                .any(|other| other.kind == contact.kind && other.name == contact.name) => {}
            None => others.push(contact),
        }
    }
    // Stable: equals keep the order of the documents.
    teams.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
    teams.truncate(TEAMS);
    others.truncate(CONTACTS);
    (teams.into_iter().map(|(key, _)| key).collect(), others)
}

fn title(library: &Library, id: TopicId) -> Option<String> {
    let document = library.runbooks.get(id.runbook)?;
    if id.section == 0 {
        return Some(document.title.clone());
    }
    document.look(|runbook| runbook.sections.get(id.section).map(|section| section.heading.clone()))
}

fn nearest(candidates: &[ContactMatch], asked: &str) -> Vec<String> {
    let alike = |candidate: &ContactMatch| {
        let names = candidate.names.iter();
        names.map(|name| strsim::jaro_winkler(name, asked)).fold(0.0, f64::max)
    };
    let mut ranked: Vec<(f64, &str)> = candidates
        .iter()
        .map(|candidate| (alike(candidate), candidate.key.as_str()))
        .filter(|(alike, _)| *alike >= ALIKE)
        .collect();
    ranked.sort_by(|left, right| right.0.total_cmp(&left.0));
    ranked
        .into_iter()
        .take(NEAREST)
        .map(|(_, key)| key.to_owned())
        .collect()
}

/// Normalises a name for comparison: lower case, words of letters and digits only, single blanks.
fn folded(name: &str) -> String {
    let name = name.to_lowercase();
    let parts = name.split(|c: char| !c.is_alphanumeric());
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}
