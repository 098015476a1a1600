//! Runs from the request to the verdict, as people see them in the thread.

use signpost::sandbox::GRACE;
use signpost::sandbox::jenkins::{APPROVAL, GET_INFO};

use super::super::acts::buttons;
use super::ground::*;
use crate::bot::*;

const KEY_LOG: &str = "connector_getConnectorAPIKey.log";
const MAP_LOG: &str = "connector_sl_configMap.log";

pub(super) fn is_in(message: &Value, what: &[&str]) {
    for one in what {
        assert!(words(message).contains(one), "{one:?} is not in {message:#}");
    }
}

/// Everything about a run that has ended: nothing more comes.
async fn over(world: &World, ts: &str) -> Vec<Value> {
    world.wait_until_over().await;
    world.settled(ts).await
}

// --- verdicts ---------------------------------------------------------------------------------------------------------

#[test]
fn each_outcome_leads_to_its_section_below_the_one_message_of_the_run() {
    with_jobs(|world| async move {
        let bot = world.worker().await;
        for (scenario, section, step, seen) in [
            (
                "both_right",
                "Replacing the key",
                "another key",
                "✓ The region is the tugboat",
            ),
            (
                "key_missing",
                "Restoring the map",
                "map-writer",
                "✗ The key is there: missing",
            ),
            (
                "key_empty",
                "Restoring the map",
                "map-writer",
                "✗ The key is there: empty",
            ),
            (
                "region_wrong",
                "Mending the region",
                "region-writer",
                "✗ The region is the tugboat",
            ),
        ] {
            world.jenkins_does("scenario", &json!({"scenario": scenario}));
            let ts = world.say(&format!("{STARVED}, {scenario}"));
            world.saying(&ts, &["Ask for the tugboat"]).await;
            let before = world.triggers();
            world.asks_in(ADA, &ts, GET);
            let go_on = format!("Next: “{section}”");
            let done = world.run_saying(&ts, &["SUCCESS", &go_on, "shown below"]).await;
            is_in(
                &done,
                &[
                    seen,
                    "Requested by Ada",
                    "It took",
                    "/jenkins/job/Containers-Runtime/",
                    "Build #",
                ],
            );
            assert!(!words(&done).contains("Inconclusive"), "{done:#}");
            let card = world.saying(&ts, &[section, step]).await;
            let replies = over(&world, &ts).await;
            assert_eq!(replies.len(), 3, "the card, the run, the card below it: {replies:#?}");
            assert_eq!(replies[1]["ts"], done["ts"]);
            assert_eq!(replies[2]["ts"], card["ts"]);
            is_in(&replies[0], &["Continued below", "Collect the configuration"]);
            assert_eq!(buttons(&replies[0]), Vec::<String>::new());
            assert_eq!(world.triggers() - before, 1, "{scenario}");
        }
        let sent = world
            .jenkins()
            .read(|state| state.jobs[GET_INFO].builds.last().unwrap().parameters.clone());
        let value = |name: &str| sent.iter().find(|given| given.name == name).unwrap().value.clone();
        assert_eq!(
            (value("CLUSTERID"), value("BRANCH")),
            ("c-17".to_owned(), "Master".to_owned())
        );
        bot.stop().await;
    });
}

#[test]
fn the_paste_and_the_thread_fill_in_what_is_not_said() {
    with_jobs(|world| async move {
        let bot = world.worker().await;
        let ts = world.say(STARVED);
        world.saying(&ts, &["Ask for the tugboat"]).await;
        let lookup = "ActualDatacenterCluster: prod-fra02.carrier3";
        world.workspace.reply(GRACE, SUPPORT, &ts, lookup).unwrap();
        world.asks_in(ADA, &ts, "run get-info");
        let done = world.run_saying(&ts, &["SUCCESS"]).await;
        is_in(&done, &["c-17", "prod-fra02-carrier3"]);
        bot.stop().await;
    });
}

