//! A start while Slack or the store is not there yet: what passes by itself is waited for, what takes a person is not.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};

use super::*;

use signpost::bot::Status;
use signpost::clock::{Clock as _, SystemClock};
use signpost::sandbox::SIGNING_SECRET;
use signpost::store::sqlite::Sqlite;
use signpost::store::{Action, Arrival, NewPost, Store as _};

use crate::signing::{JSON, now, signed};

/// A bot that need not become ready.
fn begin(settings: Settings, parts: Parts) -> Bot {
    let shutdown = CancellationToken::new();
    let timing = Timing {
        back_off: (Duration::from_millis(20), Duration::from_millis(200)),
        ..Timing::default()
    };
    let parts = Parts { timing, ..parts };
    let task = TaskTracker::new().spawn(bot::run(settings, parts.clone(), shutdown.clone()));
    Bot { task, shutdown, parts }
}

/// Waits until something outside is waited for.
async fn waits(status: &Status) {
    let waits = status.wait_for(|now| now.waits);
    tokio::time::timeout(Duration::from_secs(20), waits)
        .await
        .expect("it waits");
}

impl World {
    async fn get(&self, address: SocketAddr, path: &str) -> (u16, String) {
        let answer = self
            .client
            .get(format!("http://{address}/{path}"))
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    pub(super) async fn ready(&self, address: SocketAddr) -> (u16, Value) {
        let (status, body) = self.get(address, "ready").await;
        (status, serde_json::from_str(&body).unwrap())
    }

    /// `signpost serve` with the secrets of the sandbox.
    pub(super) fn program(&self, environment: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_signpost"));
        command
            .arg("serve")
            .env("SIGNPOST__SLACK__API_URL", self.workspace.api_url())
            .env("SIGNPOST__SLACK__BOT_TOKEN", SIGNPOST_TOKEN)
            .env("SIGNPOST__SLACK__APP_TOKEN", SIGNPOST_APP_TOKEN)
            .env("SIGNPOST__STORE__PATH", self.store())
            .env("SIGNPOST__RUNBOOKS__DIR", self.runbooks())
            .env("SIGNPOST__HTTP__LISTEN", "")
            .env("NO_PROXY", "127.0.0.1")
            .envs(environment.iter().copied())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    }
}

/// A program, and the log that it has not written yet.
pub(super) struct Served {
    pub(super) child: Child,
    log: BufReader<std::process::ChildStderr>,
    pub(super) said: String,
}

impl Served {
    pub(super) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let said = String::new();
        Self { child, log, said }
    }

    /// Reads the log up to a line that holds this.
    pub(super) fn read_until(&mut self, text: &str) {
        loop {
            let begun = self.said.len();
            let read = self.log.read_line(&mut self.said).unwrap();
            assert!(read > 0, "{text:?} is not in the log: {}", self.said);
            if self.said[begun..].contains(text) {
                return;
            }
        }
    }

