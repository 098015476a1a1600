//! Build logs as plain text for people.
//!
//! Besides ANSI escapes a log contains console notes, which Jenkins' own page turns into links: `ESC[8mha:`, base64,
//! `ESC[0m`, in the middle of a line. Recent versions of Jenkins send them to every reader.

/// A filter that removes escapes and console notes from a log that arrives in pieces: each may be cut anywhere, also
/// within a multi-byte character.
#[derive(Debug, Default)]
pub struct Plain {
    state: ParserState,
    /// Bytes of text that do not form a character yet.
    text: Vec<u8>,
}

/// State of the parser: a terminal's grammar of escapes, and Jenkins' notes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum ParserState {
    #[default]
    Text,
    /// After a carriage return, which may be the first half of a line break.
    Return,
    /// After `ESC`.
    Escape,
    /// In an escape of three or more characters, such as the choice of a character set.
    Short,
    /// In a control sequence; `parameter` is its first one so far, or `u16::MAX` when it cannot begin a note.
    Control { parameter: u16 },
    /// In a title or another string for the terminal.
    Terminal,
    /// After `ESC` in such a string.
    TerminalEscape,
    /// After `ESC[8m` and the first `matched` bytes of [`NOTE`].
    Concealed { matched: usize },
    /// In the base64 of a note.
    Note,
}

/// Beginning of a note, after `ESC[8m`.
const NOTE: &[u8] = b"ha:";
const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;

impl Plain {
    /// Returns the readable part of the next piece, with `\n` for every line break. Anything that may continue in
    /// another piece is held back.
    pub fn push(&mut self, piece: &[u8]) -> String {
        for byte in piece {
            // A byte that ends an escape too early is examined again as the start of what follows.
            while !self.step(*byte) {}
        }
        self.whole_characters(false)
    }

    /// Returns the rest, once nothing more comes. A note or an escape without its end is dropped.
    pub fn finish(&mut self) -> String {
        match std::mem::take(&mut self.state) {
            ParserState::Concealed { matched } => self.text.extend(NOTE.iter().take(matched)),
            ParserState::Return => self.text.push(b'\n'),
            _ => {}
        }
        self.whole_characters(true)
    }

