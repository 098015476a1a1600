//! The inbox: arrivals, the order of handling, rows set aside, and missed messages.

use jiff::Timestamp;
use sqlx::postgres::PgPool;

use super::leases::Replica;
use super::{Tx, clean};
use crate::store::rows::{self, Columns as _};
use crate::store::{Arrival, InboxCounts, InboxRow, LONGEST_WAIT, Missed, NewMissed, Receipt, SetAsideReason, Waiting};

/// Query that jumps from name to name in the index, however many rows of each lane wait. The second half starts again
/// from the first name, up to where the first half began.
const LANES: &str = "
    WITH RECURSIVE later(lane, nth) AS (
        SELECT (SELECT lane FROM inbox WHERE state = 'waiting' AND lane > $1 ORDER BY lane LIMIT 1), 1::BIGINT
        UNION ALL
        SELECT (SELECT lane FROM inbox WHERE state = 'waiting' AND lane > later.lane ORDER BY lane LIMIT 1), nth + 1
        FROM later WHERE later.lane IS NOT NULL AND nth < $2
    ), earlier(lane, nth) AS (
        SELECT (SELECT lane FROM inbox WHERE state = 'waiting' ORDER BY lane LIMIT 1), 1::BIGINT
        UNION ALL
        SELECT (SELECT lane FROM inbox WHERE state = 'waiting' AND lane > earlier.lane ORDER BY lane LIMIT 1), nth + 1
        FROM earlier WHERE earlier.lane IS NOT NULL AND nth < $2
    )
    SELECT lane FROM (
        SELECT 1 AS half, lane FROM later WHERE lane IS NOT NULL
        UNION ALL SELECT 2, lane FROM earlier WHERE lane IS NOT NULL AND lane <= $1
    ) AS found ORDER BY half, lane LIMIT $2";

/// Query for channels with missed messages that are quiet now. A time far in the future was noted by a wrong clock.
const MISSED: &str = "
    WITH RECURSIVE waiting(lane) AS (
        SELECT (SELECT lane FROM inbox WHERE state = 'waiting' ORDER BY lane LIMIT 1)
        UNION ALL
        SELECT (SELECT lane FROM inbox WHERE state = 'waiting' AND lane > waiting.lane ORDER BY lane LIMIT 1)
        FROM waiting WHERE waiting.lane IS NOT NULL
    )
    SELECT channel, count, asked, first_at, last_at, noted_at FROM missed
    WHERE (noted_at < $1 OR noted_at > $2)
    AND channel NOT IN (SELECT substr(lane, strpos(lane, ':') + 1) FROM waiting WHERE lane IS NOT NULL)
    AND NOT EXISTS (
        SELECT 1 FROM outbox WHERE outbox.channel = missed.channel AND state IN ('pending', 'sending', 'uncertain')
        AND expires_at < $1)
    ORDER BY channel";

/// The name of a lane's lease.
pub(super) fn lease(lane: &str) -> String {
    format!("inbox:{}", clean(lane))
}

/// Lanes with waiting rows, whichever replica works on them.
pub(super) async fn lanes(readers: &PgPool, after: &str, limit: u32) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(LANES)
        .bind(clean(after))
        .bind(i64::from(limit))
        .fetch_all(readers)
        .await
}

/// Implements [`crate::store::Store::next`].
pub(super) async fn next(readers: &PgPool, lane: &str) -> Result<Option<Waiting>, sqlx::Error> {
    let row = sqlx::query(
        "SELECT seq, key, lane, mentioned, payload, attempts, retried FROM inbox
         WHERE lane = $1 AND state = 'waiting' ORDER BY seq LIMIT 1",
    )
    .bind(clean(lane))
    .fetch_optional(readers)
    .await?;
    row.as_ref().map(rows::waiting).transpose()
}

