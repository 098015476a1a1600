//! Marks around text, and the places where each of them can close.

/// The effect of a mark on the text inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkKind {
    Strong,
    Emphasis,
    Code,
    /// Nothing inside is a mark.
    Literal,
    /// No effect that is shown.
    Plain,
    /// Raised; `2^10^` must not read as 210.
    Raised,
    /// Quotation marks, as they are shown.
    Quotation(&'static str, &'static str),
}

/// A mark.
#[derive(Debug)]
pub(super) struct Mark {
    /// The opening mark.
    pub(super) text: &'static str,
    /// The closing mark, where it differs.
    closes: Option<&'static str>,
    /// True when it may stand inside a word.
    anywhere: bool,
    pub(super) kind: MarkKind,
}

impl Mark {
    /// The closing mark.
    pub(super) fn close(&self) -> &'static str {
        self.closes.unwrap_or(self.text)
    }
}

const fn mark(text: &'static str, anywhere: bool, kind: MarkKind) -> Mark {
    Mark {
        text,
        closes: None,
        anywhere,
        kind,
    }
}

const fn quotation(text: &'static str, closes: &'static str, shown: &'static str) -> Mark {
    Mark {
        text,
        closes: Some(closes),
        anywhere: false,
        kind: MarkKind::Quotation(shown, shown),
    }
}

/// The marks; of those that begin alike, the longer comes first.
const MARKS: [Mark; 16] = [
    mark("**", true, MarkKind::Strong),
    mark("*", false, MarkKind::Strong),
    mark("__", true, MarkKind::Emphasis),
    mark("_", false, MarkKind::Emphasis),
    mark("``", true, MarkKind::Code),
    mark("`", false, MarkKind::Code),
    mark("##", true, MarkKind::Plain),
    mark("#", false, MarkKind::Plain),
    mark("+++", true, MarkKind::Literal),
    mark("++", false, MarkKind::Literal),
    mark("+", false, MarkKind::Literal),
    mark("$$", false, MarkKind::Literal),
    mark("^", true, MarkKind::Raised),
    mark("~", true, MarkKind::Plain),
    quotation("\"`", "`\"", "\""),
    quotation("'`", "`'", "'"),
];

/// The marks of a text: for each kind, the places where it can close, and the brackets.
#[derive(Debug, Default)]
pub(super) struct Marks {
    closings: [Vec<usize>; MARKS.len()],
    /// Opening brackets with the bracket that closes each.
    brackets: Vec<(usize, Option<usize>)>,
    /// Closing brackets.
    ends: Vec<usize>,
    spaces: Vec<usize>,
    /// Places of `>>`.
    reference_ends: Vec<usize>,
    /// Places of `))`.
    index_ends: Vec<usize>,
}

impl Marks {
    /// Finds the marks of a text.
    pub(super) fn of(text: &str) -> Marks {
        let mut found = Marks::default();
        let mut open: Vec<usize> = Vec::new();
        let mut before = None;
        for (at, c) in text.char_indices() {
            let escaped = before == Some('\\');
            match c {
                '[' if !escaped => {
                    open.push(found.brackets.len());
                    found.brackets.push((at, None));
                }
                ']' if !escaped => {
                    found.ends.push(at);
                    if let Some(bracket) = open.pop().and_then(|number| found.brackets.get_mut(number)) {
                        bracket.1 = Some(at);
                    }
                }
                '>' if text[at..].starts_with(">>") => found.reference_ends.push(at),
                ')' if text[at..].starts_with("))") => found.index_ends.push(at),
                '*' | '_' | '`' | '#' | '+' | '$' | '^' | '~' => found.closing(text, at, before),
                c if c.is_whitespace() => found.spaces.push(at),
                _ => {}
            }
            before = Some(c);
        }
        found
    }

    fn closing(&mut self, text: &str, at: usize, before: Option<char>) {
        let rest = &text[at..];
        for (mark, closings) in MARKS.iter().zip(&mut self.closings) {
            let close = mark.close();
            if !rest.starts_with(close) {
                continue;
            }
            let is_super = matches!(mark.text, "^" | "~");
            let inside = before.is_some_and(|c| !c.is_whitespace() && c != '\\');
            let next = rest[close.len()..].chars().next();
            let outside = next.is_none_or(|c| !c.is_alphanumeric() && c != '_');
            if mark.anywhere && !is_super || inside && (outside || is_super) {
                closings.push(at);
            }
        }
    }

    /// The mark that opens at a position after a character, and the position where it closes.
    pub(super) fn opened(
        &self,
        text: &str,
        at: usize,
        to: usize,
        before: Option<char>,
    ) -> Option<(&'static Mark, usize)> {
        let rest = text.get(at..to)?;
        MARKS.iter().zip(&self.closings).find_map(|(mark, closings)| {
            let inner = rest.strip_prefix(mark.text)?;
            let next = inner.chars().next()?;
            if !mark.anywhere && (next.is_whitespace() || !is_outside(before, mark)) {
                return None;
            }
            let start = at + mark.text.len();
            let from = start + next.len_utf8();
            let close = *closings.get(closings.partition_point(|place| *place < from))?;
            if close + mark.close().len() > to {
                return None;
            }
            // `2^10` and `~/.config` are no raised or lowered text: those hold no white space.
            let is_super = matches!(mark.text, "^" | "~");
            let has_space = self.next_space(start).is_some_and(|space| space < close);
            (!is_super || !has_space && close - start <= 40).then_some((mark, close))
        })
    }

    /// The bracket that closes the one at a position: its own, else the next.
    pub(super) fn closing_bracket(&self, at: usize) -> Option<usize> {
        let number = self.brackets.partition_point(|(open, _)| *open < at);
        let (open, own) = self.brackets.get(number)?;
        if *open != at {
            return None;
        }
        own.or_else(|| self.ends.get(self.ends.partition_point(|end| *end < at)).copied())
    }

    /// The next opening bracket from a position on.
    pub(super) fn next_bracket(&self, at: usize) -> Option<usize> {
        let number = self.brackets.partition_point(|(open, _)| *open < at);
        self.brackets.get(number).map(|(open, _)| *open)
    }

    /// The next white space from a position on.
    pub(super) fn next_space(&self, at: usize) -> Option<usize> {
        let number = self.spaces.partition_point(|space| *space < at);
        self.spaces.get(number).copied()
    }

    /// The next `>>` from a position on.
    pub(super) fn next_reference_end(&self, at: usize) -> Option<usize> {
        let number = self.reference_ends.partition_point(|end| *end < at);
        self.reference_ends.get(number).copied()
    }

    /// The next `))` from a position on.
    pub(super) fn next_index_end(&self, at: usize) -> Option<usize> {
        let number = self.index_ends.partition_point(|end| *end < at);
        self.index_ends.get(number).copied()
    }
}

/// True when a mark may open after a character.
fn is_outside(before: Option<char>, mark: &Mark) -> bool {
    let Some(before) = before else { return true };
    if before.is_alphanumeric() || before == '\\' {
        return false;
    }
    match mark.text {
        "_" => !matches!(before, '_' | ':' | ';' | '}'),
        // Authors write `state:` right before code.
        "`" => before != '`' || mark.anywhere,
        _ => !matches!(before, ':' | ';' | '}'),
    }
}
