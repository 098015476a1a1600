//! Shared files are read with the token, at Slack's own addresses only, and every refusal says why.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use secrecy::SecretString;
use serde_json::{Value, json};
use signpost::net::Net;
use signpost::sandbox::{Options, SIGNPOST_TOKEN, Workspace};
use signpost::slack::decode::FileRef;
use signpost::slack::files::{FileError, MOST};
use signpost::slack::web::{self, Web};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

fn run<F: Future<Output = ()>>(test: F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let _ = rustls::crypto::ring::default_provider().install_default();
        tokio::time::timeout(Duration::from_secs(30), test).await.unwrap();
    });
}

fn web(api_url: &str, token: &str) -> Web {
    let client = Net::new(&[], Duration::from_secs(10)).unwrap().client().unwrap();
    Web::new(client, api_url, &SecretString::from(token))
}

/// A workspace, and somebody who uploads.
struct World {
    workspace: Workspace,
    client: reqwest::Client,
}

impl World {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let workspace = Workspace::start(listener, Options::default(), CancellationToken::new());
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { workspace, client }
    }

    fn web(&self) -> Web {
        web(&self.workspace.api_url(), SIGNPOST_TOKEN)
    }

    async fn upload(&self, name: &str, content: &[u8]) -> FileRef {
        let part = reqwest::multipart::Part::bytes(content.to_vec()).file_name(name.to_owned());
        let form = reqwest::multipart::Form::new()
            .text("channel", "support")
            .part("file", part);
        let url = format!("{}/sandbox/upload", self.workspace.url());
        let answer = self.client.post(url).multipart(form).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        FileRef::read(&answer["file"]).unwrap_or_else(|| panic!("{answer}"))
    }
}

#[test]
fn a_long_snippet_is_read_to_its_end() {
    run(async {
        let world = World::start().await;
        let log = format!("{}E0003 <w-17> …", "all is well\n".repeat(500));
        let file = world.upload("server.log", log.as_bytes()).await;
        assert!(file.preview_is_truncated && !file.is_read());
        let web = world.web();
        assert_eq!(web.files_info(&file.id).await.unwrap(), file);
        let content = web.download(&file).await.unwrap();
        assert_eq!((content.text, content.truncated), (log, false));
    });
}

#[test]
fn a_file_of_another_organisation_is_asked_for_first() {
    run(async {
        let world = World::start().await;
        let file = world.upload("server.log", b"E0003").await;
        let shared = FileRef::read(&json!({"id": file.id, "mode": "file_access"})).unwrap();
        assert_eq!(world.web().download(&shared).await.unwrap().text, "E0003");
        let unknown = FileRef::read(&json!({"id": "F0NONE", "mode": "file_access"})).unwrap();
        let refused = world.web().download(&unknown).await.unwrap_err();
        assert_eq!(refused.to_string(), "files.info: file_not_found");
    });
}

#[test]
fn a_huge_file_is_read_as_far_as_it_matters() {
    run(async {
        let world = World::start().await;
        let file = world.upload("huge.log", &b"0123456789abcde\n".repeat(100_000)).await;
        let content = world.web().download(&file).await.unwrap();
        assert!(content.truncated);
        assert_eq!(content.text.len(), MOST);
    });
}

#[test]
fn what_is_no_text_is_not_even_asked_for() {
    run(async {
        let world = World::start().await;
        let image = world.upload("screen.png", b"\x89PNG").await;
        let refused = world.web().download(&image).await.unwrap_err();
        assert_eq!(refused.to_string(), "screen.png is image/png, not text");
        let binary = world.upload("core.log", &[0, 1, 2, 0xff, 0, 9]).await;
        let refused = world.web().download(&binary).await.unwrap_err();
        assert_eq!(refused.to_string(), "core.log is binary, not text");
    });
}

#[test]
fn the_login_page_is_no_file() {
    run(async {
        let world = World::start().await;
        let file = world.upload("server.log", b"E0003").await;
        world
            .workspace
            .fault(&json!({"kind": "html", "method": "url_private"}))
            .unwrap();
        let refused = world.web().download(&file).await.unwrap_err();
        assert!(matches!(refused, FileError::LoginPage { .. }), "{refused:?}");
        assert!(refused.to_string().contains("files:read"), "{refused}");
        let page = world.upload("report.html", b"<!doctype html><p>E0003</p>").await;
        assert_eq!(
            world.web().download(&page).await.unwrap().text,
            "<!doctype html><p>E0003</p>"
        );
        world
            .workspace
            .fault(&json!({"kind": "html", "method": "url_private"}))
            .unwrap();
        let refused = world.web().download(&page).await.unwrap_err();
        assert!(matches!(refused, FileError::LoginPage { .. }), "{refused:?}");
    });
}

#[test]
fn slack_s_troubles_come_in_their_classes() {
    run(async {
        let world = World::start().await;
        let file = world.upload("server.log", b"E0003").await;
        let mut refused = Vec::new();
        for fault in [
            json!({"kind": "rate_limited", "retry_after": 7, "method": "url_private"}),
            json!({"kind": "5xx", "status": 503, "method": "url_private"}),
            json!({"kind": "5xx", "status": 403, "method": "url_private"}),
        ] {
            world.workspace.fault(&fault).unwrap();
            refused.push(world.web().download(&file).await.unwrap_err());
        }
        let after = Duration::from_secs(7);
        assert!(matches!(&refused[0], FileError::Web(web::Error::RateLimited { after: told, .. }) if *told == after));
        assert!(
            matches!(&refused[1], FileError::Web(web::Error::Uncertain { .. })),
            "{refused:?}"
        );
        assert!(
            matches!(&refused[2], FileError::Web(web::Error::Auth { .. })),
            "{refused:?}"
        );
        assert_eq!(world.web().download(&file).await.unwrap().text, "E0003");
    });
}