/// Marks a row as running on this replica, unless another one works on its lane.
pub(super) async fn begin(transaction: &mut Tx, us: &Replica, seq: i64) -> Result<bool, sqlx::Error> {
    let lane: Option<String> = sqlx::query_scalar("SELECT lane FROM inbox WHERE seq = $1 AND state = 'waiting'")
        .bind(seq)
        .fetch_optional(&mut **transaction)
        .await?;
    let Some(lane) = lane else { return Ok(false) };
    if !us.hold(transaction, &lease(&lane)).await? {
        return Ok(false);
    }
    let begun = sqlx::query("UPDATE inbox SET running = true, owner = $2 WHERE seq = $1 AND state = 'waiting'")
        .bind(seq)
        .bind(us.id())
        .execute(&mut **transaction)
        .await?;
    Ok(begun.rows_affected() == 1)
}

/// Removes this replica's mark from one row, or from all of them.
pub(super) async fn release(transaction: &mut Tx, us: &Replica, seq: Option<i64>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE inbox SET running = false, owner = NULL WHERE running AND owner = $2 AND ($1::BIGINT IS NULL OR seq = $1)",
    )
    .bind(seq)
    .bind(us.id())
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Counts an attempt for each row that was running on this replica or on one that is gone.
pub(super) async fn recover(transaction: &mut Tx, us: &Replica, own: bool) -> Result<u64, sqlx::Error> {
    let counted = sqlx::query(
        "UPDATE inbox SET running = false, owner = NULL, attempts = attempts + 1
         WHERE running AND (($2 AND owner = $1) OR NOT EXISTS (
             SELECT 1 FROM leases WHERE name = 'replica:' || inbox.owner AND until > clock_timestamp()))",
    )
    .bind(us.id())
    .bind(own)
    .execute(&mut **transaction)
    .await?;
    Ok(counted.rows_affected())
}

