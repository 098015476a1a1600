//! `signpost doctor`: what is there, what is missing, a probe, and how Jenkins is.

use super::*;

use axum::routing::get;
use signpost::sandbox::SIGNING_SECRET;
use signpost::sandbox::jenkins::{CHOOSE, GET_INFO, HIDDEN, NIGHTLY, RETIRED, token_of};

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

#[test]
fn the_doctor_looks_whether_the_owners_can_be_shown_what_would_be_answered() {
    with(|world| async move {
        let shadow = async |channel: &str| {
            let own = [
                TOKENS[0],
                TOKENS[1],
                ("SIGNPOST__ANSWERS__SHADOW_CHANNEL", channel),
                ("SIGNPOST__ADMIN__CHANNEL", channel),
            ];
            doctor(&world, &[], &own).await
        };
        let (code, said) = shadow(SUPPORT).await;
        assert_eq!(code, Some(0), "{said}");
        assert_says(
            &said,
            &[
                "ok       shadow channel",
                "ok       admin channel",
                "the bot is a member",
            ],
        );
        let made = world
            .control("channel", json!({"name": "elsewhere", "members": [ADA]}))
            .await;
        let (code, said) = shadow(made["channel"].as_str().unwrap()).await;
        assert_eq!(code, Some(1), "{said}");
        assert_says(
            &said,
            &[
                "FAILED   shadow channel",
                "FAILED   admin channel",
                "admin.channel: the bot is not a member",
            ],
        );
    });
}

#[test]
fn the_doctor_looks_for_the_channels_groups_schedules_and_pagers_of_the_teams() {
    with(|world| async move {
        std::fs::create_dir_all(world.runbooks().join("_data")).unwrap();
        let config = world.folder.path().join("with-services");
        std::fs::create_dir_all(&config).unwrap();
        let url = world.workspace.oncall_url();
        let services = format!(
            "[[services]]\nid = \"local\"\nkind = \"pagerduty\"\nurl = \"{url}/api\"\ntoken_variable = \"LOCAL_TOKEN\"\n\
             [[pagers]]\nid = \"local\"\nkind = \"pagerduty\"\nurl = \"{url}/events\"\ntoken_variable = \"LOCAL_KEY\"\n\
             service = \"local\"\n\
             [[trackers]]\nid = \"local\"\nkind = \"github\"\nurl = \"{}/github\"\nweb_url = \"https://git.example.com\"\n\
             token_variable = \"LOCAL_TRACKER\"\n",
            world.workspace.tracker_url()
        );
        std::fs::write(config.join("oncall.toml"), services).unwrap();
        let examined = async |token: &str, tracker: &str, teams: &str| {
            world.write("_data/teams.yml", teams);
            let own = [
                TOKENS[0],
                TOKENS[1],
                ("LOCAL_TOKEN", token),
                ("LOCAL_KEY", sandbox::ROUTING_KEY),
                ("LOCAL_TRACKER", tracker),
            ];
            doctor(&world, &["--config", config.to_str().unwrap()], &own).await
        };
        let good = format!(
            "engines:\n  name: Engines\n  issue: https://git.example.com/a/b/issues/new\n  \
             slack: {{channel: {SUPPORT}, group: {}}}\n  \
             oncall: {{service: local, schedule: PSANDBOX1}}\n  page: local\n",
            sandbox::ONCALL
        );
        let (code, said) = examined(sandbox::ONCALL_TOKEN, sandbox::TRACKER_TOKEN, &good).await;
        assert_eq!(code, Some(0), "{said}");
        assert_says(
            &said,
            &[
                "ok       team channels",
                "ok       user groups",
                "ok       schedules",
                "ok       pagers",
                "1 of them can look up acknowledgements",
                "ok       trackers",
                "the tokens can read the teams' repositories (1 checked)",
            ],
        );
        let bad = good
            .replace(SUPPORT, "C0NOWHERE1")
            .replace(sandbox::ONCALL, "S0NOWHERE1")
            .replace("page: local", "page: other");
        let (code, said) = examined("wrong", "wrong", &bad).await;
        assert_eq!(code, Some(1), "{said}");
        assert_says(
            &said,
            &[
                "engines: cannot look up C0NOWHERE1",
                "engines: Slack has no active user group S0NOWHERE1",
                "engines: PagerDuty rejected the key (HTTP 401)",
                "engines: oncall.toml has no pager \"other\"",
                "engines: a/b: GitHub rejected the key (HTTP 401)",
            ],
        );
    });
}

