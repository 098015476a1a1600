//! What goes wrong after a job was started: queues that forget, builds that are gone, a Jenkins that is away.

use signpost::sandbox::jenkins::{CHOOSE, GET_INFO};

use super::super::acts::buttons;
use super::faults::{each, row};
use super::ground::*;
use crate::bot::*;

const PASSING: &str = "Temporary problem. Still trying";

#[test]
fn the_same_request_in_the_queue_is_shared_and_a_jenkins_that_ends_lets_it_wait() {
    with_jobs(|world| async move {
        let bot = world.worker().await;
        world.jenkins_does("quiet_down", &json!({"on": true}));
        let values = json!({"CLUSTERID": "c-17", "TUGBOAT": "prod-wdc04-carrier107"});
        world.jenkins_does(
            "trigger",
            &json!({"job": GET_INFO, "user": "grace", "parameters": values}),
        );
        let ts = world.asks(ADA, GET);
        let shared = "The same request was already queued, so both share this build";
        let waits = world.run_saying(&ts, &[shared, "Jenkins is about to shut down"]).await;
        // It is not ours to cancel: we only leave it.
        world.click(ADA, &waits, "Cancel run").await;
        world
            .run_saying(&ts, &["No longer followed", "It wasn’t cancelled"])
            .await;
        assert_eq!(world.jenkins().read(|state| state.waiting().count()), 1);
        let again = world.asks(ADA, GET);
        world.run_saying(&again, &[shared]).await;
        world.jenkins_does("quiet_down", &json!({"on": false}));
        world.run_saying(&again, &["SUCCESS"]).await;
        assert_eq!(world.made_of("c-17"), 1);
        bot.stop().await;
    });
}

#[test]
fn what_vanishes_from_the_queue_is_found_among_the_builds_or_told_as_unknown() {
    with_jobs(|world| async move {
        let bot = world.worker().await;
        let vanish = json!([{"kind": "vanish", "times": "always"}]);
        let late = json!([{"kind": "late_executable", "times": 2}]);
        each(
            &world,
            vec![row(vanish, &["SUCCESS"], 1, 1), row(late, &["SUCCESS"], 1, 1)],
        )
        .await;

        // Forgotten with a restart.
        world.jenkins_does("quiet_down", &json!({"on": true}));
        let ts = world.asks(ADA, GET);
        world
            .run_saying(&ts, &["Waiting in Jenkins’ queue", "about to shut down"])
            .await;
        world
            .jenkins()
            .fault(&json!({"kind": "restart", "ms": 0, "queue": "lost"}))
            .unwrap();
        let lost = world.run_saying(&ts, &["I can’t tell what happened to it", "was never built"]);
        assert_eq!(buttons(&lost.await), ["Run again"]);

        // Taken out by somebody in Jenkins.
        let ts = world.asks(ADA, GET);
        world.run_saying(&ts, &["about to shut down"]).await;
        let id = world
            .jenkins()
            .read(|state| state.waiting().next().map(|item| item.id))
            .unwrap();
        let url = format!("{}/queue/cancelItem?id={id}", world.workspace.jenkins_url());
        let token = sandbox::jenkins::token_of("grace");
        let sent = world
            .client
            .post(url)
            .basic_auth("grace", Some(token))
            .send()
            .await
            .unwrap();
        assert_eq!(sent.status().as_u16(), 204);
        world
            .run_saying(&ts, &["Cancelled", "before it started", "Nothing was changed"])
            .await;
        assert_eq!(world.made_of("c-17"), 0);
        bot.stop().await;
    });
}

#[test]
fn a_jenkins_that_fails_while_a_build_runs_is_asked_again_and_people_are_told() {
    with_jobs(|world| async move {
        let bot = world.worker().await;
        world.jenkins_does("hold", &json!({"on": true}));
        let kinds = [
            ("500", "Jenkins reported an internal error (HTTP 500)"),
            ("html", "a web page that isn’t Jenkins"),
            ("401", "rejected my API token"),
            ("truncated", "I can’t read Jenkins’ response"),
            ("break", "The connection to Jenkins was lost"),
        ];
        let mut threads = Vec::new();
        for (at, (kind, _)) in kinds.iter().enumerate() {
            let ts = world.asks(ADA, &GET.replace("c-17", &format!("case-{at}")));
            world.run_saying(&ts, &["Running"]).await;
            let path = format!("/{}/api", 169 + at);
            let fault = json!({"kind": kind, "what": "build", "path": path, "times": "always"});
            world.jenkins().fault(&fault).unwrap();
            threads.push(ts);
        }
        for ((_, says), ts) in kinds.iter().zip(&threads) {
            world.run_saying(ts, &[PASSING, says]).await;
        }
        world.jenkins().fault(&json!({"clear": true})).unwrap();
        world
            .jenkins()
            .fault(&json!({"kind": "restart", "ms": 600_000}))
            .unwrap();
        for ts in &threads {
            world.run_saying(ts, &[PASSING, "Jenkins is starting up"]).await;
        }
        world.jenkins().fault(&json!({"clear": true})).unwrap();
        world.jenkins_does("hold", &json!({"on": false}));
        for (at, ts) in threads.iter().enumerate() {
            let done = world.run_saying(ts, &["SUCCESS"]).await;
            assert!(!words(&done).contains(PASSING), "{done:#}");
            assert_eq!(world.made_of(&format!("case-{at}")), 1);
        }
        assert_eq!(world.triggers(), kinds.len());
        bot.stop().await;
    });
}

