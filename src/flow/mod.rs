//! The story from frame to answer: intake, handle, deliver, reload.
