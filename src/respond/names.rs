//! Names of topics in commands: the shortest `show …` that leads to a topic.

use crate::runbook::{Library, TopicId, file_stem};

/// Returns `show RUNBOOK [SECTION]` for a topic, with the shortest name that is unique in the library.
pub fn show_command(library: &Library, topic: TopicId) -> String {
    let Some(runbook) = library.runbook(topic) else {
        return "help".to_owned();
    };
    let stem = file_stem(&runbook.path);
    let name = if library.is_shared_name(stem) {
        &runbook.path
    } else {
        stem
    };
    let mut command = format!("show {}", quoted(name));
    if topic.section != 0
        && let Some(section) = runbook.sections.get(topic.section)
    {
        command.push(' ');
        command.push_str(&quoted(&section.heading));
    }
    command
}

/// Quotes a word that holds whitespace or quotation marks, so that it stays one argument.
fn quoted(word: &str) -> String {
    if word.chars().any(|c| c.is_whitespace() || c == '"') {
        format!("\"{}\"", word.replace('"', "'"))
    } else {
        word.to_owned()
    }
}