/// Marks a row as handled and erases its payload. `false` when the row changed since it was read, or when another
/// replica has taken over its lane.
pub(super) async fn finish(
    transaction: &mut Tx,
    us: &Replica,
    row: &Waiting,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    if !us.hold(transaction, &lease(&row.lane)).await? {
        return Ok(false);
    }
    let marked = sqlx::query(
        "UPDATE inbox SET state = 'handled', running = false, owner = NULL, handled_at = $1, payload = NULL
         WHERE seq = $2 AND mentioned = $3 AND state = 'waiting'",
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
        "UPDATE inbox SET state = 'set_aside', running = false, owner = NULL, reason = $1, handled_at = $2
         WHERE key = $3 AND state = 'waiting'",
    )
    .bind(why.as_str())
    .bind(now.as_millisecond())
    .bind(clean(key))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Implements [`crate::store::Store::inbox`].
pub(super) async fn counts(readers: &PgPool) -> Result<InboxCounts, sqlx::Error> {
    let row = sqlx::query(
        "SELECT (SELECT count(*) FROM inbox WHERE state = 'waiting') AS waiting,
                (SELECT min(received_at) FROM inbox WHERE state = 'waiting') AS oldest,
                count(*) AS set_aside, count(*) FILTER (WHERE reason IS DISTINCT FROM 'undecoded') AS retriable
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

/// Stores one arrival. The same arrival may come to several replicas at once: the row's lock, or its key, decides who
/// stores it.
pub(super) async fn receive(transaction: &mut Tx, arrival: &Arrival, now: Timestamp) -> Result<Receipt, sqlx::Error> {
    let key = clean(&arrival.key);
    let mut receipt = Receipt::New;
    loop {
        if insert(transaction, arrival, now).await? {
            return Ok(receipt);
        }
        let known = sqlx::query("SELECT state, mentioned FROM inbox WHERE key = $1 FOR UPDATE")
            .bind(&key)
            .fetch_optional(&mut **transaction)
            .await?;
        // Forgotten between the two statements: the next try stores it.
        let Some(row) = known else { continue };
        if row.flag("mentioned")? || !arrival.mentioned {
            return Ok(Receipt::Known);
        }
        if row.text("state")? == "waiting" {
            sqlx::query("UPDATE inbox SET mentioned = true WHERE key = $1")
                .bind(&key)
                .execute(&mut **transaction)
                .await?;
            return Ok(Receipt::Mentioned);
        }
        // Handled before the mention was known: it is handled again, as a new row at the end of the order.
        sqlx::query("DELETE FROM inbox WHERE key = $1")
            .bind(&key)
            .execute(&mut **transaction)
            .await?;
        receipt = Receipt::Reopened;
    }
}

/// Inserts an arrival. `false` when its key is known.
async fn insert(transaction: &mut Tx, arrival: &Arrival, now: Timestamp) -> Result<bool, sqlx::Error> {
    let added = sqlx::query(
        "INSERT INTO inbox (key, lane, mentioned, payload, received_at, state, reason)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (key) DO NOTHING",
    )
    .bind(clean(&arrival.key))
    .bind(clean(&arrival.lane))
    .bind(arrival.mentioned)
    .bind(clean(&arrival.payload))
    .bind(now.as_millisecond())
    .bind(if arrival.decoded { "waiting" } else { "set_aside" })
    .bind((!arrival.decoded).then(|| SetAsideReason::Undecoded.as_str()))
    .execute(&mut **transaction)
    .await?;
    Ok(added.rows_affected() == 1)
}

/// Notes a message that was too old to be answered.
pub(super) async fn miss(transaction: &mut Tx, missed: &NewMissed) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO missed (channel, count, asked, first_at, last_at, noted_at) VALUES ($1, 1, $2, $3, $3, $4)
         ON CONFLICT (channel) DO UPDATE SET count = missed.count + 1, asked = missed.asked + excluded.asked,
         first_at = least(missed.first_at, excluded.first_at), last_at = greatest(missed.last_at, excluded.last_at),
         noted_at = excluded.noted_at",
    )
    .bind(clean(&missed.channel))
    .bind(i64::from(missed.asked))
    .bind(missed.at.as_millisecond())
    .bind(missed.noted_at.as_millisecond())
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Implements [`crate::store::Store::missed_before`].
pub(super) async fn missed_before(readers: &PgPool, before: Timestamp) -> Result<Vec<Missed>, sqlx::Error> {
    let before = before.as_millisecond();
    let latest = before.saturating_add(rows::milliseconds(LONGEST_WAIT));
    let rows = sqlx::query(MISSED).bind(before).bind(latest).fetch_all(readers).await?;
    rows.iter().map(rows::missed).collect()
}

/// Forgets the missed messages of a channel. `false` when more were missed there since they were read.
pub(super) async fn forget_missed(transaction: &mut Tx, missed: &Missed) -> Result<bool, sqlx::Error> {
    let forgotten = sqlx::query("DELETE FROM missed WHERE channel = $1 AND count = $2")
        .bind(clean(&missed.channel))
        .bind(i64::try_from(missed.count).unwrap_or(i64::MAX))
        .execute(&mut **transaction)
        .await?;
    Ok(forgotten.rows_affected() == 1)
}

/// Lists waiting rows and rows set aside, as an operator sees them, the oldest first.
pub(super) async fn list(readers: &PgPool, limit: u32) -> Result<Vec<InboxRow>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT key, lane, state, reason, attempts, received_at,
                payload IS NOT NULL AND reason IS DISTINCT FROM 'undecoded' AS retriable FROM inbox
         WHERE state IN ('waiting', 'set_aside') ORDER BY seq LIMIT $1",
    )
    .bind(i64::from(limit))
    .fetch_all(readers)
    .await?;
    rows.iter().map(rows::inbox_row).collect()
}

/// Lets rows that were set aside wait again, one row or all; returns their number. Rows that cannot be decoded or have
/// no payload any more stay set aside.
pub(super) async fn retry(pool: &PgPool, key: Option<&str>) -> Result<u64, sqlx::Error> {
    let changed = sqlx::query(
        "UPDATE inbox SET state = 'waiting', attempts = 0, running = false, owner = NULL, retried = true, reason = NULL,
         handled_at = NULL WHERE state = 'set_aside' AND payload IS NOT NULL AND reason IS DISTINCT FROM 'undecoded'
         AND ($1::TEXT IS NULL OR key = $1)",
    )
    .bind(key.map(clean))
    .execute(pool)
    .await?;
    Ok(changed.rows_affected())
}
