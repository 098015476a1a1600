//! Tasks that panic: a delivery, whose post is found out about, and the handling of a message, which is set aside.

use std::backtrace::Backtrace;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

use jiff::Timestamp;
use signpost::clock::{Clock, SystemClock};

/// A clock that makes whoever reads it in this place panic, so many times.
#[derive(Debug)]
struct Trap {
    place: &'static str,
    times: AtomicU32,
}

impl Trap {
    fn new(place: &'static str) -> Arc<Self> {
        let times = AtomicU32::new(0);
        Arc::new(Self { place, times })
    }

    fn set(&self, times: u32) {
        self.times.store(times, Ordering::SeqCst);
    }

    fn left(&self) -> u32 {
        self.times.load(Ordering::SeqCst)
    }
}

impl Clock for Trap {
    fn now(&self) -> Timestamp {
        if self.left() > 0 && Backtrace::force_capture().to_string().contains(self.place) {
            self.times.fetch_sub(1, Ordering::SeqCst);
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
            // It is read at the head of each of Slack's answers, when a message is there and nothing is written down.
            let trap = Trap::new("outbox::attempt");
            let parts = Parts {
                clock: Arc::clone(&trap) as _,
                ..Parts::default()
            };
            let bot = world.bot_with(world.settings(), parts).await;
            trap.set(panics);
            let ts = world.say(PASTE);
            world.replies(&ts).await;
            world.wait_until_sent().await;
            assert_eq!(trap.left(), 0, "all panics came");
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

#[test]
fn a_message_that_panics_outside_the_core_is_set_aside_too() {
    with(|world| async move {
        let trap = Trap::new("inbox::worker::");
        let parts = Parts {
            clock: Arc::clone(&trap) as _,
            ..Parts::default()
        };
        let bot = world.bot_with(world.settings(), parts).await;
        trap.set(1);
        let ts = world.say(PASTE);
        bot.parts.status.wait_for(|now| now.set_aside == 1).await;
        assert_eq!(trap.left(), 0);
        assert!(world.settled(&ts).await.is_empty());
        let next = world.say(MARKER);
        assert_eq!(world.replies(&next).await.len(), 1);
        bot.stop().await;
    });
}
