//! Tests of `bot`: the whole bot against the local workspace, over the real wire.
//!
//! Nothing sleeps for luck. "Answered once" is checked after a marker: a later question in the same channel whose answer
//! can only come when everything before it was handled.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use signpost::bot::{self, Parts};
use signpost::sandbox::{self, ADA, Options, SIGNPOST, SIGNPOST_APP_TOKEN, SIGNPOST_TOKEN, SUPPORT, Workspace};
use signpost::settings::{self, Mode, Settings};
use signpost::slack::rate_limiter::{Rate, Rates};
use signpost::slack::socket::Timing;
use slack_morphism::prelude::SlackBlock;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

mod acts;
mod answering;
mod blaming;
mod busy;
mod cards;
mod choosing;
mod clocks;
mod commands;
mod crashing;
mod direct;
mod doctor;
mod escalating;
mod forgetting;
mod home;
mod http;
mod jobs;
mod late;
mod linked;
mod load;
mod logging;
mod memory;
mod near;
mod noise;
mod observing;
mod occurrences;
mod operating;
mod panicking;
mod pasting;
mod proxy;
mod receiving;
mod replicas;
mod resuming;
mod sending;
mod several;
mod shadow;
mod shortcuts;
mod sources;
mod starting;
mod stopping;
#[cfg(feature = "opentelemetry")]
mod traces;
mod warning;
mod wiki;
mod working;

/// Recognised by the runbook that [`World`] comes with.
const PASTE: &str = "deploy failed: QX4711: the flux capacitor of node w-17 is empty";
/// Another error of the same runbook.
const MARKER: &str = "deploy failed: QX4712: the hoverboard of node w-18 does not float";

/// An address with a port that is free, chosen when it is bound: one chosen before may be taken by a test beside this.
const ANY_PORT: &str = "127.0.0.1:0";

const RUNBOOK: &str = "# Flux capacitor errors\n\n\
    ## QX4711\n\n```\nQX4711: the flux capacitor of node <NODE> is empty\n```\n\n### What to do\n\n\
    1. Fill it: `fluxctl fill <NODE>`.\n2. Look whether it holds.\n\n\
    ## QX4712\n\n```\nQX4712: the hoverboard of node <NODE> does not float\n```\n\n### What to do\n\n\
    1. Blow: `fluxctl blow <NODE>`.\n";

/// A workspace, a runbook folder and what bots in it share.
struct World {
    workspace: Workspace,
    folder: tempfile::TempDir,
    client: reqwest::Client,
}

/// A running bot.
struct Bot {
    task: JoinHandle<Result<(), bot::Error>>,
    shutdown: CancellationToken,
    parts: Parts,
}

/// Strangers who announce a body to a hook and send a part of it, one more than are read at the same time. Returns the
/// connections once the first has given way to the last, so that all places are taken.
async fn strangers(address: SocketAddr, hook: &str, most: usize) -> Vec<tokio::net::TcpStream> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let head = format!(
        "POST {hook} HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: sha256=00\r\nX-PagerDuty-Signature: v1=00\r\n\
         Content-Length: 100\r\n\r\n{{"
    );
    loop {
        let mut strangers = Vec::new();
        for _ in 0..=most {
            let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            strangers.push(stream);
        }
        let mut answer = [0; 12];
        let answered = strangers[0].read_exact(&mut answer);
        let answered = tokio::time::timeout(Duration::from_secs(20), answered).await;
        assert!(
            answered.is_ok_and(|read| read.is_ok()),
            "the first stranger has no answer"
        );
        // On a busy machine the first may run out of time before the last is heard.
        if &answer != b"HTTP/1.1 408" {
            assert_eq!(&answer, b"HTTP/1.1 503");
            return strangers;
        }
    }
}

/// Runs a test in a world of its own.
fn with<F: Future<Output = ()>>(test: impl FnOnce(World) -> F) {
    with_options(quick(), test);
}

fn quick() -> Options {
    Options {
        ack_timeout: Duration::from_millis(300),
        retry_delays: vec![Duration::from_millis(20); 20],
        wait_limit: Duration::from_secs(20),
        rate_limits: false,
        ..Options::default()
    }
}

/// Rates far above those that Slack allows, for a workspace without limits.
fn hasty_rates() -> Rates {
    let rate = Rate {
        every: Duration::from_millis(5),
        burst: 50,
    };
    Rates {
        post: rate,
        tier_2: rate,
        tier_3: rate,
        tier_4: rate,
    }
}

/// Runs a test in a world of its own, with a workspace that behaves like this.
fn with_options<F: Future<Output = ()>>(options: Options, test: impl FnOnce(World) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shutdown = CancellationToken::new();
        let workspace = Workspace::start(listener, options, shutdown.clone());
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("runbooks")).unwrap();
        let _ = tracing_subscriber::fmt().with_test_writer().try_init();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let world = World {
            workspace,
            folder,
            client,
        };
        world.write("flux.md", RUNBOOK);
        tokio::time::timeout(Duration::from_mins(1), test(world))
            .await
            .expect("the test ends");
        shutdown.cancel();
    });
}

