//! Sentences of running text: which of them explain, and which tell a person to act.

use super::{Inline, plain};

/// Splits plain text into sentences.
pub(super) fn of_text(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut from = 0;
    for at in breaks(text) {
        out.push(text[from..at].trim());
        from = at;
    }
    out.push(text[from..].trim());
    out.retain(|sentence| !sentence.is_empty());
    out
}

/// Byte offsets of the ends of sentences.
fn breaks(text: &str) -> Vec<usize> {
    const SHORT: [&str; 8] = ["e.g", "i.e", "etc", "vs", "cf", "eg", "ie", "no"];
    let mut out = Vec::new();
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        if !matches!(byte, b'.' | b'!' | b'?') || !bytes.get(at + 1).is_some_and(u8::is_ascii_whitespace) {
            continue;
        }
        let word = text[..at]
            .rsplit(|c: char| c.is_whitespace() || c == '(')
            .next()
            .unwrap_or("");
        let next = text[at + 1..].trim_start().chars().next();
        let starts = next
            .is_none_or(|c| c.is_uppercase() || c.is_ascii_digit() || matches!(c, '`' | '"' | '\'' | '“' | '[' | '@'));
        if starts && !SHORT.contains(&word.to_lowercase().as_str()) {
            out.push(at + 1);
        }
    }
    out
}

/// Splits inlines into sentences; markup and code are never cut.
pub fn split(inlines: &[Inline]) -> Vec<Vec<Inline>> {
    let mut out: Vec<Vec<Inline>> = vec![Vec::new()];
    for inline in inlines {
        let Inline::Text(text) = inline else {
            push(&mut out, inline.clone());
            continue;
        };
        let mut from = 0;
        for at in breaks(text) {
            push(&mut out, Inline::Text(text[from..at].to_owned()));
            out.push(Vec::new());
            from = at;
        }
        let rest = &text[from..];
        let rest = if from > 0 { rest.trim_start() } else { rest };
        if !rest.is_empty() {
            push(&mut out, Inline::Text(rest.to_owned()));
        }
    }
    out.retain(|sentence| !plain(sentence).trim().is_empty());
    out
}

fn push(out: &mut [Vec<Inline>], inline: Inline) {
    if let Some(last) = out.last_mut() {
        let inline = match inline {
            Inline::Text(text) if last.is_empty() => Inline::Text(text.trim_start().to_owned()),
            other => other,
        };
        last.push(inline);
    }
}

/// Joins sentences into one paragraph again.
pub fn join(sentences: &[Vec<Inline>]) -> Vec<Inline> {
    let mut out: Vec<Inline> = Vec::new();
    for sentence in sentences {
        if !out.is_empty() {
            out.push(Inline::Text(" ".to_owned()));
        }
        out.extend(sentence.iter().cloned());
    }
    out
}

/// Returns true when a sentence tells what people see rather than why: "The log says …", "Customers see …".
pub(super) fn tells_a_symptom(sentence: &str) -> bool {
    const SEEN: [&str; 16] = [
        "log says",
        "logs say",
        "log shows",
        "logs show",
        "you see",
        "users see",
        "customers see",
        "you get the error",
        "you receive the error",
        "you receive an error",
        "you get an error",
        "error message similar to",
        "message similar to",
        "following error",
        "following message",
        "error is shown",
    ];
    let lower = sentence.to_lowercase();
    SEEN.iter().any(|seen| lower.contains(seen)) && !lower.contains("because")
}

/// Returns true when a sentence tells a person to do something.
pub(super) fn acts(sentence: &str) -> bool {
    let lower = sentence
        .trim_start_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase();
    let mut words = lower
        .split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '-'))
        .filter(|word| !word.is_empty());
    let first = words.next().unwrap_or("");
    let verb = if matches!(
        first,
        "please" | "then" | "next" | "first" | "finally" | "also" | "now" | "alternatively"
    ) {
        words.next().unwrap_or("")
    } else {
        first
    };
    if VERBS.contains(&verb) {
        return true;
    }
    PHRASES.iter().any(|phrase| lower.contains(phrase))
        || lower.split_once(", ").is_some_and(|(clause, rest)| {
            clause.starts_with("if ") && rest.split(' ').next().is_some_and(|word| VERBS.contains(&word))
        })
}

/// First words of instructions.
const VERBS: [&str; 86] = [
    "add",
    "adjust",
    "allow",
    "apply",
    "ask",
    "attach",
    "avoid",
    "change",
    "check",
    "choose",
    "clean",
    "clear",
    "click",
    "configure",
    "confirm",
    "connect",
    "consider",
    "contact",
    "copy",
    "create",
    "delete",
    "deploy",
    "determine",
    "disable",
    "drain",
    "edit",
    "enable",
    "ensure",
    "escalate",
    "examine",
    "execute",
    "expand",
    "export",
    "fill",
    "find",
    "fix",
    "follow",
    "free",
    "get",
    "go",
    "have",
    "identify",
    "increase",
    "inspect",
    "install",
    "investigate",
    "kill",
    "list",
    "log",
    "login",
    "look",
    "make",
    "monitor",
    "move",
    "navigate",
    "notify",
    "open",
    "page",
    "patch",
    "query",
    "re-run",
    "reach",
    "reboot",
    "recreate",
    "reduce",
    "remove",
    "replace",
    "request",
    "reset",
    "restart",
    "restore",
    "retry",
    "review",
    "revert",
    "rotate",
    "run",
    "scale",
    "see",
    "set",
    "start",
    "stop",
    "suggest",
    "try",
    "update",
    "use",
    "verify",
];

/// Phrases that tell a person what to do.
const PHRASES: [&str; 22] = [
    "to resolve",
    "to fix",
    "to solve",
    "to debug",
    "to troubleshoot",
    "to check",
    "to verify",
    "to mitigate",
    "resolution",
    "you can ",
    "you must",
    "you need to",
    "you should",
    "must be ",
    "should be ",
    "follow these steps",
    "following command",
    "following steps",
    "workaround",
    "have the user",
    "request the user",
    "needs to ",
];
