//! Limits on how much of a text is read.

use std::borrow::Cow;

/// Bytes of a message that are read; the rest is ignored.
pub const MOST_BYTES: usize = 1024 * 1024;

/// The fence that separates blocks of code from the rest of a message.
const FENCE: &str = "```";
/// Most parts of a text that are cut one by one; a text with more is cut as a whole.
const MOST_PARTS: usize = 1_000;
/// Bytes of a line from which it may be cut in its middle.
const LONG_LINE: usize = 4_096;

/// Returns the beginning of a text, of at most `most` bytes, up to the end of a line when one ends near there.
pub fn beginning(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let head = text.get(..text.floor_char_boundary(most)).unwrap_or_default();
    match head.rfind('\n') {
        Some(end) if end + LONG_LINE >= head.len() => head.get(..=end).unwrap_or(head),
        _ => head,
    }
}

/// Cuts a text to at most `most` bytes. Each block of code, such as a file, keeps its beginning: the blocks share the
/// bytes evenly, and what short ones leave over goes to the long ones.
pub fn bounded(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    let fences = text.matches(FENCE).take(MOST_PARTS).count();
    let Some(room) = most.checked_sub(fences * FENCE.len()).filter(|_| fences < MOST_PARTS) else {
        return Cow::Borrowed(beginning(text, most));
    };
    let parts: Vec<&str> = text.split(FENCE).collect();
    let share = share(parts.iter().map(|part| part.len()).collect(), room);
    let parts: Vec<&str> = parts.into_iter().map(|part| beginning(part, share)).collect();
    Cow::Owned(parts.join(FENCE))
}

/// Most bytes of each part for which all parts together fit into `room` bytes.
fn share(mut lengths: Vec<usize>, mut room: usize) -> usize {
    lengths.sort_unstable();
    let mut left = lengths.len();
    for length in lengths {
        let fair = room / left;
        if length > fair {
            return fair;
        }
        room -= length;
        left -= 1;
    }
    usize::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_the_end_of_a_line_or_between_characters() {
        assert_eq!(beginning("one\ntwo", 7), "one\ntwo");
        assert_eq!(beginning("one\ntwo", 6), "one\n");
        assert_eq!(beginning("äöü", 3), "ä");
        assert_eq!(beginning("one", 0), "");
        let line = "x".repeat(LONG_LINE + 9);
        assert_eq!(beginning(&format!("a\n{line}"), LONG_LINE + 5).len(), LONG_LINE + 5);
    }

    #[test]
    fn every_block_keeps_its_beginning() {
        let file = |name: &str, lines: usize| format!("```\n{}```", format!("{name} line\n").repeat(lines));
        let text = format!("see\n{}\n{}\n{}", file("a", 1_000), file("b", 3), file("c", 1_000));
        let cut = bounded(&text, 2_000);
        assert!(cut.len() <= 2_000 && cut.len() > 1_900, "{}", cut.len());
        assert!(cut.starts_with("see\n```\na line\n"), "{cut}");
        assert!(cut.contains("```\nb line\nb line\nb line\n```\n```\nc line\n"), "{cut}");
        assert!(cut.ends_with("c line\n```"), "{cut}");
        let (a, c) = (cut.matches("a line").count(), cut.matches("c line").count());
        assert!(a.abs_diff(c) <= 1, "{a} {c}");
        assert_eq!(bounded(&text, text.len()), text);
    }

    #[test]
    fn a_text_of_nothing_but_fences_is_cut_as_well() {
        let text = FENCE.repeat(50_000);
        for most in [0, 10, 4_000, 100_000] {
            assert!(bounded(&text, most).len() <= most);
        }
    }
}
