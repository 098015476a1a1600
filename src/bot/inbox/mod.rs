//! The inbox: messages are stored before they are acknowledged, and handled in their channels' turns.

pub(crate) mod cpu_permits;
pub(crate) mod intake;
pub(crate) mod missed;
mod running;
pub(crate) mod worker;
