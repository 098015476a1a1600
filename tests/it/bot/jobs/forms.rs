//! The form of a job: what stands in it, what it takes, and what it says when that is wrong.

use super::super::acts::buttons;
use super::super::words;
use super::asking::with;
use super::*;

/// The local Jenkins answers late.
fn slow(world: &World, what: &str, ms: u64) {
    let fault = json!({"kind": "slow", "what": what, "ms": ms, "times": 100});
    world.workspace.jenkins().fault(&fault).unwrap();
}

#[test]
fn the_form_is_filled_from_the_paste_the_thread_and_the_runbook() {
    with(|world, bot| async move {
        let ts = world.say(ALERT);
        let card = world.saying(&ts, &["Look up where it runs"]).await;
        world.workspace.reply(GRACE, SUPPORT, &ts, LOOKED_UP).unwrap();
        world.click(ADA, &card, "Run: Collect the facts").await;
        let form = world.form_of(ADA).await;
        let value = |name| field(&form, name)["element"]["initial_value"].clone();
        assert_eq!(value("CLUSTERID"), "loc-4711", "{form}");
        assert_eq!(value("TUGBOAT"), "prod-wdc04-carrier107");
        assert_eq!(value("CARRIER_NAME"), "carrier107");
        let branch = &field(&form, "BRANCH")["element"];
        assert_eq!(branch["initial_option"]["value"], "Master", "{branch}");
        assert_eq!(branch["options"].as_array().unwrap().len(), 2);
        let tugboat = field(&form, "TUGBOAT");
        assert_eq!(tugboat["optional"], false);
        let hint = tugboat["hint"]["text"].as_str().unwrap();
        assert!(
            hint.contains("Where its master runs") && hint.contains("thread"),
            "{hint}"
        );
        assert_eq!(field(&form, "CLUSTERID")["label"]["text"], "Cluster");

        let told = world.fill_in(ADA, &form, &[]).await;
        assert_eq!(
            (&told["acknowledged"], &told["response"]),
            (&json!(true), &Value::Null),
            "{told}"
        );
        world.saying(&ts, &["Collect the facts", "Requested by Ada"]).await;
        let builds = world.builds(GET_INFO, 1).await;
        assert_eq!(builds[0]["TUGBOAT"], "prod-wdc04-carrier107");
        assert_eq!(builds[0]["BRANCH"], "Master");
        bot.stop().await;
    });
}

#[test]
fn what_is_wrong_stands_at_its_field_and_the_form_stays() {
    with(|world, bot| async move {
        let ts = world.say(ALERT);
        let card = world.saying(&ts, &["Look up where it runs"]).await;
        world.click(ADA, &card, "Run: Collect the facts").await;
        let form = world.form_of(ADA).await;
        let odd = [("CLUSTERID", "-rf"), ("TUGBOAT", "t1"), ("CARRIER_NAME", "a b; c")];
        let told = world.fill_in(ADA, &form, &odd).await;
        assert_eq!(told["response"]["response_action"], "errors", "{told}");
        let errors = &told["response"]["errors"];
        assert!(
            errors["p:CLUSTERID"].as_str().unwrap().contains("must not start with"),
            "{errors}"
        );
        assert!(
            errors["p:CARRIER_NAME"].as_str().unwrap().contains("isn’t valid"),
            "{errors}"
        );
        let right = [("CLUSTERID", "c1"), ("TUGBOAT", "prod-a.b"), ("CARRIER_NAME", "")];
        let told = world.fill_in(ADA, &form, &right).await;
        assert_eq!(told["response"], Value::Null, "{told}");
        let builds = world.builds(GET_INFO, 1).await;
        assert_eq!(builds[0]["TUGBOAT"], "prod-a-b");
        // What stays empty is not sent.
        assert_eq!(builds[0]["CARRIER_NAME"], "");
        bot.stop().await;
    });
}

#[test]
fn who_may_not_is_told_so_in_the_window() {
    with(|world, bot| async move {
        let ts = world.say(ALERT);
        let card = world.saying(&ts, &["Look up where it runs"]).await;
        world.click(GRACE, &card, "Run: Collect the facts").await;
        let told = world.workspace.wait_for(|state| {
            let mut views = state.views.values();
            views
                .find(|view| words(view).contains("aren’t allowed to run"))
                .cloned()
        });
        let told = told.await.unwrap();
        assert_eq!((&told["user_id"], &told["submit"]), (&json!(GRACE), &Value::Null));
        bot.stop().await;
    });
}

