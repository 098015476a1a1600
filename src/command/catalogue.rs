//! The commands: what parses them, what prints help and what completes them read the same list.

use super::{Command, parse};

/// A command as people know it.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The word it starts with; empty for free text.
    pub name: &'static str,
    /// Other words that stand for it when nothing follows them.
    pub aliases: &'static [&'static str],
    /// How it is written.
    pub usage: &'static str,
    /// Key of its sentence in the template `help.md`.
    pub help: &'static str,
    /// Where it means something.
    pub place: Place,
    /// What follows the word → the command, when all of it belongs to one.
    pub(super) read: fn(&str) -> Option<Command>,
}

/// Where a command can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Everywhere.
    Everywhere,
    /// Only in a channel: it is about that channel.
    Channel,
}

/// Every command, in the order of help.
pub const CATALOGUE: [Entry; 10] = [
    Entry {
        name: "",
        aliases: &[],
        usage: "",
        help: "find",
        place: Place::Everywhere,
        read: |_| None,
    },
    Entry {
        name: "search",
        aliases: &[],
        usage: "search WORDS",
        help: "search",
        place: Place::Everywhere,
        read: parse::search,
    },
    Entry {
        name: "show",
        aliases: &[],
        usage: "show RUNBOOK [SECTION]",
        help: "show",
        place: Place::Everywhere,
        read: parse::show,
    },
    Entry {
        name: "who",
        aliases: &[],
        usage: "who TEAM or SERVICE",
        help: "who",
        place: Place::Everywhere,
        read: parse::who,
    },
    Entry {
        name: "run",
        aliases: &[],
        usage: "run JOB [KEY=VALUE]",
        help: "run",
        place: Place::Channel,
        read: parse::run,
    },
    Entry {
        name: "jobs",
        aliases: &[],
        usage: "jobs",
        help: "jobs",
        place: Place::Everywhere,
        read: |rest| rest.is_empty().then_some(Command::Jobs),
    },
    Entry {
        name: "status",
        aliases: &[],
        usage: "status",
        help: "status",
        place: Place::Everywhere,
        read: |rest| rest.is_empty().then_some(Command::Status),
    },
    Entry {
        name: "mute",
        aliases: &[],
        usage: "mute [2h]",
        help: "mute",
        place: Place::Channel,
        read: parse::mute,
    },
    Entry {
        name: "unmute",
        aliases: &[],
        usage: "unmute",
        help: "unmute",
        place: Place::Channel,
        read: |rest| rest.is_empty().then_some(Command::Unmute),
    },
    Entry {
        name: "help",
        aliases: &["?", "hi", "hello", "hey"],
        usage: "help [COMMAND]",
        help: "help",
        place: Place::Everywhere,
        read: parse::help,
    },
];

/// The command of that name.
pub(super) fn entry(name: &str) -> Option<&'static Entry> {
    named().find(|entry| entry.name == name)
}

/// The commands that have a name: all but free text.
pub(super) fn named() -> impl Iterator<Item = &'static Entry> {
    CATALOGUE.iter().filter(|entry| !entry.name.is_empty())
}

/// The commands that a beginning can become, in the order of help: all of them for an empty one.
pub fn completions(beginning: &str) -> Vec<&'static Entry> {
    let beginning = beginning.trim_start().to_lowercase();
    named().filter(|entry| entry.name.starts_with(&beginning)).collect()
}

/// What Slack shows behind `/signpost` while somebody types.
pub fn usage_hint() -> String {
    let usages: Vec<&str> = named().map(|entry| entry.usage).collect();
    format!("an error, or: {}", usages.join(" | "))
}