#[test]
fn a_restart_that_loses_builds_and_a_slow_jenkins_change_nothing_else() {
    with_jobs(|world| async move {
        let bot = world.worker().await;
        world.jenkins_does("hold", &json!({"on": true}));
        let ts = world.asks(ADA, GET);
        world.run_saying(&ts, &["Running"]).await;
        world
            .jenkins()
            .fault(&json!({"kind": "restart", "ms": 100, "builds": "lost"}))
            .unwrap();
        world.run_saying(&ts, &["ABORTED", "Stopped by a person"]).await;
        world.jenkins_does("hold", &json!({"on": false}));
        world
            .jenkins()
            .fault(&json!({"kind": "slow", "ms": 100, "times": "always"}))
            .unwrap();
        let ts = world.asks(ADA, GET);
        world.run_saying(&ts, &["SUCCESS"]).await;
        assert_eq!(world.triggers(), 2);
        bot.stop().await;
    });
}

#[test]
fn builds_and_jobs_that_are_deleted_meanwhile_are_told_as_gone() {
    with_jobs(|world| async move {
        let bot = world.worker().await;
        world.jenkins_does("hold", &json!({"on": true}));
        let build = world.asks(ADA, GET);
        world.run_saying(&build, &["Running"]).await;
        world
            .jenkins()
            .fault(&json!({"kind": "404", "what": "build", "times": "always"}))
            .unwrap();
        world.run_saying(&build, &["Gone from Jenkins"]).await;
        world.jenkins().fault(&json!({"clear": true})).unwrap();
        let job = world.asks(ADA, "run mirror REGION=eu-de");
        world.run_saying(&job, &["Running"]).await;
        world.jenkins_does("job", &json!({"job": CHOOSE, "deleted": true}));
        world
            .run_saying(&job, &["Gone from Jenkins", "the build or the job was deleted"])
            .await;
        assert_eq!(world.triggers(), 2);
        bot.stop().await;
    });
}

#[test]
fn artifacts_that_cannot_be_read_whole_leave_it_open_and_say_why() {
    with_jobs(|world| async move {
        let bot = world.worker().await;
        let always = |kind: &str| json!({"kind": kind, "what": "artifact", "times": "always"});
        let elsewhere = json!({"kind": "redirect", "times": "always", "to": "https://objects.example.com/x"});
        let rows = [
            (always("cut"), "cannot be read"),
            (always("403"), "cannot be read"),
            (always("html"), "cannot be read"),
            (elsewhere, "is stored at objects.example.com"),
        ];
        for (fault, why) in rows {
            world.jenkins().fault(&fault).unwrap();
            let ts = world.asks(ADA, GET);
            let done = world.run_saying(&ts, &["SUCCESS", "Inconclusive", why]).await;
            assert!(!words(&done).contains("Next:"), "{done:#}");
            world.jenkins().fault(&json!({"clear": true})).unwrap();
        }
        let small = registry(&world.workspace.jenkins_url()).replace("\npassed = ", "\nartifact_kib = 1\npassed = ");
        bot.stop().await;
        let bot = world.worker_with(&small, hasty()).await;
        world.jenkins_does("hold", &json!({"on": true}));
        let ts = world.asks(ADA, GET);
        world.running(GET_INFO).await;
        let large = json!({"job": GET_INFO, "path": "connector_sl_configMap.log", "size": 2000});
        world.jenkins_does("artifact", &large);
        world.jenkins_does("hold", &json!({"on": false}));
        world.run_saying(&ts, &["Inconclusive", "is larger than 1 KiB"]).await;
        bot.stop().await;
    });
}
