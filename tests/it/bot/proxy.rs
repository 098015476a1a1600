//! The bot behind a proxy, which its environment names.

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::starting::Served;
use super::*;

/// A proxy for HTTP and for tunnels: its address, and the heads of the requests it gets. With `refusal`, the status line
/// that every request for a tunnel gets.
async fn proxy(refusal: Option<&'static str>) -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (heads, received) = mpsc::unbounded_channel();
    let tracker = TaskTracker::new();
    tracker.spawn(async move {
        let connections = TaskTracker::new();
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(forward(stream, heads.clone(), refusal));
        }
    });
    (format!("http://ada:pass@{address}"), received)
}

/// Reads a head, opens the way and passes everything on.
async fn forward(stream: TcpStream, heads: mpsc::UnboundedSender<String>, refusal: Option<&str>) {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.unwrap_or_default() == 0 {
            return;
        }
    }
    let target = head.split(' ').nth(1).unwrap().to_owned();
    let _ = heads.send(head.clone());
    let is_tunnel = head.starts_with("CONNECT ");
    if let Some(line) = refusal.filter(|_| is_tunnel) {
        let _ = stream.write_all(format!("HTTP/1.1 {line}\r\n\r\n").as_bytes()).await;
        return;
    }
    let host = target.trim_start_matches("http://").split('/').next().unwrap();
    let mut server = TcpStream::connect(host).await.unwrap();
    if is_tunnel {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    } else {
        server.write_all(head.as_bytes()).await.unwrap();
    }
    let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
}

#[test]
fn connections_go_through_the_proxy_of_the_environment() {
    with(|world| async move {
        let (address, mut heads) = proxy(None).await;
        let served = Served::start(world.program(&[("HTTP_PROXY", &address), ("NO_PROXY", "")]));
        let ts = world.say(PASTE);
        assert_eq!(world.replies(&ts).await.len(), 1);
        let mut seen = Vec::new();
        while let Ok(head) = heads.try_recv() {
            seen.push(head);
        }
        // ada:pass
        let authorization = "authorization: basic ywrhonbhc3m=";
        let (tunnels, requests): (Vec<_>, Vec<_>) = seen.iter().partition(|head| head.starts_with("CONNECT "));
        for heads in [&tunnels, &requests] {
            assert!(!heads.is_empty(), "{seen:?}");
            let named = |head: &&String| head.to_lowercase().contains(authorization);
            assert!(heads.iter().all(named), "{seen:?}");
        }
        let (code, said) = tokio::task::spawn_blocking(|| served.end()).await.unwrap();
        assert_eq!(code, Some(0), "{said}");
    });
}

#[test]
fn a_proxy_that_refuses_is_told_in_the_log() {
    for (refusal, told) in [
        ("407 Proxy Authentication Required", "authorization required"),
        ("403 Forbidden", "unsuccessful"),
    ] {
        with(|world| async move {
            let (address, _heads) = proxy(Some(refusal)).await;
            let mut served = Served::start(world.program(&[("HTTP_PROXY", &address), ("NO_PROXY", "")]));
            let said = tokio::task::spawn_blocking(move || {
                served.read_until(told);
                std::mem::take(&mut served.said)
            });
            let said = said.await.unwrap();
            assert!(
                said.contains("refused the connection to 127.0.0.1") && !said.contains("pass"),
                "{said}"
            );
        });
    }
}
