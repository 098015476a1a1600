//! Words: how text, of a runbook or of a message, is cut into comparable pieces.

/// A word and where it stands in the text it was cut from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word {
    /// Byte offset of its first character.
    pub start: usize,
    /// Byte offset after its last character.
    pub end: usize,
}

/// What a word looks like; decides how much it can tell by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Shape {
    /// Letters: `refused`.
    Plain,
    /// A name of a program's world: `CrashLoopBackOff`, `slclient`, `BXNIM0430E`.
    Name,
    /// A number: `504`.
    Number,
    /// A value that differs from case to case: hexadecimal, hashes, long ids.
    Value,
}

/// Cuts a text into words: runs of letters and digits. An apostrophe inside a word is passed over (`can't` is one
/// word). Each word is handed to `take` in lower case with its place and shape.
pub(super) fn words(text: &str, mut take: impl FnMut(&str, Word, Shape)) {
    let mut lower = String::new();
    let mut start = None;
    let mut humps = 0_u32;
    let mut previous_lower = false;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c.is_alphanumeric() {
            if start.is_none() {
                start = Some(at);
                lower.clear();
                humps = 0;
                previous_lower = false;
            }
            if c.is_uppercase() {
                humps += u32::from(previous_lower);
            }
            previous_lower = c.is_lowercase() || c.is_ascii_digit();
            lower.extend(c.to_lowercase());
            continue;
        }
        let inside = c == '\'' && start.is_some() && chars.peek().is_some_and(|(_, next)| next.is_alphabetic());
        if inside {
            continue;
        }
        if let Some(begin) = start.take() {
            take(&lower, Word { start: begin, end: at }, shape(&lower, humps));
        }
    }
    if let Some(begin) = start {
        take(
            &lower,
            Word {
                start: begin,
                end: text.len(),
            },
            shape(&lower, humps),
        );
    }
}

fn shape(lower: &str, humps: u32) -> Shape {
    let digits = lower.bytes().filter(u8::is_ascii_digit).count();
    if digits == lower.len() {
        return if digits > 5 { Shape::Value } else { Shape::Number };
    }
    // `V4SubnetAllocationThresholdExceeded`: digits do not make a name a value.
    if humps >= 2 && digits * 4 < lower.len() {
        return Shape::Name;
    }
    let hex = lower.bytes().all(|b| b.is_ascii_hexdigit());
    if digits > 0 && ((hex && lower.len() >= 6) || lower.len() >= 20 || (digits >= 3 && mixed(lower))) {
        return Shape::Value;
    }
    if humps > 0 || digits > 0 {
        Shape::Name
    } else {
        Shape::Plain
    }
}

/// Letters and digits alternate more than once, as in generated names: `xk2lm7`, `5d8f9c`.
fn mixed(lower: &str) -> bool {
    let mut changes = 0;
    let mut previous: Option<bool> = None;
    for byte in lower.bytes() {
        let digit = byte.is_ascii_digit();
        changes += u32::from(previous.is_some_and(|before| before != digit));
        previous = Some(digit);
    }
    changes > 2
}

/// The parts of a name in camel case, in lower case: `etcdInsufficientMembers` → etcd, insufficient, members. Empty
/// when it is one part.
pub(super) fn humps(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut parts: Vec<String> = Vec::new();
    let mut part = String::new();
    for (at, c) in chars.iter().copied().enumerate() {
        let before = at.checked_sub(1).and_then(|i| chars.get(i)).copied();
        let after = chars.get(at + 1).copied();
        let starts = c.is_uppercase()
            && (before.is_some_and(|b| !b.is_uppercase())
                || (before.is_some_and(char::is_uppercase) && after.is_some_and(char::is_lowercase)));
        if starts && !part.is_empty() {
            parts.push(std::mem::take(&mut part));
        }
        part.extend(c.to_lowercase());
    }
    if !part.is_empty() {
        parts.push(part);
    }
    if parts.len() > 1 { parts } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::{Shape, humps, words};

    fn cut(text: &str) -> Vec<(String, Shape)> {
        let mut out = Vec::new();
        words(text, |word, _, shape| out.push((word.to_owned(), shape)));
        out
    }

    #[test]
    fn words_have_shapes() {
        use Shape::{Name, Number, Plain, Value};
        let cases: &[(&str, &[(&str, Shape)])] = &[
            (
                "can't be found",
                &[("can't".trim(), Plain), ("be", Plain), ("found", Plain)],
            ),
            ("HTTP 504", &[("http", Plain), ("504", Number)]),
            (
                "CrashLoopBackOff BXNIM0430E",
                &[("crashloopbackoff", Name), ("bxnim0430e", Name)],
            ),
            ("bc8feb57-c156", &[("bc8feb57", Value), ("c156", Name)]),
            ("'quoted' it's", &[("quoted", Plain), ("it's", Plain)]),
        ];
        for (text, expected) in cases {
            let expected: Vec<(String, Shape)> = expected
                .iter()
                .map(|(word, shape)| (word.replace('\'', ""), *shape))
                .collect();
            assert_eq!(cut(text), expected, "{text}");
        }
    }

    #[test]
    fn names_fall_into_their_humps() {
        let cases: &[(&str, &[&str])] = &[
            ("etcdInsufficientMembers", &["etcd", "insufficient", "members"]),
            ("KubeAPIDown", &["kube", "api", "down"]),
            ("KubeNodeNotReady", &["kube", "node", "not", "ready"]),
            ("plain", &[]),
            ("ERROR", &[]),
        ];
        for (name, parts) in cases {
            assert_eq!(humps(name), *parts, "{name}");
        }
    }
}
