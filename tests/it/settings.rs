//! Tests of `settings`: every wrong value gets a sentence that says where, what and what to do.

use std::collections::HashMap;
use std::path::Path;

use secrecy::ExposeSecret as _;
use signpost::settings::{self, Error, Settings};

fn load(local: &str, environment: &[(&str, &str)]) -> Result<Settings, Error> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("local.toml"), local).unwrap();
    load_in(folder.path(), environment)
}

fn load_in(folder: &Path, environment: &[(&str, &str)]) -> Result<Settings, Error> {
    let environment: HashMap<String, String> = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    settings::load_from(Some(folder), environment)
}

#[test]
fn defaults_are_complete_and_valid() {
    let settings = load("", &[]).unwrap();
    assert_eq!(settings.slack.connections, 2);
    assert_eq!(settings.slack.api_url, "https://slack.com/api");
    assert!(settings.slack.bot_token.is_none());
    assert!(settings.runbooks.folder().is_none());
}

#[test]
fn later_layers_win() {
    let local = "[slack]\nconnections = 3\nallowed_bots = [\"B1\"]\n[matching]\nthreshold = 0.7";
    let settings = load(
        local,
        &[
            ("SIGNPOST__SLACK__CONNECTIONS", "4"),
            ("SIGNPOST__RUNBOOKS__DIR", "/srv/runbooks"),
            ("SIGNPOST__RUNBOOKS__IGNORE", "a,b"),
            ("SIGNPOST_CORPUS", "no setting"),
        ],
    )
    .unwrap();
    assert_eq!(settings.slack.connections, 4);
    assert_eq!(settings.slack.allowed_bots, ["B1"]);
    assert!((settings.matching.threshold - 0.7).abs() < 1e-6);
    assert_eq!(settings.runbooks.folder(), Some(Path::new("/srv/runbooks")));
    assert_eq!(settings.runbooks.ignore, ["a", "b"]);
}

#[test]
fn one_number_or_word_in_the_environment_may_stand_where_a_list_or_text_is_wanted() {
    let settings = load(
        "",
        &[
            ("SIGNPOST__SLACK__ALLOWED_BOTS", "B0123"),
            ("SIGNPOST__STORE__PATH", "12345"),
        ],
    )
    .unwrap();
    assert_eq!(settings.slack.allowed_bots, ["B0123"]);
    assert_eq!(settings.store.path, Path::new("12345"));
}

#[test]
fn channels_and_links_are_lists_of_values() {
    let local =
        "[[channels]]\nid = \"C0ABC\"\nauto_answer = false\n[[links]]\ntitle = \"Logs\"\nurl = \"https://l/{id}\"";
    let settings = load(local, &[]).unwrap();
    assert_eq!(
        settings.channel("C0ABC").and_then(|channel| channel.auto_answer),
        Some(false)
    );
    assert_eq!(settings.links.first().map(|link| link.title.as_str()), Some("Logs"));
}

#[test]
fn a_channel_may_be_quieter_than_the_others() {
    let local = "[answers]\nmute_by = [\"U1\", \"S1\"]\n[[channels]]\nid = \"C1\"\nthreshold = 0.9\nrepeat_minutes = 0";
    let settings = load(local, &[]).unwrap();
    assert!((settings.threshold("C1") - 0.9).abs() < 1e-6 && (settings.threshold("C2") - 0.5).abs() < 1e-6);
    assert_eq!(
        (settings.repeat("C1").as_secs(), settings.repeat("C2").as_secs()),
        (0, 3_600)
    );
    assert_eq!(settings.answers.mute_by, ["U1", "S1"]);
}

