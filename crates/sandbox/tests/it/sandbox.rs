//! Tests of `sandbox`: the workspace as SDKs, people and the bot meet it.

use std::future::Future;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use signpost_sandbox::{
    ADA, ADA_TOKEN, ALERTBOT_TOKEN, ALERTS, Options, RANDOM, SIGNPOST, SIGNPOST_APP_TOKEN, SIGNPOST_TOKEN, SUPPORT,
    Workspace,
};
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

mod alerts;
mod api;
mod control;
mod events;
mod files;
mod http;
mod interactions;
mod jenkins;
mod messages;
mod modals;

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// A running workspace and a client for it.
struct Fixture {
    workspace: Workspace,
    client: reqwest::Client,
}

fn quick() -> Options {
    Options {
        ack_timeout: Duration::from_millis(150),
        retry_delays: vec![Duration::ZERO, Duration::from_millis(20), Duration::from_millis(20)],
        ..Options::default()
    }
}

/// Runs a test against a workspace, which must end cleanly afterwards.
fn with<F: Future<Output = ()>>(options: Options, test: impl FnOnce(Fixture) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shutdown = CancellationToken::new();
        let workspace = Workspace::start(listener, options, shutdown.clone());
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(10))
            .no_proxy()
            .build()
            .unwrap();
        test(Fixture {
            workspace: workspace.clone(),
            client,
        })
        .await;
        shutdown.cancel();
        tokio::time::timeout(Duration::from_secs(5), workspace.stopped())
            .await
            .expect("the workspace ends");
    });
}

impl Fixture {
    /// A Web API call with JSON.
    async fn api(&self, token: &str, method: &str, body: Value) -> Value {
        let url = format!("{}/{method}", self.workspace.api_url());
        let request = self.client.post(url).bearer_auth(token).json(&body);
        request.send().await.unwrap().json().await.unwrap()
    }

    /// A call of `/sandbox/…`, with its status.
    async fn control(&self, action: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/sandbox/{action}", self.workspace.url());
        let response = self.client.post(url).json(&body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// Opens a Socket Mode connection and reads its hello.
    async fn connect(&self, app_token: &str) -> (Socket, Value) {
        let opened = self.api(app_token, "apps.connections.open", json!({})).await;
        let (mut socket, _) = tokio_tungstenite::connect_async(opened["url"].as_str().unwrap())
            .await
            .unwrap();
        let hello = frame(&mut socket).await;
        (socket, hello)
    }
}

impl Fixture {
    /// Does something under `/sandbox/` that an app has to acknowledge, and acknowledges it with `answer`: what the
    /// person's client learnt, and the envelope.
    async fn act(&self, socket: &mut Socket, action: &str, body: Value, answer: Option<Value>) -> (Value, Value) {
        let answering = async {
            let frame = frame(socket).await;
            ack(socket, &frame, answer).await;
            frame
        };
        let ((status, told), envelope) = tokio::join!(self.control(action, body.clone()), answering);
        assert_eq!(status, 200, "{action} {body}: {told}");
        (told, envelope)
    }

    /// Posts blocks as Signpost and gives the timestamp.
    async fn post_blocks(&self, socket: &mut Socket, blocks: Value, thread_ts: Option<&str>) -> String {
        let body = json!({"channel": SUPPORT, "text": "t", "blocks": blocks, "thread_ts": thread_ts});
        let posted = self.api(SIGNPOST_TOKEN, "chat.postMessage", body).await;
        assert_eq!(posted["ok"], true, "{posted}");
        event(socket).await;
        posted["ts"].as_str().unwrap().to_owned()
    }

    /// Posts to a response_url; gives the status.
    async fn respond(&self, payload: &Value, body: Value) -> u16 {
        let url = payload["response_url"].as_str().expect("a response_url");
        self.client
            .post(url)
            .json(&body)
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    }

    /// The messages of a channel, as people see them.
    fn shown(&self, channel: &str) -> Vec<(String, Option<String>)> {
        self.workspace.read(|state| {
            let messages = state.channel(channel).unwrap().messages.values();
            messages
                .map(|one| (one.text().to_owned(), one.ephemeral_to.clone()))
                .collect()
        })
    }
}

/// A button.
fn button(action_id: &str, value: &str) -> Value {
    json!({"type": "button", "action_id": action_id, "value": value, "text": {"type": "plain_text", "text": action_id}})
}

/// The next frame with text.
async fn frame(socket: &mut Socket) -> Value {
    let next = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => return json!({"closed": format!("{other:?}")}),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), next)
        .await
        .expect("a frame arrives")
}

async fn ack(socket: &mut Socket, frame: &Value, payload: Option<Value>) {
    let mut answer = json!({"envelope_id": frame["envelope_id"]});
    if let Some(payload) = payload {
        answer["payload"] = payload;
    }
    socket.send(Message::Text(answer.to_string().into())).await.unwrap();
}

/// The next envelope, acknowledged.
async fn event(socket: &mut Socket) -> Value {
    let frame = frame(socket).await;
    ack(socket, &frame, None).await;
    frame["payload"]["event"].clone()
}
