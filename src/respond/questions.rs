//! Replies other than answers: about the bot, about people, and for requests that cannot be met.

use jiff::Timestamp;
use minijinja::{Value, context};

use super::answer::Responder;
use super::facts::{ConnectionFacts, Listening, Pointer, Problems, SourceFacts, SourceTrouble, StatusFacts};
use super::time::time;
use super::{Labels, OnCallLine, Reply, calling, links, values};
use crate::command::{Owner, Subject, Whom};
use crate::runbook::{Contact, ContactKind, Library, SourceKind, Team};

/// Most names that are offered.
const OFFERED: usize = 8;

/// Names of the kinds of secrets for people, where the kind's own words are not the name.
const SECRET_NAMES: [(&str, &str); 24] = [
    ("api-key", "an API key"),
    ("authorization", "request credentials"),
    ("aws-access-key", "an AWS access key"),
    ("azure-key", "an Azure key"),
    ("cookie", "a session cookie"),
    ("datadog-key", "a Datadog key"),
    ("github-token", "a GitHub token"),
    ("gitlab-token", "a GitLab token"),
    ("google-key", "a Google key"),
    ("jenkins-token", "a Jenkins token"),
    ("jwt", "a JSON Web Token"),
    ("kubernetes-secret", "a Kubernetes secret"),
    ("new-relic-key", "a New Relic key"),
    ("openshift-token", "an OpenShift token"),
    ("pagerduty-key", "a PagerDuty key"),
    ("sendgrid-key", "a SendGrid key"),
    ("session", "a session ID"),
    ("slack-token", "a Slack token"),
    ("slack-webhook", "a Slack webhook URL"),
    ("stripe-key", "a Stripe key"),
    ("twilio-key", "a Twilio key"),
    ("url-password", "a password in a URL"),
    ("vault-token", "a Vault token"),
    ("webhook", "a webhook URL"),
];

impl Responder {
    /// The words on buttons and in modals.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// Reply to `status`: the state of the bot.
    pub fn status(&self, facts: &StatusFacts) -> Reply {
        let (mode, connections) = match facts.connection {
            ConnectionFacts::Socket { connections } => ("socket", connections),
            ConnectionFacts::Http => ("http", 0),
        };
        let values = context! {
            version => facts.version.clone(),
            runbooks => facts.runbooks,
            skipped => facts.skipped,
            sources => facts.sources.iter().map(|source| of_source(source, facts.now)).collect::<Vec<_>>(),
            loaded => facts.loaded_at.map(|at| time(at, facts.now)),
            reload_failed => facts.reload_failed.as_deref().map(|why| values::shortened(why, 300)),
            problems => facts.problems.values(),
            mode, connections,
            listening => listening(&facts.listening, facts.now),
        };
        self.simple("status.md", &values)
    }

    /// Tells the operators that a source stays as it is.
    pub fn source_trouble(&self, source: &str, trouble: &SourceTrouble) -> Reply {
        let accept = format!("signpost sources accept {source}");
        let values = match trouble {
            SourceTrouble::Held {
                kind,
                version,
                removed,
                documents,
            } => {
                let is_git = *kind == SourceKind::Git;
                context! { source, accept, kind => "held", why => "", is_git, version, removed, documents }
            }
            SourceTrouble::Unreachable { why } => {
                context! { source, accept, kind => "unreachable", is_git => false, version => "", removed => 0, documents => 0, why => values::shortened(why, 300) }
            }
        };
        self.simple("source_trouble.md", &values)
    }

    /// Confirms that the channel is muted from now on.
    pub fn muted(&self, until: Option<Timestamp>, now: Timestamp) -> Reply {
        self.simple("muted.md", &context! { until => until.map(|until| time(until, now)) })
    }

    /// Confirms that the channel is no longer muted; `listening` is the channel's present state.
    pub fn unmuted(&self, was_muted: bool, listening: &Listening) -> Reply {
        let listening = self::listening(listening, Timestamp::UNIX_EPOCH);
        self.simple("unmuted.md", &context! { was_muted, listening })
    }

    /// Tells the operators about errors in the runbook folder. `failed`: the reason why it could not be read at all.
    pub fn admin_runbooks(&self, problems: &Problems, failed: Option<&str>) -> Reply {
        let failed = failed.map(|why| values::shortened(why, 300));
        self.simple("admin_runbooks.md", &context! { problems => problems.values(), failed })
    }