/// An address where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:1";

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
fn the_doctor_tells_a_store_from_another_file() {
    with(|world| async move {
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("notes.txt");
        std::fs::write(&other, "no store of anything").unwrap();
        let new = folder.path().join("signpost.db");
        for (path, expected) in [
            (other.as_path(), ["FAILED   store", "not an SQLite database"]),
            (folder.path(), ["FAILED   store", "is a folder"]),
            (new.as_path(), ["ok       store", "will be created"]),
        ] {
            let variables = [TOKENS[0], TOKENS[1], ("SIGNPOST__STORE__PATH", path.to_str().unwrap())];
            let (_, said) = doctor(&world, &[], &variables).await;
            assert_says(&said, &expected);
        }
        assert!(!new.exists(), "it only looks");
    });
}

#[test]
fn the_doctor_says_how_far_the_clock_is_off_and_does_not_wait_for_slack() {
    with(|world| async move {
        let (code, said) = doctor(&world, &[], &TOKENS).await;
        assert_eq!(code, Some(0), "{said}");
        assert_says(&said, &["ok       clock"]);

        world.control("options", json!({"clock_skew_ms": -95_000})).await;
        let (code, said) = doctor(&world, &["--probe", SUPPORT], &TOKENS).await;
        assert_eq!(code, Some(1), "{said}");
        assert_says(
            &said,
            &["FAILED   clock", "s ahead of Slack's", "NTP", "ok       probe"],
        );

        world.fault(&json!({"kind": "503", "method": "auth.test", "times": "always"}));
        let (code, said) = doctor(&world, &[], &TOKENS).await;
        assert_eq!(code, Some(1), "{said}");
        assert_says(&said, &["FAILED   slack", "503"]);
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
        assert_says(&said, &["ok       probe", SUPPORT, "can be found by their metadata"]);

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

        let (code, said) = doctor(&world, &[], &environment(ANY_PORT)).await;
        assert_eq!(code, Some(0), "{said}");
        assert_says(&said, &["ok       requests", "is free"]);

        let mut settings = world.settings();
        settings.slack.mode = Mode::Http;
        settings.slack.signing_secret = Some(SIGNING_SECRET.into());
        settings.slack.listen = ANY_PORT.to_owned();
        let bot = world.bot_with(settings, Parts::default()).await;
        let ours: &'static str = bot.parts.status.get().requests.unwrap().to_string().leak();
        let (code, said) = doctor(&world, &[], &environment(ours)).await;
        assert_eq!(code, Some(0), "{said}");
        assert_says(&said, &["ok       requests", "a running signpost"]);
        bot.stop().await;
    });
}

/// A `jobs.toml` with a job of the local Jenkins; `more` are keys of the job.
fn jobs(url: &str, user: &str, path: &str, more: &str) -> String {
    format!(
        "[[jenkins]]\nid = \"main\"\nurl = \"{url}\"\nuser = \"{user}\"\ntoken_variable = \"JENKINS_TOKEN\"\n\
         [[jobs]]\nid = \"it\"\njenkins = \"main\"\npath = \"{path}\"\nrun_by = [\"{ADA}\"]\nchannels = [\"{SUPPORT}\"]\n{more}"
    )
}

impl World {
    /// The doctor with this `jobs.toml`; the token is that of a Jenkins user.
    async fn doctor_of_jobs(&self, jobs: &str, token: &str) -> (Option<i32>, String) {
        let config = self.folder.path().join("config");
        std::fs::create_dir_all(&config).unwrap();
        std::fs::write(config.join("jobs.toml"), jobs).unwrap();
        let environment = [TOKENS[0], TOKENS[1], ("JENKINS_TOKEN", token)];
        let (code, said) = doctor(self, &["--config", config.to_str().unwrap()], &environment).await;
        assert!(!said.contains(token), "{said}");
        (code, said)
    }
}

