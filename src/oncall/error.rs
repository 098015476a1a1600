//! Errors of the services, in sentences for people. Addresses and answers are left out: they may hold secrets.

use std::time::Duration;

use reqwest::StatusCode;

/// The reason why a service gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The service cannot be reached.
    #[error("{service} cannot be reached")]
    Unreachable {
        /// Name of the service.
        service: &'static str,
    },
    /// The service did not answer in time; a request may have reached it.
    #[error("{service} did not respond in time")]
    Timeout {
        /// Name of the service.
        service: &'static str,
    },
    /// The service does not accept the key.
    #[error("{service} rejected the key (HTTP {status}); check the token of this service in oncall.toml")]
    Unauthorised {
        /// Name of the service.
        service: &'static str,
        /// Status of the answer.
        status: u16,
    },
    /// The service does not know the schedule, or shows the repository to other keys only.
    #[error("{service} does not know {what}, or its key can't see it; check _data/teams.yml")]
    NotFound {
        /// Name of the service.
        service: &'static str,
        /// The schedule, policy or repository.
        what: String,
    },
    /// The repository has no issues.
    #[error("{service} has issues turned off for {what}; turn them on, or correct the link in _data/teams.yml")]
    NoIssues {
        /// Name of the service.
        service: &'static str,
        /// The repository.
        what: String,
    },
    /// The service has moved the repository.
    #[error("{service} has moved {what}; correct its address in _data/teams.yml")]
    Moved {
        /// Name of the service.
        service: &'static str,
        /// The repository.
        what: String,
    },
    /// The team file does not say which schedule.
    #[error("{service} has many schedules; name one with `schedule` in _data/teams.yml")]
    NoSchedule {
        /// Name of the service.
        service: &'static str,
    },
    /// The service limits requests.
    #[error("{service} is rate limiting requests; retry in {} s", .after.as_secs().max(1))]
    RateLimited {
        /// Name of the service.
        service: &'static str,
        /// Time to wait.
        after: Duration,
    },
    /// The service failed.
    #[error("{service} failed (HTTP {status})")]
    Server {
        /// Name of the service.
        service: &'static str,
        /// Status of the answer.
        status: u16,
    },
    /// The service refuses the request.
    #[error("{service} refused the request (HTTP {status})")]
    Refused {
        /// Name of the service.
        service: &'static str,
        /// Status of the answer.
        status: u16,
    },
    /// The answer is not one of this service.
    #[error("{service} returned {found}")]
    Odd {
        /// Name of the service.
        service: &'static str,
        /// The content of the answer, in a few words.
        found: String,
    },
}

impl Error {
    /// Returns true when the same request may succeed later.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::Timeout { .. } | Self::RateLimited { .. } | Self::Server { .. }
        )
    }

    /// The class of the error, for metrics and the audit.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::Timeout { .. } => "timeout",
            Self::Unauthorised { .. } => "unauthorised",
            Self::NotFound { .. } => "not-found",
            Self::NoIssues { .. } => "no-issues",
            Self::Moved { .. } => "moved",
            Self::NoSchedule { .. } => "no-schedule",
            Self::RateLimited { .. } => "rate-limited",
            Self::Server { .. } => "server",
            Self::Refused { .. } => "refused",
            Self::Odd { .. } => "odd",
        }
    }

    /// The error of a request that got no answer.
    pub(super) fn of_transport(service: &'static str, cause: &reqwest::Error) -> Self {
        if cause.is_timeout() && !cause.is_connect() {
            return Self::Timeout { service };
        }
        Self::Unreachable { service }
    }

    /// The error of an answer with this status. `what` was asked for.
    pub(super) fn of_status(service: &'static str, status: StatusCode, after: Option<Duration>, what: &str) -> Self {
        let code = status.as_u16();
        match code {
            401 | 403 => Self::Unauthorised { service, status: code },
            301 | 302 | 307 | 308 if !what.is_empty() => Self::Moved {
                service,
                what: what.to_owned(),
            },
            410 if !what.is_empty() => Self::NoIssues {
                service,
                what: what.to_owned(),
            },
            404 if !what.is_empty() => Self::NotFound {
                service,
                what: what.to_owned(),
            },
            429 => Self::RateLimited {
                service,
                after: after.unwrap_or(Duration::from_secs(30)),
            },
            408 | 500..=599 => Self::Server { service, status: code },
            _ => Self::Refused { service, status: code },
        }
    }
}
