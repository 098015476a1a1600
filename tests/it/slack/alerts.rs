//! Alert bots: the same group in every repeat, firing told from resolved, and nothing said about ordinary messages.

use serde_json::{Value, json};
use signpost::slack::alerts::{self, Alert, AlertSource, AlertState};

fn of_bot(fields: &Value) -> Option<Alert> {
    let mut message = json!({"type": "message", "bot_id": "B1", "ts": "1.0", "text": ""});
    for (key, value) in fields.as_object().unwrap() {
        message[key] = value.clone();
    }
    alerts::group(&message)
}

fn attached(title: &str, link: &str, text: &str) -> Value {
    json!({"attachments": [{"title": title, "title_link": link, "text": text, "fallback": format!("{title} | {link}")}]})
}

fn shown(alert: Option<Alert>) -> String {
    alert.map_or_else(String::new, |alert| {
        format!("{:?} {:?} {:?}", alert.state, alert.group, alert.names)
    })
}

const AM: &str = "https://am.example/#/alerts?receiver=team";
const GRAFANA: &str = "https://grafana.example/alerting/grafana/f1/view";
const MONITOR: &str = "https://app.datadoghq.eu/monitors/42?event_id=9&link_event_ts=3";
const BUILD: &str = "https://ci.example/job/flux/job/main/12/";

#[test]
fn prometheus_and_grafana_are_grouped_by_what_stays() {
    let low = r#""Alertmanager: fluxlow" ["FluxLow"]"#;
    let cases = [
        (
            attached("[FIRING:1] FluxLow (w-17:9100 node page)", AM, ""),
            format!("Firing {low}"),
        ),
        (
            attached("[FIRING:3] FluxLow (node page)", AM, ""),
            format!("Firing {low}"),
        ),
        (
            attached("[FIRING:1, RESOLVED:2] FluxLow (node page)", AM, ""),
            format!("Firing {low}"),
        ),
        (
            attached("[RESOLVED] FluxLow (w-17:9100 node page)", AM, ""),
            format!("Resolved {low}"),
        ),
        (attached(":fire: *[FIRING:1]* FluxLow", AM, ""), format!("Firing {low}")),
        (json!({"text": "[FIRING:2] FluxLow (page)"}), format!("Firing {low}")),
        (
            attached("[FIRING:1] FluxLow w-17 (node page)", AM, ""),
            r#"Firing "Alertmanager: fluxlow w-17" ["FluxLow"]"#.into(),
        ),
        (
            attached("[FIRING:1]  (FluxLow w-17 page)", AM, ""),
            r#"Firing "Alertmanager: fluxlow w-17 page" ["FluxLow"]"#.into(),
        ),
        (
            attached("prod [FIRING:1] FluxLow", AM, ""),
            r#"Firing "Alertmanager: prod fluxlow" ["prod FluxLow"]"#.into(),
        ),
        (
            attached(
                "[FIRING:1] FluxLow",
                AM,
                "*Alert:* FluxLow\n*Instance:* w-17\n*Value:* 3.5",
            ),
            r#"Firing "Alertmanager: fluxlow w-17" ["FluxLow"]"#.into(),
        ),
        (
            attached("[FIRING:2] FluxLow", AM, "instance: w-17\ninstance: w-18"),
            format!("Firing {low}"),
        ),
        (
            attached("[FIRING:1] Flux below 3.5% since 12:04:11", AM, ""),
            r#"Firing "Alertmanager: flux below since" ["Flux below 3.5% since 12:04:11"]"#.into(),
        ),
        (
            attached(
                "[FIRING:1] Flux low Tanks (page)",
                GRAFANA,
                "**Firing**\n\nValue: A=3\nLabels:\n - alertname = Flux low\n - instance = w-17",
            ),
            r#"Firing "Grafana: flux low tanks" ["Flux low"]"#.into(),
        ),
        (
            attached("[Alerting] Flux low alert", GRAFANA, ""),
            r#"Firing "Grafana: flux low alert" ["Flux low alert"]"#.into(),
        ),
        (
            attached("[OK] Flux low alert", GRAFANA, ""),
            r#"Resolved "Grafana: flux low alert" ["Flux low alert"]"#.into(),
        ),
        (
            attached("Firing: FluxLow", GRAFANA, ""),
            r#"Firing "Grafana: fluxlow" ["FluxLow"]"#.into(),
        ),
        (
            json!({"text": "FIRING: flux is low"}),
            r#"Firing "alert: flux is low" ["flux is low"]"#.into(),
        ),
    ];
    for (fields, expected) in cases {
        assert_eq!(shown(of_bot(&fields)), expected, "{fields}");
    }
}

