//! Any message becomes lines, as many as it has line breaks.

use signpost::matching::normalise::normalise;

/// Panics where the code does what it must not.
pub fn run(message: &str) {
    let lines = normalise(message).lines.len();
    assert_eq!(lines, message.split('\n').count());
}
