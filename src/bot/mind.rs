//! The knowledge, which is swapped as a whole, and the templates of the replies.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::{Error, Knowledge};
use crate::bot::cases::{Actor, Case, CaseStatus, TopicRef};
use crate::jobs::attach::{Attached, Written};
use crate::jobs::{ParameterSource, Registry};
use crate::matching::{Match, Outcome, SignatureKind};
use crate::respond::{Card, CardJob, LinkTemplate, Reply, Responder, ResponderOptions, Templates};
use crate::runbook::{Level, Library, TopicId};
use crate::settings::Settings;
use crate::slack::blocks;
use crate::slack::sender::Body;

/// Maximum number of near misses that are offered with a button.
const NEAR: usize = 3;

/// Builds answers from the current knowledge.
#[derive(Debug)]
pub(super) struct Mind {
    knowledge: ArcSwap<Knowledge>,
    responder: Responder,
    /// The registered jobs.
    registry: Registry,
    /// The reason why the last reload of the runbooks failed; the old ones are used.
    reload_failed: Mutex<Option<String>>,
}

impl Mind {
    pub(super) fn new(settings: &Settings, knowledge: Knowledge) -> Result<Self, Error> {
        let overrides = settings.answers.templates().map(templates).transpose()?;
        let links = settings.links.iter();
        let options = ResponderOptions {
            base_url: settings.runbooks.base_url().map(str::to_owned),
            links: links
                .map(|link| LinkTemplate {
                    title: link.title.clone(),
                    url: link.url.clone(),
                })
                .collect(),
        };
        let responder = Responder::new(overrides.as_ref(), options)?;
        Ok(Self {
            knowledge: ArcSwap::from_pointee(knowledge),
            responder,
            registry: settings.jobs.registry.clone(),
            reload_failed: Mutex::new(None),
        })
    }

