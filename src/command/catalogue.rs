//! The list of commands, shared by the parser, help and completion.

use super::{Command, parse};

/// A command's entry in the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// First word of the command; empty for free text.
    pub name: &'static str,
    /// Other names of the command, valid only when nothing follows them.
    pub aliases: &'static [&'static str],
    /// Syntax, as shown to people.
    pub usage: &'static str,
    /// Key of the command's sentence in the template `help.md`.
    pub help: &'static str,
    /// Place where the command can be used.
    pub place: CommandPlace,
    /// Parses the text after the name; `None` when not all of it belongs to the command.
    pub(super) read: fn(&str) -> Option<Command>,
}

/// Place where a command can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandPlace {
    /// Everywhere.
    Everywhere,
    /// Only in a channel, which the command is about.
    Channel,
}

/// Every command, in the order of help.
pub const CATALOGUE: [Entry; 10] = [
    Entry {
        name: "",
        aliases: &[],
        usage: "",
        help: "find",
        place: CommandPlace::Everywhere,
        read: |_| None,
    },
    Entry {
        name: "search",
        aliases: &[],
        usage: "search WORDS",
        help: "search",
        place: CommandPlace::Everywhere,
        read: parse::search,
    },
    Entry {
        name: "show",
        aliases: &[],
        usage: "show RUNBOOK [SECTION]",
        help: "show",
        place: CommandPlace::Everywhere,
        read: parse::show,
    },
    Entry {
        name: "who",
        aliases: &[],
        usage: "who TEAM or SERVICE",
        help: "who",
        place: CommandPlace::Everywhere,
        read: parse::who,
    },
    Entry {
        name: "run",
        aliases: &[],
        usage: "run JOB [KEY=VALUE]",
        help: "run",
        place: CommandPlace::Channel,
        read: parse::run,
    },
    Entry {
        name: "jobs",
        aliases: &[],
        usage: "jobs",
        help: "jobs",
        place: CommandPlace::Everywhere,
        read: |rest| rest.is_empty().then_some(Command::Jobs),
    },
    Entry {
        name: "status",
        aliases: &[],
        usage: "status",
        help: "status",
        place: CommandPlace::Everywhere,
        read: |rest| rest.is_empty().then_some(Command::Status),
    },
    Entry {
        name: "mute",
        aliases: &[],
        usage: "mute [2h]",
        help: "mute",
        place: CommandPlace::Channel,
        read: parse::mute,
    },
    Entry {
        name: "unmute",
        aliases: &[],
        usage: "unmute",
        help: "unmute",
        place: CommandPlace::Channel,
        read: |rest| rest.is_empty().then_some(Command::Unmute),
    },
    Entry {
        name: "help",
        aliases: &["?", "hi", "hello", "hey"],
        usage: "help [COMMAND]",
        help: "help",
        place: CommandPlace::Everywhere,
        read: parse::help,
    },
];

/// Returns the command of that name.
pub(super) fn entry(name: &str) -> Option<&'static Entry> {
    named().find(|entry| entry.name == name)
}

/// The commands that have a name: all but free text.
pub(super) fn named() -> impl Iterator<Item = &'static Entry> {
    CATALOGUE.iter().filter(|entry| !entry.name.is_empty())
}

/// Returns the commands whose names start with `beginning`, in the order of help; all of them when it is empty.
pub fn completions(beginning: &str) -> Vec<&'static Entry> {
    let beginning = beginning.trim_start().to_lowercase();
    named().filter(|entry| entry.name.starts_with(&beginning)).collect()
}

/// Returns the usage hint that Slack shows after `/signpost` while somebody types.
pub fn usage_hint() -> String {
    let usages: Vec<&str> = named().map(|entry| entry.usage).collect();
    format!("an error, or: {}", usages.join(" | "))
}
