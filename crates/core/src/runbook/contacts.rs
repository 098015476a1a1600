//! Contacts: the teams of `_data/teams.yml`, and the channels, pagers and trackers that documents name.

use std::collections::BTreeMap;

use serde_json::Value;

use super::frontmatter::at_path;
use super::liquid::TeamUse;
use super::{BlockKind, Contact, ContactKind, Inline, Role, Section, Target, Team, plain, plain_block, sentences};

/// Most bytes of a name or an address. Every contact of every document holds a copy, so longer texts are left out.
pub(super) const LONGEST_NAME: usize = 2_000;

/// Returns the teams of `_data/teams.yml` by key.
pub(super) fn teams(data: &BTreeMap<String, Value>) -> BTreeMap<String, Team> {
    let Some(Value::Object(map)) = data.get("teams") else {
        return BTreeMap::new();
    };
    map.iter()
        .filter(|(key, _)| key.len() <= LONGEST_NAME)
        .filter_map(|(key, value)| Some((key.clone(), team(key, value)?)))
        .collect()
}

/// Returns the team with this key of `_data/teams.yml`, by its key.
pub(super) fn one_team(key: &str, data: &BTreeMap<String, Value>) -> BTreeMap<String, Team> {
    let value = data.get("teams").and_then(|teams| teams.get(key));
    let team = value.and_then(|value| team(key, value));
    team.map(|team| (key.to_owned(), team)).into_iter().collect()
}

fn team(key: &str, value: &Value) -> Option<Team> {
    let text = |path: &[&str]| at_path(value, path).filter(|text| text.len() <= LONGEST_NAME);
    let pair = |part: &str| Some((text(&[part, "name"])?, text(&[part, "link"])));
    value.is_object().then(|| Team {
        key: key.to_owned(),
        name: text(&["name"]),
        comm: pair("comm"),
        escalate: pair("escalate"),
        issue: text(&["issue"]),
        link: text(&["link"]),
        // Documents only need names and links.
        ..Team::default()
    })
}

/// Index of the section that holds a contact, and the contact.
pub(super) type Placed = (usize, Contact);

/// Finds every contact of a document, in order.
pub(super) fn find(sections: &[Section], uses: &[TeamUse], teams: &BTreeMap<String, Team>) -> Vec<Placed> {
    let mut out = Vec::new();
    for (at, section) in sections.iter().enumerate() {
        let mut finder = Finder {
            section: at,
            escalation: section.role == Role::Escalation,
            out: Vec::new(),
        };
        super::walk(&section.blocks, &mut |block| {
            super::runs(block, &mut |inlines| finder.run(inlines, block.line));
        });
        out.extend(finder.out);
    }
    let named = of_uses(sections, uses, teams);
    // A team's own entry says more than the link that it was rendered to.
    out.retain(|(_, contact)| {
        !named.iter().any(|(_, team)| {
            (contact.kind == team.kind || contact.kind == ContactKind::Other)
                && (team.name == contact.name || team.url.is_some() && team.url == contact.url)
        })
    });
    let mut all = named;
    all.extend(out);
    all.sort_by_key(|(section, contact)| (*section, contact.line));
    all
}

/// Returns the contacts of the team that the front matter names.
pub(super) fn of_team(key: &str, teams: &BTreeMap<String, Team>) -> Vec<Contact> {
    let contact = |kind, name: &str, url: Option<&String>| Contact {
        team: Some(key.to_owned()),
        kind,
        name: name.to_owned(),
        url: url.filter(|url| !url.is_empty()).cloned(),
        when: None,
        line: 0,
    };
    let Some(team) = teams.get(key) else {
        return vec![contact(ContactKind::Other, key, None)];
    };
    let mut out = Vec::new();
    if let Some((name, link)) = &team.comm {
        out.push(contact(ContactKind::Chat, name, link.as_ref()));
    }
    if let Some((name, link)) = &team.escalate {
        out.push(contact(ContactKind::Pager, name, link.as_ref()));
    }
    if let Some(issue) = &team.issue {
        out.push(contact(
            ContactKind::Issues,
            team.name.as_deref().unwrap_or(key),
            Some(issue),
        ));
    }
    if out.is_empty() {
        out.push(contact(
            ContactKind::Other,
            team.name.as_deref().unwrap_or(key),
            team.link.as_ref(),
        ));
    }
    out
}

