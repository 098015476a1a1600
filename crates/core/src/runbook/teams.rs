//! Teams of `_data/teams.yml`: their names and links, and the optional keys that say who is on call and how they are
//! called: `aliases`, `slack`, `oncall`, `hours`, `page` and `escalation`.
//!
//! A key of another form than these is somebody else's and is left alone, so that existing files stay valid.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::contacts;
use super::frontmatter::at_path;
use crate::schedule::{self, MOST_PEOPLE, OnCallPerson, Override, Period, Rotation, WorkingHours};

/// Most steps of an escalation.
const STEPS: usize = 10;
/// Most minutes until the next step of an escalation: a day.
const LONGEST_WAIT: u64 = 1_440;
/// Severities that an escalation may have, the worst first.
pub const SEVERITIES: [&str; 4] = ["critical", "error", "warning", "info"];

/// The people to escalate to, from `_data/teams.yml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Team {
    /// Key of the team in the file.
    pub key: String,
    /// Name of the team.
    pub name: Option<String>,
    /// Chat channel: name and link.
    pub comm: Option<(String, Option<String>)>,
    /// Pager policy: name and link.
    pub escalate: Option<(String, Option<String>)>,
    /// Issue tracker's address.
    pub issue: Option<String>,
    /// Home page.
    pub link: Option<String>,
    /// Further names, in Slack's ids and times: who is on call, and how the team is called.
    #[serde(skip)]
    pub routing: TeamRouting,
}

/// The way to the people of a team.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TeamRouting {
    /// Other names of the team.
    pub aliases: Vec<String>,
    /// Slack channel id (`C…` or `G…`).
    pub channel: Option<String>,
    /// Slack user group id (`S…`).
    pub group: Option<String>,
    /// The source of who is on call.
    pub on_call: Option<OnCallSource>,
    /// The page of the schedule, for people.
    pub schedule_link: Option<String>,
    /// Working hours.
    pub hours: Option<WorkingHours>,
    /// The service that pages the team.
    pub page: Option<PageRule>,
    /// Further steps while nobody acknowledges, in order.
    pub escalation: Vec<EscalationStep>,
}

/// The source of who is on call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnCallSource {
    /// People who take turns, listed in the file.
    Rotation(Box<Rotation>),
    /// The members of a Slack user group.
    Group(String),
    /// A schedule of a service that `oncall.toml` registers.
    Service(ServiceSchedule),
}

/// A schedule of a registered service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ServiceSchedule {
    /// Id of the service in `oncall.toml`.
    pub service: String,
    /// Id of the schedule there; a calendar has none.
    pub schedule: Option<String>,
    /// Id of the escalation policy there, where the service has policies.
    pub policy: Option<String>,
    /// Slack ids of people, by their id, e-mail address or name in the service, in lower case.
    pub members: Vec<(String, String)>,
}

/// The service that pages a team, and the occasions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageRule {
    /// Id of the pager in `oncall.toml`.
    pub pager: String,
    /// Severities that may page; empty: all.
    pub severities: Vec<String>,
    /// People and user groups who may page (`U…`, `W…` or `S…`); empty: everybody of the organisation.
    pub by: Vec<String>,
}

/// A step of an escalation that nobody has acknowledged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EscalationStep {
    /// Minutes since the step before, 1 to 1440.
    pub after: u32,
    /// Key of the team that is called; `None`: the same team.
    pub team: Option<String>,
    /// The person or the user group to mention (`U…`, `W…` or `S…`); `None`: as the team is called first.
    pub mention: Option<OnCallPerson>,
    /// True when the team's pager is used, too.
    pub page: bool,
}

impl PageRule {
    /// Returns true when an escalation of this severity may page.
    pub fn is_for(&self, severity: &str) -> bool {
        self.severities.is_empty() || self.severities.iter().any(|one| one == severity)
    }
}

impl Team {
    /// Returns the name shown to people, or the key without one.
    pub fn shown(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.key)
    }
}

