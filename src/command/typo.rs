//! Misspelt commands: `serch iam token`, `staus`.

use super::parse::{command, split};
use super::{Command, catalogue};

/// Longest text, in characters, that is taken for a misspelt command.
const LONGEST: usize = 80;

/// Longest misspelt `run`, in characters: a job takes many values.
const LONGEST_RUN: usize = 400;

/// Minimum length of a name that may differ in two places.
const LONG_NAME: usize = 6;

/// Words that resemble a command's name but mean themselves: in errors, in logs, in what people write about them.
const MEANT: [&str; 53] = [
    "bun", "chow", "cute", "fun", "gun", "halo", "heal", "heap", "heel", "held", "hell", "helm", "helo", "helps",
    "how", "mate", "mite", "mule", "muse", "mut", "muted", "mutes", "mutex", "nun", "ran", "research", "rub", "rum",
    "rung", "runs", "rut", "searched", "searches", "shoe", "shop", "shot", "shove", "shown", "shows", "slow", "snow",
    "starts", "state", "states", "static", "stats", "statue", "statute", "sun", "unmuted", "whoa", "whom", "why",
];

/// Returns the command that a text nearly is: its first word is one slip (two in a long name) away from exactly one
/// name, and the rest is what that command takes.
pub(super) fn typo(plain: &str) -> Option<Command> {
    let (word, rest) = split(plain);
    let is_run = gives_values(rest);
    let longest = if is_run { LONGEST_RUN } else { LONGEST };
    if (plain.contains('\n') && !is_run) || plain.chars().count() > longest {
        return None;
    }
    // `rn get-info CLUSTERID=c1` can mean nothing else.
    let shortest = if is_run { 2 } else { 3 };
    let is_word = word.len() >= shortest && word.chars().all(|c| c.is_ascii_lowercase());
    if !is_word || MEANT.contains(&word.as_str()) {
        return None;
    }
    let mut near = catalogue::named().filter(|entry| is_slip(&word, entry.name) && (!is_run || entry.name == "run"));
    let name = near.next()?.name;
    if near.next().is_some() {
        return None;
    }
    let meant = format!("{name} {rest}").trim_end().to_owned();
    match command(&meant)? {
        // The bare word of a command that needs more says too little.
        Command::HelpOn(_) if rest.is_empty() => None,
        _ => Some(Command::Typo {
            meant,
            text: plain.to_owned(),
        }),
    }
}

/// Tells whether the text is a job followed by values.
fn gives_values(rest: &str) -> bool {
    crate::jobs::arguments::read(rest).is_ok_and(|asked| super::parse::is_job(&asked.job) && !asked.values.is_empty())
}

fn is_slip(word: &str, name: &str) -> bool {
    match strsim::damerau_levenshtein(word, name) {
        1 => true,
        // Two slips must not change the first letter: `each` and `reach` do not mean `search`.
        2 => name.len() >= LONG_NAME && word.get(..1) == name.get(..1),
        _ => false,
    }
}
