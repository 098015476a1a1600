//! The commands: what parses them and what prints help read the same list.

/// A command as help shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The word it starts with; empty for free text.
    pub name: &'static str,
    /// How it is written.
    pub usage: &'static str,
    /// Key of its sentence in the template `help.md`.
    pub help: &'static str,
}

/// Every command.
pub const CATALOGUE: [Entry; 4] = [
    Entry {
        name: "",
        usage: "",
        help: "find",
    },
    Entry {
        name: "search",
        usage: "search WORDS",
        help: "search",
    },
    Entry {
        name: "show",
        usage: "show RUNBOOK [SECTION]",
        help: "show",
    },
    Entry {
        name: "help",
        usage: "help [COMMAND]",
        help: "help",
    },
];
