//! Builds: their state, their logs, and how to stop them.

use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::Deserialize;

use super::request::{end, is_html};
use super::{Client, Error, tree};
use crate::jobs::{BuildResult, JobPath, log};

/// Maximum number of bytes of a log that are kept from one request: those at its end.
const MOST_LOG: usize = 128 << 10;
/// Builds requested at once.
pub(super) const PAGE: usize = 50;
/// Maximum number of pages of builds that are searched.
pub(super) const PAGES: usize = 10;

/// A build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// Build number.
    pub number: u64,
    /// Number of the queue item that became this build, by which it is recognised.
    pub queue_id: Option<u64>,
    /// State of the build.
    pub state: BuildState,
    /// Time when it was scheduled, by Jenkins' clock.
    pub started: Option<Timestamp>,
    /// Duration; `None` while it runs.
    pub took: Option<SignedDuration>,
    /// Estimated duration, when Jenkins has one.
    pub estimate: Option<SignedDuration>,
    /// Artifacts of the build.
    pub artifacts: Vec<ArtifactRef>,
}

/// State of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildState {
    /// The build runs.
    Running,
    /// The build waits for a person at an input step.
    WaitsForInput,
    /// The build has ended.
    Done(BuildResult),
}

/// An artifact by its path; Jenkins does not report its size.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactRef {
    /// File name.
    pub file_name: String,
    /// Path below the build's artifacts.
    pub relative_path: String,
}

/// Log output since the last request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildLog {
    /// The text, without escapes and console notes; only its end when it is very long.
    pub text: String,
    /// True when more output is to come.
    pub more: bool,
}

/// Position in a build's log up to which it was read; the beginning by default.
#[derive(Debug, Default)]
pub struct LogPosition {
    /// Jenkins' own value for the position, sent back unchanged.
    next: Option<String>,
    /// Partial escape, note or character at the end of the last piece.
    plain: log::Plain,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireBuild {
    pub(super) number: u64,
    #[serde(default)]
    pub(super) queue_id: Option<u64>,
    #[serde(default)]
    building: bool,
    #[serde(default)]
    in_progress: Option<bool>,
    #[serde(default)]
    result: Option<String>,
    #[serde(default)]
    pub(super) timestamp: Option<i64>,
    #[serde(default)]
    duration: Option<i64>,
    #[serde(default)]
    estimated_duration: Option<i64>,
    #[serde(default)]
    artifacts: Vec<ArtifactRef>,
    #[serde(default)]
    pub(super) actions: Vec<Option<WireAction>>,
}

#[derive(Deserialize)]
pub(super) struct WireAction {
    #[serde(default, rename = "_class")]
    class: Option<String>,
    #[serde(default)]
    pub(super) parameters: Vec<WireBuildParameter>,
    #[serde(default)]
    pub(super) causes: Vec<WireCause>,
}

#[derive(Deserialize)]
pub(super) struct WireBuildParameter {
    pub(super) name: String,
    #[serde(default)]
    pub(super) value: serde_json::Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireCause {
    #[serde(default)]
    pub(super) user_id: Option<String>,
}

#[derive(Deserialize)]
struct WireBuilds {
    #[serde(default, alias = "allBuilds")]
    builds: Vec<WireBuild>,
}

impl Client {
    /// Fetches a build.
    ///
    /// # Errors
    ///
    /// Any [`Error`]; [`Error::NotFound`] when the build or its job was deleted.
    pub async fn build(&self, job: &JobPath, number: u64) -> Result<Build, Error> {
        const TREE: &str = "number,queueId,building,inProgress,result,timestamp,duration,estimatedDuration,\
            artifacts[fileName,relativePath],actions[_class]";
        let url = self.job(job, &[&number.to_string(), "api", "json"]);
        Ok(self.get_json::<WireBuild>(&tree(url, TREE)).await?.0.into())
    }

