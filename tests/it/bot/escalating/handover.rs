//! `signpost case`: what happened, for whoever takes over.

use regex::Regex;

use crate::bot::jobs::program::{configure, signpost};

use super::*;

#[test]
fn a_case_is_handed_over_with_who_did_what_while_the_bot_is_running() {
    with(|world| async move {
        let bot = world.engines(&teams(""), Parts::default()).await;
        let ts = world.say(&format!("{STALLS}\npassword=hunter2hunter3"));
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        world.click(ADA, &card, "1.").await;
        let card = world.saying(&ts, &["Done by Ada"]).await;
        let chosen = json!({"summary": {"value": "The valve sticks"}});
        world.escalate(ADA, &card, chosen).await;
        let message = world.posted(RANDOM, "Paged Grace").await;
        world.click_in(GRACE, RANDOM, &message, "I’m on it").await;
        let card = world.saying(&ts, &["Grace is on it"]).await;
        world.click(GRACE, &card, "Fixed").await;
        world.saying(&ts, &["Marked as *fixed* by Grace"]).await;

        configure(&world, &world.workspace.api_url(), "", "info");
        let link = format!("https://example.slack.com/archives/{SUPPORT}/p{}", ts.replace('.', ""));
        let printed = |arguments: &[&str]| {
            let output = signpost(&world, arguments).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        };
        let markdown = printed(&["case", &link]);
        let shown = Regex::new(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
            .unwrap()
            .replace_all(&markdown, "TIME");
        let shown = Regex::new(r"<https?://[^>]*>").unwrap().replace_all(&shown, "<LINK>");
        insta::assert_snapshot!(shown, @r"
        # Warp engine stalls

        Status: fixed
        Runbook: engine.md
        Thread: <LINK>

        ## Error

        ```
        WX100: the warp engine of node e-5 stalls
        password=[redacted: password]
        ```

        ## Timeline

        - TIME UTC – Recognised as engine.md
        - TIME UTC – Ada: Marked step 1 as done: Look at the gauge: \`gauge e-5\`.
        - TIME UTC – Ada: Escalated to Engines (Grace), severity error, paged
        - TIME UTC – Grace: Acknowledged the escalation to Engines
        - TIME UTC – Grace: Marked as fixed
        ");
        let case: Value = serde_json::from_str(&printed(&["case", &link, "--json"])).unwrap();
        assert_eq!(case["status"], "fixed", "{case}");
        assert!(!case.to_string().contains("hunter2"), "{case}");
        bot.stop().await;
    });
}

/// The texts of the files in a thread.
fn files_in(world: &World, ts: &str) -> Vec<String> {
    world.workspace.read(|state| {
        let messages = state.channel(SUPPORT).unwrap().messages.values();
        let here = messages.filter(|message| message.thread_ts() == Some(ts));
        let files = here
            .filter_map(|message| message.value.get("files")?.as_array().cloned())
            .flatten();
        let bytes = files.filter_map(|file| state.files.get(file["id"].as_str()?).map(|file| file.bytes.clone()));
        bytes.map(|bytes| String::from_utf8(bytes).unwrap()).collect()
    })
}

#[test]
fn a_worked_thread_is_exported_into_itself() {
    with(|world| async move {
        let bot = world.engines(&teams(""), Parts::default()).await;
        let ts = world.say(&format!("{STALLS}\npassword=hunter2hunter3"));
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        world.click(ADA, &card, "1.").await;
        let card = world.saying(&ts, &["Done by Ada"]).await;
        world.click(ADA, &card, "Fixed").await;
        let card = world.saying(&ts, &["Marked as *fixed* by Ada"]).await;
        world.click(ADA, &card, "Export").await;
        assert_eq!(world.audit_up_to("exported").await, "exported");
        let files = files_in(&world, &ts);
        let [file] = files.as_slice() else { panic!("{files:?}") };
        for told in [
            "# Warp engine stalls",
            "Look at the gauge",
            "Ada: Marked as fixed",
            "[redacted: password]",
        ] {
            assert!(file.contains(told), "{told}: {file}");
        }
        assert!(!file.contains("hunter2"), "{file}");
        bot.stop().await;
    });
}

#[test]
fn without_the_scope_the_person_who_exports_is_told() {
    with(|world| async move {
        let bot = world.engines(&teams(""), Parts::default()).await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        world.fault(&json!({"kind": "error", "method": "files.getUploadURLExternal", "error": "missing_scope"}));
        world.click(ADA, &card, "Export").await;
        world.whispered(ADA, SUPPORT, "missing the scope `files:write`").await;
        assert!(files_in(&world, &ts).is_empty());
        bot.stop().await;
    });
}

#[test]
fn a_case_whose_channel_was_shared_since_is_not_exported() {
    with(|world| async move {
        let bot = world.engines(&teams(""), Parts::default()).await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        world
            .control("channel", json!({"name": "support", "shared": true}))
            .await;
        world.click(ADA, &card, "Export").await;
        world.whispered(ADA, SUPPORT, "don’t export cases").await;
        assert!(files_in(&world, &ts).is_empty());
        bot.stop().await;
    });
}

#[test]
fn a_press_that_slack_delivers_twice_exports_once() {
    with(|world| async move {
        let bot = world.engines(&teams(""), Parts::default()).await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        world.fault(&json!({"kind": "duplicate", "times": 1}));
        // Both deliveries are being worked on before the first upload ends.
        world.fault(&json!({"kind": "slow", "method": "files.getUploadURLExternal", "ms": 500, "times": 2}));
        world.click(ADA, &card, "Export").await;
        assert_eq!(world.audit_up_to("exported").await, "exported");
        // It ends when everything under way is done.
        bot.stop().await;
        assert_eq!(files_in(&world, &ts).len(), 1);
    });
}

#[test]
fn a_case_of_a_conversation_is_found_by_its_card() {
    with(|world| async move {
        let bot = world.engines(&teams(""), Parts::default()).await;
        let ts = world.workspace.say(ADA, "D0ADA00001", STALLS).unwrap();
        let card = world
            .reply_that("D0ADA00001", &ts, |message| {
                words(message).contains("Warp engine stalls")
            })
            .await;
        // Slack shows the card before the bot has written down where it stands. It ends when that is done.
        bot.stop().await;
        configure(&world, &world.workspace.api_url(), "", "info");
        let place = card["ts"].as_str().unwrap().replace('.', "");
        let link = format!("https://example.slack.com/archives/D0ADA00001/p{place}");
        let output = signpost(&world, &["case", &link]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let markdown = String::from_utf8(output.stdout).unwrap();
        assert!(markdown.starts_with("# Warp engine stalls"), "{markdown}");
    });
}
