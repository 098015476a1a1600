//! `oncall.toml`: the services that know who is on call, those that page people, and the trackers of issues. A file of its
//! own, as `jobs.toml` is.

pub mod trackers;

use std::collections::{BTreeSet, HashMap};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

use self::trackers::{TrackerEntry, WrittenTracker};
use super::Error;

/// The built-in `oncall.toml`: every key, commented out. It registers nothing.
pub const DEFAULT: &str = include_str!("../../config/oncall.toml");

/// The registered services, with their secrets.
#[derive(Debug, Clone, Default)]
pub struct OncallSettings {
    /// Services that know who is on call.
    pub services: Vec<OncallEntry>,
    /// Services that page people.
    pub pagers: Vec<OncallEntry>,
    /// Trackers in which issues are created.
    pub trackers: Vec<TrackerEntry>,
}

/// A service, and the way to reach it.
#[derive(Debug, Clone)]
pub struct OncallEntry {
    /// Name by which teams refer to it.
    pub id: String,
    /// Kind of the service.
    pub kind: OncallKind,
    /// Address of its API. That of a calendar or a webhook is a secret.
    pub url: Option<Url>,
    /// The key; empty where the address is the secret.
    pub token: SecretString,
    /// Address of the Grafana stack.
    pub stack: Option<Url>,
    /// File of a calendar.
    pub file: Option<PathBuf>,
    /// Time zone of a calendar's times that name none.
    pub time_zone: String,
    /// Service that tells what became of the pages of this pager.
    pub service: Option<String>,
    /// Key that tells what became of the pages of this pager, of GoAlert's API.
    pub lookup_token: Option<SecretString>,
    /// Secret of the PagerDuty webhook that tells it.
    pub webhook_secret: Option<SecretString>,
}

/// Kind of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OncallKind {
    /// PagerDuty.
    PagerDuty,
    /// Opsgenie, and integrations of Jira Service Management.
    Opsgenie,
    /// Jira Service Management.
    Jsm,
    /// Grafana IRM.
    Grafana,
    /// GoAlert.
    GoAlert,
    /// An iCalendar file or link.
    Calendar,
}

/// The file as written.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WrittenServices {
    services: Vec<WrittenEntry>,
    pagers: Vec<WrittenEntry>,
    trackers: Vec<WrittenTracker>,
}

/// An entry as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenEntry {
    id: String,
    kind: OncallKind,
    url: Option<String>,
    stack_url: Option<String>,
    token_variable: Option<String>,
    token_file: Option<PathBuf>,
    file: Option<PathBuf>,
    time_zone: Option<String>,
    service: Option<String>,
    lookup_token_variable: Option<String>,
    lookup_token_file: Option<PathBuf>,
    webhook_secret_variable: Option<String>,
    webhook_secret_file: Option<PathBuf>,
}

impl OncallKind {
    /// The address of a service that is the same for everybody; `pages`: of the API that pages.
    fn usual(self, pages: bool) -> Option<&'static str> {
        match self {
            Self::PagerDuty if pages => Some("https://events.pagerduty.com"),
            Self::PagerDuty => Some("https://api.pagerduty.com"),
            Self::Opsgenie => Some("https://api.opsgenie.com"),
            Self::Jsm if pages => Some("https://api.atlassian.com/jsm/ops/integration"),
            Self::Jsm | Self::Grafana | Self::GoAlert | Self::Calendar => None,
        }
    }
}

/// Remedy for a wrong address of a Grafana stack.
const STACK: &str = "write the address of the stack, for example \"https://example.grafana.net\"";

/// Reads `oncall.toml` of a config folder (`./config` by default, if it exists), with the secrets that it names. Without
/// the file, nothing is registered.
///
/// # Errors
///
/// The first problem: its place, its description and its remedy.
pub fn load_from(config_dir: Option<&Path>, environment: &HashMap<String, String>) -> Result<OncallSettings, Error> {
    let path = config_dir.unwrap_or(Path::new("config")).join("oncall.toml");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(OncallSettings::default()),
        Err(cause) => return Err(Error::Unreadable { path, cause }),
    };
    read(&text, &path.display().to_string(), environment)
}

