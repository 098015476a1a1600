//! Errors of requests to Jenkins, each with a class of its own.

use reqwest::StatusCode;

/// A failed request to Jenkins. No variant holds a token, a parameter or an address with a query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The answer is a login page or a proxy's page, not the API.
    #[error(
        "this is not the Jenkins API: {host} returned a web page; check `url`, and whether a sign-in page is in the way"
    )]
    NotJenkins {
        /// The host that answered.
        host: String,
    },
    /// 401: the API token is rejected.
    #[error("Jenkins rejected the user's API token")]
    BadCredentials,
    /// 403 without a named permission: Jenkins treats the request as anonymous.
    #[error("Jenkins denied access: the user is unknown or has no read permission")]
    Forbidden,
    /// 403 with `X-Required-Permission`.
    #[error("the Jenkins user lacks the permission {permission}")]
    NoPermission {
        /// The permission.
        permission: String,
    },
    /// 403 that mentions a crumb.
    #[error("Jenkins requires a crumb, as it does for passwords; use an API token")]
    CrumbNeeded,
    /// 404: the thing does not exist, or the user may not see it.
    #[error("Jenkins does not have it, or the user cannot see it")]
    NotFound,
    /// 409: the job is disabled or cannot be built right now.
    #[error("the job is disabled or cannot be built right now")]
    NotBuildable,
    /// 400 to `buildWithParameters`.
    #[error("the job has no parameters")]
    NoParameters,
    /// 400 to `build`.
    #[error("the job has parameters, and none were sent")]
    ParametersNeeded,
    /// 500 that names a choice.
    #[error("Jenkins rejected one of the choices")]
    BadChoice,
    /// 302 to the job's page.
    #[error("a rule or plugin in Jenkins refused to queue the job")]
    Vetoed,
    /// 503 from Jenkins itself.
    #[error("Jenkins is starting or restarting")]
    Starting,
    /// 405: the method is not allowed at this address.
    #[error("Jenkins does not accept this kind of request; check `url`")]
    Method,
    /// 429, or a proxy's equivalent.
    #[error("Jenkins, or a proxy in front of it, asked to wait")]
    Busy,
    /// Another 4xx, or an unexpected answer.
    #[error("Jenkins returned an unexpected HTTP {status}")]
    Odd {
        /// The HTTP status.
        status: u16,
    },
    /// Another 5xx.
    #[error("Jenkins failed (HTTP {status})")]
    Server {
        /// The HTTP status.
        status: u16,
    },
    /// Jenkins accepted the build without naming its queue item.
    #[error("Jenkins accepted the request but did not say where it was queued")]
    NoQueueId,
    /// No connection: nothing was sent.
    #[error("Jenkins cannot be reached: {why}")]
    Unreachable {
        /// The cause.
        why: String,
    },
    /// No answer within the time limit.
    #[error("Jenkins did not respond in time")]
    TimedOut,
    /// The connection broke.
    #[error("the connection to Jenkins broke: {why}")]
    Broken {
        /// The cause.
        why: String,
    },
    /// The answer cannot be parsed.
    #[error("Jenkins' response cannot be read: {why}")]
    Unreadable {
        /// The cause.
        why: String,
    },
    /// The answer exceeds the size limit.
    #[error("is larger than {} KiB", .most / 1024)]
    TooLarge {
        /// The limit, in bytes.
        most: usize,
    },
    /// A redirect to a host that is not on the list.
    #[error("is stored at {host}, which `artifact_hosts` does not list")]
    Elsewhere {
        /// The host.
        host: String,
    },
    /// Too many redirects in a row.
    #[error("is behind too many redirects")]
    Redirects,
    /// The path is not one of an artifact.
    #[error("is not a valid artifact path")]
    Path,
}

impl Error {
    /// Returns the error's class: a stable word for metrics, the audit and templates.
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

    /// Returns true when the same GET may succeed a moment later.
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

    /// Maps an HTTP status to an error when nothing else is known of the answer.
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
