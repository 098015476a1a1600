//! What an operator asks before and after a change: is everything there that the bot needs?

use serde::Serialize;

use super::{knowledge, start};
use crate::runbook::Level;
use crate::settings::Settings;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// Whether the bot can work with it.
    pub ok: bool,
    /// What was found, and what to do about it.
    pub found: String,
}

impl Check {
    fn new(name: &'static str, result: Result<String, String>) -> Check {
        let ok = result.is_ok();
        Check {
            name,
            ok,
            found: result.unwrap_or_else(|problem| problem),
        }
    }
}

/// Looks at the runbooks, the place of the store, the tokens and Slack. Changes nothing and posts nothing.
pub async fn examine(settings: &Settings) -> Vec<Check> {
    let mut checks = vec![
        Check::new("runbooks", runbooks(settings)),
        Check::new("store", store(settings)),
    ];
    let tokens = start::tokens(settings).map_err(|error| error.to_string());
    checks.push(Check::new(
        "tokens",
        tokens
            .as_ref()
            .map(|_| "a bot token and an app-level token".into())
            .map_err(Clone::clone),
    ));
    if let Ok(tokens) = tokens {
        let slack = start::slack(settings, tokens).await;
        let found = slack.map(|slack| {
            format!(
                "Slack knows the bot as {} in workspace {}, and opens connections",
                slack.us.user_id, slack.us.team_id
            )
        });
        checks.push(Check::new("slack", found.map_err(|error| error.to_string())));
    }
    checks
}

fn runbooks(settings: &Settings) -> Result<String, String> {
    let library = knowledge::Study::new(settings)
        .read(None)
        .map_err(|error| error.to_string())?;
    let errors = library
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.level == Level::Error)
        .count();
    let read = format!(
        "{} read, {} files skipped",
        library.runbooks.len(),
        library.skipped.len()
    );
    match (library.runbooks.len(), errors) {
        (0, _) => Err("there is no runbook in the folder: set runbooks.dir to the one that holds them".into()),
        (_, 0) => Ok(read),
        _ => Err(format!("{read}, {errors} with errors: `signpost lint` names them")),
    }
}

fn store(settings: &Settings) -> Result<String, String> {
    let path = &settings.store.path;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder {
        Some(folder) if !folder.is_dir() => Err(format!(
            "the folder {} of store.path is not there: create it",
            folder.display()
        )),
        _ if path.is_file() => Ok(format!("{} is there", path.display())),
        _ => Ok(format!("{} will be made", path.display())),
    }
}
