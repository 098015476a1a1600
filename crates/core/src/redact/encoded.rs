//! Secrets within base64.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::find::Find;
use super::judgement::is_placeholder;

/// Least letters of an encoded text that can hold a secret.
const LEAST: usize = 16;
/// Letters that are decoded first, to see whether the rest is worth it.
const PROBE: usize = 16;
/// Most times that a secret is encoded.
const DEPTH: usize = 3;

const TOLERANT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, TOLERANT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, TOLERANT);

/// Finds the encoded texts that hold a secret once decoded.
pub(super) fn find(text: &str, depth: usize, finds: &mut Vec<Find>) {
    if depth >= DEPTH {
        return;
    }
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        while bytes.get(at).is_some_and(|byte| is_letter(*byte)) {
            at += 1;
        }
        let length = at - start;
        if length >= LEAST
            && let Some(decoded) = text.get(start..at).and_then(decoded)
            && holds_secret(&decoded, depth)
        {
            let end = start
                + length
                + bytes
                    .get(at..)
                    .unwrap_or_default()
                    .iter()
                    .take(2)
                    .take_while(|byte| **byte == b'=')
                    .count();
            finds.push(Find::new(start..end, "encoded-secret"));
        }
        at = at.max(start + 1);
    }
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// The text that base64 encodes; `None` for anything else.
fn decoded(encoded: &str) -> Option<String> {
    let engine = if encoded.contains(['-', '_']) {
        &URL_SAFE
    } else {
        &STANDARD
    };
    let readable = |bytes: &[u8]| {
        bytes
            .iter()
            .all(|byte| *byte >= b' ' && *byte != 0x7f || matches!(byte, b'\n' | b'\r' | b'\t'))
    };
    let probe = engine.decode(encoded.get(..PROBE)?).ok()?;
    if !readable(&probe) {
        return None;
    }
    // A last letter alone encodes nothing.
    let whole = encoded.get(..encoded.len() - usize::from(encoded.len() % 4 == 1))?;
    let bytes = engine.decode(whole).ok()?;
    readable(&bytes).then(|| String::from_utf8(bytes).ok()).flatten()
}

fn holds_secret(decoded: &str, depth: usize) -> bool {
    let mut inner = Vec::new();
    super::find_all(decoded, depth + 1, &mut inner);
    !inner.is_empty() || is_user_and_password(decoded)
}

/// Returns true for `user:password`, as basic authentication and container registries encode it.
fn is_user_and_password(decoded: &str) -> bool {
    let Some((user, password)) = decoded.trim_end().split_once(':') else {
        return false;
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '+' | '%');
    !user.is_empty()
        && user.len() <= 80
        && user.chars().all(plain)
        && user.starts_with(|c: char| c.is_ascii_alphabetic())
        && (4..=200).contains(&password.len())
        && password.chars().all(|c| c.is_ascii_graphic())
        && !password.chars().all(|c| c.is_ascii_digit())
        && !password.starts_with(['/', '"', '\'', '{', '['])
        && !is_placeholder(password)
}
