//! Any text is read as a document with Liquid: data of the folder, conditions, loops and includes.
#![cfg_attr(feature = "libfuzzer", no_main)]

signpost_fuzz::fuzz_target!(|input: (u8, &str)| { signpost_fuzz::bodies::liquid::run(input) });
