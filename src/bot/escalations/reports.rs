//! Reports of a service about an alert: acknowledged, resolved. Each is saved once, however often and late it comes.

use serde_json::json;
use tracing::info;

use super::worker::{EscalationWorker, TRIES};
use crate::bot::cases::{Actor, Case, CaseEscalation};
use crate::oncall::{AlertStage, PagedAlert};
use crate::redact::redact;
use crate::store::{self, Changes};

/// Most characters of a name that a service reports.
const NAME: usize = 80;

/// A report about an alert.
#[derive(Debug, Clone, Copy)]
pub(super) struct AlertReport<'a> {
    /// Id of the case.
    pub(super) case: &'a str,
    /// Key of the alert.
    pub(super) key: &'a str,
    /// Pagers that may have opened it.
    pub(super) pagers: &'a [String],
    /// The state.
    pub(super) state: &'a PagedAlert,
    /// The way it came, for metrics: `poll` or `webhook`.
    pub(super) way: &'static str,
}

impl AlertReport<'_> {
    fn is_about(&self, escalation: &CaseEscalation) -> bool {
        let page = escalation.page.as_ref();
        page.is_some_and(|page| page.dedup_key == self.key && self.pagers.contains(&page.pager))
    }
}

impl EscalationWorker {
    /// Saves a report, with what people see of it. A report about a case that is over, and one that says nothing new,
    /// change nothing.
    pub(super) async fn learn(&self, report: AlertReport<'_>) -> Result<(), store::Error> {
        if report.state.stage == AlertStage::Open {
            return Ok(());
        }
        for _ in 0..TRIES {
            let Some((row, mut case)) = self.read(report.case).await? else {
                return Ok(());
            };
            if case.status.is_over() {
                return Ok(());
            }
            let Some(done) = self.changes_of(&mut case, row.version, report) else {
                return Ok(());
            };
            let mut done = done;
            // The card and the messages show both changes at once.
            done.posts.clear();
            let all: Vec<CaseEscalation> = case.escalations.clone();
            let first = all.iter().find(|one| report.is_about(one)).map(|one| one.first.clone());
            for escalation in all.iter().filter(|one| Some(&one.first) == first.as_ref()) {
                let message = self.ctx.team_message_update(&case, escalation, row.version);
                done.posts.extend(message);
            }
            self.show_card(&row, &case, &mut done);
            if self.commit(&done).await? {
                let stage = report.state.stage.as_str();
                info!(
                    case = report.case,
                    stage,
                    way = report.way,
                    "a service reported on a page"
                );
                metrics::counter!("signpost_page_reports_total", "stage" => stage, "way" => report.way).increment(1);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Applies a report to a case. `None` when it says nothing new.
    fn changes_of(&self, case: &mut Case, version: i64, report: AlertReport<'_>) -> Option<Changes> {
        let escalation = case.escalations.iter().find(|one| report.is_about(one))?;
        let (id, first, team) = (escalation.id.clone(), escalation.first.clone(), escalation.team.clone());
        let page = escalation.page.as_ref()?;
        let service = self.ctx.on_call.service_name(&page.pager);
        let is_resolved = page.resolved.is_some();
        let mark = self.actor_of(report.state);
        let acknowledged = if case.is_acknowledged(&first) {
            None
        } else {
            self.ctx.acknowledge(case, (&id, service), &mark, version)
        };
        if report.state.stage != AlertStage::Resolved || is_resolved {
            return acknowledged;
        }
        let escalation = case.escalations.iter_mut().find(|one| report.is_about(one))?;
        let page = escalation.page.as_mut()?;
        page.resolved = Some(mark.clone());
        service.clone_into(&mut page.service);
        let mut done = acknowledged.unwrap_or_default();
        let detail = [("service", json!(service))];
        done.audit.push(
            self.ctx
                .escalation_entry("page-resolved", case, &team, Some(&mark), &detail),
        );
        Some(done)
    }

    /// The person whom a service names, without an id: names of services are not those of Slack.
    fn actor_of(&self, state: &PagedAlert) -> Actor {
        let now = self.ctx.clock.now();
        let name = state.by.as_deref().unwrap_or_default();
        let name: String = redact(name).split_whitespace().collect::<Vec<_>>().join(" ");
        Actor {
            by: String::new(),
            name: name.chars().take(NAME).collect(),
            at: state.at.unwrap_or(now).min(now),
        }
    }
}
