//! A command and something that it does not take: `mute banana`, `unmute the channel`.

use super::parse::split;
use super::{Command, catalogue};

/// A longer text is a sentence that happens to begin with the word.
const LONGEST: usize = 60;

/// Commands that take little or nothing, with the most words after them that may be meant for the command.
const TAKES: [(&str, usize); 5] = [("mute", 5), ("unmute", 3), ("status", 2), ("jobs", 2), ("help", 1)];

/// The command that a short text begins with, when the rest is nothing that it takes. Commands that take free text read
/// every rest themselves.
pub(super) fn unclear(plain: &str) -> Option<Command> {
    let (word, rest) = split(plain);
    let entry = catalogue::entry(&word)?;
    let (_, most) = TAKES.iter().find(|(name, _)| *name == entry.name)?;
    // `status: failed` is a line of an output.
    let is_label = plain.split_whitespace().next()?.ends_with([':', ',']);
    let is_short = (1..=*most).contains(&rest.split_whitespace().count()) && plain.chars().count() <= LONGEST;
    (is_short && !is_label && !plain.contains('\n')).then(|| Command::Unclear {
        command: entry.name,
        rest: rest.to_owned(),
        text: plain.to_owned(),
    })
}
