//! Secrets of every shape that people paste, planted in texts, and texts without any.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "tests stop at what they do not expect, and print the rates by kind"
)]

mod planted;

use signpost_core::redact::{kinds, redact};

#[test]
fn no_planted_secret_is_left() {
    let leaks = planted::report(&|text| redact(text).into_owned());
    assert!(leaks.is_empty(), "{} leak", leaks.len());
}

#[test]
fn texts_without_secrets_stay_as_they_are() {
    let texts = include_str!("benign.txt").lines().map(|line| line.replace('⏎', "\n"));
    let altered: Vec<_> = texts
        .filter(|text| redact(text) != text.as_str())
        .map(|text| format!("{text}\n   {}", redact(&text)))
        .collect();
    assert!(altered.is_empty(), "{}", altered.join("\n"));
}

#[test]
fn kinds_are_named_once_and_the_most_telling_first() {
    let text = format!(
        "password=hunter2 password=horse99 token gh{}_{}",
        "p",
        "aB3dE6gH9jK2mN5pQ8sT".repeat(2)
    );
    assert_eq!(kinds(&text), ["github-token", "password"]);
    assert!(kinds("nothing here").is_empty());
}

#[test]
fn a_mark_that_somebody_writes_hides_nothing() {
    let clean = redact("[redacted: password] then password=hunter2").into_owned();
    assert!(!clean.contains("hunter2"), "{clean}");
}

#[test]
fn hostile_texts_take_time_by_their_length_only() {
    let parts = [
        "password=",
        "password=\"",
        "password: ",
        "pass ",
        "a:",
        "https://a:",
        "eyJ",
        "key ",
        "<password>",
        "mysql -p",
        "mysql ",
        "token is ",
        "cookie: a=",
        "*",
        "_",
        "%25",
        "\\\\",
        "&amp;",
        "<https://a|",
        "\"+\"",
        "| a |",
        "-----BEGIN PRIVATE KEY-----",
        "PRIVATE KEY",
        "kind: Secret data: ",
        "value: x name: password ",
        "password for the ",
        "echo | sudo -S ",
        "INSERT INTO ",
        "aGVsbG8gd29ybGQ=",
        "@",
        "://",
        "a,password\n",
        "data:\n  a: b\n",
        "\n",
        "[redacted: password]",
        "password\n",
        "password:\n",
        "<<EOF\n",
        "password: |\n a\n",
        "user:pass@host ",
    ];
    for part in parts {
        // A search that is not linear runs into the time limit of the test.
        let text = part.repeat(200_000 / part.len());
        assert!(!redact(&text).is_empty(), "{part:?}");
    }
}
