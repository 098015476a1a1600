//! The page that shows who was paged, with buttons to take the part of the people who are.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Redirect, Response};
use jiff::SignedDuration;
use serde::Deserialize;

use super::modes::ServiceMode;
use super::{LocalAlert, PEOPLE};
use crate::{Shared, text};

/// A form of the page.
#[derive(Debug, Deserialize)]
pub(super) struct Pressed {
    /// `acknowledge`, `resolve` or `mode`.
    act: String,
    #[serde(default)]
    key: String,
    #[serde(default)]
    by: String,
    #[serde(default)]
    mode: String,
}

/// `POST /oncall`: a button of the page.
pub(super) async fn press(State(shared): State<Arc<Shared>>, Form(pressed): Form<Pressed>) -> Response {
    let now = shared.lock().now();
    match pressed.act.as_str() {
        "acknowledge" => shared.oncall.change(&pressed.key, "acknowledged", &pressed.by, now),
        "resolve" => shared.oncall.change(&pressed.key, "resolved", &pressed.by, now),
        _ => ServiceMode::parse(&pressed.mode).is_some_and(|mode| {
            shared.oncall.lock().mode = mode;
            true
        }),
    };
    Redirect::to("/oncall").into_response()
}

/// `GET /oncall`.
pub(super) async fn show(State(shared): State<Arc<Shared>>) -> Response {
    let now = shared.lock().now();
    let (alerts, mode) = {
        let state = shared.oncall.lock();
        (state.alerts.clone(), state.mode)
    };
    let mut rows = String::new();
    for alert in alerts.iter().rev() {
        let ago = now.duration_since(alert.at).max(SignedDuration::ZERO).as_secs();
        let link = alert.link.as_deref().filter(|link| link.starts_with("http"));
        let link = link.map(|link| format!(" <a href=\"{}\">thread</a>", escaped(link)));
        let by = alert
            .by
            .as_deref()
            .map_or(String::new(), |by| format!(" by {}", escaped(by)));
        let _ = writeln!(
            rows,
            "<tr><td>{ago} s ago</td><td>{}{by}</td><td>{}</td><td>{}{}</td><td>{}</td></tr>",
            escaped(alert.status),
            escaped(&alert.severity),
            escaped(&alert.summary),
            link.unwrap_or_default(),
            buttons(alert),
        );
    }
    let content = if rows.is_empty() {
        "<p>No one has been paged yet.</p>".to_owned()
    } else {
        format!(
            "<table><thead><tr><th>When</th><th>Status</th><th>Severity</th><th>Alert</th><th></th></tr></thead><tbody>{rows}</tbody></table>"
        )
    };
    let modes = ServiceMode::ALL.map(|(one, name)| {
        let pressed = one == mode;
        format!("<button name=\"mode\" value=\"{name}\" aria-pressed=\"{pressed}\">{name}</button> ")
    });
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"2\">\
         <title>Local on-call service</title><link rel=\"stylesheet\" href=\"/page/oncall.css\"></head><body>\
         <h1>Local on-call service</h1><p>Shows who would have been paged. No one is actually paged.</p>{content}\
         <h2>How the service answers</h2><form method=\"post\" action=\"/oncall\">\
         <input type=\"hidden\" name=\"act\" value=\"mode\">{}</form></body></html>",
        modes.concat()
    );
    let policy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(html)).into_response()
}

/// The buttons of an alert that is not over.
fn buttons(alert: &LocalAlert) -> String {
    let key = escaped(&alert.key);
    let form = |act: &str, label: &str, by: &str| {
        format!(
            "<form method=\"post\" action=\"/oncall\"><input type=\"hidden\" name=\"act\" value=\"{act}\">\
             <input type=\"hidden\" name=\"key\" value=\"{key}\"><input type=\"hidden\" name=\"by\" value=\"{by}\">\
             <button>{label} as {by}</button></form>"
        )
    };
    let mut out = String::new();
    for (_, name, _) in PEOPLE {
        if alert.status == "triggered" {
            out.push_str(&form("acknowledge", "Acknowledge", name));
        }
        if alert.status != "resolved" {
            out.push_str(&form("resolve", "Resolve", name));
        }
    }
    out
}

fn escaped(text: &str) -> String {
    text::escape(text).replace('"', "&quot;")
}
