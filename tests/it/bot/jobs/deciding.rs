//! Who decides about runs: one at a time, the same one once, a second person, cancelling, who may at all.

use jiff::SignedDuration;
use signpost::bot::JobTiming;
use signpost::sandbox::jenkins::{FACTS, GET_INFO};
use signpost::sandbox::{GRACE, RANDOM};
use signpost::settings::Channel;

use super::super::acts::{Moved, buttons, text};
use super::ground::*;
use super::running::is_in;
use crate::bot::*;

// --- one at a time, and once ------------------------------------------------------------------------------------------

#[test]
fn a_second_run_waits_for_its_turn() {
    with_jobs(|world| async move {
        let one = registry(&world.workspace.jenkins_url()).replace("concurrency = 5", "concurrency = 1");
        let bot = world.worker_with(&one, hasty()).await;
        world.jenkins_does("hold", &json!({"on": true}));
        let first = world.asks(ADA, GET);
        world.run_saying(&first, &["Running"]).await;
        let second = world.asks(GRACE, &GET.replace("c-17", "c-18"));
        world
            .run_saying(
                &second,
                &["Waiting for its turn", "Another run of this job must finish first"],
            )
            .await;
        assert_eq!((world.triggers(), world.made_of("c-18")), (1, 0));
        world.jenkins_does("hold", &json!({"on": false}));
        world.run_saying(&first, &["SUCCESS"]).await;
        world.run_saying(&second, &["SUCCESS"]).await;
        assert_eq!(
            (world.triggers(), world.made_of("c-17"), world.made_of("c-18")),
            (2, 1, 1)
        );
        bot.stop().await;
    });
}

#[test]
fn the_same_run_is_joined_and_not_repeated() {
    with_jobs(|world| async move {
        let bot = world.worker().await;
        world.jenkins_does("hold", &json!({"on": true}));
        let first = world.asks(ADA, GET);
        world.run_saying(&first, &["Running"]).await;
        let second = world.asks(GRACE, GET);
        let told = world.saying(
            &second,
            &["Ada already started “Collect the configuration” with these values"],
        );
        is_in(&told.await, &["go to the run"]);
        world.run_saying(&first, &["and Grace"]).await;
        world.jenkins_does("hold", &json!({"on": false}));
        world.run_saying(&first, &["SUCCESS", "and Grace"]).await;
        assert_eq!(
            (world.triggers(), world.made_of("c-17"), world.runs_in(&second).len()),
            (1, 1, 0)
        );
        assert!(world.audited().await.iter().any(|(what, _)| what == "joined"));
        // Once it has ended, the same is another run. Its artifacts are read after its build is known to be a success.
        world.wait_until_over().await;
        let third = world.asks(GRACE, GET);
        world.run_saying(&third, &["SUCCESS"]).await;
        assert_eq!(world.triggers(), 2);
        bot.stop().await;
    });
}

#[test]
fn the_same_run_is_known_again_after_a_restart_and_its_values_are_not_kept_to_compare() {
    with_jobs(|world| async move {
        let bot = world.worker().await;
        world.jenkins_does("hold", &json!({"on": true}));
        let first = world.asks(ADA, GET);
        world.run_saying(&first, &["Running"]).await;
        bot.kill().await;
        let pool = world.look_into_store().await;
        let kept: String = sqlx::query_scalar("SELECT fingerprint FROM runs")
            .fetch_one(&pool)
            .await
            .unwrap();
        assert!(kept.starts_with("hmac:") && !kept.contains("c-17"), "{kept}");
        let bot = world.worker().await;
        let second = world.asks(GRACE, GET);
        world.saying(&second, &["with these values"]).await;
        world.jenkins_does("hold", &json!({"on": false}));
        world.run_saying(&first, &["SUCCESS", "and Grace"]).await;
        assert_eq!(world.triggers(), 1);
        bot.stop().await;
    });
}

#[test]
fn a_run_that_cannot_be_read_is_joined_all_the_same_and_never_said_to_start() {
    with_jobs(|world| async move {
        let bot = world.worker().await;
        world.jenkins_does("hold", &json!({"on": true}));
        let first = world.asks(ADA, GET);
        world.run_saying(&first, &["Running"]).await;
        bot.kill().await;
        // As a version of tomorrow may have written it.
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.store());
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        sqlx::query("UPDATE runs SET body = '{}'").execute(&pool).await.unwrap();
        pool.close().await;
        let bot = world.worker().await;
        let told = world.command(GRACE, GET).await;
        let said = text(&told["response"]);
        assert!(
            said.contains("with these values") && !said.contains("on its way"),
            "{told}"
        );
        let second = world.asks(GRACE, GET);
        world
            .saying(
                &second,
                &["Ada already started “Collect the configuration” with these values"],
            )
            .await;
        assert_eq!((world.triggers(), world.rows().await), (1, (1, 1)));
        bot.stop().await;
    });
}

