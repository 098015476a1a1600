//! Build logs as people read them.

/// Without ANSI escapes (colours, hidden notes, titles), with `\n` for every line break.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => match characters.next() {
                // CSI: parameters, then one final character.
                Some('[') => while characters.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
                // OSC: up to BEL or ESC \.
                Some(']') => {
                    while let Some(c) = characters.next() {
                        if c == '\u{7}' || (c == '\u{1b}' && characters.next_if_eq(&'\\').is_some()) {
                            break;
                        }
                    }
                }
                _ => {}
            },
            '\r' => {
                // A bare one makes a progress bar draw over itself.
                if characters.peek() != Some(&'\n') {
                    out.push('\n');
                }
            }
            '\n' | '\t' => out.push(character),
            _ if character.is_control() => {}
            _ => out.push(character),
        }
    }
    out
}

/// The last lines that hold anything.
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

/// Whether the log ends at a pipeline's input step, which waits for a person.
pub fn waits_for_input(text: &str) -> bool {
    tail(text, 2).iter().any(|line| {
        let line = line.trim();
        line == "Input requested" || line.ends_with("Proceed or Abort")
    })
}
