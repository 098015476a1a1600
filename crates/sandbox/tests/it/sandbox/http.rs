//! HTTP instead of Socket Mode: addresses of their own, signatures, acknowledgement by the answer's body.

use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse as _;
use axum::routing::post;
use tokio::sync::mpsc;

use super::*;

struct Heard {
    path: &'static str,
    headers: HeaderMap,
    body: String,
}

/// An app that listens over HTTP and hands on what it hears.
async fn app() -> (String, mpsc::UnboundedReceiver<Heard>) {
    let (sender, received) = mpsc::unbounded_channel();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let route = |path: &'static str| {
        let sender = sender.clone();
        post(move |headers: HeaderMap, body: String| {
            let sender = sender.clone();
            async move {
                let challenge: Value = serde_json::from_str(&body).unwrap_or_default();
                let answer = match path {
                    _ if challenge["type"] == "url_verification" => challenge["challenge"].as_str().unwrap().to_owned(),
                    "/commands" if !body.contains("ssl_check") => "plain words".to_owned(),
                    "/events" => return (StatusCode::BAD_GATEWAY, [("x-slack-no-retry", "1")]).into_response(),
                    _ => String::new(),
                };
                let _ = sender.send(Heard { path, headers, body });
                answer.into_response()
            }
        })
    };
    let mut router = axum::Router::new();
    for path in ["/events", "/interactivity", "/commands"] {
        router = router.route(path, route(path));
    }
    tokio_util::task::TaskTracker::new().spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, received)
}

#[test]
fn events_interactions_and_commands_go_to_their_own_addresses() {
    with(quick(), |fixture| async move {
        let (url, mut heard) = app().await;
        let urls = json!({
            "events": format!("{url}/events"), "interactivity": format!("{url}/interactivity"),
            "commands": format!("{url}/commands"), "verify": true,
        });
        let (status, told) = fixture.control("request_url", urls).await;
        assert_eq!((status, &told["ssl_check"]), (200, &json!(200)), "{told}");
        assert!(heard.recv().await.unwrap().body.contains("url_verification"));
        let check = heard.recv().await.unwrap();
        assert!(check.path == "/commands" && check.body.contains("ssl_check=1"));
        assert!(check.headers.get("x-slack-signature").is_none());

        let told = fixture
            .control("command", json!({"command": "/signpost", "text": "help"}))
            .await
            .1;
        assert_eq!(told["response"], json!({"text": "plain words"}));
        assert!(heard.recv().await.unwrap().body.contains("command=%2Fsignpost"));
        assert_eq!(
            fixture.shown(SUPPORT),
            [("plain words".to_owned(), Some(ADA.to_owned()))]
        );

        fixture
            .workspace
            .fault(&json!({"kind": "forged", "method": "shortcut"}))
            .unwrap();
        fixture.control("shortcut", json!({"callback_id": "paste_error"})).await;
        let forged = heard.recv().await.unwrap();
        fixture.control("shortcut", json!({"callback_id": "paste_error"})).await;
        let signed = heard.recv().await.unwrap();
        assert_eq!((forged.path, signed.path), ("/interactivity", "/interactivity"));
        assert!(signed.body.starts_with("payload=%7B"));
        assert_eq!(
            signed.headers["user-agent"].to_str().unwrap().split(' ').next(),
            Some("Slackbot")
        );
        assert_ne!(forged.headers["x-slack-signature"], signed.headers["x-slack-signature"]);
    });
}

#[test]
fn an_app_that_wants_no_redelivery_gets_none() {
    // Long enough for the app's answer to count on a busy machine, too.
    let options = Options {
        ack_timeout: Duration::from_secs(20),
        ..quick()
    };
    with(options, |fixture| async move {
        let (url, _heard) = app().await;
        fixture
            .control("request_url", json!({"url": format!("{url}/events")}))
            .await;
        fixture.workspace.say(ADA, SUPPORT, "hello").unwrap();
        let sent = fixture
            .workspace
            .wait_for(|state| (state.apps[0].unacknowledged() == 0).then_some(state.delivered.len()))
            .await;
        assert_eq!(sent.unwrap(), 1);
    });
}