#[test]
fn what_is_not_plain_is_inconclusive_names_what_is_missing_and_follows_no_section() {
    with_jobs(|world| async move {
        let bot = world.worker().await;
        let missing = |artifact: &str, why: &str| format!("`{artifact}` {why}");
        for (scenario, lack) in [
            ("artifact_missing", missing(MAP_LOG, "does not exist")),
            ("key_artifact_missing", missing(KEY_LOG, "does not exist")),
            ("garbled", "cannot be checked: the content of".to_owned()),
            ("unstable", "the build ended UNSTABLE, not SUCCESS".to_owned()),
            ("empty", missing(MAP_LOG, "is empty")),
            ("other", missing(KEY_LOG, "does not contain what it should")),
        ] {
            world.jenkins_does("hold", &json!({"on": true}));
            let is_changed = matches!(scenario, "empty" | "other");
            let named = if is_changed { "both_right" } else { scenario };
            world.jenkins_does("scenario", &json!({"scenario": named}));
            let ts = world.say(&format!("{STARVED}, {scenario}"));
            world.saying(&ts, &["Ask for the tugboat"]).await;
            world.asks_in(ADA, &ts, GET);
            world.running(GET_INFO).await;
            if is_changed {
                let (path, content) = match scenario {
                    "empty" => (MAP_LOG, " \n"),
                    _ => (KEY_LOG, "error: the server could not be asked\n"),
                };
                let left = json!({"job": GET_INFO, "path": path, "content": content});
                world.jenkins_does("artifact", &left);
            }
            world.jenkins_does("hold", &json!({"on": false}));
            let done = world.run_saying(&ts, &["Inconclusive", &lack]).await;
            assert!(!words(&done).contains("Next:"), "{done:#}");
            assert!(buttons(&done).contains(&"Run again".to_owned()), "{done:#}");
            assert_eq!(over(&world, &ts).await.len(), 2, "the card and the run: {scenario}");
        }
        bot.stop().await;
    });
}

#[test]
fn each_result_is_named_and_an_error_in_the_log_of_a_failure_leads_to_its_runbook() {
    with_jobs(|world| async move {
        let bot = world.worker().await;
        let jenkins = world.jenkins();
        for (act, result, meaning) in [
            ("finish", "FAILURE", "The build failed."),
            ("finish", "UNSTABLE", "Finished with problems"),
        ] {
            world.jenkins_does("hold", &json!({"on": true}));
            let ts = world.asks(ADA, GET);
            let number = world.running(GET_INFO).await;
            let error = format!("{PASTE}\nstep 3 gave up");
            jenkins.act("log", &json!({"job": GET_INFO, "text": error})).unwrap();
            world.run_saying(&ts, &["Running", "step 3 gave up"]).await;
            jenkins
                .act(act, &json!({"job": GET_INFO, "number": number, "result": result}))
                .unwrap();
            let done = world
                .run_saying(&ts, &[result, meaning, "Inconclusive", "Known errors"])
                .await;
            is_in(
                &done,
                &["QX4711", "found in the log", "the flux capacitor of node w-17 is empty"],
            );
            world.click(GRACE, &done, "Show QX4711").await;
            world.saying(&ts, &["fluxctl fill"]).await;
            world.jenkins_does("hold", &json!({"on": false}));
        }
        bot.stop().await;
    });
}

#[test]
fn an_error_in_an_artifact_is_offered_too() {
    with_jobs(|world| async move {
        let bot = world.worker().await;
        world.jenkins_does("hold", &json!({"on": true}));
        let ts = world.say(STARVED);
        world.saying(&ts, &["Ask for the tugboat"]).await;
        world.asks_in(ADA, &ts, GET);
        world.running(GET_INFO).await;
        let text = format!("kind: ConfigMap\ndata:\n  region: us-east\n# {PASTE}\n");
        world.jenkins_does("artifact", &json!({"job": GET_INFO, "path": MAP_LOG, "content": text}));
        world.jenkins_does("hold", &json!({"on": false}));
        let done = world.run_saying(&ts, &["SUCCESS", "Known errors", "QX4711"]).await;
        is_in(&done, &[&format!("found in `{MAP_LOG}`")]);
        world.click(ADA, &done, "Show QX4711").await;
        world.saying(&ts, &["fluxctl fill"]).await;
        bot.stop().await;
    });
}

#[test]
fn a_build_that_waits_for_an_answer_says_so_until_it_has_one() {
    with_jobs(|world| async move {
        let bot = world.worker().await;
        let ts = world.asks(ADA, "run release");
        let waits = world.run_saying(&ts, &["Waiting for input in Jenkins"]).await;
        is_in(&waits, &["answer it in Jenkins"]);
        world.jenkins_does("proceed", &json!({"job": APPROVAL}));
        world
            .run_saying(&ts, &["SUCCESS", "I don’t check this job’s results"])
            .await;
        assert_eq!(over(&world, &ts).await.len(), 1);
        bot.stop().await;
    });
}

