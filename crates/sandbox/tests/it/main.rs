//! Integration tests of the local workspace, in one binary so that the crate is linked once.

// `cfg(test)` tells clippy that the helper functions of the module are tests too.
#[cfg(test)]
mod sandbox;
