//! Slack's own shapes of blocks, and what a workspace gets that does not know them.

use super::*;

/// A list with code and a list within, a table, text around them.
const SLUICE: &str = "# Sluice jams\n\n```\nSX200: the sluice of mill <MILL> jams\n```\n\nThe gears are dry.\n\n\
    ## What to do\n\n1. Stop the wheel:\n\n   ```sh\n   stop <MILL> <!channel>\n   ```\n\n   Then wait.\n\
    2. Look at **each gear**:\n   - the large one, see [the map](https://maps.example.com/mill)\n   - the small one\n\
    3. Fill in what you saw.\n\n| gear | oil |\n|---|---|\n| large | two drops |\n| small | one `drop` |\n";
const JAMS: &str = "SX200: the sluice of mill m-7 jams";

fn kinds(message: &Value) -> Vec<&str> {
    let blocks = message["blocks"].as_array().into_iter().flatten();
    blocks.filter_map(|block| block["type"].as_str()).collect()
}

fn refused(block: &str) -> Value {
    json!({"kind": "invalid_blocks", "block": block, "times": "always"})
}

/// The card of the error, when these kinds of blocks are refused; and that of a second error, which is sent in a form
/// that the workspace takes.
async fn cards(world: &World, refusing: &[&str]) -> Value {
    world.write("sluice.md", SLUICE);
    let bot = world.bot().await;
    for block in refusing {
        world.fault(&refused(block));
    }
    let ts = world.say(JAMS);
    let card = world.replies(&ts).await.remove(0);
    world.wait_until_sent().await;
    assert_eq!(world.settled(&ts).await.len(), 1, "one answer, whatever was refused");
    let other = world.say("SX200: the sluice of mill m-8 jams");
    let second = world.replies(&other).await.remove(0);
    assert_eq!(kinds(&second), kinds(&card));
    bot.stop().await;
    card
}

#[test]
fn lists_code_and_tables_have_slacks_own_shapes() {
    with(|world| async move {
        let card = cards(&world, &[]).await;
        let mut shown: Vec<Value> = card["blocks"].as_array().unwrap().clone();
        shown.retain(|block| block["type"] != "actions");
        // Slack gives each block an id.
        for block in &mut shown {
            block.as_object_mut().unwrap().remove("block_id");
        }
        insta::assert_snapshot!(serde_json::to_string_pretty(&shown).unwrap());
        let whole = card["blocks"].to_string();
        assert!(
            !whole.contains(r#""type":"broadcast""#) && !whole.contains(r#""type":"user""#),
            "{whole}"
        );
    });
}

#[test]
fn a_workspace_that_knows_no_table_gets_everything_else_in_its_shape() {
    with(|world| async move {
        let card = cards(&world, &["table"]).await;
        assert!(kinds(&card).contains(&"rich_text"), "{:?}", kinds(&card));
        assert!(!kinds(&card).contains(&"table"), "{:?}", kinds(&card));
        assert!(words(&card).contains("two drops"), "{card:#}");
    });
}

#[test]
fn a_workspace_that_knows_none_of_them_gets_mrkdwn() {
    with(|world| async move {
        let card = cards(&world, &["table", "rich_text", "context", "fields"]).await;
        assert!(
            kinds(&card)
                .iter()
                .all(|kind| ["header", "section", "actions"].contains(kind)),
            "{:?}",
            kinds(&card)
        );
        for told in ["1. Stop the wheel", "stop m-7", "◦ the large one", "two drops", "SX200"] {
            assert!(words(&card).contains(told), "{told}: {card:#}");
        }
    });
}

#[test]
fn several_facts_are_said_once_each() {
    const GEARS: &str = "# Gears run dry\n\n```\nSX300: gear <GEAR> of mill <MILL> runs dry\n```\n\n## What to do\n\n1. Run `oil <GEAR>` at <MILL>, not at the $MILL next to it.\n";
    with(|world| async move {
        world.write("gears.md", GEARS);
        let bot = world.bot().await;
        for refused_blocks in [None, Some("fields")] {
            if let Some(block) = refused_blocks {
                world.fault(&refused(block));
            }
            let mill = if refused_blocks.is_some() { "m-8" } else { "m-7" };
            let ts = world.say(&format!("SX300: gear g-2 of mill {mill} runs dry"));
            let card = world.replies(&ts).await.remove(0);
            let told = read_blocks(&card["blocks"]);
            assert!(
                told.contains(&format!("Run `oil g-2` at `{mill}`, not at the $MILL")),
                "{told}"
            );
            for fact in ["`gear` = `g-2`".to_owned(), format!("`mill` = `{mill}`")] {
                assert_eq!(told.matches(&fact).count(), 1, "{fact}: {told}");
            }
        }
        bot.stop().await;
    });
}

#[test]
fn a_changed_card_falls_back_as_well() {
    with(|world| async move {
        world.write("sluice.md", SLUICE);
        let bot = world.bot().await;
        let ts = world.say(JAMS);
        let card = world.replies(&ts).await.remove(0);
        assert!(kinds(&card).contains(&"rich_text"), "{:?}", kinds(&card));
        world.fault(&refused("rich_text"));
        world.click(ADA, &card, "1.").await;
        let card = world.saying(&ts, &["Done* by Ada"]).await;
        assert!(!kinds(&card).contains(&"rich_text"), "{:?}", kinds(&card));
        bot.stop().await;
    });
}

#[test]
fn a_secret_that_only_the_word_beside_it_betrays_is_in_no_shape() {
    with(|world| async move {
        let steps = "1. Log in with password: **hunter2hunter2Q9**\n2. Open the sluice.\n\n\
            | setting | value |\n|---|---|\n| password | Zq93kdLwx8Tq |\n| gear | large |\n";
        world.write(
            "sluice.md",
            &format!("# Sluice jams\n\n```\nSX200: the sluice of mill <MILL> jams\n```\n\n## What to do\n\n{steps}"),
        );
        let bot = world.bot().await;
        let ts = world.say(JAMS);
        let card = world.saying(&ts, &["Log in with password"]).await;
        let whole = card.to_string();
        assert!(!whole.contains("hunter2") && !whole.contains("Zq93"), "{whole}");
        bot.stop().await;
    });
}
