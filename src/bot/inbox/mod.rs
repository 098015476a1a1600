//! The inbox: messages are stored before they are acknowledged, and handled in their channels' turns.

pub(in crate::bot) mod cpu_permits;
pub(in crate::bot) mod intake;
pub(in crate::bot) mod missed;
mod running;
pub(in crate::bot) mod worker;
