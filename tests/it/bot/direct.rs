//! Conversations with the bot alone: answers stand in the conversation, and what is said there is about the latest card.

use super::acts::{said, text};
use super::*;

const DIRECT: &str = "D0ADA00001";

impl World {
    /// Ada writes to the bot.
    fn tell(&self, text: &str) -> String {
        self.workspace.say(ADA, DIRECT, text).unwrap()
    }

    /// The bot's message in the conversation, or in a thread there, that says this.
    async fn told(&self, ts: &str, what: &str) -> Value {
        self.reply_that(DIRECT, ts, |message| words(message).contains(what))
            .await
    }

    /// Number of the bot's messages in the conversation itself.
    fn count(&self) -> usize {
        self.workspace.read(|state| ours(answers(state, DIRECT, "0")).len())
    }
}

#[test]
fn answers_stand_in_the_conversation_and_remarks_are_about_the_latest_open_card() {
    with(|world| async move {
        let bot = world.bot().await;
        let ts = world.tell(PASTE);
        let first = world.told(&ts, "fluxctl fill w-17").await;
        assert_eq!(first["thread_ts"], Value::Null, "{first}");
        let next = world.tell("what now?");
        let told = world.told(&next, "Next: 1. Fill it").await;
        assert_eq!(told["thread_ts"], Value::Null, "{told}");
        insta::assert_snapshot!(said(&told), @r"
        Next: 1. Fill it: fluxctl fill w-17.
        About Flux capacitor errors: QX4711
        ");

        // A new error has its own card, and what follows is about that.
        let second = world.tell(MARKER);
        world.told(&second, "fluxctl blow w-18").await;
        let done = world.tell("fixed");
        let told = world.told(&done, "Marked as fixed").await;
        insta::assert_snapshot!(said(&told), @r"
        Marked as fixed.
        About Flux capacitor errors: QX4712
        ");
        let card = world.told(&second, "Marked as fixed by Ada").await;
        assert!(said(&card).contains("QX4712"), "{}", said(&card));
        // The other one is still open.
        let more = world.tell("step 1 done");
        let told = world.told(&more, "Marked as done").await;
        insta::assert_snapshot!(said(&told), @r"
        Marked as done.

        Next: 2. Look whether it holds.
        About Flux capacitor errors: QX4711
        ");
        let card = world.told(&ts, "Done by Ada").await;
        assert_eq!(card["ts"], first["ts"], "{}", text(&card));
        assert_eq!(world.count(), 5, "two cards and three short answers");
        bot.stop().await;
    });
}

#[test]
fn a_further_line_adds_its_value_to_the_card_that_stands_in_the_conversation() {
    with(|world| async move {
        let bot = world.bot().await;
        let ts = world.tell("the deploy ended with error QX4711");
        let card = world.told(&ts, "QX4711").await;
        assert!(!text(&card).contains("w-17"), "{}", text(&card));
        let more = world.tell("QX4711: the flux capacitor of node w-17 is empty");
        let same = world.told(&ts, "fluxctl fill w-17").await;
        assert_eq!(same["ts"], card["ts"], "{}", text(&same));
        let told = world.told(&more, "Added").await;
        insta::assert_snapshot!(said(&told), @"Added to Flux capacitor errors: QX4711 above.");
        // Another node is another case, and the very same error again is answered again.
        let other = world.tell(&PASTE.replace("w-17", "w-21"));
        let card = world.told(&other, "fluxctl fill w-21").await;
        assert!(!text(&card).contains("w-17"), "{}", text(&card));
        assert_eq!(world.count(), 3);
        // The remark goes with its message, the value too.
        world.control("delete", json!({"channel": DIRECT, "ts": more})).await;
        let gone = world.workspace.wait_for(|state| {
            let left = ours(answers(state, DIRECT, "0"));
            (left.len() == 2 && left.iter().all(|message| !words(message).contains("w-17"))).then_some(())
        });
        gone.await.unwrap();
        bot.stop().await;
    });
}

#[test]
fn threads_that_the_person_begins_stay_threads() {
    with(|world| async move {
        let bot = world.bot().await;
        let ts = world.tell(PASTE);
        let card = world.told(&ts, "fluxctl fill w-17").await;
        for root in [ts.as_str(), card["ts"].as_str().unwrap_or_default()] {
            world.workspace.reply(ADA, DIRECT, root, "what now?").unwrap();
            let in_thread = world
                .workspace
                .wait_for(|state| ours(state.replies(DIRECT, root)).pop());
            let told = in_thread.await.unwrap();
            assert!(said(&told).contains("Next: 1. Fill it"), "{told}");
            assert!(
                !said(&told).contains("About"),
                "the thread tells what it is about: {told}"
            );
        }
        let thread = world.tell("help");
        world.replies_in(DIRECT, &thread).await;
        world.workspace.reply(ADA, DIRECT, &thread, MARKER).unwrap();
        let in_thread = world
            .workspace
            .wait_for(|state| ours(state.replies(DIRECT, &thread)).pop());
        assert!(words(&in_thread.await.unwrap()).contains("fluxctl blow w-18"));
        bot.stop().await;
    });
}

#[test]
fn a_card_that_an_earlier_version_posted_in_a_thread_of_the_conversation_works_on() {
    with(|world| async move {
        let bot = world.bot().await;
        let ts = world.tell(PASTE);
        let card = world.told(&ts, "fluxctl fill w-17").await;
        bot.stop().await;
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.store());
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        sqlx::query("UPDATE cases SET thread_ts = ?1, body = json_set(body, '$.thread_ts', ?1)")
            .bind(&ts)
            .execute(&pool)
            .await
            .unwrap();
        pool.close().await;
        let bot = world.bot().await;
        let next = world.tell("step 1 done");
        world.told(&next, "Marked as done").await;
        world.told(&ts, "Done by Ada").await;
        world.click_in(ADA, DIRECT, &card, "Fixed").await;
        world.told(&ts, "Marked as fixed by Ada").await;
        bot.stop().await;
    });
}

#[test]
fn nobody_is_named_for_turning_the_page_of_a_card_that_only_they_read() {
    with(|world| async move {
        let steps: Vec<String> = (1..=9).map(|step| format!("{step}. Turn valve {step}.\n")).collect();
        let steps = steps.concat();
        world.write(
            "valves.md",
            &format!("# ValveStuckError\n\n```\nValveStuckError: valve stuck\n```\n\n## What to do\n\n{steps}"),
        );
        let bot = world.bot().await;
        let ts = world.tell("ValveStuckError: valve stuck");
        let card = world.told(&ts, "Turn valve 1").await;
        world.click_in(ADA, DIRECT, &card, "Next").await;
        let card = world.told(&ts, "Turn valve 6").await;
        assert!(!said(&card).contains("turned to"), "{}", said(&card));

        // In a channel everybody reads the same card.
        let ts = world.say("ValveStuckError: valve stuck");
        let card = world.saying(&ts, &["Turn valve 1"]).await;
        assert!(!said(&card).contains("turned to"), "{}", said(&card));
        world.click(sandbox::GRACE, &card, "Next").await;
        let card = world.saying(&ts, &["Grace turned to steps 6–9"]).await;
        world.click(ADA, &card, "Back").await;
        world.saying(&ts, &["Ada turned to steps 1–5"]).await;
        bot.stop().await;
    });
}
