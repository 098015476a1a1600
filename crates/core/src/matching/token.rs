//! Words: the comparable pieces into which the text of a runbook or a message is cut.

/// The place of a word in the text it was cut from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word {
    /// Byte offset of its first character.
    pub start: usize,
    /// Byte offset after its last character.
    pub end: usize,
}

/// The form of a word, which decides how much it can tell by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Shape {
    /// Letters: `refused`.
    Plain,
    /// A name with humps, or letters with digits: `CrashLoopBackOff`, `BXNIM0430E`.
    Name,
    /// A number: `504`.
    Number,
    /// A value that differs from case to case: hexadecimal, hashes, long ids.
    Value,
}

/// Cuts a text into words: runs of letters and digits. An apostrophe inside a word is skipped (`can't` is one word).
/// Calls `take` with each word in lower case, its place and its shape.
pub(super) fn words(text: &str, mut take: impl FnMut(&str, Word, Shape)) {
    let bytes = text.as_bytes();
    let mut word = Cut::default();
    let mut at = 0;
    while let Some(byte) = bytes.get(at).copied() {
        if byte.is_ascii_alphanumeric() {
            let end = ascii_word(bytes, at);
            word.run(text, at, end);
            at = end;
            continue;
        }
        let c = if byte.is_ascii() {
            char::from(byte)
        } else {
            char_at(text, at)
        };
        let next = at + c.len_utf8();
        if c.is_alphanumeric() {
            word.letter(c, at);
        } else if word.start.is_some() && !(c == '\'' && char_at(text, next).is_alphabetic()) {
            word.end(at, &mut take);
        }
        at = next;
    }
    word.end(text.len(), &mut take);
}

/// The end of a run of ASCII letters and digits.
fn ascii_word(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count()
}

/// The character at a place, or a blank at the end.
fn char_at(text: &str, at: usize) -> char {
    text.get(at..).and_then(|rest| rest.chars().next()).unwrap_or(' ')
}

/// A word while it is being cut out.
#[derive(Default)]
struct Cut {
    lower: String,
    start: Option<usize>,
    humps: u32,
    digits: usize,
    previous_lower: bool,
}

impl Cut {
    /// Begins a word, if none has begun.
    fn begin(&mut self, at: usize) {
        if self.start.is_none() {
            self.start = Some(at);
            self.lower.clear();
            self.humps = 0;
            self.digits = 0;
            self.previous_lower = false;
        }
    }

    /// Appends a run of ASCII letters and digits.
    fn run(&mut self, text: &str, from: usize, to: usize) {
        self.begin(from);
        let run = text.get(from..to).unwrap_or_default();
        let mut before = self.previous_lower;
        for byte in run.bytes() {
            let digit = byte.is_ascii_digit();
            self.humps += u32::from(before && byte.is_ascii_uppercase());
            self.digits += usize::from(digit);
            before = digit || byte.is_ascii_lowercase();
        }
        // `OOMKilled`, but neither `PVCs` nor `IPv4`.
        let after_acronym = |four: &[u8]| matches!(four, [a, b, c, d] if [a, b].iter().all(|c| c.is_ascii_uppercase()) && [c, d].iter().all(|c| c.is_ascii_lowercase()));
        self.humps += run.as_bytes().windows(4).filter(|four| after_acronym(four)).count() as u32;
        self.previous_lower = before;
        let known = self.lower.len();
        self.lower.push_str(run);
        if let Some(added) = self.lower.get_mut(known..) {
            added.make_ascii_lowercase();
        }
    }

    /// Appends one letter that is not ASCII.
    fn letter(&mut self, c: char, at: usize) {
        self.begin(at);
        self.humps += u32::from(c.is_uppercase() && self.previous_lower);
        self.previous_lower = c.is_lowercase();
        self.lower.extend(c.to_lowercase());
    }

    /// Passes the word to `take`, if one has begun.
    fn end(&mut self, at: usize, take: &mut impl FnMut(&str, Word, Shape)) {
        if let Some(start) = self.start.take() {
            let shape = shape(&self.lower, self.humps, self.digits);
            take(&self.lower, Word { start, end: at }, shape);
        }
    }
}

fn shape(lower: &str, humps: u32, digits: usize) -> Shape {
    if digits == 0 {
        return if humps > 0 { Shape::Name } else { Shape::Plain };
    }
    if digits == lower.len() {
        return if digits > 5 { Shape::Value } else { Shape::Number };
    }
    // `V4SubnetAllocationThresholdExceeded`: digits do not make a name a value.
    if humps >= 2 && digits * 4 < lower.len() {
        return Shape::Name;
    }
    let hex = lower.bytes().all(|b| b.is_ascii_hexdigit());
    if (hex && lower.len() >= 6) || lower.len() >= 20 || (digits >= 3 && mixed(lower)) {
        return Shape::Value;
    }
    Shape::Name
}

/// Returns true when letters and digits alternate more than twice, as in generated names: `xk2lm7`, `5d8f9c`.
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

/// Splits a text at separators; each piece comes with the byte offset where it begins, and empty ones are left out.
pub(super) fn pieces(text: &str, separates: impl Fn(char) -> bool + Copy) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    let stretches = text.split_inclusive(separates).map(move |stretch| {
        let start = at;
        at += stretch.len();
        (start, stretch.trim_end_matches(separates))
    });
    stretches.filter(|(_, piece)| !piece.is_empty())
}

/// The parts of a name in camel case, in lower case: `etcdInsufficientMembers` → etcd, insufficient, members. Empty for
/// a name of one part.
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
            (
                "OOMKilled IDs of IPv4",
                &[("oomkilled", Name), ("ids", Plain), ("of", Plain), ("ipv4", Name)],
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
            ("OOMKilled", &["oom", "killed"]),
            ("plain", &[]),
            ("ERROR", &[]),
        ];
        for (name, parts) in cases {
            assert_eq!(humps(name), *parts, "{name}");
        }
    }
}
