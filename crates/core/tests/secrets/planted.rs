//! Planted secrets by kind, and what becomes of them.
//!
//! A line of `planted.txt` is a kind, a bar, and a text. What stands in `«…»` is secret: `~` only keeps scanners from
//! taking the file for a leak, `%a36` stands for 36 letters and digits, `%h` for hexadecimal ones, `%u` for capitals and
//! digits, `%l` for small letters, `%d` for digits. `⏎` is a line break, `⇥` a tab, `␣` a zero-width space, and
//! `base64(…)` is encoded.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A text with a secret.
pub(crate) struct Planted {
    pub(crate) kind: String,
    pub(crate) text: String,
    /// The text that must be gone.
    pub(crate) secrets: Vec<String>,
}

/// Returns all planted secrets of a list.
pub(crate) fn planted(list: &str) -> Vec<Planted> {
    let lines = list
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    lines
        .map(|(number, line)| {
            let (kind, frame) = line.split_once('|').expect("a bar after the kind");
            let frame = frame
                .trim()
                .replace('⏎', "\n")
                .replace('⇥', "\t")
                .replace('␣', "\u{200b}");
            let mut text = String::new();
            let mut secrets = Vec::new();
            let mut seed = number as u64 * 7919 + 17;
            let mut rest = frame.as_str();
            while let Some((before, after)) = rest.split_once('«') {
                let (spec, after) = after.split_once('»').expect("a closing mark");
                let secret = expand(spec, &mut seed);
                text.push_str(before);
                text.push_str(&secret);
                secrets.push(secret);
                rest = after;
            }
            text.push_str(rest);
            let text = ["gh~p_", "gl~pat-", "AK~IA"]
                .iter()
                .fold(text, |text, broken| text.replace(broken, &broken.replace('~', "")));
            Planted {
                kind: kind.trim().to_owned(),
                text: encode(&text, &mut secrets),
                secrets,
            }
        })
        .collect()
}

fn encode(text: &str, secrets: &mut Vec<String>) -> String {
    let Some((before, after)) = text.split_once("base64(") else {
        return text.to_owned();
    };
    let (inner, after) = after.split_once(")64").expect("a closing bracket");
    let encoded = STANDARD.encode(inner);
    secrets.clear();
    secrets.push(encoded.trim_end_matches('=').to_owned());
    format!("{before}{encoded}{after}")
}

fn expand(spec: &str, seed: &mut u64) -> String {
    let mut out = String::new();
    let mut chars = spec.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '~' => {}
            '%' if chars.peek().is_some_and(|c| "ahuld".contains(*c)) => {
                let letters = match chars.next() {
                    Some('h') => "0123456789abcdef",
                    Some('u') => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
                    Some('l') => "abcdefghijklmnopqrstuvwxyz",
                    Some('d') => "1234567890",
                    _ => "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
                };
                let mut count = String::new();
                while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                    count.push(digit);
                }
                for _ in 0..count.parse::<usize>().expect("a count") {
                    *seed = seed
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    out.push(char::from(letters.as_bytes()[(*seed >> 33) as usize % letters.len()]));
                }
            }
            c => out.push(c),
        }
    }
    out
}

/// Returns what of a secret is left, if anything: the whole, or a part of eight characters of a long one.
pub(crate) fn left(planted: &Planted, clean: &str) -> Option<String> {
    planted.secrets.iter().find_map(|secret| {
        let chars: Vec<char> = secret.chars().collect();
        let size = if chars.len() < 16 { chars.len() } else { 8 };
        let mut parts = chars.windows(size).map(|part| part.iter().collect::<String>());
        parts.find(|part| clean.contains(part.as_str()))
    })
}

/// Prints the share of the planted secrets that are gone, by kind, and returns the texts that leak.
pub(crate) fn report(redact: &dyn Fn(&str) -> String) -> Vec<String> {
    let mut leaks = Vec::new();
    let mut kinds: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let all = planted(include_str!("planted.txt"));
    for planted in &all {
        let clean = redact(&planted.text);
        let count = kinds.entry(planted.kind.clone()).or_default();
        count.1 += 1;
        match left(planted, &clean) {
            Some(part) => leaks.push(format!(
                "{}: {:?}\n   {clean:?} holds {part:?}",
                planted.kind, planted.text
            )),
            None => count.0 += 1,
        }
        if redact(&clean) != clean {
            leaks.push(format!(
                "not the same twice: {:?}: {clean:?} {:?}",
                planted.text,
                redact(&clean)
            ));
        }
    }
    for (kind, (gone, of)) in &kinds {
        println!("{kind:<16} {gone:>4} of {of:>4}");
    }
    println!(
        "{:<16} {:>4} of {:>4}",
        "all",
        kinds.values().map(|kind| kind.0).sum::<usize>(),
        all.len()
    );
    for leak in &leaks {
        println!("{leak}");
    }
    leaks
}
