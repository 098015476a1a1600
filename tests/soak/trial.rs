//! Seeds and sizes, given by the environment, and the counts that a trial ends with.

use std::fmt;
use std::future::Future;
use std::ops::Range;
use std::time::Duration;

/// Seeds, separated by blanks; 1 unless set.
const SEEDS: &str = "SIGNPOST_SOAK_SEEDS";
/// Set and not empty for the long form.
const LONG: &str = "SIGNPOST_SOAK_LONG";

/// One run of a trial.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trial {
    pub(super) seed: u64,
    pub(super) is_long: bool,
}

impl Trial {
    /// A number for the short form, and one for the long form.
    pub(super) fn size(&self, short: usize, long: usize) -> usize {
        if self.is_long { long } else { short }
    }

    pub(super) fn random(&self) -> Random {
        Random(self.seed)
    }
}

/// A seeded random number generator (splitmix64).
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn within(&mut self, range: Range<u64>) -> u64 {
        range.start + self.next() % (range.end - range.start)
    }

    pub(super) fn milliseconds(&mut self, range: Range<u64>) -> Duration {
        Duration::from_millis(self.within(range))
    }

    pub(super) fn choose<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let at = self.within(0..of.len() as u64);
        &of[usize::try_from(at).unwrap()]
    }
}

/// The result of one run.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Messages that must be answered.
    pub(super) messages: usize,
    /// The ones that were answered at least once.
    pub(super) answered: usize,
    /// The ones that were answered more than once.
    pub(super) doubled: usize,
    /// Number of times that the bot was killed or stopped.
    pub(super) kills: usize,
    /// Other figures of the trial.
    pub(super) more: Vec<(&'static str, u64)>,
    /// Other faults, as sentences.
    pub(super) problems: Vec<String>,
}

impl Counts {
    pub(super) fn lost(&self) -> usize {
        self.messages - self.answered
    }

    fn is_good(&self) -> bool {
        self.lost() == 0 && self.doubled == 0 && self.problems.is_empty()
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (messages, answered, lost) = (self.messages, self.answered, self.lost());
        let (doubled, kills) = (self.doubled, self.kills);
        write!(
            f,
            "messages={messages} answered={answered} lost={lost} doubled={doubled} kills={kills}"
        )?;
        for (name, value) in &self.more {
            write!(f, " {name}={value}")?;
        }
        Ok(())
    }
}

/// Runs a trial once for each seed, prints a line of counts, and fails when anything was lost or doubled.
pub(super) fn run<F: Future<Output = Counts>>(name: &str, trial: impl Fn(Trial) -> F) {
    let is_long = variable(LONG).is_some_and(|value| !value.is_empty());
    // Against a hang.
    let limit = Duration::from_secs(if is_long { 1_800 } else { 200 });
    for seed in seeds() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let counts = runtime.block_on(async {
            let ended = tokio::time::timeout(limit, trial(Trial { seed, is_long })).await;
            ended.unwrap_or_else(|_| panic!("{name}, seed {seed}: not over within {limit:?}"))
        });
        runtime.shutdown_background();
        println!("trial {name}: seed={seed} {counts}");
        assert!(
            counts.is_good(),
            "{name}, seed {seed}: {counts}\n{}",
            counts.problems.join("\n")
        );
    }
}

fn seeds() -> Vec<u64> {
    let given = variable(SEEDS).unwrap_or_default();
    let seeds: Vec<u64> = given
        .split_whitespace()
        .map(|seed| {
            seed.parse()
                .unwrap_or_else(|_| panic!("{SEEDS}: {seed:?} is not a whole number"))
        })
        .collect();
    if seeds.is_empty() { vec![1] } else { seeds }
}

#[expect(
    clippy::disallowed_methods,
    reason = "not a setting of the bot: the script hands over its arguments"
)]
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
