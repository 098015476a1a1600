//! Any text is a team's own template, or a document that the templates show: the first byte chooses.
#![cfg_attr(feature = "libfuzzer", no_main)]

signpost_fuzz::fuzz_target!(|input: (u8, &str)| { signpost_fuzz::bodies::templates::run(input) });
