//! Whom to call: teams of `_data/teams.yml` and what documents say about channels, pagers and trackers.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Team;
use super::frontmatter::at_path;

/// `_data/teams.yml` by key.
pub(super) fn teams(data: &BTreeMap<String, Value>) -> BTreeMap<String, Team> {
    let Some(Value::Object(map)) = data.get("teams") else {
        return BTreeMap::new();
    };
    map.iter()
        .filter(|(_, value)| value.is_object())
        .map(|(key, value)| {
            let pair = |part: &str| Some((at_path(value, &[part, "name"])?, at_path(value, &[part, "link"])));
            let team = Team {
                key: key.clone(),
                name: at_path(value, &["name"]),
                comm: pair("comm"),
                escalate: pair("escalate"),
                issue: at_path(value, &["issue"]),
                link: at_path(value, &["link"]),
            };
            (key.clone(), team)
        })
        .collect()
}
