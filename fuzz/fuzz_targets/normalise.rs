//! Any message becomes lines, as many as it has line breaks.
#![cfg_attr(feature = "libfuzzer", no_main)]

signpost_fuzz::fuzz_target!(|input: &str| { signpost_fuzz::bodies::normalise::run(input) });