type Case = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
);
const WRONG: &[Case] = &[
    (
        "[slack]\nconections = 2",
        &[],
        &["local.toml", "`slack.conections`", "`slack.connections`"],
    ),
    (
        "[slak]\nconnections = 2",
        &[],
        &["`slak.connections`", "`slack.connections`"],
    ),
    ("threshold = 0.5", &[], &["`threshold`", "`matching.threshold`"]),
    (
        "",
        &[("SIGNPOST__RUNBOOKS__DIRR", "x")],
        &["SIGNPOST__RUNBOOKS__DIRR", "`runbooks.dir`"],
    ),
    (
        "",
        &[("SIGNPOST__SLACK__CONNECTIONS", "many")],
        &["SIGNPOST__SLACK__CONNECTIONS", "many"],
    ),
    (
        "[slack]\nconnections = 11",
        &[],
        &["local.toml", "`slack.connections`", "is 11", "1 to 10"],
    ),
    (
        "[slack]\nconnections = \"two\"",
        &[],
        &["local.toml", "`slack.connections`", "two"],
    ),
    ("[slack]\nmode = \"email\"", &[], &["`slack.mode`", "email"]),
    (
        "[slack]\nlisten = \":3000\"",
        &[],
        &["local.toml", "`slack.listen`", "is \":3000\"", "127.0.0.1:3000"],
    ),
    (
        "[slack]\napi_url = \"slack.com\"",
        &[],
        &["`slack.api_url`", "slack.com"],
    ),
    (
        "[slack]\nallowed_bots = [\"alertbot\"]",
        &[],
        &["`slack.allowed_bots`", "alertbot", "not names"],
    ),
    (
        "[matching]\nthreshold = 50",
        &[],
        &["`matching.threshold`", "is 50", "between 0 and 1"],
    ),
    (
        "[http]\nlisten = \"everywhere\"",
        &[],
        &["`http.listen`", "everywhere", "127.0.0.1:8787"],
    ),
    ("[log]\nlevel = \"a=b=c\"", &[], &["`log.level`", "a=b=c"]),
    (
        "[log]\nlevel = \"inof\"",
        &[],
        &["local.toml", "`log.level`", "inof", "info"],
    ),
    ("[log]\nlevel = \"info,signpost=debgu\"", &[], &["`log.level`", "debgu"]),
    ("[log]\nlevel = \"\"", &[], &["`log.level`", "error, warn, info"]),
    (
        "[[channels]]\nid = \"#support\"",
        &[],
        &["`channels`", "#support", "never its name"],
    ),
    (
        "[[channels]]\nid = \"C1\"\n[[channels]]\nid = \"C1\"",
        &[],
        &["`channels`", "twice"],
    ),
    (
        "[[channels]]\nid = \"C1\"\nautoanswer = true",
        &[],
        &["`channels.autoanswer`", "`channels.auto_answer`"],
    ),
    (
        "[[channels]]\nid = \"C1\"\nthreshold = 7",
        &[],
        &["`channels.threshold`", "is 7", "between 0 and 1"],
    ),
    (
        "[[channels]]\nid = \"C1\"\nrepeat_minutes = 20000",
        &[],
        &["`channels.repeat_minutes`", "is 20000", "0 (never) to 10080"],
    ),
    (
        "[answers]\nrepeat_minutes = 20000",
        &[],
        &["`answers.repeat_minutes`", "is 20000", "0 (never) to 10080"],
    ),
    (
        "[answers]\nrepeat_minutes = -1",
        &[],
        &["local.toml", "`answers.repeat_minutes`"],
    ),
    (
        "[answers]\nmute_by = [\"@ada\"]",
        &[],
        &["`answers.mute_by`", "@ada", "not names"],
    ),
    (
        "[answers]\nshadow_channel = \"#owners\"",
        &[],
        &["local.toml", "`answers.shadow_channel`", "#owners", "never its name"],
    ),
    (
        "[answers]\nshadow_channel = \"U1\"",
        &[],
        &["`answers.shadow_channel`", "U1", "C0123456789"],
    ),
    (
        "",
        &[("SIGNPOST__ANSWERS__MODE", "silent")],
        &["SIGNPOST__ANSWERS__MODE", "silent", "\"answer\" or \"shadow\""],
    ),
    (
        "[[channels]]\nid = \"C1\"\nmode = \"quiet\"",
        &[],
        &["`channels.mode`", "quiet", "\"answer\" or \"shadow\""],
    ),
    (
        "[answers]\nnear_reaction = \":eyes:\"",
        &[],
        &["`answers.near_reaction`", ":eyes:", "without colons"],
    ),
    (
        "[[channels]]\nid = \"C1\"\nnear_reaction = \"Eyes\"",
        &[],
        &["`channels.near_reaction`", "Eyes", "without colons"],
    ),
    (
        "[answers]\nmuted_by = []",
        &[],
        &["`answers.muted_by`", "`answers.mute_by`"],
    ),
    ("[slack", &[], &["local.toml", "not valid TOML"]),
];

