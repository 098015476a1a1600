//! What operators meet: reload, health, ghosts, tokens.

use super::acts::Moved;
use super::*;

use jiff::SignedDuration;

#[test]
fn a_changed_runbook_is_used_and_a_broken_one_keeps_its_old_version() {
    with(|world| async move {
        let bot = world.bot().await;
        let unknown = world.say("ZZ9001: the plural of node p-3 is gone");
        assert!(world.settled(&unknown).await.is_empty());
        let before = bot.parts.status.get().reloads;
        world.write(
            "plural.md",
            "# Plural\n\n```\nZZ9001: the plural of node <NODE> is gone\n```\n\n1. Count again.\n",
        );
        bot.parts
            .status
            .wait_for(|now| now.reloads > before && now.runbooks == 2)
            .await;
        let known = world.say("ZZ9001: the plural of node p-3 is gone");
        assert_eq!(world.replies(&known).await.len(), 1);

        let before = bot.parts.status.get().reloads;
        world.write("flux.md", &format!("---\ntitle: [\n---\n{RUNBOOK}"));
        bot.parts.status.wait_for(|now| now.reloads > before).await;
        let still = world.say(PASTE);
        assert_eq!(world.replies(&still).await.len(), 1);
        bot.stop().await;
    });
}

#[test]
fn a_broken_file_is_told_in_status_and_readiness_until_it_is_mended() {
    with(|world| async move {
        std::fs::create_dir(world.runbooks().join("_data")).unwrap();
        world.write("_data/teams.yml", "gates:\n  name: gates\n");
        let mut settings = world.settings();
        settings.http.listen = ANY_PORT.to_owned();
        let bot = world.bot_with(settings, Parts::default()).await;
        let port = bot.health();
        let errors = async || -> u64 {
            let answer = world.client.get(format!("http://{port}/ready")).send().await.unwrap();
            let told: Value = answer.json().await.unwrap();
            assert_eq!(told["ready"], true, "{told}");
            told["runbooks"]["errors"].as_u64().unwrap()
        };
        assert_eq!(errors().await, 0);
        world.write("_data/teams.yml", "gates: [\n");
        world.write("flux.md", "");
        bot.parts.status.wait_for(|now| now.errors == 2).await;
        assert_eq!(errors().await, 2);
        let told = world.command(ADA, "status").await;
        for part in ["2 errors", "_data/teams.yml", "flux.md", "the previous version is kept"] {
            assert!(words(&told["response"]).contains(part), "{part}: {told}");
        }
        let still = world.say(PASTE);
        assert_eq!(world.replies(&still).await.len(), 1);
        world.write("_data/teams.yml", "gates:\n  name: gates\n");
        world.write("flux.md", RUNBOOK);
        bot.parts.status.wait_for(|now| now.errors == 0).await;
        let told = world.command(ADA, "status").await;
        assert!(
            words(&told["response"]).contains("No problems found in the runbooks"),
            "{told}"
        );
        bot.stop().await;
    });
}

#[test]
fn the_next_version_of_a_mounted_config_map_is_used() {
    with(|world| async move {
        let dir = world.runbooks();
        std::fs::remove_file(dir.join("flux.md")).unwrap();
        let version = |name: &str, text: &str| {
            std::fs::create_dir(dir.join(name)).unwrap();
            std::fs::write(dir.join(name).join("flux.md"), text).unwrap();
            std::os::unix::fs::symlink(name, dir.join("..next")).unwrap();
            std::fs::rename(dir.join("..next"), dir.join("..data")).unwrap();
        };
        version("..2026_01", RUNBOOK);
        std::os::unix::fs::symlink("..data/flux.md", dir.join("flux.md")).unwrap();
        let bot = world.bot().await;
        let before = bot.parts.status.get().reloads;
        version("..2026_02", &RUNBOOK.replace("fluxctl fill", "fluxctl refill"));
        std::fs::remove_dir_all(dir.join("..2026_01")).unwrap();
        bot.parts
            .status
            .wait_for(|now| now.reloads > before && now.runbooks == 1)
            .await;
        let paste = world.say(PASTE);
        assert!(words(&world.replies(&paste).await[0]).contains("fluxctl refill"));
        bot.stop().await;
    });
}

#[test]
fn a_folder_behind_a_link_that_is_pointed_elsewhere_is_read_there() {
    with(|world| async move {
        let root = world.folder.path();
        std::fs::create_dir(root.join("other")).unwrap();
        std::fs::write(
            root.join("other/flux.md"),
            RUNBOOK.replace("fluxctl fill", "fluxctl refill"),
        )
        .unwrap();
        std::os::unix::fs::symlink("runbooks", root.join("current")).unwrap();
        let mut settings = world.settings();
        settings.runbooks.dir = root.join("current");
        settings.runbooks.poll_interval = 1;
        let bot = world.bot_with(settings, Parts::default()).await;
        std::os::unix::fs::symlink("other", root.join("next")).unwrap();
        std::fs::rename(root.join("next"), root.join("current")).unwrap();
        bot.parts.status.wait_for(|now| now.reloads > 0).await;
        let paste = world.say(PASTE);
        assert!(words(&world.replies(&paste).await[0]).contains("fluxctl refill"));
        bot.stop().await;
    });
}

