//! Any text around a secret: the secret goes, and a second look finds nothing more.
#![cfg_attr(feature = "libfuzzer", no_main)]

signpost_fuzz::fuzz_target!(|input: (&str, &str)| { signpost_fuzz::bodies::redaction::run(input) });
