//! The log of the program: whatever `log.level` says, nobody's words and no token stand in it.

use super::starting::Served;
use super::*;

const CANARY: &str = "canary-7f3a9";

/// Runs the program with a filter while a paste is answered; gives its log.
fn log_with(level: &'static str, format: &'static str) -> String {
    let mut log = String::new();
    with(|world| {
        let log = &mut log;
        async move {
            // Ahead of Slack, which is said, too.
            world.control("options", json!({"clock_skew_ms": -95_000})).await;
            let level = [("SIGNPOST__LOG__LEVEL", level), ("SIGNPOST__LOG__FORMAT", format)];
            let program = world.program(&level);
            let mut served = tokio::task::spawn_blocking(move || {
                let mut served = Served::start(program);
                served.read_until("connected to Slack");
                served
            })
            .await
            .unwrap();
            // Its own answer comes back to it, which only a low level says.
            let reading = tokio::task::spawn_blocking(move || {
                served.read_until("a message is ignored");
                served
            });
            let ts = world.say(&format!("{PASTE} {CANARY}"));
            world.replies(&ts).await;
            let asked = json!({"command": "/signpost", "text": format!("help {CANARY}"), "channel": SUPPORT});
            world.control("command", asked).await;
            let served = reading.await.unwrap();
            let ended = tokio::task::spawn_blocking(move || served.end());
            let (code, said) = ended.await.unwrap();
            assert_eq!(code, Some(0), "{said}");
            *log = said;
        }
    });
    log
}

#[test]
fn no_level_and_no_filter_lets_libraries_print_what_people_wrote() {
    let every = "trace,hyper=trace,hyper_util=trace,h2=trace,reqwest=trace,rustls=trace,tungstenite=trace,\
        tokio_tungstenite=trace,slack_morphism=trace,sqlx=trace,axum=trace,tower=trace,log=trace,signpost=trace";
    for (level, format) in [("trace", "text"), ("trace", "json"), (every, "text")] {
        let log = log_with(level, format);
        assert!(
            log.contains("DEBUG") && log.contains("signpost::"),
            "our own lines are there: {log}"
        );
        assert!(log.contains("s ahead of Slack's"), "{log}");
        for secret in [CANARY, "flux capacitor", SIGNPOST_TOKEN, SIGNPOST_APP_TOKEN, "ticket="] {
            let line = log.lines().find(|line| line.contains(secret));
            assert!(line.is_none(), "{level}: {secret} stands in the log: {line:?}");
        }
        let others = ["hyper", "tungstenite", "sqlx", "reqwest", "mio", "rustls", "axum", "h2"];
        let low = |line: &&str| line.contains("TRACE") || line.contains("DEBUG");
        for line in log.lines().filter(low) {
            let is_other = others
                .iter()
                .any(|other| line.contains(&format!(" {other}::")) || line.contains(&format!("\"target\":\"{other}")));
            assert!(!is_other, "{line}");
        }
    }
}
