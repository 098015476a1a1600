//! Work on many things at once, on all cores of the machine.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};

/// More threads than this wait for memory and disk, not for each other.
const MOST: usize = 16;
/// For fewer things than this a thread is not worth its start.
const FEW: usize = 16;

/// How many cores there are besides one that is left to everything else; at least one.
pub fn but_one() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1))
}

/// What `each` makes of every item, in their order. `progress` is told now and then how many are done, on the thread
/// that called. A panic of `each` is passed on.
pub fn map<T: Sync, R: Send>(items: &[T], each: impl Fn(&T) -> R + Sync, progress: &dyn Fn(usize)) -> Vec<R> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let threads = cores.min(MOST).min(items.len() / FEW + 1);
    let next = AtomicUsize::new(0);
    let work = |done: &dyn Fn(usize)| {
        let mut made: Vec<(usize, R)> = Vec::with_capacity(items.len() / threads + 1);
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { return made };
            made.push((at, each(item)));
            done(at + 1);
        }
    };
    let mut made = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(|| work(&|_| {}))).collect();
        let mut made = work(progress);
        for other in others {
            match other.join() {
                Ok(more) => made.extend(more),
                Err(panic) => resume_unwind(panic),
            }
        }
        made
    });
    made.sort_unstable_by_key(|(at, _)| *at);
    made.into_iter().map(|(_, made)| made).collect()
}

/// Two things at once. A panic of either is passed on.
pub fn both<A, B: Send>(one: impl FnOnce() -> A, other: impl FnOnce() -> B + Send) -> (A, B) {
    std::thread::scope(|scope| {
        let other = scope.spawn(other);
        let one = one();
        match other.join() {
            Ok(other) => (one, other),
            Err(panic) => resume_unwind(panic),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::map;

    #[test]
    fn everything_is_worked_on_once_and_in_order() {
        for count in [0_u32, 1, 15, 16, 1_000] {
            let items: Vec<u32> = (0..count).collect();
            let doubled: Vec<u32> = (0..count).map(|item| item * 2).collect();
            assert_eq!(map(&items, |item| item * 2, &|_| {}), doubled);
        }
    }

    #[test]
    #[should_panic(expected = "number 40")]
    fn a_panic_is_passed_on() {
        let items: Vec<u32> = (0..64).collect();
        map(&items, |item| assert!(*item != 40, "number 40"), &|_| {});
    }
}
