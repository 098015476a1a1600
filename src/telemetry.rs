//! The metrics that `/metrics` serves: every series with its labels, so that each is there with zero from the start.

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// Upper bounds of the buckets of `signpost_answer_seconds`.
const ANSWER_SECONDS: &[f64] = &[
    0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3_600.0,
];

/// A family of series.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// The name.
    pub name: &'static str,
    /// The kind of its values.
    pub kind: FamilyKind,
    /// The sentence that `# HELP` shows.
    pub help: &'static str,
    /// The labels, each with the values that are known beforehand. A family with a label whose values are open, such as
    /// the name of a job, begins without series.
    pub labels: &'static [(&'static str, &'static [&'static str])],
}

/// The kind of a family's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FamilyKind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Observations in buckets.
    Histogram,
}

const fn counter(
    name: &'static str,
    labels: &'static [(&'static str, &'static [&'static str])],
    help: &'static str,
) -> Family {
    Family {
        name,
        kind: FamilyKind::Counter,
        help,
        labels,
    }
}

const fn gauge(name: &'static str, help: &'static str) -> Family {
    Family {
        name,
        kind: FamilyKind::Gauge,
        help,
        labels: &[],
    }
}

const fn gauges(
    name: &'static str,
    labels: &'static [(&'static str, &'static [&'static str])],
    help: &'static str,
) -> Family {
    Family {
        name,
        kind: FamilyKind::Gauge,
        help,
        labels,
    }
}

/// Values that only the settings or the outside world know.
const OPEN: &[&str] = &[];

/// All families, in the order of their names.
pub const FAMILIES: &[Family] = &[
    Family {
        name: "signpost_answer_seconds",
        kind: FamilyKind::Histogram,
        help: "Seconds from when a message was written, by Slack's clock, until its answer was posted.",
        labels: &[],
    },
    counter(
        "signpost_blocks_refused_total",
        &[("kind", &["rich_text", "table", "context", "fields", "expand"])],
        "Kinds of blocks that the workspace refused.",
    ),
    gauge(
        "signpost_clock_skew_seconds",
        "Seconds by which this machine's clock is ahead of Slack's.",
    ),
    counter(
        "signpost_envelopes_total",
        &[("kind", &["events_api", "interactive", "slash_commands"])],
        "Envelopes received from Slack.",
    ),
    counter(
        "signpost_escalations_total",
        &[("team", OPEN)],
        "Escalations to a team, and their further steps.",
    ),
    gauge(
        "signpost_inbox_oldest_seconds",
        "Age of the oldest message waiting to be handled.",
    ),
    gauge(
        "signpost_inbox_set_aside",
        "Messages that were set aside and still have their text.",
    ),
    counter(
        "signpost_inbox_set_aside_total",
        &[("reason", &["crashed", "panicked", "undecoded", "too_old"])],
        "Messages that were set aside or that the bot gave up on.",
    ),
    gauge("signpost_inbox_waiting", "Messages waiting to be handled."),
    counter(
        "signpost_interactions_repeated_total",
        &[],
        "Interactions that Slack delivered again.",
    ),
    counter(
        "signpost_issues_total",
        &[("tracker", OPEN), ("outcome", OPEN)],
        "Attempts to create the issue of a case.",
    ),
    counter(
        "signpost_jenkins_requests_total",
        &[("outcome", &["ok", "failed"])],
        "Requests to Jenkins.",
    ),
    gauge("signpost_leases", "Leases that this replica holds (PostgreSQL only)."),
    counter(
        "signpost_messages_total",
        &[(
            "outcome",
            &["answered", "near", "silent", "shadow", "too_old", "ignored"],
        )],
        "Messages by their outcome. Ignored ones are not stored.",
    ),
    counter(
        "signpost_on_call_lookups_total",
        &[("outcome", &["ok", "failed"])],
        "Look-ups of who is on call.",
    ),
    gauge(
        "signpost_outbox_oldest_seconds",
        "Age of the oldest post waiting to be sent.",
    ),
    gauge("signpost_outbox_waiting", "Posts waiting to be sent."),
    counter(
        "signpost_page_hooks_total",
        &[("status", OPEN)],
        "Requests to PagerDuty's webhook, by HTTP status.",
    ),
    counter(
        "signpost_page_lookups_total",
        &[("pager", OPEN), ("outcome", OPEN)],
        "Look-ups of the state of pages in their service.",
    ),
    counter(
        "signpost_page_reports_total",
        &[("stage", &["acknowledged", "resolved"]), ("way", &["poll", "webhook"])],
        "Pages that were acknowledged or resolved in their service.",
    ),
    counter(
        "signpost_pages_total",
        &[("pager", OPEN), ("action", OPEN), ("outcome", OPEN)],
        "Requests to services that page people.",
    ),
    counter(
        "signpost_panics_total",
        &[("task", OPEN)],
        "Panics that were caught, by task.",
    ),
    counter(
        "signpost_posts_given_up_total",
        &[("code", OPEN)],
        "Posts that the bot gave up on, by Slack's error code.",
    ),
    counter(
        "signpost_posts_total",
        &[
            ("state", &["sent", "pending", "uncertain", "failed", "gone"]),
            ("action", &["post", "update", "delete", "ephemeral", "react", "unreact"]),
        ],
        "Attempts to send, by outcome; pending and uncertain ones are retried.",
    ),
    counter(
        "signpost_push_hooks_total",
        &[("status", &["202", "401", "404", "408", "413", "503"])],
        "Requests to /hooks/git, by response status.",
    ),
    counter(
        "signpost_rate_limited_total",
        &[("method", OPEN)],
        "Calls that Slack refused with 429, by method.",
    ),
    counter(
        "signpost_redactions_total",
        &[("kind", signpost_core::redact::KINDS)],
        "Messages that held a secret, by kind.",
    ),
    counter(
        "signpost_reloads_total",
        &[("outcome", &["done", "failed"])],
        "Reloads of the runbooks.",
    ),
    gauge("signpost_replicas", "Replicas that share the store (PostgreSQL only)."),
    gauge(
        "signpost_runbook_errors",
        "Errors in runbook files: the file is not used, or its previous version is kept.",
    ),
    gauge("signpost_runbooks", "Runbooks loaded."),
    counter(
        "signpost_runs_total",
        &[("job", OPEN), ("end", OPEN)],
        "Runs of jobs that ended.",
    ),
    counter(
        "signpost_shadow_answers_total",
        &[("kind", &["answer", "repeat"])],
        "Answers recorded in shadow mode.",
    ),
    gauge("signpost_slack_connections", "Socket Mode connections that are open."),
    gauge(
        "signpost_slack_connections_configured",
        "Socket Mode connections that should be open.",
    ),
    counter(
        "signpost_slack_connections_evicted_total",
        &[],
        "Connections closed to make room, in HTTP mode.",
    ),
    counter(
        "signpost_slack_errors_total",
        &[(
            "class",
            &[
                "rate_limited",
                "unreachable",
                "uncertain",
                "auth",
                "content",
                "channel",
                "gone",
                "permanent",
            ],
        )],
        "Calls to Slack that failed, by class.",
    ),
    counter(
        "signpost_slack_events_limited_total",
        &[],
        "Times that Slack held back events, in HTTP mode.",
    ),
    gauge(
        "signpost_slack_ghost_connections",
        "Connections with this app token that are not the bot's.",
    ),
    counter(
        "signpost_slack_requests_refused_total",
        &[("reason", &["unsigned", "forged", "stale", "starting"])],
        "Requests refused in HTTP mode.",
    ),
    gauges(
        "signpost_source_changed_timestamp_seconds",
        &[("source", OPEN)],
        "Time of the commit or latest change that is in use from a runbook source.",
    ),
    gauges(
        "signpost_source_documents",
        &[("source", OPEN)],
        "Documents of a runbook source.",
    ),
    gauges(
        "signpost_source_fetched_timestamp_seconds",
        &[("source", OPEN)],
        "Time of the last successful fetch of a runbook source.",
    ),
    counter(
        "signpost_source_fetches_total",
        &[
            ("source", OPEN),
            ("outcome", &["unchanged", "changed", "held", "busy", "failed"]),
        ],
        "Fetches of a runbook source.",
    ),
    gauge(
        "signpost_unanswered_bytes",
        "Bytes of recent messages that are kept in memory in case they are continued.",
    ),
];

