//! Slack: frames in, messages out. Knows the platform and nothing of runbooks or stores.

pub mod decode;
pub mod text;
