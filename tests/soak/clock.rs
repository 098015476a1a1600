//! A clock that is ahead of Slack's, and posts whose answers are lost after they had their effect: nothing is posted twice.
//!
//! The bot runs in this process, for its clock is handed in.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use signpost::bot::{self, Parts};
use signpost::clock::{Clock, SystemClock};
use signpost::jobs::Registry;
use signpost::sandbox::jenkins::token_of;
use signpost::sandbox::{ADA, SIGNPOST, SIGNPOST_APP_TOKEN, SIGNPOST_TOKEN, SUPPORT, State};
use signpost::settings::jobs::Jobs;
use signpost::settings::{self, Settings};
use signpost::slack::rate_limiter::{Rate, Rates};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::jobs::registry;
use super::setup::{Setup, poll};
use super::trial::{Counts, Trial, run};

const LIMIT: Duration = Duration::from_mins(1);

#[test]
fn a_clock_ahead_of_slacks_posts_nothing_twice() {
    run("a_clock_ahead_of_slacks_posts_nothing_twice", ahead);
}

/// The machine's clock, always ahead by the same.
#[derive(Debug)]
struct Ahead(SignedDuration);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now() + self.0
    }
}

async fn ahead(trial: Trial) -> Counts {
    let mut random = trial.random();
    let setup = Setup::new(trial).await;
    let (threads, roots) = (trial.size(10, 40), trial.size(3, 10));
    let ahead = i64::try_from(random.within(70..600)).unwrap();
    let rate = Rate {
        every: Duration::from_millis(10),
        burst: 50,
    };
    let parts = Parts {
        clock: Arc::new(Ahead(SignedDuration::from_secs(ahead))),
        rates: Rates {
            post: rate,
            tier_2: rate,
            tier_3: rate,
            tier_4: rate,
        },
        ..Parts::default()
    };
    let shutdown = CancellationToken::new();
    let bot = bot::run(settings(&setup), parts.clone(), shutdown.clone());
    let bot = TaskTracker::new().spawn(bot);
    let ready = tokio::time::timeout(LIMIT, parts.status.wait_ready());
    ready.await.expect("the bot is ready");

    let lost_answers = [
        json!({"kind": "502", "apply": true}),
        json!({"kind": "break", "apply": true}),
        // Longer than the bot waits.
        json!({"kind": "slow", "ms": 2_000, "apply": true}),
    ];
    for _ in 0..threads + roots {
        let mut lost = random.choose(&lost_answers).clone();
        lost["method"] = json!("chat.postMessage");
        lost["app"] = json!("signpost");
        setup.workspace.fault(&lost).unwrap();
    }
    let channels = setup.channels(threads).await;
    let said = setup.pastes(threads, &channels);
    for number in 0..roots {
        // By a slash command, a run begins a thread of its own: its message is at the root.
        let text = format!("run get-info CLUSTERID=root-{number} TUGBOAT=prod-wdc04");
        let command = json!({"user": ADA, "command": "/signpost", "text": text, "channel": SUPPORT});
        setup.control("command", command).await;
    }
    let mut counts = Counts::default();
    let struck = poll(LIMIT, async || {
        let is_over = setup.workspace.read(State::faults_left) == 0 && setup.deployment.unfinished().await == Some(0);
        is_over.then_some(())
    });
    if struck.await.is_none() {
        let left = setup.workspace.read(State::faults_left);
        let unfinished = setup.deployment.unfinished().await;
        counts
            .problems
            .push(format!("{left} faults left, {unfinished:?} rows unfinished"));
    }
    shutdown.cancel();
    bot.await.unwrap().unwrap();

    let answers = setup.answers();
    let in_threads = said
        .iter()
        .map(|said| answers.get(&(said.channel.clone(), said.ts.clone())).copied());
    let at_roots = (0..roots).map(|number| roots_about(&setup, &format!("root-{number}")));
    let times: Vec<usize> = in_threads.map(Option::unwrap_or_default).chain(at_roots).collect();
    counts.messages = times.len();
    counts.answered = times.iter().filter(|times| **times > 0).count();
    counts.doubled = times.iter().filter(|times| **times > 1).count();
    counts.more.push(("ahead_s", ahead.unsigned_abs()));
    counts
}

/// Messages of the bot in #support that begin a thread and name this value.
fn roots_about(setup: &Setup, value: &str) -> usize {
    setup.workspace.read(|state| {
        let messages = state
            .channel(SUPPORT)
            .into_iter()
            .flat_map(|channel| channel.messages.values());
        let roots = messages.filter(|message| {
            let is_root = message.thread_ts().is_none_or(|thread| thread == message.ts());
            is_root && message.user() == SIGNPOST && message.ephemeral_to.is_none()
        });
        let names =
            |message: &&signpost::sandbox::Message| serde_json::json!(message.value).to_string().contains(value);
        roots.filter(names).count()
    })
}

fn settings(setup: &Setup) -> Settings {
    let mut settings = settings::built_in().unwrap();
    settings.slack.api_url = setup.workspace.api_url();
    settings.slack.bot_token = Some(SIGNPOST_TOKEN.into());
    settings.slack.app_token = Some(SIGNPOST_APP_TOKEN.into());
    settings.slack.request_timeout = 1;
    settings.slack.lookup_wait = 1;
    settings.answers.repeat_minutes = 0;
    settings.store.path = setup.deployment.store().to_owned();
    settings.runbooks.dir = setup.deployment.runbooks();
    settings.http.listen = String::new();
    let registry = Registry::read(&registry(&setup.workspace.jenkins_url())).unwrap();
    let tokens = registry
        .jenkins
        .iter()
        .map(|jenkins| (jenkins.id.clone(), token_of("signpost").into()));
    settings.jobs = Jobs {
        tokens: tokens.collect(),
        registry: Arc::new(registry),
    };
    settings
}
