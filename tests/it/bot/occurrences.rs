//! One error that a paste shows more than once: its card says which values belong together.

use super::acts::{said, text};
use super::*;

const PUMP: &str = "# Pumps\n\n## Pump stopped\n\n```\nPUMP-7 pump on node <NODE> stopped with status <STATUS>\n```\n\n\
    ### What to do\n\n1. Start it: `pumpctl start <NODE> --after <STATUS>`.\n";

/// Recognised by a line with a password, which no card may show.
const LOGIN: &str = "# Logins\n\n## Login refused\n\n```\nGATE-3 refused login of <USER>, password=<WORD>\n```\n\n\
    ### What to do\n\n1. Try it: `gatectl login <USER> <WORD>`.\n";

/// The line of an error.
fn stopped(node: &str, code: u32) -> String {
    format!("PUMP-7 pump on node {node} stopped with status {code}")
}

impl World {
    /// The part of the card below its actions, once a paste is answered.
    async fn below_actions(&self, ts: &str) -> String {
        let card = self.saying(ts, &["more than once"]).await;
        let said = said(&card);
        let at = said.find("shows this error more than once");
        let from = at.and_then(|at| said[..at].rfind('\n')).map_or(0, |at| at + 1);
        said[from..].to_owned()
    }
}

#[test]
fn the_card_shows_the_values_of_each_occurrence_in_a_line() {
    with(|world| async move {
        world.write("pump.md", PUMP);
        let bot = world.bot().await;
        let two = world.say(&[stopped("e-5", 7), stopped("e-9", 3)].join("\n"));
        insta::assert_snapshot!(world.below_actions(&two).await, @r"
        The message shows this error more than once. I didn’t fill in the values that differ:
        • node `e-5`, status `7`
        • node `e-9`, status `3`
        ");
        // In the order of the paste, and equal ones once.
        let lines = [
            stopped("f-9", 30),
            stopped("f-5", 70),
            stopped("f-9", 30),
            stopped("f-1", 70),
        ];
        let three = world.say(&format!("since noon:\n```\n{}\n```", lines.join("\n")));
        insta::assert_snapshot!(world.below_actions(&three).await, @r"
        The message shows this error more than once. I didn’t fill in the values that differ:
        • node `f-9`, status `30`
        • node `f-5`, status `70`
        • node `f-1`, status `70`
        ");
        bot.stop().await;
    });
}

#[test]
fn an_occurrence_that_lacks_a_value_shows_the_others() {
    with(|world| async move {
        world.write("pump.md", PUMP);
        let bot = world.bot().await;
        let cut = "PUMP-7 pump on node e-9 stopped";
        let ts = world.say(&[stopped("e-5", 7).as_str(), cut, &stopped("e-1", 3)].join("\n"));
        insta::assert_snapshot!(world.below_actions(&ts).await, @r"
        The message shows this error more than once. I didn’t fill in the values that differ:
        • node `e-5`, status `7`
        • node `e-9`
        • node `e-1`, status `3`
        ");
        bot.stop().await;
    });
}

#[test]
fn of_many_occurrences_the_first_five_are_shown() {
    with(|world| async move {
        world.write("pump.md", PUMP);
        let bot = world.bot().await;
        let lines = |nodes: std::ops::RangeInclusive<u32>| -> String {
            let lines = nodes.map(|n| stopped(&format!("e-{n}"), 100 + n));
            lines.collect::<Vec<_>>().join("\n")
        };
        let ts = world.say(&lines(1..=17));
        insta::assert_snapshot!(world.below_actions(&ts).await, @r"
        The message shows this error more than once. I didn’t fill in the values that differ:
        • node `e-1`, status `101`
        • node `e-2`, status `102`
        • node `e-3`, status `103`
        • node `e-4`, status `104`
        • node `e-5`, status `105`
        • and 12 more
        ");
        // More than are read: nobody says how many there are.
        let ts = world.say(&lines(100..=140));
        let below = world.below_actions(&ts).await;
        assert!(below.contains("and at least 16 more"), "{below}");
        bot.stop().await;
    });
}

#[test]
fn a_value_that_all_occurrences_share_is_filled_in_and_not_repeated() {
    with(|world| async move {
        world.write("pump.md", PUMP);
        let bot = world.bot().await;
        let ts = world.say(&[stopped("e-5", 7), stopped("e-9", 7)].join("\n"));
        let below = world.below_actions(&ts).await;
        let card = text(&world.saying(&ts, &["more than once"]).await);
        assert!(card.contains("pumpctl start <NODE> --after 7"), "{card}");
        insta::assert_snapshot!(below, @r"
        The message shows this error more than once. I didn’t fill in the values that differ:
        • node `e-5`
        • node `e-9`
        ");
        bot.stop().await;
    });
}

#[test]
fn a_secret_of_any_occurrence_is_neither_shown_nor_kept() {
    with(|world| async move {
        world.write("login.md", LOGIN);
        let bot = world.bot().await;
        let line = |user: &str, word: &str| format!("GATE-3 refused login of {user}, password={word}");
        let ts = world.say(&[line("ada-1", "xylophone"), line("bob-2", "marimbaphone")].join("\n"));
        let below = world.below_actions(&ts).await;
        insta::assert_snapshot!(below, @r"
        The message shows this error more than once. I didn’t fill in the values that differ:
        • user `ada-1`
        • user `bob-2`
        ");
        let card = world.saying(&ts, &["more than once"]).await.to_string();
        assert!(!card.contains("xylophone") && !card.contains("marimbaphone"), "{card}");
        bot.stop().await;
        world.assert_nothing_kept("xylophone").await;
        world.assert_nothing_kept("marimbaphone").await;
    });
}

#[test]
fn another_error_between_two_occurrences_keeps_its_own_values() {
    with(|world| async move {
        world.write("pump.md", PUMP);
        let bot = world.bot().await;
        let ts = world.say(&[stopped("e-5", 7).as_str(), PASTE, &stopped("e-9", 3)].join("\n"));
        let card = world.saying(&ts, &["another error"]).await;
        insta::assert_snapshot!(said(&card), @r"
        Pumps: Pump stopped
        What to do
        PUMP-7 pump on node <NODE> stopped with status <STATUS>
        1. Start it: `pumpctl start <NODE> --after <STATUS>`.
        The message contains another error: QX4711 (Flux capacitor errors) in line 2
        Matched the message `PUMP-7 pump on node &lt;NODE&gt; stopped with status &lt;STATUS&gt;`:
        > `PUMP-7 pump on node e-5 stopped with status 7`
        The message shows this error more than once. I didn’t fill in the values that differ:
        • node `e-5`, status `7`
        • node `e-9`, status `3`
        ");
        bot.stop().await;
    });
}
