//! The Home tab, through the wire.

use slack_morphism::prelude::SlackView;

use super::*;

/// Ada's Home tab as it stands in the workspace, as text; nothing while there is none.
fn home_of(state: &sandbox::State, user: &str) -> Option<String> {
    let all = state.to_json();
    let views = all["views"].as_array().cloned().unwrap_or_default();
    let view = views
        .into_iter()
        .find(|view| view["type"] == "home" && view["user_id"] == user)?;
    let blocks = view["blocks"].to_string();
    serde_json::from_value::<SlackView>(view).expect("Slack's model of a view");
    Some(blocks)
}

async fn open_home(world: &World) -> String {
    world.control("home", json!({"user": "ada"})).await;
    let shown = world.workspace.wait_for(|state| home_of(state, ADA)).await;
    shown.unwrap()
}

#[test]
fn the_home_tab_tells_what_the_bot_knows_and_changes_with_it() {
    with(|world| async move {
        let bot = world.bot().await;
        let first = open_home(&world).await;
        assert!(first.contains("1 document read"), "{first}");
        let ts = world.say(PASTE);
        world.replies(&ts).await;
        let wait = world
            .workspace
            .wait_for(|state| home_of(state, ADA).filter(|home| home.contains("QX4711")));
        let home = wait.await.unwrap();
        assert!(home.contains("Flux capacitor errors: QX4711"), "{home}");
        world.write("plan.png", "no picture");
        world.write("other.md", "# Another runbook\n\nSays something of its own.\n");
        // In the words of `signpost lint`.
        let read = "2 documents read, 1 file skipped";
        let wait = world
            .workspace
            .wait_for(|state| home_of(state, ADA).filter(|home| home.contains(read)));
        wait.await.unwrap();
        bot.stop().await;
    });
}

#[test]
fn the_home_tab_has_slacks_own_shapes_and_none_where_slack_refuses_them() {
    with(|world| async move {
        let bot = world.bot().await;
        let first = open_home(&world).await;
        assert!(first.contains("rich_text_list"), "{first}");
        assert!(!first.contains("signpost_shape"), "{first}");
        world.fault(&json!({
            "kind": "error", "error": "invalid_arguments", "method": "views.publish", "app": "A0SIGNPOST", "times": 1,
        }));
        world.say(PASTE);
        let plain = world.workspace.wait_for(|state| {
            home_of(state, ADA).filter(|home| home.contains("QX4711") && !home.contains("rich_text"))
        });
        plain.await.unwrap();
        bot.stop().await;
    });
}

#[test]
fn the_home_tab_lists_what_somebody_ran_and_the_audit_tells_it_beside_the_bot() {
    with(|world| async move {
        let jenkins = world.workspace.jenkins();
        jenkins
            .act("options", &json!({"quiet_period_ms": 0, "build_ms": 20}))
            .unwrap();
        let bot = resuming::bot(&world).await;
        let first = open_home(&world).await;
        assert!(first.contains("Your recent runs"), "{first}");
        let asked = "run get-info CLUSTERID=bq1k2 TUGBOAT=prod-wdc04-carrier107 CARRIER_NAME=prod-wdc04-carrier3";
        let ts = world.say(&format!("<@{SIGNPOST}> {asked}"));
        let wait = world.workspace.wait_for(|state| {
            home_of(state, ADA).filter(|home| home.contains("Collect the connector") && home.contains("SUCCESS"))
        });
        let shown = wait.await.unwrap();
        let message = world.saying(&ts, &["SUCCESS"]).await;
        let place = format!("p{}", message["ts"].as_str().unwrap().replace('.', ""));
        assert!(shown.contains(&place), "{place} is not linked in {shown}");
        let mut audit = std::process::Command::new(env!("CARGO_BIN_EXE_signpost"));
        audit.args(["audit", "--json", "--user", ADA]);
        audit.env("SIGNPOST__STORE__PATH", world.store());
        let told = tokio::task::spawn_blocking(move || audit.output().unwrap())
            .await
            .unwrap();
        let told: Value = serde_json::from_slice(&told.stdout).unwrap();
        assert_eq!((&told["what"], &told["name"]), (&json!("requested"), &json!("Ada")));
        assert_eq!(told["parameters"]["CLUSTERID"], "bq1k2");
        bot.stop().await;
    });
}

#[test]
fn the_home_tab_names_the_people_on_call_and_mentions_nobody() {
    with(|world| async move {
        std::fs::create_dir_all(world.runbooks().join("_data")).unwrap();
        let rotation = "  oncall:\n    first: 2026-01-05\n    people: [{name: Grace, slack: U0GRACE}, Linus]\n";
        world.write("_data/teams.yml", &format!("engines:\n  name: Engines\n{rotation}"));
        let bot = world.bot().await;
        let home = open_home(&world).await;
        assert!(
            home.contains("On call for Engines: *Grace*") || home.contains("On call for Engines: *Linus*"),
            "{home}"
        );
        assert!(!home.contains("<@"), "{home}");
        bot.stop().await;
    });
}
