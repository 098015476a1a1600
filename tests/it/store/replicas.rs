//! Replicas that share one PostgreSQL database: each row, run and connection has one of them at a time.

use std::collections::BTreeSet;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::PgPool;

use super::runs::run;
use super::*;
use crate::postgres;

async fn open(url: &SecretString) -> Postgres {
    Box::pin(Postgres::open(url)).await.unwrap()
}

async fn pool(url: &SecretString) -> PgPool {
    PgPool::connect(url.expose_secret()).await.unwrap()
}

/// Lets the leases of a replica end, as when it was paused or killed for long.
async fn outlive(pool: &PgPool, replica: &Postgres) {
    let id = (replica as &dyn Store).replica().await.unwrap().unwrap().id;
    sqlx::query("UPDATE leases SET until = clock_timestamp() - INTERVAL '1 second' WHERE owner = $1")
        .bind(id)
        .execute(pool)
        .await
        .unwrap();
}

/// Two replicas, one database.
async fn two() -> (Postgres, Postgres, PgPool) {
    let url = postgres::database().await;
    let (one, other) = tokio::join!(open(&url), open(&url));
    (one, other, pool(&url).await)
}

#[tokio::test]
async fn a_lane_is_worked_on_by_one_replica_until_its_lease_ends() {
    let (one, other, pool) = two().await;
    let (one, other): (&dyn Store, &dyn Store) = (&one, &other);
    one.receive(&[arrival("a", false), arrival("b", false)], at(0))
        .await
        .unwrap();
    assert_eq!(one.lanes("", 9).await.unwrap(), ["T:C"]);
    assert!(other.lanes("", 9).await.unwrap().is_empty());
    let row = next(one).await;
    assert!(!other.begin(row.seq).await.unwrap(), "it is the other one's");
    assert!(one.begin(row.seq).await.unwrap());
    assert!(!other.finish(&row, &Changes::default(), at(1)).await.unwrap());
    assert!(one.finish(&row, &Changes::default(), at(1)).await.unwrap());
    let row = next(other).await;
    assert_eq!(row.key, "b");
    assert!(one.begin(row.seq).await.unwrap());
    // Paused for longer than its lease: somebody else goes on, and what it does late counts for nothing.
    sqlx::query("UPDATE leases SET until = clock_timestamp() - INTERVAL '1 second' WHERE name LIKE 'inbox:%'")
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(other.lanes("", 9).await.unwrap(), ["T:C"]);
    let done = Changes {
        posts: vec![post("p")],
        ..Changes::default()
    };
    assert!(!one.finish(&row, &done, at(2)).await.unwrap());
    assert!(!one.is_in_outbox("p").await.unwrap());
    assert!(other.finish(&row, &done, at(2)).await.unwrap());
}

#[tokio::test]
async fn a_channel_is_posted_to_by_one_replica_and_a_dead_ones_post_is_looked_up() {
    let (one, other, pool) = two().await;
    let (paused, other): (&dyn Store, &dyn Store) = (&one, &other);
    paused.enqueue(&[post("p")], at(0)).await.unwrap();
    assert_eq!(outbox::keys(paused, 1).await, ["p"]);
    assert!(outbox::keys(other, 1).await.is_empty());
    assert!(other.due(at(1)).await.unwrap().next_at.is_some(), "it looks again");
    assert_eq!(other.sending("p", at(1)).await.unwrap(), Turn::Over(None));
    assert!(matches!(paused.sending("p", at(1)).await.unwrap(), Turn::Ready(_)));
    // A start of another replica leaves alone what this one is sending.
    assert_eq!(other.recover(Duration::from_secs(15)).await.unwrap(), 0);
    outlive(&pool, &one).await;
    assert_eq!(other.recover(Duration::from_secs(15)).await.unwrap(), 1);
    assert!(
        outbox::keys(other, 2).await.is_empty(),
        "its request may still be on the way"
    );
    let due = outbox::due(other, 16).await;
    assert_eq!(
        due.iter().map(|post| post.state).collect::<Vec<_>>(),
        [PostState::Uncertain]
    );
    assert!(matches!(other.sending("p", at(16)).await.unwrap(), Turn::Ready(_)));
    // Too late: the other replica is sending it.
    let sent = PostOutcome {
        posted_ts: Some("1.1".into()),
        ..settled(PostState::Sent)
    };
    paused.record_outcome("p", &settled(PostState::Pending)).await.unwrap();
    assert!(outbox::keys(other, 17).await.is_empty());
    other.record_outcome("p", &sent).await.unwrap();
    // Later still: the other replica has sent it.
    paused.record_outcome("p", &settled(PostState::Pending)).await.unwrap();
    assert!(outbox::keys(other, 99).await.is_empty());
    assert_eq!(paused.posted("p").await.unwrap().unwrap().ts, "1.1");
}

