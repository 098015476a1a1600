//! Thinking with runbooks: the command of the text, the match, the reply.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::Knowledge;
use super::brain::{Answer, Brain, Question};
use crate::settings::Settings;
use crate::slack::sender::Body;

/// Answers from what the bot knows now.
#[derive(Debug)]
pub(super) struct Mind {
    knowledge: ArcSwap<Knowledge>,
}

impl Mind {
    pub(super) fn new(_settings: &Settings, knowledge: Knowledge) -> Self {
        Self {
            knowledge: ArcSwap::from_pointee(knowledge),
        }
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
}

impl Brain for Mind {
    fn answer(&self, question: &Question) -> Option<Answer> {
        let known = self.knowledge.load();
        let outcome = if question.asked {
            known.index.search(&question.text)
        } else {
            known.index.find(&question.text)
        };
        let best = outcome.best().filter(|best| best.answered || question.asked)?;
        let runbook = known.library.runbook(best.topic)?;
        let body = Body {
            text: runbook.title.clone(),
            blocks: Vec::new(),
        };
        Some(Answer {
            bodies: vec![body],
            about: runbook.path.clone(),
        })
    }
}
