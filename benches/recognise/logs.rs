//! Long messages of every kind, to see that none costs more than its length.

use std::fmt::Write as _;

/// The kinds of long message.
pub(crate) const KINDS: &[&str] = &[
    "a log",
    "one letter",
    "distinct words",
    "one line of distinct words",
    "codes",
    "alternating quotes",
    "less-than signs",
    "secrets' names",
    "the same error again and again",
];

/// A message of a kind, of so many characters.
pub(crate) fn log(kind: &str, characters: usize, pastes: &[String], words: &[String]) -> String {
    let mut text = String::with_capacity(characters + 200);
    let mut number = 0_usize;
    while text.len() < characters {
        number += 1;
        match kind {
            "a log" => line(&mut text, number, pastes),
            "one letter" => text.push('a'),
            "distinct words" => {
                text.push_str(&words[number % words.len()]);
                text.push(if number.is_multiple_of(9) { '\n' } else { ' ' });
            }
            "one line of distinct words" => {
                text.push_str(&words[number % words.len()]);
                text.push(' ');
            }
            "codes" => put(&mut text, format_args!("E{:04} ", number % 10_000)),
            "alternating quotes" => text.push_str("\"'"),
            "less-than signs" => text.push('<'),
            "secrets' names" => text.push_str("password: token key "),
            _ => {
                text.push_str(&pastes[number % 3]);
                text.push('\n');
            }
        }
    }
    text.chars().take(characters).collect()
}

/// A line of a service's log: mostly requests that went well, now and then one of the errors.
fn line(text: &mut String, number: usize, pastes: &[String]) {
    let (minute, second) = (number / 60 % 60, number % 60);
    if number.is_multiple_of(12) {
        let error = pastes[number / 12 * 31 % pastes.len()]
            .lines()
            .next()
            .unwrap_or_default();
        put(
            text,
            format_args!(
                "2026-03-01T10:{minute:02}:{second:02}.{number:06}Z ERROR worker-{} {error}\n",
                number % 7
            ),
        );
    } else {
        put(
            text,
            format_args!(
                "2026-03-01T10:{minute:02}:{second:02}.{number:06}Z INFO worker-{} handled request id={:08x} path=/v1/items/{} status=200 in {} ms\n",
                number % 7,
                number.wrapping_mul(2_654_435_761),
                number * 7 % 1000,
                number % 90
            ),
        );
    }
}

fn put(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).unwrap();
}