    /// Finds the number of the build that a queue item became, among the newest builds: for queue items that vanished.
    ///
    /// # Errors
    ///
    /// Any [`Error`].
    pub async fn find_build_by_queue_id(&self, job: &JobPath, queue_id: u64) -> Result<Option<u64>, Error> {
        for page in 0..PAGES {
            let (builds, _) = self.builds(job, "number,queueId", page).await?;
            if let Some(found) = builds.iter().find(|build| build.queue_id == Some(queue_id)) {
                return Ok(Some(found.number));
            }
            if builds.len() < PAGE {
                break;
            }
        }
        Ok(None)
    }

    /// Fetches one page of a job's builds, newest first. `builds` ends at a hundred, and `allBuilds` reads old ones
    /// from disk.
    pub(super) async fn builds(
        &self,
        job: &JobPath,
        fields: &str,
        page: usize,
    ) -> Result<(Vec<WireBuild>, HeaderMap), Error> {
        let list = if page == 0 { "builds" } else { "allBuilds" };
        let (from, to) = (page * PAGE, (page + 1) * PAGE);
        let url = tree(
            self.job(job, &["api", "json"]),
            &format!("{list}[{fields}]{{{from},{to}}}"),
        );
        let (newest, headers) = self.get_json::<WireBuilds>(&url).await?;
        Ok((newest.builds, headers))
    }

    /// Fetches the log output since `position`, and advances the position.
    ///
    /// # Errors
    ///
    /// Any [`Error`]; the position is unchanged then.
    pub async fn log(&self, job: &JobPath, number: u64, position: &mut LogPosition) -> Result<BuildLog, Error> {
        let start = position.next.as_deref().unwrap_or("0");
        let mut url = self.job(job, &[&number.to_string(), "logText", "progressiveText"]);
        url.query_pairs_mut().append_pair("start", start);
        let response = self.get(&url).await?;
        let headers = response.headers().clone();
        if is_html(&headers) {
            return Err(self.not_jenkins());
        }
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        // The header differs from the number of bytes received: line breaks grow, and older versions remove notes on
        // the way.
        let next = header("x-text-size").unwrap_or(start).to_owned();
        let more = header("x-more-data") == Some("true");
        let (mut bytes, is_cut) = end(response, MOST_LOG).await?;
        if is_cut {
            // The held-back bytes do not continue here, and the first line is incomplete.
            position.plain = log::Plain::default();
            if let Some(line) = bytes.iter().position(|byte| *byte == b'\n') {
                bytes.drain(..=line);
            }
        }
        position.next = Some(next);
        let mut text = position.plain.push(&bytes);
        if !more {
            text.push_str(&position.plain.finish());
        }
        Ok(BuildLog { text, more })
    }

    /// Stops a build.
    ///
    /// # Errors
    ///
    /// Any [`Error`].
    pub async fn stop(&self, job: &JobPath, number: u64) -> Result<(), Error> {
        let answer = self.post(&self.job(job, &[&number.to_string(), "stop"]), &[]).await?;
        match answer.status {
            StatusCode::FOUND | StatusCode::SEE_OTHER | StatusCode::OK | StatusCode::NO_CONTENT => Ok(()),
            status => Err(Error::of_status(status, answer.permission())),
        }
    }
}

impl From<WireBuild> for Build {
    fn from(wire: WireBuild) -> Self {
        let paused = wire.actions.iter().flatten().any(|action| {
            let class = action.class.as_deref();
            class.is_some_and(|class| class.ends_with(".InputAction"))
        });
        let going_on = wire.building || wire.in_progress == Some(true);
        let state = match wire.result.as_deref() {
            Some(result) if !going_on => BuildState::Done(result.into()),
            _ if paused => BuildState::WaitsForInput,
            _ => BuildState::Running,
        };
        let span = |millis: Option<i64>| millis.filter(|millis| *millis > 0).map(SignedDuration::from_millis);
        Self {
            number: wire.number,
            queue_id: wire.queue_id,
            started: wire.timestamp.and_then(|at| Timestamp::from_millisecond(at).ok()),
            took: span(wire.duration).filter(|_| matches!(state, BuildState::Done(_))),
            estimate: span(wire.estimated_duration),
            artifacts: wire.artifacts,
            state,
        }
    }
}
