//! The progress of a run, in numbers and words.

/// The progress in percent, 99 at most even beyond the estimate; `None` without an estimate. Both times in seconds.
pub(super) fn percent(seconds: i64, estimate: i64) -> Option<u8> {
    if estimate <= 0 {
        return None;
    }
    let percent = seconds.max(0).saturating_mul(100) / estimate;
    u8::try_from(percent.clamp(0, 99)).ok()
}

/// Rounds a duration in seconds down, so that it does not change at every look-up.
pub(super) fn coarse(seconds: i64) -> i64 {
    match seconds {
        ..60 => seconds - seconds.rem_euclid(5),
        60..600 => seconds - seconds % 10,
        _ => seconds - seconds % 60,
    }
}

/// A duration in seconds as people say it: `40 s`, `1 min 20 s`, `2 h 5 min`.
pub(super) fn spoken(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes, rest) {
        (0, 0, rest) => format!("{rest} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, rest) => format!("{minutes} min {rest} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_shares_are_as_people_say_them() {
        for (seconds, expected) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (80, "1 min 20 s"),
            (7500, "2 h 5 min"),
            (-5, "0 s"),
        ] {
            assert_eq!(spoken(seconds), expected);
        }
        assert_eq!(percent(5, 10), Some(50));
        assert_eq!(percent(500, 10), Some(99));
        assert_eq!(percent(5, -1), None);
        assert_eq!(percent(i64::MAX, 1), Some(99));
        assert_eq!(coarse(64), 60);
    }
}
