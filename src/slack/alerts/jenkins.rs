//! Messages about Jenkins builds: those of its Slack plugin have the form `folder » job - #12 Still Failing after 3 min
//! (Open)`; those of pipelines have any text with a link to the build.

use std::sync::LazyLock;

use regex::Regex;

use super::part::{AlertFeatures, steady};
use super::{Alert, AlertSource, AlertState, alert};

/// Matches the address of a build; its path is `/job/folder/job/name/12/`.
static BUILD: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^https?://[^/]+(?:/[^/]+)*?(?P<path>(?:/job/[^/?#]+)+)/\d+(?:[/?#]|$)").ok());
/// Matches the plugin's messages, with the states from its source.
static PLUGIN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^(?P<job>\S.*?) - (?P<build>#\S+) (?P<state>Starting|Started|Back to normal|Still Failing|Success|Failure|Aborted",
        r"|Not built|Unstable|Regression|Unknown)\b",
    ))
    .ok()
});
static FAILED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\b(?:fail(?:ed|ure|ing|s)?|unstable|regression|broken|broke)\b").ok());
static PASSED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:back to normal|success(?:ful|fully)?|succeeded|fixed|stable|passed)\b").ok()
});
static ENDED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\b(?:start(?:ed|ing)|abort(?:ed)?|not built|skipped)\b").ok());

pub(super) fn read(part: &AlertFeatures) -> Option<Alert> {
    let path = part.link(|link| {
        let found = BUILD.as_ref()?.captures(link)?;
        Some(found.name("path")?.as_str().replace("/job/", "/"))
    });
    let by_plugin = part.heads.iter().find_map(|head| PLUGIN.as_ref()?.captures(head));
    let (said, job) = match (&by_plugin, &path) {
        (Some(found), _) => (found.name("state")?.as_str(), found.name("job")?.as_str().to_owned()),
        (None, Some(path)) => (part.heads.first()?.as_str(), path.trim_start_matches('/').to_owned()),
        (None, None) => return None,
    };
    let is = |pattern: &LazyLock<Option<Regex>>| pattern.as_ref().is_some_and(|pattern| pattern.is_match(said));
    // The order matters: "back to normal after 3 failures" is resolved.
    let state = match (is(&PASSED), is(&FAILED)) {
        (true, false) => AlertState::Resolved,
        (true, true) if said.to_lowercase().contains("back to normal") => AlertState::Resolved,
        (_, true) => AlertState::Firing,
        _ if by_plugin.is_some() || is(&ENDED) => AlertState::Unknown,
        // A link to a build in an unrelated message.
        _ => return None,
    };
    let identity = match path {
        Some(path) => path.trim_start_matches('/').to_owned(),
        None => steady(&job),
    };
    Some(alert(AlertSource::Jenkins, state, &identity, vec![job]))
}
