//! Slack: frames in, messages out. Knows the platform and nothing of runbooks or stores.

pub mod alerts;
pub mod blocks;
mod connector;
pub mod decode;
pub mod files;
pub mod http_events;
pub mod inbound;
pub mod mrkdwn;
pub mod outbound_filter;
pub mod rate_limiter;
pub mod sender;
pub mod socket;
pub mod stray_connections;
pub mod text;
pub mod unready;
pub mod web;
