//! The inbox: arrivals, the order of handling, rows set aside, and missed messages.

use jiff::Timestamp;
use sqlx::sqlite::SqlitePool;
use sqlx::{Sqlite as Engine, Transaction};

use crate::store::rows::{self, Columns as _};
use crate::store::{Arrival, InboxCounts, InboxRow, LONGEST_WAIT, Missed, NewMissed, Receipt, SetAsideReason, Waiting};

type Tx = Transaction<'static, Engine>;

/// Query that jumps from name to name in the index, however many rows of each lane wait. The second half starts again
/// from the first name, up to where the first half began.
const LANES: &str = "
    WITH RECURSIVE later(lane) AS (
        SELECT (SELECT lane FROM inbox WHERE state = 'waiting' AND lane > ?1 ORDER BY lane LIMIT 1)
        UNION ALL
        SELECT (SELECT lane FROM inbox WHERE state = 'waiting' AND lane > later.lane ORDER BY lane LIMIT 1)
        FROM later WHERE later.lane IS NOT NULL LIMIT ?2
    ), earlier(lane) AS (
        SELECT (SELECT lane FROM inbox WHERE state = 'waiting' ORDER BY lane LIMIT 1)
        UNION ALL
        SELECT (SELECT lane FROM inbox WHERE state = 'waiting' AND lane > earlier.lane ORDER BY lane LIMIT 1)
        FROM earlier WHERE earlier.lane IS NOT NULL LIMIT ?2
    )
    SELECT lane FROM later WHERE lane IS NOT NULL
    UNION ALL SELECT lane FROM earlier WHERE lane IS NOT NULL AND lane <= ?1
    LIMIT ?2";

/// Query for channels with missed messages that are quiet now. Jumps from lane to lane as [`LANES`] does. A time far in
/// the future was noted by a wrong clock.
const MISSED: &str = "
    WITH RECURSIVE waiting(lane) AS (
        SELECT (SELECT lane FROM inbox WHERE state = 'waiting' ORDER BY lane LIMIT 1)
        UNION ALL
        SELECT (SELECT lane FROM inbox WHERE state = 'waiting' AND lane > waiting.lane ORDER BY lane LIMIT 1)
        FROM waiting WHERE waiting.lane IS NOT NULL
    )
    SELECT channel, count, asked, first_at, last_at, noted_at FROM missed
    WHERE (noted_at < ?1 OR noted_at > ?2)
    AND channel NOT IN (SELECT substr(lane, instr(lane, ':') + 1) FROM waiting WHERE lane IS NOT NULL)
    AND NOT EXISTS (
        SELECT 1 FROM outbox WHERE outbox.channel = missed.channel AND state IN ('pending', 'sending', 'uncertain')
        AND expires_at < ?1)";

/// Implements [`crate::store::Store::lanes`].
pub(super) async fn lanes(readers: &SqlitePool, after: &str, limit: u32) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(LANES)
        .bind(after)
        .bind(limit)
        .fetch_all(readers)
        .await
}

/// Implements [`crate::store::Store::next`].
pub(super) async fn next(readers: &SqlitePool, lane: &str) -> Result<Option<Waiting>, sqlx::Error> {
    let row = sqlx::query(
        "SELECT seq, key, lane, mentioned, payload, attempts, retried FROM inbox
         WHERE lane = ? AND state = 'waiting' ORDER BY seq LIMIT 1",
    )
    .bind(lane)
    .fetch_optional(readers)
    .await?;
    row.as_ref().map(rows::waiting).transpose()
}

/// Implements [`crate::store::Store::begin`].
pub(super) async fn begin(transaction: &mut Tx, seq: i64) -> Result<bool, sqlx::Error> {
    let begun = sqlx::query("UPDATE inbox SET running = 1 WHERE seq = ? AND state = 'waiting'")
        .bind(seq)
        .execute(&mut **transaction)
        .await?;
    Ok(begun.rows_affected() == 1)
}

/// Implements [`crate::store::Store::release`].
pub(super) async fn release(transaction: &mut Tx, seq: Option<i64>) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE inbox SET running = 0 WHERE running = 1 AND (?1 IS NULL OR seq = ?1)")
        .bind(seq)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// Implements [`crate::store::Store::recover_inbox`].
pub(super) async fn recover(transaction: &mut Tx) -> Result<u64, sqlx::Error> {
    let counted = sqlx::query("UPDATE inbox SET running = 0, attempts = attempts + 1 WHERE running = 1")
        .execute(&mut **transaction)
        .await?;
    Ok(counted.rows_affected())
}

/// Marks a row as handled and erases its payload. `false` when the row changed since it was read.
pub(super) async fn finish(transaction: &mut Tx, row: &Waiting, now: Timestamp) -> Result<bool, sqlx::Error> {
    let marked = sqlx::query(
        "UPDATE inbox SET state = 'handled', running = 0, handled_at = ?, payload = NULL
         WHERE seq = ? AND mentioned = ? AND state = 'waiting'",
    )
    .bind(now.as_millisecond())
    .bind(row.seq)
    .bind(row.mentioned)
    .execute(&mut **transaction)
    .await?;
    Ok(marked.rows_affected() == 1)
}

/// Implements [`crate::store::Store::set_aside`].
pub(super) async fn set_aside(
    transaction: &mut Tx,
    key: &str,
    why: SetAsideReason,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE inbox SET state = 'set_aside', running = 0, reason = ?, handled_at = ?
         WHERE key = ? AND state = 'waiting'",
    )
    .bind(why.as_str())
    .bind(now.as_millisecond())
    .bind(key)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Implements [`crate::store::Store::inbox`].