#[test]
fn more_runs_with_secret_values_than_are_kept_are_refused_with_the_true_reason() {
    with_jobs(|world| async move {
        let few = Parts {
            jobs: JobTiming {
                secrets: 1,
                ..hasty().jobs
            },
            ..hasty()
        };
        let bot = world.worker_with(&registry(&world.workspace.jenkins_url()), few).await;
        world.jenkins_does("hold", &json!({"on": true}));
        let asks = async |secret: &str| {
            let told = world
                .command(ADA, &format!("run mirror REGION=eu-de PASSPHRASE={secret}"))
                .await;
            text(&told["response"])
        };
        assert!(asks("first").await.contains("Requested “"));
        world.posted(SUPPORT, "Running").await;
        let refused = asks("second").await;
        assert!(
            refused.contains("was not started: too many runs with secret values"),
            "{refused}"
        );
        assert_eq!((world.triggers(), world.rows().await), (1, (1, 1)));
        // Those without are not in the way.
        let ts = world.asks(ADA, GET);
        world.run_saying(&ts, &["Running"]).await;
        world.jenkins_does("hold", &json!({"on": false}));
        world.wait_until_over().await;
        assert!(asks("third").await.contains("Requested “"));
        world.wait_until_over().await;
        assert_eq!(world.triggers(), 3);
        let why = world.audited().await;
        assert!(
            why.iter().any(|(what, why)| what == "refused" && why.contains("full")),
            "{why:?}"
        );
        bot.stop().await;
    });
}

// --- a second person --------------------------------------------------------------------------------------------------

#[test]
fn only_a_second_person_who_is_listed_approves_also_after_a_restart() {
    with_jobs(|world| async move {
        let bot = world.worker().await;
        let ts = world.asks(ADA, "run facts NODE=n-1");
        let asked = world
            .run_saying(&ts, &["Waiting for approval", "Someone other than Ada must approve it"])
            .await;
        assert_eq!(buttons(&asked), ["Approve", "Decline", "Cancel run"]);
        world.click(ADA, &asked, "Approve").await;
        world.whispered(ADA, SUPPORT, "You aren’t allowed to approve").await;
        bot.kill().await;
        let bot = world.worker().await;
        assert_eq!(world.triggers(), 0);
        world.click(GRACE, &asked, "Approve").await;
        world.run_saying(&ts, &["SUCCESS", "approved by Grace"]).await;
        world.wait_until_over().await;
        assert_eq!((world.triggers(), world.runs_in(&ts).len()), (1, 1));

        // Who may approve does not approve what they asked for, and declining ends it.
        let own = world.asks(GRACE, "run facts NODE=n-2");
        let asked = world
            .run_saying(&own, &["Someone other than Grace must approve it"])
            .await;
        world.click(GRACE, &asked, "Approve").await;
        world.whispered(GRACE, SUPPORT, "You requested this run").await;
        world.click(GRACE, &asked, "Cancel run").await;
        world
            .run_saying(&own, &["Cancelled", "by Grace", "Nothing was changed"])
            .await;
        let third = world.asks(ADA, "run facts NODE=n-3");
        let asked = world.run_saying(&third, &["Waiting for approval"]).await;
        world.click(GRACE, &asked, "Decline").await;
        world
            .run_saying(&third, &["Declined", "by Grace", "Nothing was started"])
            .await;
        world
            .saying(
                &third,
                &["Ada: “Collect facts” was not started, because Grace declined it"],
            )
            .await;
        assert_eq!(
            (world.triggers(), world.made_of("n-2"), world.made_of("n-3")),
            (1, 0, 0)
        );
        let told: Vec<String> = world.audited().await.into_iter().map(|(what, _)| what).collect();
        for what in [
            "requested",
            "approval-refused",
            "approved",
            "declined",
            "triggered",
            "result",
        ] {
            assert!(told.iter().any(|one| one == what), "{what} is not in {told:?}");
        }
        bot.stop().await;
    });
}

