//! The outbox: adding rows, the order of sending, and results.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::postgres::{PgPool, PgRow};

use super::leases::Replica;
use super::{Tx, cases, clean, inbox};
use crate::store::rows::Columns as _;
use crate::store::{
    Action, Due, Expiry, LONGEST_WAIT, MessageRef, NewPost, OutboxCounts, PostOutcome, PostState, Ready, Turn, rows,
};

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
        FROM waiting WHERE place = 1 AND state <> 'sending' AND (next_at <= $1 OR next_at > $2) AND NOT EXISTS (
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
         SELECT $1, coalesce(meant.channel, $2), CASE WHEN meant.key IS NULL THEN $3 ELSE meant.thread_ts END,
                $4, $5, $6, $7, 'pending', $8, 0, $9, $10, $11, $12, $13
         FROM (SELECT 1) AS one LEFT JOIN outbox AS meant ON meant.key = $6 WHERE true
         ON CONFLICT (key) DO NOTHING",
    )
    .bind(clean(&post.key))
    .bind(clean(&post.channel))
    .bind(post.thread_ts.as_deref().map(clean))
    .bind(clean(&post.body))
    .bind(post.action.as_str())
    .bind(post.action.target().map(clean))
    .bind(post.action.person().map(clean))
    .bind(now.as_millisecond())
    .bind(expiry.map(|expiry| expiry.at.as_millisecond()))
    .bind(expiry.is_some_and(|expiry| expiry.asked))
    .bind(expiry.map(|expiry| expiry.written_at.as_millisecond()))
    .bind(emoji.map(clean))
    .bind(message_ts.map(clean))
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
        "UPDATE outbox SET body = $1 WHERE key = $2 AND action = 'post' AND state = 'pending'
         AND NOT EXISTS (SELECT 1 FROM outbox WHERE target = $2 AND action = 'delete')",
    )
    .bind(clean(&post.body))
    .bind(clean(of))
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
         WHERE key = $1 AND action = 'post' AND state = 'pending'",
    )
    .bind(clean(of))
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
         WHERE target = $1 AND action = 'update' AND state = 'pending' AND key <> $2",
    )
    .bind(clean(of))
    .bind(clean(but))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

async fn drop_row(transaction: &mut Tx, key: &str, why: &str) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE outbox SET state = 'dropped', body = NULL, error = $1 WHERE key = $2")
        .bind(why)
        .bind(clean(key))
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// The name of a channel's lease.
pub(super) fn lease(channel: &str) -> String {
    format!("outbox:{channel}")
}

