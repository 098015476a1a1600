//! Secrecy of a run's values: secret ones are kept in memory only, and masked in all that is shown.

use super::Runner;
use super::run::Run;
use crate::jobs::masks::Masks;
use crate::jobs::{Job, JobDefinition, parameters};
use crate::redact::redact;

/// Returns true when a value is kept in memory only. Until Jenkins has said which parameters are passwords, any typed
/// value may be one: only values that can be chosen, or stand in the registry, are not.
pub(super) fn is_hidden(job: &Job, definition: Option<&JobDefinition>, name: &str, value: &str) -> bool {
    let is_registered = job.parameter(name).is_some_and(|parameter| {
        parameter.default.as_deref() == Some(value) || parameter.choices.iter().any(|choice| choice == value)
    });
    parameters::is_secret(job, definition, name)
        || definition.is_none() && !is_registered
        // Also in base64: a value that is masked must not be saved either.
        || Masks::default().mask(value) != value
        || !redact(&format!("{name}: {value}")).contains(value)
}

impl Runner {
    /// Moves values that were hidden as a precaution to the plain ones, once Jenkins has said which parameters are
    /// passwords.
    pub(super) fn reveal(&self, job: &Job, definition: &JobDefinition, run: &mut Run) {
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

    /// The masks for everything that Jenkins says about a run. `None` when the bot was restarted since it was given the
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
