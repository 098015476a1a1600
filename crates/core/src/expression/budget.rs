//! Limit of the work that a message may cause. Counted in steps, not by a clock, so that an answer never depends on the
//! machine.

/// Steps for one message; a step is about a nanosecond on a machine of 2020.
const MESSAGE: u64 = 100_000_000;
/// Steps for compiling an expression, on average.
pub const COMPILING: u64 = 500_000;
/// Steps for an automaton that grew until it was abandoned.
pub(super) const GAVE_UP: u64 = 4_000_000;

/// The rest of the work that one message may cause.
#[derive(Debug)]
pub struct Budget {
    left: u64,
}

impl Budget {
    /// Returns the allowance of one message: about a tenth of a second.
    pub fn for_message() -> Budget {
        Budget { left: MESSAGE }
    }

    /// Takes `steps` from the rest and returns true; takes nothing and returns false when the rest is too small.
    pub fn spend(&mut self, steps: u64) -> bool {
        let enough = self.left >= steps;
        if enough {
            self.left -= steps;
        }
        enough
    }

    /// Returns true when nothing is left.
    pub fn is_spent(&self) -> bool {
        self.left == 0
    }

    /// Subtracts work that is already done, down to zero.
    pub fn charge(&mut self, steps: u64) {
        self.left = self.left.saturating_sub(steps);
    }
}

/// Returns the steps for reading a text with an automaton that hardly grows, and for preparing its memory.
pub(super) fn scan(length: usize, program: usize) -> u64 {
    (2 * length + program + 5_000) as u64
}

/// Returns the steps for going through a text state by state.
pub(super) fn steps(length: usize, states: usize) -> u64 {
    8 * (length as u64).saturating_mul(states as u64)
}
