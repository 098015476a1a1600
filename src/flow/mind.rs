//! Thinking with runbooks: the command of the text, the match, the reply.

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::brain::{Answer, Brain, Question};
use super::{Error, Knowledge};
use crate::command::{self, Command, Resolution};
use crate::respond::{LinkTemplate, Options, Reply, Responder, Templates};
use crate::runbook::{Library, TopicId};
use crate::settings::Settings;
use crate::slack::blocks;
use crate::slack::sender::Body;

/// Answers from what the bot knows now.
#[derive(Debug)]
pub(super) struct Mind {
    knowledge: ArcSwap<Knowledge>,
    responder: Responder,
}

impl Mind {
    pub(super) fn new(settings: &Settings, knowledge: Knowledge) -> Result<Self, Error> {
        let overrides = settings.answers.templates().map(templates).transpose()?;
        let links = settings.links.iter();
        let options = Options {
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
        })
    }

    pub(super) fn runbooks(&self) -> usize {
        self.knowledge.load().library.runbooks.len()
    }

    /// What the bot knows now.
    pub(super) fn knowledge(&self) -> Arc<Knowledge> {
        self.knowledge.load_full()
    }

    /// Knows something else from now on. Answers that are being thought of end with what was known before.
    pub(super) fn learn(&self, knowledge: Knowledge) {
        self.knowledge.store(Arc::new(knowledge));
    }

    /// What is said to somebody who asked: always something.
    fn asked(&self, known: &Knowledge, library: &Library, question: &Question) -> (Reply, String) {
        if question.text.is_empty() && question.images {
            return (self.responder.images_not_read(), "images".to_owned());
        }
        match command::parse(&question.text) {
            Command::Help | Command::Empty => (self.responder.help(), "help".to_owned()),
            Command::HelpOn(command) => (self.responder.help_on(Some(&command)), "help".to_owned()),
            Command::Search(words) => {
                let outcome = known.index.search(&words);
                (
                    self.responder.search_results(library, &outcome, &words),
                    "search".to_owned(),
                )
            }
            Command::Show { runbook, section } => match command::resolve(library, &runbook, section.as_deref()) {
                Resolution::Found(topic) => (self.responder.show(library, topic), name(library, topic)),
                Resolution::Ambiguous(topics) => {
                    (self.responder.choose(library, &runbook, &topics), "choice".to_owned())
                }
                Resolution::Nothing => self.found(known, library, &question.text),
            },
            Command::Find(text) => self.found(known, library, &text),
            Command::Who(words) => {
                let whom = command::who(library, &words);
                (self.responder.who(library, &whom, &words), "who".to_owned())
            }
            Command::Typo { meant, text } => match self.found(known, library, &text) {
                (_, about) if about == "nothing" => (self.responder.typo(&meant), "typo".to_owned()),
                found => found,
            },
            // Answered where the channel and the bot's health are known.
            Command::Status | Command::Mute { .. } | Command::Unmute => self.found(known, library, &question.text),
        }
    }

    fn found(&self, known: &Knowledge, library: &Library, text: &str) -> (Reply, String) {
        let outcome = known.index.search(text);
        let about = outcome
            .matches
            .first()
            .map_or_else(|| "nothing".to_owned(), |best| name(library, best.topic));
        let reply = self.responder.answer(library, &outcome, true);
        (reply.unwrap_or_else(|| self.responder.nothing_found()), about)
    }
}

impl Brain for Mind {
    fn answer(&self, question: &Question) -> Option<Answer> {
        let known = self.knowledge.load();
        let (reply, about) = if question.asked {
            let without;
            let library = if question.stranger {
                without = known.library.without_contacts();
                &without
            } else {
                &known.library
            };
            self.asked(&known, library, question)
        } else {
            let outcome = known.index.find(&question.text);
            let about = name(&known.library, outcome.matches.first()?.topic);
            (self.responder.answer(&known.library, &outcome, false)?, about)
        };
        let messages = blocks::render(&reply).into_iter();
        let bodies = messages
            .map(|message| Body {
                text: message.text,
                blocks: message.blocks,
                ..Body::default()
            })
            .collect();
        Some(Answer { bodies, about })
    }
}

/// For the log: which runbook and section.
fn name(library: &Library, topic: TopicId) -> String {
    let path = library.runbook(topic).map_or("?", |runbook| runbook.path.as_str());
    match library.section(topic) {
        Some(section) if section.level > 0 => format!("{path} # {}", section.heading),
        _ => path.to_owned(),
    }
}

fn templates(folder: &Path) -> Result<Templates, Error> {
    let unreadable = |path: &Path, cause| Error::Templates {
        path: path.display().to_string(),
        cause,
    };
    let mut templates = Templates::new();
    for entry in std::fs::read_dir(folder).map_err(|cause| unreadable(folder, cause))? {
        let path = entry.map_err(|cause| unreadable(folder, cause))?.path();
        let is_labels = path.file_name().is_some_and(|name| name == "labels.toml");
        if !is_labels && path.extension().is_none_or(|extension| extension != "md") {
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