    /// Asks it to end; gives its exit code and the whole log.
    pub(super) fn end(mut self) -> (Option<i32>, String) {
        let asked = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        assert!(asked.unwrap().success());
        let code = self.child.wait().unwrap().code();
        self.log.read_to_string(&mut self.said).unwrap();
        (code, std::mem::take(&mut self.said))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // A test that failed leaves nothing behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts bots while a method of Slack fails for a while, in every way that passes by itself.
fn waits_for(method: &'static str) {
    with(|world| async move {
        for mut fault in [
            json!({"kind": "429", "retry_after": 1}),
            json!({"kind": "503"}),
            json!({"kind": "500"}),
            json!({"kind": "404"}),
            json!({"kind": "break"}),
            json!({"kind": "html"}),
            json!({"kind": "slow", "ms": 1_500}),
            json!({"kind": "error", "error": "internal_error"}),
            json!({"kind": "error", "error": "ratelimited"}),
            json!({"kind": "error", "error": "org_login_required"}),
        ] {
            fault["method"] = json!(method);
            fault["app"] = json!("A0SIGNPOST");
            if fault["error"] != "ratelimited" {
                fault["times"] = json!(2);
            }
            world.fault(&fault);
            let bot = world.bot().await;
            assert_eq!(world.workspace.read(sandbox::State::faults_left), 0, "{method} {fault}");
            bot.stop().await;
        }
    });
}

#[test]
fn a_bot_that_slack_cannot_identify_yet_is_waited_for_at_the_start() {
    waits_for("auth.test");
}

#[test]
fn connections_that_slack_does_not_open_yet_are_waited_for_at_the_start() {
    waits_for("apps.connections.open");
}

#[test]
fn health_tells_why_the_bot_waits_for_slack() {
    with(|world| async move {
        let mut settings = world.settings();
        settings.http.listen = ANY_PORT.to_owned();
        world.fault(&json!({"kind": "503", "method": "auth.test", "times": "always"}));
        let bot = begin(settings, Parts::default());
        waits(&bot.parts.status).await;
        assert_eq!(world.get(bot.health(), "live").await.0, 200);
        let (status, body) = world.ready(bot.health()).await;
        assert_eq!((status, &body["ready"]), (503, &json!(false)));
        let why = body["slack"]["waiting_for"].as_str().unwrap();
        assert!(
            why.contains(&world.workspace.api_url()) && why.contains("auth.test") && why.contains("503"),
            "{why}"
        );
        world.fault(&json!({"clear": true}));
        bot.parts.status.wait_ready().await;
        let (status, body) = world.ready(bot.health()).await;
        assert_eq!((status, &body["slack"]["waiting_for"]), (200, &Value::Null));
        let ts = world.say(PASTE);
        assert_eq!(world.settled(&ts).await.len(), 1);
        bot.stop().await;
    });
}

#[test]
fn a_slack_out_of_reach_is_named_and_the_end_is_not_held_up() {
    with(|world| async move {
        let mut settings = world.settings();
        settings.http.listen = ANY_PORT.to_owned();
        settings.slack.api_url = "http://127.0.0.1:1/api".to_owned();
        let bot = begin(settings, Parts::default());
        waits(&bot.parts.status).await;
        let (status, body) = world.ready(bot.health()).await;
        let why = body["slack"]["waiting_for"].as_str().unwrap();
        assert_eq!(status, 503);
        assert!(
            why.contains("Slack at http://127.0.0.1:1/api cannot be reached: "),
            "{why}"
        );
        bot.stop().await;
    });
}

#[test]
fn the_program_waits_for_slack_says_so_once_and_ends_with_0() {
    with(|world| async move {
        let waiting = world.program(&[("SIGNPOST__SLACK__API_URL", "http://127.0.0.1:1/api")]);
        let ended = tokio::task::spawn_blocking(move || {
            let mut served = Served::start(waiting);
            served.read_until("waiting for Slack");
            served.end()
        });
        let (code, log) = ended.await.unwrap();
        assert_eq!(code, Some(0), "{log}");
        assert_eq!(log.matches("waiting for Slack").count(), 1, "{log}");
        assert!(log.contains("http://127.0.0.1:1/api cannot be reached"), "{log}");
    });
}

/// The same program, whose files must not get larger than so many blocks of 512 bytes.
fn limited(program: &Command, blocks: u32) -> Command {
    let mut limited = Command::new("sh");
    limited
        .args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""), "sh"])
        .arg(program.get_program())
        .args(program.get_args())
        .envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .current_dir(program.get_current_dir().unwrap())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    limited
}

/// A message that takes a page of the store.
fn large(number: u32) -> Arrival {
    Arrival {
        key: number.to_string(),
        lane: number.to_string(),
        mentioned: false,
        payload: "x".repeat(4_000),
        decoded: true,
    }
}

#[test]
fn a_disk_that_takes_no_more_is_waited_for_at_the_start() {
    with(|world| async move {
        // Counting these writes more pages than the second limit lets through.
        let arrivals: Vec<_> = (0..100).map(large).collect();
        let store = Sqlite::open(&world.store()).await.unwrap();
        store.receive(&arrivals, SystemClock.now()).await.unwrap();
        drop(store);
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.store());
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        sqlx::query("UPDATE inbox SET running = 1")
            .execute(&pool)
            .await
            .unwrap();
        pool.close().await;
        // SQLite takes a file that must not grow for one whose quota is used up: first the index of its log, then the log.
        for blocks in [16, 128] {
            let limited = limited(&world.program(&[]), blocks);
            let ended = tokio::task::spawn_blocking(move || {
                let mut served = Served::start(limited);
                served.read_until("waiting for the store");
                served.end()
            });
            let (code, log) = ended.await.unwrap();
            assert_eq!(code, Some(0), "{blocks}: {log}");
        }
    });
}

#[test]
fn a_refused_token_ends_the_program_with_2_also_after_trouble() {
    with(|world| async move {
        let wrong = format!("{}-wrong", "xapp");
        for (method, variable, value) in [
            ("auth.test", "SIGNPOST__SLACK__BOT_TOKEN", format!("{}-wrong", "xoxb")),
            ("apps.connections.open", "SIGNPOST__SLACK__APP_TOKEN", wrong),
        ] {
            for times in [0, 1] {
                world.fault(&json!({"kind": "503", "method": method, "times": times, "people": true}));
                let mut command = world.program(&[(variable, &value)]);
                let output = tokio::task::spawn_blocking(move || command.output().unwrap());
                let output = output.await.unwrap();
                let log = String::from_utf8_lossy(&output.stderr).into_owned();
                assert_eq!(output.status.code(), Some(2), "{method}: {log}");
                assert!(log.contains("invalid_auth") && log.contains(variable), "{log}");
                assert_eq!(world.workspace.read(sandbox::State::faults_left), 0);
            }
        }
    });
}

