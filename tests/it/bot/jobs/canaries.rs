//! Secrets in parameters, artifacts, logs and reasons come out nowhere: not in Slack, not in the log of the program, not in
//! its files, not in the audit. Neither as they are nor in base64.

use std::io::Write as _;
use std::path::Path;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use signpost::sandbox::jenkins::{CHOOSE, GET_INFO};

use super::between::Between;
use super::ground::*;
use super::program::{Program, configure, signpost};
use crate::bot::*;

/// A secret of a form that no rule knows: only its name or its place tells that it is one.
fn canary(of: &str) -> String {
    ["Kn4", of, "9qWz7RtB2vLx5MhD"].concat()
}

/// How a secret may look: as it is, and in base64 wherever it begins in what is encoded.
fn guises(secret: &str) -> Vec<Vec<u8>> {
    let mut guises = vec![secret.as_bytes().to_vec()];
    for before in 0..3 {
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let bytes = [vec![b'_'; before], secret.as_bytes().to_vec()].concat();
            let encoded = engine.encode(&bytes);
            // The first and the last letters depend on what stands around it.
            let first = (before * 8).div_ceil(6);
            let last = bytes.len() * 8 / 6;
            guises.push(encoded.as_bytes()[first..last].to_vec());
        }
    }
    guises
}

fn assert_not_in(place: &str, bytes: &[u8], secrets: &[(&str, String)]) {
    for (name, secret) in secrets {
        for guise in guises(secret) {
            if let Some(at) = bytes.windows(guise.len()).position(|window| window == guise) {
                let (from, to) = (at.saturating_sub(200), (at + 200).min(bytes.len()));
                let around = String::from_utf8_lossy(&bytes[from..to]);
                panic!("the secret of {name} is in {place}: …{around}…");
            }
        }
    }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// The jobs of [`registry`], reading everything that is planted.
fn jobs(url: &str) -> String {
    let artifacts = "artifacts = [\"connector_getConnectorAPIKey.log\", \"connector_sl_configMap.log\"";
    let more = format!("{artifacts}, \"raw.log\", \"packed.log\", \"deep.log\", \"packed.gz\"");
    let check = "[[jobs.checks]]\ntitle = \"The password\"\nartifact = \"deep.log\"\n\
        pick = [\"key inner\", \"base64\", \"toml vault.note\", \"base64\"]\nsecret = true\ntest = \"not-empty\"\n\
        [[jobs.checks]]\ntitle = \"The packed one\"\nartifact = \"packed.gz\"\npick = [\"gzip\", \"key password\"]\n\
        test = { equals = { value = \"another\" } }\n";
    let first = "[[jobs.checks]]\ntitle = \"The key is there\"";
    registry(url)
        .replace(artifacts, &more)
        .replace(first, &format!("{check}{first}"))
}

/// Plants secrets in what a build leaves behind.
fn plant(world: &World, secrets: &Secrets) {
    let jenkins = world.jenkins();
    let left = |path: &str, bytes: &[u8]| {
        let given = json!({"job": GET_INFO, "path": path, "base64": STANDARD.encode(bytes)});
        jenkins.act("artifact", &given).unwrap();
    };
    let raw = format!(
        "kind: Secret\n{PASTE} token={}\nauthorization: Bearer {}\nAPI_KEY={}\n",
        secrets["raw"], secrets["bearer"], secrets["raw"]
    );
    left("raw.log", raw.as_bytes());
    let packed = STANDARD.encode(format!("{PASTE} client_secret={}", secrets["packed"]));
    left("packed.log", format!("{PASTE}\nblob: {packed}\n").as_bytes());
    let inner = format!("[vault]\nnote = \"{}\"\n", STANDARD.encode(&secrets["deep"]));
    let inner = STANDARD.encode(inner);
    left(
        "deep.log",
        format!("kind: Secret\n{PASTE} {inner}\ninner: {inner}\n").as_bytes(),
    );
    left("packed.gz", &gzip(&format!("password: {}\n", secrets["gzip"])));
}

type Secrets = BTreeMap<&'static str, String>;

/// What a build prints that was given secrets.
fn print_in(world: &World, job: &str, secrets: &Secrets, given: &str) {
    let lines = format!(
        "+ login --password {}\napi_key={}\nnotes are {} and {}\n{}\n{PASTE} secret={}\n",
        secrets[given],
        secrets["log"],
        secrets["notes"],
        STANDARD.encode(&secrets["notes"]),
        STANDARD.encode(format!("x{}", secrets["notes"])),
        secrets["log"],
    );
    world.jenkins_does("log", &json!({"job": job, "text": lines}));
}

/// Runs jobs that hold secrets wherever they can, with a kill in the middle; gives what the program logged.
async fn work(world: &World, secrets: &Secrets) -> String {
    let mut program = Program::start(world);
    program.ready().await;
    let planted = json!({"scenario": "both_right", "job": GET_INFO, "key": secrets["key"]});
    world.jenkins_does("scenario", &planted);
    world.jenkins_does("hold", &json!({"on": true}));
    world.jenkins_does("quiet_down", &json!({"on": true}));
    let ts = world.say(STARVED);
    world.saying(&ts, &["Ask for the tugboat"]).await;
    world.asks_in(ADA, &ts, GET);
    world
        .run_saying(&ts, &["Jenkins’ queue", "Waiting for a node with token="])
        .await;
    world.jenkins_does("quiet_down", &json!({"on": false}));
    world.running(GET_INFO).await;
    plant(world, secrets);
    world.jenkins_does("finish", &json!({"job": GET_INFO}));

    // Parameters: with a slash, which nobody else sees, and in the form.
    let (slash, notes) = (&secrets["slash"], &secrets["notes"]);
    let written = format!("run mirror REGION=eu-de PASSPHRASE={slash} NOTES={notes}");
    let told = world.command(ADA, &written).await;
    assert_eq!(told["acknowledged"], true, "{told}");
    world.running(CHOOSE).await;
    print_in(world, CHOOSE, secrets, "slash");
    world.jenkins_does("finish", &json!({"job": CHOOSE, "result": "FAILURE"}));
    world.command(ADA, "run mirror").await;
    let form = world.form_of(ADA).await;
    let fields: [(&str, &str); 2] = [("PASSPHRASE", &secrets["form"]), ("NOTES", notes)];
    assert_eq!(world.fill_in(ADA, &form, &fields).await["acknowledged"], true);
    world.running(CHOOSE).await;
    print_in(world, CHOOSE, secrets, "form");

    let done = world
        .run_saying(&ts, &["SUCCESS", "The password", "Known errors"])
        .await;
    assert!(words(&done).contains("[masked]"), "{done:#}");
    let failed = world.posted(SUPPORT, "FAILURE").await;
    assert!(words(&failed).contains("found in the log"), "{failed:#}");
    world.posted(SUPPORT, "notes are").await;
    let mut log = program.kill();
    world.jenkins_does("finish", &json!({"job": CHOOSE, "result": "FAILURE"}));
    let mut program = Program::start(world);
    program.ready().await;
    world.wait_until_over().await;
    world.wait_until_sent().await;
    log.push_str(&program.kill());
    log
}

#[test]
fn no_secret_comes_out_anywhere() {
    with_jobs(|world| async move {
        let names = [
            "key", "raw", "bearer", "packed", "deep", "gzip", "slash", "form", "notes", "log", "why",
        ];
        let secrets: Secrets = names.into_iter().map(|name| (name, canary(name))).collect();
        let url = world.workspace.url();
        let (slack, jenkins) = tokio::join!(Between::start(&url), Between::start(&url));
        let (api_url, jobs) = (format!("{}/api", slack.url), jobs(&format!("{}/jenkins", jenkins.url)));
        configure(&world, &api_url, &jobs, "debug");
        let why = secrets["why"].clone();
        jenkins.edits(move |asked, answer| {
            let is_queue = asked.starts_with("GET") && asked.contains("/queue/item/");
            let reason = format!("Waiting for a node with token={why} and no other");
            let told = answer.replace("Jenkins is about to shut down", &reason);
            if is_queue { told } else { answer }
        });
        let log = work(&world, &secrets).await;
        let all: Vec<(&str, String)> = secrets.into_iter().collect();
        assert!(log.contains("a job is started"), "{log}");
        assert_not_in("the log", log.as_bytes(), &all);
        assert!(slack.count("POST", "/api/chat.update") > 3);
        for (asked, body) in slack.seen() {
            // What a command answers in its acknowledgement stands in the workspace, too.
            assert_not_in(&asked, body.as_bytes(), &all);
            let fields: Vec<u8> = body.as_bytes().to_vec();
            let fields = url::form_urlencoded::parse(&fields);
            for (name, value) in fields {
                assert_not_in(&format!("{asked} {name}"), value.as_bytes(), &all);
            }
        }
        let shown = world.workspace.read(sandbox::State::to_json);
        assert_not_in("the workspace", shown.to_string().as_bytes(), &all);
        files(world.folder.path(), &all);
        for arguments in [&["audit"][..], &["audit", "--json"]] {
            let printed = signpost(&world, arguments).output().unwrap();
            let out = String::from_utf8_lossy(&printed.stdout).into_owned();
            let is_told = out.contains("requested") && out.contains("[masked]");
            assert!(is_told, "{out} {printed:?}");
            assert_not_in("the audit", &printed.stdout, &all);
        }
    });
}

/// Every file that the program wrote.
fn files(folder: &Path, secrets: &[(&str, String)]) {
    let mut found = 0;
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_name().to_string_lossy().starts_with("signpost.db") {
            found += 1;
            // SQLite takes its log away when the last connection closes: what is gone holds nothing.
            let bytes = std::fs::read(entry.path()).unwrap_or_default();
            assert_not_in(&entry.path().display().to_string(), &bytes, secrets);
        }
    }
    assert!(found > 0);
}