/// A finding in the optional keys of a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamProblem {
    /// Key of the team.
    pub team: String,
    /// The optional key and those below it: `oncall.period`.
    pub key: String,
    /// Description of the finding and its remedy.
    pub message: String,
    /// True when the value is used all the same.
    pub is_used: bool,
}

/// Reads the teams of `_data/teams.yml` with their optional keys. What cannot be used is left out and reported.
pub fn teams_with_problems(data: &BTreeMap<String, Value>) -> (BTreeMap<String, Team>, Vec<TeamProblem>) {
    let mut teams = contacts::teams(data);
    let keys: Vec<String> = teams.keys().cloned().collect();
    let mut problems = Vec::new();
    for (key, team) in &mut teams {
        let Some(Value::Object(fields)) = data.get("teams").and_then(|teams| teams.get(key)) else {
            continue;
        };
        let mut reader = TeamReader {
            team: key,
            teams: &keys,
            problems: &mut problems,
        };
        team.routing = reader.routing(fields);
    }
    (teams, problems)
}

/// Reads the optional keys of one team.
struct TeamReader<'a> {
    team: &'a str,
    teams: &'a [String],
    problems: &'a mut Vec<TeamProblem>,
}

impl TeamReader<'_> {
    /// Reports a value that is left out.
    fn tell(&mut self, key: &str, message: String) {
        self.report(key, message, false);
    }

    fn report(&mut self, key: &str, message: String, is_used: bool) {
        self.problems.push(TeamProblem {
            team: self.team.to_owned(),
            key: key.to_owned(),
            message,
            is_used,
        });
    }

    /// Reports an error at a key, and leaves the value out.
    fn usable<T>(&mut self, key: &str, read: Result<T, String>) -> Option<T> {
        read.map_err(|message| self.tell(key, message)).ok()
    }

    fn routing(&mut self, fields: &Map<String, Value>) -> TeamRouting {
        let aliases = fields.get("aliases").map(texts).unwrap_or_default();
        let mut routing = TeamRouting {
            aliases: aliases.into_iter().take(50).collect(),
            ..TeamRouting::default()
        };
        if let Some(Value::Object(slack)) = fields.get("slack") {
            self.known("slack", slack, &["channel", "group"]);
            routing.channel = self.id("slack.channel", slack.get("channel"), &['C', 'G'], "a channel");
            routing.group = self.id("slack.group", slack.get("group"), &['S'], "a user group");
        }
        if let Some(Value::Object(source)) = fields.get("oncall") {
            routing.schedule_link = text(source.get("link"));
            routing.on_call = self.source(source);
        }
        if let Some(Value::Object(hours)) = fields.get("hours") {
            routing.hours = self.hours(hours);
        }
        routing.page = self.page(fields.get("page"));
        if let Some(Value::Array(steps)) = fields.get("escalation") {
            if steps.len() > STEPS {
                self.tell(
                    "escalation",
                    format!("has {} steps; only the first {STEPS} are used", steps.len()),
                );
            }
            let steps = steps.iter().take(STEPS).enumerate();
            routing.escalation = steps.filter_map(|(index, step)| self.step(index, step)).collect();
        }
        routing
    }

    /// Reports keys that are not known.
    fn known(&mut self, at: &str, fields: &Map<String, Value>, names: &[&str]) {
        for key in fields.keys().filter(|key| !names.contains(&key.as_str())) {
            let message = format!("`{key}` is unknown; use one of {}", names.join(", "));
            self.tell(&format!("{at}.{key}"), message);
        }
    }

    /// Reads an id of Slack.
    fn id(&mut self, key: &str, value: Option<&Value>, kinds: &[char], what: &str) -> Option<String> {
        let id = text(value)?;
        let fits = id.starts_with(kinds) && (2..=40).contains(&id.len());
        if fits && id.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()) {
            return Some(id);
        }
        let begins: Vec<String> = kinds.iter().map(|kind| format!("{kind}…")).collect();
        let message = format!(
            "\"{id}\" is not the id of {what}; Slack shows it in its details, it begins with {}",
            begins.join(" or ")
        );
        self.tell(key, message);
        None
    }

    fn source(&mut self, source: &Map<String, Value>) -> Option<OnCallSource> {
        const KEYS: [&str; 12] = [
            "link",
            "time_zone",
            "people",
            "first",
            "period",
            "overrides",
            "group",
            "service",
            "schedule",
            "policy",
            "members",
            "calendar",
        ];
        self.known("oncall", source, &KEYS);
        if source.contains_key("people") {
            return self
                .rotation(source)
                .map(|rotation| OnCallSource::Rotation(Box::new(rotation)));
        }
        if source.contains_key("group") {
            return self
                .id("oncall.group", source.get("group"), &['S'], "a user group")
                .map(OnCallSource::Group);
        }
        if let Some(service) = text(source.get("service").or(source.get("calendar"))) {
            let (schedule, policy) = (text(source.get("schedule")), text(source.get("policy")));
            if schedule.is_none() && policy.is_none() && source.contains_key("service") {
                let message = format!(
                    "names neither `schedule` nor `policy`, so \"{service}\" is asked only if it is a calendar or GoAlert; \
                     for those, write `calendar: {service}`"
                );
                self.report("oncall", message, true);
            }
            let members = source.get("members").and_then(Value::as_object);
            let mut found = Vec::new();
            for (name, id) in members.into_iter().flatten().take(MOST_PEOPLE) {
                if let Some(id) = self.id("oncall.members", Some(id), &['U', 'W'], "a person") {
                    found.push((name.trim().to_lowercase(), id));
                }
            }
            return Some(OnCallSource::Service(ServiceSchedule {
                service,
                schedule,
                policy,
                members: found,
            }));
        }
        if source.keys().any(|key| key != "link") {
            let message =
                "does not say where to look: set `people` (a rotation), `group` (a Slack user group) or `service`";
            self.tell("oncall", message.to_owned());
        }
        None
    }

    fn rotation(&mut self, source: &Map<String, Value>) -> Option<Rotation> {
        let zone_name = text(source.get("time_zone")).unwrap_or_else(|| "UTC".to_owned());
        let zone = self.usable("oncall.time_zone", schedule::zone(&zone_name))?;
        let Some(first) = text(source.get("first")) else {
            self.tell(
                "oncall.first",
                "is missing: write the local time of a hand-over to the first person, such as 2026-01-05 09:00"
                    .to_owned(),
            );
            return None;
        };
        let first = self.usable("oncall.first", civil(&first))?;
        let period = text(source.get("period")).unwrap_or_else(|| "1 week".to_owned());
        let period = self.usable("oncall.period", Period::parse(&period))?;
        let listed = source
            .get("people")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        if listed.len() > MOST_PEOPLE {
            self.tell(
                "oncall.people",
                format!("has {} people; only the first {MOST_PEOPLE} are used", listed.len()),
            );
        }
        let listed = listed.iter().take(MOST_PEOPLE);
        let people: Vec<OnCallPerson> = listed
            .filter_map(|one| self.person("oncall.people", Some(one)))
            .collect();
        if people.is_empty() {
            self.tell(
                "oncall.people",
                "lists nobody: write names, or `{name: Ada, slack: U…}`".to_owned(),
            );
            return None;
        }
        let overrides = source.get("overrides").and_then(Value::as_array).into_iter().flatten();
        let mut stand_ins = Vec::new();
        for one in overrides.take(MOST_PEOPLE) {
            let time = |name: &str| text(one.get(name)).ok_or(format!("an override has no `{name}`"));
            let at = |name: &str| {
                let local = civil(&time(name)?)?;
                zone.to_timestamp(local).map_err(|_| format!("{local} is out of range"))
            };
            let from = self.usable("oncall.overrides", at("from"));
            let to = self.usable("oncall.overrides", at("to"));
            let person = self.person("oncall.overrides", one.get("person"));
            let (Some(from), Some(to), Some(person)) = (from, to, person) else {
                continue;
            };
            if from >= to {
                self.tell(
                    "oncall.overrides",
                    format!("the override for {} ends before it starts", person.name),
                );
                continue;
            }
            // Written with the same name, it is the same person.
            let slack = person.slack.clone().or_else(|| {
                let known = people.iter().find(|known| known.name == person.name);
                known.and_then(|known| known.slack.clone())
            });
            let person = OnCallPerson { slack, ..person };
            stand_ins.push(Override { from, to, person });
        }
        Some(Rotation {
            zone,
            first,
            period,
            people,
            overrides: stand_ins,
        })
    }

    /// Reads a person: a name, a Slack id, or both as `{name, slack}`.
    fn person(&mut self, key: &str, value: Option<&Value>) -> Option<OnCallPerson> {
        match value {
            Some(Value::Object(fields)) => {
                self.known(key, fields, &["name", "slack"]);
                let slack = self.id(key, fields.get("slack"), &['U', 'W'], "a person");
                let name = text(fields.get("name")).or_else(|| slack.clone());
                if name.is_none() {
                    self.tell(key, "an entry has no `name`".to_owned());
                }
                Some(OnCallPerson { name: name?, slack })
            }
            value => {
                let name = text(value);
                if name.is_none() {
                    self.tell(
                        key,
                        "an entry is neither a name nor `{name: Ada, slack: U…}`".to_owned(),
                    );
                }
                Some(OnCallPerson {
                    name: name?,
                    slack: None,
                })
            }
        }
    }

    fn hours(&mut self, hours: &Map<String, Value>) -> Option<WorkingHours> {
        self.known("hours", hours, &["time_zone", "days", "from", "to"]);
        let zone_name = text(hours.get("time_zone")).unwrap_or_else(|| "UTC".to_owned());
        let zone = self.usable("hours.time_zone", schedule::zone(&zone_name))?;
        let named = hours.get("days").map_or_else(|| vec!["mon-fri".to_owned()], texts);
        let mut days = Vec::new();
        for day in named.iter().take(14) {
            days.extend(self.usable("hours.days", schedule::days(day))?);
        }
        let time = |name: &str| {
            let written = text(hours.get(name)).ok_or("is missing: write a time such as \"09:00\"".to_owned())?;
            let wrong = || format!("\"{written}\" is not a time of the day; write for example \"09:00\", in quotes");
            written.parse().map_err(|_| wrong())
        };
        let (from, to) = (
            self.usable("hours.from", time("from"))?,
            self.usable("hours.to", time("to"))?,
        );
        Some(WorkingHours { zone, days, from, to })
    }

    fn page(&mut self, value: Option<&Value>) -> Option<PageRule> {
        match value? {
            Value::String(pager) if !pager.contains("://") && !pager.trim().is_empty() => Some(PageRule {
                pager: pager.trim().to_owned(),
                ..PageRule::default()
            }),
            Value::Object(fields) => {
                self.known("page", fields, &["pager", "severity", "by"]);
                let severities = fields.get("severity").map(texts).unwrap_or_default();
                let unknown = severities
                    .iter()
                    .find(|severity| !SEVERITIES.contains(&severity.as_str()));
                if let Some(unknown) = unknown {
                    let message = format!("\"{unknown}\" is not a severity; use one of {}", SEVERITIES.join(", "));
                    self.tell("page.severity", message);
                    return None;
                }
                let Some(pager) = text(fields.get("pager")) else {
                    self.tell(
                        "page.pager",
                        "is missing: write the id of a pager in oncall.toml".to_owned(),
                    );
                    return None;
                };
                // An entry that cannot be used must not let everybody page.
                let listed = fields.get("by").map(texts).unwrap_or_default().into_iter();
                let what = "a person or a user group";
                let by = listed.map(|id| self.id("page.by", Some(&Value::String(id)), &['U', 'W', 'S'], what));
                let by: Vec<String> = by.collect::<Option<_>>()?;
                if by.is_empty() && fields.contains_key("by") {
                    self.tell("page.by", "names nobody: without `by`, everybody may page".to_owned());
                    return None;
                }
                Some(PageRule { pager, severities, by })
            }
            _ => None,
        }
    }

    fn step(&mut self, index: usize, value: &Value) -> Option<EscalationStep> {
        let key = "escalation";
        let Value::Object(fields) = value else {
            self.tell(
                key,
                format!(
                    "step {} is not a mapping such as `{{after: 15, mention: S…}}`",
                    index + 1
                ),
            );
            return None;
        };
        self.known(key, fields, &["after", "team", "mention", "name", "page"]);
        let minutes = text(fields.get("after")).and_then(|after| {
            let number = after.split_whitespace().next()?;
            number.trim_end_matches(['m', 'i', 'n']).parse::<u64>().ok()
        });
        let Some(after) = minutes.filter(|minutes| (1..=LONGEST_WAIT).contains(minutes)) else {
            self.tell(
                key,
                format!("step {} needs `after`: minutes from 1 to {LONGEST_WAIT}", index + 1),
            );
            return None;
        };
        let team = text(fields.get("team"));
        if let Some(team) = &team
            && !self.teams.contains(team)
        {
            self.tell(
                key,
                format!(
                    "step {} names the team \"{team}\", which this file does not have",
                    index + 1
                ),
            );
            return None;
        }
        let mention = match fields.get("mention") {
            Some(mention) => Some(self.id(key, Some(mention), &['U', 'W', 'S'], "a person or a user group")?),
            None => None,
        };
        Some(EscalationStep {
            after: u32::try_from(after).ok()?,
            team,
            mention: mention.map(|id| OnCallPerson {
                name: text(fields.get("name")).unwrap_or_else(|| id.clone()),
                slack: Some(id),
            }),
            page: fields.get("page") == Some(&Value::Bool(true)),
        })
    }
}

