//! Purging of old data in small transactions, so that nobody waits long for the store, however much there is.

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Sqlite as Engine, Transaction};

use super::{Sqlite, inbox};
use crate::store::{Error, PAYLOADS_KEPT, Purged, Retention, SetAsideReason, rows};

/// Number of rows processed in one transaction.
const CHUNK: u32 = 500;
/// A table with old rows to delete. Each is walked along an index of its age.
struct Table {
    name: &'static str,
    /// The column with the age of a row.
    age: &'static str,
    /// Condition for rows that may be deleted. Cases that people still work on keep the rows that belong to them.
    old: &'static str,
}

/// The tables in the order of deletion: cases before the rows that the remaining cases keep.
const TABLES: [Table; 8] = [
    Table {
        name: "inbox",
        age: "received_at",
        old: "state <> 'waiting'",
    },
    Table {
        name: "cases",
        age: "updated_at",
        old: "true",
    },
    Table {
        name: "answers",
        age: "answered_at",
        old: "(case_id IS NULL OR NOT EXISTS (SELECT 1 FROM cases WHERE cases.id = answers.case_id))",
    },
    Table {
        name: "runs",
        age: "updated_at",
        old: "live = 0 AND (case_id IS NULL OR NOT EXISTS (SELECT 1 FROM cases WHERE cases.id = runs.case_id))",
    },
    Table {
        name: "shadow_answers",
        age: "at",
        old: "true",
    },
    Table {
        name: "pages",
        age: "created_at",
        old: "state <> 'pending'",
    },
    // Kept with its case, which then gets no second issue.
    Table {
        name: "case_issues",
        age: "created_at",
        old: "state <> 'pending' AND NOT EXISTS (SELECT 1 FROM cases WHERE cases.id = case_issues.case_id)",
    },
    // Kept: the card of a case, and the other messages of its thread (its card may have moved); a run's messages, whose
    // keys end in the run's id, and those of its thread.
    Table {
        name: "outbox",
        age: "created_at",
        old: "state NOT IN ('pending', 'sending', 'uncertain') AND (action <> 'post' OR NOT (
             EXISTS (SELECT 1 FROM cases WHERE cases.post = outbox.key)
             OR EXISTS (SELECT 1 FROM runs WHERE runs.id = substr(outbox.key, instr(outbox.key, ':') + 1))
             OR (outbox.thread_ts IS NOT NULL AND (
                 EXISTS (SELECT 1 FROM cases WHERE cases.channel = outbox.channel AND cases.thread_ts = outbox.thread_ts)
                 OR EXISTS (SELECT 1 FROM runs WHERE runs.channel = outbox.channel AND runs.thread_ts = outbox.thread_ts)))))",
    },
];

/// The audit, whose entries have a retention of their own.
const AUDIT: Table = Table {
    name: "audit",
    age: "at",
    old: "true",
};

impl Sqlite {
    pub(super) async fn purge_in_chunks(&self, now: Timestamp, retention: Retention) -> Result<Purged, Error> {
        let mut purged = Purged::default();
        let day = rows::before(now, PAYLOADS_KEPT);
        let gives_up = self.overdue.is_over(self.any_waits(day).await?, now);
        loop {
            let (unhandled, erased) = self.erase_some(now, day, gives_up).await?;
            purged.unhandled += unhandled;
            purged.erased += erased;
            if unhandled + erased == 0 {
                break;
            }
        }
        let old = rows::before(now, retention.answers);
        for table in &TABLES {
            purged.forgotten += self.forget(table, old).await?;
        }
        purged.forgotten += self.forget(&AUDIT, rows::before(now, retention.audit)).await?;
        Ok(purged)
    }

    /// Returns true when rows wait that arrived before `before`.
    async fn any_waits(&self, before: i64) -> Result<bool, Error> {
        let any = sqlx::query_scalar(
            "SELECT EXISTS (
                 SELECT 1 FROM inbox WHERE payload IS NOT NULL AND received_at < ? AND state = 'waiting')",
        )
        .bind(before)
        .fetch_one(&self.readers())
        .await?;
        Ok(any)
    }

    /// Erases payloads that are older than a day; if `gives_up`, first sets rows aside that waited for so long. Returns
    /// the number of rows set aside and of payloads erased.
    async fn erase_some(&self, now: Timestamp, day: i64, gives_up: bool) -> Result<(u64, u64), Error> {
        let _behind = self.behind().await;
        let mut transaction = self.begin().await?;
        let unhandled = if gives_up {
            give_up(&mut transaction, now, day).await?
        } else {
            0
        };
        let erased = sqlx::query(
            "UPDATE inbox SET payload = NULL WHERE seq IN (
                 SELECT seq FROM inbox WHERE payload IS NOT NULL AND received_at < ? AND state <> 'waiting' LIMIT ?)",
        )
        .bind(day)
        .bind(CHUNK)
        .execute(&mut *transaction)
        .await?
        .rows_affected();
        self.end_transaction(transaction).await?;
        Ok((unhandled, erased))
    }

    /// Walks along the ages of a table, from the oldest on, and deletes the rows that may go.
    async fn forget(&self, table: &Table, old: i64) -> Result<u64, Error> {
        let mut forgotten = 0;
        let mut from = i64::MIN;
        loop {
            let _behind = self.behind().await;
            let mut transaction = self.begin().await?;
            let Some(to) = end_of_chunk(&mut transaction, table, from, old).await? else {
                return Ok(forgotten);
            };
            forgotten += delete(&mut transaction, table, from, to).await?;
            self.end_transaction(transaction).await?;
            let Some(next) = to.checked_add(1) else {
                return Ok(forgotten);
            };
            from = next;
        }
    }
}