#[test]
fn without_jobs_the_doctor_says_so() {
    with(|world| async move {
        let (code, said) = doctor(&world, &["--json"], &TOKENS).await;
        assert_eq!(code, Some(0), "{said}");
        let line = said.lines().find(|line| line.contains("\"jobs\"")).unwrap();
        let check: Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            (&check["ok"], check.as_object().unwrap().len()),
            (&json!(true), 3),
            "{line}"
        );
        assert_says(line, &["none are registered (config/jobs.toml)"]);
    });
}

#[test]
fn the_doctor_says_who_the_bot_is_to_jenkins_and_that_it_may_build() {
    with(|world| async move {
        let url = world.workspace.jenkins_url();
        let more = "run_id = \"RUN_ID\"\nparameters = [{name = \"REGION\", choices = [\"eu-de\"]}, {name = \"DRY_RUN\", default = \"true\"}]";
        let token = token_of("signpost");
        let (code, said) = world
            .doctor_of_jobs(&jobs(&url, "signpost", CHOOSE, more), &token)
            .await;
        assert_eq!(code, Some(0), "{said}");
        let fine = [
            "1 registered, on 1 Jenkins",
            "jenkins[main]: Jenkins 2.579 at",
            "knows the bot as signpost",
            "jobs[it]: Tools/choose-a-mirror, declared parameters: 5; the user may build it",
            "match jobs.toml",
        ];
        assert_says(&said, &fine);

        let (code, said) = world.doctor_of_jobs(&jobs(&url, "signpost", NIGHTLY, ""), &token).await;
        assert_eq!(code, Some(0), "{said}");
        assert_says(&said, &["checked only when it is started"]);

        world
            .workspace
            .jenkins()
            .act("quiet_down", &json!({"on": true}))
            .unwrap();
        let (code, said) = world.doctor_of_jobs(&jobs(&url, "signpost", NIGHTLY, ""), &token).await;
        assert_eq!(code, Some(0), "{said}");
        assert_says(&said, &["is preparing to shut down, so builds wait"]);
        world.workspace.jenkins().read(|state| {
            assert!(
                state.to_json()["queue"].as_array().unwrap().is_empty(),
                "nothing was started"
            );
        });
    });
}

#[test]
fn the_doctor_names_what_keeps_a_job_from_running() {
    with(|world| async move {
        let url = world.workspace.jenkins_url();
        let misfits = "run_id = \"RUNID\"\nparameters = [{name = \"REGOIN\"}, {name = \"REGION\", choices = [\"eu-de\", \"mars\"]}, {name = \"DRY_RUN\", default = \"yes\"}]";
        let cases = [
            (
                jobs(&url, "signpost", "Tools/no-such-job", ""),
                "signpost",
                vec!["jobs[it]: Jenkins does not have Tools/no-such-job", "`path`"],
            ),
            (
                jobs(&url, "signpost", HIDDEN, ""),
                "signpost",
                vec!["jobs[it]: Jenkins does not have", "Job/Read"],
            ),
            (
                jobs(&url, "signpost", RETIRED, ""),
                "signpost",
                vec!["jobs[it]: it is disabled in Jenkins"],
            ),
            (
                jobs(&url, "readonly", GET_INFO, ""),
                "readonly",
                vec![
                    "jobs[it]: the Jenkins user lacks the permission hudson.model.Item.Build",
                    "Job/Build",
                ],
            ),
            (
                jobs(&url, "signpost", CHOOSE, misfits),
                "signpost",
                vec![
                    "`jobs[it].parameters[REGOIN].name` is \"REGOIN\", which the job in Jenkins does not declare; did you mean \"REGION\"?",
                    "`jobs[it].parameters[REGION].choices` contains \"mars\"",
                    "eu-de, us-east, us-south",
                    "`jobs[it].parameters[DRY_RUN].default` contains \"yes\"",
                    "must be true or false",
                    "`jobs[it].run_id` is \"RUNID\"",
                    "did you mean \"RUN_ID\"?",
                ],
            ),
        ];
        for (jobs, user, expected) in cases {
            let (code, said) = world.doctor_of_jobs(&jobs, &token_of(user)).await;
            assert_eq!(code, Some(1), "{said}");
            assert_says(&said, &["FAILED   job "]);
            assert_says(&said, &expected);
        }
    });
}

