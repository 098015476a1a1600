//! What people paste, and how: in pieces, with chat in between, edited, forwarded, as files.

use super::acts::{buttons, text};
use super::*;
use signpost::sandbox::GRACE;

/// Recognised by its two lines together, by neither alone.
const HALVES: &str = "---\nsignpost:\n  signatures:\n    - regex: \"beam (?P<dock>d-[0-9]+) let go(?s:.*)damper silent\"\n---\n\
    # Dock trouble\n\n1. Damp the recoil.\n";

impl World {
    pub(super) async fn edit(&self, ts: &str, text: &str) {
        let sent = json!({"channel": SUPPORT, "ts": ts, "text": text});
        self.control("edit", sent).await;
    }

    /// A file of this name with this content; the message's `ts`.
    async fn upload(&self, name: &str, content: &str, comment: &str) -> String {
        let sent = json!({"channel": SUPPORT, "name": name, "content": content, "comment": comment});
        let answer = self.control("upload", sent).await;
        answer["ts"].as_str().unwrap().to_owned()
    }
}

#[test]
fn a_follow_up_adds_its_value_to_the_answer_that_is_there() {
    with(|world| async move {
        let bot = world.bot().await;
        let ts = world.say("the deploy ended with error QX4711");
        let card = world.saying(&ts, &["QX4711"]).await;
        assert!(!text(&card).contains("w-17"), "{}", text(&card));
        let chat = world.say("let me look for the whole line");
        let more = world.say("QX4711: the flux capacitor of node w-17 is empty");
        world.saying(&ts, &["fluxctl fill w-17"]).await;
        assert_eq!(world.settled(&ts).await.len(), 1);
        assert!(world.settled(&chat).await.is_empty() && world.settled(&more).await.is_empty());
        bot.stop().await;
        world.assert_nothing_kept("let me look").await;
    });
}

#[test]
fn a_follow_up_in_the_thread_adds_its_value_too_also_much_later() {
    with(|world| async move {
        let bot = world.bot().await;
        let ts = world.say("the deploy ended with error QX4711");
        world.saying(&ts, &["QX4711"]).await;
        let reply = "QX4711: the flux capacitor of node w-17 is empty";
        world.workspace.reply(ADA, SUPPORT, &ts, reply).unwrap();
        world.saying(&ts, &["fluxctl fill w-17"]).await;
        assert_eq!(world.settled(&ts).await.len(), 1);
        bot.stop().await;
    });
}

#[test]
fn pieces_that_are_written_to_the_bot_alone_are_put_together_too() {
    with(|world| async move {
        world.write("beam.md", HALVES);
        let bot = world.bot().await;
        let direct = "D0ADA00001";
        let first = world.workspace.say(ADA, direct, "beam d-4 let go").unwrap();
        let told = &world.replies_in(direct, &first).await[0];
        assert!(!words(told).contains("Damp the recoil"), "{told}");
        world.workspace.say(ADA, direct, "damper silent for 30 s").unwrap();
        world
            .reply_that(direct, &first, |card| words(card).contains("Damp the recoil"))
            .await;
        bot.stop().await;
    });
}

#[test]
fn a_second_error_in_two_pieces_is_found_after_a_first() {
    with(|world| async move {
        world.write("beam.md", HALVES);
        let bot = world.bot().await;
        let first = world.say(PASTE);
        let pieces = [world.say("beam d-4 let go"), world.say("damper silent for 30 s")];
        let answered = world.workspace.wait_for(|state| {
            let replies = pieces.iter().flat_map(|ts| ours(state.replies(SUPPORT, ts)));
            replies
                .into_iter()
                .find(|reply| words(reply).contains("Damp the recoil"))
        });
        answered.await.unwrap();
        world.saying(&first, &["fluxctl fill w-17"]).await;
        assert_eq!(world.settled(&first).await.len(), 1);
        bot.stop().await;
    });
}

