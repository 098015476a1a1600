//! The inbox: messages are stored before they are acknowledged, and handled in their channels' turns.

pub(crate) mod cpu_permits;
mod crash_marks;
pub(crate) mod intake;
pub(crate) mod missed;
pub(crate) mod worker;
