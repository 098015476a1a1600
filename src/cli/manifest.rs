//! `signpost manifest`

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use url::Url;

/// For Socket Mode. Lines marked with `#http#` belong to the other mode.
const MANIFEST: &str = include_str!("../../deploy/slack-manifest.yaml");
const MARK: &str = "#http# ";

/// Print the manifest for creating the Slack app.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// For slack.mode = "http": the public URL that Slack sends requests to, without /slack/events.
    #[arg(long, value_name = "URL")]
    http: Option<String>,
    /// Print JSON, as Slack's `apps.manifest.*` methods expect it.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let manifest = match &arguments.http {
        Some(url) => over_http(&base(url)?),
        None => MANIFEST.to_owned(),
    };
    let mut out = std::io::stdout();
    if arguments.json {
        let manifest: serde_json::Value =
            serde_saphyr::from_str(&manifest).context("the manifest is not valid YAML")?;
        writeln!(out, "{manifest:#}")?;
    } else {
        out.write_all(manifest.as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The address without what Signpost adds itself.
fn base(text: &str) -> anyhow::Result<String> {
    let Ok(url) = Url::parse(text) else {
        bail!("--http {text} isn't a URL; use for example https://signpost.example.com");
    };
    if url.scheme() != "https" || !url.has_host() {
        bail!("--http {text} isn't an https URL, which Slack requires");
    }
    if url.query().is_some() || url.fragment().is_some() {
        bail!("--http {text} has a query or a fragment; remove it");
    }
    let base = url.as_str().trim_end_matches('/');
    Ok(base.trim_end_matches("/slack/events").to_owned())
}

fn over_http(base: &str) -> String {
    let mut manifest = String::with_capacity(MANIFEST.len() + 256);
    // What stands above is for people who look at both modes.
    for line in MANIFEST.lines().skip_while(|line| line.starts_with('#')) {
        let indent = line.len() - line.trim_start().len();
        match line.trim_start().strip_prefix(MARK) {
            Some(rest) => {
                manifest.extend(std::iter::repeat_n(' ', indent));
                manifest.push_str(&rest.replace("URL", base));
            }
            None => manifest.push_str(&line.replace("socket_mode_enabled: true", "socket_mode_enabled: false")),
        }
        manifest.push('\n');
    }
    manifest
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn yaml(text: &str) -> Value {
        serde_saphyr::from_str(text).unwrap()
    }

    #[test]
    fn socket_mode_needs_no_address() {
        let manifest = yaml(MANIFEST);
        assert_eq!(manifest["settings"]["socket_mode_enabled"], true);
        assert!(!manifest.to_string().contains("url"), "{manifest}");
    }

    #[test]
    fn http_mode_differs_in_its_addresses_alone() {
        let mut http = yaml(&over_http("https://bots.example.com/one"));
        let settings = &mut http["settings"];
        assert_eq!(settings["socket_mode_enabled"].take(), false);
        settings["socket_mode_enabled"] = json!(true);
        for (section, path) in [("event_subscriptions", "events"), ("interactivity", "interactions")] {
            let told = settings[section].as_object_mut().unwrap().shift_remove("request_url");
            assert_eq!(told, Some(json!(format!("https://bots.example.com/one/slack/{path}"))));
        }
        let command = http["features"]["slash_commands"][0].as_object_mut().unwrap();
        let told = command.shift_remove("url");
        assert_eq!(told, Some(json!("https://bots.example.com/one/slack/commands")));
        assert_eq!(http, yaml(MANIFEST));
    }

    #[test]
    fn an_address_that_slack_cannot_post_to_is_refused() {
        for good in [
            "https://a.example.com",
            "https://a.example.com/",
            "https://a.example.com/slack/events",
        ] {
            assert_eq!(base(good).unwrap(), "https://a.example.com");
        }
        for bad in [
            "a.example.com",
            "http://a.example.com",
            "https://",
            "https://a.example.com/?x=1",
            "mailto:a@b",
        ] {
            let told = base(bad).unwrap_err().to_string();
            assert!(told.contains(bad), "{told}");
        }
    }

    #[test]
    fn the_hint_of_the_command_is_made_of_its_catalogue() {
        let hint = &yaml(MANIFEST)["features"]["slash_commands"][0]["usage_hint"];
        assert_eq!(hint, &json!(crate::command::usage_hint()));
    }

    /// Slack's limits for manifests.
    #[test]
    fn names_are_short_enough_for_slack() {
        let manifest = yaml(MANIFEST);
        let length = |value: &Value| value.as_str().unwrap().chars().count();
        assert!(length(&manifest["display_information"]["name"]) <= 35);
        assert!(length(&manifest["display_information"]["description"]) <= 140);
        for shortcut in manifest["features"]["shortcuts"].as_array().unwrap() {
            assert!(length(&shortcut["name"]) <= 24 && length(&shortcut["description"]) <= 150);
        }
    }
}