#[test]
fn a_channel_may_be_in_shadow_mode_while_the_others_are_answered_and_the_other_way_round() {
    use settings::AnswerMode;
    let one = load(
        "[answers]\nshadow_channel = \"G1\"\n[[channels]]\nid = \"C1\"\nmode = \"shadow\"\nnear_reaction = \"+1\"",
        &[],
    )
    .unwrap();
    assert_eq!(one.answer_mode("C1"), AnswerMode::Shadow);
    assert_eq!(one.answer_mode("C2"), AnswerMode::Answer);
    assert_eq!(one.answers.shadow_channel(), Some("G1"));
    assert_eq!((one.near_reaction("C1"), one.near_reaction("C2")), (Some("+1"), None));
    let environment = [
        ("SIGNPOST__ANSWERS__MODE", "shadow"),
        ("SIGNPOST__ANSWERS__NEAR_REACTION", "eyes"),
    ];
    let others = load(
        "[[channels]]\nid = \"C1\"\nmode = \"answer\"\nnear_reaction = \"\"",
        &environment,
    )
    .unwrap();
    assert_eq!(others.answer_mode("C1"), AnswerMode::Answer);
    assert_eq!(others.answer_mode("C2"), AnswerMode::Shadow);
    assert_eq!(others.answers.shadow_channel(), None);
    assert_eq!(
        (others.near_reaction("C1"), others.near_reaction("C2")),
        (None, Some("eyes"))
    );
}

/// A wrong kind of value: the file, the environment, and the whole sentence without its place.
const KINDS: &[(&str, &str, &str, &str)] = &[
    (
        "[matching]\nthreshold = \"high\"",
        "MATCHING__THRESHOLD",
        "high",
        "`matching.threshold` is \"high\"; it must be a number between 0 and 1",
    ),
    (
        "[slack]\nconnections = \"two\"",
        "SLACK__CONNECTIONS",
        "two",
        "`slack.connections` is \"two\"; it must be a whole number from 1 to 10",
    ),
    (
        "[slack]\nmode = \"email\"",
        "SLACK__MODE",
        "email",
        "`slack.mode` is \"email\"; it must be \"socket\" or \"http\"",
    ),
    (
        "[runbooks]\nreload = \"maybe\"",
        "RUNBOOKS__RELOAD",
        "maybe",
        "`runbooks.reload` is \"maybe\"; it must be true or false",
    ),
    (
        "[runbooks]\nfollow_links = \"some\"",
        "RUNBOOKS__FOLLOW_LINKS",
        "some",
        "`runbooks.follow_links` is \"some\"; it must be true or false",
    ),
    (
        "[answers]\nrepeat_minutes = -1",
        "ANSWERS__REPEAT_MINUTES",
        "-1",
        "`answers.repeat_minutes` is -1; it must be a whole number of minutes from 0 (never) to 10080 (a week)",
    ),
    (
        "[slack]\nfleet_connections = \"all\"",
        "SLACK__FLEET_CONNECTIONS",
        "all",
        "`slack.fleet_connections` is \"all\"; it must be a whole number, 0 or more",
    ),
    (
        "[log]\nformat = \"xml\"",
        "LOG__FORMAT",
        "xml",
        "`log.format` is \"xml\"; it must be \"text\" or \"json\"",
    ),
    (
        "[store]\nretention_days = \"a year\"",
        "STORE__RETENTION_DAYS",
        "a year",
        "`store.retention_days` is \"a year\"; it must be a whole number of days from 1 to 3650",
    ),
];