/// Returns the contacts for the uses of the team file.
fn of_uses(sections: &[Section], uses: &[TeamUse], teams: &BTreeMap<String, Team>) -> Vec<Placed> {
    let mut out: Vec<Placed> = Vec::new();
    // Bounded, since each use searches the text around it.
    for one in uses.iter().take(500) {
        let at = holder(sections, one.line);
        let sentence = sentences_at(sections.get(at), one.line);
        let team = teams.get(&one.key);
        let about = |name: &str| {
            let lower = sentence
                .iter()
                .find(|sentence| sentence.contains(name))
                .map(|sentence| sentence.to_lowercase());
            lower.unwrap_or_default()
        };
        let pair = |pair: Option<&(String, Option<String>)>| {
            pair.map_or((one.key.clone(), None), |(name, link)| (name.clone(), link.clone()))
        };
        let own = |url: Option<&String>| {
            let name = team
                .and_then(|team| team.name.clone())
                .unwrap_or_else(|| one.key.clone());
            (name, url.cloned())
        };
        let (kind, (name, url)) = match one.field.split('.').next().unwrap_or("") {
            "comm" | "slack" | "channel" => (ContactKind::Chat, pair(team.and_then(|team| team.comm.as_ref()))),
            "escalate" | "pager" | "pagerduty" => {
                (ContactKind::Pager, pair(team.and_then(|team| team.escalate.as_ref())))
            }
            "issue" => (ContactKind::Issues, own(team.and_then(|team| team.issue.as_ref()))),
            "link" if about("issue").contains("issue") => (
                ContactKind::Issues,
                own(team.and_then(|team| team.issue.as_ref().or(team.link.as_ref()))),
            ),
            "link" => (ContactKind::Other, own(team.and_then(|team| team.link.as_ref()))),
            _ => continue,
        };
        let parts: Vec<&str> = sentence.iter().map(String::as_str).collect();
        let when = when_named(&parts, &name);
        let contact = Contact {
            team: Some(one.key.clone()),
            kind,
            name,
            url: url.filter(|url| !url.is_empty()),
            when,
            line: one.line,
        };
        let again = out.iter().any(|(section, other)| {
            *section == at
                && other.kind == kind
                && other.team == contact.team
                && (other.line == contact.line || other.when == contact.when)
        });
        if !again {
            out.push((at, contact));
        }
    }
    out
}

fn holder(sections: &[Section], line: u32) -> usize {
    sections
        .get(1..)
        .unwrap_or_default()
        .partition_point(|section| section.line <= line)
}

/// Returns the sentences of the paragraph or table that holds a line.
fn sentences_at(section: Option<&Section>, line: u32) -> Vec<String> {
    let mut best: Option<(u32, String)> = None;
    if let Some(section) = section {
        super::walk(&section.blocks, &mut |block| {
            if block.line <= line && matches!(block.kind, BlockKind::Paragraph(_) | BlockKind::Table { .. }) {
                best = Some((block.line, plain_block(block)));
            }
        });
    }
    best.map(|(_, text)| sentences::of_text(&text).into_iter().map(str::to_owned).collect())
        .unwrap_or_default()
}

/// Returns the sentence that names somebody if it says when to call. A name that stands alone belongs to the sentence
/// before it: "If the store is down, page its team. [Storage](…)".
fn when_named(parts: &[&str], name: &str) -> Option<String> {
    let at = parts.iter().position(|part| part.contains(name))?;
    let is_alone = |part: &str| part.trim_end_matches('.').len() <= name.len() + 2;
    let before = at.checked_sub(1).and_then(|before| parts.get(before));
    match (parts.get(at), before) {
        (Some(part), Some(before)) if is_alone(part) => when_of(before),
        (Some(part), _) => when_of(part),
        (None, _) => None,
    }
}

/// Returns the sentence if it says when to call.
pub(super) fn when_of(sentence: &str) -> Option<String> {
    let lower = sentence.to_lowercase();
    let conditional = lower.starts_with("if ")
        || lower.contains(" if ")
        || lower.starts_with("when ")
        || lower.contains("unable to")
        || lower.starts_with("for ")
        || labelled(&lower);
    conditional.then(|| sentence.to_owned())
}

/// Returns true for a label that says what somebody is called for: "`updater`: Escalate with …", "Disks: contact …".
fn labelled(lower: &str) -> bool {
    const VERBS: [&str; 8] = [
        "escalate",
        "contact",
        "page ",
        "ask ",
        "call ",
        "notify",
        "engage",
        "reach out",
    ];
    // "Escalation: contact …" names no case.
    let names_case = |label: &str| {
        label.len() <= 80
            && !["escalation", "contact", "note", "important"]
                .iter()
                .any(|word| label.starts_with(word))
    };
    let after = lower
        .split_once(": ")
        .filter(|(label, _)| names_case(label))
        .map(|(_, after)| after);
    after.is_some_and(|after| VERBS.iter().any(|verb| after.starts_with(verb)))
}

/// Most bytes of a paragraph that is searched: a longer one is no prose about people, and the limit bounds the work.
const LONGEST: usize = 6_000;

struct Finder {
    section: usize,
    escalation: bool,
    out: Vec<Placed>,
}

