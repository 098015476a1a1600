//! Roles of text, as a heading or a kramdown mark gives them.

use strsim::damerau_levenshtein;

use super::Role;

/// Role of a section by its heading; `Other` when the heading names a problem of its own.
pub(super) fn of_heading(heading: &str) -> Role {
    let text = normalise(heading);
    if text.is_empty() || text.split(' ').count() > 7 {
        return Role::Other;
    }
    EXACT
        .iter()
        .find(|(phrase, _)| *phrase == text)
        .map_or_else(|| by_stem(&text), |(_, role)| *role)
}

const EXACT: [(&str, Role); 77] = [
    ("overview", Role::Overview),
    ("description", Role::Overview),
    ("short description", Role::Overview),
    ("alert description", Role::Overview),
    ("meaning", Role::Overview),
    ("summary", Role::Overview),
    ("introduction", Role::Overview),
    ("background", Role::Overview),
    ("context", Role::Overview),
    ("about", Role::Overview),
    ("about this alert", Role::Overview),
    ("what does this mean", Role::Overview),
    ("what it means", Role::Overview),
    ("what this means", Role::Overview),
    ("purpose", Role::Overview),
    ("check runbook match", Role::Symptoms),
    ("problem", Role::Symptoms),
    ("the problem", Role::Symptoms),
    ("problem description", Role::Symptoms),
    ("issue", Role::Symptoms),
    ("what happened", Role::Symptoms),
    ("log", Role::Symptoms),
    ("logs", Role::Symptoms),
    ("answer", Role::Steps),
    ("what you can do", Role::Steps),
    ("next steps", Role::Steps),
    ("error", Role::Symptoms),
    ("errors", Role::Symptoms),
    ("error message", Role::Symptoms),
    ("error messages", Role::Symptoms),
    ("message", Role::Symptoms),
    ("what you see", Role::Symptoms),
    ("what's happening", Role::Symptoms),
    ("signs", Role::Symptoms),
    ("alert", Role::Alerts),
    ("alerts", Role::Alerts),
    ("example alert", Role::Alerts),
    ("example alerts", Role::Alerts),
    ("sample alert", Role::Alerts),
    ("alert details", Role::Alerts),
    ("trigger", Role::Alerts),
    ("triggers", Role::Alerts),
    ("reason", Role::Causes),
    ("why", Role::Causes),
    ("reasons", Role::Causes),
    ("why it's happening", Role::Causes),
    ("why it happens", Role::Causes),
    ("why this happens", Role::Causes),
    ("severity", Role::Impact),
    ("consequences", Role::Impact),
    ("initial steps overview", Role::Diagnosis),
    ("detailed steps", Role::Diagnosis),
    ("verification", Role::Diagnosis),
    ("default definition", Role::Diagnosis),
    ("actions", Role::Steps),
    ("action", Role::Steps),
    ("actions to take", Role::Steps),
    ("action to take", Role::Steps),
    ("investigation and action", Role::Steps),
    ("what to do", Role::Steps),
    ("how to fix it", Role::Steps),
    ("procedure", Role::Steps),
    ("steps", Role::Steps),
    ("response", Role::Steps),
    ("recommended actions", Role::Steps),
    ("recovery", Role::Steps),
    ("contact", Role::Escalation),
    ("contacts", Role::Escalation),
    ("owner", Role::Escalation),
    ("owners", Role::Escalation),
    ("who to contact", Role::Escalation),
    ("getting help", Role::Escalation),
    ("support", Role::Escalation),
    ("authors", Role::References),
    ("author", Role::References),
    ("links", Role::References),
    ("see also", Role::References),
];

const STEMS: [(&str, Role); 24] = [
    ("escalat", Role::Escalation),
    ("symptom", Role::Symptoms),
    ("cause", Role::Causes),
    ("reason", Role::Causes),
    ("impact", Role::Impact),
    ("diagnos", Role::Diagnosis),
    ("investigat", Role::Diagnosis),
    ("triage", Role::Diagnosis),
    ("debug", Role::Diagnosis),
    ("troubleshoot", Role::Diagnosis),
    ("mitigat", Role::Steps),
    ("resolution", Role::Steps),
    ("resolve", Role::Steps),
    ("resolving", Role::Steps),
    ("remed", Role::Steps),
    ("solution", Role::Steps),
    ("solve", Role::Steps),
    ("workaround", Role::Steps),
    ("fix", Role::Steps),
    ("repair", Role::Steps),
    ("reference", Role::References),
    ("resources", Role::References),
    ("information", Role::References),
    ("reading", Role::References),
];

/// Words that do not change the meaning of the stem next to them.
const GENERIC: [&str; 60] = [
    "a",
    "about",
    "actions",
    "additional",
    "alert",
    "an",
    "analysis",
    "and",
    "b",
    "c",
    "check",
    "common",
    "contacts",
    "d",
    "detail",
    "detailed",
    "details",
    "e",
    "error",
    "further",
    "general",
    "guide",
    "help",
    "how",
    "immediate",
    "initial",
    "instructions",
    "issue",
    "issues",
    "it",
    "known",
    "list",
    "manual",
    "matrix",
    "more",
    "notes",
    "of",
    "on",
    "or",
    "overview",
    "path",
    "permanent",
    "plan",
    "policy",
    "possible",
    "potential",
    "problem",
    "procedure",
    "process",
    "recommended",
    "related",
    "root",
    "service",
    "step",
    "steps",
    "the",
    "this",
    "to",
    "user",
    "your",
];