#[tokio::test]
async fn rows_that_a_living_replica_runs_are_not_counted_as_crashed() {
    let (one, other, pool) = two().await;
    let (living, other): (&dyn Store, &dyn Store) = (&one, &other);
    living.receive(&[arrival("a", false)], at(0)).await.unwrap();
    assert!(living.begin(next(living).await.seq).await.unwrap());
    assert_eq!(other.recover_inbox().await.unwrap(), 0);
    other.release(None).await.unwrap();
    outlive(&pool, &one).await;
    assert_eq!(other.recover_inbox().await.unwrap(), 1);
    assert_eq!(next(other).await.attempts, 1);
}

#[tokio::test]
async fn the_same_message_that_comes_to_two_replicas_is_taken_in_once() {
    let (one, other, pool) = two().await;
    for number in 0..20 {
        let keys: Vec<_> = (0..5).map(|key| arrival(&format!("{number}:{key}"), false)).collect();
        let turned: Vec<_> = keys
            .iter()
            .rev()
            .map(|key| Arrival {
                mentioned: true,
                ..key.clone()
            })
            .collect();
        let (first, second) = tokio::join!(
            (&one as &dyn Store).receive(&keys, at(0)),
            (&other as &dyn Store).receive(&turned, at(0))
        );
        let new = first.unwrap().into_iter().chain(second.unwrap());
        assert_eq!(new.filter(|receipt| *receipt == Receipt::New).count(), 5);
    }
    let rows: (i64, i64) = sqlx::query_as("SELECT count(*), count(*) FILTER (WHERE mentioned) FROM inbox")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(rows, (100, 100));
}

#[tokio::test]
async fn an_equal_run_begins_once_and_is_followed_by_the_replica_that_began_it() {
    let (one, other, pool) = two().await;
    let begun = |id: &str| Changes {
        runs: vec![signpost::store::RunRow {
            fingerprint: Some("hmac:equal".into()),
            ..run(id)
        }],
        ..Changes::default()
    };
    let (a, b) = (begun("a"), begun("b"));
    let (first, second) = tokio::join!(
        (&one as &dyn Store).commit(&a, None, at(0)),
        (&other as &dyn Store).commit(&b, None, at(0))
    );
    let first = first.unwrap();
    assert!(first ^ second.unwrap(), "both have the same fingerprint");
    let (ours, theirs, id) = if first {
        (&one, &other, "a")
    } else {
        (&other, &one, "b")
    };
    let (follows, waits): (&dyn Store, &dyn Store) = (ours, theirs);
    assert_eq!(follows.runs_to_follow().await.unwrap().len(), 1);
    assert!(waits.runs_to_follow().await.unwrap().is_empty());
    assert_eq!(waits.live_runs().await.unwrap().len(), 1);
    outlive(&pool, ours).await;
    assert_eq!(waits.runs_to_follow().await.unwrap().len(), 1);
    assert!(!follows.follows(id).await.unwrap());
}

#[tokio::test]
async fn connections_places_and_chores_have_one_replica_at_a_time() {
    let (one, other, _) = two().await;
    let (one, other): (&dyn Store, &dyn Store) = (&one, &other);
    assert_eq!(one.take_connections(6, 10).await.unwrap(), 6);
    assert_eq!(other.take_connections(6, 10).await.unwrap(), 4);
    assert!(one.take_places("job").await.unwrap());
    assert!(!other.take_places("job").await.unwrap());
    one.leave_places("job").await.unwrap();
    assert!(other.take_places("job").await.unwrap());
    let status = one.replica().await.unwrap().unwrap();
    assert_eq!((status.replicas, status.leases), (2, 7));
    one.leave().await.unwrap();
    assert_eq!(other.replica().await.unwrap().unwrap().replicas, 1);
    assert_eq!(other.take_connections(10, 10).await.unwrap(), 10);
}

