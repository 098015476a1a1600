//! Every recorded payload through both doors: all arrive whole, all are acknowledged, and only what Slack signed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use signpost::net::Net;
use signpost::slack::decode::{self, Envelope, Event, Identity};
use signpost::slack::inbound::Inbound;
use signpost::slack::socket::{Sockets, Timing};
use signpost::slack::web::Web;
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::desk::Desk;
use super::http_events::{SECRET, told, world};
use crate::recorded::{self, Recorded};
use crate::signing::{now, signed};

/// What came in is what was recorded, and its text is found.
fn assert_arrived(envelope: &Envelope, file: &Recorded) {
    let expected = file.payload();
    assert_eq!(envelope.kind, file.kind(), "{}", file.name);
    if envelope.kind != "slash_commands" {
        assert_eq!(envelope.payload, expected, "{}", file.name);
    }
    let Event::Message(message) = decode::event(&envelope.payload, &Identity::default()) else {
        return;
    };
    let event = &expected["event"];
    let inner = event.get("message").unwrap_or(event);
    let text = inner["text"].as_str().unwrap_or_default();
    assert!(
        message.text.contains(text),
        "{}: {text:?} is lost in {:?}",
        file.name,
        message.text
    );
}

#[tokio::test]
async fn over_http_every_recorded_payload_arrives() {
    let Some(files) = recorded::all() else { return };
    let world = world(Duration::from_secs(2)).await;
    for file in &files {
        for (name, kind, body) in file.requests() {
            let (status, answer) = world.post("/slack/events", kind, &body).await;
            assert_eq!(status, 200, "{name}: {answer}");
        }
        let (stored, answered) = (
            std::mem::take(&mut *world.desk.stored.lock().unwrap()),
            std::mem::take(&mut *world.desk.answered.lock().unwrap()),
        );
        if file.is_for_the_door() {
            assert!(stored.is_empty() && answered.is_empty(), "{}", file.name);
            continue;
        }
        assert_eq!(stored.len() + answered.len(), 2, "{}", file.name);
        assert_arrived(answered.first().unwrap_or(&stored[0]), file);
        let as_it_is = &stored.last().unwrap().payload;
        assert_eq!(
            as_it_is,
            file.value.as_ref().unwrap_or(&json!(file.raw)),
            "{}",
            file.name
        );
    }
    world.stop().await;
}

#[tokio::test]
async fn over_http_no_recorded_payload_gets_in_with_a_wrong_signature() {
    let Some(files) = recorded::all() else { return };
    let world = world(Duration::from_secs(2)).await;
    let seconds = now().as_second();
    for (name, kind, body) in files.iter().flat_map(Recorded::requests) {
        for (secret, at) in [
            ("another secret", seconds),
            (SECRET, seconds - 600),
            (SECRET, seconds + 600),
        ] {
            let request = signed(world.request("/slack/interactions"), secret, at, kind, &body);
            assert_eq!(told(request).await.0, 401, "{name}");
        }
        let other = format!("{body} ");
        let request = signed(world.request("/slack/events"), SECRET, seconds, kind, &body).body(other);
        assert_eq!(told(request).await.0, 401, "{name}");
    }
    assert_eq!((world.stored().len(), *world.desk.begun.borrow()), (0, 0));
    world.stop().await;
}

/// Sends `frames` on the first connection; gives the ids that were acknowledged once all of `ids` were.
async fn acknowledged(listener: TcpListener, frames: Vec<String>, ids: BTreeSet<String>) -> BTreeSet<String> {
    let (stream, _) = listener.accept().await.unwrap();
    let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
    for frame in frames {
        socket.send(Message::text(frame)).await.unwrap();
    }
    let mut acknowledged = BTreeSet::new();
    while !ids.is_subset(&acknowledged) {
        match socket.next().await {
            Some(Ok(Message::Text(ack))) => {
                let ack: Value = serde_json::from_str(&ack).unwrap();
                acknowledged.insert(ack["envelope_id"].as_str().unwrap().to_owned());
            }
            Some(Ok(_)) => {}
            ended => panic!(
                "{ended:?} although {:?} were not acknowledged",
                ids.difference(&acknowledged)
            ),
        }
    }
    acknowledged
}

#[tokio::test]
async fn over_socket_mode_every_recorded_payload_arrives() {
    let Some(files) = recorded::all() else { return };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut frames = vec![json!({"type": "hello", "num_connections": 1}).to_string()];
    for file in &files {
        let kind = file.kind();
        let frame = json!({"envelope_id": file.name, "type": kind, "payload": file.payload(),
            "accepts_response_payload": kind != "events_api"});
        // The file as it is, which is a frame of its own or makes no sense as one.
        let leaves = file.value.as_ref().is_some_and(|value| value["type"] == "disconnect");
        frames.extend(Some(file.raw.clone()).filter(|_| !leaves));
        frames.push(frame.to_string());
    }
    let ids: BTreeSet<String> = files.iter().map(|file| file.name.clone()).collect();

    let (desk, tracker, shutdown) = (Arc::new(Desk::default()), TaskTracker::new(), CancellationToken::new());
    desk.permits.add_permits(10_000);
    let net = Net::new(&[], Duration::from_secs(5)).unwrap();
    let web = Arc::new(Web::new(
        net.client().unwrap(),
        "http://127.0.0.1:9/api",
        &"none".into(),
    ));
    let patience = Duration::from_secs(5);
    let inbound = Inbound::new(
        Arc::clone(&desk) as _,
        tracker.clone(),
        CancellationToken::new(),
        patience,
    );
    let url = format!("ws://{address}/");
    let sockets = Arc::new(Sockets::new(net, web, inbound, Timing::default(), "none".into(), url));
    tracker.spawn(sockets.hold(shutdown.clone()));
    tokio::time::timeout(Duration::from_secs(30), acknowledged(listener, frames, ids))
        .await
        .expect("everything is acknowledged");

    let mut arrived = desk.stored.lock().unwrap().clone();
    arrived.extend(desk.answered.lock().unwrap().clone());
    for file in &files {
        // An interaction that was recorded inside of its envelope is sent twice, and arrives once.
        let envelope = arrived.iter().find(|envelope| {
            envelope.id == file.name || (envelope.is_interaction() && envelope.payload == file.payload())
        });
        assert_arrived(envelope.unwrap_or_else(|| panic!("{} did not arrive", file.name)), file);
    }
    shutdown.cancel();
    tracker.close();
    tracker.wait().await;
}
