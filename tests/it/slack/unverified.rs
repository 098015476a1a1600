//! The HTTP door among strangers: hundreds of connections and requests that are not Slack's keep no signed one out.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::json;
use signpost::slack::http_events::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::http_events::{World, world_with};
use crate::signing::{JSON, now};

const HEAD: &str = "POST /slack/events HTTP/1.1\r\nhost: x\r\n";

async fn open(address: SocketAddr, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

async fn open_many(world: &World, count: usize, text: &str) -> Vec<TcpStream> {
    let mut streams = Vec::new();
    for _ in 0..count {
        streams.push(open(world.address, text).await);
    }
    streams
}

/// What comes on a connection until it ends, which it has to by itself.
async fn to_the_end(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
    assert!(ended.is_ok(), "the connection is left open after {answer:?}");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Headers that look like Slack's and that anybody can make up.
fn forged(timestamp: i64) -> String {
    format!(
        "x-slack-request-timestamp: {timestamp}\r\nx-slack-signature: v0={}\r\n",
        "ab".repeat(32)
    )
}

fn event(number: usize) -> String {
    json!({"type": "event_callback", "event_id": format!("Ev{number}"), "event": {"type": "message"}}).to_string()
}

/// Every signed request of several at once is answered, each on a connection of its own.
async fn assert_signed_requests_get_through(world: &World, count: usize) {
    let before = world.stored().len();
    let bodies: Vec<String> = (before..before + count).map(event).collect();
    let posts = bodies.iter().map(|body| world.post("/slack/events", JSON, body));
    for (at, (status, body)) in futures_util::future::join_all(posts).await.into_iter().enumerate() {
        assert_eq!(status, 200, "request {at}: {body}");
    }
    assert_eq!(world.stored().len(), before + count);
}

/// No stranger runs out of time in these tests: what makes room is eviction alone.
fn patient(connections: usize) -> Limits {
    Limits {
        head: Duration::from_mins(10),
        body: Duration::from_mins(10),
        stall: Duration::from_mins(10),
        connections,
        per_address: connections,
        ..Limits::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_unsigned_bodies_keep_no_signed_request_out() {
    let world = world_with(Duration::from_secs(5), Limits::default()).await;
    let begun = format!("{HEAD}content-length: 1000\r\n\r\n{{");
    let mut callers = open_many(&world, 200, &begun).await;
    assert_signed_requests_get_through(&world, 24).await;
    for caller in &mut callers {
        let answer = to_the_end(caller).await;
        assert!(
            answer.starts_with("HTTP/1.1 401 ") && answer.contains("connection: close"),
            "{answer}"
        );
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_bodies_with_forged_headers_keep_no_signed_request_out() {
    let world = world_with(Duration::from_secs(5), patient(100)).await;
    let begun = format!("{HEAD}{}content-length: 1000\r\n\r\n{{", forged(now().as_second()));
    let callers = open_many(&world, 300, &begun).await;
    for _ in 0..3 {
        assert_signed_requests_get_through(&world, 24).await;
    }
    drop(callers);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_sent_heads_keep_no_fresh_connection_out() {
    let world = world_with(Duration::from_secs(5), patient(100)).await;
    let callers = open_many(&world, 600, HEAD).await;
    assert_signed_requests_get_through(&world, 24).await;
    let silent = open_many(&world, 300, "").await;
    assert_signed_requests_get_through(&world, 24).await;
    drop((callers, silent));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_with_forged_headers_hold_little_memory_and_nobody_up() {
    let limits = Limits {
        unverified_bytes: 1024 * 1024,
        ..patient(100)
    };
    let world = world_with(Duration::from_secs(5), limits).await;
    let begun = format!(
        "{HEAD}{}content-length: 300000\r\n\r\n{}",
        forged(now().as_second()),
        "x".repeat(200_000)
    );
    let mut callers = open_many(&world, 20, &begun).await;
    assert_signed_requests_get_through(&world, 24).await;
    // The oldest were given up for the younger ones.
    for caller in callers.iter_mut().take(10) {
        let mut answer = [0; 1];
        let ended = tokio::time::timeout(Duration::from_secs(20), caller.read(&mut answer)).await;
        assert!(matches!(ended, Ok(Ok(0) | Err(_))), "{ended:?}");
    }
    drop(callers);
    world.stop().await;
}

#[tokio::test]
async fn what_cannot_be_from_slack_is_refused_before_its_body_comes() {
    let world = world_with(Duration::from_secs(5), patient(100)).await;
    let now = now().as_second();
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    for (head, expected) in [
        (String::new(), "401"),
        (format!("x-slack-request-timestamp: {now}\r\n"), "401"),
        (format!("{}{form}", forged(now - 301)), "401"),
        (format!("{}{form}", forged(now + 310)), "401"),
        (format!("{form}transfer-encoding: chunked\r\n"), "401"),
        (format!("{form}content-length: 2049\r\n"), "401"),
        (format!("{}content-length: 1048577\r\n", forged(now)), "413"),
    ] {
        let length = if head.contains("transfer") || head.contains("length") {
            ""
        } else {
            "content-length: 100\r\n"
        };
        let mut stream = open(world.address, &format!("{HEAD}{head}{length}\r\n")).await;
        let answer = to_the_end(&mut stream).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {expected} ")), "{head}: {answer}");
        assert!(answer.contains("connection: close"), "{head}: {answer}");
    }
    world.stop().await;
}

#[tokio::test]
async fn half_a_request_ends_soon_and_an_idle_connection_does_not() {
    // Long enough for the signed requests on a busy machine.
    let limits = Limits {
        head: Duration::from_secs(1),
        body: Duration::from_secs(2),
        stall: Duration::from_secs(1),
        ..Limits::default()
    };
    let world = world_with(Duration::from_secs(20), limits).await;
    // This one is used and stays idle while the others run out of time.
    assert_signed_requests_get_through(&world, 1).await;
    let body = format!("{HEAD}{}content-length: 100\r\n\r\n{{", forged(now().as_second()));
    let check = format!("{HEAD}content-type: application/x-www-form-urlencoded\r\ncontent-length: 100\r\n\r\nssl_");
    let cases = [
        (body.as_str(), "HTTP/1.1 408 "),
        (&check, "HTTP/1.1 408 "),
        ("POST /slack/ev", ""),
        ("", ""),
    ];
    futures_util::future::join_all(cases.map(async |(begun, expected)| {
        let answer = to_the_end(&mut open(world.address, begun).await).await;
        assert!(answer.starts_with(expected), "{begun}: {answer:?} is not {expected:?}");
    }))
    .await;
    // Bytes come all the time, but too slowly.
    let mut slow = open(world.address, &body).await;
    let (mut reader, mut writer) = slow.split();
    let drip = async {
        let mut drip = tokio::time::interval(Duration::from_millis(50));
        loop {
            drip.tick().await;
            if writer.write_all(b"x").await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let mut answer = [0; 13];
    tokio::select! {
        read = reader.read_exact(&mut answer) => { read.unwrap(); }
        () = drip => {}
    }
    assert_eq!(&answer, b"HTTP/1.1 408 ");
    assert_signed_requests_get_through(&world, 1).await;
    world.stop().await;
}

#[tokio::test]
async fn a_connection_stays_open_after_a_signed_request_and_its_next_head_has_to_come_fast() {
    let limits = Limits {
        head: Duration::from_secs(2),
        idle: Duration::from_mins(10),
        ..Limits::default()
    };
    let world = world_with(Duration::from_secs(20), limits).await;
    let mut stream = open(world.address, "").await;
    for number in 0..3 {
        let (body, seconds) = (event(number), now().as_second());
        let request = format!(
            "{HEAD}content-type: {JSON}\r\nx-slack-request-timestamp: {seconds}\r\nx-slack-signature: {}\r\n\
             content-length: {}\r\n\r\n{body}",
            crate::signing::signature(super::http_events::SECRET, seconds, &body),
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 13];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200 ");
        let mut rest = Vec::new();
        while !rest.ends_with(b"\r\n\r\n") {
            rest.push(stream.read_u8().await.unwrap());
        }
    }
    let begun = Instant::now();
    stream.write_all(HEAD.as_bytes()).await.unwrap();
    assert_eq!(to_the_end(&mut stream).await, "");
    assert!(begun.elapsed() < Duration::from_mins(5), "it has the time of a head");
    world.stop().await;
}
