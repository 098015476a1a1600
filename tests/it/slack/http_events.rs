//! The HTTP door: what is refused, what is kept, how long things may take.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use signpost::clock::Clock;
use signpost::slack::decode::Envelope;
use signpost::slack::http_events::{self, Endpoint, Limits, PATHS};
use signpost::slack::inbound::Inbound;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::desk::Desk;
use crate::signing::{FORM, JSON, form, now, signature, signed};

pub(super) const SECRET: &str = "a secret of this test";
const EVENT: &str = r#"{"type":"event_callback","event_id":"Ev1","event":{"type":"message"}}"#;

/// The machine's clock, or one that is off.
#[derive(Debug, Default)]
struct Off(Mutex<SignedDuration>);

impl Clock for Off {
    fn now(&self) -> Timestamp {
        now() + *self.0.lock().unwrap()
    }
}

pub(super) struct World {
    pub(super) desk: Arc<Desk>,
    clock: Arc<Off>,
    pub(super) address: SocketAddr,
    client: reqwest::Client,
    tracker: TaskTracker,
    shutdown: CancellationToken,
}

/// A door at which interactions may take `answer`, in front of a store that takes everything.
pub(super) async fn world(answer: Duration) -> World {
    world_with(answer, Limits::default()).await
}

pub(super) async fn world_with(answer: Duration, limits: Limits) -> World {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (desk, clock) = (Arc::new(Desk::default()), Arc::new(Off::default()));
    desk.permits.add_permits(1_000);
    let (tracker, shutdown) = (TaskTracker::new(), CancellationToken::new());
    let inbound = Inbound::new(
        Arc::clone(&desk) as _,
        tracker.clone(),
        CancellationToken::new(),
        answer,
    );
    let endpoint = Arc::new(Endpoint::new(&SECRET.into(), inbound, Arc::clone(&clock) as _, limits));
    tracker.spawn(http_events::serve(listener, endpoint, shutdown.clone()));
    World {
        desk,
        clock,
        address,
        client: reqwest::Client::builder().no_proxy().build().unwrap(),
        tracker,
        shutdown,
    }
}

impl World {
    pub(super) fn request(&self, path: &str) -> reqwest::RequestBuilder {
        self.client.post(format!("http://{}{path}", self.address))
    }

    /// Posts what Slack signed just now; gives status and body.
    pub(super) async fn post(&self, path: &str, kind: &str, body: &str) -> (u16, String) {
        told(signed(self.request(path), SECRET, now().as_second(), kind, body)).await
    }

    pub(super) fn stored(&self) -> Vec<Envelope> {
        self.desk.stored.lock().unwrap().clone()
    }

    pub(super) async fn stop(self) {
        self.shutdown.cancel();
        self.tracker.close();
        drop(self.client);
        tokio::time::timeout(Duration::from_secs(20), self.tracker.wait())
            .await
            .expect("everything ends");
    }
}

pub(super) async fn told(request: reqwest::RequestBuilder) -> (u16, String) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

fn command(text: &str) -> String {
    form(&[("command", "/signpost"), ("text", text)])
}