/// A Jenkins that takes everybody for this one.
#[expect(clippy::disallowed_methods, reason = "it ends with the runtime of its test")]
async fn serve_identity(who: Value) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = axum::Router::new()
        .route("/api/json", get(|| async { axum::Json(json!({})) }))
        .route("/whoAmI/api/json", get(|| async { axum::Json(who) }));
    tokio::spawn(axum::serve(listener, router).into_future());
    url
}

#[test]
fn the_doctor_names_what_keeps_jenkins_from_being_asked() {
    with(|world| async move {
        let url = world.workspace.jenkins_url();
        let token = token_of("signpost");
        let fault = |fault: &Value| world.workspace.jenkins().fault(fault).unwrap();
        let told = |url: &str, token: &str| {
            let (jobs, token) = (jobs(url, "signpost", GET_INFO, ""), token.to_owned());
            let world = &world;
            async move {
                let (code, said) = world.doctor_of_jobs(&jobs, &token).await;
                assert_eq!(code, Some(1), "{said}");
                assert_says(
                    &said,
                    &["FAILED   jenkins ", "jenkins[main] at", "(jobs not checked: 1)"],
                );
                said
            }
        };
        assert_says(&told(NOWHERE, &token).await, &["cannot be reached", "check `url`"]);
        assert_says(
            &told(&url, "wrong-one").await,
            &["rejected the user's API token", "JENKINS_TOKEN"],
        );
        fault(&json!({"kind": "html", "what": "root"}));
        assert_says(&told(&url, &token).await, &["not the Jenkins API", "sign-in page"]);
        fault(&json!({"kind": "503", "what": "root", "times": 9}));
        assert_says(&told(&url, &token).await, &["is starting or restarting"]);
        fault(&json!({"clear": true}));
        for (who, expected) in [
            (
                json!({"name": "ada", "anonymous": false}),
                "identifies the bot as ada, not as signpost",
            ),
            (
                json!({"name": "anonymous", "anonymous": true}),
                "identifies the bot as nobody (anonymous)",
            ),
        ] {
            let said = told(&serve_identity(who).await, &token).await;
            assert_says(&said, &[expected, "the token in JENKINS_TOKEN"]);
        }
    });
}

#[test]
fn the_doctor_names_runbooks_that_do_not_fit_the_jobs() {
    with(|world| async move {
        let url = world.workspace.jenkins_url();
        world.write(
            "drums.md",
            "---\nsignpost:\n  jobs: [itt]\n---\n# Drums\n\n```\nthe drum of hall <n> is torn\n```\n",
        );
        let (code, said) = world
            .doctor_of_jobs(&jobs(&url, "signpost", GET_INFO, ""), &token_of("signpost"))
            .await;
        assert_eq!(code, Some(1), "{said}");
        assert_says(
            &said,
            &[
                "ok       runbooks ",
                "FAILED   runbooks and jobs drums.md:3: ",
                "\"itt\"",
                "did you mean \"it\"?",
            ],
        );
    });
}

#[test]
fn a_jenkins_that_is_away_keeps_nobody_from_starting() {
    with(|world| async move {
        let mut settings = world.settings();
        settings.jobs = settings::jobs::sample(NOWHERE, &token_of("signpost").into()).unwrap();
        let problems = bot::unwell(&settings).await;
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_says(&problems[0], &["jenkins[sandbox] at", "cannot be reached"]);
        let bot = world.bot_with(settings, Parts::default()).await;
        let paste = world.say(PASTE);
        assert_eq!(world.settled(&paste).await.len(), 1);
        bot.stop().await;
    });
}
