//! Killed in the middle of runs, and started again: at most one build, one message that ends, nothing lost.

use signpost::sandbox::GRACE;
use signpost::sandbox::jenkins::GET_INFO;

use super::super::acts::buttons;
use super::ground::*;
use super::program::{Program, configure};
use crate::bot::*;

const NOBODY_KNOWS: &str = "I can’t tell whether it started";

/// Numbers that look random and are the same each time (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }

    /// A random moment: the tests' own clock is part of what is random.
    async fn pause(&mut self, below: u64) {
        tokio::time::sleep(Duration::from_millis(self.roll(below))).await;
    }
}

/// The run in a thread has ended, in one message: in a result, or in "unknown" with a button. Tells which.
async fn ended(world: &World, ts: &str, cluster: &str) -> bool {
    let is_over = |reply: &Value| words(reply).contains("SUCCESS") || words(reply).contains(NOBODY_KNOWS);
    let shown = world.reply_that(SUPPORT, ts, is_over).await;
    world.wait_until_over().await;
    world.wait_until_sent().await;
    let runs = world.runs_in(ts);
    assert_eq!(runs.len(), 1, "one message of a run: {runs:#?}");
    assert!(
        world.made_of(cluster) <= 1,
        "{} builds of {cluster}",
        world.made_of(cluster)
    );
    let is_known = words(&shown).contains("SUCCESS");
    if is_known {
        assert_eq!(world.made_of(cluster), 1);
    } else {
        assert_eq!(buttons(&shown), ["Run again"]);
    }
    is_known
}

/// Five runs, each with a kill at a random moment; each that nobody knows of is asked for again.
fn killed(seed: u64) {
    with_jobs(|world| async move {
        let mut dice = Dice(seed);
        let times = json!({"quiet_period_ms": 40, "build_ms": 90});
        world.jenkins_does("options", &times);
        let mut bot = world.worker().await;
        for at in 0..5 {
            if dice.roll(3) == 0 {
                // The moment between asking Jenkins and its answer, made longer.
                let slow = json!({"kind": "slow", "what": "trigger", "ms": 80, "apply": dice.roll(2) == 0});
                world.jenkins().fault(&slow).unwrap();
            }
            let cluster = format!("c-{seed}-{at}");
            let before = world.triggers();
            let ts = world.asks(ADA, &GET.replace("c-17", &cluster));
            dice.pause(330).await;
            bot.kill().await;
            world.jenkins().fault(&json!({"clear": true})).unwrap();
            bot = world.worker().await;
            let is_known = ended(&world, &ts, &cluster).await;
            assert!(world.triggers() - before <= 1, "it was sent twice");
            if !is_known {
                let before = world.triggers();
                let unknown = &world.runs_in(&ts)[0];
                world.click(GRACE, unknown, "Run again").await;
                world.saying(&ts, &["SUCCESS", "Requested by Grace"]).await;
                assert!(world.triggers() - before <= 1 && world.made_of(&cluster) == 1);
            }
        }
        world.wait_until_over().await;
        bot.stop().await;
    });
}

#[test]
fn at_the_first_five_random_moments() {
    killed(1);
}

#[test]
fn at_the_second_five_random_moments() {
    killed(2);
}

#[test]
fn at_the_third_five_random_moments() {
    killed(3);
}

#[test]
fn at_the_fourth_five_random_moments() {
    killed(4);
}

#[test]
fn the_program_itself_at_every_stage_of_a_run() {
    with_jobs(|world| async move {
        let url = world.workspace.jenkins_url();
        configure(&world, &world.workspace.api_url(), &registry(&url), "info");
        let mut program = Program::start(&world);
        program.ready().await;
        let jenkins = world.jenkins();
        jenkins.act("hold", &json!({"on": true})).unwrap();
        let slow = json!({"kind": "slow", "what": "trigger", "ms": 5000, "apply": true});
        jenkins.fault(&slow).unwrap();
        let ts = world.asks(ADA, GET);
        // Jenkins has it, and does not answer.
        world.running(GET_INFO).await;
        program.kill();
        let mut dice = Dice(5);
        for _ in 0..3 {
            let program = Program::start(&world);
            dice.pause(400).await;
            program.kill();
        }
        let mut program = Program::start(&world);
        program.ready().await;
        world.run_saying(&ts, &["Running"]).await;
        program.kill();
        // It ends while nobody looks.
        jenkins.act("hold", &json!({"on": false})).unwrap();
        let ended_in_jenkins =
            jenkins.wait_for(|state| (state.jobs[GET_INFO].builds.last()?.result.is_some()).then_some(()));
        ended_in_jenkins.await.unwrap();
        for _ in 0..3 {
            let program = Program::start(&world);
            dice.pause(400).await;
            program.kill();
        }
        let mut program = Program::start(&world);
        program.ready().await;
        assert!(ended(&world, &ts, "c-17").await);
        assert_eq!(
            (world.triggers(), world.made_of("c-17"), world.rows().await),
            (1, 1, (1, 0))
        );
        program.kill();
    });
}

