//! Permits for CPU-bound work on messages, so that other requests find a core free.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio_util::task::TaskTracker;

/// The number of permits: the machine's cores less one, which is left to everything else; at least one.
pub(crate) fn permits() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1))
}

/// Time after which a wait counts as one for something outside, such as Slack; the store answers sooner.
const PATIENCE: Duration = Duration::from_millis(50);

/// A future that is driven step by step. Every step needs a permit. Between its steps, while it waits for the store or
/// for Slack, it holds none.
pub(crate) struct Steps<'a, F> {
    turns: &'a Semaphore,
    future: Pin<Box<F>>,
    woken: Arc<Woken>,
}

/// Progress of a future after [`Steps::go_on`].
pub(crate) enum Progress<T> {
    /// The future is done.
    Done(T),
    /// The future has waited for longer than a moment. It does nothing until [`Steps::go_on`] is called again, which
    /// makes sense once it was woken.
    Waits,
}

#[derive(Default)]
struct Woken(Notify);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }
}

impl<'a, F: Future> Steps<'a, F> {
    pub(crate) fn new(turns: &'a Semaphore, future: F) -> Self {
        Self {
            turns,
            future: Box::pin(future),
            woken: Arc::default(),
        }
    }

    /// Drives the future until it is done or its wait lasts.
    pub(crate) async fn go_on(&mut self) -> Progress<F::Output> {
        let waker = Waker::from(Arc::clone(&self.woken));
        loop {
            {
                // The semaphore is never closed.
                let _turn = self.turns.acquire().await;
                if let Poll::Ready(done) = self.future.as_mut().poll(&mut Context::from_waker(&waker)) {
                    return Progress::Done(done);
                }
            }
            if tokio::time::timeout(PATIENCE, self.woken()).await.is_err() {
                return Progress::Waits;
            }
        }
    }

    /// Waits until the future is woken.
    pub(crate) async fn woken(&mut self) {
        self.woken.0.notified().await;
    }
}

/// Runs a future to its end in a task of its own. One that is not driven during a long wait must hold nothing that others
/// need meanwhile: a write holds the store's one connection for writing, a look-up the others who wait for it.
pub(crate) async fn to_its_end<T: Send + 'static>(
    tracker: &TaskTracker,
    future: impl Future<Output = T> + Send + 'static,
) -> T {
    match tracker.spawn(future).await {
        Ok(output) => output,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime shuts down, and with it the task that waits here.
            Err(_) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn who_waits_for_something_else_leaves_its_turn_to_others() {
        let turns = Semaphore::new(1);
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
        join_all((0..10).map(|_| async {
            let mut steps = Steps::new(&turns, one());
            while let Progress::Waits = steps.go_on().await {
                steps.woken().await;
            }
        }))
        .await;
        assert_eq!(done.load(Ordering::Relaxed), 10);
        assert_eq!(turns.available_permits(), 1);
    }

    #[tokio::test]
    async fn nothing_is_done_after_a_long_wait_until_it_may_go_on() {
        let turns = Semaphore::new(1);
        let (answer, asked) = oneshot::channel();
        let may_go_on = AtomicUsize::new(0);
        let mut steps = Steps::new(&turns, async {
            let answer: u32 = asked.await.unwrap();
            assert_eq!(may_go_on.load(Ordering::Relaxed), 1);
            answer
        });
        assert!(matches!(steps.go_on().await, Progress::Waits));
        answer.send(7).unwrap();
        steps.woken().await;
        may_go_on.store(1, Ordering::Relaxed);
        assert!(matches!(steps.go_on().await, Progress::Done(7)));
    }

    #[tokio::test]
    async fn a_write_that_takes_long_ends_although_nobody_drives_the_future_that_waits_for_it() {
        let (turns, writer, tracker) = (Semaphore::new(1), Arc::new(Semaphore::new(1)), TaskTracker::new());
        let (go_on, told) = oneshot::channel::<()>();
        let write = {
            let writer = Arc::clone(&writer);
            async move {
                let _connection = writer.acquire().await.unwrap();
                told.await.unwrap();
            }
        };
        let mut steps = Steps::new(&turns, to_its_end(&tracker, write));
        assert!(matches!(steps.go_on().await, Progress::Waits));
        go_on.send(()).unwrap();
        let connection = tokio::time::timeout(Duration::from_secs(20), writer.acquire()).await;
        assert!(connection.is_ok(), "the connection is free again");
        assert!(matches!(steps.go_on().await, Progress::Done(())));
    }
}
