//! Shortening of a message that Slack does not accept, step by step.

use serde_json::Value;

use super::Body;

/// Number of characters beyond which Slack cuts the `text` fallback.
const TEXT: usize = 4_000;
/// Length of the shortest text tried before a message is given up, in characters.
const SHORT: usize = 1_000;
/// Maximum characters of all blocks together, once they were too many: Slack does not document what it counts.
const BLOCKS: usize = 5_000;

impl Body {
    /// The next shorter form: fewer blocks, then the text alone, then the beginning of the text. When the text is too
    /// long, it is shortened first. `code` is Slack's error code for the rejection. `None` when there is nothing left
    /// to leave out.
    #[must_use]
    pub fn shorter(&self, code: &str) -> Option<Self> {
        // The forms of other workspaces are shorter than none of these.
        if !self.shapes.is_empty() {
            return Self {
                shapes: Vec::new(),
                ..self.clone()
            }
            .shorter(code);
        }
        if code == "msg_too_long" && !self.blocks.is_empty() && self.text.chars().count() > SHORT {
            return Some(Self {
                text: cut(&self.text, SHORT),
                ..self.clone()
            });
        }
        let long = matches!(code, "msg_blocks_too_long" | "msg_too_long");
        if let Some(blocks) = long.then(|| fewer(&self.blocks)).flatten() {
            return Some(Self { blocks, ..self.clone() });
        }
        if self.text.trim().is_empty() {
            return None;
        }
        let most = if self.blocks.is_empty() { SHORT } else { TEXT };
        let text = cut(&self.text, most);
        (text.len() < self.text.len() || !self.blocks.is_empty()).then(|| Self {
            text,
            blocks: Vec::new(),
            shapes: Vec::new(),
            pings: self.pings.clone(),
        })
    }
}

/// The first blocks, and the buttons. `None` when there are already few blocks.
fn fewer(blocks: &[Value]) -> Option<Vec<Value>> {
    let length = |block: &Value| block.to_string().chars().count();
    if blocks.iter().map(length).sum::<usize>() <= BLOCKS {
        return None;
    }
    let is_small = |block: &Value| matches!(block["type"].as_str(), Some("actions" | "header"));
    let mut left = BLOCKS.saturating_sub(blocks.iter().filter(|block| is_small(block)).map(length).sum());
    let mut cut = false;
    let kept: Vec<Value> = blocks
        .iter()
        .filter(|block| {
            let fits = is_small(block) || (!cut && length(block) <= left);
            if fits && !is_small(block) {
                left -= length(block);
            }
            cut |= !fits;
            fits
        })
        .cloned()
        .collect();
    // Buttons alone say nothing.
    (kept.len() < blocks.len() && !kept.iter().all(is_small)).then_some(kept)
}

/// The beginning of a text: at most `most` characters and an ellipsis, cut at the end of a line where there is one.
fn cut(text: &str, most: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(most) else {
        return text.to_owned();
    };
    let head = text.get(..end).unwrap_or_default();
    let end = head.rfind('\n').filter(|end| *end > 0).unwrap_or(head.len());
    format!("{}…", head.get(..end).unwrap_or_default())
}

/// The beginning of a text: at most `bytes` bytes including the ellipsis, cut at the end of a line where there is one.
pub(super) fn within(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    // Three bytes for the ellipsis.
    let fitting = text.char_indices().take_while(|(at, c)| at + c.len_utf8() + 3 <= bytes);
    cut(text, fitting.count())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn section(text: &str) -> Value {
        json!({"type": "section", "text": {"type": "mrkdwn", "text": text}})
    }

    /// Sizes of every form that is tried after the first.
    fn steps(mut body: Body, code: &str) -> Vec<(usize, usize)> {
        let mut steps = Vec::new();
        while let Some(next) = body.shorter(code) {
            steps.push((next.blocks.len(), next.text.chars().count()));
            assert!(steps.len() < 10, "it never ends: {steps:?}");
            body = next;
        }
        steps
    }

    #[test]
    fn a_message_gets_shorter_step_by_step_and_then_is_given_up() {
        let long = "a line of the answer\n".repeat(300);
        let blocks = vec![
            section(&long[..2_900]),
            section(&long[..2_900]),
            json!({"type": "actions", "elements": []}),
        ];
        let body = Body {
            text: long,
            blocks,
            shapes: Vec::new(),
            pings: Vec::new(),
        };
        assert_eq!(
            steps(body.clone(), "msg_blocks_too_long"),
            [(2, 6_300), (0, 3_990), (0, 987)]
        );
        assert_eq!(steps(body.clone(), "msg_too_long"), [(3, 987), (2, 987), (0, 987)]);
        assert_eq!(steps(body, "invalid_blocks"), [(0, 3_990), (0, 987)]);
    }

    #[test]
    fn a_text_is_cut_by_its_bytes_at_a_line() {
        assert_eq!(within("äöü", 6), "äöü");
        assert_eq!(within("äöü\näöü", 12), "äöü…");
        assert_eq!(within(&"ä".repeat(40), 33).len(), 33);
    }

    #[test]
    fn a_message_without_text_or_with_little_of_it_has_fewer_steps() {
        let body = |text: &str, blocks: Vec<Value>| Body {
            text: text.into(),
            blocks,
            shapes: Vec::new(),
            pings: Vec::new(),
        };
        assert_eq!(steps(body("", vec![section("x")]), "no_text"), []);
        assert_eq!(steps(body("short", vec![section("x")]), "invalid_blocks"), [(0, 5)]);
        assert_eq!(steps(body("short", vec![]), "invalid_arguments"), []);
        assert_eq!(steps(body(&"ä".repeat(5_000), vec![]), "msg_too_long"), [(0, 1_001)]);
    }
}
