//! Any text is read as a part of a Word document, or as a file that claims to be one: the first byte chooses the part.
#![cfg_attr(feature = "libfuzzer", no_main)]

signpost_fuzz::fuzz_target!(|input: (u8, &str)| {
    signpost_fuzz::bodies::word::run(input);
});