#[test]
fn two_errors_of_one_person_in_a_row_get_two_answers() {
    with(|world| async move {
        let bot = world.bot().await;
        let first = world.say(PASTE);
        let second = world.say(MARKER);
        world.saying(&first, &["fluxctl fill w-17"]).await;
        let card = world.saying(&second, &["fluxctl blow w-18"]).await;
        assert!(!text(&card).contains("fluxctl fill"), "{}", text(&card));
        assert_eq!(world.settled(&first).await.len(), 1);
        bot.stop().await;
    });
}

#[test]
fn an_error_in_two_pieces_gets_one_answer() {
    with(|world| async move {
        world.write("beam.md", HALVES);
        let bot = world.bot().await;
        let first = world.say("beam d-4 let go");
        assert!(world.settled(&first).await.is_empty(), "half of it says too little");
        let second = world.say("damper silent for 30 s");
        let card = world.saying(&second, &["Damp the recoil"]).await;
        assert!(text(&card).contains("Dock trouble"), "{}", text(&card));
        assert!(world.settled(&first).await.is_empty());
        let thanks = world.say("thanks for looking");
        assert!(world.settled(&thanks).await.is_empty(), "the halves are answered");
        // The other half alone says nothing: its answer goes with it.
        world.control("delete", json!({"channel": SUPPORT, "ts": first})).await;
        let gone = world
            .workspace
            .wait_for(|state| ours(state.replies(SUPPORT, &second)).is_empty().then_some(()));
        gone.await.unwrap();
        bot.stop().await;
        world.assert_nothing_kept("d-4").await;
    });
}

#[test]
fn what_two_people_say_is_not_put_together() {
    with(|world| async move {
        world.write("beam.md", HALVES);
        let bot = world.bot().await;
        world.say("beam d-4 let go");
        let other = "damper silent for 30 s";
        let second = world.workspace.say(GRACE, SUPPORT, other).unwrap();
        assert!(world.settled(&second).await.is_empty());
        bot.stop().await;
    });
}

#[test]
fn an_edit_changes_the_answer_in_its_place_and_back_again() {
    with(|world| async move {
        let bot = world.bot().await;
        let ts = world.say(PASTE);
        world.saying(&ts, &["fluxctl fill w-17"]).await;
        world.edit(&ts, &PASTE.replace("w-17", "w-71")).await;
        world.saying(&ts, &["fluxctl fill w-71"]).await;
        world.edit(&ts, MARKER).await;
        let card = world.saying(&ts, &["fluxctl blow w-18"]).await;
        assert!(!text(&card).contains("fluxctl fill"), "{}", text(&card));
        world.edit(&ts, "never mind, it works").await;
        let card = world.saying(&ts, &["no longer matches a runbook"]).await;
        assert!(!text(&card).contains("fluxctl"), "{}", text(&card));
        world.edit(&ts, PASTE).await;
        world.saying(&ts, &["fluxctl fill w-17"]).await;
        assert_eq!(world.settled(&ts).await.len(), 1, "one message all the time");
        bot.stop().await;
    });
}

#[test]
fn an_edit_does_not_take_the_card_from_those_who_work_with_it() {
    with(|world| async move {
        let bot = world.bot().await;
        let ts = world.say(PASTE);
        let card = world.saying(&ts, &["fluxctl fill w-17"]).await;
        world.click(GRACE, &card, "Fixed").await;
        world.saying(&ts, &["Marked as *fixed* by Grace"]).await;
        world.edit(&ts, "fixed, thanks").await;
        let kept = world.settled(&ts).await;
        assert_eq!(kept.len(), 1);
        assert!(
            text(&kept[0]).contains("Marked as fixed by Grace"),
            "{}",
            text(&kept[0])
        );
        bot.stop().await;
    });
}

#[test]
fn an_edited_question_is_answered_anew_in_the_same_place() {
    with(|world| async move {
        let bot = world.bot().await;
        let ts = world.say(&format!("<@{SIGNPOST}> help"));
        world.saying(&ts, &["search WORDS"]).await;
        world.edit(&ts, &format!("<@{SIGNPOST}> {PASTE}")).await;
        world.saying(&ts, &["fluxctl fill w-17"]).await;
        world.edit(&ts, &format!("<@{SIGNPOST}> status")).await;
        world.saying(&ts, &["Socket Mode"]).await;
        assert_eq!(world.settled(&ts).await.len(), 1);
        bot.stop().await;
    });
}