    /// The registered jobs.
    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }

    pub(super) fn runbooks(&self) -> usize {
        self.knowledge.load().library.runbooks.len()
    }

    /// The number of errors in the runbook folder.
    pub(super) fn errors(&self) -> usize {
        let known = self.knowledge.load();
        let found = known.library.diagnostics.iter();
        found.filter(|found| found.level == Level::Error).count()
    }

    /// The current knowledge.
    pub(super) fn knowledge(&self) -> Arc<Knowledge> {
        self.knowledge.load_full()
    }

    /// Swaps the knowledge. Answers in preparation are finished with the old one.
    pub(super) fn learn(&self, knowledge: Knowledge) {
        self.knowledge.store(Arc::new(knowledge));
        self.reload_fails(None);
    }

    /// Sets the reason why a reload failed; `None` clears it.
    pub(super) fn reload_fails(&self, why: Option<String>) {
        *self.reload_failed.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    pub(super) fn reload_failed(&self) -> Option<String> {
        self.reload_failed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The templates of the replies.
    pub(super) fn responder(&self) -> &Responder {
        &self.responder
    }

    /// Records the matches in a case: the best one leads, the others are listed. Returns false when there is none.
    pub(super) fn take_up(library: &Library, case: &mut Case, outcome: &Outcome) -> bool {
        let places = |list: &[Match]| -> Vec<TopicRef> {
            list.iter()
                .filter_map(|other| TopicRef::of(library, other.topic))
                .collect()
        };
        case.near = places(outcome.near.get(..NEAR).unwrap_or(&outcome.near));
        let Some(best) = outcome.matches.first() else {
            case.others.clear();
            return false;
        };
        case.others = places(outcome.matches.get(1..).unwrap_or_default());
        case.recognise(library, best);
        true
    }

    /// Finds other topics for a case whose runbook was of no use: the near misses, and the results of a search for the
    /// same words.
    pub(super) fn offer(known: &Knowledge, case: &mut Case) {
        let tried = |place: &TopicRef, case: &Case| {
            let runbook = |other: &Option<TopicRef>| other.as_ref().is_some_and(|other| other.runbook == place.runbook);
            runbook(&case.place) || runbook(&case.found)
        };
        let mut near: Vec<TopicRef> = case.near.iter().filter(|place| !tried(place, case)).cloned().collect();
        if near.len() < NEAR {
            let outcome = known.index.search(&case.text());
            let more = outcome.matches.iter().chain(&outcome.near);
            for place in more.filter_map(|other| TopicRef::of(&known.library, other.topic)) {
                if near.len() < NEAR && !tried(&place, case) && !near.contains(&place) {
                    near.push(place);
                }
            }
        }
        case.near = near;
    }

    /// The match that led to the topic of a case; `None` when people chose the topic.
    pub(super) fn matched(library: &Library, case: &Case) -> Option<Match> {
        let topic = case.place.as_ref()?.find(library)?;
        let also = case.also.iter().filter_map(|place| place.find(library)).collect();
        (case.place == case.found && !case.evidence.is_empty()).then(|| Match {
            topic,
            confidence: 1.0,
            answered: true,
            evidence: case
                .evidence
                .iter()
                .map(crate::bot::cases::EvidenceLine::evidence)
                .collect(),
            captures: case.captures.clone(),
            also,
        })
    }

    /// The title of a topic.
    pub(super) fn title(known: &Knowledge, place: &TopicRef) -> String {
        let runbook = || place.find(&known.library).and_then(|id| known.library.runbook(id));
        let title = || runbook().map(|runbook| runbook.title.clone());
        place
            .section
            .clone()
            .or_else(title)
            .unwrap_or_else(|| place.runbook.clone())
    }

    /// The jobs at the steps of a topic, and those that its runbook names (without a step: line 0).
    pub(super) fn attached(&self, library: &Library, place: &TopicRef) -> Vec<Attached> {
        let Some(id) = place.find(library).filter(|_| !self.registry.jobs.is_empty()) else {
            return Vec::new();
        };
        let steps = library.topic(id).map_or(&[][..], |topic| topic.steps.as_slice());
        let mut attached = self.registry.attached(steps);
        let named = library.runbook(id).map(|runbook| &runbook.front.signpost.jobs);
        for job in named.into_iter().flatten() {
            if let Some(job) = self.registry.job(job)
                && attached.iter().all(|other| other.job != job.id)
            {
                attached.push(Attached {
                    number: String::new(),
                    line: 0,
                    job: job.id.clone(),
                    hints: Vec::new(),
                });
            }
        }
        attached
    }

    /// Tells whether a match rests on nothing but words and names of job parameters.
    pub(super) fn names_parameters(&self, found: &Match) -> bool {
        let is_name = |word: &str| {
            let mut all = self.registry.jobs.iter().flat_map(|job| &job.parameters);
            all.any(|parameter| parameter.name.eq_ignore_ascii_case(word))
        };
        let mut told = found
            .evidence
            .iter()
            .filter(|evidence| evidence.kind != SignatureKind::Words)
            .peekable();
        told.peek().is_some() && told.all(|evidence| is_name(&evidence.signature))
    }

    /// Returns true when one of these captured values goes into the form of a job that a topic offers in a channel.
    pub(super) fn asks_for(&self, library: &Library, topic: TopicId, channel: &str, names: &[&str]) -> bool {
        let Some(place) = TopicRef::of(library, topic).filter(|_| !names.is_empty()) else {
            return false;
        };
        self.attached(library, &place).iter().any(|at| {
            let job = self
                .registry
                .job(&at.job.0)
                .filter(|job| job.channels.iter().any(|id| id == channel));
            let sources = job
                .into_iter()
                .flat_map(|job| &job.parameters)
                .flat_map(|parameter| &parameter.from);
            let from_paste = sources.filter_map(|source| match source {
                ParameterSource::Capture(name) => Some(name.as_str()),
                _ => None,
            });
            let from_hints = at.hints.iter().filter_map(|hint| match &hint.value {
                Written::Placeholder(name) => Some(name.as_str()),
                Written::Constant(_) => None,
            });
            let mut wanted = from_paste.chain(from_hints);
            wanted.any(|name| names.contains(&name))
        })
    }

    /// The jobs that a card offers; none where they may not be run.
    fn offered(&self, library: &Library, case: &Case) -> Vec<CardJob> {
        let Some(place) = case.place.as_ref().filter(|_| !case.external) else {
            return Vec::new();
        };
        let attached = self.attached(library, place).into_iter();
        let offered = attached.filter_map(|at| {
            let job = self.registry.job(&at.job.0)?;
            job.channels.contains(&case.channel).then(|| CardJob {
                job: at.job.0,
                title: job.shown().to_owned(),
                line: at.line,
            })
        });
        offered.collect()
    }

    /// The message of a case.
    pub(super) fn show(&self, known: &Knowledge, case: &Case) -> Body {
        let without;
        let library = if case.external {
            without = known.library.without_contacts();
            &without
        } else {
            &known.library
        };
        let find =
            |places: &[TopicRef]| -> Vec<TopicId> { places.iter().filter_map(|place| place.find(library)).collect() };
        let topic = case.place.as_ref().and_then(|place| place.find(library));
        let matched = Self::matched(library, case);
        let done: BTreeMap<String, (String, String)> = case
            .done_here()
            .into_iter()
            .map(|(step, mark)| (step, told(&mark)))
            .collect();
        let (choices, others) = (find(&case.near), find(&case.others));
        let choices: Vec<TopicId> = choices.into_iter().filter(|choice| Some(*choice) != topic).collect();
        let gone = case.place.is_some() && topic.is_none();
        let card = Card {
            case: &case.id,
            topic,
            matched: matched.as_ref(),
            others: &others,
            asked: case.asked,
            at: case.at,
            done,
            standing: if gone { "choosing" } else { case.standing.name() },
            mark: case.mark.as_ref().filter(|_| !gone).map(told),
            came_from: case.trail.last().and_then(|place| place.find(library)),
            choices: &choices,
            why: match case.standing {
                _ if gone => "gone",
                CaseStatus::Withdrawn => "withdrawn",
                CaseStatus::Choosing if case.mark.is_some() => "wrong",
                _ => &case.why,
            },
            words: &case.words,
            private: case.post.is_none(),
            external: case.external,
            jobs: self.offered(library, case),
        };
        body(&self.responder.card(library, &card))
    }
}

/// Keeps the matches that reach a channel's threshold: the index applies only the lowest threshold of all.
pub(super) fn confident(mut outcome: Outcome, threshold: f32) -> Outcome {
    let (sure, unsure): (Vec<Match>, Vec<Match>) = outcome
        .matches
        .into_iter()
        .partition(|found| found.confidence >= threshold);
    outcome.matches = sure;
    outcome.near.splice(0..0, unsure);
    outcome
}

/// Renders a reply as a single message.
pub(super) fn body(reply: &Reply) -> Body {
    let message = blocks::render_one(reply);
    Body {
        text: message.text,
        blocks: message.blocks,
        ..Body::default()
    }
    .safe()
}

/// The person's name and the time of their action, for people to read.
pub(super) fn told(mark: &Actor) -> (String, String) {
    (mark.name.clone(), mark.at.strftime("%-d %b %H:%M UTC").to_string())
}

/// The name of a runbook and section for the log.
pub(super) fn name(library: &Library, topic: TopicId) -> String {
    TopicRef::of(library, topic).map_or_else(|| "?".to_owned(), |place| place.name())
}

fn templates(folder: &Path) -> Result<Templates, Error> {
    let unreadable = |path: &Path, cause| Error::Templates {
        path: path.display().to_string(),
        cause,
    };
    let mut templates = Templates::new();
    for entry in std::fs::read_dir(folder).map_err(|cause| unreadable(folder, cause))? {
        let path = entry.map_err(|cause| unreadable(folder, cause))?.path();
        if path
            .extension()
            .is_none_or(|extension| extension != "md" && extension != "toml")
        {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(|cause| unreadable(&path, cause))?;
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        templates.insert(name, text);
    }
    Ok(templates)
}
