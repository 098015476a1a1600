//! Messages of Alertmanager and Grafana, and of products with similar templates.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::part::{AlertFeatures, steady};
use super::{Alert, AlertSource, AlertState, alert};

/// Matches `[FIRING:2]`, `[RESOLVED]`, `[FIRING:1, RESOLVED:2]`, possibly after a few words; and `Firing: …`.
static HEAD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^(?:(?P<before>.{0,60}?)\[\s*(?P<state>(?i:firing|resolved))(?:\s*:\s*\d+)?(?:\s*[,|]\s*(?i:firing|resolved)\s*:\s*\d+)?\s*\]",
        r"|\W*(?P<said>(?i:firing|resolved))\s*(?::\s*\d+\s*)?[:|-])\s*(?P<rest>.*)$",
    ))
    .ok()
});
/// Matches Grafana's headlines before version 8, which its legacy alerting still uses.
static LEGACY: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^\W*\[(?P<state>(?i:alerting|ok|no data|pending|unknown))\]\s*(?P<rest>.*)$").ok());
/// Matches the line of the text that names the alert. `INSTANCE` below matches its subject.
static ALERT_NAME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?im)^\W*alert(?:\s?name)?\s*[=:]\s*(?P<value>\S.*?)\s*$").ok());
static INSTANCE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?im)(?:^|\W)(?:instance|pod|host|node)\s*[=:]\s*(?P<value>[^\s,;]+)").ok());

pub(super) fn read(part: &AlertFeatures) -> Option<Alert> {
    let is_grafana = part.is_by("grafana") || part.link(|link| link.contains("/alerting/").then_some(())).is_some();
    let is_alertmanager = part.is_by("alertmanager")
        || part.is_by("prometheus")
        || part.link(|link| link.contains("/#/alerts").then_some(())).is_some();
    part.heads.iter().find_map(|head| {
        let (state, counted, rest) =
            modern(head, is_grafana || is_alertmanager).or_else(|| legacy(head).filter(|_| is_grafana))?;
        let source = match (is_grafana, is_alertmanager || counted) {
            (true, _) => AlertSource::Grafana,
            (_, true) => AlertSource::Alertmanager,
            _ => AlertSource::Other,
        };
        let (identity, names) = identity(&rest, &part.body)?;
        Some(alert(source, state, &identity, names))
    })
}

fn modern(head: &str, is_known: bool) -> Option<(AlertState, bool, String)> {
    let found = HEAD.as_ref()?.captures(head)?;
    // Tickets are "resolved", too.
    let said = |word: &str| is_known || word.chars().all(char::is_uppercase);
    let word = found
        .name("state")
        .or_else(|| found.name("said").filter(|word| said(word.as_str())))?
        .as_str();
    let before = found.name("before").map_or("", |before| before.as_str().trim());
    let rest = found.name("rest").map_or("", |rest| rest.as_str());
    let state = if word.eq_ignore_ascii_case("firing") {
        AlertState::Firing
    } else {
        AlertState::Resolved
    };
    // Only the default template, in capitals, counts.
    let counted = head.contains("[FIRING:") || head.contains("[RESOLVED]");
    Some((state, counted, format!("{before} {rest}").trim().to_owned()))
}

fn legacy(head: &str) -> Option<(AlertState, bool, String)> {
    let found = LEGACY.as_ref()?.captures(head)?;
    let state = match found.name("state")?.as_str().to_lowercase().as_str() {
        "ok" => AlertState::Resolved,
        "alerting" | "no data" => AlertState::Firing,
        _ => AlertState::Unknown,
    };
    Some((state, false, found.name("rest")?.as_str().to_owned()))
}

/// Returns the identity of the group, common to all its messages, and the names of its alerts. Alertmanager's fallback
/// text ends in its address.
fn identity(rest: &str, body: &str) -> Option<(String, Vec<String>)> {
    let rest = rest.split(" | http").next().unwrap_or(rest).trim();
    let (outside, common) = match rest.split_once('(') {
        // The common labels change with every alert that joins, so they count only when there is nothing else.
        Some((outside, common)) if rest.ends_with(')') => (outside.trim(), Some(common.trim_end_matches(')'))),
        _ => (rest, None),
    };
    let named = if outside.is_empty() {
        common.unwrap_or_default()
    } else {
        outside
    };
    let mut names = values(ALERT_NAME.as_ref(), body);
    if names.is_empty() {
        names.extend(alert_name(named));
    }
    let mut identity = steady(named);
    if identity.is_empty() {
        identity = steady(&names.iter().cloned().collect::<Vec<_>>().join(" "));
    }
    let instances = values(INSTANCE.as_ref(), body);
    if let (None, 1, Some(instance)) = (common, instances.len(), instances.first())
        && !identity.contains(&instance.to_lowercase())
    {
        identity = format!("{identity} {}", steady(instance));
    }
    let identity = identity.trim().to_owned();
    (!identity.is_empty()).then(|| (identity, names.into_iter().collect()))
}

/// Returns a name in one word (`KubePodCrashLooping`) if the group begins with one, else the whole text.
fn alert_name(named: &str) -> Option<String> {
    let first = named.split_whitespace().next()?;
    let capitals = first.chars().filter(char::is_ascii_uppercase).count();
    let is_name =
        capitals >= 2 && first.chars().all(|c| c.is_alphanumeric() || c == '_') && first != first.to_uppercase();
    Some(if is_name { first } else { named }.to_owned())
}

fn values(pattern: Option<&Regex>, body: &str) -> BTreeSet<String> {
    pattern
        .into_iter()
        .flat_map(|pattern| pattern.captures_iter(body))
        .filter_map(|found| found.name("value"))
        .map(|value| value.as_str().trim_matches(['"', '\'']).to_owned())
        .collect()
}