    /// Tells the operators about the runbook link of an alert that leads to no document. `channel`: where the alert is.
    pub fn admin_unknown_link(&self, url: &str, channel: &str) -> Reply {
        let url = values::shortened(url, 500);
        self.simple("admin_unknown_link.md", &context! { url, channel })
    }

    /// Warns the author of a message with secrets of some kinds, such as `github-token`.
    pub fn secret_warning(&self, kinds: &[&str]) -> Reply {
        let named = |kind: &&str| {
            let known = SECRET_NAMES.iter().find(|(known, _)| known == kind);
            if let Some((_, name)) = known {
                return (*name).to_owned();
            }
            let words = kind.replace('-', " ");
            let article = if words.starts_with(['a', 'e', 'i', 'o', 'u']) {
                "an"
            } else {
                "a"
            };
            format!("{article} {words}")
        };
        let mut named: Vec<String> = kinds.iter().map(named).collect();
        let last = named.pop().unwrap_or_default();
        let kinds = if named.is_empty() {
            last
        } else {
            format!("{} and {last}", named.join(", "))
        };
        self.simple("secret_warning.md", &context! { kinds })
    }

    /// Refuses to mute or unmute a channel for somebody who may not do so.
    pub fn mute_refused(&self, external: bool) -> Reply {
        self.simple("mute_refused.md", &context! { stranger => external })
    }

    /// Explains that there is nothing to mute in a direct message.
    pub fn mute_direct(&self) -> Reply {
        self.simple("mute_direct.md", &context! {})
    }

    /// Suggests a command when nothing was recognised and the text is nearly a command.
    pub fn typo(&self, meant: &str) -> Reply {
        self.simple(
            "typo.md",
            &context! { meant => values::shortened(meant, 120), run_button => "" },
        )
    }

    /// Reply when nothing was recognised and the text is a command followed by something that it does not take.
    pub fn unclear(&self, command: &str, rest: &str) -> Reply {
        self.simple(
            "unclear.md",
            &context! { command => command.to_owned(), rest => values::shortened(rest, 60) },
        )
    }

    /// Names whom to call, lists the names that fit, or says that nobody is known.
    pub fn who(&self, library: &Library, whom: &Whom, words: &str) -> Reply {
        self.who_on_call(library, whom, words, &[])
    }

    /// Names whom to call, as [`Self::who`] does, with the people on call now.
    pub fn who_on_call(&self, library: &Library, whom: &Whom, words: &str, on_call: &[OnCallLine]) -> Reply {
        let words = values::shortened(words, 120);
        match whom {
            Whom::Found(owner) => self.owner(library, owner, on_call),
            Whom::Ambiguous(names) => {
                let list: Vec<String> = names.iter().take(OFFERED).cloned().collect();
                let more = names.len().saturating_sub(list.len());
                self.simple("who_choose.md", &context! { words, list, more })
            }
            Whom::Nothing { nearest } => {
                let teams: Vec<String> = library.teams.keys().take(OFFERED).cloned().collect();
                let more = library.teams.len().saturating_sub(teams.len());
                self.simple(
                    "who_nothing.md",
                    &context! { words, nearest => nearest.clone(), teams, more },
                )
            }
        }
    }

    fn owner(&self, library: &Library, owner: &Owner, on_call: &[OnCallLine]) -> Reply {
        let teams: Vec<Value> = owner
            .teams
            .iter()
            .map(|key| team(key, library.teams.get(key)))
            .collect();
        let runbooks: Vec<Value> = owner.runbooks.iter().map(|id| self.place(library, *id)).collect();
        let subject = match owner.subject {
            Subject::Team => "team",
            Subject::Service => "service",
            Subject::Runbook => "runbook",
        };
        let contacts: Vec<Value> = owner.contacts.iter().map(contact).collect();
        let values = context! { name => owner.name.clone(), subject, teams, contacts, runbooks, more => owner.more, on_call => calling::lines(on_call) };
        self.simple("who.md", &values)
    }

    /// Refuses to tell people of other organisations whom to call.
    pub fn who_refused(&self) -> Reply {
        self.simple("who_refused.md", &context! {})
    }

    /// Reply to "Export" when nothing was uploaded. `why`: `scope`, `external`, `not-member`, or empty when Slack refused it
    /// for another reason.
    pub fn export_refused(&self, why: &str) -> Reply {
        self.simple("export_refused.md", &context! { why })
    }