#[test]
fn errors_that_a_cancelled_build_printed_on_its_way_are_not_offered() {
    with_jobs(|world| async move {
        let bot = world.worker().await;
        let jenkins = world.jenkins();
        for (act, result, meaning) in [
            ("abort", "ABORTED", "Stopped by a person or a time limit"),
            ("finish", "NOT_BUILT", "Jenkins skipped it"),
        ] {
            world.jenkins_does("hold", &json!({"on": true}));
            let ts = world.asks(ADA, GET);
            let number = world.running(GET_INFO).await;
            let map = format!("kind: ConfigMap\n# {PASTE}\n");
            world.jenkins_does("artifact", &json!({"job": GET_INFO, "path": MAP_LOG, "content": map}));
            jenkins.act("log", &json!({"job": GET_INFO, "text": PASTE})).unwrap();
            let ends = json!({"job": GET_INFO, "number": number, "result": result, "artifacts": true});
            jenkins.act(act, &ends).unwrap();
            let done = world.run_saying(&ts, &[result, meaning, "Inconclusive"]).await;
            assert!(!words(&done).contains("QX4711"), "{done:#}");
            world.jenkins_does("hold", &json!({"on": false}));
        }
        // Cancelled from Slack, and the pipeline ends in another way.
        world.jenkins_does("hold", &json!({"on": true}));
        let ts = world.asks(ADA, GET);
        world.running(GET_INFO).await;
        jenkins.act("log", &json!({"job": GET_INFO, "text": PASTE})).unwrap();
        let runs = world.run_saying(&ts, &["Running", "QX4711"]).await;
        world.click(ADA, &runs, "Cancel run").await;
        let done = world.run_saying(&ts, &["ABORTED", "Cancelled by Ada"]).await;
        assert!(!words(&done).contains("Known errors"), "{done:#}");
        bot.stop().await;
    });
}

#[test]
fn console_notes_of_recent_versions_are_seen_by_nobody() {
    const NOTE: &str = "\u{1b}[8mha:////4AAAAKx7Le4UBcYZ8=\u{1b}[0m";
    with_jobs(|world| async move {
        let bot = world.worker().await;
        let jenkins = world.jenkins();
        world.jenkins_does("options", &json!({"notes": true}));
        world.jenkins_does("hold", &json!({"on": true}));
        let ts = world.asks(ADA, GET);
        world.running(GET_INFO).await;
        let says = |text: &str, part: bool| {
            let given = json!({"job": GET_INFO, "text": text, "part": part});
            jenkins.act("log", &given).unwrap();
        };
        says(
            &format!("{NOTE}[Pipeline] sh\n+ ./collect {NOTE}Build #7\n{NOTE}"),
            true,
        );
        let shown = world.run_saying(&ts, &["[Pipeline] sh", "+ ./collect Build #7"]).await;
        assert!(!words(&shown).contains("4AAAA"), "{shown:#}");
        // The rest of a note comes with a later look.
        says("Release it?\n\u{1b}[8mha:////4AAAA", true);
        let asked = jenkins.read(|state| state.requests.len());
        let read = jenkins.wait_for(|state| {
            let looks = state
                .requests
                .iter()
                .skip(asked)
                .filter(|request| request["what"] == "log");
            (looks.count() > 1).then_some(())
        });
        read.await.unwrap();
        says(&format!("Kx7Le4UBcYZ8=\u{1b}[0mProceed or {NOTE}Abort\n"), true);
        let shown = world.run_saying(&ts, &["Waiting for input in Jenkins"]).await;
        assert!(!words(&shown).contains("4AAAA"), "{shown:#}");

        // A console log that was archived is read as people read it.
        let map = format!("{NOTE}kind: ConfigMap\r\n{NOTE}data:\r\n  region: {NOTE}us-east\r\n# {NOTE}{PASTE}\r\n");
        world.jenkins_does("artifact", &json!({"job": GET_INFO, "path": MAP_LOG, "content": map}));
        world.jenkins_does("hold", &json!({"on": false}));
        let done = world.run_saying(&ts, &["SUCCESS", "`us-east`", "QX4711"]).await;
        assert!(
            !words(&done).contains("4AAAA") && !words(&done).contains("Inconclusive"),
            "{done:#}"
        );
        bot.stop().await;
    });
}
