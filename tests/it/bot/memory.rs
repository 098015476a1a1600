//! What is kept in memory of what people say.

use super::*;
use metrics_exporter_prometheus::PrometheusBuilder;
use signpost::sandbox::GRACE;

/// Threads in which one person shares files of 25 kB, and those with files of one megabyte: a debug build takes long to
/// read them. `tests/soak` shares only such.
const THREADS: [(usize, usize); 2] = [(150, 250), (1, 10_000)];
/// The budget of texts that are kept for the next message.
const BUDGET: f64 = 8.0 * 1024.0 * 1024.0;

impl World {
    /// A metric as the bot shows it.
    async fn metric(&self, address: SocketAddr, name: &str) -> f64 {
        let shown = self
            .client
            .get(format!("http://{address}/metrics"))
            .send()
            .await
            .unwrap();
        let shown = shown.text().await.unwrap();
        let line = shown.lines().find(|line| line.starts_with(&format!("{name} ")));
        let value = line.and_then(|line| line.split_whitespace().nth(1));
        value
            .unwrap_or_else(|| panic!("{name} is not in:\n{shown}"))
            .parse()
            .unwrap()
    }

    /// Three files of so many lines that the bot reads and recognises nothing in; their ids.
    async fn large_files(&self, lines: usize) -> Vec<Value> {
        let line = format!("{}\n", "=".repeat(99));
        let files = ["a.log", "b.log", "c.log"].map(|name| json!({"name": name, "content": line.repeat(lines)}));
        let sent = json!({"user": GRACE, "channel": SUPPORT, "files": files, "comment": "three logs"});
        let answer = self.control("upload", sent).await;
        let ids = answer["file_ids"].as_array().unwrap().iter();
        ids.map(|id| json!({"id": id})).collect()
    }
}

#[test]
fn one_person_with_large_files_in_many_threads_costs_a_bounded_amount() {
    let options = Options {
        wait_limit: Duration::from_secs(55),
        ..quick()
    };
    with_options(options, |world| async move {
        let mut settings = world.settings();
        settings.http.listen = ANY_PORT.to_owned();
        settings.slack.request_timeout = 20;
        let parts = Parts {
            metrics: Some(PrometheusBuilder::new().install_recorder().unwrap()),
            ..Parts::default()
        };
        let bot = world.bot_with(settings, parts).await;
        for (threads, lines) in THREADS {
            let files = world.large_files(lines).await;
            for number in 0..threads {
                let root = world
                    .workspace
                    .say(GRACE, SUPPORT, &format!("thread {number}"))
                    .unwrap();
                let share =
                    json!({"files": files, "channel_id": SUPPORT, "thread_ts": root, "initial_comment": "look"});
                world
                    .workspace
                    .call(ADA, "files.completeUploadExternal", &share)
                    .unwrap();
            }
        }
        world.settled("").await;
        let kept = world.metric(bot.health(), "signpost_unanswered_bytes").await;
        assert!(kept <= BUDGET, "{kept} bytes are kept");
        assert!(kept > BUDGET / 2.0, "the files were read: {kept} bytes");
        bot.stop().await;
    });
}
