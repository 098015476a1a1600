//! Purging of old data in small transactions, so that nobody waits long for the store, however much there is.

use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use super::{DURABLE, Postgres, Tx, inbox};
use crate::store::{Error, PAYLOADS_KEPT, Purged, Retention, SetAsideReason, rows};

/// Number of rows processed in one transaction.
const CHUNK: i64 = 500;
/// A table with old rows to delete. Each is walked along an index of its age.
struct AgedTable {
    name: &'static str,
    /// The column with the age of a row.
    age: &'static str,
    /// Condition for rows that may be deleted. Cases that people still work on keep the rows that belong to them.
    old: &'static str,
}

/// The tables in the order of deletion: cases before the rows that the remaining cases keep.
const TABLES: [AgedTable; 8] = [
    AgedTable {
        name: "inbox",
        age: "received_at",
        old: "state <> 'waiting'",
    },
    AgedTable {
        name: "cases",
        age: "updated_at",
        old: "true",
    },
    AgedTable {
        name: "answers",
        age: "answered_at",
        old: "(case_id IS NULL OR NOT EXISTS (SELECT 1 FROM cases WHERE cases.id = answers.case_id))",
    },
    AgedTable {
        name: "runs",
        age: "updated_at",
        old: "NOT live AND (case_id IS NULL OR NOT EXISTS (SELECT 1 FROM cases WHERE cases.id = runs.case_id))",
    },
    AgedTable {
        name: "shadow_answers",
        age: "at",
        old: "true",
    },
    AgedTable {
        name: "pages",
        age: "created_at",
        old: "state <> 'pending'",
    },
    // Kept with its case, which then gets no second issue.
    AgedTable {
        name: "case_issues",
        age: "created_at",
        old: "state <> 'pending' AND NOT EXISTS (SELECT 1 FROM cases WHERE cases.id = case_issues.case_id)",
    },
    // Kept: the card of a case, and the other messages of its thread (its card may have moved); a run's messages, whose
    // keys end in the run's id, and those of its thread.
    AgedTable {
        name: "outbox",
        age: "created_at",
        old: "state NOT IN ('pending', 'sending', 'uncertain') AND (action <> 'post' OR NOT (
             EXISTS (SELECT 1 FROM cases WHERE cases.post = outbox.key)
             OR EXISTS (SELECT 1 FROM runs WHERE runs.id = substr(outbox.key, strpos(outbox.key, ':') + 1))
             OR (outbox.thread_ts IS NOT NULL AND (
                 EXISTS (SELECT 1 FROM cases WHERE cases.channel = outbox.channel AND cases.thread_ts = outbox.thread_ts)
                 OR EXISTS (SELECT 1 FROM runs WHERE runs.channel = outbox.channel AND runs.thread_ts = outbox.thread_ts)))))",
    },
];

/// The audit, whose entries have a retention of their own.
const AUDIT: AgedTable = AgedTable {
    name: "audit",
    age: "at",
    old: "true",
};

impl Postgres {
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
                 SELECT 1 FROM inbox WHERE payload IS NOT NULL AND received_at < $1 AND state = 'waiting')",
        )
        .bind(before)
        .fetch_one(&self.readers)
        .await?;
        Ok(any)
    }

    /// Erases payloads that are older than a day; if `gives_up`, first sets rows aside that waited for so long. Returns
    /// the number of rows set aside and of payloads erased.
    async fn erase_some(&self, now: Timestamp, day: i64, gives_up: bool) -> Result<(u64, u64), Error> {
        let _behind = self.behind().await;
        transaction!(self, DURABLE, transaction => {
            let unhandled = if gives_up {
                give_up(&mut transaction, now, day).await?
            } else {
                0
            };
            let erased = sqlx::query(
                "UPDATE inbox SET payload = NULL WHERE seq IN (
                     SELECT seq FROM inbox WHERE payload IS NOT NULL AND received_at < $1 AND state <> 'waiting'
                     LIMIT $2 FOR UPDATE)",
            )
            .bind(day)
            .bind(CHUNK)
            .execute(&mut *transaction)
            .await?;
            (unhandled, erased.rows_affected())
        })
    }

    /// Walks along the ages of a table, from the oldest on, and deletes the rows that may go.
    async fn forget(&self, table: &AgedTable, old: i64) -> Result<u64, Error> {
        let mut forgotten = 0;
        let mut from = i64::MIN;
        loop {
            let _behind = self.behind().await;
            let chunk: Result<_, Error> = transaction!(self, DURABLE, transaction => {
                match end_of_chunk(&mut transaction, table, from, old).await? {
                    Some(to) => Some((to, delete(&mut transaction, table, from, to).await?)),
                    None => None,
                }
            });
            let Some((to, deleted)) = chunk? else {
                return Ok(forgotten);
            };
            forgotten += deleted;
            let Some(next) = to.checked_add(1) else {
                return Ok(forgotten);
            };
            from = next;
        }
    }
}

/// Sets rows aside that waited for a day. Channels where the bot was asked are told; whether the other messages were
/// errors is not known.
async fn give_up(transaction: &mut Tx, now: Timestamp, day: i64) -> Result<u64, sqlx::Error> {
    let rows = sqlx::query(
        "UPDATE inbox SET state = 'set_aside', running = false, owner = NULL, reason = $1, handled_at = $2 WHERE seq IN (
             SELECT seq FROM inbox WHERE payload IS NOT NULL AND received_at < $3 AND state = 'waiting' LIMIT $4 FOR UPDATE)
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
    transaction: &mut Tx,
    table: &AgedTable,
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

async fn delete(transaction: &mut Tx, table: &AgedTable, from: i64, to: i64) -> Result<u64, sqlx::Error> {
    let mut deleted = 0;
    // Locked first, so that a case that somebody changes meanwhile keeps both its people and itself.
    sqlx::query(AssertSqlSafe(table.lock()))
        .bind(from)
        .bind(to)
        .execute(&mut **transaction)
        .await?;
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
impl AgedTable {
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
             (SELECT {age} FROM {name} WHERE {among} {age} >= $1 AND {age} < $2 ORDER BY {age} LIMIT $3) AS chunk"
        )
    }

    fn lock(&self) -> String {
        let (Self { name, age, .. }, among) = (self, self.indexed());
        format!("SELECT 1 FROM {name} WHERE {among} {age} BETWEEN $1 AND $2 FOR UPDATE")
    }

    fn deletions(&self) -> Vec<String> {
        let (Self { name, age, old }, among) = (self, self.indexed());
        let mut statements = Vec::new();
        if *name == "cases" {
            statements.push(format!(
                "DELETE FROM case_people WHERE case_id IN (SELECT id FROM cases WHERE {age} BETWEEN $1 AND $2)"
            ));
        }
        statements.push(format!(
            "DELETE FROM {name} WHERE {among} {age} BETWEEN $1 AND $2 AND {old}"
        ));
        statements
    }
}
