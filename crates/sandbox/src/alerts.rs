//! Alert messages as monitoring posts them into Slack, in the formats of common integrations. Pure: takes an alert and
//! returns the arguments of chat.postMessage.
//!
//! Sources: Alertmanager's `template/default.tmpl` and `notify/slack`, Grafana's `default_template.go`, the Jenkins
//! Slack plugin's `StandardSlackService`. PagerDuty's and Datadog's templates are not public; their formats here follow
//! the examples in their guides. The wording of the alerts themselves is our own.

use serde_json::{Map, Value, json};

/// An alert to post.
#[derive(Debug, Clone)]
pub(crate) struct Alert {
    /// The `alertname`, or the name of the monitor, incident or job.
    pub(crate) name: String,
    /// True when the alert is resolved.
    pub(crate) is_resolved: bool,
    /// Number of alerts in the group.
    pub(crate) count: usize,
    /// Summary for people, one sentence.
    pub(crate) summary: String,
    /// Labels besides the name, in order.
    pub(crate) labels: Map<String, Value>,
    /// Unix time, in seconds.
    pub(crate) at: i64,
}

/// Message formats: the name in requests and the label in a menu.
pub(crate) const SHAPES: [(&str, &str); 5] = [
    ("alertmanager", "Alertmanager"),
    ("grafana", "Grafana"),
    ("pagerduty", "PagerDuty"),
    ("datadog", "Datadog"),
    ("jenkins", "Jenkins"),
];

/// Formats the alert; `None` when the format is not known.
pub(crate) fn message(shape: &str, alert: &Alert) -> Option<Value> {
    Some(match shape {
        "alertmanager" => alertmanager(alert),
        "grafana" => grafana(alert),
        "pagerduty" => pagerduty(alert),
        "datadog" => datadog(alert),
        "jenkins" => jenkins(alert),
        _ => return None,
    })
}

/// Returns the summary and labels of an alert that the sample runbooks cover; a generic summary for any other name.
pub(crate) fn known(name: &str) -> (&'static str, Value) {
    match name {
        "CartographerIAMTokenExchangeErrors" => (
            "Token exchange with IAM fails on prod-fra02-carrier1",
            json!({"carrier_name": "prod-fra02-carrier1", "service": "armada-fluentd", "severity": "warning"}),
        ),
        "SatelliteLinkConnectorDeployCannotgetIAMTokenFromIAMServer" => (
            "The Link connector gets no token and restarts",
            json!({"cluster_id": "c1u2xo5w0m8s4sandbox", "namespace": "satellite-link", "service": "satellite-link", "severity": "critical"}),
        ),
        _ => ("A rule of monitoring is true", json!({"severity": "warning"})),
    }
}

impl Alert {
    fn status(&self) -> String {
        if self.is_resolved {
            "[RESOLVED]".to_owned()
        } else {
            format!("[FIRING:{}]", self.count)
        }
    }

    fn label(&self, key: &str) -> &str {
        self.labels.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns Alertmanager's and Grafana's default title: status, group labels, the other common labels in
    /// parentheses.
    fn title(&self) -> String {
        let rest: Vec<&str> = self.labels.values().filter_map(Value::as_str).collect();
        let rest = if rest.is_empty() {
            String::new()
        } else {
            format!("({})", rest.join(" "))
        };
        format!("{} {} {rest}", self.status(), self.name)
    }

    fn all_labels(&self) -> Vec<(String, String)> {
        let mut pairs = vec![("alertname".to_owned(), self.name.clone())];
        pairs.extend(
            self.labels
                .iter()
                .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())),
        );
        pairs.sort();
        pairs
    }
}

fn alertmanager(alert: &Alert) -> Value {
    let link = "https://alertmanager.example.com/#/alerts?receiver=slack";
    // The text is empty by default; Alertmanager's own example configurations list the alerts in it.
    let one = |number: usize| {
        let mut lines = vec![format!("*Alert:* {} - `{}`", alert.summary, alert.label("severity"))];
        lines.push("*Details:*".to_owned());
        let instance = (alert.count > 1).then(|| ("instance".to_owned(), format!("node-{}:9100", number + 1)));
        for (key, value) in alert.all_labels().into_iter().chain(instance) {
            lines.push(format!("  • *{key}:* `{value}`"));
        }
        lines.join("\n")
    };
    let text: Vec<String> = (0..alert.count.max(1)).map(one).collect();
    json!({
        "username": "Alertmanager",
        "attachments": [{
            "title": alert.title(),
            "title_link": link,
            "text": text.join("\n\n"),
            "fallback": format!("{} | {link}", alert.title()),
            "mrkdwn_in": ["fallback", "pretext", "text"],
            "color": if alert.is_resolved { "good" } else { "danger" },
        }],
    })
}

