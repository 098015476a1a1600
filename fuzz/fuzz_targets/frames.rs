//! Any text is read as a frame of Socket Mode: an event, an interaction, or nothing.
#![cfg_attr(feature = "libfuzzer", no_main)]

signpost_fuzz::fuzz_target!(|input: &str| {
    signpost_fuzz::bodies::frames::run(input);
});
