//! Busy channels: what a message belongs to is found, however many other cases came since.

use super::acts::{buttons, text};
use super::*;
use jiff::{SignedDuration, Timestamp};
use signpost::clock::{Clock as _, SystemClock};
use signpost::sandbox::{ALERTS, GRACE};
use signpost::store::sqlite::Sqlite;
use signpost::store::{CaseRow, Changes, Store as _};

const CORE: &str = "---\nsignpost:\n  signatures:\n    - alert: CoreBreachImminent\n---\n# Core breach\n\n\
    1. Eject the core.\n";

/// Other people's cases, all newer than anything else in the channel.
const CROWD: usize = 320;

/// A case of somebody else in a thread of its own.
fn other(channel: &str, number: usize, now: Timestamp) -> CaseRow {
    let id = format!("T:{channel}:999.{number}");
    CaseRow {
        channel: channel.to_owned(),
        thread_ts: Some(format!("999.{number}")),
        author: Some("U0SOMEONE".to_owned()),
        fingerprint: format!("other.md # {number}"),
        identity: Some(number.to_string()),
        open: true,
        post: Some(format!("answer:{id}:0")),
        version: 0,
        body: json!({"id": id, "found": {"runbook": "other.md"}}).to_string(),
        created_at: now,
        updated_at: now,
        id,
    }
}

impl World {
    /// Adds cases to a channel, without a bot.
    async fn crowd(&self, channel: &str) {
        let store = Sqlite::open(&self.store()).await.unwrap();
        let now = SystemClock.now() + SignedDuration::from_secs(1);
        let done = Changes {
            cases: (0..CROWD).map(|number| other(channel, number, now)).collect(),
            ..Changes::default()
        };
        assert!(store.commit(&done, None, now).await.unwrap());
    }

    /// The bot is away while a channel gets busy.
    async fn meanwhile_busy(&self, bot: Bot, settings: Settings, channel: &str) -> Bot {
        self.wait_until_sent().await;
        bot.stop().await;
        self.crowd(channel).await;
        self.bot_with(settings, Parts::default()).await
    }
}

#[test]
fn the_end_of_an_alert_is_told_in_its_answer_and_a_reminder_gets_no_other() {
    with(|world| async move {
        world.write("core.md", CORE);
        let bot = world.bot_with(world.with_alerts(), Parts::default()).await;
        let first = world.alert("CoreBreachImminent", "firing").await;
        world.replies_in(ALERTS, &first).await;
        let bot = world.meanwhile_busy(bot, world.with_alerts(), ALERTS).await;
        let again = world.alert("CoreBreachImminent", "firing").await;
        assert!(world.settled_in(ALERTS, &again).await.is_empty(), "a reminder");
        world.alert("CoreBreachImminent", "resolved").await;
        world
            .reply_that(ALERTS, &first, |reply| words(reply).contains("the alert has cleared"))
            .await;
        bot.stop().await;
    });
}

#[test]
fn an_alert_that_fired_for_weeks_is_told_to_be_over() {
    with(|world| async move {
        world.write("core.md", CORE);
        let (bot, clock) = world.bot_in_time(world.with_alerts()).await;
        let first = world.alert("CoreBreachImminent", "firing").await;
        world.replies_in(ALERTS, &first).await;
        clock.turn(SignedDuration::from_hours(24 * 20));
        world.alert("CoreBreachImminent", "resolved").await;
        world
            .reply_that(ALERTS, &first, |reply| words(reply).contains("the alert has cleared"))
            .await;
        bot.stop().await;
    });
}

#[test]
fn the_same_error_still_gets_a_pointer() {
    with(|world| async move {
        let bot = world.bot().await;
        let first = world.say(PASTE);
        world.saying(&first, &["fluxctl fill w-17"]).await;
        let bot = world.meanwhile_busy(bot, world.settings(), SUPPORT).await;
        let second = world.workspace.say(GRACE, SUPPORT, PASTE).unwrap();
        let pointer = world.replies(&second).await.remove(0);
        assert!(buttons(&pointer).is_empty(), "{pointer}");
        assert!(
            words(&pointer).contains(&format!("p{}", first.replace('.', ""))),
            "{pointer}"
        );
        bot.stop().await;
    });
}

