//! Facts that a case keeps for when its runbook or its message no longer has them.

use super::Case;
use crate::respond::topic_title;
use crate::runbook::Library;

impl Case {
    /// Notes that the messages were edited: lines that none of them shows any more are not quoted either.
    pub(crate) fn note_edit(&mut self) {
        let text = self.text();
        for line in &mut self.evidence {
            if !line.text.is_empty() && !text.contains(line.text.trim()) {
                line.text.clear();
                self.edited = true;
            }
        }
    }

    /// Returns the title of the latest topic, as long as the runbooks had it.
    pub(crate) fn shown_title(&self) -> String {
        let heading = self
            .place
            .as_ref()
            .map(|place| place.section.clone().unwrap_or_else(|| place.runbook.clone()));
        Some(self.title.clone())
            .filter(|title| !title.is_empty())
            .or(heading)
            .unwrap_or_default()
    }

    /// Returns the steps that are marked as done, as the history tells them.
    pub(crate) fn marked_steps(&self) -> Vec<String> {
        let mut steps: Vec<String> = Vec::new();
        // A step that the runbook did not have any more has no name.
        for entry in self.history.iter().filter(|entry| !entry.detail.is_empty()) {
            let step = if entry.text.is_empty() {
                entry.detail.clone()
            } else {
                format!("{}: {}", entry.detail, entry.text)
            };
            match &*entry.what {
                "done" => steps.push(step),
                "undone" => steps.retain(|other| *other != step),
                _ => {}
            }
        }
        steps
    }

    /// Keeps the title of the current topic, for when the runbooks no longer have it.
    pub(crate) fn name(&mut self, library: &Library) {
        let topic = self.place.as_ref().and_then(|place| place.find(library));
        if let Some(title) = topic.and_then(|topic| topic_title(library, topic)) {
            self.title = title;
        }
    }
}
