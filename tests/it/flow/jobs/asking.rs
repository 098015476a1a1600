//! How people ask for a run: with the form, by mention, in a direct message, with a slash command.

use super::super::acts::{buttons, text};
use super::super::words;
use super::*;
use signpost::sandbox::SIGNPOST;

const ADA_DIRECT: &str = "D0ADA00001";

/// Runs a test with a bot that knows the jobs.
fn with<F: Future<Output = ()>>(test: impl FnOnce(World, Bot) -> F) {
    with_options(options(), |world| async move {
        let bot = world.bot_with_jobs().await;
        test(world, bot).await;
    });
}

impl World {
    fn mention(&self, who: &str, what: &str) -> String {
        self.workspace
            .say(who, SUPPORT, &format!("<@{SIGNPOST}> {what}"))
            .unwrap()
    }

    /// What is answered to a mention, as people read it.
    async fn answer_to(&self, who: &str, what: &str) -> String {
        let ts = self.mention(who, what);
        text(&self.replies(&ts).await[0]).to_owned()
    }

    /// What only who asks is shown.
    async fn slash(&self, who: &str, what: &str) -> String {
        let told = self.command(who, what).await;
        assert_eq!(told["response"]["response_type"], "ephemeral", "{told}");
        text(&told["response"]).to_owned()
    }
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
        world.saying(&ts, &["Collect the facts", "Asked for by ada"]).await;
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
            errors["p:CLUSTERID"].as_str().unwrap().contains("must not begin with"),
            "{errors}"
        );
        assert!(
            errors["p:CARRIER_NAME"].as_str().unwrap().contains("as it should"),
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
            views.find(|view| words(view).contains("not on the list")).cloned()
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
                .contains("nobody"),
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
        world.whispered(ADA, SUPPORT, "somebody else must approve it").await;
        world.click(GRACE, &message, "Approve").await;
        assert_eq!(world.builds(CHOOSE, 1).await[0]["REGION"], "us-east");
        world.assert_nothing_kept("hunter2").await;
        bot.stop().await;
    });
}

#[test]
fn a_mention_starts_a_run_in_its_thread_and_the_thread_gives_what_is_missing() {
    with(|world, bot| async move {
        let ts = world.say(ALERT);
        world.saying(&ts, &["Look up where it runs"]).await;
        world.workspace.reply(GRACE, SUPPORT, &ts, LOOKED_UP).unwrap();
        let asked = format!("<@{SIGNPOST}> run GET-INFO branch=Next");
        world.workspace.reply(ADA, SUPPORT, &ts, &asked).unwrap();
        world.saying(&ts, &["Collect the facts", "Asked for by ada"]).await;
        let builds = world.builds(GET_INFO, 1).await;
        let sent = |name: &str| builds[0][name].as_str();
        assert_eq!(sent("CLUSTERID"), "loc-4711");
        assert_eq!(sent("TUGBOAT"), "prod-wdc04-carrier107");
        assert_eq!((sent("BRANCH"), sent("CARRIER_NAME")), ("Next", "carrier107"));
        bot.stop().await;
    });
}

#[test]
fn a_run_that_cannot_be_is_refused_with_what_to_do_and_nothing_is_started() {
    let cases = [
        (ADA, "run get-info CLUSTERID=$(reboot) TUGBOAT=t1", "as it should"),
        (ADA, "run get-info CLUSTERID=c1", "`TUGBOAT` needs a value"),
        (ADA, "run get-info CLUSTER=c1 TUGBOAT=t1", "Did you mean `CLUSTERID`"),
        (ADA, "run get-info CLUSTERID=c1 TUGBOAT=t1 BRANCH=Old", "must be one of"),
        (
            ADA,
            "run get-info CLUSTERID=c1 TUGBOAT=\"t1",
            "quotation mark has no pair",
        ),
        (ADA, "run get-info CLUSTERID=c1 CLUSTERID=c2", "given twice"),
        (ADA, "run get-info CLUSTERID=c1 TUGBOAT t1", "can’t read `TUGBOAT`"),
        (ADA, "run get-info now", "can’t read `now`"),
        (ADA, "run get-inof CLUSTERID=c1", "Did you mean `run get-info`"),
        (ADA, "run nightly-reprot", "Did you mean `run nightly-report`"),
        (ADA, "run xylophone", "I know no job called “xylophone”"),
        (ADA, "run elsewhere", "#random"),
        (
            ADA,
            "run choose-mirror REGION=eu-de PASSPHRASE=hunter2",
            "Delete that message",
        ),
        (GRACE, "run get-info CLUSTERID=c1 TUGBOAT=t1", "not on the list"),
    ];
    with(|world, bot| async move {
        for (who, asked, told) in cases {
            let answer = world.answer_to(who, asked).await;
            assert!(answer.contains(told), "{asked}: {answer}");
            assert!(!answer.contains("hunter2") && !answer.contains("reboot"), "{answer}");
        }
        for job in [GET_INFO, NIGHTLY, CHOOSE] {
            assert_eq!(world.build_count(job), 0, "{job}");
        }
        world.assert_nothing_kept("hunter2").await;
        bot.stop().await;
    });
}

