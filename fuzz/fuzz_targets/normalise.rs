//! Any message becomes lines, as many as it has line breaks.
#![no_main]

use libfuzzer_sys::fuzz_target;
use signpost_core::matching::normalise::normalise;

fuzz_target!(|message: &str| {
    let lines = normalise(message).lines.len();
    assert_eq!(lines, message.split('\n').count());
});
