//! Any text is read as a page, and as Markdown with what site generators add: the first byte chooses the kind.
#![cfg_attr(feature = "libfuzzer", no_main)]

signpost_fuzz::fuzz_target!(|input: (u8, &str)| { signpost_fuzz::bodies::html::run(input) });
