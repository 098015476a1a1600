//! The outbox: adding rows, the order of sending, and results.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Sqlite as Engine, Transaction};

use super::{cases, inbox};
use crate::store::rows::Columns as _;
use crate::store::{
    Action, Due, Expiry, LONGEST_WAIT, MessageRef, NewPost, OutboxCounts, PostOutcome, PostState, Ready, Turn, rows,
};

type Tx = Transaction<'static, Engine>;

/// Reason given for an answer that could not be posted in time.
const TOO_OLD: &str = "it is too old to be useful";

/// Query for the first message of each thread, the first change to each posted message, and the first reaction to each
/// message, when it is due: of each channel the oldest of each kind of action and state, so that no channel and no kind
/// waits behind thousands of another one.
const DUE: &str = "
    WITH waiting AS (
        SELECT seq, channel, target, action, state, next_at,
               row_number() OVER (PARTITION BY channel, thread_ts, target, message_ts ORDER BY seq) AS place
        FROM outbox WHERE state IN ('pending', 'sending', 'uncertain')
    ), heads AS (
        SELECT seq, row_number() OVER (PARTITION BY channel, action, state ORDER BY seq) AS place
        FROM waiting WHERE place = 1 AND state <> 'sending' AND (next_at <= ?1 OR next_at > ?2) AND NOT EXISTS (
            SELECT 1 FROM outbox AS meant
            WHERE meant.key = waiting.target AND meant.state IN ('pending', 'sending', 'uncertain'))
    )
    SELECT outbox.seq, key, channel, thread_ts, action, target, person, emoji, message_ts, state, attempts, first_try_at
    FROM outbox JOIN heads USING (seq) WHERE heads.place <= 10 ORDER BY outbox.seq";

/// Adds rows, which replace rows that they make superfluous.
pub(super) async fn add(
    transaction: &mut Tx,
    posts: &[NewPost],
    expiry: Option<Expiry>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    for post in posts {
        let expiry = expiry.filter(|_| matches!(post.action, Action::Post | Action::React { .. }));
        add_one(transaction, post, expiry, now).await?;
    }
    Ok(())
}

async fn add_one(
    transaction: &mut Tx,
    post: &NewPost,
    expiry: Option<Expiry>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let (message_ts, emoji) = post.action.reaction().unzip();
    // A change to a message goes to that message's channel and thread, whatever the caller says. A new row is due at
    // once, whatever the clock says.
    let added = sqlx::query(
        "INSERT INTO outbox (key, channel, thread_ts, body, action, target, person, state, created_at, next_at,
                             expires_at, asked, written_at, emoji, message_ts)
         SELECT ?1, coalesce(meant.channel, ?2), CASE WHEN meant.key IS NULL THEN ?3 ELSE meant.thread_ts END,
                ?4, ?5, ?6, ?7, 'pending', ?8, 0, ?9, ?10, ?11, ?12, ?13
         FROM (SELECT 1) LEFT JOIN outbox AS meant ON meant.key = ?6 WHERE true
         ON CONFLICT (key) DO NOTHING",
    )
    .bind(&post.key)
    .bind(&post.channel)
    .bind(&post.thread_ts)
    .bind(&post.body)
    .bind(post.action.as_str())
    .bind(post.action.target())
    .bind(post.action.person())
    .bind(now.as_millisecond())
    .bind(expiry.map(|expiry| expiry.at.as_millisecond()))
    .bind(expiry.is_some_and(|expiry| expiry.asked))
    .bind(expiry.map(|expiry| expiry.written_at.as_millisecond()))
    .bind(emoji)
    .bind(message_ts)
    .execute(&mut **transaction)
    .await?;
    match &post.action {
        _ if added.rows_affected() == 0 => Ok(()),
        Action::Update { of } => replace(transaction, post, of).await,
        Action::Delete { of } => take_back(transaction, post, of).await,
        Action::Post | Action::Ephemeral { .. } | Action::React { .. } | Action::Unreact { .. } => Ok(()),
    }
}

/// Makes an update replace earlier ones, as only the last state of a message matters.
async fn replace(transaction: &mut Tx, post: &NewPost, of: &str) -> Result<(), sqlx::Error> {
    drop_updates(transaction, of, &post.key).await?;
    // Nobody has seen the message yet: it is posted with its new content, unless it is about to be deleted.
    let merged = sqlx::query(
        "UPDATE outbox SET body = ?1 WHERE key = ?2 AND action = 'post' AND state = 'pending'
         AND NOT EXISTS (SELECT 1 FROM outbox WHERE target = ?2 AND action = 'delete')",
    )
    .bind(&post.body)
    .bind(of)
    .execute(&mut **transaction)
    .await?;
    if merged.rows_affected() == 1 {
        drop_row(transaction, &post.key, "it is part of the queued message").await?;
    }
    Ok(())
}