impl Finder {
    fn run(&mut self, inlines: &[Inline], line: u32) {
        let text = plain(inlines);
        if text.len() > LONGEST {
            return;
        }
        let parts = sentences::of_text(&text);
        let mut found: Vec<(ContactKind, String, Option<String>)> = Vec::new();
        super::walk_inlines(inlines, &mut |inline| match inline {
            Inline::Link { target, label } => {
                let label = plain(label);
                let sentence = parts
                    .iter()
                    .find(|part| part.contains(&label))
                    .copied()
                    .unwrap_or(&text);
                if let Some(contact) = self.of_link(target, label, sentence) {
                    found.push(contact);
                }
            }
            Inline::Text(text) | Inline::Code(text) => self.handles(text, &parts, &mut found),
            _ => {}
        });
        for (kind, name, url) in found {
            let when = when_named(&parts, &name);
            if self
                .out
                .iter()
                .any(|(_, other)| other.kind == kind && other.name == name && other.when == when)
            {
                continue;
            }
            self.out.push((
                self.section,
                Contact {
                    team: None,
                    kind,
                    name,
                    url,
                    when,
                    line,
                },
            ));
        }
    }

    fn of_link(&self, target: &Target, label: String, sentence: &str) -> Option<(ContactKind, String, Option<String>)> {
        let calls = self.escalation || speaks_of_help(sentence);
        let url = match target {
            Target::Url(url) => url,
            // A page about whom to call, and not any other document.
            Target::Relative(address) if self.escalation && !address.starts_with('#') && is_about_people(&label) => {
                return Some((ContactKind::Other, label, None));
            }
            _ => return None,
        };
        let lower = url.to_lowercase();
        let kind =
            if lower.contains("slack.com/") || lower.contains("teams.microsoft.com") || lower.contains("chat.google") {
                if !calls {
                    return None;
                }
                ContactKind::Chat
            } else if ["pagerduty", "opsgenie", "victorops", "incident.io"]
                .iter()
                .any(|host| lower.contains(host))
            {
                ContactKind::Pager
            } else if !calls {
                return None;
            } else if lower.contains("/issues") || lower.contains("jira") || lower.contains("servicenow") {
                ContactKind::Issues
            } else if is_handle(&label) {
                ContactKind::Chat
            } else if self.escalation || lower.starts_with("mailto:") {
                ContactKind::Other
            } else {
                return None;
            };
        let name = if is_generic(&label) {
            name_of_address(url)
        } else {
            label
        };
        Some((kind, name, Some(url.clone())))
    }

    /// Finds `#channel`, `@group` and mail addresses in running text.
    fn handles(&self, text: &str, parts: &[&str], found: &mut Vec<(ContactKind, String, Option<String>)>) {
        if !text.contains(['#', '@']) {
            return;
        }
        for word in text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',' | ';' | '"' | '`')) {
            let word = word.trim_end_matches(['.', ':', '!', '?', '\'']);
            let calls = || self.escalation || parts.iter().any(|part| part.contains(word) && speaks_of_help(part));
            if is_handle(word) {
                if calls() {
                    found.push((ContactKind::Chat, word.to_owned(), None));
                }
            } else if let Some((user, host)) = word.split_once('@')
                && !user.is_empty()
                && host.contains('.')
                && !word.contains(['/', '<', '>', '='])
                && calls()
            {
                found.push((ContactKind::Other, word.to_owned(), Some(format!("mailto:{word}"))));
            }
        }
    }
}

/// Returns true for the name of a channel or a group: `#storefront`, `@oncall`.
fn is_handle(word: &str) -> bool {
    let name = word.strip_prefix(['#', '@']).unwrap_or("");
    name.len() >= 3
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'))
}

/// Returns true for the text of a link to a page that says whom to call.
fn is_about_people(label: &str) -> bool {
    const WORDS: [&str; 9] = [
        "escalat", "contact", "call", "team", "support", "squad", "people", "owner", "help",
    ];
    let label = label.to_lowercase();
    WORDS.iter().any(|word| label.contains(word))
}

/// Returns true for the text of a link that names nothing.
fn is_generic(label: &str) -> bool {
    let label = label.trim().trim_matches(['(', ')', '.', ':']).to_lowercase();
    matches!(
        label.as_str(),
        "here" | "this" | "link" | "this link" | "this page" | "page" | "click here" | "there" | "" | "url"
    )
}

/// The part of an address that people know it by: the last of its path, or its host.
fn name_of_address(url: &str) -> String {
    let bare = url.split_once("://").map_or(url, |(_, rest)| rest);
    let bare = bare.split(['?', '#']).next().unwrap_or(bare).trim_end_matches('/');
    let generic = ["issues", "new", "index.html", "issues/new"];
    let parts: Vec<&str> = bare.split('/').collect();
    let named = parts
        .iter()
        .rev()
        .find(|part| !part.is_empty() && !generic.contains(part));
    named.map_or_else(|| url.to_owned(), |name| (*name).to_owned())
}

pub(super) fn speaks_of_help(sentence: &str) -> bool {
    const WORDS: [&str; 12] = [
        "escalat",
        "contact",
        "reach out",
        "notify",
        "on-call",
        "oncall",
        "page ",
        "pager",
        "squad",
        "ask in",
        "ask the",
        "engage",
    ];
    let lower = sentence.to_lowercase();
    WORDS.iter().any(|word| lower.contains(word))
}