pub(super) async fn counts(readers: &SqlitePool) -> Result<InboxCounts, sqlx::Error> {
    let row = sqlx::query(
        "SELECT (SELECT count(*) FROM inbox WHERE state = 'waiting') AS waiting,
                (SELECT min(received_at) FROM inbox WHERE state = 'waiting') AS oldest,
                count(*) AS set_aside, count(*) FILTER (WHERE reason IS NOT 'undecoded') AS retriable
         FROM inbox WHERE state = 'set_aside' AND payload IS NOT NULL",
    )
    .fetch_one(readers)
    .await?;
    Ok(InboxCounts {
        waiting: row.count("waiting")?,
        oldest: row.maybe_time("oldest")?,
        set_aside: row.count("set_aside")?,
        retriable: row.count("retriable")?,
    })
}

/// Stores one arrival.
pub(super) async fn receive(transaction: &mut Tx, arrival: &Arrival, now: Timestamp) -> Result<Receipt, sqlx::Error> {
    let known = sqlx::query("SELECT state, mentioned FROM inbox WHERE key = ?")
        .bind(&arrival.key)
        .fetch_optional(&mut **transaction)
        .await?;
    let mut receipt = Receipt::New;
    if let Some(row) = known {
        let state = row.text("state")?;
        if row.flag("mentioned")? || !arrival.mentioned {
            return Ok(Receipt::Known);
        }
        if state == "waiting" {
            sqlx::query("UPDATE inbox SET mentioned = 1 WHERE key = ?")
                .bind(&arrival.key)
                .execute(&mut **transaction)
                .await?;
            return Ok(Receipt::Mentioned);
        }
        // Handled before the mention was known: it is handled again, as a new row at the end of the order.
        sqlx::query("DELETE FROM inbox WHERE key = ?")
            .bind(&arrival.key)
            .execute(&mut **transaction)
            .await?;
        receipt = Receipt::Reopened;
    }
    sqlx::query(
        "INSERT INTO inbox (key, lane, mentioned, payload, received_at, state, reason) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&arrival.key)
    .bind(&arrival.lane)
    .bind(arrival.mentioned)
    .bind(&arrival.payload)
    .bind(now.as_millisecond())
    .bind(if arrival.decoded { "waiting" } else { "set_aside" })
    .bind((!arrival.decoded).then(|| SetAsideReason::Undecoded.as_str()))
    .execute(&mut **transaction)
    .await?;
    Ok(receipt)
}

/// Notes a message that was too old to be answered.
pub(super) async fn miss(transaction: &mut Tx, missed: &NewMissed) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO missed (channel, count, asked, first_at, last_at, noted_at) VALUES (?1, 1, ?2, ?3, ?3, ?4)
         ON CONFLICT (channel) DO UPDATE SET count = count + 1, asked = asked + excluded.asked,
         first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at),
         noted_at = excluded.noted_at",
    )
    .bind(&missed.channel)
    .bind(missed.asked)
    .bind(missed.at.as_millisecond())
    .bind(missed.noted_at.as_millisecond())
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Implements [`crate::store::Store::missed_before`].
pub(super) async fn missed_before(readers: &SqlitePool, before: Timestamp) -> Result<Vec<Missed>, sqlx::Error> {
    let before = before.as_millisecond();
    let latest = before.saturating_add(rows::milliseconds(LONGEST_WAIT));
    let rows = sqlx::query(MISSED).bind(before).bind(latest).fetch_all(readers).await?;
    rows.iter().map(rows::missed).collect()
}

/// Forgets the missed messages of a channel. `false` when more were missed there since they were read.
pub(super) async fn forget_missed(transaction: &mut Tx, missed: &Missed) -> Result<bool, sqlx::Error> {
    let forgotten = sqlx::query("DELETE FROM missed WHERE channel = ? AND count = ?")
        .bind(&missed.channel)
        .bind(i64::try_from(missed.count).unwrap_or(i64::MAX))
        .execute(&mut **transaction)
        .await?;
    Ok(forgotten.rows_affected() == 1)
}

/// Lists waiting rows and rows set aside, as an operator sees them, the oldest first.
pub(super) async fn list(readers: &SqlitePool, limit: u32) -> Result<Vec<InboxRow>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT key, lane, state, reason, attempts, received_at,
                payload IS NOT NULL AND reason IS NOT 'undecoded' AS retriable FROM inbox
         WHERE state IN ('waiting', 'set_aside') ORDER BY seq LIMIT ?",
    )
    .bind(limit)
    .fetch_all(readers)
    .await?;
    rows.iter().map(rows::inbox_row).collect()
}

/// Lets rows that were set aside wait again, one row or all; returns their number. Rows that cannot be decoded or have
/// no payload any more stay set aside.
pub(super) async fn retry(transaction: &mut Tx, key: Option<&str>) -> Result<u64, sqlx::Error> {
    let changed = sqlx::query(
        "UPDATE inbox SET state = 'waiting', attempts = 0, running = 0, retried = 1, reason = NULL, handled_at = NULL
         WHERE state = 'set_aside' AND payload IS NOT NULL AND reason IS NOT 'undecoded' AND (?1 IS NULL OR key = ?1)",
    )
    .bind(key)
    .execute(&mut **transaction)
    .await?;
    Ok(changed.rows_affected())
}