impl World {
    fn runbooks(&self) -> PathBuf {
        self.folder.path().join("runbooks")
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.runbooks().join(name), text).unwrap();
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("signpost.db")
    }

    fn settings(&self) -> Settings {
        let mut settings = settings::built_in().unwrap();
        settings.slack.api_url = self.workspace.api_url();
        settings.slack.bot_token = Some(SIGNPOST_TOKEN.into());
        settings.slack.app_token = Some(SIGNPOST_APP_TOKEN.into());
        settings.slack.allowed_bots = vec![sandbox::ALERTBOT.to_owned()];
        settings.slack.request_timeout = 1;
        settings.slack.lookup_wait = 1;
        settings.store.path = self.store();
        settings.runbooks.dir = self.runbooks();
        settings.http.listen = String::new();
        settings
    }

    /// A bot that is ready.
    async fn bot(&self) -> Bot {
        self.bot_with(self.settings(), Parts::default()).await
    }

    /// A bot that is ready. It posts as fast as it can, unless the parts have rates of their own.
    async fn bot_with(&self, settings: Settings, parts: Parts) -> Bot {
        let timing = Timing {
            drain: Duration::from_millis(300),
            back_off: (Duration::from_millis(20), Duration::from_millis(200)),
            ..Timing::default()
        };
        let connections = match settings.slack.mode {
            Mode::Socket => settings.slack.connections as usize,
            Mode::Http => 0,
        };
        let parts = Parts {
            timing,
            tracker: TaskTracker::new(),
            rates: if parts.rates == Rates::default() {
                hasty_rates()
            } else {
                parts.rates
            },
            ..parts
        };
        let shutdown = CancellationToken::new();
        let mut task = TaskTracker::new().spawn(bot::run(settings, parts.clone(), shutdown.clone()));
        let status = Arc::clone(&parts.status);
        tokio::select! {
            () = status.wait_for(|now| now.ready() && now.sockets >= connections) => {}
            ended = &mut task => panic!("the bot ended: {ended:?}"),
            () = tokio::time::sleep(Duration::from_secs(20)) => panic!("the bot is not ready: {:?}", status.get()),
        }
        Bot { task, shutdown, parts }
    }

    fn say(&self, text: &str) -> String {
        self.workspace.say(ADA, SUPPORT, text).unwrap()
    }

    fn fault(&self, fault: &Value) {
        self.workspace.fault(fault).unwrap();
    }

    async fn control(&self, action: &str, body: Value) -> Value {
        let url = format!("{}/sandbox/{action}", self.workspace.url());
        let answer: Value = self
            .client
            .post(url)
            .json(&body)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(answer["ok"], true, "{action} {body}: {answer}");
        answer
    }

    /// The bot's replies in a thread, once there is one.
    async fn replies_in(&self, channel: &str, ts: &str) -> Vec<Value> {
        let wait = self.workspace.wait_for(|state| {
            let replies = ours(answers(state, channel, ts));
            (!replies.is_empty()).then_some(replies)
        });
        wait.await.unwrap()
    }

    async fn replies(&self, ts: &str) -> Vec<Value> {
        self.replies_in(SUPPORT, ts).await
    }

    /// The bot's replies in a thread after everything that was said so far has been handled.
    async fn settled_in(&self, channel: &str, ts: &str) -> Vec<Value> {
        self.workspace
            .wait_for(|state| (unacknowledged(state) == 0).then_some(()))
            .await
            .unwrap();
        let asked = format!("<@{SIGNPOST}> help");
        let marker = self.workspace.say(ADA, channel, &asked).unwrap();
        self.replies_in(channel, &marker).await;
        // Threads are posted side by side: the marker's answer may be there before an earlier one.
        self.wait_until_sent().await;
        ours(self.workspace.replies(channel, ts))
    }

    async fn settled(&self, ts: &str) -> Vec<Value> {
        self.settled_in(SUPPORT, ts).await
    }

    async fn look_into_store(&self) -> sqlx::SqlitePool {
        let options = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(self.store())
            .read_only(true);
        sqlx::SqlitePool::connect_with(options).await.unwrap()
    }

    /// Waits until nothing is left to be sent or looked up. The store tells no one, so it is asked again and again.
    async fn wait_until_sent(&self) {
        let pool = self.look_into_store().await;
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        loop {
            let unsent: i64 =
                sqlx::query_scalar("SELECT count(*) FROM outbox WHERE state IN ('pending', 'sending', 'uncertain')")
                    .fetch_one(&pool)
                    .await
                    .unwrap();
            if unsent == 0 {
                return;
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "{unsent} posts are still to be sent"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Bot {
    /// Where health and metrics are served, with [`ANY_PORT`] in the settings.
    fn health(&self) -> SocketAddr {
        self.parts.status.get().health.expect("health is served")
    }

    /// Ends it well.
    async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap().unwrap();
    }

    /// Ends it as `kill -9` would.
    async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
        self.parts.tracker.close();
        self.parts.tracker.wait().await;
    }
}

/// What follows a message: the replies in its thread, and in a conversation with the bot what stands below it.
fn answers(state: &sandbox::State, channel: &str, ts: &str) -> Vec<Value> {
    let mut answers = state.replies(channel, ts);
    if channel.starts_with('D') {
        let messages = state
            .channel(channel)
            .into_iter()
            .flat_map(|channel| channel.messages.values());
        let messages = messages.map(|message| Value::Object(message.value.clone()));
        let is_below = |message: &Value| message["thread_ts"].is_null() || message["thread_ts"] == message["ts"];
        answers.extend(messages.filter(|message| is_below(message) && message["ts"].as_str() > Some(ts)));
    }
    answers
}

/// The bot's messages. Their blocks must be those of Slack's model.
fn ours(replies: Vec<Value>) -> Vec<Value> {
    let ours: Vec<Value> = replies.into_iter().filter(|reply| reply["user"] == SIGNPOST).collect();
    for blocks in ours
        .iter()
        .map(|reply| &reply["blocks"])
        .filter(|blocks| !blocks.is_null())
    {
        let modelled = serde_json::from_value::<Vec<SlackBlock>>(blocks.clone());
        assert!(modelled.is_ok(), "{modelled:?}: {blocks}");
    }
    ours
}

/// The text and the blocks of a reply as JSON, and the blocks as people read them.
fn words(reply: &Value) -> String {
    let blocks = reply["blocks"].to_string();
    let read = read_blocks(&reply["blocks"]);
    format!(
        "{} {blocks} {} {read} {}",
        reply["text"],
        blocks.replace('*', ""),
        read.replace('\n', "\\n")
    )
}

/// What blocks say, without the asterisks of mrkdwn: rich text with the numbers of its lists, and code in backticks.
fn read_blocks(blocks: &Value) -> String {
    let all = blocks.as_array().into_iter().flatten();
    let read = all.filter_map(|block| {
        let texts = |key: &str| -> Vec<String> {
            let all = block[key].as_array().into_iter().flatten();
            all.filter_map(|one| one["text"].as_str())
                .map(|text| text.replace('*', ""))
                .collect()
        };
        match block["type"].as_str()? {
            "rich_text" => Some(read_rich(&block["elements"])),
            "table" => {
                let rows = block["rows"].as_array().into_iter().flatten();
                let cell = |cell: &Value| match cell["text"].as_str() {
                    Some(text) => text.to_owned(),
                    None => read_rich(&cell["elements"]),
                };
                let cells = |row: &Value| {
                    row.as_array()
                        .into_iter()
                        .flatten()
                        .map(cell)
                        .collect::<Vec<_>>()
                        .join(": ")
                };
                Some(rows.map(cells).collect::<Vec<_>>().join("\n"))
            }
            "context" => Some(texts("elements").join("\n")),
            "section" if block["fields"].is_array() => Some(texts("fields").join("\n")),
            _ => block["text"]["text"].as_str().map(|text| text.replace('*', "")),
        }
    });
    read.collect::<Vec<_>>().join("\n")
}

fn read_rich(elements: &Value) -> String {
    let text = |one: &Value| {
        let text = ["text", "fallback", "url"].iter().find_map(|key| one[*key].as_str());
        let text = text.unwrap_or_default();
        if one["style"]["code"] == true {
            format!("`{text}`")
        } else {
            text.to_owned()
        }
    };
    let inline = |of: &Value| -> String { of["elements"].as_array().into_iter().flatten().map(text).collect() };
    let lines = elements
        .as_array()
        .into_iter()
        .flatten()
        .map(|element| match element["type"].as_str() {
            Some("rich_text_list") => {
                let first = element["offset"].as_u64().unwrap_or(0) + 1;
                let items = (first..).zip(element["elements"].as_array().into_iter().flatten());
                let item = |(number, item): (u64, &Value)| match element["style"].as_str() {
                    Some("ordered") => format!("{number}. {}", inline(item)),
                    _ => format!("• {}", inline(item)),
                };
                items.map(item).collect::<Vec<_>>().join("\n")
            }
            _ => inline(element),
        });
    lines.collect::<Vec<_>>().join("\n")
}

fn unacknowledged(state: &sandbox::State) -> usize {
    state
        .apps
        .iter()
        .filter(|app| app.user_id == SIGNPOST)
        .map(sandbox::App::unacknowledged)
        .sum()
}
