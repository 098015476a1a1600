//! The Slack adapter: socket, decode, blocks, sender.
