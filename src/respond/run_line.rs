//! Runs in a list, in the `jobs` reply and on the Home tab.

use jiff::Timestamp;
use minijinja::value::Serde;
use minijinja::{Value, context};

use super::run::RunStage;
use super::time::time;
use super::{links, values};

/// A run in a list. Holds no secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunLine {
    /// The job's title.
    pub title: String,
    /// The stage of the run.
    pub stage: RunStage,
    /// Result of its build, as Jenkins names it.
    pub result: Option<String>,
    /// The person who asked for it.
    pub by: String,
    /// Time of the request.
    pub at: Timestamp,
    /// Link to the run.
    pub url: Option<String>,
}

impl RunLine {
    /// Template values of the run.
    pub(super) fn values(&self, now: Timestamp) -> Value {
        context! {
            title => values::shortened(&self.title, 120),
            stage => Value::from(Serde(&self.stage)),
            result => self.result.clone(),
            by => values::shortened(&self.by, 80),
            when => time(self.at, now),
            url => self.url.as_deref().and_then(links::safe),
            is_over => self.stage.is_over(),
        }
    }
}
