//! Slack: frames in, messages out. Knows the platform and nothing of runbooks or stores.

pub mod alerts;
pub mod blocks;
mod connector;
pub mod decode;
pub mod door;
pub mod files;
pub mod gate;
pub mod ghosts;
pub mod http_events;
pub mod mrkdwn;
pub mod pace;
pub mod sender;
pub mod socket;
pub mod text;
pub mod unready;
pub mod web;
