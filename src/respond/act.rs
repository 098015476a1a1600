//! Actions of a card's buttons, stored in a button's value and read on a click, also by later versions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Version of the values; values of another version are refused.
const VERSION: u32 = 1;
/// Most characters of a button's value (Slack's limit).
const LONGEST: usize = 2_000;
/// Most characters of the value of a menu's option (Slack's limit).
const LONGEST_OPTION: usize = 75;
/// Separates the id of what a menu is about from the rest of its block's id.
const ABOUT_END: char = '|';

/// The action of a click. Each is idempotent: two people may click at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum CardAction {
    /// Show the steps from this one on.
    Page {
        /// Index of the step, from 0.
        at: usize,
    },
    /// Mark a step as done.
    Done {
        /// The step's key.
        step: String,
    },
    /// Mark a step as not done after all.
    Undo {
        /// The step's key.
        step: String,
    },
    /// Go to another topic: a branch, a near miss.
    Go {
        /// Path of the runbook.
        runbook: String,
        /// Heading of the section; `None` for the whole runbook.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        section: Option<String>,
        /// Index among sections of that heading, from 0.
        #[serde(default, skip_serializing_if = "is_zero")]
        nth: usize,
    },
    /// Go to another section of the same runbook, by its key (`section_key`).
    Section {
        /// The section's key.
        key: String,
    },
    /// Answer the runbook's question which of its alternatives applies.
    Alternative {
        /// The alternative's key, or `all`.
        key: String,
    },
    /// Show the steps of a card that is over.
    ShowSteps,
    /// Hide them again.
    HideSteps,
    /// Open an address: the client does that, so there is nothing to do here.
    Open,
    /// Go back to the topic that people came from.
    Return,
    /// Mark the case as fixed.
    Fixed,
    /// Report that the steps did not help.
    NotHelped,
    /// Report that another runbook is needed.
    Wrong,
    /// Reopen the case.
    Reopen,
    /// Show the contacts to call.
    Escalate,
    /// Record that the contacts were called.
    Escalated,
    /// Show the card to everybody in the channel.
    Share,
    /// Run the command that a mistyped one meant.
    Run {
        /// The command line.
        text: String,
    },
    /// Open the form of a job.
    Form {
        /// Id of the job.
        job: String,
        /// Source line of the job's step, which may provide values for the form.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<u32>,
        /// Values that somebody gave already, without secrets.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        given: BTreeMap<String, String>,
    },
    /// Cancel a run. In this and the following, `case` of the value is the run's id.
    Cancel,
    /// Approve a run, as a second person.
    Approve,
    /// Decline a run, as a second person.
    Decline,
    /// Ask for the same run again, after any end that is not a plain success.
    Retry,
    /// Go on to the topic that a run leads to, or to an error found in its output.
    Follow {
        /// Path of the runbook.
        runbook: String,
        /// Heading of the section; `None` for the whole runbook.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        section: Option<String>,
        /// Index among sections of that heading, from 0.
        #[serde(default, skip_serializing_if = "is_zero")]
        nth: usize,
    },
    /// Judge a shadow answer as right. In this and the following, `case` of the value is the message's id.
    JudgeRight,
    /// Judge a shadow answer as the wrong runbook.
    JudgeWrong,
    /// Judge that nothing should have been answered.
    JudgeSilent,
    /// Acknowledge an escalation: somebody takes care of it.
    Acknowledge {
        /// The escalation's id within its case.
        escalation: String,
    },
    /// Upload the history of the case, as a file in its thread.
    Export,
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
    /// The version of the value.
    v: u32,
    /// The case's id, or the run's.
    pub case: String,
    /// The action.
    #[serde(flatten)]
    pub act: CardAction,
}

impl ButtonPress {
    /// Encodes the value of a button. Returns `None` when it exceeds Slack's limit.
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

    /// Encodes the value of a menu's option, which has little room; the id of what it is about is in the block's id
    /// ([`menu_block_id`]). Returns `None` for actions that do not fit.
    pub fn option(act: &CardAction) -> Option<String> {
        let word = act.name();
        let value = match act {
            CardAction::Page { at } => format!("{VERSION}:{word}:{at}"),
            CardAction::Done { step } | CardAction::Undo { step } => format!("{VERSION}:{word}:{step}"),
            CardAction::Section { key } | CardAction::Alternative { key } => format!("{VERSION}:{word}:{key}"),
            CardAction::NotHelped
            | CardAction::Wrong
            | CardAction::Reopen
            | CardAction::Return
            | CardAction::Escalate
            | CardAction::Share
            | CardAction::Export
            | CardAction::Open => format!("{VERSION}:{word}"),
            _ => return None,
        };
        Some(value).filter(|value| value.chars().count() <= LONGEST_OPTION)
    }

