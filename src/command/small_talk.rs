//! Messages to the bot that name no error: greetings, thanks, and questions about a code.

/// Most words of a greeting or of thanks.
const LONGEST_TALK: usize = 5;
/// Most words of a question about a code; a longer text is a paste.
const LONGEST_QUESTION: usize = 12;
/// Words that greet.
const GREETINGS: [&str; 8] = [
    "hello",
    "hi",
    "hey",
    "morning",
    "evening",
    "afternoon",
    "welcome",
    "hiya",
];
/// Words that thank.
const THANKS: [&str; 7] = ["thanks", "thank", "thx", "ty", "cheers", "kudos", "tysm"];
/// Words that go with either.
const FILLERS: [&str; 17] = [
    "all",
    "a",
    "again",
    "bot",
    "everybody",
    "everyone",
    "folks",
    "good",
    "lot",
    "much",
    "signpost",
    "so",
    "team",
    "there",
    "very",
    "you",
    "that",
];

/// Talk that asks for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmallTalk {
    /// A greeting.
    Greeting,
    /// Thanks.
    Thanks,
}

/// Returns the kind of a text that is nothing but a greeting or thanks.
pub fn small_talk(text: &str) -> Option<SmallTalk> {
    let mut kind = None;
    for (at, word) in words(text).enumerate() {
        let word = word.to_lowercase();
        let known = |list: &[&str]| list.contains(&word.as_str());
        if at >= LONGEST_TALK {
            return None;
        }
        kind = if known(&THANKS) {
            Some(SmallTalk::Thanks)
        } else if known(&GREETINGS) {
            kind.or(Some(SmallTalk::Greeting))
        } else if known(&FILLERS) {
            kind
        } else {
            return None;
        };
    }
    kind
}

/// Returns the error code in a short question: capital letters, then digits, such as `E0099` or `ORA-600`.
pub fn code_in(text: &str) -> Option<&str> {
    let is_short = words(text).nth(LONGEST_QUESTION).is_none();
    words(text).find(|word| is_short && is_code(word))
}

fn is_code(word: &str) -> bool {
    let letters = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = word.len() - letters.len();
    let letters = letters.trim_end_matches(['-', '_']);
    (2..=6).contains(&digits)
        && (1..=10).contains(&letters.len())
        && letters
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'-' || byte == b'_')
}

/// The words of a text, without the mentions and the punctuation around them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split_whitespace().filter(|word| !word.starts_with("<@"));
    let words = words.map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    words.filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn talk_is_told_from_questions() {
        for (text, kind) in [
            ("hello all", Some(SmallTalk::Greeting)),
            ("Good morning!", Some(SmallTalk::Greeting)),
            ("<@U1> thanks!", Some(SmallTalk::Thanks)),
            ("hi, thank you so much", Some(SmallTalk::Thanks)),
            ("good", None),
            ("lunch at noon?", None),
            ("thanks, but the pod is gone", None),
            ("", None),
        ] {
            assert_eq!(small_talk(text), kind, "{text}");
        }
    }

    #[test]
    fn a_code_is_found_in_a_short_question_only() {
        for (text, code) in [
            ("what does E0099 mean?", Some("E0099")),
            ("ORA-600?", Some("ORA-600")),
            ("(QX4711)", Some("QX4711")),
            ("meaning of life", None),
            ("at 10 o'clock", None),
            ("HTTP", None),
        ] {
            assert_eq!(code_in(text), code, "{text}");
        }
        assert_eq!(code_in(&"word ".repeat(20).replacen("word", "E0099", 1)), None);
        assert_eq!(small_talk(&"hello ".repeat(1_000_000)), None);
    }
}
