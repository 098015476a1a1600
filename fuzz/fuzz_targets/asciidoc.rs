//! Any text is read as AsciiDoc, and as a file that AsciiDoc documents share.
#![cfg_attr(feature = "libfuzzer", no_main)]

signpost_fuzz::fuzz_target!(|input: (&str, &str)| { signpost_fuzz::bodies::asciidoc::run(input) });