#[test]
fn over_http_events_get_a_503_until_slack_knows_the_bot_and_then_are_answered() {
    with(|world| async move {
        let mut settings = world.settings();
        settings.slack.mode = Mode::Http;
        settings.slack.app_token = None;
        settings.slack.signing_secret = Some(SIGNING_SECRET.into());
        settings.slack.listen = ANY_PORT.to_owned();
        world.fault(&json!({"kind": "503", "method": "auth.test", "times": "always"}));
        let bot = begin(settings, Parts::default());
        waits(&bot.parts.status).await;
        let address = bot.parts.status.get().requests.unwrap();
        let url = format!("http://{address}/slack/events");
        let urls = json!({"app": "signpost", "url": url, "verify": false});
        world.control("request_url", urls).await;
        world
            .control("options", json!({"retry_delays_ms": vec![100; 100]}))
            .await;
        let request = signed(world.client.post(&url), SIGNING_SECRET, now().as_second(), JSON, "{}");
        assert_eq!(request.send().await.unwrap().status().as_u16(), 503);
        let ts = world.say(PASTE);
        let refused = world
            .workspace
            .wait_for(|state| (state.delivered.len() >= 2).then_some(()));
        refused.await.unwrap();
        let (status, body) = world.get(address, "slack/events").await;
        assert_eq!(status, 405, "{body}");
        assert!(!bot.parts.status.get().listening);
        world.fault(&json!({"clear": true}));
        bot.parts.status.wait_ready().await;
        assert_eq!(world.replies(&ts).await.len(), 1);
        assert_eq!(world.settled(&ts).await.len(), 1);
        bot.stop().await;
    });
}

#[test]
fn posts_go_out_while_slack_opens_no_connections() {
    with(|world| async move {
        let post = NewPost {
            key: "kept".to_owned(),
            channel: SUPPORT.to_owned(),
            thread_ts: None,
            action: Action::Post,
            body: json!({"text": "kept from before"}).to_string(),
        };
        let store = Sqlite::open(&world.store()).await.unwrap();
        store.enqueue(&[post], SystemClock.now()).await.unwrap();
        drop(store);
        world.fault(&json!({"kind": "503", "method": "apps.connections.open", "times": "always"}));
        let bot = begin(world.settings(), Parts::default());
        world.wait_until_sent().await;
        waits(&bot.parts.status).await;
        assert!(!bot.parts.status.get().ready());
        world.fault(&json!({"clear": true}));
        bot.parts.status.wait_ready().await;
        bot.stop().await;
    });
}

#[test]
fn ready_tells_why_connections_that_were_lost_cannot_be_opened() {
    with(|world| async move {
        let mut settings = world.settings();
        settings.http.listen = ANY_PORT.to_owned();
        let bot = world.bot_with(settings, Parts::default()).await;
        world.fault(&json!({"kind": "503", "method": "apps.connections.open", "times": "always"}));
        world.fault(&json!({"kind": "disconnect"}));
        bot.parts.status.wait_for(|now| now.waits && now.sockets == 0).await;
        let (status, body) = world.ready(bot.health()).await;
        let why = body["slack"]["waiting_for"].as_str().unwrap();
        assert_eq!(status, 503);
        assert!(why.contains("apps.connections.open") && why.contains("503"), "{why}");
        world.fault(&json!({"clear": true}));
        bot.parts.status.wait_for(|now| now.ready() && !now.waits).await;
        bot.stop().await;
    });
}

#[test]
fn a_store_that_another_process_still_uses_is_waited_for_a_while() {
    with(|world| async move {
        let used = Sqlite::open(&world.store()).await.unwrap();
        let mut settings = world.settings();
        settings.http.listen = ANY_PORT.to_owned();
        let bot = begin(settings.clone(), Parts::default());
        waits(&bot.parts.status).await;
        let (status, body) = world.ready(bot.health()).await;
        let why = body["store"]["waiting_for"].as_str().unwrap();
        assert!(status == 503 && why.contains("in use by another signpost"), "{why}");
        drop(used);
        bot.parts.status.wait_ready().await;

        settings.http.listen = String::new();
        let parts = Parts {
            store_patience: Duration::ZERO,
            ..Parts::default()
        };
        let ended = bot::run(settings, parts, CancellationToken::new()).await;
        let error = ended.unwrap_err().to_string();
        assert!(error.contains("in use by another signpost"), "{error}");
        bot.stop().await;
    });
}
