//! People on call: asked of the team's source, kept for a while, and shown with the time of the answer when a source
//! fails. Cards show what is known already, so that no source can hold up a message.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt as _};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};
use url::Url;

use super::context::Context;
use super::last_success::Dependency;
use crate::net::Net;
use crate::oncall::{
    AlertLookup, Calendar, CalendarPlace, GoAlertAlerts, GoAlertCalendar, GoAlertPager, GrafanaPager, GrafanaSchedules,
    JsmSchedules, OpsgeniePager, OpsgenieSchedules, Pager, PagerDutyPager, PagerDutySchedules, ScheduleSource,
    ServiceEndpoint,
};
use crate::respond::{OnCallLine, moment_as};
use crate::runbook::{OnCallSource, Team};
use crate::schedule::{self, OnCall, OnCallPerson, Shift};
use crate::settings::Settings;
use crate::settings::oncall::{OncallEntry, OncallKind};

/// Time after which a source is asked anew.
const AGE: SignedDuration = SignedDuration::from_secs(60);
/// Time after which an answer is too old to be shown when its source fails.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);
/// Time limit of a request to a service.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);
/// Interval of the look-ups that keep the answers fresh.
const REFRESH: Duration = Duration::from_secs(55);
/// Look-ups at the same time.
const AT_ONCE: usize = 4;
/// Most members of a user group that are shown.
const MEMBERS: usize = 10;

/// The sources of who is on call, the pagers, and the latest answers.
#[derive(Debug)]
pub(super) struct OnCallDirectory {
    sources: HashMap<String, Arc<dyn ScheduleSource>>,
    pagers: HashMap<String, Arc<dyn Pager>>,
    /// The services that tell what became of pages, by pager.
    alerts: HashMap<String, Arc<dyn AlertLookup>>,
    /// The names of the pagers' services, by pager.
    names: HashMap<String, &'static str>,
    /// The latest answers, by team.
    known: Mutex<HashMap<String, KnownOnCall>>,
    /// Held while a team's source is asked, by team: those who ask meanwhile share the answer.
    asking: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// The latest answer of a team's source.
#[derive(Debug, Clone)]
struct KnownOnCall {
    source: OnCallSource,
    answer: Option<(OnCall, Timestamp)>,
    asked_at: Timestamp,
    fault: Option<String>,
}

impl OnCallDirectory {
    pub(super) fn new(settings: &Settings) -> Self {
        let http = Net::new(&settings.net.ca_files, TIMEOUT).and_then(|net| net.client());
        let http = http
            .inspect_err(|cause| error!(%cause, "the on-call services cannot be set up"))
            .ok();
        let services = settings.oncall.services.iter().cloned();
        let pagers = settings.oncall.pagers.iter().cloned();
        let made = |entry: OncallEntry| Some((entry.id.clone(), source(http.as_ref()?, entry)?));
        let pages = |entry: OncallEntry| Some((entry.id.clone(), pager(http.as_ref()?, entry)?));
        let names = settings.oncall.pagers.iter();
        let names = names
            .map(|entry| (entry.id.clone(), service_name(entry.kind)))
            .collect();
        let tells = |entry: &OncallEntry| {
            let service = settings
                .oncall
                .services
                .iter()
                .find(|one| entry.service.as_ref() == Some(&one.id));
            // Opsgenie's integrations may look up their own alerts; GoAlert has a key of its own for that.
            let has_own = entry.kind == OncallKind::Opsgenie || entry.lookup_token.is_some();
            let own = has_own.then_some(entry);
            Some((entry.id.clone(), alerts(http.as_ref()?, service.or(own)?.clone())?))
        };
        let told = settings.oncall.pagers.iter().filter_map(tells).collect();
        Self {
            sources: services.filter_map(made).collect(),
            pagers: pagers.filter_map(pages).collect(),
            alerts: told,
            names,
            known: Mutex::default(),
            asking: Mutex::default(),
        }
    }

