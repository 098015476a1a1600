//! Kinds of blocks that the workspace refuses, remembered for a day: Slack gives new kinds to one workspace after the
//! other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::blocks::{EXPAND, kind_of};

/// Time after which a kind is tried again.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(24);
/// Kinds that every workspace takes: they are never at fault.
const PLAIN: [&str; 4] = ["header", "section", "actions", "divider"];

/// The refused kinds, each with the time at which it is tried again.
#[derive(Debug, Default)]
pub(super) struct RefusedKinds(Mutex<BTreeMap<String, Instant>>);

impl RefusedKinds {
    /// Returns the kinds that are refused now.
    pub(super) fn kinds(&self, now: Instant) -> BTreeSet<String> {
        let mut refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        refused.retain(|_, until| *until > now);
        refused.keys().cloned().collect()
    }

    /// Remembers the kinds that Slack named; when none of them can be at fault, all that the message holds.
    pub(super) fn learn<'b>(&self, named: impl Iterator<Item = &'b str>, blocks: &'b [Value], now: Instant) {
        let is_new = |kind: &&str| !PLAIN.contains(kind);
        let mut at_fault: BTreeSet<&str> = named.filter(is_new).collect();
        if at_fault.is_empty() {
            at_fault.extend(blocks.iter().map(kind_of).filter(is_new));
            at_fault.insert(EXPAND);
        }
        let mut refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for kind in at_fault {
            tracing::warn!(
                slack.block = kind,
                "the workspace refuses a kind of block; sending mrkdwn instead"
            );
            metrics::counter!("signpost_blocks_refused_total", "kind" => kind.to_owned()).increment(1);
            refused.insert(kind.to_owned(), now + FORGOTTEN_AFTER);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refused_kind_is_tried_again_the_next_day() {
        let refused = RefusedKinds::default();
        let hours = |count| Duration::from_hours(count);
        let begin = Instant::now();
        let blocks = [
            json!({"type": "section"}),
            json!({"type": "table"}),
            json!({"type": "rich_text"}),
        ];
        refused.learn(["table"].into_iter(), &blocks, begin);
        assert_eq!(refused.kinds(begin), BTreeSet::from(["table".to_owned()]));
        refused.learn(["section"].into_iter(), &blocks, begin + hours(23));
        let all = ["expand", "rich_text", "table"].map(str::to_owned);
        assert_eq!(refused.kinds(begin + hours(23)), BTreeSet::from(all));
        assert_eq!(refused.kinds(begin + hours(48)), BTreeSet::new());
    }
}
