//! A runbook that asks which of several cases applies, answered by clicks.

use super::acts::{buttons, said, text};
use super::*;
use signpost::sandbox::GRACE;

const SLUICE: &str = "# Sluice jams\n\n```\nSX200: the sluice of mill <MILL> jams\n```\n\n## What to do\n\n\
    ### If the wheel turns\n\n1. Stop the wheel: `stop <MILL>`.\n2. Lift the sluice.\n\n\
    ### If the wheel stands\n\n1. Drain the pond.\n2. Call the smith.\n3. Fill the pond.\n\n\
    ### Afterwards\n\n1. Oil the sluice.\n";

#[test]
fn the_chosen_case_is_shown_to_all_kept_and_can_be_changed() {
    with(|world| async move {
        world.write("sluice.md", SLUICE);
        let bot = world.bot().await;
        let ts = world.say("SX200: the sluice of mill m-7 jams");
        let card = world.saying(&ts, &["Which of these applies?"]).await;
        assert!(!said(&card).contains("Stop the wheel"), "{}", said(&card));
        let shown = buttons(&card);
        let asked = ["If the wheel turns", "If the wheel stands", "Not sure: show all"];
        assert!(shown.windows(3).any(|labels| labels == asked), "{shown:?}");
        world.click(ADA, &card, "If the wheel turns").await;
        let card = world.saying(&ts, &["stop m-7", "chosen by Ada"]).await;
        assert!(
            text(&card).contains("Oil the sluice"),
            "what applies to all stays: {}",
            text(&card)
        );
        assert!(!text(&card).contains("Drain the pond"), "{}", text(&card));
        world.click(ADA, &card, "1.").await;
        let card = world.saying(&ts, &["Done by Ada"]).await;
        world.click(GRACE, &card, "If the wheel stands").await;
        let card = world.saying(&ts, &["Drain the pond", "chosen by Grace"]).await;
        assert!(!said(&card).contains("stop m-7"), "{}", said(&card));
        // The mark of a step is kept for when its case is chosen again.
        world.click(ADA, &card, "Not sure: show all").await;
        let card = world.saying(&ts, &["stop m-7", "Drain the pond", "Done by Ada"]).await;
        // The case is still there after a restart.
        world.click(ADA, &card, "If the wheel stands").await;
        world.saying(&ts, &["chosen by Ada"]).await;
        bot.stop().await;
        let bot = world.bot().await;
        let card = world.saying(&ts, &["chosen by Ada"]).await;
        world.click(GRACE, &card, "1.").await;
        let card = world.saying(&ts, &["Done by Grace", "chosen by Ada"]).await;
        assert!(!said(&card).contains("stop m-7"), "{}", said(&card));
        assert_eq!(world.settled(&ts).await.len(), 1, "one message that changes");
        bot.stop().await;
    });
}
