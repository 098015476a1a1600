//! Slack: frames in, messages out. Knows the platform and nothing of runbooks or stores.
//!
//! slack-morphism makes the calls to the Web API, and its models of Block Kit check the bot's messages and views in the
//! tests. Ours are: the connector (proxies, certificate authorities and time limits of the settings), Socket Mode and
//! the HTTP endpoint (an envelope is acknowledged once it is stored, and each connection is bounded), decoding (what is
//! unknown is no error), the rate limiter (limits per channel, shared by all tasks), the signature check (takes a clock),
//! and blocks as JSON (made by templates, cut to Slack's limits).

pub mod alerts;
pub mod blocks;
mod connector;
pub mod decode;
pub mod export;
pub mod files;
pub mod http_events;
pub mod inbound;
pub mod mrkdwn;
pub mod outbound_filter;
pub mod rate_limiter;
mod refused;
mod rich;
pub mod sender;
pub mod socket;
pub mod stray_connections;
pub mod text;
pub mod unready;
pub mod web;
