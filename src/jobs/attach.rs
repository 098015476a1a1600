//! Registered jobs that the steps of a runbook start, and the runbook's hints for their forms.

use serde::Serialize;

use super::{Job, JobId, Registry, Transform};
use crate::runbook::{Block, BlockKind, Inline, Library, Step, Target, TopicId, plain, runs, walk, walk_inlines};

/// Steps after a link that are searched for its form.
const BELOW: usize = 3;

/// A job attached to a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Attached {
    /// Number of the step as a person would give it: `2`, `2.1`; empty for an unnumbered one.
    pub number: String,
    /// Source line of the step, from 1.
    pub line: u32,
    /// The registered job.
    pub job: JobId,
    /// Values that the runbook says to write into the form.
    pub hints: Vec<Hint>,
}

/// A hint from a runbook, such as `TUGBOAT: <tugboat_name>, in kebab case`.
#[derive(Debug, Clone, PartialEq)]
pub struct Hint {
    /// The parameter.
    pub parameter: String,
    /// Value to write there.
    pub value: Written,
    /// Transforms to apply to the value.
    pub transform: Vec<Transform>,
}

/// Value of a hint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Written {
    /// A literal value.
    Constant(String),
    /// Name of the placeholder that is filled in, in lower snake case.
    Placeholder(String),
}

impl Registry {
    /// Lists the jobs that steps link to, in order, each with its first link.
    pub fn attached(&self, steps: &[Step]) -> Vec<Attached> {
        let mut found = Vec::new();
        self.attach(steps, &mut found);
        found
    }

    /// Lists the jobs at the steps of a topic, and those that its runbook names (without a step: line 0).
    pub fn attached_to(&self, library: &Library, topic: TopicId) -> Vec<Attached> {
        if self.jobs.is_empty() {
            return Vec::new();
        }
        let steps = library.topic(topic).map_or(&[][..], |topic| topic.steps.as_slice());
        let mut attached = self.attached(steps);
        let named = library.runbook(topic).map(|runbook| &runbook.front.signpost.jobs);
        for job in named.into_iter().flatten().filter_map(|job| self.job(job)) {
            if attached.iter().all(|other| other.job != job.id) {
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

    /// Returns true when a job has a parameter of this name, in any case.
    pub fn has_parameter(&self, name: &str) -> bool {
        let mut all = self.jobs.iter().flat_map(|job| &job.parameters);
        all.any(|parameter| parameter.name.eq_ignore_ascii_case(name))
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

    /// Returns the job that the step itself links to.
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

/// Reads the "fill in the form" list of a step, from its text or its sub-steps.
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

/// Parses ``NAME: `value` `` at the start of a paragraph, for a parameter of the job.
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

/// Converts a placeholder to lower snake case: `<Location ID>` → `location_id`.
fn snake(placeholder: &str) -> String {
    let words: Vec<String> = placeholder
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join("_")
}