/// Reads the text of an `oncall.toml`; `place` is its name in errors.
///
/// # Errors
///
/// As for [`load_from`].
pub fn read(text: &str, place: &str, environment: &HashMap<String, String>) -> Result<OncallSettings, Error> {
    let written: WrittenServices = toml::from_str(text).map_err(|cause| Error::Syntax {
        place: place.to_owned(),
        cause: cause.to_string().trim_end().to_owned(),
    })?;
    let list = |name: &str, entries: Vec<WrittenEntry>, pages: bool| {
        let mut ids = BTreeSet::new();
        let mut read = Vec::new();
        for entry in entries {
            let reader = EntryReader {
                place,
                list: name,
                environment,
                pages,
            };
            if !ids.insert(entry.id.clone()) {
                return Err(reader.wrong(&entry.id, "id", "is used twice", "use a different id for each entry"));
            }
            read.push(reader.entry(entry)?);
        }
        Ok(read)
    };
    let services = list("services", written.services, false)?;
    let pagers = list("pagers", written.pagers, true)?;
    for pager in &pagers {
        let Some(named) = &pager.service else { continue };
        let problem = match services.iter().find(|service| service.id == *named) {
            Some(service) if service.kind == pager.kind => continue,
            Some(_) => format!("names \"{named}\", which is of another kind"),
            None => format!("names \"{named}\", which is not in services"),
        };
        return Err(Error::Value {
            place: place.to_owned(),
            key: format!("pagers[{}].service", pager.id),
            problem,
            remedy: "name the entry of services that has the key to look up this pager's alerts".to_owned(),
        });
    }
    let reader = EntryReader {
        place,
        list: "trackers",
        environment,
        pages: false,
    };
    let trackers = reader.trackers(written.trackers)?;
    Ok(OncallSettings {
        services,
        pagers,
        trackers,
    })
}

/// Returns the registration of a local service at `url`, as service and pager `local`.
///
/// # Errors
///
/// Only if the address is invalid.
pub fn local(url: &str, token: &str, routing_key: &str) -> Result<OncallSettings, Error> {
    let text = format!(
        "[[services]]\nid = \"local\"\nkind = \"pagerduty\"\nurl = \"{url}/api\"\ntoken_variable = \"TOKEN\"\n\
         [[pagers]]\nid = \"local\"\nkind = \"pagerduty\"\nurl = \"{url}/events\"\ntoken_variable = \"KEY\"\nservice = \"local\"\n"
    );
    let secrets = [("TOKEN", token), ("KEY", routing_key)];
    let secrets = secrets.map(|(name, value)| (name.to_owned(), value.to_owned()));
    read(&text, "the local on-call service", &HashMap::from(secrets))
}

/// Checks one entry.
struct EntryReader<'a> {
    place: &'a str,
    list: &'a str,
    environment: &'a HashMap<String, String>,
    pages: bool,
}

