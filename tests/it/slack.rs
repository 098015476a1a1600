//! Tests of `slack`: what comes in, what goes out.

mod decoding;
mod desk;
mod doors;
mod http_events;
mod socket;
mod web;
