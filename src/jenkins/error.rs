//! The ways in which Jenkins says no, each its own class.

use reqwest::StatusCode;

/// Why Jenkins did not do it. None of them holds a token, a parameter or an address with a query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A login page, a proxy's page: no API.
    #[error(
        "this is not the Jenkins API: {host} answered with a web page; check `url`, and whether a login stands before it"
    )]
    NotJenkins {
        /// Who answered.
        host: String,
    },
    /// 401.
    #[error("Jenkins does not take the user's API token")]
    BadCredentials,
    /// 403 without a named permission: it took us for nobody.
    #[error("Jenkins refuses: it does not know who asks, or lets that user see nothing")]
    Forbidden,
    /// 403 with `X-Required-Permission`.
    #[error("the Jenkins user lacks the permission {permission}")]
    NoPermission {
        /// Which.
        permission: String,
    },
    /// 403 that speaks of a crumb.
    #[error("Jenkins asks for a crumb, as it does for passwords: use an API token")]
    CrumbNeeded,
    /// 404: it is not there, or the user may not even see it.
    #[error("Jenkins does not have it, or does not show it to this user")]
    NotFound,
    /// 409.
    #[error("the job is disabled or cannot be built now")]
    NotBuildable,
    /// 400 to `buildWithParameters`.
    #[error("the job has no parameters")]
    NoParameters,
    /// 400 to `build`.
    #[error("the job has parameters, and none were sent")]
    ParametersNeeded,
    /// 500 that names a choice.
    #[error("Jenkins does not take one of the choices")]
    BadChoice,
    /// 302 to the job's page.
    #[error("something in Jenkins refused to put the job into the queue")]
    Vetoed,
    /// 503 of its own.
    #[error("Jenkins is starting or restarting")]
    Starting,
    /// 405.
    #[error("Jenkins does not take this kind of request; check `url`")]
    Method,
    /// 429, or a proxy's like.
    #[error("Jenkins, or what stands before it, asks to wait")]
    Busy,
    /// Another 4xx or an answer out of place.
    #[error("Jenkins answers with HTTP {status}, which has no meaning here")]
    Odd {
        /// Its status.
        status: u16,
    },
    /// Another 5xx.
    #[error("Jenkins failed (HTTP {status})")]
    Server {
        /// Its status.
        status: u16,
    },
    /// It said that it queued the build, but not where.
    #[error("Jenkins took the request but does not say where it queued it")]
    NoQueueId,
    /// No connection: nothing was sent.
    #[error("Jenkins cannot be reached: {why}")]
    Unreachable {
        /// Why.
        why: String,
    },
    /// No answer in time.
    #[error("Jenkins did not answer in time")]
    TimedOut,
    /// The connection broke.
    #[error("the connection to Jenkins broke: {why}")]
    Broken {
        /// Why.
        why: String,
    },
    /// Its answer cannot be read.
    #[error("the answer of Jenkins cannot be read: {why}")]
    Unreadable {
        /// Why.
        why: String,
    },
    /// More than we read.
    #[error("is larger than {} KiB", .most / 1024)]
    TooLarge {
        /// What is read at most, in bytes.
        most: usize,
    },
    /// A redirect to a host that is not on the list.
    #[error("is kept at {host}, which `artifact_hosts` does not list")]
    Elsewhere {
        /// The host.
        host: String,
    },
    /// From one address to the next.
    #[error("is kept behind too many redirects")]
    Redirects,
    /// No path below the artifacts.
    #[error("is no path of an artifact")]
    Path,
}

impl Error {
    /// Its class: a word that stays the same, for metrics, the audit and templates.
    pub fn class(&self) -> &'static str {
        match self {
            Self::NotJenkins { .. } => "not-jenkins",
            Self::BadCredentials => "bad-credentials",
            Self::Forbidden => "forbidden",
            Self::NoPermission { .. } => "no-permission",
            Self::CrumbNeeded => "crumb-needed",
            Self::NotFound => "not-found",
            Self::NotBuildable => "not-buildable",
            Self::NoParameters => "no-parameters",
            Self::ParametersNeeded => "parameters-needed",
            Self::BadChoice => "bad-choice",
            Self::Vetoed => "vetoed",
            Self::Starting => "starting",
            Self::Method => "method",
            Self::Busy => "busy",
            Self::Odd { .. } => "odd",
            Self::Server { .. } => "server",
            Self::NoQueueId => "no-queue-id",
            Self::Unreachable { .. } => "unreachable",
            Self::TimedOut => "timed-out",
            Self::Broken { .. } => "broken",
            Self::Unreadable { .. } => "unreadable",
            Self::TooLarge { .. } => "too-large",
            Self::Elsewhere { .. } => "elsewhere",
            Self::Redirects => "redirects",
            Self::Path => "path",
        }
    }

    /// Whether the same GET may succeed a moment later.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Starting
                | Self::Busy
                | Self::Server { .. }
                | Self::Unreachable { .. }
                | Self::TimedOut
                | Self::Broken { .. }
        )
    }

    pub(super) fn of_transport(cause: reqwest::Error) -> Self {
        let (connecting, late) = (cause.is_connect(), cause.is_timeout());
        let why = innermost(&cause.without_url());
        match (connecting, late) {
            (true, _) => Self::Unreachable { why },
            (_, true) => Self::TimedOut,
            _ => Self::Broken { why },
        }
    }

    /// What a status says when nothing more is known of it.
    pub(super) fn of_status(status: StatusCode, permission: Option<String>) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => Self::BadCredentials,
            StatusCode::FORBIDDEN => permission.map_or(Self::Forbidden, |permission| Self::NoPermission { permission }),
            StatusCode::NOT_FOUND | StatusCode::GONE => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::Method,
            StatusCode::CONFLICT => Self::NotBuildable,
            StatusCode::TOO_MANY_REQUESTS => Self::Busy,
            StatusCode::SERVICE_UNAVAILABLE => Self::Starting,
            status if status.is_server_error() => Self::Server {
                status: status.as_u16(),
            },
            status => Self::Odd {
                status: status.as_u16(),
            },
        }
    }
}

fn innermost(cause: &dyn std::error::Error) -> String {
    let mut at = cause;
    while let Some(next) = at.source() {
        at = next;
    }
    at.to_string()
}
