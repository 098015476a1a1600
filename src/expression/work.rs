//! How much work a message may make. Counted in steps, not by a clock, so that an answer never depends on the machine.

/// A step is about a nanosecond of a machine of 2020.
const MESSAGE: u64 = 100_000_000;
/// Compiling an expression, on average.
pub const COMPILING: u64 = 500_000;
/// An automaton that grew until it was given up.
pub(super) const GAVE_UP: u64 = 4_000_000;

/// What is left of the work that one message may make.
#[derive(Debug)]
pub struct Work {
    left: u64,
}

impl Work {
    /// For one message: about a tenth of a second.
    pub fn for_message() -> Work {
        Work { left: MESSAGE }
    }

    /// Takes from what is left; takes nothing, and says no, when that is not enough.
    pub fn spend(&mut self, steps: u64) -> bool {
        let enough = self.left >= steps;
        if enough {
            self.left -= steps;
        }
        enough
    }

    /// Whether nothing is left.
    pub fn is_spent(&self) -> bool {
        self.left == 0
    }

    /// Takes what was spent already.
    pub fn charge(&mut self, steps: u64) {
        self.left = self.left.saturating_sub(steps);
    }
}

/// Reading a text with an automaton that need not grow much, and making its memory ready.
pub(super) fn scan(length: usize, program: usize) -> u64 {
    (2 * length + program + 5_000) as u64
}

/// Going through a text state by state.
pub(super) fn steps(length: usize, states: usize) -> u64 {
    8 * (length as u64).saturating_mul(states as u64)
}