#[test]
fn what_nobody_approves_in_time_is_void_whether_the_bot_lives_or_not() {
    with_jobs(|world| async move {
        let clock = Arc::new(Moved::default());
        let parts = || Parts {
            clock: Arc::clone(&clock) as _,
            ..hasty()
        };
        let jobs = registry(&world.workspace.jenkins_url());
        let bot = world.worker_with(&jobs, parts()).await;
        let late = world.asks(ADA, "run facts NODE=n-1");
        let asked = world.run_saying(&late, &["Waiting for approval"]).await;
        assert!(words(&asked).contains(&format!("<@{GRACE}>")), "{asked:#}");
        bot.kill().await;
        clock.turn(SignedDuration::from_mins(25));
        let bot = world.worker_with(&jobs, parts()).await;
        let reminder = world
            .saying(&late, &["Ada’s “Collect facts” still needs approval"])
            .await;
        assert!(words(&reminder).contains(&format!("<@{GRACE}>")), "{reminder:#}");
        clock.turn(SignedDuration::from_mins(6));
        world.click(GRACE, &asked, "Approve").await;
        world.whispered(GRACE, SUPPORT, "It’s too late for that").await;
        world
            .run_saying(&late, &["Not approved in time", "Nothing was started"])
            .await;
        let told = world
            .saying(
                &late,
                &["Ada: “Collect facts” was not started", "nobody approved it by"],
            )
            .await;
        let mention = format!("<@{ADA}>");
        assert!(
            words(&told).replace(&mention, "").len() < words(&told).len(),
            "{told:#}"
        );
        assert!(
            !words(&told).replace(&mention, "").contains("<@") && !words(&told).replace("<!date^", "").contains("<!"),
            "{told:#}"
        );

        let asleep = world.asks(ADA, "run facts NODE=n-2");
        world.run_saying(&asleep, &["Waiting for approval"]).await;
        bot.kill().await;
        clock.turn(SignedDuration::from_mins(31));
        let bot = world.worker_with(&jobs, parts()).await;
        world.run_saying(&asleep, &["Not approved in time"]).await;
        world.saying(&asleep, &["Ada: “Collect facts” was not started"]).await;
        for ts in [&late, &asleep] {
            let told = world.settled(ts).await;
            let told = told
                .iter()
                .filter(|reply| words(reply).contains("was not started, because"));
            assert_eq!(told.count(), 1);
        }
        for (ts, count) in [(&late, 1), (&asleep, 0)] {
            let told = world.settled(ts).await;
            let reminders = told
                .iter()
                .filter(|reply| words(reply).contains("still needs approval"));
            assert_eq!(reminders.count(), count);
        }
        assert_eq!((world.triggers(), world.rows().await), (0, (2, 0)));
        bot.stop().await;
    });
}

// --- cancelling -------------------------------------------------------------------------------------------------------

#[test]
fn a_run_is_cancelled_in_the_queue_and_while_it_runs_but_not_by_everybody() {
    with_jobs(|world| async move {
        let url = world.workspace.jenkins_url();
        let only_ada = registry(&url).replace(
            &format!("run_by = [\"{ADA}\", \"{GRACE}\"]"),
            &format!("run_by = [\"{ADA}\"]"),
        );
        let bot = world.worker_with(&only_ada, hasty()).await;
        let queued = world.asks(ADA, "run gpu");
        let waits = world
            .run_saying(
                &queued,
                &["Waiting in Jenkins’ queue", "There are no nodes with the label"],
            )
            .await;
        world.click(GRACE, &waits, "Cancel run").await;
        world
            .whispered(GRACE, SUPPORT, "Only people who can run “Wants a gpu” can cancel it")
            .await;
        assert_eq!(world.jenkins().read(|state| state.waiting().count()), 1);
        world.click(ADA, &waits, "Cancel run").await;
        let gone = world
            .run_saying(&queued, &["Cancelled", "by Ada", "before it started"])
            .await;
        assert_eq!(world.jenkins().read(|state| state.waiting().count()), 0);
        assert_eq!(buttons(&gone), ["Run again"]);

        world.jenkins_does("hold", &json!({"on": true}));
        let ts = world.asks(ADA, GET);
        let runs = world.run_saying(&ts, &["Running"]).await;
        world.click(GRACE, &runs, "Cancel run").await;
        world
            .whispered(GRACE, SUPPORT, "“Collect the configuration” can cancel it")
            .await;
        world.click(ADA, &runs, "Cancel run").await;
        world.run_saying(&ts, &["ABORTED", "Cancelled by Ada"]).await;
        let told = world.audited().await;
        let refused = told.iter().filter(|(what, _)| what == "cancel-refused").count();
        assert_eq!((refused, world.triggers()), (2, 2));
        bot.stop().await;
    });
}

// --- who may ----------------------------------------------------------------------------------------------------------

