//! Pages, timers and issues of escalations in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{Sqlite as Engine, Transaction};

use super::Sqlite;
use crate::store::{Changes, DueEscalation, DueIssue, DuePage, DueWatch, Error, Escalations, rows};

#[async_trait]
impl Escalations for Sqlite {
    async fn due_pages(&self, now: Timestamp, limit: u32) -> Result<Vec<DuePage>, Error> {
        let rows = sqlx::query(
            "SELECT key, case_id, pager, action, body, attempts, created_at FROM pages AS page
             WHERE state = 'pending' AND next_at <= ?1 AND NOT EXISTS (
                 SELECT 1 FROM pages AS earlier WHERE earlier.case_id = page.case_id AND earlier.pager = page.pager
                 AND earlier.state = 'pending' AND earlier.seq < page.seq)
             ORDER BY next_at, seq LIMIT ?2",
        )
        .bind(now.as_millisecond())
        .bind(limit)
        .fetch_all(&self.readers())
        .await;
        let rows = self.told(rows)?;
        Ok(rows.iter().map(rows::due_page).collect::<Result<_, _>>()?)
    }

    async fn due_escalations(&self, now: Timestamp, limit: u32) -> Result<Vec<DueEscalation>, Error> {
        let rows = sqlx::query(
            "SELECT case_id, escalation, attempts FROM escalation_timers WHERE due_at <= ? ORDER BY due_at LIMIT ?",
        )
        .bind(now.as_millisecond())
        .bind(limit)
        .fetch_all(&self.readers())
        .await;
        let rows = self.told(rows)?;
        Ok(rows.iter().map(rows::due_escalation).collect::<Result<_, _>>()?)
    }

    async fn due_watches(&self, now: Timestamp, limit: u32) -> Result<Vec<DueWatch>, Error> {
        let rows = sqlx::query(
            "SELECT key, case_id, pager, faults, created_at FROM page_watches WHERE next_at <= ?
             ORDER BY next_at, key LIMIT ?",
        )
        .bind(now.as_millisecond())
        .bind(limit)
        .fetch_all(&self.readers())
        .await;
        let rows = self.told(rows)?;
        Ok(rows.iter().map(rows::due_watch).collect::<Result<_, _>>()?)
    }

    async fn due_issues(&self, now: Timestamp, limit: u32) -> Result<Vec<DueIssue>, Error> {
        let rows = sqlx::query(
            "SELECT case_id, tracker, body, attempts, created_at FROM case_issues
             WHERE state = 'pending' AND next_at <= ? ORDER BY next_at, case_id LIMIT ?",
        )
        .bind(now.as_millisecond())
        .bind(limit)
        .fetch_all(&self.readers())
        .await;
        let rows = self.told(rows)?;
        Ok(rows.iter().map(rows::due_issue).collect::<Result<_, _>>()?)
    }
}

/// Writes the pages, their outcomes, the timers and the watches of an action.
pub(super) async fn write(
    transaction: &mut Transaction<'static, Engine>,
    done: &Changes,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    for page in &done.pages {
        sqlx::query(
            "INSERT INTO pages (key, case_id, pager, action, body, state, created_at, next_at)
             VALUES (?, ?, ?, ?, ?, 'pending', ?, 0) ON CONFLICT (key) DO NOTHING",
        )
        .bind(&page.key)
        .bind(&page.case)
        .bind(&page.pager)
        .bind(page.action.as_str())
        .bind(&page.body)
        .bind(now.as_millisecond())
        .execute(&mut **transaction)
        .await?;
    }
    for outcome in &done.paged {
        let (state, next_at) = outcome.state.stored(now);
        sqlx::query(
            "UPDATE pages SET state = ?1, next_at = ?2, error = ?3, attempts = attempts + 1,
             body = CASE WHEN ?1 = 'pending' THEN body END WHERE key = ?4 AND state = 'pending'",
        )
        .bind(state)
        .bind(next_at.as_millisecond())
        .bind(&outcome.error)
        .bind(&outcome.key)
        .execute(&mut **transaction)
        .await?;
    }
    for timer in &done.timers {
        let query = match timer.due_at {
            Some(due_at) => sqlx::query(
                "INSERT INTO escalation_timers (case_id, escalation, due_at, attempts) VALUES (?, ?, ?, ?)
                 ON CONFLICT (case_id, escalation) DO UPDATE SET due_at = excluded.due_at, attempts = excluded.attempts",
            )
            .bind(&timer.case)
            .bind(&timer.escalation)
            .bind(due_at.as_millisecond())
            .bind(timer.attempts),
            None => sqlx::query("DELETE FROM escalation_timers WHERE case_id = ? AND escalation = ?")
                .bind(&timer.case)
                .bind(&timer.escalation),
        };
        query.execute(&mut **transaction).await?;
    }
    for watch in &done.watches {
        let query = match watch.next_at {
            Some(next_at) => sqlx::query(
                "INSERT INTO page_watches (key, case_id, pager, next_at, faults, created_at) VALUES (?, ?, ?, ?, ?, ?)
                 ON CONFLICT (key) DO UPDATE SET next_at = excluded.next_at, faults = excluded.faults",
            )
            .bind(&watch.key)
            .bind(&watch.case)
            .bind(&watch.pager)
            .bind(next_at.as_millisecond())
            .bind(i64::from(watch.faults))
            .bind(now.as_millisecond()),
            None => sqlx::query("DELETE FROM page_watches WHERE key = ?").bind(&watch.key),
        };
        query.execute(&mut **transaction).await?;
    }
    Ok(())
}

/// Writes the requests for issues of an action, and the results of attempts.
pub(super) async fn write_issues(
    transaction: &mut Transaction<'static, Engine>,
    done: &Changes,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    for issue in &done.issues {
        sqlx::query(
            "INSERT INTO case_issues (case_id, tracker, body, state, created_at, next_at)
             VALUES (?1, ?2, ?3, 'pending', ?4, ?4) ON CONFLICT (case_id) DO UPDATE SET
             tracker = excluded.tracker, body = excluded.body, state = 'pending', attempts = 0,
             next_at = excluded.next_at, error = NULL WHERE case_issues.state <> 'pending'",
        )
        .bind(&issue.case)
        .bind(&issue.tracker)
        .bind(&issue.body)
        .bind(now.as_millisecond())
        .execute(&mut **transaction)
        .await?;
    }
    for outcome in &done.filed {
        let (state, next_at) = outcome.state.stored(now);
        sqlx::query(
            "UPDATE case_issues SET state = ?1, next_at = ?2, error = ?3,
             attempts = attempts + CASE WHEN ?1 = 'pending' AND ?3 IS NULL THEN 0 ELSE 1 END,
             body = CASE WHEN ?1 = 'pending' THEN body END WHERE case_id = ?4 AND state = 'pending'",
        )
        .bind(state)
        .bind(next_at.as_millisecond())
        .bind(&outcome.error)
        .bind(&outcome.case)
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}
