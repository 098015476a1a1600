//! Reading runbooks as they are.

mod corpus;
mod folder;
mod total;
mod traps;