/// Drops the updates of a message to be deleted, and its posting when it was not posted yet.
async fn take_back(transaction: &mut Tx, post: &NewPost, of: &str) -> Result<(), sqlx::Error> {
    drop_updates(transaction, of, &post.key).await?;
    let taken_back = sqlx::query(
        "UPDATE outbox SET state = 'dropped', body = NULL, error = 'deleted before it was posted'
         WHERE key = ? AND action = 'post' AND state = 'pending'",
    )
    .bind(of)
    .execute(&mut **transaction)
    .await?;
    if taken_back.rows_affected() == 1 {
        drop_row(transaction, &post.key, "it was not posted yet").await?;
    }
    Ok(())
}

/// Drops the updates that certainly were not sent; one that may have been is skipped when it is due.
async fn drop_updates(transaction: &mut Tx, of: &str, but: &str) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE outbox SET state = 'dropped', body = NULL, error = 'a later change took its place'
         WHERE target = ? AND action = 'update' AND state = 'pending' AND key <> ?",
    )
    .bind(of)
    .bind(but)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

async fn drop_row(transaction: &mut Tx, key: &str, why: &str) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE outbox SET state = 'dropped', body = NULL, error = ? WHERE key = ?")
        .bind(why)
        .bind(key)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// Implements [`crate::store::Store::due`].
pub(super) async fn due(readers: &SqlitePool, now: Timestamp) -> Result<Due, sqlx::Error> {
    let now = now.as_millisecond();
    let latest = now.saturating_add(rows::milliseconds(LONGEST_WAIT));
    let rows = sqlx::query(DUE).bind(now).bind(latest).fetch_all(readers).await?;
    let next_at: Option<i64> = sqlx::query_scalar(
        "SELECT min(next_at) FROM outbox WHERE state IN ('pending', 'sending', 'uncertain') AND state <> 'sending'
         AND next_at > ? AND next_at <= ?",
    )
    .bind(now)
    .bind(latest)
    .fetch_one(readers)
    .await?;
    Ok(Due {
        posts: rows.iter().map(rows::post).collect::<Result<_, _>>()?,
        next_at: next_at.map(rows::time),
    })
}

/// Implements [`crate::store::Store::outbox`].
pub(super) async fn counts(readers: &SqlitePool) -> Result<OutboxCounts, sqlx::Error> {
    let row = sqlx::query(
        "SELECT count(*) AS waiting, min(created_at) AS oldest FROM outbox
         WHERE state IN ('pending', 'sending', 'uncertain')",
    )
    .fetch_one(readers)
    .await?;
    Ok(OutboxCounts {
        waiting: row.count("waiting")?,
        oldest: row.maybe_time("oldest")?,
    })
}

/// Implements [`crate::store::Store::sending`].
pub(super) async fn turn(transaction: &mut Tx, key: &str, now: Timestamp) -> Result<Turn, sqlx::Error> {
    let row = sqlx::query(
        "SELECT seq, action, target, body, channel, created_at, expires_at, asked, written_at FROM outbox
         WHERE key = ? AND state IN ('pending', 'uncertain')",
    )
    .bind(key)
    .fetch_optional(&mut **transaction)
    .await?;
    let Some(row) = row else {
        return Ok(Turn::Over(None));
    };
    let expires_at = row.maybe_time("expires_at")?;
    let target = row.maybe("target")?;
    let action = row.text("action")?;
    if expires_at.is_some_and(|at| at < now) {
        // Nobody misses a reaction.
        return match action.as_str() {
            "react" => over(transaction, key, TOO_OLD).await,
            _ => expire(transaction, key, &row, now).await,
        };
    }
    let place = match (action.as_str(), &target) {
        ("post", _) if delete_waits(transaction, key).await? => {
            sqlx::query(
                "UPDATE outbox SET state = 'dropped', error = 'it was not posted'
                 WHERE target = ? AND action = 'delete'",
            )
            .bind(key)
            .execute(&mut **transaction)
            .await?;
            return over(transaction, key, "deleted before it was posted").await;
        }
        ("update" | "delete", Some(target)) => {
            if action == "update" && is_replaced(transaction, target, row.number("seq")?).await? {
                return over(transaction, key, "a later change replaced it").await;
            }
            match state_of(transaction, target).await? {
                Some((PostState::Sent, Some(place))) => Some(place),
                Some((PostState::Pending | PostState::Sending | PostState::Uncertain, _)) => {
                    return Ok(Turn::Over(None));
                }
                _ => return over(transaction, key, "its message no longer exists").await,
            }
        }
        _ => None,
    };
    sqlx::query(
        "UPDATE outbox SET state = 'sending', attempts = attempts + 1, next_at = ?1,
         first_try_at = coalesce(first_try_at, ?1) WHERE key = ?2",
    )
    .bind(now.as_millisecond())
    .bind(key)
    .execute(&mut **transaction)
    .await?;
    Ok(Turn::Ready(Ready {
        body: row.maybe("body")?.unwrap_or_default(),
        place,
        written_at: row.maybe_time("written_at")?,
    }))
}

