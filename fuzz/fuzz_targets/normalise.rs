//! Any message becomes lines, as many as it has line breaks.
#![cfg_attr(feature = "libfuzzer", no_main)]

use signpost::matching::normalise::normalise;
use signpost_fuzz::fuzz_target;

fuzz_target!(|message: &str| {
    let lines = normalise(message).lines.len();
    assert_eq!(lines, message.split('\n').count());
});