#[tokio::test]
async fn each_kind_of_request_is_taken_at_each_address() {
    let world = world(Duration::from_secs(2)).await;
    for path in PATHS {
        assert_eq!(world.post(path, JSON, EVENT).await, (200, String::new()));
        let (status, body) = world.post(path, FORM, &command("a & b")).await;
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &body["text"]), (200, &json!("you said a & b")));
        let click = form(&[("payload", r#"{"type":"block_actions","text":"nothing"}"#)]);
        assert_eq!(world.post(path, FORM, &click).await, (200, String::new()));
        let challenge = r#"{"type":"url_verification","challenge":"c3","token":"t"}"#;
        let (status, body) = world.post(path, JSON, challenge).await;
        assert_eq!((status, body.as_str()), (200, r#"{"challenge":"c3"}"#));
        assert_eq!(world.post(path, JSON, r#"{"type":"app_rate_limited"}"#).await.0, 200);
    }
    let stored = world.stored();
    assert_eq!(stored.len(), 3);
    assert_eq!((stored[0].id.as_str(), stored[0].kind.as_str()), ("Ev1", "events_api"));
    world.stop().await;
}

#[tokio::test]
async fn what_slack_did_not_sign_just_now_is_refused_and_not_stored() {
    let world = world(Duration::from_secs(2)).await;
    let request = |body: &str| {
        world
            .request("/slack/events")
            .header("content-type", JSON)
            .body(body.to_owned())
    };
    let seconds = now().as_second();
    let good = signature(SECRET, seconds, EVENT);
    let send = |timestamp: String, signature: String, body: &str| {
        told(
            request(body)
                .header("x-slack-request-timestamp", timestamp)
                .header("x-slack-signature", signature),
        )
    };
    let challenge = r#"{"type":"url_verification","challenge":"c"}"#;
    let refused = [
        told(request(EVENT)).await,
        told(request(challenge)).await,
        told(request(EVENT).header("x-slack-signature", &good)).await,
        send(seconds.to_string(), signature("another secret", seconds, EVENT), EVENT).await,
        send(seconds.to_string(), good.clone(), &EVENT.replace("Ev1", "Ev2")).await,
        send((seconds + 1).to_string(), good.clone(), EVENT).await,
        send(
            (seconds - 301).to_string(),
            signature(SECRET, seconds - 301, EVENT),
            EVENT,
        )
        .await,
        send(
            (seconds + 310).to_string(),
            signature(SECRET, seconds + 310, EVENT),
            EVENT,
        )
        .await,
        send("soon".to_owned(), good.clone(), EVENT).await,
        send(seconds.to_string(), good.to_uppercase(), EVENT).await,
    ];
    for (at, (status, body)) in refused.into_iter().enumerate() {
        assert_eq!(status, 401, "{at}: {body}");
        assert!(body.contains("signature") && !body.contains("v0="), "{at}: {body}");
    }
    assert_eq!(world.stored(), []);
    assert_eq!(send(seconds.to_string(), good.clone(), EVENT).await.0, 200);
    *world.clock.0.lock().unwrap() = SignedDuration::from_mins(6);
    assert_eq!(
        send(seconds.to_string(), good, EVENT).await.0,
        401,
        "it is taken up and sent again later"
    );
    assert_eq!(world.stored().len(), 1);
    world.stop().await;
}

#[tokio::test]
async fn a_look_at_the_certificate_needs_no_signature_and_does_nothing() {
    let world = world(Duration::from_secs(2)).await;
    let check = form(&[("ssl_check", "1"), ("token", "t"), ("command", "/signpost")]);
    let request = world.request("/slack/commands").header("content-type", FORM);
    assert_eq!(told(request.body(check)).await, (200, String::new()));
    let url = format!("http://{}/slack/commands?ssl_check=1&token=t", world.address);
    assert_eq!(told(world.client.get(url)).await, (200, String::new()));
    assert_eq!((world.stored().len(), *world.desk.begun.borrow()), (0, 0));
    world.stop().await;
}

#[tokio::test]
async fn other_methods_and_paths_get_a_sentence() {
    let world = world(Duration::from_secs(2)).await;
    let url = |path: &str| format!("http://{}{path}", world.address);
    let response = world.client.get(url("/slack/events")).send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["allow"]),
        (405, &"POST".parse().unwrap())
    );
    assert!(response.text().await.unwrap().contains("Slack"));
    assert_eq!(told(world.client.put(url("/slack/commands"))).await.0, 405);
    assert_eq!(world.post("/", JSON, EVENT).await.0, 404);
    let (status, body) = world.post("/slack/event", JSON, EVENT).await;
    assert!(status == 404 && body.contains("/slack/events"), "{status} {body}");
    world.stop().await;
}

#[tokio::test]
async fn what_cannot_be_stored_is_asked_for_again() {
    let world = world(Duration::from_secs(2)).await;
    let (status, body) = world.post("/slack/events", JSON, r#"{"text":"refuse"}"#).await;
    assert!(status == 503 && body.contains("send it again"), "{status} {body}");
    world.desk.permits.forget_permits(1_000);
    assert_eq!(
        world.post("/slack/events", JSON, EVENT).await.0,
        503,
        "the store is stuck"
    );
    let (status, body) = world.post("/slack/commands", FORM, &command("hello")).await;
    assert!(status == 200 && body.contains("you said hello"), "{status} {body}");
    world.desk.permits.add_permits(10);
    let again = signed(world.request("/slack/events"), SECRET, now().as_second(), JSON, EVENT)
        .header("x-slack-retry-num", "1")
        .header("x-slack-retry-reason", "http_error");
    assert_eq!(told(again).await.0, 200);
    let attempts: Vec<u64> = world.stored().iter().map(|envelope| envelope.retry_attempt).collect();
    assert_eq!(attempts, [0, 1]);
    world.stop().await;
}

#[tokio::test]
async fn an_interaction_gets_its_200_whatever_becomes_of_its_answer() {
    let world = world(Duration::from_millis(300)).await;
    for asked in ["wait", "fail", "panic", "nothing"] {
        let told = world.post("/slack/commands", FORM, &command(asked)).await;
        assert_eq!(told, (200, String::new()), "{asked}");
    }
    world.desk.go_on.cancel();
    let mut finished = world.desk.finished.subscribe();
    finished.wait_for(|finished| *finished == 3).await.unwrap();
    world.stop().await;
}

#[tokio::test]
async fn a_body_that_makes_no_sense_is_kept() {
    let world = world(Duration::from_secs(2)).await;
    let deep = "[".repeat(100_000);
    for body in ["", "{\"event\":", "7", "\u{0}\u{1}", &deep] {
        assert_eq!(world.post("/slack/events", JSON, body).await.0, 200);
    }
    let kept: Vec<Value> = world.stored().into_iter().map(|envelope| envelope.payload).collect();
    assert_eq!(
        kept,
        [
            json!(""),
            json!("{\"event\":"),
            json!(7),
            json!("\u{0}\u{1}"),
            json!(deep)
        ]
    );
    world.stop().await;
}

#[tokio::test]
async fn a_body_may_hold_a_mebibyte_and_an_unsigned_one_little() {
    let world = world(Duration::from_secs(2)).await;
    let body = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
    assert_eq!(world.post("/slack/events", JSON, &body(1024 * 1024)).await.0, 200);
    let (status, sentence) = world.post("/slack/events", JSON, &body(1024 * 1024 + 1)).await;
    assert!(status == 413 && sentence.contains("1 MiB"), "{status} {sentence}");
    for length in [100, 64 * 1024, 2 * 1024 * 1024] {
        let unsigned = world.request("/slack/events").body(body(length));
        assert_eq!(told(unsigned).await.0, 401, "{length}");
    }
    world.stop().await;
}

#[tokio::test]
async fn a_panic_below_the_store_costs_one_batch_and_is_counted() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let _counted_here = metrics::set_default_local_recorder(&recorder);
    let world = world(Duration::from_secs(2)).await;
    let (status, body) = world.post("/slack/events", JSON, r#"{"text":"panic"}"#).await;
    assert!(status == 503 && body.contains("send it again"), "{status} {body}");
    assert_eq!(world.post("/slack/events", JSON, EVENT).await.0, 200);
    assert_eq!(world.stored().len(), 1);
    let counted = recorder.handle().render();
    assert!(
        counted.contains(r#"signpost_panics_total{task="store"} 1"#),
        "{counted}"
    );
    world.stop().await;
}

#[tokio::test]
async fn a_signed_interaction_that_comes_again_is_answered_as_before_and_done_once() {
    let world = world(Duration::from_secs(2)).await;
    let seconds = now().as_second();
    let again = |body: String, seconds: i64| {
        let request = signed(world.request("/slack/interactions"), SECRET, seconds, FORM, &body);
        told(request)
    };
    let click = |trigger: &str| {
        let payload = json!({"type": "block_actions", "trigger_id": trigger, "text": "hello"});
        form(&[("payload", &payload.to_string())])
    };
    let submitted = |typed: &str| {
        let view = json!({"id": "V1", "hash": "h1", "state": {"values": {"b": {"a": {"value": typed}}}}});
        form(&[("payload", &json!({"type": "view_submission", "view": view}).to_string())])
    };
    for (name, body) in [
        ("a command without a trigger", command("hello")),
        ("a click", click("t.1")),
        ("a submitted view", submitted("hello")),
    ] {
        let begun = *world.desk.begun.borrow();
        let first = again(body.clone(), seconds).await;
        assert!(first.0 == 200 && first.1.contains("you said"), "{name}: {first:?}");
        for _ in 0..3 {
            assert_eq!(again(body.clone(), seconds).await, first, "{name}");
        }
        assert_eq!(*world.desk.begun.borrow(), begun + 1, "{name}");
    }
    let begun = *world.desk.begun.borrow();
    again(click("t.1"), seconds + 1).await;
    assert_eq!(*world.desk.begun.borrow(), begun, "the same click, signed anew");
    for (name, body, seconds) in [
        ("another click", click("t.2"), seconds),
        ("the same command a second later", command("hello"), seconds + 1),
        ("the view after it was corrected", submitted("hello again"), seconds),
    ] {
        let begun = *world.desk.begun.borrow();
        assert_eq!(again(body, seconds).await.0, 200);
        assert_eq!(*world.desk.begun.borrow(), begun + 1, "{name}");
    }
    world.stop().await;
}

#[tokio::test]
async fn what_comes_again_while_it_is_answered_waits_for_the_same_answer() {
    let world = Arc::new(world(Duration::from_secs(5)).await);
    let (tasks, seconds) = (TaskTracker::new(), now().as_second());
    let asked: Vec<_> = (0..3)
        .map(|_| {
            let asking = Arc::clone(&world);
            let request = signed(
                asking.request("/slack/commands"),
                SECRET,
                seconds,
                FORM,
                &command("wait"),
            );
            tasks.spawn(told(request))
        })
        .collect();
    let mut begun = world.desk.begun.subscribe();
    begun.wait_for(|begun| *begun == 1).await.unwrap();
    world.desk.go_on.cancel();
    for asked in asked {
        let (status, body) = asked.await.unwrap();
        assert!(status == 200 && body.contains("too late"), "{status} {body}");
    }
    assert_eq!(*world.desk.begun.borrow(), 1);
    Arc::into_inner(world).unwrap().stop().await;
}

#[tokio::test]
async fn a_request_under_way_is_answered_before_the_end() {
    let world = Arc::new(world(Duration::from_secs(5)).await);
    let asking = Arc::clone(&world);
    let asked = TaskTracker::new().spawn(async move { asking.post("/slack/commands", FORM, &command("wait")).await });
    let mut begun = world.desk.begun.subscribe();
    begun.wait_for(|begun| *begun == 1).await.unwrap();
    world.shutdown.cancel();
    world.desk.go_on.cancel();
    let (status, body) = asked.await.unwrap();
    assert!(status == 200 && body.contains("too late"), "{status} {body}");
    Arc::into_inner(world).unwrap().stop().await;
}