    pub(super) fn source(&self, id: &str) -> Option<&Arc<dyn ScheduleSource>> {
        self.sources.get(id)
    }

    pub(super) fn pager(&self, id: &str) -> Option<&Arc<dyn Pager>> {
        self.pagers.get(id)
    }

    /// The service that tells what became of a pager's pages; `None` for a pager without one.
    pub(super) fn alerts(&self, pager: &str) -> Option<&Arc<dyn AlertLookup>> {
        self.alerts.get(pager)
    }

    /// Name of a pager's service, for people.
    pub(super) fn service_name(&self, pager: &str) -> &'static str {
        self.names.get(pager).copied().unwrap_or("the service")
    }

    /// The people on call as far as they are known without asking; `None` for a team without a source.
    pub(super) fn known(&self, team: &Team, now: Timestamp) -> Option<TeamOnCall> {
        let source = team.routing.on_call.as_ref()?;
        let mut found = TeamOnCall {
            name: team.shown().to_owned(),
            link: team.routing.schedule_link.clone(),
            zone: TimeZone::UTC,
            on_call: None,
            as_of: None,
            fault: None,
        };
        if let OnCallSource::Rotation(rotation) = source {
            found.zone = rotation.zone.clone();
            found.on_call = Some(rotation.on_call(now));
            return Some(found);
        }
        if let Some(hours) = &team.routing.hours {
            found.zone = hours.zone.clone();
        }
        let known = self.known.lock();
        let known = known.get(&team.key).filter(|known| known.source == *source)?;
        found.fault.clone_from(&known.fault);
        if let Some((answer, at)) = &known.answer
            && now.duration_since(*at) < LONGEST
        {
            // Shifts that have ended since are not shown.
            let lasts = |shift: &&Shift| shift.until.is_none_or(|until| now < until);
            let mut answer = answer.clone();
            let before = answer.now.len();
            answer.now = answer.now.iter().filter(lasts).cloned().collect();
            if before == 0 || !answer.now.is_empty() {
                found.as_of = known.fault.is_some().then_some(*at);
                found.on_call = Some(answer);
            }
        }
        Some(found)
    }

    async fn turn_to_ask(&self, team: &Team) -> tokio::sync::OwnedMutexGuard<()> {
        let turn = Arc::clone(self.asking.lock().entry(team.key.clone()).or_default());
        turn.lock_owned().await
    }

    fn is_fresh(&self, team: &Team, source: &OnCallSource, now: Timestamp) -> bool {
        let known = self.known.lock();
        let known = known.get(&team.key).filter(|known| known.source == *source);
        known.is_some_and(|known| now.duration_since(known.asked_at).abs() < AGE)
    }

    fn learn(&self, team: &Team, source: &OnCallSource, answer: Result<OnCall, String>, now: Timestamp) {
        let mut all = self.known.lock();
        let known = all.entry(team.key.clone()).or_insert_with(|| KnownOnCall {
            source: source.clone(),
            answer: None,
            asked_at: now,
            fault: None,
        });
        if known.source != *source {
            known.answer = None;
            known.source = source.clone();
        }
        known.asked_at = now;
        match answer {
            Ok(answer) => {
                known.answer = Some((answer, now));
                known.fault = None;
            }
            Err(fault) => known.fault = Some(fault),
        }
    }
}

/// The people on call for a team.
#[derive(Debug, Clone)]
pub(super) struct TeamOnCall {
    name: String,
    link: Option<String>,
    zone: TimeZone,
    /// `None` when it is not known.
    on_call: Option<OnCall>,
    as_of: Option<Timestamp>,
    fault: Option<String>,
}