#[test]
fn what_only_begins_as_a_run_is_looked_for() {
    with(|world, bot| async move {
        for asked in [
            "run failed with SL100: the link of location loc-4711 is down",
            "run SL100",
        ] {
            let answer = world.answer_to(ADA, asked).await;
            assert!(answer.contains("Look up where it runs"), "{asked}: {answer}");
        }
        bot.stop().await;
    });
}

#[test]
fn a_refused_mention_leads_to_the_form() {
    with(|world, bot| async move {
        let ts = world.mention(ADA, "run get-info CLUSTERID=c1");
        let refused = world.saying(&ts, &["needs a value"]).await;
        world.click(ADA, &refused, "Run: Collect the facts").await;
        let form = world.form_of(ADA).await;
        world
            .fill_in(ADA, &form, &[("CLUSTERID", "c1"), ("TUGBOAT", "t1")])
            .await;
        world.saying(&ts, &["Asked for by ada"]).await;
        bot.stop().await;
    });
}

#[test]
fn an_edited_mention_starts_what_it_asks_for_and_one_that_runs_is_left_alone() {
    with(|world, bot| async move {
        let ts = world.mention(ADA, "run get-info CLUSTERID=c1");
        world.saying(&ts, &["needs a value"]).await;
        let edit =
            |text: &str| json!({"user": ADA, "channel": SUPPORT, "ts": ts, "text": format!("<@{SIGNPOST}> {text}")});
        world
            .control("edit", edit("run get-info CLUSTERID=c1 TUGBOAT=t1"))
            .await;
        world.saying(&ts, &["Asked for by ada"]).await;
        world.saying(&ts, &["is on its way"]).await;
        world.builds(GET_INFO, 1).await;
        world
            .control("edit", edit("run get-info CLUSTERID=c2 TUGBOAT=t2"))
            .await;
        assert_eq!(world.settled(&ts).await.len(), 2);
        assert_eq!(world.build_count(GET_INFO), 1);
        bot.stop().await;
    });
}

#[test]
fn a_slash_command_runs_at_once_or_opens_the_form_with_what_was_said() {
    with(|world, bot| async move {
        let told = world.slash(ADA, "run get-info CLUSTERID=c1 TUGBOAT=t1").await;
        assert!(told.contains("is on its way"), "{told}");
        world.posted(SUPPORT, "Asked for by ada").await;
        assert!(world.slash(ADA, "run nightly-report").await.contains("is on its way"));
        world.builds(NIGHTLY, 1).await;

        let told = world.command(ADA, "run get-info CLUSTERID=c2").await;
        assert!(told["response"].is_null(), "{told}");
        let form = world.form_of(ADA).await;
        assert_eq!(field(&form, "CLUSTERID")["element"]["initial_value"], "c2", "{form}");
        let refused = world.slash(ADA, "run get-info CLUSTERID=-x TUGBOAT=t1").await;
        assert!(refused.contains("must not begin with"), "{refused}");
        let refused = world.slash(GRACE, "run get-info CLUSTERID=c1 TUGBOAT=t").await;
        assert!(refused.contains("not on the list"), "{refused}");
        bot.stop().await;
    });
}

