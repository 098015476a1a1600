//! What is not to be seen of a run: secret values are kept in memory only, and taken out of whatever is shown.

use super::Runner;
use super::run::Run;
use crate::jobs::masks::Masks;
use crate::jobs::{Definition, Job, parameters};
use crate::redact::redact;

/// Whether a value is kept in memory only. Until Jenkins has said which parameters are passwords, what somebody typed may
/// be one: only what can be chosen, or stands in the registry, is not.
pub(super) fn is_hidden(job: &Job, definition: Option<&Definition>, name: &str, value: &str) -> bool {
    let is_registered = job.parameter(name).is_some_and(|parameter| {
        parameter.default.as_deref() == Some(value) || parameter.choices.iter().any(|choice| choice == value)
    });
    parameters::is_secret(job, definition, name)
        || definition.is_none() && !is_registered
        // Also in base64: what is not shown must not be kept either.
        || Masks::default().mask(value) != value
        || !redact(&format!("{name}: {value}")).contains(value)
}

impl Runner {
    /// Jenkins has said what the job takes: what was hidden to be on the safe side need not be.
    pub(super) fn reveal(&self, job: &Job, definition: &Definition, run: &mut Run) {
        let Some(values) = self.values(run) else { return };
        let parameters = &mut run.parameters;
        run.secrets.retain(|name| {
            let plain = values
                .get(name)
                .filter(|value| !is_hidden(job, Some(definition), name, value));
            if let Some(value) = plain {
                parameters.insert(name.clone(), value.clone());
            }
            plain.is_none()
        });
    }

    /// What is to be taken out of everything that Jenkins says about a run. `None` when the bot ended since it was told the
    /// secret values: then nothing that may hold them is shown.
    pub(super) fn masks(&self, job: &Job, run: &Run) -> Option<Masks> {
        let values = self.values(run)?;
        let mut masks = parameters::masks(job, self.memory.definition(&job.id).as_ref(), &values);
        for name in &run.secrets {
            masks.hide(values.get(name).map_or("", String::as_str));
        }
        Some(masks)
    }
}
