//! Any text is read as any kind of document: the first byte chooses the kind.
#![cfg_attr(feature = "libfuzzer", no_main)]

signpost_fuzz::fuzz_target!(|input: (u8, &str)| { signpost_fuzz::bodies::parse::run(input) });
