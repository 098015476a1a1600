//! How people ask for a run in words: by mention, in a direct message, with a slash command, and with a press.

use super::super::acts::{buttons, text};
use super::super::words;
use super::*;
use signpost::sandbox::SIGNPOST;

const ADA_DIRECT: &str = "D0ADA00001";

/// Runs a test with a bot that knows the jobs.
pub(super) fn with<F: Future<Output = ()>>(test: impl FnOnce(World, Bot) -> F) {
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
        text(&self.replies(&ts).await[0])
    }

    /// What only who asks is shown.
    async fn slash(&self, who: &str, what: &str) -> String {
        let told = self.command(who, what).await;
        assert_eq!(told["response"]["response_type"], "ephemeral", "{told}");
        text(&told["response"])
    }
}

#[test]
fn the_error_of_another_location_has_a_card_and_a_run_of_its_own() {
    with(|world, bot| async move {
        let first = world.say(ALERT);
        world.saying(&first, &["loc-4711", "Run: Collect the facts"]).await;
        let second = world.say(&ALERT.replace("4711", "4712"));
        world.saying(&second, &["loc-4712", "Run: Collect the facts"]).await;
        // The same location again is the same error.
        let third = world.say(ALERT);
        assert!(!text(&world.replies(&third).await[0]).contains("Run:"));
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
        world.saying(&ts, &["Collect the facts", "Requested by Ada"]).await;
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
        (ADA, "run get-info CLUSTERID=$(reboot) TUGBOAT=t1", "isn’t valid"),
        (ADA, "run get-info CLUSTERID=c1", "`TUGBOAT` needs a value"),
        (ADA, "run get-info CLUSTER=c1 TUGBOAT=t1", "Did you mean `CLUSTERID`"),
        (
            ADA,
            "run get-info FOO=1",
            "This job has no parameter `FOO`. It has `CLUSTERID`, `TUGBOAT`, `CARRIER_NAME`, `BRANCH`.",
        ),
        // Whatever stands before a `=` may be a part of a secret.
        (
            ADA,
            "run get-info CLUSTERID=c1 TUGBOAT=t1 hunter2hunter2hunter2hunter2hunter2hunter2hunter2=x",
            "One of the names isn’t a parameter of this job. It has `CLUSTERID`",
        ),
        (
            ADA,
            "run get-info CLUSTERID=c1 TUGBOAT=t1 aHVudGVyMmh1bnRlcjI==",
            "One of the names isn’t a parameter of this job.",
        ),
        (ADA, "run get-info CLUSTERID=c1 TUGBOAT=t1 BRANCH=Old", "must be one of"),
        (ADA, "run get-info CLUSTERID=c1 TUGBOAT=\"t1", "unclosed quote"),
        (ADA, "run get-info CLUSTERID=c1 CLUSTERID=c2", "given twice"),
        (
            ADA,
            "run get-info CLUSTERID=c1 TUGBOAT t1",
            "One of the words isn’t a value",
        ),
        (ADA, "run get-info now", "One of the words isn’t a value"),
        (ADA, "run get-inof CLUSTERID=c1", "Did you mean `run get-info`"),
        (ADA, "run nightly-reprot", "Did you mean `run nightly-report`"),
        (ADA, "run xylophone", "I don’t know a job called “xylophone”"),
        (ADA, "run elsewhere", "#random"),
        (
            ADA,
            "run choose-mirror REGION=eu-de PASSPHRASE=hunter2",
            "Delete that message",
        ),
        (GRACE, "run get-info CLUSTERID=c1 TUGBOAT=t1", "aren’t allowed to run"),
    ];
    with(|world, bot| async move {
        for (who, asked, told) in cases {
            let answer = world.answer_to(who, asked).await;
            assert!(answer.contains(told), "{asked}: {answer}");
            for secret in ["hunter2", "reboot", "aHVudGVy"] {
                assert!(!answer.contains(secret), "{answer}");
            }
        }
        for job in [GET_INFO, NIGHTLY, CHOOSE] {
            assert_eq!(world.build_count(job), 0, "{job}");
        }
        world.assert_nothing_kept("hunter2").await;
        bot.stop().await;
    });
}

#[test]
fn a_job_goes_by_its_title_its_path_in_jenkins_and_the_end_of_that() {
    let names = [
        GET_INFO.to_owned(),
        format!("{}/", GET_INFO.to_uppercase()),
        format!("job/{}", GET_INFO.replace('/', "/job/")),
        "armada-ha-master-get-info".to_owned(),
        "armada-cruiser-automated-recovery/armada-ha-master-get-info".to_owned(),
        "\"Collect the facts\"".to_owned(),
        "Collect the facts".to_owned(),
        "COLLECT  THE FACTS".to_owned(),
    ];
    with(|world, bot| async move {
        for (at, name) in names.iter().enumerate() {
            let ts = world.mention(ADA, &format!("run {name} CLUSTERID=c-{at} TUGBOAT=t1"));
            world
                .saying(&ts, &["Collect the facts", "Requested by Ada", &format!("c-{at}")])
                .await;
        }
        world.builds(GET_INFO, names.len()).await;
        // Without values, too; and the title of a job is no runbook's.
        let ts = world.mention(ADA, "run sum up the day");
        world.saying(&ts, &["Sum up the day", "Requested by Ada"]).await;
        let told = world.slash(ADA, "run Sum up the day").await;
        assert!(told.contains("Sum up the day") && !told.contains("runbook"), "{told}");
        bot.stop().await;
    });
}

#[test]
fn a_name_of_several_jobs_is_asked_back_and_one_of_none_is_told_with_the_nearest() {
    with_options(options(), |world| async move {
        let mut settings = world.with_jobs();
        "Sum up the day".clone_into(&mut std::sync::Arc::make_mut(&mut settings.jobs.registry).jobs[3].title);
        let bot = world.bot_with(settings, soon()).await;
        let ts = world.mention(ADA, "run sum up the day");
        let asked = world
            .saying(
                &ts,
                &[
                    "several jobs called “sum up the day”",
                    "run nightly-report",
                    "run elsewhere",
                ],
            )
            .await;
        assert_eq!(buttons(&asked), ["Run: nightly-report", "Run: elsewhere"]);
        world.click(ADA, &asked, "Run: nightly-report").await;
        let form = world.form_of(ADA).await;
        world.fill_in(ADA, &form, &[]).await;
        world.saying(&ts, &["Requested by Ada"]).await;
        for (asked, told) in [
            ("run Collect the fcats", "Did you mean `run get-info`?"),
            ("run Collect the fact CLUSTERID=c1", "Did you mean `run get-info`?"),
            ("run Tools/no-such-job", "`jobs` lists what you can run here"),
        ] {
            let answer = world.answer_to(ADA, asked).await;
            assert!(
                answer.contains("I don’t know a job called") && answer.contains(told),
                "{asked}: {answer}"
            );
        }
        assert_eq!(world.build_count(GET_INFO), 0);
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
        // What was said already stands there.
        assert_eq!(field(&form, "CLUSTERID")["element"]["initial_value"], "c1", "{form}");
        world.fill_in(ADA, &form, &[("TUGBOAT", "t1")]).await;
        world.saying(&ts, &["Requested by Ada"]).await;
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
        world.saying(&ts, &["Requested by Ada"]).await;
        world.saying(&ts, &["Requested “"]).await;
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
        assert!(told.contains("Requested “"), "{told}");
        world.posted(SUPPORT, "Requested by Ada").await;
        assert!(world.slash(ADA, "run nightly-report").await.contains("Requested “"));
        world.builds(NIGHTLY, 1).await;

        let told = world.command(ADA, "run get-info CLUSTERID=c2").await;
        assert!(told["response"].is_null(), "{told}");
        let form = world.form_of(ADA).await;
        assert_eq!(field(&form, "CLUSTERID")["element"]["initial_value"], "c2", "{form}");
        let refused = world.slash(ADA, "run get-info CLUSTERID=-x TUGBOAT=t1").await;
        assert!(refused.contains("must not start with"), "{refused}");
        let refused = world.slash(GRACE, "run get-info CLUSTERID=c1 TUGBOAT=t").await;
        assert!(refused.contains("aren’t allowed to run"), "{refused}");
        bot.stop().await;
    });
}

#[test]
fn a_slip_in_the_command_is_asked_back_and_one_press_runs_it_once() {
    with(|world, bot| async move {
        let ts = world.mention(ADA, "rn get-info CLUSTERID=c1 TUGBOAT=t1");
        let asked = world.saying(&ts, &["Did you mean"]).await;
        let label = buttons(&asked)[0].clone();
        assert_eq!(label, "run get-info CLUSTERID=c1 TUGBOAT=t1");
        let presses = (0..3).map(|_| world.click(ADA, &asked, &label));
        futures_util::future::join_all(presses).await;
        world.saying(&ts, &["Requested by Ada"]).await;
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
        world.saying(&first, &["Requested by Ada"]).await;
        let second = world.mention(GRACE, "run nightly-report");
        world.saying(&second, &["Ada already started “Sum up the day”"]).await;
        world.saying(&first, &["Requested by Ada and Grace"]).await;
        let told = world.slash(ADA, "run nightly-report").await;
        assert!(told.contains("with these values"), "{told}");
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
            "1 more is available",
        ] {
            assert!(told.contains(one), "{one}: {told}");
        }
        let told = world.slash(GRACE, "jobs").await;
        assert!(
            told.contains("Sum up the day") && !told.contains("Collect the facts"),
            "{told}"
        );
        let ts = world.mention(ADA, "jobs");
        let list = world.saying(&ts, &["Jobs you can run here"]).await;
        world.click(ADA, &list, "Run: Sum up the day").await;
        let form = world.form_of(ADA).await;
        assert!(words(&form).contains("has no parameters"), "{form}");
        world.fill_in(ADA, &form, &[]).await;
        world.saying(&ts, &["Requested by Ada"]).await;
        let told = world.slash(ADA, "jobs").await;
        assert!(told.contains("Runs, newest first") && told.contains("Ada"), "{told}");
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

#[test]
fn only_who_pressed_is_told_that_they_may_not() {
    let options = Options {
        jenkins: jenkins::Options {
            quiet_period: Duration::from_mins(5),
            ..jenkins::Options::quick()
        },
        ..options()
    };
    with_options(options, |world| async move {
        let bot = world.bot_with_jobs().await;
        let ts = world.mention(ADA, "run get-info CLUSTERID=c1 TUGBOAT=t1");
        let message = world.saying(&ts, &["Requested by Ada"]).await;
        world.click(GRACE, &message, "Cancel run").await;
        world.whispered(GRACE, SUPPORT, "Only people who can run").await;
        world.click(ADA, &message, "Cancel run").await;
        world.saying(&ts, &["ancelled"]).await;
        bot.stop().await;
    });
}

#[test]
fn what_jenkins_does_not_know_is_said_before_anything_is_sent() {
    with_options(options(), |world| async move {
        let mut settings = world.with_jobs();
        let job = &mut std::sync::Arc::make_mut(&mut settings.jobs.registry).jobs[0];
        let mut unknown = job.parameters[2].clone();
        unknown.name = "CARRIER".to_owned();
        job.parameters.push(unknown);
        let bot = world.bot_with(settings, soon()).await;
        let told = world
            .answer_to(ADA, "run get-info CLUSTERID=c1 TUGBOAT=t1 CARRIER=x")
            .await;
        assert!(told.contains("The job in Jenkins has no parameter `CARRIER`"), "{told}");
        world.command(ADA, "run get-info").await;
        let form = world.form_of(ADA).await;
        let values = [("CLUSTERID", "c1"), ("TUGBOAT", "t1"), ("CARRIER", "x")];
        let told = world.fill_in(ADA, &form, &values).await;
        let said = told["response"]["errors"]["p:CARRIER"].as_str().unwrap();
        assert!(said.contains("job in Jenkins has no parameter"), "{told}");
        assert_eq!(world.build_count(GET_INFO), 0);
        bot.stop().await;
    });
}

#[test]
fn where_strangers_read_along_nothing_runs_and_no_job_is_named() {
    with_options(options(), |world| async move {
        let made = json!({"name": "partners", "shared": true, "members": [ADA, GRACE, SIGNPOST]});
        let made = world.control("channel", made).await;
        let partners = made["channel"].as_str().unwrap();
        let mut settings = world.with_jobs();
        for job in &mut std::sync::Arc::make_mut(&mut settings.jobs.registry).jobs {
            job.channels.push(partners.to_owned());
        }
        let bot = world.bot_with(settings, soon()).await;
        for asked in [
            "run nightly-report",
            "run nightly-reprot",
            "jobs",
            "run choose-mirror REGION=eu-de",
        ] {
            let ts = world
                .workspace
                .say(ADA, partners, &format!("<@{SIGNPOST}> {asked}"))
                .unwrap();
            let answer = text(&world.replies_in(partners, &ts).await[0]);
            assert!(answer.contains("my organisation"), "{asked}: {answer}");
            assert!(
                !answer.contains("Sum up the day") && !answer.contains("get-info"),
                "{answer}"
            );
        }
        let sent = json!({"user": ADA, "command": "/signpost", "text": "run nightly-report", "channel": partners});
        let told = world.control("command", sent).await;
        assert!(text(&told["response"]).contains("my organisation"), "{told}");
        assert_eq!(world.build_count(NIGHTLY), 0);
        bot.stop().await;
    });
}
