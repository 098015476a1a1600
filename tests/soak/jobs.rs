//! Jenkins requests behind a backlog, in a crash loop: each ends in a result or in "unknown", and Jenkins is asked to start
//! each at most once.

use std::time::Duration;

use serde_json::{Value, json};
use signpost::sandbox::jenkins::GET_INFO;
use signpost::sandbox::{ADA, GRACE, SIGNPOST, SUPPORT};

use super::setup::{Said, Setup, poll};
use super::trial::{Counts, Trial, run};

/// The button of a run that may be asked for again: nobody can tell whether it was started, or it was not.
const RUN_AGAIN: &str = "Run again";
const SUCCESS: &str = "SUCCESS";
/// Requests of each run.
const REQUESTS: usize = 2;

#[test]
fn requests_of_jobs_outlast_kills() {
    run("requests_of_jobs_outlast_kills", requests);
}

pub(super) fn registry(url: &str) -> String {
    format!(
        "[[jenkins]]\nid = \"main\"\nurl = \"{url}\"\nuser = \"signpost\"\ntoken_variable = \"JENKINS_TOKEN\"\n\
         request_timeout = 1\n\n[[jobs]]\nid = \"get-info\"\njenkins = \"main\"\npath = \"{GET_INFO}\"\n\
         title = \"Collect the configuration\"\nrun_by = [\"{ADA}\", \"{GRACE}\"]\nchannels = [\"{SUPPORT}\"]\n\
         concurrency = 5\n\n[[jobs.parameters]]\nname = \"CLUSTERID\"\nrequired = true\n\n[[jobs.parameters]]\n\
         name = \"TUGBOAT\"\nrequired = true\n"
    )
}

async fn requests(trial: Trial) -> Counts {
    let mut counts = Counts::default();
    let mut builds = 0;
    for pair in 0..trial.size(1, 10) {
        let seed = trial.seed * 1_000 + pair as u64;
        let (found, of_pair) = one_pair(Trial { seed, ..trial }).await;
        counts.messages += found.messages;
        counts.answered += found.answered;
        counts.doubled += found.doubled;
        counts.kills += found.kills;
        counts.problems.extend(found.problems);
        builds += of_pair;
    }
    counts.more.push(("builds", builds as u64));
    counts
}

async fn one_pair(trial: Trial) -> (Counts, usize) {
    let mut random = trial.random();
    let setup = Setup::new(trial).await;
    setup.deployment.register(&registry(&setup.workspace.jenkins_url()));
    let times = json!({"quiet_period_ms": random.within(0..1_500), "build_ms": random.within(30..1_500)});
    setup.workspace.jenkins().act("options", &times).unwrap();
    if random.within(0..2) == 0 {
        // Makes the moment longer in which Jenkins has the request and the bot does not know.
        let slow = json!({"kind": "slow", "what": "trigger", "ms": 900, "apply": random.within(0..2) == 0});
        setup.workspace.jenkins().fault(&slow).unwrap();
    }
    let mut process = setup.start();
    process.ready().await;
    // Talk that no runbook covers: it is handled, in order, before the requests, and adds no answers to be sent.
    for number in 0..trial.size(400, 1_000) {
        let talk = format!("lunch is at {number} past twelve");
        setup.workspace.say(GRACE, SUPPORT, &talk).unwrap();
    }
    let asked: Vec<Said> = (0..REQUESTS).map(|number| ask(&setup, number)).collect();
    setup.acknowledged(&mut process).await;
    process.kill();
    let kills = random.within(6..12);
    for round in 0..kills {
        let mut process = setup.start();
        if round % 2 == 1 {
            process.ready().await;
        }
        tokio::time::sleep(random.milliseconds(100..900)).await;
        process.kill();
    }

    let mut process = setup.start();
    let mut counts = Counts {
        messages: REQUESTS,
        kills: usize::try_from(kills).unwrap(),
        ..Counts::default()
    };
    let over = poll(Duration::from_secs(50), async || {
        process.assert_running();
        let live = setup
            .deployment
            .number("SELECT count(*) FROM runs WHERE live = 1")
            .await;
        let is_settled = live == Some(0) && setup.deployment.unfinished().await == Some(0);
        is_settled.then_some(())
    });
    if over.await.is_none() {
        counts.problems.push(format!("runs are not over:\n{}", process.log()));
    }
    drop(process);
    let set_aside = setup.deployment.set_aside().await;
    if set_aside != Some(0) {
        counts.problems.push(format!("messages set aside: {set_aside:?}"));
    }
    let builds = judge(&setup, &asked, &mut counts);
    (counts, builds)
}

/// Counts the requests that ended in a result or in "unknown", and those with more than one message or build. Returns the
/// number of builds.
pub(super) fn judge(setup: &Setup, asked: &[Said], counts: &mut Counts) -> usize {
    for (number, said) in asked.iter().enumerate() {
        let shown: Vec<String> = messages_of(setup, said);
        let has_ended = |message: &&String| message.contains(SUCCESS) || message.contains(RUN_AGAIN);
        let builds = builds_of(setup, &cluster(number));
        counts.answered += usize::from(shown.iter().any(|message| has_ended(&message)));
        counts.doubled += usize::from(shown.len() > 1 || builds > 1);
        if builds == 0 && shown.iter().any(|message| message.contains(SUCCESS)) {
            counts.problems.push(format!("a result without a build: {shown:?}"));
        }
    }
    let (triggers, builds) = (
        triggers(setup),
        (0..asked.len()).map(|at| builds_of(setup, &cluster(at))).sum(),
    );
    if triggers > asked.len() {
        counts
            .problems
            .push(format!("{triggers} triggers were sent for {} requests", asked.len()));
    }
    builds
}

fn cluster(number: usize) -> String {
    format!("c-{number}")
}

pub(super) fn ask(setup: &Setup, number: usize) -> Said {
    let text = format!(
        "<@{SIGNPOST}> run get-info CLUSTERID={} TUGBOAT=prod-wdc04",
        cluster(number)
    );
    Said {
        channel: SUPPORT.to_owned(),
        ts: setup.workspace.say(ADA, SUPPORT, &text).unwrap(),
    }
}

/// Messages of the bot in the thread of a request, as JSON.
fn messages_of(setup: &Setup, asked: &Said) -> Vec<String> {
    let replies = setup.workspace.replies(&asked.channel, &asked.ts).into_iter();
    let ours = replies.filter(|reply| reply["user"] == SIGNPOST);
    ours.map(|reply| reply.to_string()).collect()
}

/// Requests to start a build that reached Jenkins.
pub(super) fn triggers(setup: &Setup) -> usize {
    setup.workspace.jenkins().read(|state| {
        let sent = |request: &&Value| request["what"] == "trigger" && request["method"] == "POST";
        state.requests.iter().filter(sent).count()
    })
}

/// Builds with this value, finished, running or waiting.
pub(super) fn builds_of(setup: &Setup, value: &str) -> usize {
    setup.workspace.jenkins().read(|state| {
        let has = |given: &[signpost::sandbox::jenkins::Given]| given.iter().any(|given| given.value == value);
        let built = state.jobs.values().flat_map(|job| &job.builds);
        let built = built.filter(|build| has(&build.parameters)).count();
        built + state.waiting().filter(|item| has(&item.parameters)).count()
    })
}
