//! Who may do what, and when the bot speaks. Pure.