/// Sets rows aside that waited for a day. Channels where the bot was asked are told; whether the other messages were
/// errors is not known.
async fn give_up(transaction: &mut Transaction<'static, Engine>, now: Timestamp, day: i64) -> Result<u64, sqlx::Error> {
    let rows = sqlx::query(
        "UPDATE inbox SET state = 'set_aside', running = 0, reason = ?, handled_at = ? WHERE seq IN (
             SELECT seq FROM inbox WHERE payload IS NOT NULL AND received_at < ? AND state = 'waiting' LIMIT ?)
         RETURNING key, lane, mentioned, received_at",
    )
    .bind(SetAsideReason::TooOld.as_str())
    .bind(now.as_millisecond())
    .bind(day)
    .bind(CHUNK)
    .fetch_all(&mut **transaction)
    .await?;
    for row in &rows {
        if let Some(missed) = rows::asked(row)? {
            inbox::miss(transaction, &missed).await?;
        }
    }
    Ok(rows.len() as u64)
}

/// The latest time in the age column of the next [`CHUNK`] rows from `from` on; `None` when none is older than `old`.
async fn end_of_chunk(
    transaction: &mut Transaction<'static, Engine>,
    table: &Table,
    from: i64,
    old: i64,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar(AssertSqlSafe(table.end_of_chunk()))
        .bind(from)
        .bind(old)
        .bind(CHUNK)
        .fetch_one(&mut **transaction)
        .await
}

async fn delete(
    transaction: &mut Transaction<'static, Engine>,
    table: &Table,
    from: i64,
    to: i64,
) -> Result<u64, sqlx::Error> {
    let mut deleted = 0;
    for statement in table.deletions() {
        deleted += sqlx::query(AssertSqlSafe(statement))
            .bind(from)
            .bind(to)
            .execute(&mut **transaction)
            .await?
            .rows_affected();
    }
    Ok(deleted)
}

/// SQL statements, built only from the names above.
impl Table {
    /// Condition that selects only rows contained in the index of the table's ages.
    fn indexed(&self) -> &'static str {
        match self.name {
            "inbox" => "state <> 'waiting' AND",
            "outbox" => "state NOT IN ('pending', 'sending', 'uncertain') AND",
            _ => "",
        }
    }

    fn end_of_chunk(&self) -> String {
        let (Self { name, age, .. }, among) = (self, self.indexed());
        format!(
            "SELECT max({age}) FROM
             (SELECT {age} FROM {name} WHERE {among} {age} >= ? AND {age} < ? ORDER BY {age} LIMIT ?)"
        )
    }

    fn deletions(&self) -> Vec<String> {
        let (Self { name, age, old }, among) = (self, self.indexed());
        let mut statements = Vec::new();
        if *name == "cases" {
            statements.push(format!(
                "DELETE FROM case_people WHERE case_id IN (SELECT id FROM cases WHERE {age} BETWEEN ? AND ?)"
            ));
        }
        statements.push(format!(
            "DELETE FROM {name} WHERE {among} {age} BETWEEN ? AND ? AND {old}"
        ));
        statements
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Row as _;

    use super::*;

    #[tokio::test]
    async fn no_table_is_read_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(&folder.path().join("signpost.db")).await.unwrap();
        for table in TABLES.iter().chain([&AUDIT]) {
            for statement in table.deletions().into_iter().chain([table.end_of_chunk()]) {
                let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}")))
                    .fetch_all(&store.readers())
                    .await
                    .unwrap();
                for step in plan {
                    let step: String = step.get("detail");
                    let derived = step.starts_with("SCAN (subquery");
                    assert!(derived || !step.contains("SCAN"), "{step} in {statement}");
                }
            }
        }
    }
}