impl EntryReader<'_> {
    fn wrong(&self, id: &str, key: &str, problem: &str, remedy: &str) -> Error {
        Error::Value {
            place: self.place.to_owned(),
            key: format!("{}[{id}].{key}", self.list),
            problem: problem.to_owned(),
            remedy: remedy.to_owned(),
        }
    }

    fn entry(&self, entry: WrittenEntry) -> Result<OncallEntry, Error> {
        let id = entry.id.trim().to_owned();
        if id.is_empty() {
            return Err(self.wrong("", "id", "is empty", "set the id that teams.yml uses for it"));
        }
        let is_calendar = entry.kind == OncallKind::Calendar;
        let is_secret_link = is_calendar || entry.kind == OncallKind::Grafana && self.pages;
        if is_calendar && self.pages {
            return Err(self.wrong(
                &id,
                "kind",
                "is a calendar, which can't page anyone",
                "use a service that can",
            ));
        }
        let service = self.service(&id, &entry)?;
        let lookup_token = self.lookup_token(&id, &entry)?;
        let webhook_secret = self.webhook_secret(&id, &entry)?;
        let zone = entry.time_zone.unwrap_or_else(|| "UTC".to_owned());
        crate::schedule::zone(&zone).map_err(|problem| self.wrong(&id, "time_zone", &problem, "correct it"))?;
        let file = entry.file.filter(|_| is_calendar);
        let token = match &file {
            Some(_) => SecretString::from(""),
            None => self.secret(&id, entry.token_variable.as_deref(), entry.token_file.as_deref())?,
        };
        let is_account = entry.kind == OncallKind::Jsm && !self.pages;
        if is_account && !token.expose_secret().contains(':') {
            let remedy = "put the account's e-mail address, a colon and its API token into it";
            return Err(self.wrong(&id, "token_variable", "does not contain EMAIL:TOKEN", remedy));
        }
        let url = if file.is_some() {
            None
        } else if is_secret_link {
            Some(self.secret_link(&id, entry.kind, &token)?)
        } else {
            Some(self.address(&id, entry.kind, entry.url.as_deref())?)
        };
        let stack = self.stack(&id, entry.kind, entry.stack_url.as_deref(), &token)?;
        Ok(OncallEntry {
            id,
            kind: entry.kind,
            url,
            stack,
            token: if is_secret_link { SecretString::from("") } else { token },
            file,
            time_zone: zone,
            service,
            lookup_token,
            webhook_secret,
        })
    }

    /// The service that tells what became of a pager's pages.
    fn service(&self, id: &str, entry: &WrittenEntry) -> Result<Option<String>, Error> {
        let named = entry
            .service
            .as_deref()
            .map(str::trim)
            .filter(|named| !named.is_empty());
        let problem = match entry.kind {
            _ if named.is_none() => return Ok(None),
            _ if !self.pages => "is only allowed for pagers",
            OncallKind::GoAlert => {
                let remedy = "name the variable with an API key in `lookup_token_variable` instead";
                return Err(self.wrong(id, "service", "can't be used for GoAlert", remedy));
            }
            OncallKind::Calendar => "can't be used: this kind can't look up alerts",
            _ => return Ok(named.map(str::to_owned)),
        };
        Err(self.wrong(id, "service", problem, "remove it"))
    }

    /// The key that looks up alerts at GoAlert, where an integration's own can't.
    fn lookup_token(&self, id: &str, entry: &WrittenEntry) -> Result<Option<SecretString>, Error> {
        let (variable, file) = (
            entry.lookup_token_variable.as_deref(),
            entry.lookup_token_file.as_deref(),
        );
        if variable.is_none() && file.is_none() {
            return Ok(None);
        }
        if !self.pages || entry.kind != OncallKind::GoAlert {
            let problem = "is only allowed for pagers of the kind \"goalert\"";
            return Err(self.wrong(id, "lookup_token_variable", problem, "remove it"));
        }
        self.secret_named("lookup_token", (id, variable, file)).map(Some)
    }

    /// The secret of a PagerDuty webhook; an empty one would let anybody in.
    fn webhook_secret(&self, id: &str, entry: &WrittenEntry) -> Result<Option<SecretString>, Error> {
        let (variable, file) = (
            entry.webhook_secret_variable.as_deref(),
            entry.webhook_secret_file.as_deref(),
        );
        if variable.is_none() && file.is_none() {
            return Ok(None);
        }
        if !self.pages || entry.kind != OncallKind::PagerDuty {
            let problem = "is only allowed for pagers of the kind \"pagerduty\"";
            return Err(self.wrong(id, "webhook_secret_variable", problem, "remove it"));
        }
        self.secret_named("webhook_secret", (id, variable, file)).map(Some)
    }

    fn address(&self, id: &str, kind: OncallKind, written: Option<&str>) -> Result<Url, Error> {
        let Some(text) = written.or(kind.usual(self.pages)) else {
            return Err(self.wrong(id, "url", "is missing", "write the address of the service"));
        };
        let url = Url::parse(text.trim()).ok();
        let url = url.filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
        url.ok_or_else(|| {
            let problem = format!("is \"{text}\", which is not a URL");
            self.wrong(
                id,
                "url",
                &problem,
                "write for example \"https://api.eu.pagerduty.com\"",
            )
        })
    }

    /// The address of a Grafana stack, which a token of a service account needs.
    fn stack(
        &self,
        id: &str,
        kind: OncallKind,
        written: Option<&str>,
        token: &SecretString,
    ) -> Result<Option<Url>, Error> {
        let is_needed = kind == OncallKind::Grafana && !self.pages && token.expose_secret().starts_with("glsa_");
        match written.map(|text| Url::parse(text.trim())) {
            Some(Ok(url)) if matches!(url.scheme(), "https" | "http") => Ok(Some(url)),
            Some(_) => Err(self.wrong(id, "stack_url", "is not a URL", STACK)),
            None if is_needed => Err(self.wrong(
                id,
                "stack_url",
                "is missing: the token is one of a service account",
                STACK,
            )),
            None => Ok(None),
        }
    }

    /// The link of a calendar or a webhook, which is a secret: errors do not repeat it.
    fn secret_link(&self, id: &str, kind: OncallKind, token: &SecretString) -> Result<Url, Error> {
        let text = token.expose_secret().replacen("webcal://", "https://", 1);
        let url = Url::parse(&text)
            .ok()
            .filter(|url| matches!(url.scheme(), "https" | "http"));
        let remedy = match kind {
            OncallKind::Calendar => "put the calendar's https:// link into it",
            _ => "put the https:// link of the integration into it",
        };
        url.ok_or_else(|| self.wrong(id, "token_variable", "does not contain a URL", remedy))
    }

    fn secret(&self, id: &str, variable: Option<&str>, file: Option<&Path>) -> Result<SecretString, Error> {
        self.secret_named("token", (id, variable, file))
    }

    /// The secret in the variable or the file of the keys `NAME_variable` and `NAME_file`.
    fn secret_named(
        &self,
        name: &str,
        (id, variable, file): (&str, Option<&str>, Option<&Path>),
    ) -> Result<SecretString, Error> {
        let in_variable = format!("{name}_variable");
        let in_file = format!("{name}_file");
        if let Some(variable) = variable {
            let value = self.environment.get(variable).map(|value| value.trim());
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                return Ok(SecretString::from(value));
            }
            if file.is_none() {
                let problem = format!("names {variable}, which is not set");
                return Err(self.wrong(id, &in_variable, &problem, "set it to the secret"));
            }
        }
        let Some(file) = file else {
            let remedy = format!("write the name of the variable that holds the secret, or of a file in `{in_file}`");
            return Err(self.wrong(id, &in_variable, "is missing", &remedy));
        };
        let text = std::fs::read_to_string(file).map_err(|cause| {
            let problem = format!("names {}, which cannot be read ({cause})", file.display());
            self.wrong(id, &in_file, &problem, "make it readable for the bot")
        })?;
        match text.trim() {
            "" => {
                let problem = format!("names {}, which is empty", file.display());
                Err(self.wrong(id, &in_file, &problem, "write the secret into that file"))
            }
            secret => Ok(SecretString::from(secret)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_that_cannot_be_used_says_why_and_repeats_no_secret() {
        let environment = HashMap::from([("LINK", "sesame/secret"), ("SA", "glsa_sesame")]);
        let environment = environment
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        for (text, told) in [
            (
                "[[services]]\nid = \"a\"\nkind = \"pagerduty\"\n",
                "services[a].token_variable` is missing",
            ),
            ("[[services]]\nid = \"a\"\nkind = \"pager\"\n", "unknown variant"),
            (
                "[[pagers]]\nid = \"a\"\nkind = \"goalert\"\ntoken_variable = \"LINK\"\n",
                "pagers[a].url` is missing",
            ),
            (
                "[[services]]\nid = \"a\"\nkind = \"calendar\"\ntoken_variable = \"LINK\"\n",
                "does not contain a URL",
            ),
            (
                "[[services]]\nid = \"a\"\nkind = \"pagerduty\"\ntoken = \"x\"\n",
                "unknown field `token`",
            ),
            (
                "[[services]]\nid = \"a\"\nkind = \"jsm\"\ntoken_variable = \"LINK\"\n",
                "does not contain EMAIL:TOKEN",
            ),
            (
                "[[services]]\nid = \"a\"\nkind = \"grafana\"\nurl = \"https://x.example\"\ntoken_variable = \"SA\"\n",
                "services[a].stack_url` is missing",
            ),
            (
                "[[pagers]]\nid = \"a\"\nkind = \"grafana\"\ntoken_variable = \"LINK\"\n",
                "put the https:// link of the integration into it",
            ),
            (
                "[[pagers]]\nid = \"a\"\nkind = \"calendar\"\nfile = \"x\"\n",
                "can't page anyone",
            ),
            (
                "[[pagers]]\nid = \"a\"\nkind = \"pagerduty\"\ntoken_variable = \"SA\"\nservice = \"b\"\n",
                "pagers[a].service` names \"b\", which is not in services",
            ),
            (
                "[[pagers]]\nid = \"a\"\nkind = \"goalert\"\nurl = \"https://x.example\"\ntoken_variable = \"SA\"\nservice = \"b\"\n",
                "pagers[a].service` can't be used for GoAlert",
            ),
            (
                "[[pagers]]\nid = \"a\"\nkind = \"pagerduty\"\ntoken_variable = \"SA\"\nwebhook_secret_variable = \"NONE\"\n",
                "pagers[a].webhook_secret_variable` names NONE, which is not set",
            ),
            (
                "[[pagers]]\nid = \"a\"\nkind = \"opsgenie\"\ntoken_variable = \"SA\"\nwebhook_secret_variable = \"SA\"\n",
                "is only allowed for pagers of the kind",
            ),
            (
                "[[trackers]]\nid = \"a\"\nkind = \"github\"\n",
                "trackers[a].token_variable` is missing",
            ),
            (
                "[[trackers]]\nid = \"a\"\nkind = \"gitlab\"\nurl = \"https://x.example/rest\"\ntoken_variable = \"SA\"\n",
                "trackers[a].web_url` is missing",
            ),
            (
                "[[trackers]]\nid = \"a\"\nkind = \"github\"\ntoken_variable = \"SA\"\n\
                 [[trackers]]\nid = \"b\"\nkind = \"github\"\ntoken_variable = \"SA\"\n",
                "trackers[b].web_url` is already used by another tracker",
            ),
        ] {
            let error = read(text, "oncall.toml", &environment).unwrap_err().to_string();
            assert!(error.contains(told) && !error.contains("sesame"), "{error}");
        }
        assert!(read(DEFAULT, "oncall.toml", &environment).unwrap().services.is_empty());
    }
}