    /// Points to the earlier answer to the same error in this channel.
    pub fn pointer(&self, pointer: &Pointer) -> Reply {
        let values = context! {
            title => pointer.title.clone(),
            answered => time(pointer.answered_at, pointer.now),
            url => pointer.url.as_deref().and_then(links::safe),
            values => pointer.values.iter().map(|(name, value)| context! { name, value }).collect::<Vec<_>>(),
        };
        self.simple("pointer.md", &values)
    }

    /// Tells a channel that messages, written between two times, were too old to be answered.
    pub fn missed(&self, missed: &super::Missed) -> Reply {
        let values = context! {
            count => missed.count,
            what => if missed.asked { "message" } else { "error" },
            from => time(missed.first_at, missed.now),
            to => time(missed.last_at, missed.now),
        };
        self.simple("missed.md", &values)
    }

    /// Refuses a request for a run that is too old to be carried out.
    pub fn run_late(&self) -> Reply {
        self.simple("run_late.md", &context! {})
    }

    /// Explains that the bot cannot post in a channel that it is not a member of.
    pub fn not_member(&self) -> Reply {
        self.simple("not_member.md", &context! {})
    }

    /// Reply to "Find the runbook" on a message that no runbook fits.
    pub fn shortcut_nothing(&self) -> Reply {
        self.simple("shortcut_nothing.md", &context! {})
    }

    /// Reply to "Find the runbook" on a message that has already been answered.
    pub fn shortcut_answered(&self) -> Reply {
        self.simple("shortcut_answered.md", &context! {})
    }

    /// Reply to a button of an answer that is no longer stored; `days` is how long answers are kept.
    pub fn too_old(&self, days: Option<u32>) -> Reply {
        self.simple("too_old.md", &context! { days })
    }

    /// Reports a failure on the bot's side. `reference` identifies it in the log.
    pub fn failed(&self, reference: Option<&str>) -> Reply {
        self.simple("failed.md", &context! { reference => reference.map(str::to_owned) })
    }

    /// The line below an answer that somebody shared with the channel; `by` is the name to show.
    pub fn shared_by(&self, by: &str) -> Reply {
        self.simple("shared_by.md", &context! { by => values::shortened(by, 80) })
    }
}

fn listening(listening: &Listening, now: Timestamp) -> Value {
    let (kind, until, by) = match listening {
        Listening::Direct => ("direct", None, None),
        Listening::Unasked => ("unasked", None, None),
        Listening::Shadow => ("shadow", None, None),
        Listening::Asked => ("asked", None, None),
        Listening::Shared => ("shared", None, None),
        Listening::Muted { until, by } => ("muted", *until, by.as_deref()),
    };
    context! { kind, until => until.map(|until| time(until, now)), by => by.map(str::to_owned) }
}

fn team(key: &str, team: Option<&Team>) -> Value {
    let pair = |pair: Option<&(String, Option<String>)>| {
        pair.map(|(name, url)| context! { name => name.clone(), url => url.as_deref().and_then(links::safe) })
    };
    context! {
        key => key.to_owned(),
        name => team.and_then(|team| team.name.clone()).unwrap_or_else(|| key.to_owned()),
        chat => pair(team.and_then(|team| team.comm.as_ref())),
        pager => pair(team.and_then(|team| team.escalate.as_ref())),
        issues => team.and_then(|team| links::safe(team.issue.as_deref()?)),
        url => team.and_then(|team| links::safe(team.link.as_deref()?)),
    }
}

fn contact(contact: &Contact) -> Value {
    let kind = match contact.kind {
        ContactKind::Chat => "chat",
        ContactKind::Pager => "pager",
        ContactKind::Issues => "issues",
        ContactKind::Other => "other",
    };
    context! { kind, name => contact.name.clone(), when => contact.when.clone(), url => contact.url.as_deref().and_then(links::safe) }
}

fn of_source(source: &SourceFacts, now: Timestamp) -> Value {
    context! {
        id => source.id.clone(),
        documents => source.documents,
        is_git => source.kind == SourceKind::Git,
        version => source.version.as_ref().map(|(version, _)| version.clone()),
        at => source.version.as_ref().map(|(_, at)| time(*at, now)),
        fetched => source.fetched_at.map(|at| time(at, now)),
        problem => source.problem.as_deref().map(|why| values::shortened(why, 200)),
        held => source.held.as_ref().map(|(version, removed)| context! { version, removed }),
    }
}