#[test]
fn what_an_author_adds_goes_into_their_answer() {
    with(|world| async move {
        let bot = world.bot().await;
        let ts = world.say("the deploy ended with error QX4711");
        world.saying(&ts, &["QX4711"]).await;
        let bot = world.meanwhile_busy(bot, world.settings(), SUPPORT).await;
        let more = world.say("QX4711: the flux capacitor of node w-17 is empty");
        world.saying(&ts, &["fluxctl fill w-17"]).await;
        assert!(world.settled(&more).await.is_empty());
        bot.stop().await;
    });
}

#[test]
fn talk_in_a_thread_stays_talk_also_days_later() {
    with(|world| async move {
        // The sample pack: its runbook names the field that the lookup answers with.
        let settings = || Settings {
            runbooks: settings::built_in().unwrap().runbooks,
            ..world.settings()
        };
        let bot = world.bot_with(settings(), Parts::default()).await;
        let first =
            world.say("[FIRING:1] SatelliteLinkConnectorDeployCannotgetIAMTokenFromIAMServer cluster_id = loc4711");
        world.saying(&first, &["ActualDatacenterCluster"]).await;
        world.wait_until_sent().await;
        bot.stop().await;
        world.crowd(SUPPORT).await;
        let (bot, clock) = world.bot_in_time(settings()).await;
        let talk = "ActualDatacenterCluster: prod-wdc04.carrier107";
        world.workspace.reply(GRACE, SUPPORT, &first, talk).unwrap();
        assert_eq!(world.settled(&first).await.len(), 1);
        clock.turn(SignedDuration::from_hours(50));
        world.workspace.reply(GRACE, SUPPORT, &first, talk).unwrap();
        assert_eq!(world.settled(&first).await.len(), 1);
        bot.stop().await;
    });
}

#[test]
fn a_run_finds_the_case_of_its_thread() {
    with_options(jobs::options(), |world| async move {
        let bot = world.bot_with(world.with_jobs(), Parts::default()).await;
        let ts = world.say(jobs::ALERT);
        world.saying(&ts, &["Look up where it runs"]).await;
        world.workspace.reply(GRACE, SUPPORT, &ts, jobs::LOOKED_UP).unwrap();
        let bot = world.meanwhile_busy(bot, world.with_jobs(), SUPPORT).await;
        let asked = format!("<@{SIGNPOST}> run get-info");
        world.workspace.reply(ADA, SUPPORT, &ts, &asked).unwrap();
        let run = world.saying(&ts, &["Collect the facts", "Requested by"]).await;
        assert!(text(&run).contains("loc-4711"), "{}", text(&run));
        bot.stop().await;
    });
}

#[test]
fn a_run_finds_the_case_that_was_shared_above_its_thread() {
    with_options(jobs::options(), |world| async move {
        let bot = world.bot_with(world.with_jobs(), Parts::default()).await;
        world.command(ADA, jobs::ALERT).await;
        let private = world.whispered(ADA, SUPPORT, "Look up where it runs").await;
        world.click(ADA, &private, "Share in channel").await;
        let card = world.posted(SUPPORT, "Look up where it runs").await;
        let ts = card["ts"].as_str().unwrap();
        let bot = world.meanwhile_busy(bot, world.with_jobs(), SUPPORT).await;
        world.workspace.reply(GRACE, SUPPORT, ts, jobs::LOOKED_UP).unwrap();
        let asked = format!("<@{SIGNPOST}> run get-info");
        world.workspace.reply(ADA, SUPPORT, ts, &asked).unwrap();
        let run = world.saying(ts, &["Collect the facts", "Requested by"]).await;
        assert!(text(&run).contains("loc-4711"), "{}", text(&run));
        bot.stop().await;
    });
}