fn grafana(alert: &Alert) -> Value {
    let head = if alert.is_resolved {
        "**Resolved**"
    } else {
        "**Firing**"
    };
    let one = |_: usize| {
        let labels = alert.all_labels();
        let labels: Vec<String> = labels
            .iter()
            .map(|(key, value)| format!(" - {key} = {value}"))
            .collect();
        let labels = labels.join("\n");
        format!(
            "\nValue: A=12, C=1\nLabels:\n{labels}\nAnnotations:\n - summary = {}\n\
             Source: https://grafana.example.com/alerting/grafana/abc/view\n\
             Silence: https://grafana.example.com/alerting/silence/new\n",
            alert.summary
        )
    };
    let list: String = (0..alert.count.max(1)).map(one).collect();
    json!({
        "username": "Grafana",
        "attachments": [{
            "title": alert.title(),
            "title_link": "https://grafana.example.com/alerting/list",
            "text": format!("{head}\n{list}"),
            "fallback": alert.title(),
            "footer": "Grafana v12.1.0",
            "footer_icon": "https://grafana.com/static/assets/img/fav32.png",
            "color": if alert.is_resolved { "#36a64f" } else { "#D63232" },
            "ts": alert.at,
        }],
    })
}

fn pagerduty(alert: &Alert) -> Value {
    let (word, color) = if alert.is_resolved {
        ("Resolved", "#25c151")
    } else {
        ("Triggered", "#d9412b")
    };
    let title = format!("{}: {}", alert.name, alert.summary);
    let link = format!("<https://example.pagerduty.com/incidents/Q1SANDBOX|#1207 {title}>");
    let field = |name: &str, value: &str| json!({"type": "mrkdwn", "text": format!("*{name}:*\n{value}")});
    let button =
        |text: &str, id: &str| json!({"type": "button", "action_id": id, "text": {"type": "plain_text", "text": text}});
    let mut blocks = vec![
        json!({"type": "section", "text": {"type": "mrkdwn", "text": format!("*{word}* {link}")}}),
        json!({"type": "section", "fields": [
            field("Service", alert.label("service")), field("Urgency", "High"), field("Assigned to", "On call"),
        ]}),
    ];
    if !alert.is_resolved {
        blocks
            .push(json!({"type": "actions", "elements": [button("Acknowledge", "ack"), button("Resolve", "resolve")]}));
    }
    json!({
        "text": format!("{word} #1207: {title}"),
        "attachments": [{"color": color, "blocks": blocks, "fallback": format!("{word} #1207: {title}")}],
    })
}

fn datadog(alert: &Alert) -> Value {
    let word = if alert.is_resolved { "Recovered" } else { "Triggered" };
    let on = alert.labels.iter().next().map_or_else(String::new, |(key, value)| {
        format!(" on {key}:{}", value.as_str().unwrap_or_default())
    });
    let tags: Vec<String> = alert
        .all_labels()
        .iter()
        .map(|(key, value)| format!("{key}:{value}"))
        .collect();
    json!({
        "attachments": [{
            "title": format!("{word}: [P2] {}{on}", alert.name),
            "title_link": "https://app.datadoghq.com/monitors/1207",
            "text": format!("{}\n\n@slack-alerts", alert.summary),
            "fallback": format!("{word}: [P2] {}{on}", alert.name),
            "fields": [
                {"title": "Tags", "value": tags.join(", "), "short": false},
                {"title": "Notified", "value": "@slack-alerts", "short": true},
            ],
            "mrkdwn_in": ["text"],
            "color": if alert.is_resolved { "good" } else { "danger" },
        }],
    })
}

fn jenkins(alert: &Alert) -> Value {
    let outcome = if alert.is_resolved { "Back to normal" } else { "Failure" };
    let more = if alert.is_resolved {
        String::new()
    } else {
        format!("\n{}", alert.summary)
    };
    let text = format!(
        "{} - #1207 {outcome} after 3 min 12 sec (<https://jenkins.example.com/job/{}/1207/|Open>){more}",
        alert.name, alert.name
    );
    json!({
        "attachments": [{
            "fallback": text,
            "color": if alert.is_resolved { "good" } else { "danger" },
            "fields": [{"value": text, "short": false}],
            "mrkdwn_in": ["pretext", "text", "fields"],
        }],
    })
}
