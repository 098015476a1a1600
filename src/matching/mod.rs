//! Recognising: a message is normalised, looked up in the index of signatures, and scored. Pure.

pub mod model;

pub use model::*;
