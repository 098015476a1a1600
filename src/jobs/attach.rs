//! Which steps of a runbook start a registered job, and what the runbook says to write into its form.

use serde::Serialize;

use super::{Job, JobId, Registry, Transform};
use crate::runbook::{Block, BlockKind, Inline, Step, Target, plain, runs, walk, walk_inlines};

/// So many steps below a link are searched for its form.
const BELOW: usize = 3;

/// A job at a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Attached {
    /// The step as a person would call it: `2`, `2.1`; empty for an unnumbered one.
    pub number: String,
    /// Its source line, from 1.
    pub line: u32,
    /// The job.
    pub job: JobId,
    /// What the runbook says to write into the form.
    pub hints: Vec<Hint>,
}

/// `TUGBOAT: <tugboat_name>, in kebab case` of a runbook.
#[derive(Debug, Clone, PartialEq)]
pub struct Hint {
    /// The parameter.
    pub parameter: String,
    /// What to write there.
    pub value: Written,
    /// How to rewrite it.
    pub transform: Vec<Transform>,
}

/// What a runbook says to write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Written {
    /// This.
    Constant(String),
    /// What fills the placeholder, in lower snake case.
    Placeholder(String),
}

impl Registry {
    /// The jobs that steps link to, in order; of each the first link.
    pub fn attached(&self, steps: &[Step]) -> Vec<Attached> {
        let mut found = Vec::new();
        self.attach(steps, &mut found);
        found
    }

    fn attach(&self, steps: &[Step], found: &mut Vec<Attached>) {
        for (at, step) in steps.iter().enumerate() {
            if let Some(job) = self.job_of(step)
                && found.iter().all(|other| other.job != job.id)
            {
                let below = steps.iter().skip(at).take(BELOW + 1).enumerate();
                let own = below.take_while(|(after, step)| *after == 0 || self.job_of(step).is_none());
                let hints = own.map(|(_, step)| hints(job, step)).find(|hints| !hints.is_empty());
                found.push(Attached {
                    number: step.number.clone(),
                    line: step.line,
                    job: job.id.clone(),
                    hints: hints.unwrap_or_default(),
                });
            }
            self.attach(&step.steps, found);
        }
    }

    /// The job that a step links to, itself.
    fn job_of(&self, step: &Step) -> Option<&Job> {
        let mut found = None;
        walk(&step.blocks, &mut |block| {
            runs(block, &mut |inlines| {
                walk_inlines(inlines, &mut |inline| {
                    if let Inline::Link {
                        target: Target::Url(url),
                        ..
                    } = inline
                        && found.is_none()
                    {
                        found = self.linked(url).and_then(|id| self.job(&id.0));
                    }
                });
            });
        });
        found
    }
}

/// The "fill in the form" list of a step, in its text or in its sub-steps.
pub fn hints(job: &Job, step: &Step) -> Vec<Hint> {
    let mut found: Vec<Hint> = Vec::new();
    let mut take = |blocks: &[Block]| {
        walk(blocks, &mut |block| {
            if let BlockKind::Paragraph(inlines) = &block.kind
                && let Some(hint) = hint(job, inlines)
                && found.iter().all(|other| other.parameter != hint.parameter)
            {
                found.push(hint);
            }
        });
    };
    take(&step.blocks);
    for sub in &step.steps {
        take(&sub.blocks);
    }
    found
}

/// `NAME: `value`` at the start of a line, for a parameter of the job.
fn hint(job: &Job, inlines: &[Inline]) -> Option<Hint> {
    let text = plain(inlines);
    let (name, rest) = text.split_once([':', '='])?;
    let name = name.trim().trim_matches(['`', '*', '"']);
    let parameter = job
        .parameters
        .iter()
        .find(|parameter| parameter.name.eq_ignore_ascii_case(name))?;
    let code = inlines.iter().find_map(|inline| match inline {
        Inline::Code(code) if code.trim() != name => Some(code.trim()),
        _ => None,
    });
    let value = code.unwrap_or_else(|| rest.split([',', ';']).next().unwrap_or_default().trim());
    let placeholder = ['<', '{', '$', '[']
        .into_iter()
        .any(|mark| value.starts_with(mark))
        .then(|| snake(value));
    let value = match placeholder {
        Some(name) if name.is_empty() => return None,
        Some(name) => Written::Placeholder(name),
        None if value.is_empty() => return None,
        None => Written::Constant(value.to_owned()),
    };
    let rest = rest.to_lowercase();
    let kebab = rest.contains("kebab case") || rest.contains("kebab-case");
    Some(Hint {
        parameter: parameter.name.clone(),
        value,
        transform: kebab.then_some(Transform::KebabCase).into_iter().collect(),
    })
}

/// `<Location ID>` → `location_id`.
fn snake(placeholder: &str) -> String {
    let words: Vec<String> = placeholder
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join("_")
}