fn by_stem(text: &str) -> Role {
    let mut found = Role::Other;
    for word in text.split(' ') {
        if let Some((_, role)) = STEMS.iter().find(|(stem, _)| word.starts_with(stem)) {
            if found == Role::Other || found == Role::Diagnosis {
                found = *role;
            }
        } else if !GENERIC.contains(&word) && !word.chars().all(|c| c.is_ascii_digit()) {
            return Role::Other;
        }
    }
    found
}

/// Converts a heading to lower case and removes numbers, marks and emoji around the words.
fn normalise(heading: &str) -> String {
    let lower = heading.to_lowercase().replace("(s)", "").replace('’', "'");
    let words: Vec<&str> = lower
        .split(|c: char| !(c.is_alphanumeric() || c == '\''))
        .filter(|word| !word.is_empty())
        .collect();
    let numbered = words
        .first()
        .is_some_and(|word| word.chars().all(|c| c.is_ascii_digit()) && words.len() > 1);
    words[usize::from(numbered)..].join(" ")
}

/// Returns true when a heading names one error or alert: `E0003`, `R0010, R0030: …`, `KubePodCrashLooping`.
pub(super) fn names_trouble(heading: &str) -> bool {
    let mut words = heading
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ':' | '(' | ')' | '`' | '/' | '|'))
        .filter(|word| !word.is_empty());
    let Some(first) = words.next() else { return false };
    let others = words.count();
    is_code(first) || is_alert(first) && others < 8 || humps(first) == 1 && first.len() >= 8 && others == 0
}

/// Returns true for a heading above a sample of a message or a setting: `Example`, `Sample output`.
pub(super) fn is_example(heading: &str) -> bool {
    let text = normalise(heading);
    let mut words = text.split(' ');
    let first = words.next().unwrap_or_default();
    matches!(first, "example" | "examples" | "sample" | "samples") && words.count() <= 2
}

/// Role by a label in running text: `**Cause:** …`, `Fix: …`. Stricter than for a heading: at most three words.
pub(super) fn of_label(label: &str) -> Role {
    let text = normalise(label);
    let known = text.split(' ').count() <= 3 && !text.is_empty();
    if known { of_heading(&text) } else { Role::Other }
}

/// Returns true for a label that only says what a reply says itself above the text: that causes, or steps, follow.
pub fn is_plain_label(label: &str) -> bool {
    const LABELS: [&str; 22] = [
        "why",
        "cause",
        "causes",
        "possible cause",
        "possible causes",
        "reason",
        "reasons",
        "root cause",
        "what to do",
        "fix",
        "how to fix it",
        "action",
        "actions",
        "steps",
        "procedure",
        "resolution",
        "solution",
        "remedy",
        "remediation",
        "mitigation",
        "recovery",
        "resolve",
    ];
    LABELS.contains(&normalise(label).as_str())
}

/// Returns true for an error code: `E0003`, `ERRSAMO`-like with a number, `CRE-2025-0039`, `NHC006`.
pub(super) fn is_code(word: &str) -> bool {
    let letters = word.bytes().take_while(u8::is_ascii_uppercase).count();
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    (1..=10).contains(&letters)
        && digits >= 2
        && word.len() <= 24
        && word
            .bytes()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'-' || c == b'_')
}

/// Returns true for an alert name, one word in camel case: `KubePodCrashLooping`, `etcdMembersDown`.
pub(super) fn is_alert(word: &str) -> bool {
    let start = usize::from(word.starts_with(|c: char| c.is_ascii_lowercase()));
    humps(word) + start >= 2 && word.len() >= 8 && word.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
}

/// Counts the capitals that follow a small letter.
fn humps(word: &str) -> usize {
    word.as_bytes()
        .windows(2)
        .filter(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
        .count()
}

/// Returns the role of a kramdown mark such as `tsSymptoms`, and whether it is spelt correctly.
pub(super) fn of_mark(word: &str) -> Option<(Role, bool)> {
    const MARKS: [(&str, Role); 8] = [
        ("tssymptoms", Role::Symptoms),
        ("tscauses", Role::Causes),
        ("tsresolve", Role::Steps),
        ("tsremedy", Role::Steps),
        ("tsfixes", Role::Steps),
        ("tsresolution", Role::Steps),
        ("tssteps", Role::Steps),
        ("tsimpact", Role::Impact),
    ];
    let lower = word.to_ascii_lowercase();
    if !lower.starts_with("ts") && !word.starts_with('t')
        || lower.len() < 5
        || lower.len() > 16
        || word.contains(['=', '-', '.', '#'])
    {
        return None;
    }
    let (mark, role, distance) = MARKS
        .iter()
        .map(|(mark, role)| (*mark, *role, damerau_levenshtein(mark, &lower)))
        .min_by_key(|(_, _, distance)| *distance)?;
    let usual = matches!(mark, "tssymptoms" | "tscauses" | "tsresolve");
    (distance <= 2).then_some((role, distance == 0 && usual))
}

/// Returns true when an attribute word looks like a section mark, known or not.
pub(super) fn looks_like_mark(word: &str) -> bool {
    word.strip_prefix("ts")
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
}
