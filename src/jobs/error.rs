//! Problems in the registry and in checks.

/// Something in the registry, or in a runbook's checks, that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` {problem}; {remedy}")]
pub struct Problem {
    /// The key, with the ids of the entries around it: `jobs[get-info].parameters[TUGBOAT].pattern`.
    pub key: String,
    /// Description of the problem, with the value.
    pub problem: String,
    /// Remedy for the author.
    pub remedy: String,
}

impl Problem {
    pub(super) fn new(key: impl Into<String>, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }
}
