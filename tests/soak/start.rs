//! Starts while Slack fails: the process stays alive, says that it is not ready, and answers once Slack does.

use std::time::Duration;

use serde_json::{Value, json};
use signpost::sandbox::SUPPORT;
use tokio::net::TcpListener;

use super::deployment::Deployment;
use super::process::Process;
use super::setup::{Setup, health, poll};
use super::trial::{Counts, Trial, run};

const LIMIT: Duration = Duration::from_secs(30);
/// Attempts are at most a minute apart.
const NEXT_ATTEMPT: Duration = Duration::from_secs(70);

#[test]
fn a_start_while_slack_refuses_connections_waits_for_it() {
    run("a_start_while_slack_refuses_connections_waits_for_it", refused);
}

#[test]
fn a_start_while_slack_answers_with_errors_waits_for_it() {
    run("a_start_while_slack_answers_with_errors_waits_for_it", errors);
}

async fn refused(trial: Trial) -> Counts {
    let deployment = Deployment::new(trial);
    // Nothing listens there until the workspace is started.
    let address = free_address(&deployment);
    deployment.configure(&format!("http://{address}/api"));
    let mut problems = Vec::new();
    let mut process = Process::start(&deployment);
    let alive = health(&deployment, 200, 503, &mut process, LIMIT).await;
    problems.extend(alive.err());

    let listener = TcpListener::bind(address).await.unwrap();
    let setup = Setup::at(listener, deployment);
    let said = setup.paste(SUPPORT, 1);
    let answered = setup.answered(&said, &mut process, NEXT_ATTEMPT).await;
    problems.extend(answered.err());
    let ready = setup.health(200, 200, &mut process, LIMIT).await;
    problems.extend(ready.err());
    setup.counts_after(problems, process, &[said], LIMIT).await
}

/// The next port but one after the one of `/ready` that is free.
fn free_address(deployment: &Deployment) -> std::net::SocketAddr {
    let taken = deployment.port();
    let free = (taken + 1..30_100).find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok());
    ([127, 0, 0, 1], free.unwrap()).into()
}

async fn errors(trial: Trial) -> Counts {
    let mut random = trial.random();
    let setup = Setup::new(trial).await;
    let methods = ["auth.test", "apps.connections.open"];
    let faults = [
        json!({"kind": "429", "retry_after": 1}),
        json!({"kind": "503"}),
        json!({"kind": "500"}),
        json!({"kind": "break"}),
        // Longer than `slack.request_timeout`.
        json!({"kind": "slow", "ms": 3_000, "apply": false}),
        json!({"kind": "error", "error": "internal_error"}),
    ];
    let mut cases: Vec<(&str, &Value)> = Vec::new();
    for method in methods {
        if trial.is_long {
            cases.extend(faults.iter().map(|fault| (method, fault)));
        } else {
            cases.push((method, random.choose(&faults)));
        }
    }
    let mut said = Vec::new();
    let mut problems = Vec::new();
    let kills = cases.len() - 1;
    let mut process: Option<Process> = None;
    for (number, (method, fault)) in cases.into_iter().enumerate() {
        if let Some(process) = process.take() {
            process.kill();
        }
        let mut started = start_during(&setup, method, fault).await;
        // All of that was without a Slack that works.
        let unwell = setup.health(200, 503, &mut started, LIMIT).await;
        problems.extend(unwell.err().map(|problem| format!("{method}, {fault}: {problem}")));
        setup.workspace.fault(&json!({"clear": true})).unwrap();
        let pasted = setup.paste(SUPPORT, number);
        let answered = setup.answered(&pasted, &mut started, NEXT_ATTEMPT).await;
        problems.extend(answered.err().map(|problem| format!("{method}, {fault}: {problem}")));
        said.push(pasted);
        process = Some(started);
    }
    Counts {
        kills,
        ..setup.counts_after(problems, process.unwrap(), &said, LIMIT).await
    }
}

/// Starts the bot with a fault that lasts, and waits until it has struck.
async fn start_during(setup: &Setup, method: &str, fault: &Value) -> Process {
    // Faults strike in order, so one is left when the first has struck.
    for times in [json!(1), json!("always")] {
        let mut fault = fault.clone();
        fault["method"] = json!(method);
        fault["app"] = json!("signpost");
        fault["times"] = times;
        setup.workspace.fault(&fault).unwrap();
    }
    let mut process = setup.start();
    let struck = poll(LIMIT, async || {
        process.assert_running();
        (setup.workspace.read(signpost::sandbox::State::faults_left) == 1).then_some(())
    });
    assert!(struck.await.is_some(), "{method} was not called:\n{}", process.log());
    process
}