    /// Decodes the value of a menu's option with the id of its block. Returns `None` for one that this version does not
    /// know.
    pub fn read_option(block_id: &str, value: &str) -> Option<ButtonPress> {
        let (case, _) = block_id.rsplit_once(ABOUT_END)?;
        let rest = value.strip_prefix(&format!("{VERSION}:"))?;
        let (word, argument) = rest
            .split_once(':')
            .map_or((rest, None), |(word, argument)| (word, Some(argument)));
        let text = || argument.map(str::to_owned);
        let act = match word {
            "page" => CardAction::Page {
                at: argument?.parse().ok()?,
            },
            "done" => CardAction::Done { step: text()? },
            "undo" => CardAction::Undo { step: text()? },
            "section" => CardAction::Section { key: text()? },
            "alternative" => CardAction::Alternative { key: text()? },
            "not_helped" => CardAction::NotHelped,
            "wrong" => CardAction::Wrong,
            "reopen" => CardAction::Reopen,
            "return" => CardAction::Return,
            "escalate" => CardAction::Escalate,
            "share" => CardAction::Share,
            "export" => CardAction::Export,
            "open" => CardAction::Open,
            _ => return None,
        };
        Some(ButtonPress {
            v: VERSION,
            case: case.to_owned(),
            act,
        })
    }

    /// Decodes a button's value. Returns `None` for one that this version does not know.
    pub fn read(value: &str) -> Option<ButtonPress> {
        serde_json::from_str(value)
            .ok()
            .filter(|press: &ButtonPress| press.v == VERSION && press.act != CardAction::Unknown)
    }
}

/// Id of a block with a menu: what the menu is about, and a fingerprint of its content. A select keeps the option that
/// was chosen for as long as its block keeps its id, so the id changes with the options.
pub fn menu_block_id(about: &str, content: u64) -> String {
    format!("{about}{ABOUT_END}{content:016x}")
}

impl CardAction {
    /// Drops the values of a form: they may be more than a button holds.
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

    /// The action's name within the id of its button.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Page { .. } => "page",
            Self::Done { .. } => "done",
            Self::Undo { .. } => "undo",
            Self::Go { .. } => "go",
            Self::Section { .. } => "section",
            Self::Alternative { .. } => "alternative",
            Self::ShowSteps => "show_steps",
            Self::HideSteps => "hide_steps",
            Self::Open => "open",
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
            Self::JudgeRight => "judge_right",
            Self::JudgeWrong => "judge_wrong",
            Self::JudgeSilent => "judge_silent",
            Self::Acknowledge { .. } => "acknowledge",
            Self::Export => "export",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_menus_come_back_with_the_id_of_their_case() {
        let block = menu_block_id("T1:C1:1.2", 7);
        for act in [
            CardAction::Page { at: 5 },
            CardAction::Done { step: "0f-1".into() },
            CardAction::Undo { step: "0f".into() },
            CardAction::Section { key: "ab".into() },
            CardAction::Alternative { key: "cd".into() },
            CardAction::NotHelped,
            CardAction::Wrong,
            CardAction::Reopen,
            CardAction::Return,
            CardAction::Open,
        ] {
            let value = ButtonPress::option(&act).unwrap_or_default();
            let press = ButtonPress::read_option(&block, &value);
            assert_eq!(press.as_ref().map(|press| press.case.as_str()), Some("T1:C1:1.2"));
            assert_eq!(press.map(|press| press.act), Some(act));
        }
        for (block, value) in [
            (block.as_str(), "2:wrong"),
            (&block, "1:page:x"),
            (&block, "1:dance"),
            ("b1", "1:wrong"),
            ("", ""),
        ] {
            assert_eq!(ButtonPress::read_option(block, value), None, "{block} {value}");
        }
        let long = CardAction::Done { step: "x".repeat(80) };
        assert_eq!(ButtonPress::option(&long), None);
    }

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
