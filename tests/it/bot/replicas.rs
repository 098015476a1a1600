//! Several replicas of the whole bot on one PostgreSQL database, killed one after the other.

use secrecy::ExposeSecret as _;
use signpost::sandbox::jenkins::GET_INFO;
use signpost::sandbox::{GRACE, RANDOM};
use sqlx::{AssertSqlSafe, PgPool};

use jiff::SignedDuration;

use super::acts::{Moved, buttons, whispers};
use super::escalating::{STALLS, paged, teams};
use super::jobs::ground::{GET, hasty, registry, with_jobs};
use super::*;
use crate::postgres;

/// One of the replicas.
struct Replica {
    bot: Bot,
    /// The owner of its leases.
    id: String,
}

/// Replicas that share a database, and Slack.
struct Fleet<'a> {
    world: &'a World,
    settings: Settings,
    parts: Parts,
    pool: PgPool,
    replicas: Vec<Replica>,
}

impl<'a> Fleet<'a> {
    async fn start(world: &'a World, mut settings: Settings, parts: Parts, count: usize) -> Self {
        settings.store.url = postgres::database().await;
        settings.slack.connections = 1;
        let pool = PgPool::connect(settings.store.url.expose_secret()).await.unwrap();
        let mut fleet = Self {
            world,
            settings,
            parts,
            pool,
            replicas: Vec::new(),
        };
        for _ in 0..count {
            fleet.add().await;
        }
        fleet
    }

    async fn add(&mut self) {
        // The health and the tasks of a replica are its own.
        let parts = Parts {
            jobs: self.parts.jobs,
            clock: Arc::clone(&self.parts.clock),
            ..Parts::default()
        };
        let bot = self.world.bot_with(self.settings.clone(), parts).await;
        let known: Vec<String> = self.replicas.iter().map(|replica| replica.id.clone()).collect();
        let id = sqlx::query_scalar(
            "SELECT owner FROM leases WHERE name LIKE 'replica:%' AND until > clock_timestamp() AND owner <> ALL($1)",
        )
        .bind(known)
        .fetch_one(&self.pool)
        .await
        .unwrap();
        self.replicas.push(Replica { bot, id });
    }

