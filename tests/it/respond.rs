//! Tests of `respond` and of its Slack form: what people read in the thread.

mod alternatives;
mod blocks;
mod corpus;
mod jobs;
mod mrkdwn;
mod reply;
mod runs;
mod sentences;
mod talk;
