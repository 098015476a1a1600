//! Posts during which a delivery panicked: found out about like every post whose end is not known, and given up when it
//! happens again and again.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;
use tracing::error;

use super::outcome;
use crate::slack::web::Error;
use crate::store::{Post, PostOutcome, PostState};

/// Panics after which a post is given up.
const MOST: u32 = 3;

/// Panics by the key of the post.
#[derive(Debug, Default)]
pub(crate) struct Panics {
    seen: Mutex<HashMap<String, u32>>,
}

impl Panics {
    /// Counts a panic in the metrics.
    pub(super) fn count() {
        metrics::counter!("signpost_panics_total", "task" => "delivery").increment(1);
    }

    /// The state of a post after one more panic.
    pub(super) fn outcome(&self, post: &Post, now: Timestamp, lookup_after: Duration) -> PostOutcome {
        Self::count();
        let mut seen = self.seen.lock();
        let panics = seen.get(&post.key).copied().unwrap_or_default() + 1;
        let error = Error::Permanent {
            method: "delivery".to_owned(),
            code: "panicked".to_owned(),
        };
        if panics < MOST {
            seen.insert(post.key.clone(), panics);
            error!(
                key = post.key,
                "a delivery panicked; the post is looked up before it is sent again"
            );
            outcome::later(PostState::Uncertain, outcome::later_at(now, lookup_after), &error)
        } else {
            seen.remove(&post.key);
            error!(
                key = post.key,
                panics, "deliveries of a post panicked repeatedly; giving up on it"
            );
            outcome::later(PostState::Failed, now, &error)
        }
    }
}
