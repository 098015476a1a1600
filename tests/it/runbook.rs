//! Reading runbooks as they are.

mod corpus;
mod folder;
mod kept;
mod liquid;
mod total;
mod traps;
