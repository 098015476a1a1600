//! Registered Jenkins jobs: who may run them, with which parameters, and what their artifacts mean. Pure.
//!
//! [`Registry`] is `config/jobs.toml`; a job that is not in it is never run. [`Registry::linked`] and
//! [`Registry::attached`] find the jobs that a runbook's own links start, [`parameters`] fills and checks the form,
//! [`checks`] reads what the run left behind and [`checks::verdict`] says where to go on, if anything can be said at all.

pub mod arguments;
pub mod attach;
pub mod checks;
pub mod consistency;
pub mod definition;
mod denied;
mod error;
mod expected;
pub mod links;
pub mod log;
pub mod masks;
mod names;
pub mod parameters;
mod pattern;
mod pick;
mod registry;
pub mod schema;
mod transform;
mod unpack;
mod validate;

pub use definition::{BuildResult, Declared, JobDefinition, Kind};
pub use denied::Denied;
pub use error::Problem;
pub use expected::{Known, Lookup, Values};
pub use names::Named;
pub use pattern::ValuePattern;
pub use pick::{Path, Pick};
pub use registry::{Base, Jenkins, JenkinsId, Job, JobId, JobPath, Parameter, ParameterSource, Registry};
pub use transform::Transform;
