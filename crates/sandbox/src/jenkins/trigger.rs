//! `build` and `buildWithParameters`, with every answer that Jenkins has for them.

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use super::faults::Effect;
use super::model::{Given, Job, Parameter, ParameterKind};
use super::pages;
use super::routes::Ask;
use super::show::job_url;
use super::state::State;

/// Answers a trigger of the job of this name, which the user can see.
pub(super) fn trigger(state: &mut State, ask: &Ask, name: &str, fault: Option<&Effect>) -> Response {
    let with_parameters = ask.path.last().is_some_and(|last| last == "buildWithParameters");
    let (Some(job), Some(user)) = (state.jobs.get(name), state.user(&ask.user)) else {
        return pages::not_found();
    };
    if !user.can_build {
        return pages::forbidden(&user.id, "hudson.model.Item.Build");
    }
    if !ask.is_post() {
        return pages::post_only();
    }
    if job.is_disabled {
        return pages::page(StatusCode::CONFLICT, "Conflict", "The job cannot be built.");
    }
    let values = match values(job, ask, with_parameters) {
        Ok(values) => values,
        Err(response) => return *response,
    };
    if job.is_vetoed || fault == Some(&Effect::Veto) {
        // The way back to the job's page: nothing in it tells that there is no build.
        return pages::redirect(StatusCode::FOUND, &job_url(&ask.base, &job.path));
    }
    let delay = ask.get("delay").and_then(parse_delay);
    if fault == Some(&Effect::Merge) {
        state.schedule(name, values.clone(), "ada", Some(Duration::from_secs(30)));
    }
    let (id, is_new) = state.schedule(name, values, &ask.user, delay);
    let location = format!("{}/queue/item/{id}/", ask.base);
    let status = if is_new || !with_parameters {
        StatusCode::CREATED
    } else {
        StatusCode::SEE_OTHER
    };
    pages::redirect(status, &location)
}

/// The values of a build: what was sent, else the defaults. What the job does not know is passed over.
fn values(job: &Job, ask: &Ask, with_parameters: bool) -> Result<Vec<Given>, Box<Response>> {
    let refuse = |sentence: &str| Box::new(pages::page(StatusCode::BAD_REQUEST, "Bad Request", sentence));
    if job.parameters.is_empty() {
        return if with_parameters {
            Err(refuse("This job is not parameterized."))
        } else {
            Ok(Vec::new())
        };
    }
    let sent: Vec<(String, String)> = if with_parameters {
        ask.query.iter().chain(&ask.form).cloned().collect()
    } else {
        let json = ask
            .get("json")
            .ok_or_else(|| refuse("This page expects a form submission"))?;
        let form: Value = serde_json::from_str(json).map_err(|_| refuse("The form cannot be read"))?;
        from_form(&form)
    };
    let value = |parameter: &Parameter| {
        let found = sent.iter().find(|(name, _)| *name == parameter.name);
        let value = match (parameter.kind, found) {
            (ParameterKind::Boolean, Some((_, value))) => matches!(value.as_str(), "true" | "on").to_string(),
            (_, Some((_, value))) => value.clone(),
            (ParameterKind::Choice, None) => parameter.choices.first().cloned().unwrap_or_default(),
            (_, None) => parameter.default.clone().unwrap_or_default(),
        };
        if parameter.kind == ParameterKind::Choice && !parameter.choices.contains(&value) {
            return Err(Box::new(pages::oops()));
        }
        Ok(Given {
            name: parameter.name.clone(),
            kind: parameter.kind,
            value,
        })
    };
    job.parameters.iter().map(value).collect()
}

/// `{"parameter": [{"name", "value"}]}`, or one of them without a list.
fn from_form(form: &Value) -> Vec<(String, String)> {
    let given = &form["parameter"];
    let list = given
        .as_array()
        .map_or_else(|| std::slice::from_ref(given), Vec::as_slice);
    list.iter()
        .filter_map(|one| {
            let value = match &one["value"] {
                Value::String(text) => text.clone(),
                Value::Null => return None,
                other => other.to_string(),
            };
            Some((one["name"].as_str()?.to_owned(), value))
        })
        .collect()
}

/// `5sec`, `1min`, or milliseconds; Jenkins rounds down to seconds.
fn parse_delay(text: &str) -> Option<Duration> {
    let text = text.trim();
    let seconds = |text: &str| text.trim().parse::<u64>().ok();
    let delay = match text.strip_suffix("secs").or_else(|| text.strip_suffix("sec")) {
        Some(number) => seconds(number)?,
        None => match text.strip_suffix("mins").or_else(|| text.strip_suffix("min")) {
            Some(number) => seconds(number)?.saturating_mul(60),
            None => seconds(text)? / 1000,
        },
    };
    Some(Duration::from_secs(delay.min(86_400)))
}
