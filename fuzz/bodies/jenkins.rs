//! Any bytes are Jenkins' answer to a request, or a log of a build: the first byte chooses the request.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use signpost::jenkins::{Client, LogPosition};
use signpost::jobs::{JobPath, Registry, log};
use signpost::net::Net;

/// A server that gives one answer to every request, and a client of it.
struct Ground {
    answer: Arc<Mutex<Vec<u8>>>,
    client: Client,
    runtime: tokio::runtime::Runtime,
}

fn ground() -> &'static Ground {
    static GROUND: OnceLock<Ground> = OnceLock::new();
    GROUND.get_or_init(|| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        let answer: Arc<Mutex<Vec<u8>>> = Arc::default();
        let given = Arc::clone(&answer);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
                    head.push(byte[0]);
                }
                let body = given.lock().map(|body| body.clone()).unwrap_or_default();
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-jenkins: 2.579\r\nx-text-size: 7\r\n\
                     content-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
            }
        });
        let registry = format!("[[jenkins]]\nid = \"m\"\nurl = \"{url}\"\nuser = \"signpost\"\n");
        let registry = Registry::read(&registry).expect("a registry");
        let net = Net::new(&[], Duration::from_secs(5)).expect("a network");
        let http = net.client().expect("a client");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ground {
            answer,
            client: Client::new(http, &registry.jenkins[0], "t0ken".into()),
            runtime: runtime.expect("a runtime"),
        }
    })
}

/// Panics where the code does what it must not. Returns true when the answer could be read.
pub fn run(input: (u8, &[u8])) -> bool {
    let (kind, bytes) = input;
    let mut plain = log::Plain::default();
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let pieces = [plain.push(first), plain.push(second), plain.finish()].concat();
    assert!(!pieces.contains('\u{1b}'), "{pieces:?}");
    let _ = (
        log::of_console(bytes),
        log::waits_for_input(&pieces),
        log::tail(&pieces, 3),
    );
    let Ground {
        answer,
        client,
        runtime,
    } = ground();
    if let Ok(mut answer) = answer.lock() {
        *answer = bytes.to_vec();
    }
    let job = JobPath::try_from("Team A/job".to_owned()).expect("a path");
    runtime.block_on(async {
        match kind % 6 {
            0 => client.build(&job, 7).await.is_ok(),
            1 => client.queue_item(&job, 7).await.is_ok(),
            2 => client.definition(&job).await.is_ok(),
            3 => client.log(&job, 7, &mut LogPosition::default()).await.is_ok(),
            4 => client.find_build_by_queue_id(&job, 7).await.is_ok(),
            _ => client.artifact(&job, 7, "a/facts.log", 1_000).await.is_ok(),
        }
    })
}
