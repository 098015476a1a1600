//! `signpost doctor`: what is there, what is missing, and a probe.

use super::*;

use signpost::sandbox::SIGNING_SECRET;

/// The doctor's exit code and what it said.
async fn doctor(world: &World, arguments: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_signpost"));
    command
        .arg("doctor")
        .args(arguments)
        .env("SIGNPOST__SLACK__API_URL", world.workspace.api_url())
        .env("SIGNPOST__STORE__PATH", world.store())
        .env("SIGNPOST__RUNBOOKS__DIR", world.runbooks())
        .envs(environment.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
    )
}

const TOKENS: [(&str, &str); 2] = [
    ("SIGNPOST__SLACK__BOT_TOKEN", SIGNPOST_TOKEN),
    ("SIGNPOST__SLACK__APP_TOKEN", SIGNPOST_APP_TOKEN),
];

fn assert_says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part:?} is missing in {said}");
    }
}

#[test]
fn the_doctor_says_what_is_there_and_what_is_missing() {
    with(|world| async move {
        let (code, said) = doctor(&world, &[], &TOKENS).await;
        assert_eq!(code, Some(0), "{said}");
        assert_says(&said, &["ok       slack", "ok       scopes"]);
        assert!(!said.contains("FAILED") && !said.contains(SIGNPOST_TOKEN), "{said}");

        let (code, said) = doctor(&world, &[], &[("SIGNPOST__RUNBOOKS__DIR", "/nowhere")]).await;
        assert_eq!(code, Some(1), "{said}");
        let missing = [
            "FAILED   runbooks",
            "/nowhere",
            "FAILED   tokens",
            "SIGNPOST__SLACK__BOT_TOKEN",
        ];
        assert_says(&said, &missing);
    });
}

#[test]
fn a_probe_is_posted_looked_up_and_deleted() {
    with(|world| async move {
        let left = || {
            world
                .workspace
                .read(|state| state.channel(SUPPORT).unwrap().messages.len())
        };
        let (code, said) = doctor(&world, &["--probe", SUPPORT], &TOKENS).await;
        assert_eq!((code, left()), (Some(0), 0), "{said}");
        assert_says(&said, &["ok       probe", SUPPORT, "found again"]);

        world.fault(&json!({"kind": "error", "method": "conversations.history", "error": "missing_scope", "times": 9}));
        let (code, said) = doctor(&world, &["--probe", SUPPORT], &TOKENS).await;
        assert_eq!((code, left()), (Some(1), 0), "{said}");
        assert_says(&said, &["FAILED   probe", "missing_scope", "not sent again"]);

        let (code, said) = doctor(&world, &["--probe", "C0NOWHERE1"], &TOKENS).await;
        assert_eq!(code, Some(1), "{said}");
        assert_says(&said, &["FAILED   probe", "C0NOWHERE1", "channel_not_found"]);
    });
}

#[test]
fn in_http_mode_it_looks_at_the_port_and_needs_no_app_token() {
    with(|world| async move {
        let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let taken = other.local_addr().unwrap().to_string();
        let environment = |listen: &'static str| {
            [
                ("SIGNPOST__SLACK__MODE", "http"),
                ("SIGNPOST__SLACK__LISTEN", listen),
                ("SIGNPOST__SLACK__BOT_TOKEN", SIGNPOST_TOKEN),
                ("SIGNPOST__SLACK__SIGNING_SECRET", SIGNING_SECRET),
            ]
        };
        let taken: &'static str = taken.leak();
        let (code, said) = doctor(&world, &[], &environment(taken)).await;
        assert_eq!(code, Some(1), "{said}");
        assert_says(
            &said,
            &[
                "ok       tokens",
                "signing secret",
                "FAILED   requests",
                taken,
                "ok       slack",
            ],
        );

        drop(other);
        let (code, said) = doctor(&world, &[], &environment(taken)).await;
        assert_eq!(code, Some(0), "{said}");
        assert_says(&said, &["ok       requests", "is free"]);

        let mut settings = world.settings();
        settings.slack.mode = Mode::Http;
        settings.slack.signing_secret = Some(SIGNING_SECRET.into());
        taken.clone_into(&mut settings.slack.listen);
        let bot = world.bot_with(settings, Parts::default()).await;
        let (code, said) = doctor(&world, &[], &environment(taken)).await;
        assert_eq!(code, Some(0), "{said}");
        assert_says(&said, &["ok       requests", "a running signpost"]);
        bot.stop().await;
    });
}