#[test]
fn a_wrong_kind_of_value_is_told_in_plain_words() {
    for (local, variable, value, sentence) in KINDS {
        let message = load(local, &[]).expect_err(local).to_string();
        assert!(
            message.contains("local.toml: ") && message.ends_with(sentence),
            "{local:?}: {message}"
        );
        let variable = format!("SIGNPOST__{variable}");
        let message = load("", &[(&variable, value)]).expect_err(&variable).to_string();
        assert_eq!(message, format!("{variable}: {sentence}"));
    }
    let only_in_files = [
        (
            "slack = 1",
            "`slack` is 1; it must be a section: [slack] with its keys below it",
        ),
        (
            "channels = 1",
            "`channels` is 1; it must be written as [[channels]] in local.toml, once for each entry",
        ),
        (
            "[channels]\nid = \"C1\"",
            "`channels` is a section; it must be written as [[channels]] in local.toml, once for each entry",
        ),
        (
            "[runbooks]\nignore = \"x\"",
            "`runbooks.ignore` is \"x\"; it must be a list such as [\"one\", \"two\"]",
        ),
        (
            "[runbooks]\ndir = [\"x\"]",
            "`runbooks.dir` is a list; it must be text in quotation marks",
        ),
        (
            "[[channels]]\nthreshold = 0.5",
            "`channels` has an entry without `id`; add `id = \"…\"` to it",
        ),
        (
            "[[channels]]\nid = \"C1\"\nauto_answer = \"never\"",
            "`channels.auto_answer` is \"never\"; it must be true or false",
        ),
        (
            "[[links]]\ntitle = \"Logs\"",
            "`links` has an entry without `url`; add `url = \"…\"` to it",
        ),
    ];
    for (local, sentence) in only_in_files {
        let message = load(local, &[]).expect_err(local).to_string();
        assert!(
            message.contains("local.toml: ") && message.ends_with(sentence),
            "{local:?}: {message}"
        );
    }
}

#[test]
fn only_a_key_that_is_near_is_suggested() {
    for far in [
        "foo = 1",
        "bar = 1",
        "[log]\nfoo = 1",
        "[server]\nport = 1",
        "[slack]\nproxy = 1",
        "[zzz]\nlisten_all = 1",
    ] {
        let message = load(far, &[]).expect_err(far).to_string();
        assert!(
            message.contains("unknown setting") && !message.contains("did you mean"),
            "{far:?}: {message}"
        );
    }
    let near = [
        ("[log]\nlevl = 1", "`log.level`"),
        ("[logs]\nlevel = 1", "`log.level`"),
        ("[log]\nthreshold = 1", "`matching.threshold`"),
        ("[runbooks]\nfolow_link = true", "`runbooks.follow_links`"),
        ("[store]\nretention_day = 1", "`store.retention_days`"),
        ("[slack]\nbot_tokn = 1", "`slack.bot_token`"),
    ];
    for (local, suggested) in near {
        let message = load(local, &[]).expect_err(local).to_string();
        assert!(
            message.contains(&format!("did you mean {suggested}?")),
            "{local:?}: {message}"
        );
    }
}

#[test]
fn wrong_settings_are_told_where_what_and_what_to_do() {
    for (local, environment, expected) in WRONG {
        let message = load(local, environment).expect_err(local).to_string();
        for part in *expected {
            assert!(
                message.contains(part),
                "{local:?} {environment:?}: {part:?} is missing in {message:?}"
            );
        }
    }
}

