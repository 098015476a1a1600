//! Purging of old data, the same for both engines: which rows are old, and in which order and steps they go.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Error, PAYLOADS_KEPT, Purged, Retention, rows};

/// Number of rows processed in one transaction.
pub(super) const CHUNK: u32 = 500;

/// A table with old rows to delete. Each is walked along an index of its age.
pub(super) struct AgedTable {
    name: &'static str,
    /// The column with the age of a row.
    age: &'static str,
    /// Condition for rows that may be deleted. Cases that people still work on keep the rows that belong to them.
    old: &'static str,
}

/// The tables in the order of deletion: cases before the rows that the remaining cases keep.
pub(super) const TABLES: [AgedTable; 8] = [
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
             OR EXISTS (SELECT 1 FROM runs WHERE runs.id = substr(outbox.key, {position}(outbox.key, ':') + 1))
             OR (outbox.thread_ts IS NOT NULL AND (
                 EXISTS (SELECT 1 FROM cases WHERE cases.channel = outbox.channel AND cases.thread_ts = outbox.thread_ts)
                 OR EXISTS (SELECT 1 FROM runs WHERE runs.channel = outbox.channel AND runs.thread_ts = outbox.thread_ts)))))",
    },
];

/// The audit, whose entries have a retention of their own.
pub(super) const AUDIT: AgedTable = AgedTable {
    name: "audit",
    age: "at",
    old: "true",
};

/// SQL statements, built only from the names above. Both engines read `$1` and `NOT live`.
impl AgedTable {
    /// Condition that selects only rows contained in the index of the table's ages.
    fn indexed(&self) -> &'static str {
        match self.name {
            "inbox" => "state <> 'waiting' AND",
            "outbox" => "state NOT IN ('pending', 'sending', 'uncertain') AND",
            _ => "",
        }
    }

    /// Query for the latest age of the next rows: from `$1` on, before `$2`, at most `$3` rows.
    pub(super) fn end_of_chunk(&self) -> String {
        let (Self { name, age, .. }, among) = (self, self.indexed());
        format!(
            "SELECT max({age}) FROM
             (SELECT {age} FROM {name} WHERE {among} {age} >= $1 AND {age} < $2 ORDER BY {age} LIMIT $3) AS chunk"
        )
    }

    /// Query that locks the rows with an age between `$1` and `$2`.
    pub(super) fn lock(&self) -> String {
        let (Self { name, age, .. }, among) = (self, self.indexed());
        format!("SELECT 1 FROM {name} WHERE {among} {age} BETWEEN $1 AND $2 FOR UPDATE")
    }

    /// Deletes the rows with an age between `$1` and `$2` that may go. `position`: the engine's function for the place of a
    /// text in another one.
    pub(super) fn deletions(&self, position: &str) -> Vec<String> {
        let (Self { name, age, old }, among) = (self, self.indexed());
        let old = old.replace("{position}", position);
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

/// The steps of a purge, each a small transaction, so that nobody waits long for the store, however much there is.
#[async_trait]
pub(super) trait PurgeSteps: Sync {
    /// Returns true when messages that waited since before this time are given up.
    async fn gives_up(&self, before: i64, now: Timestamp) -> Result<bool, Error>;

    /// Erases some payloads that are older than a day; if `gives_up`, first sets rows aside that waited for so long.
    /// Returns the number of rows set aside and of payloads erased.
    async fn erase_some(&self, now: Timestamp, day: i64, gives_up: bool) -> Result<(u64, u64), Error>;

    /// Deletes the next rows of a table that may go, in the order of their age: from this age on, before `old`. Returns
    /// the last age that was looked at and the number of rows deleted; `None` when there are no more.
    async fn forget_some(&self, table: &AgedTable, from: i64, old: i64) -> Result<Option<(i64, u64)>, Error>;
}

/// Purges a store.
pub(super) async fn purge(store: &impl PurgeSteps, now: Timestamp, retention: Retention) -> Result<Purged, Error> {
    let mut purged = Purged::default();
    let day = rows::before(now, PAYLOADS_KEPT);
    let gives_up = store.gives_up(day, now).await?;
    loop {
        let (unhandled, erased) = store.erase_some(now, day, gives_up).await?;
        purged.unhandled += unhandled;
        purged.erased += erased;
        if unhandled + erased == 0 {
            break;
        }
    }
    let old = rows::before(now, retention.answers);
    for table in &TABLES {
        purged.forgotten += forget(store, table, old).await?;
    }
    purged.forgotten += forget(store, &AUDIT, rows::before(now, retention.audit)).await?;
    Ok(purged)
}

/// Walks along the ages of a table, from the oldest on, and deletes the rows that may go.
async fn forget(store: &impl PurgeSteps, table: &AgedTable, old: i64) -> Result<u64, Error> {
    let mut forgotten = 0;
    let mut from = i64::MIN;
    while let Some((to, deleted)) = store.forget_some(table, from, old).await? {
        forgotten += deleted;
        let Some(next) = to.checked_add(1) else {
            break;
        };
        from = next;
    }
    Ok(forgotten)
}