/// Drops an answer that could not be posted in time. Nothing counts as answered with it, so the message may get another
/// answer with the same key, and its channel is told that it was missed.
async fn expire(transaction: &mut Tx, key: &str, row: &SqliteRow, now: Timestamp) -> Result<Turn, sqlx::Error> {
    let case: Option<String> = sqlx::query_scalar("SELECT id FROM cases WHERE post = ?")
        .bind(key)
        .fetch_optional(&mut **transaction)
        .await?;
    if let Some(case) = case {
        cases::forget(transaction, &case).await?;
    }
    sqlx::query("DELETE FROM answers WHERE post = ?")
        .bind(key)
        .execute(&mut **transaction)
        .await?;
    // Changes meant for this answer must not be applied to another one.
    sqlx::query(
        "UPDATE outbox SET state = 'dropped', body = NULL, error = 'its message is not there'
         WHERE target = ? AND state IN ('pending', 'sending', 'uncertain')",
    )
    .bind(key)
    .execute(&mut **transaction)
    .await?;
    sqlx::query("DELETE FROM outbox WHERE key = ?")
        .bind(key)
        .execute(&mut **transaction)
        .await?;
    inbox::miss(transaction, &rows::expired(row, now)?).await?;
    Ok(Turn::Over(Some(TOO_OLD)))
}

async fn over(transaction: &mut Tx, key: &str, why: &'static str) -> Result<Turn, sqlx::Error> {
    drop_row(transaction, key, why).await?;
    Ok(Turn::Over(Some(why)))
}

async fn delete_waits(transaction: &mut Tx, of: &str) -> Result<bool, sqlx::Error> {
    let found = sqlx::query("SELECT 1 FROM outbox WHERE target = ? AND action = 'delete' AND state = 'pending'")
        .bind(of)
        .fetch_optional(&mut **transaction);
    Ok(found.await?.is_some())
}

async fn is_replaced(transaction: &mut Tx, of: &str, seq: i64) -> Result<bool, sqlx::Error> {
    let found = sqlx::query("SELECT 1 FROM outbox WHERE target = ? AND seq > ? AND state = 'pending'")
        .bind(of)
        .bind(seq)
        .fetch_optional(&mut **transaction);
    Ok(found.await?.is_some())
}

async fn state_of(transaction: &mut Tx, key: &str) -> Result<Option<(PostState, Option<MessageRef>)>, sqlx::Error> {
    let row = sqlx::query("SELECT state, channel, posted_ts FROM outbox WHERE key = ?")
        .bind(key)
        .fetch_optional(&mut **transaction)
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some((rows::post_state(&row)?, rows::place(&row)?)))
}

/// Implements [`crate::store::Store::record_outcome`].
pub(super) async fn record_outcome(transaction: &mut Tx, key: &str, outcome: &PostOutcome) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE outbox SET state = ?1, next_at = ?2, posted_ts = coalesce(?3, posted_ts), error = ?4,
         body = CASE WHEN ?1 IN ('sent', 'failed', 'dropped', 'gone') THEN NULL ELSE coalesce(?5, body) END
         WHERE key = ?6 AND (?1 NOT IN ('pending', 'uncertain') OR state IN ('pending', 'sending', 'uncertain'))",
    )
    .bind(outcome.state.as_str())
    .bind(outcome.next_at.as_millisecond())
    .bind(&outcome.posted_ts)
    .bind(&outcome.error)
    .bind(&outcome.body)
    .bind(key)
    .execute(&mut **transaction)
    .await?;
    // A message that was deleted, by us or by somebody else, is known to be gone.
    sqlx::query(
        "UPDATE outbox SET state = 'gone' WHERE state = 'sent' AND key =
         (SELECT target FROM outbox WHERE key = ? AND (state = 'gone' OR (state = 'sent' AND action = 'delete')))",
    )
    .bind(key)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Implements [`crate::store::Store::posted`].
pub(super) async fn posted(readers: &SqlitePool, key: &str) -> Result<Option<MessageRef>, sqlx::Error> {
    let row = sqlx::query("SELECT channel, posted_ts FROM outbox WHERE key = ? AND action = 'post' AND state = 'sent'")
        .bind(key)
        .fetch_optional(readers)
        .await?;
    Ok(row.as_ref().map(rows::place).transpose()?.flatten())
}

/// Implements [`crate::store::Store::is_in_outbox`].
pub(super) async fn has(readers: &SqlitePool, key: &str) -> Result<bool, sqlx::Error> {
    let found = sqlx::query("SELECT 1 FROM outbox WHERE key = ? AND state NOT IN ('failed', 'dropped', 'gone')")
        .bind(key)
        .fetch_optional(readers);
    Ok(found.await?.is_some())
}

/// Implements [`crate::store::Store::recover`].
pub(super) async fn recover(transaction: &mut Tx, lookup_after: Duration) -> Result<u64, sqlx::Error> {
    // `next_at` holds the time at which the last attempt began.
    let changed = sqlx::query("UPDATE outbox SET state = 'uncertain', next_at = next_at + ? WHERE state = 'sending'")
        .bind(rows::milliseconds(lookup_after))
        .execute(&mut **transaction);
    Ok(changed.await?.rows_affected())
}
