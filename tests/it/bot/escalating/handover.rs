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
        # engine.md

        Status: fixed
        Thread: <LINK>

        ## Error

        ```
        WX100: the warp engine of node e-5 stalls
        password=[redacted: password]
        ```

        ## Timeline

        - TIME UTC – Recognised as engine.md
        - TIME UTC – Ada: Marked step 1 as done
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