#[test]
fn a_pointer_changes_too_when_its_message_is_edited() {
    with(|world| async move {
        let bot = world.bot().await;
        let first = world.say(PASTE);
        world.saying(&first, &["fluxctl fill w-17"]).await;
        let second = world.workspace.say(GRACE, SUPPORT, PASTE).unwrap();
        world.saying(&second, &["Already answered"]).await;
        world.edit(&second, "never mind").await;
        world.saying(&second, &["no longer matches a runbook"]).await;
        world.edit(&second, MARKER).await;
        world.saying(&second, &["fluxctl blow w-18"]).await;
        assert_eq!(world.settled(&second).await.len(), 1);
        bot.stop().await;
    });
}

#[test]
fn an_afterthought_does_not_take_the_runbook_out_of_peoples_hands() {
    with(|world| async move {
        let bot = world.bot().await;
        let ts = world.say(PASTE);
        let card = world.saying(&ts, &["fluxctl fill w-17"]).await;
        world.click(GRACE, &card, "1.").await;
        world.saying(&ts, &["Done by Grace"]).await;
        let later = world.workspace.reply(ADA, SUPPORT, &ts, MARKER).unwrap();
        // The other error is answered for itself, below the first.
        world.saying(&ts, &["fluxctl blow w-18"]).await;
        let replies = world.settled(&ts).await;
        assert_eq!(replies.len(), 2, "{replies:?}");
        assert!(words(&replies[0]).contains("Done by Grace") && !later.is_empty());
        bot.stop().await;
    });
}

#[test]
fn a_forwarded_message_is_read() {
    with(|world| async move {
        let bot = world.bot().await;
        let forwarded = json!({
            "channel": SUPPORT, "text": "who knows this?", "attachments": [{
                "is_msg_unfurl": true, "is_share": true, "author_name": "Grace", "author_id": GRACE,
                "channel_id": "C0OTHER001", "ts": "1700000000.000100", "text": PASTE, "fallback": PASTE,
                "from_url": "https://sandbox.example.com/archives/C0OTHER001/p1700000000000100",
            }],
        });
        let sent = world.workspace.call(ADA, "chat.postMessage", &forwarded).unwrap();
        world.saying(sent["ts"].as_str().unwrap(), &["fluxctl fill w-17"]).await;
        bot.stop().await;
    });
}

#[test]
fn an_error_far_down_in_a_file_is_found() {
    with(|world| async move {
        let bot = world.bot().await;
        let noise = "12:00:00 INFO all is well\n".repeat(3_000);
        let ts = world
            .upload("deploy.log", &format!("{noise}{PASTE}\n{noise}"), "it broke")
            .await;
        let card = world.saying(&ts, &["fluxctl fill w-17"]).await;
        // Only its beginning is kept, yet what follows does not make the bot forget why it answered.
        world.say("any idea?");
        assert_eq!(world.settled(&ts).await, [card]);
        let more = world.say("QX4711: the flux capacitor of node w-99 is empty");
        world.settled(&more).await;
        world.control("delete", json!({"channel": SUPPORT, "ts": more})).await;
        let replies = world.settled(&ts).await;
        assert!(words(&replies[0]).contains("fluxctl fill w-17"), "{replies:?}");
        bot.stop().await;
    });
}

#[test]
fn a_file_that_cannot_be_read_does_not_cost_what_stands_beside_it() {
    with(|world| async move {
        let bot = world.bot().await;
        world.fault(&json!({"kind": "html", "method": "url_private", "times": 5}));
        let noise = "12:00:00 INFO all is well\n".repeat(3_000);
        let ts = world.upload("deploy.log", &noise, PASTE).await;
        world.saying(&ts, &["fluxctl fill w-17"]).await;
        bot.stop().await;
    });
}

