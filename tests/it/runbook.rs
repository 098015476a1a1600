//! Reading runbooks as they are.

mod corpus;
mod total;
