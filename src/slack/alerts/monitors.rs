//! PagerDuty and Datadog: the link tells which incident or monitor it is.

use std::sync::LazyLock;

use regex::Regex;

use super::part::{AlertFeatures, steady};
use super::{Alert, AlertSource, AlertState, alert};

static INCIDENT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^https://[\w.-]+\.pagerduty\.com/(?:incidents|alerts)/(?P<id>[A-Za-z0-9]+)").ok());
static INCIDENT_STATE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?P<state>triggered|re-?triggered|re-?opened|escalated|reassigned|delegated|unacknowledged|acknowledged|resolved)\b").ok()
});
/// `Incident #123`, `[#123]`, `#123:` before the title.
static INCIDENT_NUMBER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)^\W*(?:incident\s*)?\[?#\d+\]?\s*[:|-]?\s*").ok());

pub(super) fn pagerduty(part: &AlertFeatures) -> Option<Alert> {
    let id = part.link(|link| {
        let found = INCIDENT.as_ref()?.captures(link)?;
        Some(found.name("id")?.as_str().to_owned())
    })?;
    let said = part.heads.iter().find_map(|head| {
        let found = INCIDENT_STATE.as_ref()?.captures(head)?.name("state")?;
        let rest = head.get(found.end()..).unwrap_or_default();
        Some((found.as_str().to_lowercase(), found.start() < 20, rest.to_owned()))
    });
    let state = match said.as_ref().map(|(word, ..)| word.as_str()) {
        Some("resolved") => AlertState::Resolved,
        Some(_) => AlertState::Firing,
        // A link alone is an alert only in PagerDuty's own words.
        None if part.is_by("pagerduty") => AlertState::Unknown,
        None => return None,
    };
    let title = match said {
        Some((_, true, rest)) if !rest.trim().is_empty() => rest,
        _ => part.heads.first().cloned().unwrap_or_default(),
    };
    let title = match INCIDENT_NUMBER.as_ref() {
        Some(number) => number.replace(&title, "").into_owned(),
        None => title,
    };
    let name = title.trim_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '-' | '|' | '(' | ')'));
    let names = Some(name.to_owned())
        .filter(|name| !name.is_empty())
        .into_iter()
        .collect();
    Some(alert(AlertSource::PagerDuty, state, &format!("incident {id}"), names))
}

/// `Triggered: …`, `Re-Triggered on host:a: …`, `[P2] [Recovered on {host:a}] …`.
static MONITOR: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)^\W*(?:\[?P[1-5]\]?\W*)?(?:\[(?P<state>(?:re-?)?triggered|(?:re-?)?warn(?:ed)?|(?:re-?)?no data|recovered)",
        r"(?:\s+on\s+\{(?P<scope>[^}]*)\})?\]\s*",
        r"|(?P<said>(?:re-?)?triggered|(?:re-?)?warn(?:ed)?|(?:re-?)?no data|recovered)(?:\s+on\s+\{?(?P<where>[^}\s]+?)\}?)?:\s)",
        r"(?P<name>.+)$",
    ))
    .ok()
});
static MONITOR_LINK: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^https://[\w.-]*(?:datadoghq|ddog-gov)\.(?:com|eu)/monitors[/#](?P<id>\d+)(?:\?(?P<query>.*))?").ok()
});

pub(super) fn datadog(part: &AlertFeatures) -> Option<Alert> {
    let found = part.heads.iter().find_map(|head| MONITOR.as_ref()?.captures(head))?;
    let of = |name: &str| found.name(name).map(|value| value.as_str());
    let state = match of("state").or_else(|| of("said"))?.to_lowercase().as_str() {
        "recovered" => AlertState::Resolved,
        _ => AlertState::Firing,
    };
    let name = of("name")?.trim();
    let scope = of("scope").or_else(|| of("where")).unwrap_or_default();
    let monitor = part.link(|link| {
        let found = MONITOR_LINK.as_ref()?.captures(link)?;
        let query = found.name("query").map_or("", |query| query.as_str());
        let group = query.split('&').find_map(|pair| pair.strip_prefix("group="));
        Some((
            found.name("id")?.as_str().to_owned(),
            group.unwrap_or_default().to_owned(),
        ))
    });
    let is_datadog = monitor.is_some()
        || part.is_by("datadog")
        || part.link(|link| link.contains(".datadoghq.").then_some(())).is_some();
    let source = if is_datadog {
        AlertSource::Datadog
    } else {
        AlertSource::Other
    };
    // The title may hold values; the monitor's number and group never change.
    let identity = match monitor {
        Some((id, group)) if !group.is_empty() => format!("monitor {id} {group}"),
        Some((id, _)) => format!("monitor {id} {}", steady(scope)),
        None => format!("{} {}", steady(name), steady(scope)),
    };
    Some(alert(source, state, identity.trim(), vec![name.to_owned()]))
}
