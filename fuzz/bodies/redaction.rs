//! Any text around a secret: the secret goes, and a second look finds nothing more.

use signpost::redact::redact;

/// Panics where the code does what it must not.
pub fn run(input: (&str, &str)) {
    let (before, after) = input;
    // Put together here: it must not look like a secret in this file.
    let secret = ["gh", "p_", "0123456789abcdefABCDEF0123456789abcd"].concat();
    let text = format!("{before}\n{secret}\n{after}");
    let redacted = redact(&text);
    assert!(!redacted.contains(&secret), "{redacted}");
    assert_eq!(redact(&redacted), redacted);
}