#[test]
fn what_is_searched_for_is_found_wherever_it_stands_in_base64() {
    let secret = canary("here");
    for before in 0..6 {
        for after in 0..6 {
            let text = format!("{}{secret}{}", "?".repeat(before), "ÿ".repeat(after));
            for engine in [&STANDARD, &URL_SAFE_NO_PAD] {
                let encoded = engine.encode(&text);
                let is_in = |guise: &Vec<u8>| encoded.as_bytes().windows(guise.len()).any(|window| window == guise);
                assert!(guises(&secret).iter().any(is_in), "{before} {after}: {encoded}");
            }
        }
    }
}

/// A secret that somebody writes where all can read it is not taken, not kept and not repeated.
#[test]
fn a_secret_that_is_written_into_a_channel_is_refused_and_not_kept() {
    with_jobs(|world| async move {
        let bot = world.worker().await;
        let secret = canary("mention");
        let ts = world.asks(ADA, &format!("run mirror REGION=eu-de PASSPHRASE={secret}"));
        let told = world
            .saying(&ts, &["PASSPHRASE", "is a secret", "Delete that message"])
            .await;
        assert_not_in("the answer", words(&told).as_bytes(), &[("mention", secret.clone())]);
        world.wait_until_sent().await;
        world.assert_nothing_kept(&secret).await;
        assert_eq!((world.triggers(), world.rows().await), (0, (0, 0)));
        bot.stop().await;
        files(world.folder.path(), &[("mention", secret)]);
    });
}
