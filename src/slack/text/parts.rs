//! Parts of a message that say some things twice: the fallback, the headline and the attachment.

/// Parts in their order, none of them said by another.
#[derive(Debug, Default)]
pub(super) struct TextParts {
    parts: Vec<TextPart>,
}

#[derive(Debug)]
struct TextPart {
    text: String,
    words: String,
}

impl TextParts {
    /// Adds a part unless another says it; takes the place of one that it says itself.
    pub(super) fn add(&mut self, text: String) {
        if text.trim().is_empty() {
            return;
        }
        let words = words(&text);
        if self.parts.iter().any(|part| part.words.contains(&words)) {
            return;
        }
        let new = TextPart { text, words };
        match self.parts.iter_mut().find(|part| new.words.contains(&part.words)) {
            Some(part) => *part = new,
            None => self.parts.push(new),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    pub(super) fn into_text(self) -> String {
        let texts: Vec<String> = self.parts.into_iter().map(|part| part.text).collect();
        texts.join("\n")
    }
}

/// The words without mark-up, each between blanks, so that `code: 7` is not found in `code: 75`.
fn words(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, link)) = rest.split_once('<') {
        plain.push_str(before);
        let (inside, after) = link.split_once('>').unwrap_or((link, ""));
        plain.push_str(inside.split_once('|').map_or(inside, |(_, label)| label));
        rest = after;
    }
    plain.push_str(rest);
    let plain: String = plain.chars().filter(|c| !matches!(c, '*' | '_' | '~' | '`')).collect();
    let mut words = String::with_capacity(plain.len() + 2);
    words.push(' ');
    for word in plain.split_whitespace() {
        words.push_str(&word.to_lowercase());
        words.push(' ');
    }
    words
}