/// Rows that may be sent now, whichever replica works on their channels.
pub(super) async fn due(readers: &PgPool, now: Timestamp) -> Result<Due, sqlx::Error> {
    let now = now.as_millisecond();
    let latest = now.saturating_add(rows::milliseconds(LONGEST_WAIT));
    let rows = sqlx::query(DUE).bind(now).bind(latest).fetch_all(readers).await?;
    let next_at: Option<i64> = sqlx::query_scalar(
        "SELECT min(next_at) FROM outbox WHERE state IN ('pending', 'uncertain') AND next_at > $1 AND next_at <= $2",
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
pub(super) async fn counts(readers: &PgPool) -> Result<OutboxCounts, sqlx::Error> {
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

/// Marks a row as being sent by this replica, and returns its current content, unless another replica works on its
/// channel.
pub(super) async fn turn(transaction: &mut Tx, us: &Replica, key: &str, now: Timestamp) -> Result<Turn, sqlx::Error> {
    let channel: Option<String> = sqlx::query_scalar("SELECT channel FROM outbox WHERE key = $1")
        .bind(clean(key))
        .fetch_optional(&mut **transaction)
        .await?;
    let Some(channel) = channel else {
        return Ok(Turn::Over(None));
    };
    if !us.hold(transaction, &lease(&channel)).await? {
        return Ok(Turn::Over(None));
    }
    // Locked, so that a change or a deletion that comes meanwhile finds it as being sent.
    let row = sqlx::query(
        "SELECT seq, action, target, body, channel, created_at, expires_at, asked, written_at FROM outbox
         WHERE key = $1 AND state IN ('pending', 'uncertain') FOR UPDATE",
    )
    .bind(clean(key))
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
                 WHERE target = $1 AND action = 'delete'",
            )
            .bind(clean(key))
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
        "UPDATE outbox SET state = 'sending', owner = $3, attempts = attempts + 1, next_at = $1,
         first_try_at = coalesce(first_try_at, $1) WHERE key = $2",
    )
    .bind(now.as_millisecond())
    .bind(clean(key))
    .bind(us.id())
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
async fn expire(transaction: &mut Tx, key: &str, row: &PgRow, now: Timestamp) -> Result<Turn, sqlx::Error> {
    let case: Option<String> = sqlx::query_scalar("SELECT id FROM cases WHERE post = $1")
        .bind(clean(key))
        .fetch_optional(&mut **transaction)
        .await?;
    if let Some(case) = case {
        cases::forget(transaction, &case).await?;
    }
    sqlx::query("DELETE FROM answers WHERE post = $1")
        .bind(clean(key))
        .execute(&mut **transaction)
        .await?;
    // Changes meant for this answer must not be applied to another one.
    sqlx::query(
        "UPDATE outbox SET state = 'dropped', body = NULL, error = 'its message is not there'
         WHERE target = $1 AND state IN ('pending', 'sending', 'uncertain')",
    )
    .bind(clean(key))
    .execute(&mut **transaction)
    .await?;
    sqlx::query("DELETE FROM outbox WHERE key = $1")
        .bind(clean(key))
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
    let found = sqlx::query("SELECT 1 FROM outbox WHERE target = $1 AND action = 'delete' AND state = 'pending'")
        .bind(clean(of))
        .fetch_optional(&mut **transaction);
    Ok(found.await?.is_some())
}

async fn is_replaced(transaction: &mut Tx, of: &str, seq: i64) -> Result<bool, sqlx::Error> {
    let found = sqlx::query("SELECT 1 FROM outbox WHERE target = $1 AND seq > $2 AND state = 'pending'")
        .bind(clean(of))
        .bind(seq)
        .fetch_optional(&mut **transaction);
    Ok(found.await?.is_some())
}

async fn state_of(transaction: &mut Tx, key: &str) -> Result<Option<(PostState, Option<MessageRef>)>, sqlx::Error> {
    let row = sqlx::query("SELECT state, channel, posted_ts FROM outbox WHERE key = $1")
        .bind(clean(key))
        .fetch_optional(&mut **transaction)
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some((rows::post_state(&row)?, rows::place(&row)?)))
}

/// Stores the result of an attempt, unless another replica has begun one since. What another replica has settled
/// meanwhile, or is about to look up, does not become due again: it would be sent twice, or without its body.
pub(super) async fn record_outcome(
    transaction: &mut Tx,
    us: &Replica,
    key: &str,
    outcome: &PostOutcome,
) -> Result<(), sqlx::Error> {
    let recorded = sqlx::query(
        "UPDATE outbox SET state = $1, next_at = $2, posted_ts = coalesce($3, posted_ts), error = $4, owner = NULL,
         body = CASE WHEN $1 IN ('sent', 'failed', 'dropped', 'gone') THEN NULL ELSE coalesce($5, body) END
         WHERE key = $6 AND (owner = $7 OR owner IS NULL AND (
             $1 NOT IN ('pending', 'uncertain') OR state = 'pending' OR ($1 = 'uncertain' AND state = 'uncertain')))",
    )
    .bind(outcome.state.as_str())
    .bind(outcome.next_at.as_millisecond())
    .bind(outcome.posted_ts.as_deref().map(clean))
    .bind(outcome.error.as_deref().map(clean))
    .bind(outcome.body.as_deref().map(clean))
    .bind(clean(key))
    .bind(us.id())
    .execute(&mut **transaction)
    .await?;
    if recorded.rows_affected() == 0 {
        return Ok(());
    }
    // A message that was deleted, by us or by somebody else, is known to be gone.
    sqlx::query(
        "UPDATE outbox SET state = 'gone' WHERE state = 'sent' AND key =
         (SELECT target FROM outbox WHERE key = $1 AND (state = 'gone' OR (state = 'sent' AND action = 'delete')))",
    )
    .bind(clean(key))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Implements [`crate::store::Store::posted`].
pub(super) async fn posted(readers: &PgPool, key: &str) -> Result<Option<MessageRef>, sqlx::Error> {
    let row =
        sqlx::query("SELECT channel, posted_ts FROM outbox WHERE key = $1 AND action = 'post' AND state = 'sent'")
            .bind(clean(key))
            .fetch_optional(readers)
            .await?;
    Ok(row.as_ref().map(rows::place).transpose()?.flatten())
}

/// Implements [`crate::store::Store::is_in_outbox`].
pub(super) async fn has(readers: &PgPool, key: &str) -> Result<bool, sqlx::Error> {
    let found = sqlx::query("SELECT 1 FROM outbox WHERE key = $1 AND state NOT IN ('failed', 'dropped', 'gone')")
        .bind(clean(key))
        .fetch_optional(readers);
    Ok(found.await?.is_some())
}

/// Marks rows as uncertain that this replica, or one that is gone, left marked as being sent.
pub(super) async fn recover(
    transaction: &mut Tx,
    us: &Replica,
    own: bool,
    lookup_after: Duration,
) -> Result<u64, sqlx::Error> {
    // `next_at` holds the time at which the last attempt began.
    let changed = sqlx::query(
        "UPDATE outbox SET state = 'uncertain', owner = NULL, next_at = next_at + $1
         WHERE state = 'sending' AND (($3 AND owner = $2) OR NOT EXISTS (
             SELECT 1 FROM leases WHERE name = 'replica:' || outbox.owner AND until > clock_timestamp()))",
    )
    .bind(rows::milliseconds(lookup_after))
    .bind(us.id())
    .bind(own)
    .execute(&mut **transaction);
    Ok(changed.await?.rows_affected())
}
