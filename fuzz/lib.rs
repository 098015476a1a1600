//! The bodies of the targets, and the macro for them: libFuzzer's, or without the engine one that only lets the compiler
//! check the target.

pub mod bodies;

#[cfg(feature = "libfuzzer")]
pub use libfuzzer_sys::fuzz_target;

/// Stands in for the engine's macro: a program that does nothing.
#[cfg(not(feature = "libfuzzer"))]
#[macro_export]
macro_rules! fuzz_target {
    (|$input:ident: $type:ty| $body:block) => {
        fn main() {
            let _: fn($type) = |$input: $type| $body;
        }
    };
}