#[test]
fn who_is_not_listed_where_it_is_not_listed_and_strangers_run_nothing() {
    with_jobs(|world| async move {
        let url = world.workspace.jenkins_url();
        let partners = world.partners().await;
        let jobs = registry(&url)
            .replace(
                &format!("run_by = [\"{ADA}\", \"{GRACE}\"]"),
                &format!("run_by = [\"{ADA}\"]"),
            )
            .replace(
                &format!("channels = [\"{SUPPORT}\"]"),
                &format!("channels = [\"{SUPPORT}\", \"{partners}\"]"),
            );
        let closed = format!("title = \"Sum up the day\"\nrun_by = [\"{ADA}\"]");
        let nobody = jobs.replace(&closed, "title = \"Sum up the day\"\nrun_by = []");
        let bot = world.worker_with(&nobody, hasty()).await;
        let ask = |who: &str, channel: &str, command: &str| {
            let asked = format!("<@{SIGNPOST}> {command}");
            world.workspace.say(who, channel, &asked).unwrap()
        };
        for (who, channel, command, says) in [
            (
                GRACE,
                SUPPORT,
                GET,
                "You aren’t allowed to run “Collect the configuration”",
            ),
            (ADA, RANDOM, GET, "can’t be run in this channel"),
            (
                ADA,
                &partners,
                GET,
                "Jobs can only be run by members of my organisation",
            ),
            (ADA, SUPPORT, "run nightly", "You aren’t allowed"),
            (ADA, SUPPORT, "run unheard-of A=b", "I don’t know a job called"),
        ] {
            let ts = ask(who, channel, command);
            let told = world.replies_in(channel, &ts).await;
            assert!(words(&told[0]).contains(says), "{who} {command}: {told:#?}");
        }
        assert_eq!((world.triggers(), world.rows().await), (0, (0, 0)));
        let told = world.audited().await;
        let refused: Vec<&String> = told
            .iter()
            .filter(|(what, _)| what == "refused")
            .map(|(_, why)| why)
            .collect();
        for why in ["not-listed", "not-here", "stranger"] {
            assert!(
                refused.iter().any(|one| one.contains(why)),
                "{why} is not in {refused:?}"
            );
        }
        bot.stop().await;
    });
}

#[test]
fn a_channel_that_is_listed_for_partners_lets_them_run_a_job_in_words_and_in_the_form() {
    with_jobs(|world| async move {
        let partners = world.partners().await;
        let eve = world.control("person", json!({"name": "eve", "stranger": true})).await;
        let eve = eve["id"].as_str().unwrap().to_owned();
        let jobs = registry(&world.workspace.jenkins_url())
            .replace(
                &format!("\"{GRACE}\"]\nchannels"),
                &format!("\"{GRACE}\", \"{eve}\"]\nchannels"),
            )
            .replace(
                &format!("channels = [\"{SUPPORT}\"]"),
                &format!("channels = [\"{SUPPORT}\", \"{partners}\"]"),
            );
        let mut settings = world.settings_with(&jobs);
        settings.channels.push(Channel {
            id: partners.clone(),
            shared: true,
            ..Channel::default()
        });
        let bot = world.bot_with(settings, hasty()).await;
        let asked = format!("<@{SIGNPOST}> run nightly");
        let ts = world.workspace.say(&eve, &partners, &asked).unwrap();
        world
            .reply_that(&partners, &ts, |reply| words(reply).contains("Requested by Eve"))
            .await;
        let sent = json!({"user": eve, "command": "/signpost", "text": "run mirror", "channel": partners});
        world.control("command", sent).await;
        let form = world.form_of(&eve).await;
        let told = world.fill_in(&eve, &form, &[("REGION", "eu-de")]).await;
        assert!(told["response"]["response_action"].is_null(), "{told}");
        world.posted(&partners, "Choose a mirror").await;
        bot.stop().await;
    });
}

// --- the registry changes ---------------------------------------------------------------------------------------------

#[test]
fn a_job_that_is_taken_out_of_the_registry_is_neither_started_nor_followed() {
    with_jobs(|world| async move {
        let bot = world.worker().await;
        world.jenkins_does("hold", &json!({"on": true}));
        let runs = world.asks(ADA, GET);
        world.run_saying(&runs, &["Running"]).await;
        let waits = world.asks(ADA, "run facts NODE=n-1");
        let asked = world.run_saying(&waits, &["Waiting for approval"]).await;
        bot.kill().await;
        let url = world.workspace.jenkins_url();
        let all = registry(&url);
        let rest = all
            .split("\n[[jobs]]")
            .filter(|job| !job.contains(GET_INFO) && !job.contains(FACTS));
        let rest: Vec<&str> = rest.collect();
        let bot = world.worker_with(&rest.join("\n[[jobs]]"), hasty()).await;
        world
            .run_saying(
                &runs,
                &[
                    "I can’t tell what happened to it",
                    "was removed from `config/jobs.toml`",
                ],
            )
            .await;
        world.click(GRACE, &asked, "Approve").await;
        world.whispered(GRACE, SUPPORT, "It’s too late for that").await;
        assert_eq!((world.triggers(), world.made_of("n-1")), (1, 0));
        assert!(text(&world.runs_in(&waits)[0]).contains("Waiting for approval"));
        bot.stop().await;
    });
}
