//! Triggers, which start a job at most once, whatever the answer.

use std::collections::BTreeMap;

use reqwest::StatusCode;

use super::request::PostResponse;
use super::{Client, Error};
use crate::jobs::{JobDefinition, JobPath};

/// Outcome of a trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Triggered {
    /// The request waits in the queue.
    Queued {
        /// Number of the queue item.
        queue_id: u64,
    },
    /// A request with the same parameters was waiting already: both get the same build.
    Joined {
        /// Number of the queue item.
        queue_id: u64,
    },
    /// The job was certainly not started.
    Refused(Error),
    /// The job may have been started: look it up before saying anything, and never trigger again.
    Unknown(Error),
}

impl Client {
    /// Starts a job. The definition determines the endpoint: Jenkins answers the wrong one with an error.
    pub async fn trigger(
        &self,
        job: &JobPath,
        definition: &JobDefinition,
        parameters: &BTreeMap<String, String>,
    ) -> Triggered {
        let with_parameters = !definition.parameters.is_empty();
        let page = if with_parameters {
            "buildWithParameters"
        } else {
            "build"
        };
        let form: Vec<(&str, &str)> = parameters
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        // Sent in the body: query strings end up in access logs.
        match self.post(&self.job(job, &[page]), &form).await {
            Ok(answer) => self.read_trigger(job, &answer, with_parameters),
            // Without a connection nothing was sent.
            Err(error @ Error::Unreachable { .. }) => Triggered::Refused(error),
            Err(error) => Triggered::Unknown(error),
        }
    }

    fn read_trigger(&self, job: &JobPath, answer: &PostResponse, with_parameters: bool) -> Triggered {
        let queue_id = answer.location().and_then(queue_id);
        let says = |word: &str| answer.page.contains(word);
        let refused = match (answer.status, queue_id) {
            (StatusCode::SEE_OTHER, Some(queue_id)) => return Triggered::Joined { queue_id },
            (StatusCode::CREATED | StatusCode::FOUND, Some(queue_id)) => return Triggered::Queued { queue_id },
            (StatusCode::CREATED | StatusCode::SEE_OTHER, None) => return Triggered::Unknown(Error::NoQueueId),
            (status, _) if status.is_redirection() => self.redirected(job, answer),
            (StatusCode::OK, _) if answer.is_html() && !answer.is_jenkins() => self.not_jenkins(),
            (status, _) if status.is_success() => return Triggered::Unknown(Error::NoQueueId),
            (StatusCode::BAD_REQUEST, _) if with_parameters => Error::NoParameters,
            (StatusCode::BAD_REQUEST, _) => Error::ParametersNeeded,
            (StatusCode::FORBIDDEN, _) if says("crumb") => Error::CrumbNeeded,
            (StatusCode::INTERNAL_SERVER_ERROR, _) if says("is not parameterized") => Error::NoParameters,
            (StatusCode::INTERNAL_SERVER_ERROR, _) if says("Illegal choice") => Error::BadChoice,
            // Jenkins' own 503 is sent before it looks at the request; a proxy's may hide anything.
            (StatusCode::SERVICE_UNAVAILABLE, _) if says("getting ready to work") || says("Jenkins is restarting") => {
                Error::Starting
            }
            (status, _) if status.is_server_error() => {
                let status = status.as_u16();
                return Triggered::Unknown(Error::Server { status });
            }
            (status, _) => Error::of_status(status, answer.permission()),
        };
        Triggered::Refused(refused)
    }

    /// Returns the error for a redirect that does not lead to the queue.
    fn redirected(&self, job: &JobPath, answer: &PostResponse) -> Error {
        let Some(to) = answer.location().and_then(|to| self.base.join(to).ok()) else {
            return self.not_jenkins();
        };
        if to.path().trim_end_matches('/') == self.job_page(job).path().trim_end_matches('/') {
            return Error::Vetoed;
        }
        let login = to.path().ends_with("/login") || to.path().contains("/securityRealm/");
        if login && to.host_str() == self.base.host_str() {
            return Error::Forbidden;
        }
        self.not_jenkins()
    }
}

/// Extracts N from `…/queue/item/N/`. Nothing else of the address is used.
fn queue_id(location: &str) -> Option<u64> {
    let (_, rest) = location.rsplit_once("/queue/item/")?;
    rest.trim_end_matches('/').parse().ok()
}