/// A server in Slack's place: answers by path, and notes every token that it is shown.
struct Impostor {
    url: String,
    tokens: Arc<Mutex<Vec<String>>>,
}

impl Impostor {
    async fn start(answer: impl Fn(&str) -> Response + Clone + Send + Sync + 'static) -> Self {
        let tokens: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&tokens);
        let all = move |State(()): State<()>, uri: Uri, headers: HeaderMap| {
            let token = headers
                .get(header::AUTHORIZATION)
                .map(|token| token.to_str().unwrap().to_owned());
            seen.lock().unwrap().extend(token);
            let response = answer(uri.path());
            async move { response }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(all).with_state(());
        let server = axum::serve(listener, router).into_future();
        tokio::task::spawn_local(server);
        Self { url, tokens }
    }

    fn tokens(&self) -> usize {
        self.tokens.lock().unwrap().len()
    }

    fn file(&self, path: &str) -> FileRef {
        FileRef::read(
            &json!({"id": "F1", "name": "a.log", "mode": "snippet", "url_private": format!("{}{path}", self.url)}),
        )
        .unwrap()
    }
}

fn local<F: Future<Output = ()>>(test: F) {
    run(async {
        tokio::task::LocalSet::new().run_until(test).await;
    });
}

#[test]
fn the_token_goes_to_slack_alone() {
    local(async {
        let thief = Impostor::start(|_| "stolen".into_response()).await;
        let elsewhere = thief.url.clone();
        let slack = Impostor::start(move |path| match path {
            "/moved" => (StatusCode::FOUND, [(header::LOCATION, "/here".to_owned())]).into_response(),
            "/away" => (StatusCode::FOUND, [(header::LOCATION, format!("{elsewhere}/x"))]).into_response(),
            "/round" => (StatusCode::FOUND, [(header::LOCATION, "/round".to_owned())]).into_response(),
            _ => "E0003".into_response(),
        })
        .await;
        let web = web(&format!("{}/api", slack.url), "xoxb-test");
        assert_eq!(web.download(&slack.file("/moved")).await.unwrap().text, "E0003");
        let round = web.download(&slack.file("/round")).await.unwrap_err();
        assert!(matches!(round, FileError::Gone { .. }), "{round:?}");
        for file in [thief.file("/x"), slack.file("/away")] {
            let refused = web.download(&file).await.unwrap_err();
            assert!(
                matches!(&refused, FileError::Elsewhere { host, .. } if host == "127.0.0.1"),
                "{refused:?}"
            );
        }
        for url in [
            "http://files.slack.com/x",
            "https://files.slack.com.example/x",
            "https://notslack.com/x",
            "file:///x",
            "nowhere",
        ] {
            let file = FileRef::read(&json!({"id": "F1", "mode": "snippet", "url_private": url})).unwrap();
            let refused = web.download(&file).await.unwrap_err();
            assert!(
                matches!(refused, FileError::Elsewhere { .. } | FileError::Gone { .. }),
                "{refused:?}"
            );
        }
        assert_eq!(thief.tokens(), 0);
        assert!(slack.tokens() > 0);
    });
}

#[test]
fn every_encoding_is_read() {
    local(async {
        let utf16 = |text: &str, mark: bool| -> Vec<u8> {
            let mark: &[u8] = if mark { &[0xff, 0xfe] } else { &[] };
            let units = text.encode_utf16().flat_map(u16::to_le_bytes);
            mark.iter().copied().chain(units).collect()
        };
        let cases: Vec<(&str, Vec<u8>, &str)> = vec![
            ("/utf8", "naïve\u{2026}".into(), "naïve…"),
            ("/mark", b"\xef\xbb\xbfE0003".to_vec(), "E0003"),
            ("/utf16", utf16("E0003 fehlt für w-17", true), "E0003 fehlt für w-17"),
            ("/bare16", utf16("E0003 fehlt", false), "E0003 fehlt"),
            ("/latin", b"E0003 fehlt f\xfcr w-17".to_vec(), "E0003 fehlt für w-17"),
            ("/mixed", b"na\xc3\xafve \xff end".to_vec(), "naïve \u{fffd} end"),
            ("/empty", Vec::new(), ""),
        ];
        let bodies: Vec<(String, Vec<u8>)> = cases
            .iter()
            .map(|(path, body, _)| ((*path).to_owned(), body.clone()))
            .collect();
        let slack = Impostor::start(move |path| {
            let body = bodies
                .iter()
                .find(|(known, _)| known == path)
                .map(|(_, body)| body.clone());
            ([(header::CONTENT_TYPE, "text/plain")], body.unwrap_or_default()).into_response()
        })
        .await;
        let web = web(&format!("{}/api", slack.url), "xoxb-test");
        for (path, _, expected) in cases {
            assert_eq!(web.download(&slack.file(path)).await.unwrap().text, expected, "{path}");
        }
    });
}
