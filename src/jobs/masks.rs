//! Masks for secret values: they are removed from whatever is shown, also from base64.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use regex::Regex;

use super::unpack;
use crate::redact::redact;

/// Text shown in place of a secret.
pub const MASK: &str = "[masked]";
/// Minimum length, in bytes, of a value that is masked within a text. Shorter ones occur in ordinary words; they are
/// masked only when they are the whole text.
const SHORTEST: usize = 4;
/// Levels of base64 within base64 that are searched.
const DEPTH: usize = 3;

/// Base64 that is broken into lines, as `base64 FILE` prints it.
static WRAPPED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[A-Za-z0-9+/]{40,}(?:[ \t]*\r?\n[ \t]*[A-Za-z0-9+/]{4,}={0,2})+").ok());
static PACKED: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[A-Za-z0-9+/_-]{16,}={0,2}").ok());

/// Values to hide.
#[derive(Clone, Default)]
pub struct Masks {
    values: BTreeSet<String>,
}

impl std::fmt::Debug for Masks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Masks({})", self.values.len())
    }
}

/// Returns true when a name suggests that its value is a secret: `iam_api_key`, `DEPLOY-TOKEN`.
pub fn secret_like(name: &str) -> bool {
    const WORDS: [&str; 12] = [
        "password",
        "passwd",
        "passphrase",
        "passwort",
        "pwd",
        "secret",
        "token",
        "credential",
        "apikey",
        "accesskey",
        "privatekey",
        "signingkey",
    ];
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_lowercase();
    WORDS.iter().any(|word| plain.contains(word))
}

/// Masks values whose job is unknown, so that anybody may see them.
pub fn all(values: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let masks = Masks::default();
    let shown = |(name, value): (&String, &String)| {
        let is_plain = !secret_like(name);
        (name.clone(), if is_plain { masks.mask(value) } else { MASK.to_owned() })
    };
    values.iter().map(shown).collect()
}

impl Masks {
    /// Adds a value to hide.
    pub fn hide(&mut self, value: &str) {
        let value = value.trim();
        if !value.is_empty() {
            self.values.insert(value.to_owned());
        }
    }

    /// Returns true when there is nothing to hide.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Returns the text without these values and without anything that looks like a secret, raw or in base64.
    pub fn mask(&self, text: &str) -> String {
        self.masked(text, DEPTH)
    }

    fn masked(&self, text: &str, depth: usize) -> String {
        if self.values.contains(text.trim()) {
            return MASK.to_owned();
        }
        let mut out = text.to_owned();
        // Longer ones first: one may contain another.
        let mut values: Vec<&String> = self.values.iter().filter(|value| value.len() >= SHORTEST).collect();
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        for value in values {
            if out.contains(value.as_str()) {
                out = out.replace(value.as_str(), MASK);
            }
            for packed in [STANDARD_NO_PAD.encode(value), URL_SAFE_NO_PAD.encode(value)] {
                if out.contains(&packed) {
                    out = out.replace(&packed, MASK);
                }
            }
        }
        if depth > 0
            && let Some(expression) = WRAPPED.as_ref()
        {
            let hidden = expression.replace_all(&out, |found: &regex::Captures<'_>| {
                let wrapped = found.get(0).map_or("", |all| all.as_str());
                let joined: String = wrapped.split_whitespace().collect();
                if self.hides_in(&joined, depth - 1) {
                    MASK.to_owned()
                } else {
                    wrapped.to_owned()
                }
            });
            out = hidden.into_owned();
        }
        if depth > 0
            && let Some(expression) = PACKED.as_ref()
        {
            let hidden = expression.replace_all(&out, |found: &regex::Captures<'_>| {
                let packed = found.get(0).map_or("", |all| all.as_str());
                if self.hides_in(packed, depth - 1) {
                    MASK.to_owned()
                } else {
                    packed.to_owned()
                }
            });
            out = hidden.into_owned();
        }
        redact(&out).into_owned()
    }

    /// Returns true when the packed text contains something to hide.
    fn hides_in(&self, packed: &str, depth: usize) -> bool {
        let Ok(bytes) = unpack::base64(packed.as_bytes()) else {
            return false;
        };
        let bytes = match unpack::gzip(&bytes) {
            Ok(inner) => inner,
            // Broken gzip: its content cannot be known.
            Err(_) if bytes.starts_with(&unpack::GZIP) => return true,
            Err(_) => bytes,
        };
        let Ok(text) = String::from_utf8(bytes) else {
            return false;
        };
        let is_text = text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'));
        is_text && self.masked(&text, depth) != text
    }
}
