//! Remarks about the card of a thread: "next", "step 2 done", "it didn't help", "who do I call?".

use std::sync::LazyLock;

use regex::Regex;

/// Most words of a remark; a longer text says more than that.
const LONGEST: usize = 9;

/// A remark of somebody about the card of a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remark {
    /// Asks for the next step.
    Next,
    /// The problem is solved.
    Fixed,
    /// The steps did not help.
    NotHelped,
    /// The card is of another problem.
    Wrong,
    /// The step of this number is done.
    Done(u32),
    /// The step of this number is not done after all.
    Undo(u32),
    /// Asks for the people to contact.
    Whom,
}

/// Remarks as people write them, without punctuation.
const REMARKS: [(Remark, &[&str]); 5] = [
    (
        Remark::Next,
        &[
            "next",
            "next step",
            "next one",
            "next please",
            "what now",
            "now what",
            "and now",
            "what next",
            "what's next",
            "whats next",
            "what is next",
            "what do i do next",
            "what should i do next",
            "what do i do now",
            "what should i do now",
            "go on",
            "continue",
        ],
    ),
    (
        Remark::Fixed,
        &[
            "fixed",
            "it's fixed",
            "its fixed",
            "it is fixed",
            "that fixed it",
            "this fixed it",
            "solved",
            "resolved",
            "it works",
            "it works now",
            "works now",
            "that worked",
            "it worked",
            "that helped",
            "it helped",
        ],
    ),
    (
        Remark::NotHelped,
        &[
            "didn't help",
            "did not help",
            "it didn't help",
            "it did not help",
            "this didn't help",
            "this did not help",
            "that didn't help",
            "that did not help",
            "didn't work",
            "it didn't work",
            "this didn't work",
            "that didn't work",
            "it doesn't work",
            "it does not work",
            "doesn't help",
            "it doesn't help",
            "that doesn't help",
            "this doesn't help",
            "still broken",
            "it's still broken",
            "still failing",
            "it's still failing",
            "still the same",
            "no luck",
        ],
    ),
    (
        Remark::Wrong,
        &[
            "wrong runbook",
            "the wrong runbook",
            "this is the wrong runbook",
            "that's the wrong runbook",
            "that is the wrong runbook",
            "it's the wrong runbook",
            "not my error",
            "that's not my error",
            "that's not it",
            "that is not it",
        ],
    ),
    (
        Remark::Whom,
        &[
            "who do i call",
            "who do i contact",
            "who do i ask",
            "who do i escalate to",
            "who can i call",
            "who can i ask",
            "who can help",
            "who can help me",
            "who should i call",
            "who should i contact",
            "who should i ask",
            "whom do i call",
            "whom should i call",
            "who to call",
            "who is on call",
            "who's on call",
            "whos on call",
        ],
    ),
];

/// "step 2 done", "I did step 2", "step 2 is finished"; "undo step 2", "step 2 is not done".
static STEP: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)^(?:
            (?:(?:i|we)(?:'ve|\ have)?\ )?(?P<before>did|done|done\ with|finished|completed|undo)\ step\ (?P<first>[0-9]{1,3})
          | step\ (?P<second>[0-9]{1,3})(?:\ (?:is|was))?(?P<not>\ not)?\ (?:done|finished|complete|completed)
        )$",
    )
    .ok()
});

/// Returns the remark that a text is as a whole; `None` for anything else.
pub fn remark(text: &str) -> Option<Remark> {
    let words = text.split_whitespace().filter(|word| !word.starts_with("<@"));
    let words: Vec<&str> = words.take(LONGEST + 1).collect();
    if words.len() > LONGEST {
        return None;
    }
    let text = words.join(" ").to_lowercase().replace('’', "'");
    let text = text.trim_matches(|c: char| c.is_ascii_punctuation() || c.is_whitespace());
    if let Some((remark, _)) = REMARKS.iter().find(|(_, all)| all.contains(&text)) {
        return Some(*remark);
    }
    let found = STEP.as_ref()?.captures(text)?;
    let number = found.name("first").or(found.name("second"))?.as_str().parse().ok()?;
    let is_undone = found.name("not").is_some() || found.name("before").is_some_and(|word| word.as_str() == "undo");
    Some(if is_undone {
        Remark::Undo(number)
    } else {
        Remark::Done(number)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_are_whole_texts() {
        for (text, expected) in [
            ("<@U1> next", Some(Remark::Next)),
            ("What now?", Some(Remark::Next)),
            ("It didn’t help :(", Some(Remark::NotHelped)),
            ("that fixed it!", Some(Remark::Fixed)),
            ("step 2 done", Some(Remark::Done(2))),
            ("I did step 12.", Some(Remark::Done(12))),
            ("step 3 is not done", Some(Remark::Undo(3))),
            ("undo step 3", Some(Remark::Undo(3))),
            ("who do I call?", Some(Remark::Whom)),
            ("wrong runbook", Some(Remark::Wrong)),
            ("next deploy is at noon", None),
            ("fixed E0003 in the pipeline", None),
            ("step 2 failed", None),
            ("step 2 is done, step 3 fails with E0003", None),
            ("", None),
            ("?", None),
        ] {
            assert_eq!(remark(text), expected, "{text}");
        }
        assert_eq!(remark(&"next ".repeat(1_000_000)), None);
    }
}
