//! Reading runbooks as they are.

mod corpus;
mod folder;
mod liquid;
mod total;
mod traps;
