//! Those who think take turns: what comes in besides finds no crowd before it.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::ready;

use tokio::sync::Semaphore;
use tokio_util::sync::PollSemaphore;

/// The number of permits: as many as the machine has cores, but one that is left to everything else; at least one.
pub(super) fn permits() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1))
}

/// Runs a future whose every step needs a permit. Between its steps, while it waits for the store or for Slack, it holds
/// none.
pub(super) async fn by_turns<T>(turns: &Arc<Semaphore>, future: impl Future<Output = T>) -> T {
    let mut turns = PollSemaphore::new(Arc::clone(turns));
    let mut future = pin!(future);
    poll_fn(move |context| {
        let _turn = ready!(turns.poll_acquire(context));
        future.as_mut().poll(context)
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;

    use super::*;

    #[tokio::test]
    async fn who_waits_for_something_else_leaves_its_turn_to_others() {
        let turns = Arc::new(Semaphore::new(1));
        let done = AtomicUsize::new(0);
        let (all_began, begun) = (Semaphore::new(0), AtomicUsize::new(0));
        let one = || async {
            assert_eq!(turns.available_permits(), 0);
            if begun.fetch_add(1, Ordering::Relaxed) == 9 {
                all_began.add_permits(10);
            }
            all_began.acquire().await.unwrap().forget();
            assert_eq!(turns.available_permits(), 0);
            done.fetch_add(1, Ordering::Relaxed);
        };
        join_all((0..10).map(|_| by_turns(&turns, one()))).await;
        assert_eq!(done.load(Ordering::Relaxed), 10);
        assert_eq!(turns.available_permits(), 1);
    }
}
