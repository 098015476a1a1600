//! Tests of `respond` and of its Slack form: what people read in the thread.

mod alternatives;
mod bent;
mod blocks;
mod corpus;
mod jobs;
mod mrkdwn;
mod nothing_lost;
mod reply;
mod runs;
mod sections_list;
mod sentences;
mod talk;
