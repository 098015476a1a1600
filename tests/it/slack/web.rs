//! The Web API against the local workspace: what is asked, and what the answers are taken for.

use std::future::Future;
use std::sync::Arc;

use serde_json::{Value, json};
use signpost::sandbox::{self, ADA, Options, SIGNPOST, SIGNPOST_APP_TOKEN, SIGNPOST_TOKEN, SUPPORT, Workspace};
use signpost::slack::rate_limiter::Rates;
use signpost::slack::sender::{Body, Sender};
use signpost::slack::web::{Error, Web, Which};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// A workspace, and the bot's hands.
struct Hands {
    workspace: Workspace,
    web: Arc<Web>,
    sender: Sender,
    client: reqwest::Client,
}

async fn with<F: Future<Output = ()>>(test: impl FnOnce(Arc<Hands>) -> F) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let shutdown = CancellationToken::new();
    let workspace = Workspace::start(listener, Options::default(), shutdown.clone());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let web = Arc::new(Web::new(client.clone(), &workspace.api_url(), &SIGNPOST_TOKEN.into()));
    let sender = Sender::new(Arc::clone(&web), Rates::default());
    test(Arc::new(Hands {
        workspace,
        web,
        sender,
        client,
    }))
    .await;
    shutdown.cancel();
}

impl Hands {
    fn fault(&self, method: &str, code: &str) {
        let fault = json!({"kind": "error", "error": code, "method": method});
        self.workspace.fault(&fault).unwrap();
    }

    /// What the workspace sends for a slash command, with a live trigger and a response_url. Nobody answers it.
    async fn command(&self) -> Value {
        let url = format!("{}/sandbox/command", self.workspace.url());
        let body = json!({"command": "/signpost", "text": "help", "channel": SUPPORT});
        let sending = self.client.post(url).json(&body).send();
        let connection = self.web.connections_open(&SIGNPOST_APP_TOKEN.into()).await.unwrap();
        let (mut socket, _) = tokio_tungstenite::connect_async(connection).await.unwrap();
        let envelope = async {
            use futures_util::StreamExt as _;
            loop {
                let frame = socket.next().await.unwrap().unwrap();
                // Pings are frames too.
                let Ok(frame) = serde_json::from_str::<Value>(frame.to_text().unwrap_or_default()) else {
                    continue;
                };
                if frame["type"] == "slash_commands" {
                    return frame["payload"].clone();
                }
            }
        };
        tokio::select! {
            payload = envelope => payload,
            answer = async { let _ = sending.await; std::future::pending::<()>().await } => panic!("{answer:?}"),
        }
    }
}

#[tokio::test]
async fn a_modal_is_opened_once_a_trigger_and_updated_only_as_it_was_seen() {
    with(|hands| async move {
        let trigger = hands.command().await["trigger_id"].as_str().unwrap().to_owned();
        let view = |text: &str| {
            json!({"type": "modal", "callback_id": "paste_error", "title": {"type": "plain_text", "text": "Paste"},
                "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]})
        };
        let opened = hands.sender.open_view(&trigger, view("wait <!here>")).await.unwrap();
        let again = hands.sender.open_view(&trigger, view("wait")).await.unwrap_err();
        assert!(matches!(again, Error::Gone { .. }), "{again}");
        let (which, hash) = (Which::Id(&opened.id), Some(opened.hash.as_str()));
        let updated = hands.sender.update_view(which, hash, view("found")).await.unwrap();
        assert_eq!(updated.id, opened.id);
        let late = hands.sender.update_view(which, hash, view("late")).await.unwrap_err();
        assert_eq!(late.code(), Some("hash_conflict"));
        let views = hands.workspace.read(|state| state.to_json()["views"].to_string());
        assert!(views.contains("found") && !views.contains("late"), "{views}");
    })
    .await;
}

#[tokio::test]
async fn a_home_tab_is_published_without_live_mentions() {
    with(|hands| async move {
        let home = json!({"type": "home",
            "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "<!channel> here"}}]});
        hands.sender.publish_view(ADA, home).await.unwrap();
        let views = hands.workspace.read(|state| state.to_json()["views"].to_string());
        assert!(views.contains("&lt;!channel> here"), "{views}");
    })
    .await;
}

#[tokio::test]
async fn a_response_url_is_good_five_times() {
    with(|hands| async move {
        let url = hands.command().await["response_url"].as_str().unwrap().to_owned();
        for _ in 0..5 {
            hands.sender.respond(&url, json!({"text": "found"})).await.unwrap();
        }
        let error = hands.sender.respond(&url, json!({"text": "found"})).await.unwrap_err();
        assert!(
            matches!(&error, Error::Gone { code, .. } if code == "used_url"),
            "{error}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_response_url_elsewhere_gets_nothing() {
    with(|hands| async move {
        for foreign in [
            "http://127.0.0.1:9/actions/x",
            "https://hooks.slack.com.example.org/x",
            "https://notslack.com/x",
            "http://hooks.slack.com/x",
            "https://hooks.slack.com:8443/x",
            "file:///etc/passwd",
            "no address",
        ] {
            let error = hands.sender.respond(foreign, json!({"text": "x"})).await.unwrap_err();
            assert_eq!(error.code(), Some("foreign_url"), "{foreign}");
        }
    })
    .await;
}

#[tokio::test]
async fn people_channels_and_messages_are_looked_up() {
    with(|hands| async move {
        let ada = hands.web.user_info(ADA).await.unwrap();
        assert_eq!((ada.name.as_str(), ada.is_external, ada.is_bot), ("Ada", false, false));
        assert_eq!(ada.team, sandbox::TEAM);
        let support = hands.web.conversation_info(SUPPORT).await.unwrap();
        assert_eq!(
            (support.name.as_deref(), support.is_ext_shared),
            (Some("support"), false)
        );
        let ts = hands.workspace.say(ADA, SUPPORT, "hello").unwrap();
        let link = hands.web.permalink(SUPPORT, &ts).await.unwrap();
        assert!(link.contains(&ts.replace('.', "")), "{link}");
        for _ in 0..2 {
            hands.web.add_reaction(SUPPORT, &ts, "eyes").await.unwrap();
        }
        let nobody = hands.web.user_info("U0NOBODY").await.unwrap_err();
        assert_eq!(nobody.code(), Some("user_not_found"));
    })
    .await;
}

#[tokio::test]
async fn slacks_words_are_put_into_classes() {
    with(|hands| async move {
        for (code, class) in [
            ("token_revoked", "Auth"),
            ("account_inactive", "Auth"),
            ("invalid_blocks", "Content"),
            ("msg_blocks_too_long", "Content"),
            ("is_archived", "Channel"),
            ("restricted_action_read_only_channel", "Channel"),
            ("restricted_action_of_next_year", "Channel"),
            ("no_permission", "Channel"),
            ("thread_not_found", "Gone"),
            ("message_not_found", "Gone"),
            ("internal_error", "Uncertain"),
            ("request_timeout", "Uncertain"),
            ("ratelimited", "RateLimited"),
            ("unheard_of", "Permanent"),
        ] {
            hands.fault("chat.postMessage", code);
            let body = Body {
                text: "hello".to_owned(),
                ..Body::default()
            };
            let error = hands.sender.post(SUPPORT, None, body, "key").await.unwrap_err();
            assert!(format!("{error:?}").starts_with(class), "{code}: {error:?}");
        }
        let seen = hands.workspace.read(|state| {
            let channel = state.channel(SUPPORT).unwrap();
            channel
                .messages
                .values()
                .filter(|message| message.user() == SIGNPOST)
                .count()
        });
        assert_eq!(seen, 0);
    })
    .await;
}
