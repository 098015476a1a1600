//! Integration tests, in one binary so that the crate is linked once.

mod command;
mod conformance;
mod flow;
mod matching;
mod pack;
mod redact;
mod respond;
mod runbook;
mod sandbox;
mod settings;
mod slack;
mod store;
