//! Bodies of the targets. `tests/it/fuzzing.rs` runs them without an engine.

pub mod asciidoc;
pub mod frames;
pub mod html;
pub mod interactions;
pub mod jenkins;
pub mod liquid;
pub mod matching;
pub mod normalise;
pub mod parse;
pub mod redaction;
pub mod restructured_text;
pub mod templates;
pub mod word;
