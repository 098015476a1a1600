//! A git server over HTTP: `git http-backend` behind the protocol of CGI.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri, header};
use tokio::io::AsyncWriteExt as _;

/// A server of the repositories below a folder.
#[derive(Clone)]
pub(crate) struct GitServer {
    root: PathBuf,
    /// The header that callers have to send; `None`: everybody may read.
    authorization: Option<String>,
    /// The `Authorization` headers of all calls.
    pub(crate) seen: Arc<Mutex<Vec<Option<String>>>>,
    behaviour: Arc<Mutex<Behaviour>>,
}

/// Behaviour of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Behaviour {
    Works,
    /// Answers with this status.
    Fails(u16),
    /// Sends callers to another address.
    Redirects(String),
    /// Takes the call and never answers.
    Hangs,
}

impl GitServer {
    pub(crate) fn new(root: &Path, authorization: Option<&str>) -> GitServer {
        GitServer {
            root: root.to_owned(),
            authorization: authorization.map(str::to_owned),
            seen: Arc::default(),
            behaviour: Arc::new(Mutex::new(Behaviour::Works)),
        }
    }

    pub(crate) fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    /// Serves until the runtime ends.
    pub(crate) async fn start(&self) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(answer).with_state(self.clone());
        tokio_util::task::TaskTracker::new().spawn(async move { axum::serve(listener, app).await });
        address
    }
}

async fn answer(
    State(server): State<GitServer>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let text = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let given = text("authorization");
    server.seen.lock().unwrap().push(given.clone());
    let empty = |status: u16| Response::builder().status(status);
    let behaviour = server.behaviour.lock().unwrap().clone();
    match behaviour {
        Behaviour::Works => {}
        Behaviour::Fails(status) => return empty(status).body(Body::empty()).unwrap(),
        Behaviour::Redirects(to) => {
            let location = format!("{to}{uri}");
            return empty(302)
                .header(header::LOCATION, location)
                .body(Body::empty())
                .unwrap();
        }
        Behaviour::Hangs => std::future::pending().await,
    }
    if server.authorization.is_some() && given != server.authorization {
        let challenge = empty(401).header(header::WWW_AUTHENTICATE, "Basic realm=\"git\"");
        return challenge.body(Body::empty()).unwrap();
    }
    let mut command = tokio::process::Command::new("git");
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", &server.root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("REQUEST_METHOD", method.as_str())
        .env("PATH_INFO", uri.path())
        .env("QUERY_STRING", uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", text("content-type").unwrap_or_default())
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", text("content-encoding").unwrap_or_default())
        .env("GIT_PROTOCOL", text("git-protocol").unwrap_or_default())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    // The backend may answer before it has read everything.
    let _ = input.write_all(&body).await;
    drop(input);
    let output = child.wait_with_output().await.unwrap().stdout;
    let end = output.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let mut response = Response::builder();
    for line in String::from_utf8_lossy(&output[..end]).lines() {
        let (name, value) = line.split_once(": ").unwrap();
        response = if name == "Status" {
            response.status(value.split(' ').next().unwrap().parse::<u16>().unwrap())
        } else {
            response.header(name, value)
        };
    }
    let body = output[end + 4..].to_vec();
    response.body(Body::from(body)).unwrap_or_else(|_| {
        Response::builder()
            .status(StatusCode::BAD_GATEWAY)
            .body(Body::empty())
            .unwrap()
    })
}
