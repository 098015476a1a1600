//! Slack's rate limits, which count the calls of all replicas together.
//!
//! Algorithm of [`crate::slack::rate_limiter`], by the server's clock: a bucket holds the time at which its next
//! call would be due if calls had always come evenly, and a call may come earlier than that by the burst.

use std::time::Duration;

use sqlx::postgres::PgPool;

use super::clean;

/// Takes the next slot of a bucket whose calls come `every` so often on average, and early by `early` at most. Returns the
/// time to wait when it is not free.
pub(super) async fn take(
    writers: &PgPool,
    bucket: &str,
    every: Duration,
    early: Duration,
) -> Result<Option<Duration>, sqlx::Error> {
    let taken = sqlx::query(
        "INSERT INTO pace (bucket, due) VALUES ($1, clock_timestamp() + make_interval(secs => $2))
         ON CONFLICT (bucket) DO UPDATE
         SET due = greatest(pace.due, clock_timestamp()) + make_interval(secs => $2)
         WHERE pace.due <= clock_timestamp() + make_interval(secs => $3)",
    )
    .bind(clean(bucket))
    .bind(every.as_secs_f64())
    .bind(early.as_secs_f64())
    .execute(writers)
    .await?;
    if taken.rows_affected() == 1 {
        return Ok(None);
    }
    let left: Option<f64> = sqlx::query_scalar(
        "SELECT extract(epoch FROM due - clock_timestamp())::DOUBLE PRECISION - $2 FROM pace WHERE bucket = $1",
    )
    .bind(clean(bucket))
    .bind(early.as_secs_f64())
    .fetch_optional(writers)
    .await?;
    // A row that is gone, or due by now, is asked for again at once.
    let left = left.and_then(|left| Duration::try_from_secs_f64(left).ok());
    Ok(Some(left.unwrap_or_default()))
}

/// Blocks a bucket for all replicas until `after` from now, and what comes early with it.
pub(super) async fn block(writers: &PgPool, bucket: &str, after: Duration, early: Duration) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO pace (bucket, due) VALUES ($1, clock_timestamp() + make_interval(secs => $2))
         ON CONFLICT (bucket) DO UPDATE SET due = greatest(pace.due, excluded.due)",
    )
    .bind(clean(bucket))
    .bind((after + early).as_secs_f64())
    .execute(writers)
    .await?;
    Ok(())
}

/// Forgets buckets that were quiet for long.
pub(super) async fn forget(writers: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM pace WHERE due < clock_timestamp() - INTERVAL '10 minutes'")
        .execute(writers)
        .await?;
    Ok(())
}