#[tokio::test]
async fn an_interaction_has_one_replica_and_another_gets_the_answer_or_takes_over() {
    let (one, other, pool) = two().await;
    let (one, other): (&dyn Store, &dyn Store) = (&one, &other);
    assert_eq!(one.claim_interaction("a").await.unwrap(), InteractionClaim::Ours);
    assert_eq!(other.claim_interaction("a").await.unwrap(), InteractionClaim::Elsewhere);
    let answer = serde_json::json!({"text": "done"});
    one.interaction_answered("a", Some(&answer)).await.unwrap();
    let again = InteractionClaim::Answered(Some(answer));
    assert_eq!(other.claim_interaction("a").await.unwrap(), again);
    // The first replica of another one was killed: it never answers.
    assert_eq!(one.claim_interaction("b").await.unwrap(), InteractionClaim::Ours);
    sqlx::query("UPDATE interactions SET begun_at = begun_at - INTERVAL '2 seconds'")
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(other.claim_interaction("b").await.unwrap(), InteractionClaim::Ours);
    assert_eq!(one.claim_interaction("b").await.unwrap(), InteractionClaim::Elsewhere);
    assert_eq!(
        one.claim_interaction("a").await.unwrap(),
        again,
        "what was answered stays so"
    );
}

#[tokio::test]
async fn slots_of_slacks_limits_are_shared_and_so_is_a_wait_that_slack_asks_for() {
    let (one, other, _) = two().await;
    let (one, other): (&dyn Store, &dyn Store) = (&one, &other);
    let (minute, early) = (Duration::from_mins(1), Duration::from_mins(2));
    // Three at once, whoever takes them.
    assert_eq!(one.take_slot("post:C", minute, early).await.unwrap(), None);
    assert_eq!(other.take_slot("post:C", minute, early).await.unwrap(), None);
    assert_eq!(one.take_slot("post:C", minute, early).await.unwrap(), None);
    for replica in [one, other] {
        let wait = replica.take_slot("post:C", minute, early).await.unwrap().unwrap();
        assert!(wait > minute / 2 && wait <= minute, "{wait:?}");
    }
    assert_eq!(other.take_slot("post:D", minute, early).await.unwrap(), None);
    one.block_slots("update", 3 * minute, early).await.unwrap();
    let wait = other.take_slot("update", minute, early).await.unwrap().unwrap();
    assert!(wait > 2 * minute && wait <= 3 * minute, "{wait:?}");
    assert_eq!(other.take_slot("delete", minute, early).await.unwrap(), None);
}

