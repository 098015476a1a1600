//! Times in templates.

use jiff::Timestamp;
use minijinja::{Value, context};

/// A time as the macros of `when.md` take it: both the clock time and the distance from now.
pub(super) fn time(at: Timestamp, now: Timestamp) -> Value {
    let seconds = at.duration_since(now).as_secs().unsigned_abs();
    let past = at <= now;
    // A time in the future is rounded up: "in 2 hours" just after `mute 2h`.
    let minutes = if past { seconds / 60 } else { seconds.div_ceil(60) };
    context! {
        clock => at.strftime("%H:%M UTC").to_string(),
        day => at.strftime("%-d %B").to_string(),
        today => at.strftime("%F").to_string() == now.strftime("%F").to_string(),
        past, minutes, hours => minutes / 60, days => minutes / (24 * 60),
    }
}