#[test]
fn a_slip_in_the_command_is_asked_back_and_one_press_runs_it_once() {
    with(|world, bot| async move {
        let ts = world.mention(ADA, "rn get-info CLUSTERID=c1 TUGBOAT=t1");
        let asked = world.saying(&ts, &["Did you mean"]).await;
        let label = buttons(&asked)[0].clone();
        assert_eq!(label, "Yes: run get-info CLUSTERID=c1 TUGBOAT=t1");
        let presses = (0..3).map(|_| world.click(ADA, &asked, &label));
        futures_util::future::join_all(presses).await;
        world.saying(&ts, &["Asked for by ada"]).await;
        world.builds(GET_INFO, 1).await;
        assert_eq!(world.settled(&ts).await.len(), 2);
        assert_eq!(world.build_count(GET_INFO), 1);
        bot.stop().await;
    });
}

#[test]
fn the_same_twice_is_one_run_and_the_second_is_told() {
    let options = Options {
        jenkins: jenkins::Options {
            quiet_period: Duration::from_mins(5),
            ..jenkins::Options::quick()
        },
        ..options()
    };
    with_options(options, |world| async move {
        let bot = world.bot_with_jobs().await;
        let first = world.mention(ADA, "run nightly-report");
        world.saying(&first, &["Asked for by ada"]).await;
        let second = world.mention(GRACE, "run nightly-report");
        world.saying(&second, &["ada has started “Sum up the day”"]).await;
        world.saying(&first, &["Asked for by ada, and by grace"]).await;
        let told = world.slash(ADA, "run nightly-report").await;
        assert!(told.contains("with the same values already"), "{told}");
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
        world.posted(SUPPORT, "Asked for by ada").await;
        world.builds(GET_INFO, 1).await;
        world.settled("0").await;
        assert_eq!(world.build_count(GET_INFO), 1);
        bot.stop().await;
    });
}

#[test]
fn jobs_lists_what_this_person_may_run_here_and_what_ran() {
    with(|world, bot| async move {
        let told = world.slash(ADA, "jobs").await;
        for one in [
            "Collect the facts",
            "run get-info CLUSTERID=",
            "Sum up the day",
            "1 more is set up",
        ] {
            assert!(told.contains(one), "{one}: {told}");
        }
        let told = world.slash(GRACE, "jobs").await;
        assert!(
            told.contains("Sum up the day") && !told.contains("Collect the facts"),
            "{told}"
        );
        let ts = world.mention(ADA, "jobs");
        let list = world.saying(&ts, &["You can run here"]).await;
        world.click(ADA, &list, "Run: Sum up the day").await;
        let form = world.form_of(ADA).await;
        assert!(words(&form).contains("takes no values"), "{form}");
        world.fill_in(ADA, &form, &[]).await;
        world.saying(&ts, &["Asked for by ada"]).await;
        let told = world.slash(ADA, "jobs").await;
        assert!(
            told.contains("Runs, the newest first") && told.contains("ada"),
            "{told}"
        );
        bot.stop().await;
    });
}

#[test]
fn without_jobs_everything_else_works_and_asking_for_one_says_so() {
    with_options(options(), |world| async move {
        let bot = world.bot().await;
        for asked in ["run get-info CLUSTERID=c1", "run xylophone", "jobs"] {
            let answer = world.answer_to(ADA, asked).await;
            assert!(answer.contains("No Jenkins jobs are set up"), "{asked}: {answer}");
        }
        let direct = world.workspace.say(ADA, ADA_DIRECT, "run get-info").unwrap();
        let answer = &world.replies_in(ADA_DIRECT, &direct).await[0];
        assert!(text(answer).contains("No Jenkins jobs are set up"), "{answer}");
        bot.stop().await;
    });
}

#[test]
fn a_direct_message_is_no_place_to_run_what_is_not_listed_for_it() {
    with(|world, bot| async move {
        let direct = world.workspace.say(ADA, ADA_DIRECT, "run nightly-report").unwrap();
        let answer = &world.replies_in(ADA_DIRECT, &direct).await[0];
        assert!(text(answer).contains("#support"), "{answer}");
        assert_eq!(world.build_count(NIGHTLY), 0);
        bot.stop().await;
    });
}
