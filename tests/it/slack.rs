//! Tests of `slack`: what comes in, what goes out.

mod decoding;
mod socket;