impl TeamOnCall {
    /// The line that shows them; `None` when nothing was learnt yet.
    pub(super) fn line(&self, now: Timestamp) -> Option<OnCallLine> {
        if self.on_call.is_none() && self.fault.is_none() {
            return None;
        }
        let on_call = self.on_call.clone().unwrap_or_default();
        let until = on_call.now.iter().filter_map(|shift| shift.until).min();
        Some(OnCallLine {
            team: self.name.clone(),
            now: on_call.now.iter().map(|shift| shift.person.name.clone()).collect(),
            until: until.map(|until| self.moment(until, now)),
            next: on_call.next.into_iter().map(|person| person.name).collect(),
            as_of: self.as_of.map(|at| self.moment(at, now)),
            fault: self.fault.clone(),
            link: self.link.clone(),
        })
    }

    /// A time for a template: in the reader's own zone, and in the team's where that is not possible.
    fn moment(&self, at: Timestamp, now: Timestamp) -> String {
        moment_as(at, &schedule::spoken(at, now, &self.zone))
    }

    /// The people on call now.
    pub(super) fn people(&self) -> Vec<OnCallPerson> {
        let on_call = self.on_call.iter().flat_map(|on_call| &on_call.now);
        on_call.map(|shift| shift.person.clone()).collect()
    }
}

impl Context {
    /// The lines for teams, by key, as far as the people are known without asking.
    pub(super) fn on_call_lines<'k>(&self, keys: impl IntoIterator<Item = &'k str>) -> Vec<OnCallLine> {
        let (known, now) = (self.knowledge.get(), self.clock.now());
        let teams = keys.into_iter().filter_map(|key| known.library.teams.get(key));
        let lines = teams.filter_map(|team| self.on_call.known(team, now)?.line(now));
        lines.collect()
    }

    /// Asks the sources of teams, by key, as far as they answer within `patience`.
    pub(super) async fn ask_on_call(&self, keys: &[String], patience: Duration) {
        let known = self.knowledge.get();
        let teams = keys.iter().filter_map(|key| known.library.teams.get(key));
        let asked = teams.map(|team| async move {
            let _ = tokio::time::timeout(patience, self.look_up_on_call(team)).await;
        });
        join_all(asked).await;
    }

    /// Asks a team's source, unless its answer is fresh.
    async fn look_up_on_call(&self, team: &Team) {
        let Some(source) = &team.routing.on_call else { return };
        let _turn = self.on_call.turn_to_ask(team).await;
        let now = self.clock.now();
        if self.on_call.is_fresh(team, source, now) {
            return;
        }
        let answer = match source {
            OnCallSource::Rotation(_) => return,
            OnCallSource::Group(group) => self.members_on_call(group).await,
            OnCallSource::Service(of) => match self.on_call.sources.get(&of.service) {
                Some(service) => service.on_call(of, now).await.map_err(|cause| {
                    warn!(%cause, team = team.key, "cannot determine who is on call");
                    cause.to_string()
                }),
                None => Err(format!("oncall.toml has no service \"{}\"", of.service)),
            },
        };
        let outcome = if answer.is_ok() { "ok" } else { "failed" };
        metrics::counter!("signpost_on_call_lookups_total", "outcome" => outcome).increment(1);
        if answer.is_ok() {
            self.status.succeeded(Dependency::OnCall);
        }
        self.on_call.learn(team, source, answer, now);
    }

    /// The members of a Slack user group.
    async fn members_on_call(&self, group: &str) -> Result<OnCall, String> {
        let members = self.web.usergroup_users(group).await.map_err(|cause| {
            warn!(%cause, group, "cannot look up the members of a user group");
            "Slack didn't return the members of the user group".to_owned()
        })?;
        let people = members.iter().take(MEMBERS).map(|user| async move {
            let person = OnCallPerson {
                name: self.people.name(user).await,
                slack: Some(user.clone()),
            };
            Shift { person, until: None }
        });
        Ok(OnCall {
            now: join_all(people).await,
            next: Vec::new(),
        })
    }
}

