//! Teams and people that a document names in words: `owner:` in front matter, "Owner: team Storefront", "Escalate to
//! Team Logistics", "the armada-api squad". Names are looked up in `_data/teams.yml`; others are shown as written.

use std::cell::LazyCell;
use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::contacts::{self, Placed};
use super::{
    Block, BlockKind, Contact, ContactKind, FrontMatter, Role, Runbook, Section, owners, plain, plain_block, sentences,
};

/// Front matter keys whose values name a team or a person.
const KEYS: [&str; 6] = ["owner", "owners", "team", "squad", "maintainer", "maintainers"];

/// Labels in running text whose values name a team or a person, in lower case.
const LABELS: [&str; 16] = [
    "owner",
    "owners",
    "owned by",
    "service owner",
    "team",
    "squad",
    "maintainer",
    "maintainers",
    "contact",
    "contacts",
    "contact person",
    "on call",
    "on-call",
    "escalate to",
    "escalation contact",
    "responsible",
];

/// Most names of a document that are looked up; it bounds the work.
const MOST: usize = 50;
/// Most bytes of a paragraph that is searched for names.
const LONGEST: usize = 6_000;
/// Most bytes of a value that is shown as written.
const LONGEST_VALUE: usize = 120;
/// Most words of a team's name.
const LONGEST_NAME: usize = 3;

/// The people of a document.
#[derive(Debug, Default)]
pub(super) struct NamedPeople {
    /// Contacts that a section names.
    pub(super) placed: Vec<Placed>,
    /// Contacts that the front matter or the text before the first heading names: they own the whole document.
    pub(super) owners: Vec<Contact>,
}

/// Returns true when a text may name people by name, so that `_data/teams.yml` matters to it.
pub(super) fn may_be_named(text: &str) -> bool {
    let words = [
        "team", "Team", "squad", "Squad", "owner", "Owner", "service:", "ontact", "scalat",
    ];
    words.iter().any(|word| text.contains(word))
}

/// Finds the people of a document. `data` holds the files of `_data`.
pub(super) fn find(sections: &[Section], front: &FrontMatter, data: &BTreeMap<String, Value>) -> NamedPeople {
    // Most documents name nobody this way, so that the names of all teams are seldom read.
    let names = LazyCell::new(|| TeamNames::of(data));
    let of_team = |name: &str| {
        let key = names.find(name)?;
        Some(contacts::of_team(key, &contacts::one_team(key, data)))
    };
    let mut people = NamedPeople::default();
    for (name, is_person) in of_front(front) {
        // A service is no person: it counts only when a team has its name.
        let unknown = || if is_person { as_written(&name, 0) } else { Vec::new() };
        people.owners.extend(of_team(&name).unwrap_or_else(unknown));
    }
    let mut left = MOST;
    for (at, section) in sections.iter().enumerate() {
        let mut found = Vec::new();
        let is_labelled = is_label(&section.heading);
        super::walk(&section.blocks, &mut |block| {
            if left > 0 {
                let before = found.len();
                of_block(block, section.role == Role::Escalation, &mut found);
                if is_labelled && found.len() == before {
                    below_label(block, &mut found);
                }
                left = left.saturating_sub(found.len() - before);
            }
        });
        for NamedPerson { name, when, line, how } in found {
            let mut contacts = match (of_team(&name), how) {
                (Some(contacts), _) => contacts,
                (None, How::Label | How::Name) => as_written(&name, line),
                // "the whole team": no name of anything.
                (None, How::Word) => Vec::new(),
            };
            for contact in &mut contacts {
                contact.when.clone_from(&when);
                contact.line = line;
            }
            if at == 0 {
                people.owners.append(&mut contacts);
            } else {
                people.placed.extend(contacts.into_iter().map(|contact| (at, contact)));
            }
        }
    }
    people
}

