//! Soak trials: `signpost serve` as a child process beside the local workspace, killed, stopped, flooded and cut off from
//! what it needs. A trial counts the messages that were never answered and the ones that were answered twice.
//!
//! The short form runs with all other tests. `tests/soak/run --long [SEED…]` runs the long form and prints the counts.
//!
//! `cfg(test)` on the modules tells clippy that their helper functions are test code.

#[cfg(test)]
mod backlog;
#[cfg(test)]
mod clock;
#[cfg(test)]
mod deployment;
#[cfg(test)]
mod escalations;
#[cfg(test)]
mod fairness;
#[cfg(test)]
mod flood;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod pace;
#[cfg(test)]
mod process;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod replicas;
#[cfg(test)]
mod setup;
#[cfg(test)]
mod start;
#[cfg(test)]
mod store;
#[cfg(test)]
mod trial;
