//! Notices to the operators about alerts whose runbook link leads to no document: a page that moved, or a source whose
//! address is not set. The thread hears nothing of it.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use parking_lot::Mutex;
use tracing::info;

use super::context::Context;
use crate::addresses::UnknownLinks;

/// Most notices a day: when pages move, every alert has such a link.
const A_DAY: usize = 5;

/// The links that were told of.
#[derive(Debug, Default)]
pub(super) struct ToldLinks {
    /// The day that the count is for.
    day: Mutex<(String, BTreeSet<u64>)>,
}

impl ToldLinks {
    /// Returns true for a link that is told of now, for the first time on this day.
    fn is_due(&self, day: &str, link: u64) -> bool {
        let mut told = self.day.lock();
        if told.0 != day {
            *told = (day.to_owned(), BTreeSet::new());
        }
        told.1.len() < A_DAY && told.1.insert(link)
    }

    /// Takes back that a link was told of.
    fn forget(&self, link: u64) {
        self.day.lock().1.remove(&link);
    }
}

impl Context {
    /// Tells the operators of runbook links that lead to no document, of each once a week. Without `admin.channel` the log
    /// tells.
    pub(super) async fn tell_unknown_links(&self, channel: &str, links: &UnknownLinks) {
        if links.is_empty() {
            return;
        }
        let now = self.clock.now();
        let (day, week) = (now.strftime("%F").to_string(), now.strftime("%G-%V"));
        for url in links {
            let mut hasher = DefaultHasher::new();
            url.hash(&mut hasher);
            let link = hasher.finish();
            if !self.told_links.is_due(&day, link) {
                continue;
            }
            let shown = crate::redact::redact(url);
            info!(channel, url = %shown, "an alert links to a runbook that is not among the runbooks");
            let named = self.people.channel(channel).await;
            let named = named.unwrap_or_else(|| channel.to_owned());
            let notice = self.responder.admin_unknown_link(&shown, &named);
            if !self
                .tell_admins(&format!("runbook-link:{week}:{link:016x}"), &notice)
                .await
            {
                self.told_links.forget(link);
            }
        }
    }
}
