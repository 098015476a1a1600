//! A delivery that panics: its post is found out about, and its thread goes on.

use std::backtrace::Backtrace;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

use jiff::Timestamp;
use signpost::clock::{Clock, SystemClock};

/// A clock that makes whoever delivers panic: it is read at the head of each of Slack's answers, when a message is there
/// and nothing is written down.
#[derive(Debug, Default)]
struct Trap(AtomicU32);

impl Clock for Trap {
    fn now(&self) -> Timestamp {
        let is_set = self.0.load(Ordering::SeqCst) > 0;
        if is_set && Backtrace::force_capture().to_string().contains("deliver::attempt") {
            self.0.fetch_sub(1, Ordering::SeqCst);
            panic!("on purpose");
        }
        SystemClock.now()
    }
}

/// Says a paste whose delivery panics this often; gives the replies, and those to something else in the same thread.
fn after(panics: u32) -> (usize, usize) {
    let mut counts = (0, 0);
    with(|world| {
        let counts = &mut counts;
        async move {
            let trap = Arc::new(Trap::default());
            let parts = Parts {
                clock: Arc::clone(&trap) as _,
                ..Parts::default()
            };
            let bot = world.bot_with(world.settings(), parts).await;
            trap.0.store(panics, Ordering::SeqCst);
            let ts = world.say(PASTE);
            world.replies(&ts).await;
            world.wait_until_sent().await;
            assert_eq!(trap.0.load(Ordering::SeqCst), 0, "all panics came");
            counts.0 = ours(world.workspace.replies(SUPPORT, &ts)).len();
            let asked = format!("<@{SIGNPOST}> help");
            world.workspace.reply(ADA, SUPPORT, &ts, &asked).unwrap();
            let answered = world.workspace.wait_for(|state| {
                let replies = ours(state.replies(SUPPORT, &ts)).len();
                (replies > counts.0).then_some(replies)
            });
            counts.1 = answered.await.unwrap() - counts.0;
            bot.stop().await;
        }
    });
    counts
}

#[test]
fn a_delivery_that_panics_once_is_looked_up_and_its_thread_goes_on() {
    assert_eq!(after(1), (1, 1));
}

#[test]
fn a_post_that_panics_again_and_again_is_given_up_and_its_thread_goes_on() {
    assert_eq!(after(3), (1, 1));
}