/// Gives the topics of a document without contacts to the owners that files beside it name. `path`: the one within its
/// source. Returns true when there are such owners, so that the team file matters to the document.
pub(super) fn complete(runbook: &mut Runbook, path: &str, data: &BTreeMap<String, Value>) -> bool {
    let owners = owners::in_data(path, data);
    if owners.is_empty() {
        return false;
    }
    // An author's own words come first.
    if runbook.front.signpost.team.is_some() || runbook.topics.iter().all(|topic| !topic.contacts.is_empty()) {
        return true;
    }
    let names = TeamNames::of(data);
    let of_team = |name: &str| {
        let key = names.find(name)?;
        Some(contacts::of_team(key, &contacts::one_team(key, data)))
    };
    let mut found: Vec<Contact> = Vec::new();
    for owner in &owners {
        let members = || match owner.members.as_slice() {
            [] => as_written(&owner.name, 0),
            members => members.iter().flat_map(|member| as_written(member, 0)).collect(),
        };
        let contacts = of_team(owners::team_in(&owner.name)).unwrap_or_else(members);
        for contact in contacts {
            if !found.contains(&contact) {
                found.push(contact);
            }
        }
    }
    for topic in runbook.topics.iter_mut().filter(|topic| topic.contacts.is_empty()) {
        topic.contacts.clone_from(&found);
    }
    true
}

/// The names in front matter, and whether each is known to name people.
fn of_front(front: &FrontMatter) -> Vec<(String, bool)> {
    let mut out = Vec::new();
    for key in KEYS {
        match front.other.get(key) {
            Some(Value::String(name)) => out.push((name.clone(), true)),
            Some(Value::Array(names)) => {
                let names = names.iter().filter_map(Value::as_str);
                out.extend(names.map(|name| (name.to_owned(), true)));
            }
            _ => {}
        }
    }
    out.extend(front.service.iter().map(|service| (service.clone(), false)));
    out.retain(|(name, _)| !name.trim().is_empty());
    out.truncate(MOST);
    out
}

/// A name in a document's text.
struct NamedPerson {
    name: String,
    /// The sentence that says when to call, when there is one.
    when: Option<String>,
    line: u32,
    how: How,
}

/// Form in which a text names somebody.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// The value of a label.
    Label,
    /// A name with a capital or a hyphen, next to "team" or "squad".
    Name,
    /// Any other word next to "team".
    Word,
}

fn of_block(block: &Block, escalation: bool, found: &mut Vec<NamedPerson>) {
    match &block.kind {
        BlockKind::Paragraph(inlines) => of_text(&plain(inlines), block.line, escalation, found),
        BlockKind::Table { head, rows } => {
            for row in std::iter::once(head).chain(rows) {
                let cells: Vec<String> = row.iter().map(|cell| plain(cell)).collect();
                match cells.as_slice() {
                    [label, value] if is_label(label) => of_value(value, block.line, found),
                    cells => cells
                        .iter()
                        .for_each(|cell| of_text(cell, block.line, escalation, found)),
                }
            }
        }
        BlockKind::Definitions(definitions) => {
            for definition in definitions.iter().filter(|one| is_label(&plain(&one.term))) {
                let details = definition.details.iter().flatten();
                details.for_each(|detail| of_value(&plain_block(detail), block.line, found));
            }
        }
        _ => {}
    }
}

/// Adds the name that stands alone below a heading such as "Contact": "DBA on call, phone 4711". Sentences, links and
/// channels are read elsewhere.
fn below_label(block: &Block, found: &mut Vec<NamedPerson>) {
    let BlockKind::Paragraph(inlines) = &block.kind else {
        return;
    };
    let text = plain(inlines);
    let is_sentence = text.trim_end().ends_with(['.', '!', '?', ':']) || text.split_whitespace().count() > 10;
    if !is_sentence && !text.contains(['#', '@', '<', '`', '\n']) && !text.contains("://") {
        of_value(&text, block.line, found);
    }
}

fn is_label(text: &str) -> bool {
    let text = text.trim().trim_end_matches(':').trim_end().to_lowercase();
    LABELS.contains(&text.as_str())
}

