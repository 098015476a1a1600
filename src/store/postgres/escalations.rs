//! Pages, timers and issues of escalations in PostgreSQL.

use jiff::Timestamp;
use sqlx::postgres::PgPool;

use super::{Tx, clean};
use crate::store::{Changes, DueEscalation, DueIssue, DuePage, DueWatch, rows};

/// Pages that are due, whichever replica sends them.
pub(super) async fn due_pages(readers: &PgPool, now: Timestamp, limit: u32) -> Result<Vec<DuePage>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT key, case_id, pager, action, body, attempts, created_at FROM pages AS page
         WHERE state = 'pending' AND next_at <= $1 AND NOT EXISTS (
             SELECT 1 FROM pages AS earlier WHERE earlier.case_id = page.case_id AND earlier.pager = page.pager
             AND earlier.state = 'pending' AND earlier.seq < page.seq)
         ORDER BY next_at, seq LIMIT $2",
    )
    .bind(now.as_millisecond())
    .bind(i64::from(limit))
    .fetch_all(readers)
    .await?;
    rows.iter().map(rows::due_page).collect()
}

/// Escalations that go on now, whichever replica takes their steps.
pub(super) async fn due_escalations(
    readers: &PgPool,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<DueEscalation>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT case_id, escalation, attempts FROM escalation_timers WHERE due_at <= $1
         ORDER BY due_at, case_id, escalation LIMIT $2",
    )
    .bind(now.as_millisecond())
    .bind(i64::from(limit))
    .fetch_all(readers)
    .await?;
    rows.iter().map(rows::due_escalation).collect()
}

/// Pages whose service is asked now, whichever replica asks it.
pub(super) async fn due_watches(readers: &PgPool, now: Timestamp, limit: u32) -> Result<Vec<DueWatch>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT key, case_id, pager, faults, created_at FROM page_watches WHERE next_at <= $1
         ORDER BY next_at, key LIMIT $2",
    )
    .bind(now.as_millisecond())
    .bind(i64::from(limit))
    .fetch_all(readers)
    .await?;
    rows.iter().map(rows::due_watch).collect()
}

/// Issues that are to be created now, whichever replica does it.
pub(super) async fn due_issues(readers: &PgPool, now: Timestamp, limit: u32) -> Result<Vec<DueIssue>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT case_id, tracker, body, attempts, created_at FROM case_issues
         WHERE state = 'pending' AND next_at <= $1 ORDER BY next_at, case_id LIMIT $2",
    )
    .bind(now.as_millisecond())
    .bind(i64::from(limit))
    .fetch_all(readers)
    .await?;
    rows.iter().map(rows::due_issue).collect()
}

/// Writes the pages, their outcomes, the timers and the watches of an action.
pub(super) async fn write(transaction: &mut Tx, done: &Changes, now: Timestamp) -> Result<(), sqlx::Error> {
    for page in &done.pages {
        sqlx::query(
            "INSERT INTO pages (key, case_id, pager, action, body, state, created_at, next_at)
             VALUES ($1, $2, $3, $4, $5, 'pending', $6, 0) ON CONFLICT (key) DO NOTHING",
        )
        .bind(clean(&page.key))
        .bind(clean(&page.case))
        .bind(clean(&page.pager))
        .bind(page.action.as_str())
        .bind(clean(&page.body))
        .bind(now.as_millisecond())
        .execute(&mut **transaction)
        .await?;
    }
    for outcome in &done.paged {
        let (state, next_at) = outcome.state.stored(now);
        sqlx::query(
            "UPDATE pages SET state = $1, next_at = $2, error = $3, attempts = attempts + 1,
             body = CASE WHEN $1 = 'pending' THEN body END WHERE key = $4 AND state = 'pending'",
        )
        .bind(state)
        .bind(next_at.as_millisecond())
        .bind(outcome.error.as_deref().map(clean))
        .bind(clean(&outcome.key))
        .execute(&mut **transaction)
        .await?;
    }
    for timer in &done.timers {
        let query = match timer.due_at {
            Some(due_at) => sqlx::query(
                "INSERT INTO escalation_timers (case_id, escalation, due_at, attempts) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (case_id, escalation) DO UPDATE SET due_at = excluded.due_at, attempts = excluded.attempts",
            )
            .bind(clean(&timer.case))
            .bind(clean(&timer.escalation))
            .bind(due_at.as_millisecond())
            .bind(i64::from(timer.attempts)),
            None => sqlx::query("DELETE FROM escalation_timers WHERE case_id = $1 AND escalation = $2")
                .bind(clean(&timer.case))
                .bind(clean(&timer.escalation)),
        };
        query.execute(&mut **transaction).await?;
    }
    for watch in &done.watches {
        let query = match watch.next_at {
            Some(next_at) => sqlx::query(
                "INSERT INTO page_watches (key, case_id, pager, next_at, faults, created_at) VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT (key) DO UPDATE SET next_at = excluded.next_at, faults = excluded.faults",
            )
            .bind(clean(&watch.key))
            .bind(clean(&watch.case))
            .bind(clean(&watch.pager))
            .bind(next_at.as_millisecond())
            .bind(i64::from(watch.faults))
            .bind(now.as_millisecond()),
            None => sqlx::query("DELETE FROM page_watches WHERE key = $1").bind(clean(&watch.key)),
        };
        query.execute(&mut **transaction).await?;
    }
    Ok(())
}

/// Writes the requests for issues of an action, and the results of attempts.
pub(super) async fn write_issues(transaction: &mut Tx, done: &Changes, now: Timestamp) -> Result<(), sqlx::Error> {
    for issue in &done.issues {
        sqlx::query(
            "INSERT INTO case_issues (case_id, tracker, body, state, created_at, next_at)
             VALUES ($1, $2, $3, 'pending', $4, $4) ON CONFLICT (case_id) DO UPDATE SET
             tracker = excluded.tracker, body = excluded.body, state = 'pending', attempts = 0,
             next_at = excluded.next_at, error = NULL WHERE case_issues.state <> 'pending'",
        )
        .bind(clean(&issue.case))
        .bind(clean(&issue.tracker))
        .bind(clean(&issue.body))
        .bind(now.as_millisecond())
        .execute(&mut **transaction)
        .await?;
    }
    for outcome in &done.filed {
        let (state, next_at) = outcome.state.stored(now);
        sqlx::query(
            "UPDATE case_issues SET state = $1, next_at = $2, error = $3,
             attempts = attempts + CASE WHEN $1 = 'pending' AND $3 IS NULL THEN 0 ELSE 1 END,
             body = CASE WHEN $1 = 'pending' THEN body END WHERE case_id = $4 AND state = 'pending'",
        )
        .bind(state)
        .bind(next_at.as_millisecond())
        .bind(outcome.error.as_deref().map(clean))
        .bind(clean(&outcome.case))
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}
