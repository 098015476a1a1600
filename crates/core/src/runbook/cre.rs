//! CRE rule files: YAML whose rules detect a problem and describe its remedy.

use serde_json::Value;

use super::frontmatter::{read_yaml, refused};
use super::sections::Problems;
use super::{FrontMatter, Pattern, Role, Rule, Section, markdown};
use crate::expression::{Dot, Expression};

/// Result of reading a YAML file.
#[derive(Debug)]
pub(super) enum CreFile {
    /// Rules: the file's front matter and its sections.
    Rules(Box<(FrontMatter, Vec<Section>)>),
    /// YAML without rules.
    Other,
    /// Invalid YAML: line and message.
    Broken(u32, String),
}

/// Returns true when a YAML text is meant as a rule file, valid or not.
pub fn is_rule_text(text: &str) -> bool {
    let has = |key: &str| {
        text.lines().any(|line| {
            let bare = line.trim_start().trim_start_matches("- ").trim_start();
            bare.strip_prefix(key).is_some_and(|rest| rest.starts_with(':'))
        })
    };
    has("cre") && (has("rule") || has("rules"))
}

/// Reads a rule file.
pub(super) fn read(text: &str, problems: &mut Problems) -> CreFile {
    if !is_rule_text(text) {
        return CreFile::Other;
    }
    let tree = match read_yaml(text) {
        Ok(tree) => tree,
        Err((line, message)) => return CreFile::Broken(line, message),
    };
    let rules: Vec<&Value> = match tree.get("rules") {
        Some(Value::Array(rules)) => rules.iter().filter(|rule| rule.get("cre").is_some()).collect(),
        Some(rule) if rule.get("cre").is_some() => vec![rule],
        _ if tree.get("cre").is_some() => vec![&tree],
        _ => Vec::new(),
    };
    if rules.is_empty() {
        return CreFile::Other;
    }
    let lines: Vec<&str> = text.lines().collect();
    let starts: Vec<usize> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.trim_start().trim_start_matches("- ").trim() == "cre:")
        .map(|(at, _)| at)
        .collect();
    let several = rules.len() > 1;
    let mut front = FrontMatter::default();
    let mut sections = Vec::new();
    if several {
        let title = rules[0]
            .pointer("/cre/title")
            .and_then(Value::as_str)
            .unwrap_or("Rules");
        sections.push(section(title, 0, None, 1, Role::Other));
    }
    for (number, rule) in rules.iter().enumerate() {
        let from = starts.get(number).copied().unwrap_or(0);
        let until = starts.get(number + 1).copied().unwrap_or(lines.len());
        let place = CrePlace {
            lines: &lines,
            from,
            until,
        };
        one(rule, &place, several, &mut front, &mut sections, problems);
    }
    CreFile::Rules(Box::new((front, sections)))
}

struct CrePlace<'a> {
    lines: &'a [&'a str],
    from: usize,
    until: usize,
}

impl CrePlace<'_> {
    /// Source line of a pattern's text; the line of `rule` when the file spells the text differently.
    fn text(&self, text: &str) -> u32 {
        let first = text.lines().next().unwrap_or(text);
        let quoted = first.replace('\\', "\\\\");
        let lines = self.lines.get(self.from..self.until).unwrap_or_default();
        let at = lines
            .iter()
            .position(|line| !first.is_empty() && (line.contains(first) || line.contains(&quoted)));
        at.map_or_else(
            || self.key("rule").0,
            |at| u32::try_from(self.from + at + 1).unwrap_or(u32::MAX),
        )
    }

    /// Source lines of a key and of the text that it holds.
    fn key(&self, key: &str) -> (u32, u32) {
        let found = self
            .lines
            .get(self.from..self.until)
            .unwrap_or_default()
            .iter()
            .position(|line| {
                line.trim_start()
                    .trim_start_matches("- ")
                    .strip_prefix(key)
                    .is_some_and(|rest| rest.starts_with(':'))
            });
        let at = self.from + found.unwrap_or(0);
        let line = u32::try_from(at + 1).unwrap_or(u32::MAX);
        let block = self.lines.get(at).is_some_and(|line| {
            let value = line.split_once(':').map_or("", |(_, value)| value.trim());
            value.starts_with(['|', '>']) || value.is_empty()
        });
        (line, line + u32::from(block))
    }
}