#[tokio::test]
async fn a_lane_stays_with_its_replica_for_a_while_after_a_message() {
    let (one, other, pool) = two().await;
    let (one, other): (&dyn Store, &dyn Store) = (&one, &other);
    let elsewhere = Arrival {
        lane: "T:D".into(),
        ..arrival("b", false)
    };
    one.receive(&[arrival("a", false), elsewhere], at(0)).await.unwrap();
    assert_eq!(one.lanes("", 9).await.unwrap(), ["T:C", "T:D"]);
    let row = next(one).await;
    assert!(one.begin(row.seq).await.unwrap());
    assert!(one.finish(&row, &Changes::default(), at(1)).await.unwrap());
    other
        .set_aside("b", signpost::store::SetAsideReason::Crashed, at(1))
        .await
        .unwrap();
    // Both leases are about to end; nothing waits in either lane.
    sqlx::query("UPDATE leases SET until = clock_timestamp() + INTERVAL '9 seconds' WHERE name LIKE 'inbox:%'")
        .execute(&pool)
        .await
        .unwrap();
    let renewed = async || -> Vec<String> {
        let soon =
            "SELECT name FROM leases WHERE name LIKE 'inbox:%' AND until > clock_timestamp() + INTERVAL '10 seconds'";
        sqlx::query_scalar(soon).fetch_all(&pool).await.unwrap()
    };
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while renewed().await.is_empty() {
        assert!(tokio::time::Instant::now() < deadline, "the lease is not renewed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(renewed().await, ["inbox:T:C"]);
}

#[tokio::test]
async fn new_work_wakes_the_other_replica() {
    let (one, other, _) = two().await;
    let (one, other): (&dyn Store, &dyn Store) = (&one, &other);
    let patience = Duration::from_secs(20);
    // Everything, once it listens: what came before was not heard.
    let first = tokio::time::timeout(patience, other.changed()).await.unwrap();
    assert!(first.inbox && first.outbox && first.runs);
    one.receive(&[arrival("a", false)], at(0)).await.unwrap();
    let told = tokio::time::timeout(patience, other.changed()).await.unwrap();
    assert!(told.inbox && !told.outbox && !told.runs);
    one.enqueue(&[post("p")], at(0)).await.unwrap();
    let told = tokio::time::timeout(patience, other.changed()).await.unwrap();
    assert!(told.outbox && !told.inbox);
}

#[tokio::test]
async fn replicas_that_work_through_one_inbox_do_everything_once() {
    let (one, other, pool) = two().await;
    let arrivals: Vec<_> = (0..60)
        .map(|number| Arrival {
            lane: format!("T:C{}", number % 6),
            ..arrival(&format!("a{number}"), false)
        })
        .collect();
    (&one as &dyn Store).receive(&arrivals, at(0)).await.unwrap();
    let work = async |store: &dyn Store| {
        let mut done = Vec::new();
        loop {
            let lanes = store.lanes("", 3).await.unwrap();
            if lanes.is_empty() {
                if store.inbox().await.unwrap().waiting == 0 {
                    return done;
                }
                tokio::task::yield_now().await;
            }
            for lane in lanes {
                let Some(row) = next_in(store, &lane).await else {
                    continue;
                };
                if !store.begin(row.seq).await.unwrap() {
                    continue;
                }
                let changes = Changes {
                    posts: vec![NewPost {
                        channel: lane.clone(),
                        thread_ts: None,
                        ..post(&format!("{}:{}", row.key, done.len()))
                    }],
                    ..Changes::default()
                };
                if store.finish(&row, &changes, at(1)).await.unwrap() {
                    done.push(row.key);
                }
            }
        }
    };
    let (first, second) = tokio::join!(work(&one), work(&other));
    let all: BTreeSet<_> = first.iter().chain(&second).collect();
    assert_eq!((first.len() + second.len(), all.len()), (60, 60));
    let posts: i64 = sqlx::query_scalar("SELECT count(*) FROM outbox")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(posts, 60);
}

#[tokio::test]
async fn texts_with_a_character_that_the_database_does_not_know_are_stored_without_it() {
    let store = open(&postgres::database().await).await;
    let contract: &dyn Store = &store;
    let hostile = shadow::row(1);
    let changes = Changes {
        shadow: vec![signpost::store::ShadowRow {
            evidence: "QX\0: empty".into(),
            ..hostile
        }],
        ..Changes::default()
    };
    assert!(contract.commit(&changes, None, at(0)).await.unwrap());
    let kept = contract.shadow_answer("T:C:1.000100").await.unwrap().unwrap();
    assert_eq!(kept.evidence, "QX\u{fffd}: empty");
}

#[tokio::test]
async fn a_schema_that_is_newer_by_one_migration_is_worked_with_and_one_newer_by_two_is_not() {
    let url = postgres::database().await;
    drop(open(&url).await);
    let pool = pool(&url).await;
    let newer = async |version: i64| {
        sqlx::query(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES ($1, 'newer', true, '', 0)",
        )
        .bind(version)
        .execute(&pool)
        .await
        .unwrap();
    };
    newer(9_001).await;
    let store = open(&url).await;
    (&store as &dyn Store).check(at(0)).await.unwrap();
    assert!(Postgres::read_only(&url).await.is_ok());
    newer(9_002).await;
    assert!(matches!(Postgres::open(&url).await, Err(Error::Newer { .. })));
    assert!(matches!(
        Postgres::read_only(&url).await.err(),
        Some(Error::Newer { .. })
    ));
}

#[tokio::test]
async fn a_server_that_is_out_of_reach_is_told_without_the_password() {
    let url = SecretString::from("postgres://bot:hunter2@127.0.0.1:1/signpost?sslmode=disable");
    let told = Postgres::open(&url).await.unwrap_err().to_string();
    insta::assert_snapshot!(told, @"the store postgres://bot@127.0.0.1:1/signpost cannot be reached: error communicating with database: Connection refused (os error 111); check store.url, and that the database server is running");
}