#[test]
fn secrets_come_from_the_environment_or_a_file_and_are_never_printed() {
    let token = format!("{}-1-{}", "xoxb", "abc");
    let settings = load("", &[("SIGNPOST__SLACK__BOT_TOKEN", &token)]).unwrap();
    assert_eq!(settings.slack.bot_token.as_ref().unwrap().expose_secret(), token);
    assert!(!format!("{settings:?}").contains(&token));

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, format!("{token}\n")).unwrap();
    let settings = load_in(
        folder.path(),
        &[("SIGNPOST__SLACK__BOT_TOKEN_FILE", file.to_str().unwrap())],
    )
    .unwrap();
    assert_eq!(settings.slack.bot_token.unwrap().expose_secret(), token);

    let message = load(&format!("[slack]\nbot_token = \"{token}\""), &[])
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("SIGNPOST__SLACK__BOT_TOKEN") && !message.contains(&token),
        "{message}"
    );
}

#[test]
fn a_config_folder_that_is_not_there_is_an_error() {
    let message = load_in(Path::new("/nowhere/at/all"), &[]).unwrap_err().to_string();
    assert!(message.contains("/nowhere/at/all"), "{message}");
}

/// Loads with this `jobs.toml`.
fn load_jobs(jobs: &str, environment: &[(&str, &str)]) -> Result<Settings, Error> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("jobs.toml"), jobs).unwrap();
    load_in(folder.path(), environment)
}

const JOBS: &str = "[[jenkins]]\nid = \"main\"\nurl = \"https://jenkins.example.com\"\nuser = \"signpost\"\ntoken_variable = \"JENKINS_TOKEN\"\n\
    [[jobs]]\nid = \"get-info\"\njenkins = \"main\"\npath = \"Team/get-info\"\nrun_by = [\"U0123456789\", \"S0123456789\"]\nchannels = [\"C0123456789\"]\n";

#[test]
fn jobs_stand_in_a_file_of_their_own_beside_the_settings() {
    assert!(settings::built_in().unwrap().jobs.registry.jobs.is_empty());
    assert!(load("", &[]).unwrap().jobs.registry.jenkins.is_empty());
    let settings = load_jobs(JOBS, &[("JENKINS_TOKEN", "11-canary")]).unwrap();
    let job = settings.jobs.registry.job("get-info").unwrap();
    assert_eq!(job.run_by, ["U0123456789", "S0123456789"]);
    assert_eq!(settings.jobs.tokens.get("main").unwrap().expose_secret(), "11-canary");
    assert!(!format!("{settings:?}").contains("canary"));
}

#[test]
fn wrong_jobs_are_told_where_what_and_what_to_do() {
    let twice = format!("{JOBS}{}", &JOBS[JOBS.find("[[jobs]]").unwrap()..]);
    let cases: [(String, &[&str]); 8] = [
        (
            JOBS.replace("path =", "titel = 1\npath ="),
            &["`jobs[get-info].titel`", "`title`"],
        ),
        (
            JOBS.replace("S0123456789", "@oncall"),
            &[
                "`jobs[get-info].run_by`",
                "\"@oncall\"",
                "user groups (S…)",
                "not names",
            ],
        ),
        (
            JOBS.replace("C0123456789", "#support"),
            &["`jobs[get-info].channels`", "\"#support\"", "C…"],
        ),
        (twice, &["`jobs[get-info].id`", "stands twice"]),
        (
            JOBS.replace("id = \"get-info\"", "id = \"get info\""),
            &["`jobs[get info].id`", "letters, digits"],
        ),
        (
            JOBS.replace("token_variable = \"JENKINS_TOKEN\"", ""),
            &["`jenkins[main].token_variable`", "is missing", "`token_file`"],
        ),
        (
            JOBS.replace("token_variable = \"JENKINS_TOKEN\"", "token_file = \"/nowhere/token\""),
            &[
                "`jenkins[main].token_file`",
                "/nowhere/token",
                "cannot be read",
                "set the path",
            ],
        ),
        ("[[jenkins]".to_owned(), &["line 1", "not valid TOML"]),
    ];
    let environment = [("JENKINS_TOKEN", "11-canary")];
    for (jobs, expected) in cases {
        let message = load_jobs(&jobs, &environment).expect_err(&jobs).to_string();
        assert!(
            message.contains("jobs.toml") && !message.contains("canary"),
            "{message}"
        );
        for part in expected {
            assert!(message.contains(part), "{part:?} is missing in {message:?}");
        }
    }
    let message = load_jobs(JOBS, &[]).unwrap_err().to_string();
    assert!(
        message.contains("JENKINS_TOKEN, which is not set; set it to the user's API token"),
        "{message}"
    );
}

