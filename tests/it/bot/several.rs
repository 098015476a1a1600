//! Pastes with several errors that the runbooks know.

use super::acts::{buttons, text};
use super::*;

const LEAK: &str = "# Leaks\n\n## PumpLeakError\n\n```\nPumpLeakError: pump <PUMP> loses coolant\n```\n\n### What to do\n\n\
    1. Seal it: `pumpctl seal <PUMP>`.\n";

#[test]
fn all_errors_of_one_paste_are_named_and_each_opens_with_its_own_values() {
    with(|world| async move {
        world.write("leak.md", LEAK);
        let bot = world.bot().await;
        let leak = "PumpLeakError: pump p-3 loses coolant";
        let ts = world.say(&format!("{MARKER}\n{leak}\n{PASTE}"));
        let card = world.saying(&ts, &["The message contains 2 other errors"]).await;
        let shown = text(&card);
        let first: Vec<&str> = ["fluxctl blow w-18", "fluxctl fill w-17", "pumpctl seal p-3"]
            .into_iter()
            .filter(|step| shown.contains(step))
            .collect();
        assert_eq!(first.len(), 1, "one error leads: {shown}");
        // Every other error is named with its line, and opens with the values of its own line.
        let mut opened = first.into_iter().map(str::to_owned).collect::<Vec<_>>();
        let labels = buttons(&card).into_iter().filter(|label| label.starts_with("Show "));
        let labels: Vec<String> = labels.collect();
        assert_eq!(labels.len(), 2, "{labels:?}");
        for (label, line) in labels.iter().zip(["in line ", "in line "]) {
            assert!(shown.contains(line), "{shown}");
            world.click(ADA, &card, label).await;
            let title = label.trim_start_matches("Show ");
            let back = world.saying(&ts, &["Continued from"]).await;
            assert!(text(&back).contains(title), "{label}: {}", text(&back));
            let steps = ["fluxctl blow w-18", "fluxctl fill w-17", "pumpctl seal p-3"];
            let here: Vec<&str> = steps.into_iter().filter(|step| text(&back).contains(step)).collect();
            assert_eq!(here.len(), 1, "{label}: {}", text(&back));
            opened.extend(here.into_iter().map(str::to_owned));
            let back_to = buttons(&back).into_iter().find(|label| label.starts_with("Back to"));
            world.click(ADA, &back, &back_to.expect("a way back")).await;
            world
                .reply_that(SUPPORT, &ts, |reply| !words(reply).contains("Continued from"))
                .await;
        }
        opened.sort();
        assert_eq!(opened, ["fluxctl blow w-18", "fluxctl fill w-17", "pumpctl seal p-3"]);
        assert_eq!(world.settled(&ts).await.len(), 1, "one card");
        bot.stop().await;
    });
}

#[test]
fn the_same_error_of_another_node_is_another_case() {
    with(|world| async move {
        let bot = world.bot().await;
        let first = world.say(PASTE);
        world.saying(&first, &["fluxctl fill w-17"]).await;
        let second = world.say(&PASTE.replace("w-17", "w-21"));
        let card = world.saying(&second, &["fluxctl fill w-21"]).await;
        assert!(!text(&card).contains("Already answered"), "{}", text(&card));
        let again = world.say(PASTE);
        world.saying(&again, &["Already answered"]).await;
        bot.stop().await;
    });
}

#[test]
fn the_same_error_twice_shows_the_values_of_both_lines_and_fills_in_neither() {
    with(|world| async move {
        let bot = world.bot().await;
        let ts = world.say(&format!("{PASTE}\n{}", PASTE.replace("w-17", "w-21")));
        let card = world.saying(&ts, &["more than once"]).await;
        let shown = text(&card);
        let steps = shown.split("more than once").next().unwrap();
        assert!(!steps.contains("fluxctl fill w-"), "{shown}");
        assert!(shown.contains("w-17") && shown.contains("w-21"), "{shown}");
        bot.stop().await;
    });
}
