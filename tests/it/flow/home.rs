//! The Home tab, through the wire.

use super::*;

/// Ada's Home tab as it stands in the workspace, as text; nothing while there is none.
fn home_of(state: &sandbox::State, user: &str) -> Option<String> {
    let all = state.to_json();
    let views = all["views"].as_array().cloned().unwrap_or_default();
    let view = views
        .into_iter()
        .find(|view| view["type"] == "home" && view["user_id"] == user)?;
    Some(view["blocks"].to_string())
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
        assert!(first.contains("1 loaded"), "{first}");
        let ts = world.say(PASTE);
        world.replies(&ts).await;
        let wait = world
            .workspace
            .wait_for(|state| home_of(state, ADA).filter(|home| home.contains("QX4711")));
        wait.await.unwrap();
        world.write("other.md", "# Another runbook\n\nSays something of its own.\n");
        let wait = world
            .workspace
            .wait_for(|state| home_of(state, ADA).filter(|home| home.contains("2 loaded")));
        wait.await.unwrap();
        bot.stop().await;
    });
}
