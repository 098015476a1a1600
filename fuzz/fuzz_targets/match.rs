//! Any message against any documents: parts of the input are documents, the last part is the message.
#![cfg_attr(feature = "libfuzzer", no_main)]

signpost_fuzz::fuzz_target!(|input: &str| { signpost_fuzz::bodies::matching::run(input) });