#[test]
fn a_run_that_nobody_knows_of_is_looked_for_before_it_is_started_again() {
    with_jobs(|world| async move {
        let bot = world.worker().await;
        let broken = json!({"kind": "break", "what": "trigger"});
        world.jenkins().fault(&broken).unwrap();
        let ts = world.asks(ADA, GET);
        let unknown = world.run_saying(&ts, &[NOBODY_KNOWS]).await;
        // It comes through after all, later than anybody would wait.
        world.jenkins_does("hold", &json!({"on": true}));
        let values = json!({"CLUSTERID": "c-17", "TUGBOAT": "prod-wdc04-carrier107"});
        world.jenkins_does(
            "trigger",
            &json!({"job": GET_INFO, "user": "signpost", "parameters": values}),
        );
        world.running(GET_INFO).await;
        world.click(GRACE, &unknown, "Run again").await;
        world.click(ADA, &unknown, "Run again").await;
        world.saying(&ts, &["Running", "Requested by Grace"]).await;
        world.jenkins_does("hold", &json!({"on": false}));
        world.saying(&ts, &["SUCCESS", "Requested by Grace"]).await;
        world.wait_until_over().await;
        assert_eq!(
            (world.triggers(), world.made_of("c-17"), world.runs_in(&ts).len()),
            (1, 1, 2)
        );

        // And it never came through: then it is started, once.
        world.jenkins().fault(&broken).unwrap();
        let ts = world.asks(ADA, &GET.replace("c-17", "c-18"));
        let unknown = world.run_saying(&ts, &[NOBODY_KNOWS]).await;
        world.click(GRACE, &unknown, "Run again").await;
        world.click(ADA, &unknown, "Run again").await;
        world.saying(&ts, &["SUCCESS", "Requested by Grace"]).await;
        world.wait_until_over().await;
        assert_eq!(
            (world.triggers(), world.made_of("c-18"), world.runs_in(&ts).len()),
            (3, 1, 2)
        );
        bot.stop().await;
    });
}

#[test]
fn secret_values_that_a_kill_took_along_are_asked_for_again_and_nothing_is_started() {
    with_jobs(|world| async move {
        let bot = world.worker().await;
        // One that waits for approval is started later, when nobody knows its secret any more.
        bot.stop().await;
        let url = world.workspace.jenkins_url();
        let mirror = "title = \"Choose a mirror\"\n";
        let jobs = registry(&url).replace(mirror, &format!("{mirror}approve_by = [\"{GRACE}\"]\n"));
        let bot = world.worker_with(&jobs, hasty()).await;
        let word = ["correct", "horse"].join("-");
        let told = world
            .command(ADA, &format!("run mirror REGION=eu-de PASSPHRASE={word}"))
            .await;
        assert_eq!(told["acknowledged"], true, "{told}");
        let asked = world.posted(SUPPORT, "Waiting for approval").await;
        assert!(
            words(&asked).contains("[masked]") && !words(&asked).contains(&word),
            "{asked:#}"
        );
        bot.kill().await;
        let bot = world.worker_with(&jobs, hasty()).await;
        world.click(GRACE, &asked, "Approve").await;
        let ended = world.posted(SUPPORT, "secret values are never saved").await;
        assert!(words(&ended).contains("It was not started"), "{ended:#}");
        assert_eq!(world.triggers(), 0);
        bot.stop().await;
    });
}