const PARTS: [(&str, &str, Role); 5] = [
    ("description", "Description", Role::Overview),
    ("cause", "Cause", Role::Causes),
    ("impact", "Impact", Role::Impact),
    ("mitigation", "Mitigation", Role::Steps),
    ("references", "References", Role::References),
];

fn one(
    rule: &Value,
    place: &CrePlace<'_>,
    several: bool,
    front: &mut FrontMatter,
    sections: &mut Vec<Section>,
    problems: &mut Problems,
) {
    let cre = rule.get("cre").unwrap_or(&Value::Null);
    let id = cre.get("id").and_then(text_of);
    let title = cre.get("title").and_then(text_of).or_else(|| id.clone());
    let (line, _) = place.key("title");
    let mut whole = section(
        &title.unwrap_or_else(|| "Rule".to_owned()),
        u8::from(several),
        several.then_some(0),
        line,
        Role::Other,
    );
    whole.anchors.extend(id.iter().map(|id| id.to_lowercase()));
    whole.rule = detection(rule.get("rule").unwrap_or(&Value::Null));
    if whole.rule.is_none() {
        problems.push((
            line,
            "rule-empty",
            "the rule has no `set.match` or `sequence.order` to recognise it by".into(),
        ));
    }
    for pattern in whole.rule.iter().flat_map(|rule| rule.all.iter().chain(&rule.none)) {
        if let Pattern::Regex(pattern) = pattern
            && let Err(refusal) = Expression::new(pattern, Dot::All)
        {
            problems.push((place.text(pattern), "rule-regex", refused(pattern, &refusal)));
        }
    }
    let parent = sections.len();
    sections.push(whole);
    for key in ["tags", "category", "applications", "severity", "id", "author"] {
        let Some(value) = cre.get(key) else { continue };
        match (key, value) {
            ("tags", Value::Array(tags)) => front.tags.extend(tags.iter().filter_map(text_of)),
            _ => {
                front.other.entry(key.to_owned()).or_insert_with(|| value.clone());
            }
        }
    }
    for (key, heading, role) in PARTS {
        let Some(value) = cre.get(key) else { continue };
        let text = match value {
            Value::Array(items) => {
                let items: Vec<String> = items.iter().filter_map(text_of).collect();
                format!("- {}", items.join("\n- "))
            }
            other => text_of(other).unwrap_or_default(),
        };
        if text.trim().is_empty() {
            continue;
        }
        let (line, first) = place.key(key);
        let mut part = section(heading, u8::from(several) + 1, Some(parent), line, role);
        part.blocks = markdown::blocks(&text, first, role);
        sections.push(part);
    }
}

fn section(heading: &str, level: u8, parent: Option<usize>, line: u32, role: Role) -> Section {
    Section {
        heading: heading.trim().to_owned(),
        written: None,
        level,
        parent,
        anchors: Vec::new(),
        line,
        role,
        blocks: Vec::new(),
        rule: None,
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn detection(rule: &Value) -> Option<Rule> {
    let (ordered, body) = match (rule.get("sequence"), rule.get("set")) {
        (Some(body), _) => (true, body),
        (None, Some(body)) => (false, body),
        _ => return None,
    };
    let all = ["order", "match"]
        .iter()
        .filter_map(|key| body.get(*key))
        .flat_map(patterns)
        .collect();
    let none = body.get("negate").map(patterns).unwrap_or_default();
    let rule = Rule { ordered, all, none };
    (!rule.all.is_empty()).then_some(rule)
}

fn patterns(value: &Value) -> Vec<Pattern> {
    match value {
        Value::Array(items) => items.iter().filter_map(pattern).collect(),
        other => pattern(other).into_iter().collect(),
    }
}

fn pattern(value: &Value) -> Option<Pattern> {
    match value {
        Value::Object(map) => {
            let find = |keys: &[&str]| keys.iter().find_map(|key| map.get(*key)).and_then(text_of);
            if let Some(regex) = find(&["regex"]) {
                return Some(Pattern::Regex(regex));
            }
            find(&["value", "jq", "text"]).map(Pattern::Text)
        }
        other => text_of(other).map(Pattern::Text),
    }
}
