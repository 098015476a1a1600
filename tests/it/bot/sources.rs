//! A bot whose runbooks come from git: it follows the repository, shows the commit, and is not led astray by it.

use std::fmt::Write as _;
use std::sync::Arc;

use ring::hmac;
use signpost::bot::Parts;
use signpost::sandbox::{RANDOM, SUPPORT};
use signpost::settings::{RunbookSource, Settings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{ANY_PORT, Bot, MARKER, PASTE, RUNBOOK, World, with, words};
use crate::sources::Origin;

const SECRET: &str = "a-secret-that-is-long-enough";

impl World {
    fn origin(&self) -> Origin {
        let origin = Origin::new(&self.folder.path().join("origin"));
        origin.write("flux.md", RUNBOOK);
        origin.commit();
        origin
    }

    fn settings_of(&self, origin: &Origin) -> Settings {
        let mut settings = self.settings();
        settings.http.listen = ANY_PORT.to_owned();
        settings.runbooks.dir = std::path::PathBuf::new();
        settings.runbooks.hook_secret = Some(SECRET.into());
        settings.admin.channel = RANDOM.to_owned();
        // Fetches are asked for by the hook.
        settings.runbooks.fetch_interval = 86_400;
        settings.runbooks.sources = vec![RunbookSource {
            id: "flux".to_owned(),
            git: origin.url(),
            ..RunbookSource::default()
        }];
        settings
    }

    async fn push(&self, bot: &Bot, name: &str, value: &str) -> u16 {
        let url = format!("http://{}/hooks/git", bot.health());
        let call = self
            .client
            .post(url)
            .header(name, value)
            .body("{\"ref\":\"refs/heads/main\"}");
        call.send().await.unwrap().status().as_u16()
    }

    pub(super) async fn source_when(&self, bot: &Bot, is_so: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
        loop {
            let source = self.ready(bot.health()).await.1["runbooks"]["sources"]["flux"].clone();
            if is_so(&source) {
                return source;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

#[test]
fn a_push_changes_the_answers_and_the_commit_is_shown() {
    with(|world| async move {
        let origin = world.origin();
        let bot = world.bot_with(world.settings_of(&origin), Parts::default()).await;
        let first = origin.git(&["rev-parse", "HEAD"]);
        let reply = words(&world.replies(&world.say(PASTE)).await[0]);
        assert!(reply.contains("fluxctl fill"), "{reply}");
        assert!(
            reply.contains(&first[..7]) && reply.contains("30 Nov 2026, 12:05 UTC"),
            "{reply}"
        );

        origin.write("flux.md", &RUNBOOK.replace("fluxctl blow", "fluxctl puff"));
        let second = origin.commit();
        assert_eq!(world.push(&bot, "x-gitlab-token", SECRET).await, 202);
        bot.parts.status.wait_for(|now| now.reloads > 0).await;
        let reply = words(&world.replies(&world.say(MARKER)).await[0]);
        assert!(
            reply.contains("fluxctl puff") && reply.contains(&second[..7]),
            "{reply}"
        );

        let source = world.source_when(&bot, |source| !source["fetched_at"].is_null()).await;
        assert_eq!(source["version"], second, "{source}");
        assert_eq!(source["documents"], 1, "{source}");
        let asked = world.workspace.say(
            signpost::sandbox::ADA,
            SUPPORT,
            &format!("<@{}> status", signpost::sandbox::SIGNPOST),
        );
        let status = words(&world.replies(&asked.unwrap()).await[0]);
        assert!(
            status.contains("flux") && status.contains(&second[..7]) && status.contains("checked"),
            "{status}"
        );
        bot.stop().await;
    });
}

#[test]
fn the_hook_wants_the_secret() {
    with(|world| async move {
        let origin = world.origin();
        let bot = world.bot_with(world.settings_of(&origin), Parts::default()).await;
        let sign = |secret: &str| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
            let tag = hmac::sign(&key, b"{\"ref\":\"refs/heads/main\"}");
            let digits = tag.as_ref().iter().fold(String::new(), |mut digits, byte| {
                let _ = write!(digits, "{byte:02x}");
                digits
            });
            format!("sha256={digits}")
        };
        let (good, bad) = (sign(SECRET), sign("another-secret-of-somebody"));
        let bearer = format!("Bearer {SECRET}");
        for (name, value, expected) in [
            ("x-hub-signature-256", good.as_str(), 202),
            ("x-hub-signature", &good, 202),
            ("x-gitlab-token", SECRET, 202),
            ("authorization", &bearer, 202),
            ("x-hub-signature-256", &bad, 401),
            ("x-hub-signature-256", "sha256=", 401),
            ("x-hub-signature-256", "sha256=zz", 401),
            ("x-hub-signature", "sha1=0011", 401),
            ("x-gitlab-token", "another", 401),
            ("authorization", SECRET, 401),
            ("x-other", SECRET, 401),
        ] {
            assert_eq!(world.push(&bot, name, value).await, expected, "{name}: {value}");
        }
        let url = format!("http://{}/hooks/git", bot.health());
        assert_eq!(world.client.get(&url).send().await.unwrap().status().as_u16(), 405);
        // What is announced to be too large is refused before it is sent.
        let head = format!(
            "POST /hooks/git HTTP/1.1\r\nHost: x\r\nX-Gitlab-Token: {SECRET}\r\nContent-Length: 6000000\r\n\r\n"
        );
        let mut stream = tokio::net::TcpStream::connect(bot.health()).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 413");
        bot.stop().await;

        let mut settings = world.settings_of(&origin);
        settings.runbooks.hook_secret = None;
        let bot = world.bot_with(settings, Parts::default()).await;
        assert_eq!(world.push(&bot, "x-gitlab-token", "").await, 404);
        bot.stop().await;
    });
}

#[test]
fn strangers_keep_no_push_out() {
    with(|world| async move {
        let origin = world.origin();
        let bot = world.bot_with(world.settings_of(&origin), Parts::default()).await;
        let strangers = crate::bot::strangers(bot.health(), "/hooks/git", 8).await;
        for _ in 0..3 {
            assert_eq!(world.push(&bot, "x-gitlab-token", SECRET).await, 202);
        }
        drop(strangers);
        bot.stop().await;
    });
}

#[test]
fn the_operators_hear_once_of_a_push_that_removes_most_documents() {
    with(|world| async move {
        let origin = world.origin();
        origin.documents(1..=11);
        let bot = world.bot_with(world.settings_of(&origin), Parts::default()).await;
        for number in 1..=11 {
            std::fs::remove_file(origin.folder.join(format!("kiln-{number}.md"))).unwrap();
        }
        let few = origin.commit();
        for _ in 0..2 {
            assert_eq!(world.push(&bot, "x-gitlab-token", SECRET).await, 202);
            world.source_when(&bot, |source| source["held"]["version"] == few).await;
        }
        let told = |state: &signpost::sandbox::State| -> Vec<String> {
            let messages = state.channel(RANDOM).unwrap().messages.values();
            messages
                .map(|message| message.text().to_owned())
                .filter(|text| text.contains("not updated"))
                .collect()
        };
        let heard = world
            .workspace
            .wait_for(|state| Some(told(state)).filter(|told| !told.is_empty()))
            .await
            .unwrap();
        assert!(
            heard[0].contains("removes 11 of 12 documents") && heard[0].contains("sources accept flux"),
            "{heard:?}"
        );
        let reply = words(
            &world
                .replies(&world.say("KX0003: kiln door 7 jammed at station 9"))
                .await[0],
        );
        assert!(reply.contains("Mend door 3"), "the old state answers: {reply}");

        let source = bot.parts.status.get().runbooks;
        assert_eq!(source, 12);
        world.wait_until_sent().await;
        let heard = world.workspace.wait_for(|state| Some(told(state))).await.unwrap();
        assert_eq!(heard.len(), 1, "said once: {heard:?}");
        bot.stop().await;
    });
}

#[test]
fn a_remote_that_is_gone_changes_nothing_and_a_bot_starts_without_it() {
    with(|world| async move {
        let origin = world.origin();
        let bot = world.bot_with(world.settings_of(&origin), Parts::default()).await;
        let away = world.folder.path().join("away");
        std::fs::rename(&origin.folder, &away).unwrap();
        assert_eq!(world.push(&bot, "x-gitlab-token", SECRET).await, 202);
        let source = world.source_when(&bot, |source| !source["problem"].is_null()).await;
        assert!(
            source["problem"].as_str().unwrap().contains("access is refused"),
            "{source}"
        );
        assert!(words(&world.replies(&world.say(PASTE)).await[0]).contains("fluxctl fill"));
        bot.stop().await;

        // After a restart the last state answers; a bot that never had one waits for it.
        let bot = world.bot_with(world.settings_of(&origin), Parts::default()).await;
        assert!(words(&world.replies(&world.say(MARKER)).await[0]).contains("fluxctl blow"));
        bot.stop().await;

        let mut settings = world.settings_of(&origin);
        settings.runbooks.state = world.folder.path().join("new-state");
        let parts = Parts::default();
        let status = Arc::clone(&parts.status);
        let back = async {
            status.wait_for(|now| now.sockets > 0).await;
            assert!(!status.get().ready());
            std::fs::rename(&away, &origin.folder).unwrap();
            let url = format!("http://{}/hooks/git", status.get().health.unwrap());
            let call = world.client.post(url).header("x-gitlab-token", SECRET);
            assert_eq!(call.send().await.unwrap().status().as_u16(), 202);
        };
        let (bot, ()) = tokio::join!(world.bot_with(settings, parts.clone()), back);
        assert_eq!(bot.parts.status.get().runbooks, 1);
        bot.stop().await;
    });
}