/// Reads a local date and time; a date alone is its midnight.
fn civil(text: &str) -> Result<jiff::civil::DateTime, String> {
    let wrong = || format!("\"{text}\" is not a local date and time; write for example 2026-01-05 09:00");
    let has_zone = text.ends_with(['Z', 'z'])
        || text.contains('[')
        || text.get(10..).is_some_and(|time| time.contains(['+', '-']));
    if has_zone {
        return Err(format!("{}, without a zone: `time_zone` gives it", wrong()));
    }
    text.trim().parse().map_err(|_| wrong())
}

fn text(value: Option<&Value>) -> Option<String> {
    at_path(value?, &[]).filter(|text| text.len() <= contacts::LONGEST_NAME)
}

/// The texts of a list, or the only one.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(|item| text(Some(item))).collect(),
        other => text(Some(other)).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runbook::frontmatter;

    fn read(yaml: &str) -> (BTreeMap<String, Team>, Vec<TeamProblem>) {
        let value = frontmatter::data(yaml).unwrap();
        teams_with_problems(&BTreeMap::from([("teams".to_owned(), value)]))
    }

    const WHOLE: &str = r##"
links:
  name: Satellite Link
  aliases: [satlink, "sat link"]
  slack: {channel: C0123, group: S0123}
  oncall:
    link: https://example.com/schedule
    time_zone: Europe/Vienna
    first: 2026-01-05 09:00
    people:
      - {name: Grace, slack: U0123}
      - Linus
    overrides:
      - {from: 2026-12-24 09:00, to: 2026-12-27 09:00, person: Grace}
  hours: {time_zone: Europe/Vienna, days: [mon-thu, fri], from: "09:00", to: "17:00"}
  page: {pager: links, severity: [critical, error], by: [S0123, U0123]}
  escalation:
    - {after: 15, mention: S0999, name: Leads}
    - {after: 30, team: other, page: true}
