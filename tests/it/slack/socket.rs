//! Socket Mode against the local workspace: interactions are answered beside events, whatever becomes of either.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};
use signpost::net::Net;
use signpost::sandbox::{ADA, Options, SIGNPOST_APP_TOKEN, SIGNPOST_TOKEN, SUPPORT, Workspace};
use signpost::slack::inbound::Inbound;
use signpost::slack::socket::{Sockets, Timing};
use signpost::slack::web::Web;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::desk::Desk;

struct World {
    workspace: Workspace,
    desk: Arc<Desk>,
    tracker: TaskTracker,
    shutdown: CancellationToken,
    client: reqwest::Client,
}

/// A connected app, whose interactions may take `answer`.
async fn world(answer: Duration) -> World {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let workspace = Workspace::start(listener, Options::default(), CancellationToken::new());
    let net = Net::new(&[], Duration::from_secs(5)).unwrap();
    let token = |text: &str| SecretString::from(text);
    let (bot, app) = (token(SIGNPOST_TOKEN), token(SIGNPOST_APP_TOKEN));
    let web = Arc::new(Web::new(net.client().unwrap(), &workspace.api_url(), &bot));
    let first = web.connections_open(&app).await.unwrap();
    let (desk, tracker, shutdown) = (Arc::new(Desk::default()), TaskTracker::new(), CancellationToken::new());
    let hard = CancellationToken::new();
    let inbound = Inbound::new(Arc::clone(&desk) as _, tracker.clone(), hard, answer);
    let sockets = Arc::new(Sockets::new(net, web, inbound, Timing::default(), app, first));
    tracker.spawn(sockets.hold(shutdown.clone()));
    desk.connections
        .subscribe()
        .wait_for(|count| *count == 1)
        .await
        .unwrap();
    World {
        workspace,
        desk,
        tracker,
        shutdown,
        client: reqwest::Client::builder().no_proxy().build().unwrap(),
    }
}

impl World {
    async fn command(&self, text: &str) -> Value {
        let url = format!("{}/sandbox/command", self.workspace.url());
        let body = json!({"command": "/signpost", "text": text, "channel": "support"});
        self.client
            .post(url)
            .json(&body)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.tracker.close();
        tokio::time::timeout(Duration::from_secs(10), self.tracker.wait())
            .await
            .expect("everything ends");
        assert_eq!(*self.desk.connections.borrow(), 0);
    }
}

#[tokio::test]
async fn an_answer_comes_with_the_acknowledgement_while_the_store_is_stuck() {
    let world = world(Duration::from_secs(2)).await;
    for number in 0..300 {
        world.workspace.say(ADA, SUPPORT, &format!("message {number}")).unwrap();
    }
    let told = world.command("hello").await;
    assert_eq!(
        (&told["acknowledged"], &told["response"]["text"]),
        (&json!(true), &json!("you said hello"))
    );
    let waiting = world.workspace.read(|state| state.apps[0].unacknowledged());
    assert!(waiting >= 300, "only {waiting} events wait");
    world.desk.permits.add_permits(10_000);
    let none_left = |state: &signpost::sandbox::State| (state.apps[0].unacknowledged() == 0).then_some(());
    world.workspace.wait_for(none_left).await.unwrap();
    assert_eq!(world.desk.stored.lock().unwrap().len(), 300);
    world.stop().await;
}

#[tokio::test]
async fn an_interaction_is_acknowledged_whatever_becomes_of_its_answer() {
    let world = world(Duration::from_secs(2)).await;
    for asked in ["wait", "fail", "panic", "nothing"] {
        let told = world.command(asked).await;
        assert_eq!(told["acknowledged"], true, "{asked}: {told}");
        assert!(told["response"].is_null(), "{asked}: {told}");
    }
    assert_eq!(*world.desk.finished.borrow(), 2);
    world.desk.go_on.cancel();
    let mut finished = world.desk.finished.subscribe();
    finished.wait_for(|finished| *finished == 3).await.unwrap();
    assert_eq!(world.command("more").await["response"]["text"], "you said more");
    world.stop().await;
}

#[tokio::test]
async fn an_interaction_that_is_delivered_twice_is_acknowledged_twice_and_done_once() {
    let world = world(Duration::from_secs(2)).await;
    world
        .workspace
        .fault(&json!({"kind": "duplicate", "times": 1}))
        .unwrap();
    assert_eq!(world.command("hello").await["response"]["text"], "you said hello");
    let none_left = |state: &signpost::sandbox::State| (state.apps[0].unacknowledged() == 0).then_some(());
    world.workspace.wait_for(none_left).await.unwrap();
    assert_eq!(*world.desk.begun.borrow(), 1);
    assert_eq!(world.command("hello").await["response"]["text"], "you said hello");
    assert_eq!(*world.desk.begun.borrow(), 2, "the same command again is another one");
    world.stop().await;
}

#[tokio::test]
async fn an_answer_under_way_is_given_before_the_connection_is_closed() {
    let world = Arc::new(world(Duration::from_secs(5)).await);
    let asking = Arc::clone(&world);
    let asked = TaskTracker::new().spawn(async move { asking.command("wait").await });
    let mut begun = world.desk.begun.subscribe();
    begun.wait_for(|begun| *begun == 1).await.unwrap();
    world.shutdown.cancel();
    world.desk.go_on.cancel();
    assert_eq!(asked.await.unwrap()["response"]["text"], "too late");
    Arc::into_inner(world).unwrap().stop().await;
}

#[tokio::test]
async fn an_answer_for_a_connection_that_is_gone_goes_nowhere() {
    let world = Arc::new(world(Duration::from_secs(5)).await);
    let asking = Arc::clone(&world);
    let asked = TaskTracker::new().spawn(async move { asking.command("wait").await });
    let mut begun = world.desk.begun.subscribe();
    begun.wait_for(|begun| *begun == 1).await.unwrap();
    world.workspace.fault(&json!({"kind": "disconnect"})).unwrap();
    let mut connections = world.desk.connections.subscribe();
    connections.wait_for(|count| *count == 0).await.unwrap();
    world.desk.go_on.cancel();
    let mut finished = world.desk.finished.subscribe();
    finished.wait_for(|finished| *finished >= 1).await.unwrap();
    connections.wait_for(|count| *count == 1).await.unwrap();
    assert_eq!(world.command("more").await["response"]["text"], "you said more");
    asked.await.unwrap();
    Arc::into_inner(world).unwrap().stop().await;
}
