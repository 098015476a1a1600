//! The pure core of Signpost, without the adapters around it.

#[path = "../src/cores.rs"]
pub mod cores;
#[path = "../src/expression/mod.rs"]
pub mod expression;
#[path = "../src/matching/mod.rs"]
pub mod matching;
#[path = "../src/runbook/mod.rs"]
pub mod runbook;
