//! Known errors in what a run left behind: in its artifacts, and in the log of a build that did not succeed.

use std::collections::BTreeMap;

use super::step::RunStep;
use crate::bot::Knowledge;
use crate::bot::cases::{TopicRef, rows};
use crate::jenkins::LogPosition;
use crate::jobs::checks::Artifact;
use crate::jobs::masks::Masks;
use crate::jobs::{BuildResult, log};
use crate::respond::FoundError;

/// Known errors that are named.
const FOUND: usize = 3;
/// Characters of an artifact or a log that the matcher is given: its end.
const MATCHED: usize = 40_000;
/// Characters of a line that is quoted.
const QUOTED: usize = 200;

/// The remains of a build.
pub(super) struct Left<'a> {
    pub(super) number: u64,
    pub(super) result: &'a BuildResult,
    pub(super) artifacts: &'a BTreeMap<String, Artifact>,
    /// Taken out of what is searched and quoted.
    pub(super) masks: &'a Masks,
}

impl RunStep<'_> {
    /// The known errors in what a build left behind, except the one that its case is about. None for a build that was
    /// cancelled or left out: what it printed on the way is harmless.
    pub(super) async fn known_errors(&self, known: &Knowledge, left: &Left<'_>) -> Vec<FoundError> {
        let is_success = *left.result == BuildResult::Success;
        if left.result.is_cut_short() || self.run.cancel_sent && !is_success {
            return Vec::new();
        }
        let mut texts: Vec<(String, String)> = Vec::new();
        for (path, artifact) in left.artifacts {
            if let Artifact::Read(bytes) = artifact {
                let text = log::of_console(bytes).unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned());
                texts.push((path.clone(), text));
            }
        }
        let mut whole = LogPosition::default();
        if !is_success && let Ok(log) = self.client.log(&self.job.path, left.number, &mut whole).await {
            texts.push((String::new(), log.text));
        }
        let case = match &self.run.case {
            Some(id) => self
                .runner
                .ctx
                .store
                .case(id)
                .await
                .ok()
                .flatten()
                .as_ref()
                .and_then(rows::read),
            None => None,
        };
        let mut found: Vec<FoundError> = Vec::new();
        for (place, text) in texts {
            let masked = left.masks.mask(log::end(&text, MATCHED));
            let outcome = known
                .index
                .find(&masked)
                .confident(self.runner.ctx.rules.threshold(&self.run.channel));
            for best in &outcome.matches {
                let Some(at) = TopicRef::of(&known.library, best.topic) else {
                    continue;
                };
                let is_known = case
                    .as_ref()
                    .is_some_and(|case| case.found.as_ref() == Some(&at) || case.place.as_ref() == Some(&at));
                if is_known
                    || found
                        .iter()
                        .any(|one| one.runbook == at.runbook && one.section == at.section)
                {
                    continue;
                }
                let title = known.library.runbook(best.topic).map(|runbook| runbook.title.clone());
                let line = best.evidence.first().map(|evidence| left.masks.mask(&evidence.text));
                found.push(FoundError {
                    place: place.clone(),
                    title: at.section.clone().or(title).unwrap_or_default(),
                    runbook: at.runbook,
                    section: at.section,
                    nth: at.nth,
                    line: line.unwrap_or_default().chars().take(QUOTED).collect(),
                });
            }
        }
        found.truncate(FOUND);
        found
    }
}