#[test]
fn an_incident_is_the_same_whatever_happens_to_it() {
    let link = "https://tanks.pagerduty.com/incidents/Q1ABC";
    let block = |text: String| json!({"attachments": [{"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]}]});
    let cases = [
        (
            block(format!("*Triggered* <{link}|#12: Flux is low>")),
            r#"Firing "PagerDuty: incident Q1ABC" ["Flux is low"]"#,
        ),
        (
            block(format!(":ok: *Resolved* <{link}|[#12] Flux is low>")),
            r#"Resolved "PagerDuty: incident Q1ABC" ["Flux is low"]"#,
        ),
        (
            json!({"text": format!("Acknowledged <{link}|Incident #12> (Flux is low)")}),
            r#"Firing "PagerDuty: incident Q1ABC" ["Flux is low"]"#,
        ),
        (
            json!({"username": "PagerDuty", "attachments": [{"title": "#12 Flux is low", "title_link": link}]}),
            r#"Unknown "PagerDuty: incident Q1ABC" ["Flux is low"]"#,
        ),
    ];
    for (fields, expected) in cases {
        assert_eq!(shown(of_bot(&fields)), expected, "{fields}");
    }
}

#[test]
fn a_monitor_is_the_same_in_every_renotification() {
    let firing = r#"Firing "Datadog: monitor 42" ["Flux is low"]"#;
    let grouped = "https://app.datadoghq.com/monitors/42?group=host%3Aw-17&amp;event_id=8";
    let cases = [
        (attached("Triggered: Flux is low", MONITOR, "fill it"), firing),
        (attached("Re-Triggered: Flux is low", MONITOR, "fill it"), firing),
        (attached("Warn: Flux is low", MONITOR, ""), firing),
        (attached("[P2] [No data] Flux is low", MONITOR, ""), firing),
        (
            attached("Recovered: Flux is low", MONITOR, ""),
            r#"Resolved "Datadog: monitor 42" ["Flux is low"]"#,
        ),
        (
            attached("[Triggered on {host:w-17}] Flux is low", MONITOR, ""),
            r#"Firing "Datadog: monitor 42 host:w-17" ["Flux is low"]"#,
        ),
        (
            attached("Triggered: Flux is low", grouped, ""),
            r#"Firing "Datadog: monitor 42 group" ["Flux is low"]"#,
        ),
        (
            json!({"username": "Datadog", "attachments": [{"title": "Triggered on host:w-17: Flux at 3.5%"}]}),
            r#"Firing "Datadog: flux at host:w-17" ["Flux at 3.5%"]"#,
        ),
    ];
    for (fields, expected) in cases {
        let expected = expected.replace("monitor 42 group", "monitor 42 host%3Aw-17");
        assert_eq!(shown(of_bot(&fields)), expected, "{fields}");
    }
}

#[test]
fn a_build_is_known_by_its_job() {
    let plugin = |status: &str| json!({"attachments": [{"text": format!("flux » main - #12 {status} after 3 min 2 sec (<{BUILD}|Open>)")}]});
    let cases = [
        (plugin("Failure"), r#"Firing "Jenkins: flux/main" ["flux » main"]"#),
        (
            plugin("Still Failing"),
            r#"Firing "Jenkins: flux/main" ["flux » main"]"#,
        ),
        (plugin("Unstable"), r#"Firing "Jenkins: flux/main" ["flux » main"]"#),
        (
            plugin("Back to normal"),
            r#"Resolved "Jenkins: flux/main" ["flux » main"]"#,
        ),
        (plugin("Success"), r#"Resolved "Jenkins: flux/main" ["flux » main"]"#),
        (plugin("Aborted"), r#"Unknown "Jenkins: flux/main" ["flux » main"]"#),
        (
            json!({"text": format!("FAILED: Job 'flux [12]' (<{BUILD}>)")}),
            r#"Firing "Jenkins: flux/main" ["flux/main"]"#,
        ),
        (
            json!({"text": format!("SUCCESSFUL: Job 'flux [13]' ({})", "https://ci.example/ci/job/flux/13/)")}),
            r#"Resolved "Jenkins: flux" ["flux"]"#,
        ),
        (
            json!({"text": "flux » main - #12 Failure after 3 min"}),
            r#"Firing "Jenkins: flux » main" ["flux » main"]"#,
        ),
    ];
    for (fields, expected) in cases {
        assert_eq!(shown(of_bot(&fields)), expected, "{fields}");
    }
}

#[test]
fn several_alerts_in_one_message_are_told_together() {
    let both = json!({"attachments": [{"title": "[RESOLVED] FluxLow", "title_link": AM}, {"title": "[FIRING:1] TankHot", "title_link": AM}, {"text": "more"}]});
    let alert = of_bot(&both).unwrap();
    assert_eq!(
        (alert.source, alert.state),
        (AlertSource::Alertmanager, AlertState::Firing)
    );
    assert_eq!(alert.group, "Alertmanager: fluxlow + Alertmanager: tankhot");
    assert_eq!(alert.names, ["FluxLow", "TankHot"]);
}

#[test]
fn ordinary_messages_are_no_alerts() {
    let ordinary = [
        json!({"text": "deployed flux 1.2 to production"}),
        json!({"text": "Resolved: the printer works again"}),
        json!({"text": "[OK] backup done"}),
        json!({"text": format!("the notes of <https://tanks.pagerduty.com/incidents/Q1ABC|yesterday> are written")}),
        json!({"text": format!("look at <{BUILD}|this>")}),
        json!({"attachments": [{"title": "Flux: a history", "title_link": "https://wiki.example/job/"}]}),
        json!({"text": "x".repeat(10_000)}),
        json!({"attachments": 3, "blocks": "no", "text": 4}),
        json!({}),
    ];
    for fields in ordinary {
        assert_eq!(of_bot(&fields), None, "{fields}");
    }
    let by_person = json!({"user": "U1", "text": "[FIRING:1] FluxLow"});
    assert_eq!(
        alerts::group(&by_person),
        None,
        "a person's paste is answered each time"
    );
}
