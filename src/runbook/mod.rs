//! Documents become topics: front matter, Liquid, Markdown, dialects, steps, contacts. Pure: text in, data out.

pub mod model;
pub mod placeholder;

pub use model::*;
