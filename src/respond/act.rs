//! What the buttons of a card do: written into a button's value, read when it is clicked, also by later versions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The version of the values; one that is not known is refused politely.
const VERSION: u32 = 1;
/// Characters of a button's value (Slack's limit).
const LONGEST: usize = 2_000;

/// What a click asks for. Each can be done twice without harm: two people click at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum CardAction {
    /// Show the steps from this one on.
    Page {
        /// Number of the step, from 0.
        at: usize,
    },
    /// A step is done.
    Done {
        /// Its key.
        step: String,
    },
    /// A step is not done after all.
    Undo {
        /// Its key.
        step: String,
    },
    /// Go to another topic: a branch, a near miss.
    Go {
        /// Path of the runbook.
        runbook: String,
        /// Heading of the section; none for the whole.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        section: Option<String>,
        /// Which of several sections of that heading, from 0.
        #[serde(default, skip_serializing_if = "is_zero")]
        nth: usize,
    },
    /// Back to where people came from.
    Return,
    /// It is solved.
    Fixed,
    /// The steps did not solve it.
    NotHelped,
    /// Another runbook is needed.
    Wrong,
    /// It is to be worked on again.
    Reopen,
    /// Show whom to call.
    Escalate,
    /// They were called.
    Escalated,
    /// Let everybody see it.
    Share,
    /// Do what was meant: a command that had been mistyped.
    Run {
        /// The command line.
        text: String,
    },
    /// Open the form of a job.
    Form {
        /// The job's id.
        job: String,
        /// The source line of the step that it stands at, which may say what to write into the form.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<u32>,
        /// What somebody said already, without secrets.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        given: BTreeMap<String, String>,
    },
    /// A run is not wanted any more. In this and the following, `case` of the value is the run's id.
    Cancel,
    /// A second person allows a run.
    Approve,
    /// A second person does not.
    Decline,
    /// Ask for the same run again, after one that did not get through.
    Retry,
    /// Go on where a run leads to, or with an error that was found in what it left behind.
    Follow {
        /// Path of the runbook.
        runbook: String,
        /// Heading of the section; none for the whole.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        section: Option<String>,
        /// Which of several sections of that heading, from 0.
        #[serde(default, skip_serializing_if = "is_zero")]
        nth: usize,
    },
    /// A button of a later version.
    #[serde(other)]
    Unknown,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// A button's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ButtonPress {
    /// Version of the value.
    v: u32,
    /// The case.
    pub case: String,
    /// What to do.
    #[serde(flatten)]
    pub act: CardAction,
}

impl ButtonPress {
    /// The value of a button. `None` when it does not fit into one.
    pub fn value(case: &str, act: CardAction) -> Option<String> {
        let press = ButtonPress {
            v: VERSION,
            case: case.to_owned(),
            act,
        };
        serde_json::to_string(&press)
            .ok()
            .filter(|value| value.chars().count() <= LONGEST)
    }

    /// Reads a button's value. `None` for one that this version does not know.
    pub fn read(value: &str) -> Option<ButtonPress> {
        serde_json::from_str(value)
            .ok()
            .filter(|press: &ButtonPress| press.v == VERSION && press.act != CardAction::Unknown)
    }
}

impl CardAction {
    /// The same with less to remember: values may be more than a button holds.
    pub(super) fn without_values(self) -> Self {
        match self {
            Self::Form { job, line, .. } => Self::Form {
                job,
                line,
                given: BTreeMap::new(),
            },
            other => other,
        }
    }

    /// How its button is called in a row.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Page { .. } => "page",
            Self::Done { .. } => "done",
            Self::Undo { .. } => "undo",
            Self::Go { .. } => "go",
            Self::Return => "return",
            Self::Fixed => "fixed",
            Self::NotHelped => "not_helped",
            Self::Wrong => "wrong",
            Self::Reopen => "reopen",
            Self::Escalate => "escalate",
            Self::Escalated => "escalated",
            Self::Share => "share",
            Self::Run { .. } => "run",
            Self::Form { .. } => "form",
            Self::Cancel => "cancel",
            Self::Approve => "approve",
            Self::Decline => "decline",
            Self::Retry => "retry",
            Self::Follow { .. } => "follow",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_they_went_and_later_ones_are_refused() {
        let act = CardAction::Go {
            runbook: "a/b.md".into(),
            section: Some("It’s \"here\"".into()),
            nth: 0,
        };
        let value = ButtonPress::value("c1", act.clone()).unwrap_or_default();
        assert_eq!(ButtonPress::read(&value).map(|press| press.act), Some(act));
        for odd in [
            r#"{"v":2,"case":"c","do":"fixed"}"#,
            r#"{"v":1,"case":"c","do":"dance"}"#,
            "{}",
            "",
            "done:3",
        ] {
            assert_eq!(ButtonPress::read(odd), None, "{odd}");
        }
    }
}