    /// Consumes a byte; returns `false` when it belongs to what follows the present state.
    fn step(&mut self, byte: u8) -> bool {
        let (state, is_taken) = match self.state {
            ParserState::Text => (self.of_text(byte), true),
            ParserState::Return => {
                self.text.push(b'\n');
                (ParserState::Text, byte == b'\n')
            }
            ParserState::Escape => match byte {
                b'[' => (ParserState::Control { parameter: 0 }, true),
                b']' | b'P' | b'X' | b'^' | b'_' => (ParserState::Terminal, true),
                b' '..=b'/' => (ParserState::Short, true),
                b'0'..=b'~' => (ParserState::Text, true),
                _ => (ParserState::Text, false),
            },
            ParserState::Short => match byte {
                b' '..=b'/' => (ParserState::Short, true),
                b'0'..=b'~' => (ParserState::Text, true),
                _ => (ParserState::Text, false),
            },
            ParserState::Control { parameter } => match byte {
                b'0'..=b'9' => {
                    let parameter = parameter.saturating_mul(10).saturating_add(u16::from(byte - b'0'));
                    (ParserState::Control { parameter }, true)
                }
                // A note never has several parameters.
                b' '..=b'?' => (ParserState::Control { parameter: u16::MAX }, true),
                b'm' if parameter == 8 => (ParserState::Concealed { matched: 0 }, true),
                b'@'..=b'~' => (ParserState::Text, true),
                _ => (ParserState::Text, false),
            },
            ParserState::Terminal => match byte {
                BEL => (ParserState::Text, true),
                ESC => (ParserState::TerminalEscape, true),
                b'\n' | b'\r' => (ParserState::Text, false),
                _ => (ParserState::Terminal, true),
            },
            ParserState::TerminalEscape if byte == b'\\' => (ParserState::Text, true),
            // The string had no terminator of its own.
            ParserState::TerminalEscape => (ParserState::Escape, false),
            ParserState::Concealed { matched } => match NOTE.get(matched) {
                None => (ParserState::Note, false),
                Some(wanted) if *wanted == byte => (ParserState::Concealed { matched: matched + 1 }, true),
                Some(_) => {
                    self.text.extend(NOTE.iter().take(matched));
                    (ParserState::Text, false)
                }
            },
            ParserState::Note if byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=') => {
                (ParserState::Note, true)
            }
            ParserState::Note => (ParserState::Text, false),
        };
        self.state = state;
        is_taken
    }

    fn of_text(&mut self, byte: u8) -> ParserState {
        match byte {
            ESC => return ParserState::Escape,
            b'\r' => return ParserState::Return,
            b'\n' | b'\t' => self.text.push(byte),
            _ if byte.is_ascii_control() => {}
            _ => self.text.push(byte),
        }
        ParserState::Text
    }

    /// Takes the text so far; an incomplete character at its end is kept back, unless `is_end`.
    fn whole_characters(&mut self, is_end: bool) -> String {
        let mut rest = self.text.as_slice();
        let mut out = String::with_capacity(rest.len());
        loop {
            match std::str::from_utf8(rest) {
                Ok(text) => {
                    out.push_str(text);
                    rest = &[];
                    break;
                }
                Err(cause) => {
                    let (sound, broken) = rest.split_at(cause.valid_up_to());
                    out.push_str(&String::from_utf8_lossy(sound));
                    match cause.error_len() {
                        None if !is_end => {
                            rest = broken;
                            break;
                        }
                        length => {
                            out.push(char::REPLACEMENT_CHARACTER);
                            rest = broken.get(length.unwrap_or(broken.len())..).unwrap_or_default();
                        }
                    }
                }
            }
        }
        self.text = rest.to_vec();
        // Control characters of two bytes.
        out.retain(|character| !character.is_control() || matches!(character, '\n' | '\t'));
        out
    }
}

/// Returns a whole log without ANSI escapes and console notes, with `\n` for every line break.
pub fn plain(text: &str) -> String {
    let mut plain = Plain::default();
    let mut out = plain.push(text.as_bytes());
    out.push_str(&plain.finish());
    out
}

/// Returns a file's text without escapes and console notes, when it is text that contains any; otherwise `None`.
pub fn of_console(bytes: &[u8]) -> Option<String> {
    if !bytes.contains(&ESC) {
        return None;
    }
    std::str::from_utf8(bytes).ok().map(plain)
}

/// Returns the end of a text, at most `most` characters, starting at the beginning of a line: half a secret could not
/// be recognised and masked.
pub fn end(text: &str, most: usize) -> &str {
    let Some((at, _)) = text
        .char_indices()
        .rev()
        .nth(most.saturating_sub(1))
        .filter(|(at, _)| *at > 0)
    else {
        return text;
    };
    let (before, rest) = text.split_at(at);
    if before.ends_with('\n') {
        return rest;
    }
    // When less than half would be left, nearly all of it is one line: start after a blank.
    let line = rest.find('\n').filter(|line| *line < rest.len() / 2);
    let cut = line.or_else(|| rest.find(char::is_whitespace));
    cut.and_then(|cut| rest.get(cut + 1..)).unwrap_or_default()
}

/// Returns the last lines that are not blank.
pub fn tail(text: &str, lines: usize) -> Vec<&str> {
    let mut last: Vec<&str> = text
        .lines()
        .rev()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .take(lines)
        .collect();
    last.reverse();
    last
}

/// Returns true when the log ends at a pipeline's input step, which waits for a person.
pub fn waits_for_input(text: &str) -> bool {
    tail(text, 2).iter().any(|line| {
        let line = line.trim();
        line == "Input requested" || line.ends_with("Proceed or Abort")
    })
}