/// Installs the recorder of the process, with every series at zero.
///
/// # Errors
///
/// Fails when the process has a recorder already.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full("signpost_answer_seconds".to_owned()), ANSWER_SECONDS)?;
    let handle = builder.install_recorder()?;
    for family in FAMILIES {
        begin(family);
    }
    Ok(handle)
}

/// Describes a family, and begins its series.
fn begin(family: &Family) {
    match family.kind {
        FamilyKind::Counter => metrics::describe_counter!(family.name, family.help),
        FamilyKind::Gauge => metrics::describe_gauge!(family.name, family.help),
        FamilyKind::Histogram => metrics::describe_histogram!(family.name, family.help),
    }
    let mut all: Vec<Vec<(&str, &str)>> = vec![Vec::new()];
    for (label, values) in family.labels {
        let with = |before: &Vec<(&'static str, &'static str)>| {
            let before = before.clone();
            values
                .iter()
                .map(move |value| before.iter().copied().chain([(*label, *value)]).collect())
        };
        all = all.iter().flat_map(with).collect();
    }
    for labels in all {
        match family.kind {
            FamilyKind::Counter => metrics::counter!(family.name, &labels).absolute(0),
            FamilyKind::Gauge => metrics::gauge!(family.name, &labels).set(0.0),
            FamilyKind::Histogram => drop(metrics::histogram!(family.name, &labels)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_in_order_and_each_once() {
        assert!(
            FAMILIES
                .windows(2)
                .all(|two| matches!(two, [one, other] if one.name < other.name))
        );
    }
}