#[test]
fn health_is_told_and_a_port_in_use_is_an_error() {
    with(|world| async move {
        let mut settings = world.settings();
        settings.http.listen = ANY_PORT.to_owned();
        let bot = world.bot_with(settings.clone(), Parts::default()).await;
        let port = bot.health();
        for (path, expected) in [("live", 200), ("ready", 200), ("metrics", 404), ("nothing", 404)] {
            let answer = world.client.get(format!("http://{port}/{path}")).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), expected, "{path}");
        }
        settings.http.listen = port.to_string();
        settings.store.path = world.folder.path().join("other.db");
        let error = bot::run(settings, Parts::default(), CancellationToken::new())
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("http.listen") && error.contains(&port.to_string()),
            "{error}"
        );
        bot.stop().await;
    });
}

#[test]
fn connections_that_are_not_ours_raise_an_alarm_after_five_minutes() {
    with(|world| async move {
        let url = format!("{}/apps.connections.open", world.workspace.api_url());
        let opened = world
            .client
            .post(url)
            .bearer_auth(SIGNPOST_APP_TOKEN)
            .send()
            .await
            .unwrap();
        let opened: Value = opened.json().await.unwrap();
        let (_ghost, _) = tokio_tungstenite::connect_async(opened["url"].as_str().unwrap())
            .await
            .unwrap();
        let clock = Arc::new(Moved::default());
        let parts = Parts {
            clock: Arc::clone(&clock) as _,
            ..Parts::default()
        };
        let bot = world.bot_with(world.settings(), parts).await;
        assert_eq!(bot.parts.status.get().stray_connections, 0);
        clock.turn(SignedDuration::from_mins(6));
        bot.parts.status.wait_for(|now| now.stray_connections == 1).await;
        bot.stop().await;
    });
}

#[test]
fn tokens_that_are_not_good_are_told_at_the_start() {
    with(|world| async move {
        let token = |kind: &str, rest: &str| format!("{kind}-{rest}");
        let cases = [
            (
                None,
                Some(SIGNPOST_APP_TOKEN.to_owned()),
                vec!["no bot token", "SIGNPOST__SLACK__BOT_TOKEN"],
            ),
            (
                Some(SIGNPOST_TOKEN.to_owned()),
                None,
                vec!["no app-level token", "SIGNPOST__SLACK__APP_TOKEN"],
            ),
            (
                Some(token("xoxp", "sandbox-ada")),
                Some(SIGNPOST_APP_TOKEN.to_owned()),
                vec!["a user token", "xoxb-"],
            ),
            (
                Some(SIGNPOST_APP_TOKEN.to_owned()),
                Some(SIGNPOST_TOKEN.to_owned()),
                vec!["app-level token", "xoxb-"],
            ),
            (
                Some("secret".to_owned()),
                Some(SIGNPOST_APP_TOKEN.to_owned()),
                vec!["not a Slack token"],
            ),
            (
                Some(format!("{SIGNPOST_TOKEN}\n{SIGNPOST_TOKEN}")),
                Some(SIGNPOST_APP_TOKEN.to_owned()),
                vec!["SIGNPOST__SLACK__BOT_TOKEN", "a line break"],
            ),
            (
                Some(SIGNPOST_TOKEN.to_owned()),
                Some(format!("{SIGNPOST_APP_TOKEN} # app")),
                vec!["SIGNPOST__SLACK__APP_TOKEN", "a space"],
            ),
            (
                Some(token("xoxb", "wrong")),
                Some(SIGNPOST_APP_TOKEN.to_owned()),
                vec!["bot token", "invalid_auth"],
            ),
            (
                Some(SIGNPOST_TOKEN.to_owned()),
                Some(token("xapp", "wrong")),
                vec!["app-level token", "invalid_auth"],
            ),
        ];
        for (bot, app, expected) in cases {
            let mut settings = world.settings();
            settings.slack.bot_token = bot.map(Into::into);
            settings.slack.app_token = app.map(Into::into);
            let error = bot::run(settings, Parts::default(), CancellationToken::new())
                .await
                .unwrap_err()
                .to_string();
            for part in expected {
                assert!(error.contains(part), "{part:?} is missing in {error:?}");
            }
            assert!(!error.contains("secret") && !error.contains("wrong\""), "{error}");
        }
    });
}
