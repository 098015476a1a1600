//! Any payload is read as an interaction, and what its buttons and menus carry as actions.
#![cfg_attr(feature = "libfuzzer", no_main)]

signpost_fuzz::fuzz_target!(|input: &str| {
    signpost_fuzz::bodies::interactions::run(input);
});
