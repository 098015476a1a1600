//! Any bytes are Jenkins' answer to a request, or a log of a build: the first byte chooses the request.
#![cfg_attr(feature = "libfuzzer", no_main)]

signpost_fuzz::fuzz_target!(|input: (u8, &[u8])| {
    signpost_fuzz::bodies::jenkins::run(input);
});
