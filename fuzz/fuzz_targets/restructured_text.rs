//! Any text is read as reStructuredText, Org, plain text or wiki markup: the first byte chooses. Lines stay those of the text.
#![cfg_attr(feature = "libfuzzer", no_main)]

signpost_fuzz::fuzz_target!(|input: (u8, &str)| { signpost_fuzz::bodies::restructured_text::run(input) });