#[test]
fn the_store_is_a_file_or_a_database_and_a_password_is_in_no_settings_file() {
    let database = |settings: &Settings| settings.store.database().map(|url| url.expose_secret().to_owned());
    assert_eq!(database(&load("", &[]).unwrap()), None);
    let local = "[store]\nurl = \"postgres://bot@db/signpost?sslmode=verify-full\"";
    let settings = load(local, &[]).unwrap();
    assert_eq!(
        database(&settings).as_deref(),
        Some("postgres://bot@db/signpost?sslmode=verify-full")
    );
    let secret = "postgres://bot:hunter2@db/signpost";
    let settings = load(local, &[("SIGNPOST__STORE__URL", secret)]).unwrap();
    assert_eq!(database(&settings).as_deref(), Some(secret));
    assert!(!format!("{settings:?}").contains("hunter2"));

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("url");
    std::fs::write(&file, format!("{secret}\n")).unwrap();
    let file = file.to_str().unwrap();
    let settings = load("", &[("SIGNPOST__STORE__URL_FILE", file)]).unwrap();
    assert_eq!(database(&settings).as_deref(), Some(secret));

    let why = |local: &str, environment: &[(&str, &str)]| {
        let told = load(local, environment).unwrap_err().to_string();
        assert!(!told.contains("hunter2"), "{told}");
        told.rsplit_once("local.toml: ")
            .map_or(told.clone(), |(_, told)| told.to_owned())
    };
    let sentences = [
        why("[store]\nurl = \"postgres://bot:hunter2@db/signpost\"", &[]),
        why("[store]\nurl = \"postgres://bot@db/signpost?password=hunter2\"", &[]),
        why("[store]\nurl = \"postgres://bot@db/signpost\"\npath = \"bot.db\"", &[]),
        why("[store]\npath = \"bot.db\"", &[("SIGNPOST__STORE__URL_FILE", file)]),
        why("", &[("SIGNPOST__STORE__URL", "mysql://bot:hunter2@db/signpost")]),
        why("", &[("SIGNPOST__STORE__URL", "hunter2")]),
        why(
            "",
            &[("SIGNPOST__STORE__URL", "postgres://db/signpost?passwort=hunter2")],
        ),
    ];
    insta::assert_snapshot!(sentences.join("\n"), @"
    `store.url` is a secret and must not be in a settings file; set it in the environment as SIGNPOST__STORE__URL, or in a file named by SIGNPOST__STORE__URL_FILE
    `store.url` is a secret and must not be in a settings file; set it in the environment as SIGNPOST__STORE__URL, or in a file named by SIGNPOST__STORE__URL_FILE
    `store.url` is set together with store.path; set only one of them: a PostgreSQL database or an SQLite file
    SIGNPOST__STORE__URL_FILE: `store.url_file` is set together with store.path; set only one of them: a PostgreSQL database or an SQLite file
    SIGNPOST__STORE__URL: `store.url` is not the URL of a PostgreSQL database; write a URL such as postgres://signpost@db.example.com/signpost
    SIGNPOST__STORE__URL: `store.url` is not a URL; write a URL such as postgres://signpost@db.example.com/signpost
    SIGNPOST__STORE__URL: `store.url` has the unknown parameter `passwort`; the parameters are application_name, dbname, host, hostaddr, options, password, port, sslcert, sslkey, sslmode, sslrootcert, statement-cache-capacity, user
    ");
}
