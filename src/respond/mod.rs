//! An outcome becomes a [`Reply`], through `responses/templates`. Pure and platform-neutral.

use crate::runbook::Block;

/// What is posted, before an adapter gives it the platform's form.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reply {
    /// The blocks, in reading order.
    pub blocks: Vec<Block>,
    /// Where the full runbook can be read, when it is published.
    pub full_url: Option<String>,
}
