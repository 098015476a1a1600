//! A network between a replica and what it needs, which can be cut: a proxy on 127.0.0.1 that keeps every connection and
//! passes nothing on while it is cut.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The server behind a proxy.
#[derive(Debug, Clone)]
pub(super) enum Upstream {
    /// A socket in the file system.
    Unix(PathBuf),
    /// An address with a port.
    Tcp(String),
}

/// A proxy that runs until it is dropped.
#[derive(Debug)]
pub(super) struct Proxy {
    port: u16,
    cut: Arc<watch::Sender<bool>>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    pub(super) async fn to(upstream: Upstream) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let cut = Arc::new(watch::Sender::new(false));
        let mut tasks = JoinSet::new();
        let states = Arc::clone(&cut);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(pass_on(stream, upstream.clone(), states.subscribe()));
            }
        });
        Self {
            port,
            cut,
            _tasks: tasks,
        }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Cuts the network, or mends it: what was sent meanwhile arrives then.
    pub(super) fn cut(&self, is_cut: bool) {
        self.cut.send_replace(is_cut);
    }
}

async fn pass_on(stream: TcpStream, upstream: Upstream, mut cut: watch::Receiver<bool>) {
    let _ = cut.wait_for(|cut| !cut).await;
    match upstream {
        Upstream::Unix(path) => {
            if let Ok(server) = UnixStream::connect(path).await {
                both_ways(tokio::io::split(stream), tokio::io::split(server), &cut).await;
            }
        }
        Upstream::Tcp(address) => {
            if let Ok(server) = TcpStream::connect(address).await {
                both_ways(tokio::io::split(stream), tokio::io::split(server), &cut).await;
            }
        }
    }
}

/// Passes on both ways until one of them ends.
async fn both_ways<R, W, S, T>((from, to): (R, W), (back, there): (S, T), cut: &watch::Receiver<bool>)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
    S: AsyncRead + Unpin,
    T: AsyncWrite + Unpin,
{
    tokio::select! {
        () = one_way(from, there, cut.clone()) => {}
        () = one_way(back, to, cut.clone()) => {}
    }
}

async fn one_way(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut cut: watch::Receiver<bool>) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        let is_open = cut.wait_for(|cut| !cut).await.is_ok();
        if !is_open || to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
    // The other side learns of the end only when the network is there.
    let _ = cut.wait_for(|cut| !cut).await;
}
