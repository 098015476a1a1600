//! Shadow answers as the owners see them: what would have been answered, with buttons to judge it.

use minijinja::{Value, context};

use super::act::CardAction;
use super::answer::Responder;
use super::buttons::{button, button_row, keep_buttons};
use super::excerpt::QUOTED_LINE;
use super::markdown::block;
use super::pieces::Pieces;
use super::{Reply, links, values};
use crate::runbook::{BlockKind, Library, Target, TopicId};

/// The facts of a shadow answer.
#[derive(Debug, Clone, Default)]
pub struct ShadowNote<'a> {
    /// Id of the message, for the buttons.
    pub message: &'a str,
    /// Name of the channel, as shown to people.
    pub channel: &'a str,
    /// Link to the message.
    pub url: Option<&'a str>,
    /// The topic; `None` when the runbooks no longer hold it.
    pub topic: Option<TopicId>,
    /// Name of the topic in case the runbooks no longer hold it.
    pub named: &'a str,
    /// Confidence of the match, from 0 to 1.
    pub confidence: f64,
    /// The line of the message by which it was recognised, redacted.
    pub evidence: &'a str,
    /// The verdict as an action, with the person who gave it and the time.
    pub verdict: Option<(CardAction, (String, String))>,
}

impl Responder {
    /// Shows the owners what would have been answered.
    pub fn shadow(&self, library: &Library, note: &ShadowNote<'_>) -> Reply {
        let labels = &self.labels.buttons;
        let choices = [
            (CardAction::JudgeRight, &labels.judge_right),
            (CardAction::JudgeWrong, &labels.judge_wrong),
            (CardAction::JudgeSilent, &labels.judge_silent),
        ];
        let given = note.verdict.as_ref();
        let is_given = |act: &CardAction| given.is_some_and(|(verdict, _)| verdict == act);
        let verdict = choices.iter().find(|(act, _)| is_given(act)).map(|(_, label)| *label);
        let others = choices.iter().enumerate().filter(|(_, (act, _))| !is_given(act));
        let row = others.map(|(at, (act, label))| button(note.message, act.clone(), label, at));
        let mut pieces = Pieces::default();
        let quoted = block(BlockKind::Code {
            lang: String::new(),
            text: values::shortened(note.evidence, QUOTED_LINE),
        });
        let values = context! {
            channel => note.channel,
            url => note.url.and_then(links::safe),
            percent => (note.confidence.clamp(0.0, 1.0) * 100.0).round() as u32,
            quoted => if note.evidence.trim().is_empty() { Value::from("") } else { pieces.put(vec![quoted]) },
            verdict => verdict.cloned(),
            by => given.map(|(_, (by, _))| by.clone()),
            when => given.map(|(_, (_, when))| when.clone()),
            buttons => pieces.put(button_row(row.collect())),
            ..self.shadow_topic(library, note)
        };
        keep_buttons(self.reply("shadow.md", &values, &pieces, None))
    }

    /// Template values of the topic: `runbook › section`, and where it is published.
    fn shadow_topic(&self, library: &Library, note: &ShadowNote<'_>) -> Value {
        let Some((id, runbook)) = note.topic.and_then(|id| Some((id, library.runbook(id)?))) else {
            return context! { topic => note.named, topic_url => None::<String> };
        };
        let base_url = self.options.base_url.as_deref();
        let section = library.section(id).filter(|_| id.section != 0);
        let topic = match section {
            Some(section) => format!("{} › {}", runbook.title, section.heading),
            None => runbook.title.clone(),
        };
        let own = section.and_then(|_| links::resolve(&Target::Section(id.section), runbook, base_url));
        context! { topic, topic_url => own.or_else(|| links::full(runbook, base_url)) }
    }

    /// Refuses the verdict of somebody from another organisation.
    pub fn shadow_refused(&self) -> Reply {
        self.simple("shadow_refused.md", &context! {})
    }
}
