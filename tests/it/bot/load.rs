//! A person's click is answered, however much waits.

use super::*;

/// Commands given while messages come in and wait, each acknowledged within the two seconds that the
/// workspace waits for it.
async fn commands_are_answered(world: &World, bot: &Bot, messages: usize) {
    world
        .control("options", json!({"ack_timeout_ms": 2_000, "retry_delays_ms": [60_000]}))
        .await;
    for number in 0..messages {
        world.say(&format!("message {number} of many"));
    }
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(world.store())
        .read_only(true);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let handled = async || -> i64 {
        let count = sqlx::query_scalar("SELECT count(*) FROM inbox WHERE state <> 'waiting'");
        count.fetch_one(&pool).await.unwrap()
    };
    for _ in 0..10 {
        let told = world
            .control(
                "command",
                json!({"command": "/signpost", "text": "help", "channel": SUPPORT}),
            )
            .await;
        assert_eq!(told["acknowledged"], true, "{told}");
        assert!(words(&told["response"]).contains("show RUNBOOK"), "{told}");
    }
    let handled = handled().await;
    assert!(usize::try_from(handled).unwrap() < messages, "nothing waited any more");
    assert!(bot.parts.status.get().ready());
}

#[test]
fn over_socket_mode_a_command_is_answered_while_thousands_of_messages_wait() {
    with(|world| async move {
        let bot = world.bot().await;
        commands_are_answered(&world, &bot, 5_000).await;
        bot.stop().await;
    });
}

#[test]
fn over_http_a_command_is_answered_while_thousands_of_messages_wait() {
    with(|world| async move {
        let (bot, ..) = http::bot(&world).await;
        // The workspace makes a connection for each.
        commands_are_answered(&world, &bot, 500).await;
        bot.stop().await;
    });
}