other:
  slack: "#other"
  oncall: https://example.com/oncall
  page: https://pager.example.com
  escalation: Ask in the channel.
"##;

    #[test]
    fn a_team_says_who_is_on_call_and_how_it_is_called() {
        let (teams, problems) = read(WHOLE);
        assert_eq!(problems, Vec::new());
        let routing = &teams["links"].routing;
        assert_eq!(
            (routing.channel.as_deref(), routing.group.as_deref()),
            (Some("C0123"), Some("S0123"))
        );
        let Some(OnCallSource::Rotation(rotation)) = &routing.on_call else {
            panic!("{routing:?}");
        };
        let at = |time: &str| rotation.on_call(time.parse().unwrap()).now[0].person.clone();
        assert_eq!(at("2026-01-12T08:00:00Z").name, "Linus");
        assert_eq!(at("2026-12-25T08:00:00Z").slack.as_deref(), Some("U0123"));
        assert_eq!(routing.hours.as_ref().unwrap().days.len(), 5);
        let page = routing.page.as_ref().unwrap();
        assert_eq!(page.severities, ["critical", "error"]);
        assert_eq!(page.by, ["S0123", "U0123"]);
        assert_eq!(routing.escalation[1].team.as_deref(), Some("other"));
        assert_eq!(
            teams["other"].routing,
            TeamRouting::default(),
            "other forms are left alone"
        );
    }

    #[test]
    fn a_service_with_a_schedule_and_a_calendar_are_told_nothing() {
        for source in [
            "{service: pd, schedule: P1}",
            "{service: pd, policy: P2}",
            "{calendar: c}",
        ] {
            let (teams, problems) = read(&format!("a:\n  oncall: {source}\n"));
            assert_eq!(problems, Vec::new(), "{source}");
            assert!(teams["a"].routing.on_call.is_some(), "{source}");
        }
        // Calendars were written so, too.
        let (teams, problems) = read("a:\n  oncall: {service: c}\n");
        assert!(problems.iter().all(|problem| problem.is_used) && problems.len() == 1);
        assert!(teams["a"].routing.on_call.is_some());
    }

    #[test]
    fn what_cannot_be_used_is_told_with_its_line() {
        for (yaml, line, told) in [
            ("a:\n  slack:\n    channel: '#a'\n", 2, "not the id of a channel"),
            ("a:\n  oncall:\n    people: [Ada]\n", 2, "local time of a hand-over"),
            (
                "a:\n  name: A\n  oncall: {people: [Ada], first: 2026-01-05T09:00Z}\n",
                3,
                "without a zone",
            ),
            (
                "a:\n  oncall: {people: [Ada], first: 2026-01-05, time_zone: Mars}\n",
                2,
                "not a time zone",
            ),
            ("a:\n  oncall: {people: [], first: 2026-01-05}\n", 2, "lists nobody"),
            ("a:\n  oncall: {service: pd, scedule: P1}\n", 2, "`scedule` is unknown"),
            ("a:\n  oncall: {service: pd}\n", 2, "neither `schedule` nor `policy`"),
            ("b: {}\na:\n  escalation: [{after: 0}]\n", 3, "minutes from 1"),
            ("a:\n  escalation: [{after: 5, team: c}]\n", 2, "the team \"c\""),
            (
                "a:\n  escalation: [{after: 5, mention: '!channel'}]\n",
                2,
                "a person or a user group",
            ),
            ("a:\n  page: {pager: p, severity: bad}\n", 2, "not a severity"),
            ("a:\n  page: {pager: p, by: [ada]}\n", 2, "not the id of a person"),
            ("a:\n  page: {pager: p, by: []}\n", 2, "names nobody"),
            ("a:\n  hours: {from: 9, to: '17:00'}\n", 2, "not a time of the day"),
            (
                "a:\n  oncall: {people: [Ada], first: 2026-01-05, overrides: [{from: 2026-02-02, to: 2026-02-01, person: Bo}]}\n",
                2,
                "ends before",
            ),
        ] {
            let (_, problems) = read(yaml);
            let problem = problems.first().unwrap_or_else(|| panic!("{yaml}"));
            assert!(problem.message.contains(told), "{yaml}: {problems:?}");
            assert_eq!(super::super::team_diagnostics::line_of(yaml, problem), line, "{yaml}");
        }
    }
}