fn of_text(text: &str, line: u32, escalation: bool, found: &mut Vec<NamedPerson>) {
    if text.len() > LONGEST || found.len() >= MOST {
        return;
    }
    if let Some(value) = value_of(text) {
        return of_value(value, line, found);
    }
    for sentence in sentences::of_text(text) {
        if !escalation && !calls(sentence) {
            continue;
        }
        for (name, how) in teams_in(sentence) {
            let when = contacts::when_of(sentence);
            found.push(NamedPerson { name, when, line, how });
        }
    }
}

/// The value of the first label of people in a text that consists of labels: "Owner: Storefront Status: Live".
fn value_of(text: &str) -> Option<&str> {
    let mut from = 0;
    for (at, _) in text.match_indices(": ") {
        let before = text.get(from..at)?;
        let label = before.get(label_start(before)..)?;
        from = at + 2;
        if is_label(label) && (before.len() == label.len() || label.starts_with(|c: char| c.is_uppercase())) {
            let value = text.get(at + 2..)?;
            let end = value.match_indices(": ").map(|(end, _)| end).next();
            // The next label ends the value.
            let end = end.map(|end| label_start(value.get(..end).unwrap_or_default()));
            return value.get(..end.filter(|end| *end > 0).unwrap_or(value.len()));
        }
    }
    None
}

/// Where the label at the end of a text begins: at its last capitalised word, or the two before it.
fn label_start(text: &str) -> usize {
    if is_label(text) {
        return 0;
    }
    let starts = text.char_indices().rev().filter(|(at, c)| {
        c.is_uppercase()
            && (*at == 0
                || text
                    .get(..*at)
                    .is_some_and(|before| before.ends_with(char::is_whitespace)))
    });
    starts.map(|(at, _)| at).next().unwrap_or(0)
}

fn of_value(value: &str, line: u32, found: &mut Vec<NamedPerson>) {
    let value = value.trim().trim_end_matches('.');
    if value.is_empty() || value.len() > LONGEST_VALUE {
        return;
    }
    let label = |name: &str| NamedPerson {
        name: name.trim().to_owned(),
        when: None,
        line,
        how: How::Label,
    };
    let is_list = value.contains(['#', '@']) || value.to_lowercase().contains("team ");
    if is_list {
        let pieces = value.split([',', ';']);
        let pieces = pieces.map(|piece| piece.trim().trim_start_matches("Slack ").trim_start_matches("slack "));
        found.extend(pieces.filter(|piece| !piece.is_empty()).map(label));
    } else {
        found.push(label(value));
    }
}

/// Returns true for a sentence that tells the reader whom to call.
fn calls(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    contacts::speaks_of_help(sentence) || lower.contains("call team ") || lower.contains("call the ")
}

/// The teams that a sentence names: `Team Logistics`, `the armada-api squad`, `the Data Platform team`.
fn teams_in(sentence: &str) -> Vec<(String, How)> {
    let words: Vec<&str> = sentence.split_whitespace().collect();
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
    let mut out = Vec::new();
    for (at, word) in words.iter().enumerate() {
        if !matches!(bare(word).to_lowercase().as_str(), "team" | "squad") {
            continue;
        }
        let ends = |word: &str| word.ends_with([',', '.', ';', ':', ')', '!', '?']);
        let mut after = Vec::new();
        if !ends(word) {
            for next in words.iter().skip(at + 1).take(LONGEST_NAME) {
                if !bare(next).starts_with(|c: char| c.is_uppercase()) {
                    break;
                }
                after.push(bare(next));
                if ends(next) {
                    break;
                }
            }
        }
        if !after.is_empty() {
            out.push((format!("{} {}", capital(&bare(word)), after.join(" ")), How::Name));
            continue;
        }
        let mut before: Vec<String> = Vec::new();
        for earlier in words.iter().take(at).rev().take(LONGEST_NAME) {
            let name = bare(earlier);
            let named = name.starts_with(|c: char| c.is_uppercase()) || name.contains('-');
            if ends(earlier) || is_article(&name) || !(named || before.is_empty()) {
                break;
            }
            before.insert(0, name);
        }
        let named = before
            .iter()
            .any(|name| name.starts_with(|c: char| c.is_uppercase()) || name.contains('-'));
        if !before.is_empty() {
            let how = if named { How::Name } else { How::Word };
            out.push((format!("{} {}", before.join(" "), bare(word)), how));
        }
    }
    out
}

