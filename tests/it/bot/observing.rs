//! What an operator sees from outside: metrics, readiness, signals, the channel for notices.

use std::process::Command;

use signpost::sandbox::RANDOM;
use signpost::telemetry::FAMILIES;

use super::jobs::program::{Program, configure};
use super::*;

impl World {
    async fn fetch(&self, address: SocketAddr, path: &str) -> String {
        let answer = self.client.get(format!("http://{address}{path}")).send().await.unwrap();
        answer.text().await.unwrap()
    }

    /// Waits until `/metrics` has this line.
    async fn measured(&self, address: SocketAddr, line: &str) {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        loop {
            let shown = self.fetch(address, "/metrics").await;
            if shown.lines().any(|shown| shown == line) {
                return;
            }
            assert!(tokio::time::Instant::now() < deadline, "{line} is not in:\n{shown}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A port that nobody uses.
fn free_port() -> SocketAddr {
    let listener = std::net::TcpListener::bind(ANY_PORT).unwrap();
    listener.local_addr().unwrap()
}

#[test]
fn every_series_is_there_from_the_start_and_tells_what_happened() {
    with(|world| async move {
        let address = free_port();
        configure(&world, &world.workspace.api_url(), "", "info");
        let local = world.folder.path().join("local.toml");
        let settings = std::fs::read_to_string(&local).unwrap();
        let settings = settings.replace("listen = \"\"", &format!("listen = \"{address}\""));
        std::fs::write(local, settings.replace("[runbooks]", "[runbooks]\nreload = false")).unwrap();
        let mut program = Program::start(&world);
        program.ready().await;

        let shown = world.fetch(address, "/metrics").await;
        for family in FAMILIES {
            let is_open = family.labels.iter().any(|(_, values)| values.is_empty());
            assert!(
                is_open || shown.contains(&format!("# HELP {} ", family.name)),
                "{} is not in:\n{shown}",
                family.name
            );
        }
        assert!(
            shown.contains("\nsignpost_messages_total{outcome=\"answered\"} 0\n"),
            "{shown}"
        );

        let ts = world.say(PASTE);
        world.replies(&ts).await;
        world
            .measured(address, "signpost_messages_total{outcome=\"answered\"} 1")
            .await;
        world.measured(address, "signpost_answer_seconds_count 1").await;
        world.measured(address, "signpost_slack_connections_configured 2").await;
        world.measured(address, "signpost_outbox_waiting 0").await;

        assert_eq!(world.fetch(address, "/livez").await, "live\n");
        let ready: Value = serde_json::from_str(&world.fetch(address, "/readyz").await).unwrap();
        for name in ["slack", "store", "runbooks"] {
            assert!(ready[name]["last_success_seconds"].is_u64(), "{name}: {ready}");
        }
        assert!(ready["jenkins"]["last_success_seconds"].is_null(), "{ready}");

        // Without reloading by itself, a SIGHUP has the folder read.
        world.write(
            "plural.md",
            "# Plural\n\n```\nZZ9001: the plural of node <NODE> is gone\n```\n\n1. Count again.\n",
        );
        program.signal("-HUP");
        world.measured(address, "signpost_runbooks 2").await;
        let known = world.say("ZZ9001: the plural of node p-3 is gone");
        assert_eq!(world.replies(&known).await.len(), 1);
        program.signal("-TERM");
        assert!(program.ended().success());
    });
}

#[test]
fn operators_are_told_once_in_their_channel_when_runbooks_break_and_when_they_are_mended() {
    with(|world| async move {
        let mut settings = world.settings();
        settings.admin.channel = RANDOM.to_owned();
        let bot = world.bot_with(settings, Parts::default()).await;
        world.write("flux.md", "");
        let told = world.posted(RANDOM, "flux.md").await;
        assert!(words(&told).contains("Some runbook files have errors"), "{told}");
        world.write("flux.md", RUNBOOK);
        world.posted(RANDOM, "All runbook files can be read again").await;
        world.wait_until_sent().await;
        let count = world.workspace.read(|state| {
            let messages = state.channel(RANDOM).unwrap().messages.values();
            messages.filter(|message| message.user() == SIGNPOST).count()
        });
        assert_eq!(count, 2);
        bot.stop().await;
    });
}

impl Program {
    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }
}
