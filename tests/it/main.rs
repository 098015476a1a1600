//! Integration tests, in one binary so that the crate is linked once.
//!
//! `cfg(test)` on the modules tells clippy that their helper functions are tests too.

#[cfg(test)]
mod addresses;
#[cfg(test)]
mod architecture;
#[cfg(test)]
mod bot;
#[cfg(test)]
mod command;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod fuzzing;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod jenkins;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod matching;
#[cfg(test)]
mod oncall;
#[cfg(test)]
mod pack;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod redact;
#[cfg(test)]
mod reload;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod respond;
#[cfg(test)]
mod runbook;
#[cfg(test)]
mod sandbox_cli;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod signing;
#[cfg(test)]
mod slack;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod store;
#[cfg(test)]
mod terminal;
#[cfg(test)]
mod words;