fn is_article(word: &str) -> bool {
    let lower = word.to_lowercase();
    [
        "the", "a", "an", "your", "our", "this", "that", "which", "another", "contact", "call", "page", "ask", "notify",
    ]
    .contains(&lower.as_str())
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// A contact that no team stands for: a channel, an address, or words.
fn as_written(name: &str, line: u32) -> Vec<Contact> {
    let name = name.trim();
    let name = name.get(..name.floor_char_boundary(LONGEST_VALUE)).unwrap_or(name);
    let is_handle = |name: &str| name.starts_with(['#', '@']) && !name.contains(char::is_whitespace);
    let is_mail = name.contains('@') && !name.contains(char::is_whitespace) && !name.starts_with('@');
    let (kind, url) = if is_handle(name) {
        (ContactKind::Chat, None)
    } else {
        (ContactKind::Other, is_mail.then(|| format!("mailto:{name}")))
    };
    vec![Contact {
        team: None,
        kind,
        name: name.to_owned(),
        url,
        when: None,
        line,
    }]
}

/// Keys of the teams in `_data/teams.yml` by their keys, names and aliases, in comparable form.
struct TeamNames(HashMap<String, String>);

impl TeamNames {
    fn of(data: &BTreeMap<String, Value>) -> TeamNames {
        let mut names = HashMap::new();
        let Some(Value::Object(teams)) = data.get("teams") else {
            return TeamNames(names);
        };
        let mut add = |name: &str, key: &str| {
            let name = comparable(name);
            if !name.is_empty() {
                names.entry(name).or_insert_with(|| key.to_owned());
            }
        };
        for (key, team) in teams.iter().filter(|(_, team)| team.is_object()) {
            add(key, key);
            let texts = |value: Option<&Value>| match value {
                Some(Value::String(text)) => vec![text.clone()],
                Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
                _ => Vec::new(),
            };
            for name in texts(team.get("name")).into_iter().chain(texts(team.get("aliases"))) {
                add(&name, key);
            }
            if let Some(channel) = team
                .get("comm")
                .and_then(|comm| comm.get("name"))
                .and_then(Value::as_str)
            {
                add(channel, key);
            }
        }
        TeamNames(names)
    }

    fn find(&self, name: &str) -> Option<&str> {
        self.0.get(&comparable(name)).map(String::as_str)
    }
}

/// A name without case, marks, and the words "team" and "squad".
fn comparable(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words
        .filter(|word| !word.is_empty() && !matches!(*word, "team" | "squad" | "the"))
        .collect();
    words.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(sentence: &str) -> Vec<String> {
        teams_in(sentence).into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn teams_are_found_in_sentences() {
        assert_eq!(names("Nobody answers? Escalate to Team Logistics."), ["Team Logistics"]);
        assert_eq!(names("Call Team Logistics, They renew it"), ["Team Logistics"]);
        assert_eq!(
            names("You may need the billing-api squad for this"),
            ["billing-api squad"]
        );
        assert_eq!(names("Contact the Data Platform team"), ["Data Platform team"]);
        assert_eq!(names("Page the search team."), ["search team"]);
        assert!(names("Ask the team, then your squad.").is_empty());
    }

    #[test]
    fn labels_end_where_the_next_one_begins() {
        assert_eq!(value_of("Owner: Storefront Status: Live"), Some("Storefront "));
        assert_eq!(value_of("Status: Live Owner: Storefront"), Some("Storefront"));
        assert_eq!(
            value_of("Contact: DBA on call, phone 4711"),
            Some("DBA on call, phone 4711")
        );
        assert_eq!(value_of("Note: the owner: nobody"), None);
    }
}
