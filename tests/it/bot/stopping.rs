//! A shutdown ends what was begun, and waits for no pause.

use super::*;

/// Ends a bot, sooner than any pause of these tests.
async fn stops(bot: Bot) {
    let stopped = tokio::time::timeout(Duration::from_secs(20), bot.stop()).await;
    assert!(stopped.is_ok(), "the shutdown waits for a pause");
}

async fn struck(world: &World) {
    let struck = world
        .workspace
        .wait_for(|state| (state.faults_left() == 0).then_some(()));
    struck.await.unwrap();
}

#[test]
fn a_home_tab_that_slack_limits_holds_up_no_shutdown() {
    with(|world| async move {
        let bot = world.bot().await;
        world.fault(&json!({"kind": "429", "retry_after": 30, "method": "views.publish"}));
        world.control("home", json!({"user": "ada"})).await;
        struck(&world).await;
        stops(bot).await;
    });
}

#[test]
fn a_home_tab_that_slack_is_slow_to_show_holds_up_no_shutdown() {
    with(|world| async move {
        let mut settings = world.settings();
        settings.slack.request_timeout = 60;
        let bot = world.bot_with(settings, Parts::default()).await;
        world.fault(&json!({"kind": "slow", "ms": 60_000, "method": "views.publish"}));
        world.control("home", json!({"user": "ada"})).await;
        struck(&world).await;
        stops(bot).await;
    });
}

#[test]
fn a_connection_that_is_slow_to_open_holds_up_no_shutdown() {
    with(|world| async move {
        let mut settings = world.settings();
        settings.slack.request_timeout = 60;
        let bot = world.bot_with(settings, Parts::default()).await;
        world.fault(&json!({"kind": "slow", "ms": 60_000, "method": "apps.connections.open", "times": 2}));
        world.fault(&json!({"kind": "disconnect"}));
        struck(&world).await;
        stops(bot).await;
    });
}

#[test]
fn changes_of_runbooks_that_do_not_settle_hold_up_no_shutdown() {
    with(|world| async move {
        let bot = world.bot().await;
        let folder = world.runbooks();
        let (end, mut ended) = tokio::sync::oneshot::channel::<()>();
        // Changes every few milliseconds, for longer than they may be waited for.
        let changing = tokio::task::spawn_blocking(move || {
            let mut number = 0_u32;
            while ended.try_recv().is_err() {
                number += 1;
                std::fs::write(folder.join("change.md"), format!("# Change\n\n{number}\n")).unwrap();
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        bot.parts.status.wait_for(|now| now.reloads > 0).await;
        let stopped = tokio::time::timeout(Duration::from_secs(4), bot.stop()).await;
        assert!(stopped.is_ok(), "the shutdown waits for changes to settle");
        end.send(()).unwrap();
        changing.await.unwrap();
    });
}

#[test]
fn old_rows_that_are_being_removed_hold_up_no_shutdown() {
    const OLD: i64 = 300_000;
    with(|world| async move {
        drop(signpost::store::sqlite::Sqlite::open(&world.store()).await.unwrap());
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.store());
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        let insert = "INSERT INTO answers (message, about, answered_at)
            WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers LIMIT ?)
            SELECT n, 'runbook', n FROM numbers";
        sqlx::query(insert).bind(OLD).execute(&pool).await.unwrap();
        let left = async || -> i64 {
            let count = sqlx::query_scalar("SELECT count(*) FROM answers");
            count.fetch_one(&pool).await.unwrap()
        };
        let bot = world.bot().await;
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        while left().await == OLD {
            assert!(tokio::time::Instant::now() < deadline, "none is removed");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stops(bot).await;
        assert!(left().await > 0, "the shutdown waited until all of them were removed");
    });
}