    /// The result of a query, as soon as it looks so. The database tells no one, so it is asked again and again.
    async fn until<T>(&self, query: &str, is: impl Fn(&T) -> bool) -> T
    where
        T: Send + Unpin + std::fmt::Debug + sqlx::Type<sqlx::Postgres>,
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres>,
    {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(25);
        loop {
            let found = sqlx::query_scalar::<_, T>(AssertSqlSafe(query.to_owned()));
            let found = found.fetch_optional(&self.pool).await.unwrap();
            match found {
                Some(found) if is(&found) => return found,
                _ => assert!(tokio::time::Instant::now() < deadline, "{query}: {found:?}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The living replica that holds a lease whose name looks so, as soon as one does.
    async fn holder(&self, lease: &str) -> String {
        let query = format!("SELECT owner FROM leases WHERE name LIKE '{lease}' AND until > clock_timestamp()");
        self.until(&query, |owner: &String| {
            self.replicas.iter().any(|replica| replica.id == *owner)
        })
        .await
    }

    /// Ends a replica as `kill -9` would. Its leases end at once, so that nobody has to wait for them.
    async fn kill(&mut self, id: &str) {
        let at = self.replicas.iter().position(|replica| replica.id == id).unwrap();
        self.replicas.remove(at).bot.kill().await;
        sqlx::query("UPDATE leases SET until = clock_timestamp() - INTERVAL '1 second' WHERE owner = $1")
            .bind(id)
            .execute(&self.pool)
            .await
            .unwrap();
    }

    async fn number(&self, query: &str) -> i64 {
        self.until(query, |_: &i64| true).await
    }

    /// The kinds of entries in the audit, in order.
    async fn audit(&self) -> String {
        let query = "SELECT coalesce(string_agg(what, ' ' ORDER BY seq), '') FROM audit";
        self.until(query, |_: &String| true).await
    }

    async fn wait_until_sent(&self) {
        let query = "SELECT count(*) FROM outbox WHERE state IN ('pending', 'sending', 'uncertain')";
        self.until(query, |unsent: &i64| *unsent == 0).await;
    }

    async fn stop(self) {
        for replica in self.replicas {
            replica.bot.stop().await;
        }
    }
}

/// Each of these entries is in the audit, once.
fn assert_once(audit: &str, entries: &[&str]) {
    for entry in entries {
        assert_eq!(
            audit.split(' ').filter(|what| what == entry).count(),
            1,
            "{entry}: {audit}"
        );
    }
}

/// Messages of the bot in a channel that are no replies.
fn posted_in(world: &World, channel: &str) -> usize {
    world.workspace.read(|state| {
        let messages = state.channel(channel).unwrap().messages.values();
        messages
            .filter(|message| {
                message.user() == SIGNPOST && message.thread_ts().is_none() && message.ephemeral_to.is_none()
            })
            .count()
    })
}

#[test]
fn a_run_is_followed_by_one_replica_at_a_time_and_taken_over_when_that_is_killed() {
    with_jobs(|world| async move {
        let settings = world.settings_with(&registry(&world.workspace.jenkins_url()));
        let mut fleet = Fleet::start(&world, settings, hasty(), 3).await;
        let jenkins = world.jenkins();
        jenkins.act("hold", &json!({"on": true})).unwrap();
        let slow = json!({"kind": "slow", "what": "trigger", "ms": 5000, "apply": true});
        jenkins.fault(&slow).unwrap();
        let ts = world.asks(ADA, GET);
        // Jenkins has the request, and does not answer.
        world.running(GET_INFO).await;
        let first = fleet.holder("run:%").await;
        fleet.kill(&first).await;
        let second = fleet.holder("run:%").await;
        world.run_saying(&ts, &["Running"]).await;
        fleet.kill(&second).await;
        let third = fleet.holder("run:%").await;
        assert!(third != first && third != second);
        jenkins.act("hold", &json!({"on": false})).unwrap();
        world.run_saying(&ts, &["SUCCESS"]).await;
        fleet
            .until("SELECT count(*) FROM runs WHERE live", |live: &i64| *live == 0)
            .await;
        fleet.wait_until_sent().await;
        assert_eq!(
            (world.triggers(), world.made_of("c-17"), world.runs_in(&ts).len()),
            (1, 1, 1)
        );
        assert_once(
            &fleet.audit().await,
            &["requested", "triggered", "found", "result", "verdict"],
        );
        fleet.stop().await;
    });
}

#[test]
fn an_escalation_pages_once_whichever_replica_is_killed() {
    with(|world| async move {
        let settings = world.engine_settings(&teams(""));
        let mut fleet = Fleet::start(&world, settings, Parts::default(), 3).await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        world.oncall_faults(503, 3).await;
        world
            .escalate(ADA, &card, json!({"summary": {"value": "The valve sticks"}}))
            .await;
        for _ in 0..2 {
            let holder = fleet.holder("escalations").await;
            fleet.kill(&holder).await;
            fleet.holder("escalations").await;
            fleet.add().await;
        }
        world.pages_that(|pages| paged(pages) == 1).await;
        world.saying(&ts, &["Paged."]).await;
        let message = world.posted(RANDOM, "Paged Grace").await;
        world.click_in(GRACE, RANDOM, &message, "I’m on it").await;
        world.saying(&ts, &["Grace is on it"]).await;
        world.pages_that(|pages| pages[0]["status"] == "acknowledged").await;
        let message = world.posted(RANDOM, "Grace is on it").await;
        assert!(buttons(&message).is_empty(), "{message}");
        fleet.wait_until_sent().await;
        assert_eq!((posted_in(&world, RANDOM), paged(&world.workspace.pages())), (1, 1));
        assert_eq!(ours(world.workspace.replies(SUPPORT, &ts)).len(), 1);
        assert_eq!(fleet.audit().await, "escalated paged acknowledged");
        fleet.stop().await;
    });
}

#[test]
fn acknowledgements_are_looked_up_by_one_replica_at_a_time_and_by_another_one_after_a_kill() {
    with(|world| async move {
        let clock = Arc::new(Moved::default());
        let parts = Parts {
            clock: Arc::clone(&clock) as _,
            ..Parts::default()
        };
        let mut fleet = Fleet::start(&world, world.engine_settings(&teams("")), parts, 3).await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        world
            .escalate(ADA, &card, json!({"summary": {"value": "The valve sticks"}}))
            .await;
        let pages = world.pages_that(|pages| paged(pages) == 1).await;
        world.saying(&ts, &["Paged."]).await;
        // The service does not answer: until the look-up fails, the others have had two rounds of their own.
        world.oncall_mode("slow").await;
        let before = world.workspace.page_lookups();
        clock.turn(SignedDuration::from_secs(15));
        fleet
            .until("SELECT faults FROM page_watches", |faults: &i64| *faults == 1)
            .await;
        assert_eq!(world.workspace.page_lookups(), before + 1);
        // The next one is under way when its replica is killed.
        let first = fleet.holder("escalations").await;
        clock.turn(SignedDuration::from_mins(2));
        world.page_lookups(before + 2).await;
        fleet.kill(&first).await;
        world.oncall_mode("normal").await;
        let acknowledged = json!({"key": pages[0]["key"], "by": "Grace"});
        world.oncall_post("acknowledge", acknowledged).await;
        let second = fleet.holder("escalations").await;
        assert_ne!(first, second);
        world.saying(&ts, &["Grace is on it", "in PagerDuty"]).await;
        fleet.wait_until_sent().await;
        assert_eq!(fleet.audit().await, "escalated paged acknowledged");
        assert_eq!(paged(&world.workspace.pages()), 1);
        fleet.stop().await;
    });
}

#[test]
fn an_issue_is_created_once_whichever_replica_is_killed() {
    with(|world| async move {
        let clock = Arc::new(Moved::default());
        let parts = Parts {
            clock: Arc::clone(&clock) as _,
            ..Parts::default()
        };
        let mut fleet = Fleet::start(&world, world.tracked_settings(&teams("")), parts, 3).await;
        let ts = world.say(STALLS);
        let card = world.saying(&ts, &["Warp engine stalls"]).await;
        // The issue is created, and the answer lost.
        world.tracker("faults", json!({"status": 503, "after": true})).await;
        world.ask_for_issue(ADA, &card).await;
        world.issues(1).await;
        let first = fleet.holder("escalations").await;
        fleet.kill(&first).await;
        // The tracker may still have been at it, so nobody asks at once.
        clock.turn(SignedDuration::from_secs(20));
        world.saying(&ts, &["Issue: <"]).await;
        assert_once(&fleet.audit().await, &["escalated", "issue-created"]);
        assert_eq!(world.workspace.issues().as_array().unwrap().len(), 1);
        fleet.stop().await;
    });
}

#[test]
fn an_interaction_that_two_replicas_get_is_done_and_told_once() {
    with_jobs(|world| async move {
        let registry = registry(&world.workspace.jenkins_url());
        // Nobody may run this one.
        let refused = registry.replacen(&format!("run_by = [\"{ADA}\", \"{GRACE}\"]"), "run_by = []", 2);
        let refused = refused.replacen("run_by = []", &format!("run_by = [\"{ADA}\", \"{GRACE}\"]"), 1);
        let fleet = Fleet::start(&world, world.settings_with(&refused), hasty(), 2).await;
        world.fault(&json!({"kind": "duplicate", "times": 100}));
        // Refused, by both: one entry in the audit, and the same words.
        let told = world.command(ADA, "run nightly").await;
        assert!(told["response"].to_string().contains("Sum up the day"), "{told}");
        assert_eq!(fleet.audit().await, "refused");
        // A form, which each trigger opens once, and what it starts.
        let told = world.command(ADA, "run get-info").await;
        assert_eq!(told["acknowledged"], true, "{told}");
        let found = world.workspace.wait_for(|state| {
            let mut views = state.views.values();
            views
                .find(|view| view["type"] == "modal" && !view["submit"].is_null())
                .cloned()
        });
        let form = found.await.unwrap();
        let values = json!({"p:CLUSTERID": {"value": "c-17"}, "p:TUGBOAT": {"value": "prod-wdc04-carrier107"}});
        let sent = json!({"user": ADA, "view_id": form["id"], "values": values});
        let answer = world.control("submit", sent).await;
        assert!(!answer.to_string().contains("errors"), "{answer}");
        world.posted(SUPPORT, "SUCCESS").await;
        fleet
            .until("SELECT count(*) FROM runs WHERE live", |live: &i64| *live == 0)
            .await;
        fleet.wait_until_sent().await;
        assert_eq!((world.triggers(), posted_in(&world, SUPPORT)), (1, 1));
        assert_once(
            &fleet.audit().await,
            &["refused", "requested", "triggered", "result", "verdict"],
        );
        let shown = world.workspace.read(|state| whispers(state, ADA, SUPPORT));
        let failed = shown.iter().filter(|shown| words(shown).contains("went wrong")).count();
        assert_eq!((failed, shown.len()), (0, 1), "{shown:#?}");
        let claimed = "SELECT count(*) FROM interactions WHERE answered";
        assert_eq!(fleet.number(claimed).await, 3);
        fleet.stop().await;
    });
}

#[test]
fn an_answer_is_filtered_before_other_replicas_can_read_it() {
    with(|world| async move {
        let leak = "# Leaks\n\n```\nPumpLeakError: pump <PUMP> loses coolant\n```\n\n## What to do\n\n\
            1. Log in with `pumpctl login --password=hunter2hunter3`.\n";
        world.write("leak.md", leak);
        let fleet = Fleet::start(&world, world.settings(), Parts::default(), 2).await;
        let told = world.command(ADA, "PumpLeakError: pump p-3 loses coolant").await["response"].to_string();
        let answer = "SELECT answer FROM interactions WHERE answered";
        let kept = fleet.until(answer, |kept: &String| !kept.is_empty()).await;
        for text in [told, kept] {
            assert!(text.contains("pumpctl login") && !text.contains("hunter2"), "{text}");
        }
        fleet.stop().await;
    });
}

#[test]
fn a_wait_that_slack_asked_another_replica_for_is_kept() {
    with(|world| async move {
        let fleet = Fleet::start(&world, world.settings(), Parts::default(), 2).await;
        let ts = world.say(PASTE);
        let card = world.saying(&ts, &["Fill it"]).await;
        fleet.wait_until_sent().await;
        // As a replica writes it down that got a 429 for this method.
        sqlx::query(
            "INSERT INTO pace (bucket, due) VALUES ('update', clock_timestamp() + INTERVAL '1 hour')
                     ON CONFLICT (bucket) DO UPDATE SET due = excluded.due",
        )
        .execute(&fleet.pool)
        .await
        .unwrap();
        world.click(ADA, &card, "1.").await;
        // Other methods go on.
        let other = world.say(MARKER);
        world.saying(&other, &["Blow"]).await;
        let waiting = "SELECT count(*) FROM outbox WHERE action = 'update' AND state = 'pending'";
        assert_eq!(fleet.number(waiting).await, 1);
        sqlx::query("DELETE FROM pace").execute(&fleet.pool).await.unwrap();
        world.saying(&ts, &["Done by Ada"]).await;
        fleet.stop().await;
    });
}