#[test]
fn a_picture_alone_is_left_alone_and_when_asked_said_to_be_unread() {
    with(|world| async move {
        let bot = world.bot().await;
        let silent = world.upload("screen.png", "\u{89}PNG", "").await;
        assert!(world.settled(&silent).await.is_empty());
        let asked = world.upload("screen.png", "\u{89}PNG", &format!("<@{SIGNPOST}>")).await;
        let told = world.saying(&asked, &["image"]).await;
        assert!(buttons(&told).is_empty(), "{told}");
        // Text beside it that no runbook fits does not hide that the image was not read.
        let comment = format!("<@{SIGNPOST}> the gizmo of the annex turned purple");
        let asked = world.upload("screen.png", "\u{89}PNG", &comment).await;
        world
            .saying(&asked, &["no runbook for this text, and I can’t read images"])
            .await;
        bot.stop().await;
    });
}

#[test]
fn a_secret_that_is_pasted_is_kept_nowhere_and_shown_nowhere() {
    with(|world| async move {
        let bot = world.bot().await;
        let secret = format!("xo{}-{}-{}", "xb", "1234567890", "abcdefghijklmnopqrstuvwx");
        let ts = world.say(&format!("{PASTE} token={secret}"));
        let card = world.saying(&ts, &["fluxctl fill w-17"]).await;
        world.click(GRACE, &card, "Escalate").await;
        let window = world.window(GRACE).await.to_string();
        assert!(!words(&card).contains(&secret) && !window.contains(&secret));
        bot.stop().await;
        world.assert_nothing_kept(&secret).await;
    });
}

#[test]
fn a_secret_in_a_paste_stands_neither_in_the_answer_nor_in_what_is_kept() {
    with(|world| async move {
        let secret = ["ghp", "_", "Zk3uT9qLw7Rb2Xc8Vn5Mf1Hs6Jd4Pa0yEoGi"].concat();
        world.write(
            "key.md",
            "# Keys\n\n## QX4713\n\n```\nQX4713: the key <GATE_ID> of node <NODE> is refused\n```\n\n1. Turn `<GATE_ID>` round.\n",
        );
        let bot = world.bot().await;
        let ts = world.say(&format!("QX4713: the key {secret} of node w-17 is refused"));
        let answer = words(&world.replies(&ts).await[0]);
        assert!(answer.contains("QX4713") && !answer.contains(&secret), "{answer}");
        world.wait_until_sent().await;
        let options = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(world.store())
            .read_only(true);
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        let kept: Vec<String> = sqlx::query_scalar(
            "SELECT body FROM cases UNION ALL SELECT coalesce(body, '') FROM outbox UNION ALL SELECT about FROM answers
             UNION ALL SELECT coalesce(payload, '') FROM inbox",
        )
        .fetch_all(&pool)
        .await
        .unwrap();
        assert!(
            kept.len() > 2 && kept.iter().all(|row| !row.contains(&secret)),
            "{kept:#?}"
        );
        bot.stop().await;
    });
}

#[test]
fn what_was_said_just_before_an_error_completes_it_and_goes_when_it_is_deleted() {
    with(|world| async move {
        let table =
            "# Pumps\n\n## PMP5501\n\n```\nPMP5501: the pump is dry\nPump ID: <PUMP_ID>\n```\n\n1. Fill `<PUMP_ID>`.\n";
        world.write("pump.md", table);
        // Every runbook of the plant tells the pump, so that line alone leads nowhere.
        for number in 5502..5512 {
            let other = table.replace("PMP5501", &format!("PMP{number}")).replace("dry", "loud");
            world.write(&format!("pump{number}.md"), &other);
        }
        let bot = world.bot().await;
        let before = world.say("Pump ID: w-5517");
        let error = world.say("PMP5501: the pump is dry");
        // Over two connections the error may come first: then what was said before it completes the answer.
        world.saying(&error, &["Fill `w-5517`"]).await;
        world.control("delete", json!({"channel": SUPPORT, "ts": before})).await;
        let changed = world.workspace.wait_for(|state| {
            let replies = ours(state.replies(SUPPORT, &error));
            replies
                .first()
                .is_some_and(|reply| !words(reply).contains("w-5517"))
                .then_some(())
        });
        changed.await.unwrap();
        bot.stop().await;
    });
}