/// Keeps the answers of all sources fresh.
#[derive(Debug)]
pub(super) struct OnCallRefresher {
    pub(super) ctx: Arc<Context>,
}

impl OnCallRefresher {
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let known = self.ctx.knowledge.get();
            let teams: Vec<&Team> = known
                .library
                .teams
                .values()
                .filter(|team| team.routing.on_call.is_some())
                .collect();
            let round = stream::iter(teams).for_each_concurrent(AT_ONCE, |team| self.ctx.look_up_on_call(team));
            tokio::select! {
                () = stop.cancelled() => return,
                () = round => {}
            }
            debug!("the sources of who is on call were asked");
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(REFRESH) => {}
            }
        }
    }
}

fn source(http: &reqwest::Client, entry: OncallEntry) -> Option<Arc<dyn ScheduleSource>> {
    if let Some(file) = entry.file {
        return Some(Arc::new(Calendar::new(CalendarPlace::File(file), entry.time_zone)));
    }
    let endpoint = endpoint(http, entry.kind, entry.url?);
    Some(match entry.kind {
        OncallKind::PagerDuty => Arc::new(PagerDutySchedules::new(endpoint, entry.token)),
        OncallKind::Opsgenie => Arc::new(OpsgenieSchedules::new(endpoint, entry.token)),
        OncallKind::Jsm => Arc::new(JsmSchedules::new(endpoint, entry.token)),
        OncallKind::Grafana => Arc::new(GrafanaSchedules::new(endpoint, entry.token, entry.stack)),
        OncallKind::GoAlert => Arc::new(GoAlertCalendar::new(endpoint, entry.token)),
        OncallKind::Calendar => Arc::new(Calendar::new(CalendarPlace::Link(endpoint), entry.time_zone)),
    })
}

fn pager(http: &reqwest::Client, entry: OncallEntry) -> Option<Arc<dyn Pager>> {
    let endpoint = endpoint(http, entry.kind, entry.url?);
    Some(match entry.kind {
        OncallKind::PagerDuty => Arc::new(PagerDutyPager::new(endpoint, entry.token)),
        OncallKind::Opsgenie | OncallKind::Jsm => Arc::new(OpsgeniePager::new(endpoint, entry.token)),
        OncallKind::Grafana => Arc::new(GrafanaPager::new(endpoint)),
        OncallKind::GoAlert => Arc::new(GoAlertPager::new(endpoint, entry.token)),
        OncallKind::Calendar => return None,
    })
}

fn alerts(http: &reqwest::Client, entry: OncallEntry) -> Option<Arc<dyn AlertLookup>> {
    let endpoint = endpoint(http, entry.kind, entry.url?);
    Some(match entry.kind {
        OncallKind::PagerDuty => Arc::new(PagerDutySchedules::new(endpoint, entry.token)),
        OncallKind::Opsgenie => Arc::new(OpsgenieSchedules::new(endpoint, entry.token)),
        OncallKind::Jsm => Arc::new(JsmSchedules::new(endpoint, entry.token)),
        OncallKind::Grafana => Arc::new(GrafanaSchedules::new(endpoint, entry.token, entry.stack)),
        OncallKind::GoAlert => Arc::new(GoAlertAlerts::new(endpoint, entry.lookup_token?)),
        OncallKind::Calendar => return None,
    })
}

fn service_name(kind: OncallKind) -> &'static str {
    match kind {
        OncallKind::PagerDuty => "PagerDuty",
        OncallKind::Opsgenie => "Opsgenie",
        OncallKind::Jsm => "Jira Service Management",
        OncallKind::Grafana => "Grafana",
        OncallKind::GoAlert => "GoAlert",
        OncallKind::Calendar => "the calendar",
    }
}

fn endpoint(http: &reqwest::Client, kind: OncallKind, url: Url) -> ServiceEndpoint {
    ServiceEndpoint::new(http.clone(), url, service_name(kind))
}
