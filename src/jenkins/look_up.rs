//! Look-up of a trigger whose answer was lost.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{DATE, HeaderMap};
use serde::Deserialize;
use serde_json::Value;

use super::build::{PAGE, PAGES, WireAction, WireBuild};
use super::{Client, Error, tree};
use crate::clock::Clock;
use crate::jobs::{JobPath, links};

/// Tolerance between the clocks: the `Date` header has whole seconds, and both ends of a request read a clock.
const SLACK: SignedDuration = SignedDuration::from_secs(2);

/// A trigger whose answer was lost.
#[derive(Debug, Clone, Copy)]
pub struct Lost<'a> {
    /// Parameters that were sent.
    pub parameters: &'a BTreeMap<String, String>,
    /// Time when it was sent, by our clock.
    pub since: Timestamp,
    /// Name and value of the parameter that identifies the run, when the job has one; a match is conclusive.
    pub run_id: Option<(&'a str, &'a str)>,
}

/// Result of looking up a lost trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The request waits in the queue.
    Waiting {
        /// Number of the queue item.
        queue_id: u64,
        /// True when we started it; false when somebody's identical request was waiting already, with which Jenkins
        /// merged ours.
        ours: bool,
    },
    /// The request became a build.
    Build {
        /// Build number.
        number: u64,
        /// Number of its queue item.
        queue_id: Option<u64>,
    },
    /// Several items or builds match.
    Several,
    /// None matches; a build may still have been started.
    Nothing,
}

#[derive(Deserialize)]
struct Queue {
    #[serde(default)]
    items: Vec<ListedBuild>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListedBuild {
    id: u64,
    #[serde(default)]
    in_queue_since: Option<i64>,
    #[serde(default)]
    task: Option<ListedTask>,
    #[serde(default)]
    actions: Vec<Option<WireAction>>,
}

#[derive(Deserialize)]
struct ListedTask {
    #[serde(default)]
    url: Option<String>,
}

impl Client {
    /// Searches the queue and the newest builds for what a lost trigger may have started: the same parameters, our own
    /// user as cause, and no older than the trigger. Jenkins' clock is compared with ours through its answer.
    ///
    /// # Errors
    ///
    /// Any [`Error`]. The outcome stays unknown then, and nothing must be said of it.
    pub async fn look_up(&self, job: &JobPath, lost: &Lost<'_>, clock: &dyn Clock) -> Result<Found, Error> {
        const ACTIONS: &str = "actions[parameters[name,value],causes[userId]]";
        let url = tree(
            self.at(&["queue", "api", "json"]),
            &format!("items[id,inQueueSince,task[url],{ACTIONS}]"),
        );
        let (queue, _) = self.get_json::<Queue>(&url).await?;
        // The queue first: an item that leaves it in between is among the builds then.
        let fields = format!("number,queueId,timestamp,{ACTIONS}");
        let (mut newest, headers) = self.builds(job, &fields, 0).await?;
        // Jenkins' clock may be off by any amount.
        let ahead = offset(&headers, clock.now()).saturating_sub(SLACK);
        let since = lost.since.saturating_add(ahead).unwrap_or(lost.since);
        // A busy job may have started many builds since.
        let is_since = |build: &WireBuild| build.timestamp.is_some_and(|at| at >= since.as_millisecond());
        let mut pages = 1;
        while newest.len() == pages * PAGE && newest.last().is_some_and(is_since) {
            if pages == PAGES {
                return Ok(Found::Several);
            }
            newest.extend(self.builds(job, &fields, pages).await?.0);
            pages += 1;
        }

        let waiting: Vec<(u64, bool)> = queue
            .items
            .iter()
            .filter(|item| item.is_of(job) && is_same(&item.actions, lost))
            .map(|item| (item.id, self.is_ours(&item.actions, item.in_queue_since, lost, since)))
            .collect();
        // A build may be on two pages when another one begins in between.
        let mut seen = BTreeSet::new();
        newest.retain(|build| seen.insert(build.number));
        let built: Vec<_> = newest
            .iter()
            .filter(|build| is_same(&build.actions, lost) && self.is_ours(&build.actions, build.timestamp, lost, since))
            .collect();
        let ours: Vec<u64> = waiting.iter().filter(|(_, ours)| *ours).map(|(id, _)| *id).collect();
        // The same request may be in both lists.
        let started = built
            .iter()
            .filter(|build| build.queue_id.is_none_or(|id| !ours.contains(&id)));
        Ok(
            match (ours.as_slice(), started.count(), built.as_slice(), waiting.as_slice()) {
                ([], 1, [build], _) | ([_], 0, [build], _) => Found::Build {
                    number: build.number,
                    queue_id: build.queue_id,
                },
                ([queue_id], 0, [], _) => Found::Waiting {
                    queue_id: *queue_id,
                    ours: true,
                },
                ([], 0, [], []) => Found::Nothing,
                ([], 0, [], [(queue_id, false)]) => Found::Waiting {
                    queue_id: *queue_id,
                    ours: false,
                },
                _ => Found::Several,
            },
        )
    }

    fn is_ours(&self, actions: &[Option<WireAction>], at: Option<i64>, lost: &Lost<'_>, since: Timestamp) -> bool {
        if lost.run_id.is_some() {
            return true;
        }
        let mut causes = actions.iter().flatten().flat_map(|action| &action.causes);
        let by_us = causes.any(|cause| {
            let user = cause.user_id.as_deref();
            user.is_some_and(|user| user.eq_ignore_ascii_case(&self.user))
        });
        let at = at.and_then(|at| Timestamp::from_millisecond(at).ok());
        by_us && at.is_some_and(|at| at >= since)
    }
}

impl ListedBuild {
    fn is_of(&self, job: &JobPath) -> bool {
        let url = self.task.as_ref().and_then(|task| task.url.as_deref());
        url.and_then(links::path_of).is_some_and(|path| path == job.segments())
    }
}

/// Returns true when the parameters are those that were sent; others have their defaults.
fn is_same(actions: &[Option<WireAction>], lost: &Lost<'_>) -> bool {
    let has = |name: &str, wanted: &str| {
        let mut parameters = actions.iter().flatten().flat_map(|action| &action.parameters);
        parameters.any(|parameter| {
            parameter.name == name
                && match &parameter.value {
                    Value::String(value) => value == wanted,
                    // Jenkins does not report passwords.
                    Value::Null => true,
                    other => {
                        let told = other.to_string();
                        told == wanted
                    }
                }
        })
    };
    match lost.run_id {
        Some((name, value)) => has(name, value),
        None => lost.parameters.iter().all(|(name, value)| has(name, value)),
    }
}

/// Returns the lead of Jenkins' clock over ours, from the `Date` header; zero without one.
fn offset(headers: &HeaderMap, now: Timestamp) -> SignedDuration {
    let told = headers.get(DATE).and_then(|date| date.to_str().ok());
    let told = told.and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
    told.map_or(SignedDuration::ZERO, |told| told.timestamp().duration_since(now))
}