#[test]
fn choices_come_from_jenkins_secrets_are_not_shown_and_approval_is_announced() {
    with(|world, bot| async move {
        assert!(world.command(ADA, "run choose-mirror").await["response"].is_null());
        let form = world.form_of(ADA).await;
        let options = |name| {
            let options = field(&form, name)["element"]["options"].as_array().unwrap().clone();
            options
                .iter()
                .map(|one| one["value"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(options("REGION"), ["eu-de", "us-east", "us-south"]);
        assert_eq!(options("DRY_RUN"), ["true", "false"]);
        assert_eq!(field(&form, "DRY_RUN")["element"]["initial_option"]["value"], "true");
        assert!(
            field(&form, "PASSPHRASE")["hint"]["text"]
                .as_str()
                .unwrap()
                .contains("Never shown"),
            "{form}"
        );
        assert!(words(&form).contains("must approve"), "{form}");
        let told = world
            .fill_in(ADA, &form, &[("REGION", "us-east"), ("PASSPHRASE", "hunter2")])
            .await;
        assert_eq!(told["response"], Value::Null, "{told}");
        let message = world.posted(SUPPORT, "Choose a mirror").await;
        assert!(!words(&message).contains("hunter2"), "{message}");
        assert!(buttons(&message).contains(&"Approve".to_owned()), "{message}");
        world.click(ADA, &message, "Approve").await;
        world.whispered(ADA, SUPPORT, "someone else must approve").await;
        world.click(GRACE, &message, "Approve").await;
        assert_eq!(world.builds(CHOOSE, 1).await[0]["REGION"], "us-east");
        world.assert_nothing_kept("hunter2").await;
        bot.stop().await;
    });
}

#[test]
fn a_submission_that_comes_twice_starts_one_run() {
    with(|world, bot| async move {
        world.command(ADA, "run get-info CLUSTERID=c1").await;
        let form = world.form_of(ADA).await;
        let values = [("TUGBOAT", "t1")];
        let (one, other) = tokio::join!(world.fill_in(ADA, &form, &values), world.fill_in(ADA, &form, &values));
        assert_eq!((&one["response"], &other["response"]), (&Value::Null, &Value::Null));
        world.posted(SUPPORT, "Requested by Ada").await;
        world.builds(GET_INFO, 1).await;
        world.settled("0").await;
        assert_eq!(world.build_count(GET_INFO), 1);
        bot.stop().await;
    });
}

#[test]
fn a_form_opens_at_once_and_fills_although_jenkins_is_silent() {
    with(|world, bot| async move {
        slow(&world, "job", 30_000);
        let told = world.command(ADA, "run choose-mirror").await;
        assert!(told["acknowledged"] == true && told["response"].is_null(), "{told}");
        let form = world.form_of(ADA).await;
        assert!(
            words(&form).contains("Jenkins didn’t return the job’s definition in time"),
            "{form}"
        );
        // Nobody knows what there is to choose from.
        assert_eq!(field(&form, "REGION")["element"]["type"], "plain_text_input");
        let told = world.fill_in(ADA, &form, &[("REGION", "eu-de")]).await;
        assert!(told["acknowledged"] == true && told["response"].is_null(), "{told}");
        world.posted(SUPPORT, "Requested by Ada").await;
        bot.stop().await;
    });
}

#[test]
fn where_several_values_were_found_the_form_names_them_and_takes_none() {
    with_options(options(), |world| async move {
        let settings = world.with_jobs();
        let pair = "---\nsignpost:\n  jobs: [get-info]\n---\n# Pair is down\n\n```\nSL200: <LOCATION ID> lost <LOCATION ID>\n```\n\n1. Look.\n";
        world.write("pair.md", pair);
        let bot = world.bot_with(settings, soon()).await;
        let ts = world.say("SL200: loc-1 lost loc-2");
        let card = world.saying(&ts, &["Pair is down"]).await;
        world.click(ADA, &card, "Run: Collect the facts").await;
        let form = world.form_of(ADA).await;
        let cluster = field(&form, "CLUSTERID");
        assert!(cluster["element"]["initial_value"].is_null(), "{cluster}");
        let hint = cluster["hint"]["text"].as_str().unwrap();
        assert!(hint.contains("loc-1, loc-2"), "{hint}");
        bot.stop().await;
    });
}

#[test]
fn a_run_that_took_a_secret_is_repeated_with_the_form() {
    with(|world, bot| async move {
        world.command(ADA, "run choose-mirror").await;
        let form = world.form_of(ADA).await;
        world
            .fill_in(ADA, &form, &[("REGION", "us-east"), ("PASSPHRASE", "hunter2")])
            .await;
        let message = world.posted(SUPPORT, "Choose a mirror").await;
        world.click(GRACE, &message, "Decline").await;
        let message = world.posted(SUPPORT, "Grace").await;
        world.click(ADA, &message, "Run again").await;
        let form = world.form_of(ADA).await;
        assert_eq!(
            field(&form, "REGION")["element"]["initial_option"]["value"],
            "us-east",
            "{form}"
        );
        assert!(field(&form, "PASSPHRASE")["element"]["initial_value"].is_null());
        world.fill_in(ADA, &form, &[("PASSPHRASE", "hunter3")]).await;
        let thread = message["ts"].as_str().unwrap();
        world.saying(thread, &["Choose a mirror"]).await;
        assert_eq!(world.build_count(CHOOSE), 0);
        bot.stop().await;
    });
}

#[test]
fn a_list_that_only_one_person_sees_leads_to_a_run_in_the_channel() {
    with(|world, bot| async move {
        world.command(ADA, "jobs").await;
        let list = world.whispered(ADA, SUPPORT, "Jobs you can run here").await;
        world.click(ADA, &list, "Run: Sum up the day").await;
        let form = world.form_of(ADA).await;
        world.fill_in(ADA, &form, &[]).await;
        world.posted(SUPPORT, "Requested by Ada").await;
        bot.stop().await;
    });
}
