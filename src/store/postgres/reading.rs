//! Access to a store beside the replicas that use it.

use secrecy::SecretString;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgPool;

use super::{DURABLE, Postgres, Tx, cases, connections, inbox};
use crate::store::{CaseRow, Error, InboxRow, RunRow, Runs, ShadowAnswers};

impl Postgres {
    /// Connects for reading alone: takes no lease and changes nothing.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached, and when there is no store in the database or one of another version.
    pub async fn read_only(url: &SecretString) -> Result<impl Runs + ShadowAnswers, Error> {
        beside(url).await
    }

    /// The rows of the inbox that wait or were set aside, the oldest first.
    ///
    /// # Errors
    ///
    /// As [`Self::read_only`].
    pub async fn inbox_rows(url: &SecretString, limit: u32) -> Result<Vec<InboxRow>, Error> {
        Ok(inbox::list(&beside(url).await?, limit).await?)
    }

    /// A case by its id, or the newest of a thread (channel and `ts`), with the runs that belong to it.
    ///
    /// # Errors
    ///
    /// As [`Self::read_only`].
    pub async fn case_with_runs(
        url: &SecretString,
        id: &str,
        thread: Option<(&str, &str)>,
    ) -> Result<Option<(CaseRow, Vec<RunRow>)>, Error> {
        let pool = beside(url).await?;
        let Some(case) = cases::one(&pool, id, thread).await? else {
            return Ok(None);
        };
        let runs = pool.runs_of_case(&case.id).await?;
        Ok(Some((case, runs)))
    }

    /// Lets rows that were set aside wait again: the one with this key, or all. Tells how many.
    ///
    /// # Errors
    ///
    /// As [`Self::read_only`], and when the rows cannot be written.
    pub async fn retry(url: &SecretString, key: Option<&str>) -> Result<u64, Error> {
        let pool = beside(url).await?;
        let retried = inbox::retry(&pool, key).await?;
        pool.close().await;
        Ok(retried)
    }

    /// Describes the store at `url` for an operator.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached, and when the store is of a version that this one cannot work with.
    pub async fn examine(url: &SecretString) -> Result<String, Error> {
        let place = connections::display(url);
        let pool = connections::one(url).await?;
        match connections::check(&pool, &place).await {
            Ok(()) => {
                let replicas = super::leases::alive(&pool).await?.len();
                Ok(format!("{place} can be reached; replicas that use it: {replicas}"))
            }
            Err(Error::Missing { .. }) => Ok(format!("{place} can be reached; the tables will be created")),
            Err(Error::Older { .. }) => Ok(format!("{place} can be reached and will be upgraded")),
            Err(error) => Err(error),
        }
    }
}

impl Postgres {
    /// Connects to a database that a store is to be moved to, and makes its tables. Returns its address for people, too.
    pub(in crate::store) async fn prepare(url: &SecretString) -> Result<(PgPool, String), Error> {
        let place = connections::display(url);
        let pool = connections::one(url).await?;
        connections::upgrade(&pool, &place).await?;
        Ok((pool, place))
    }

    /// Begins the transaction that fills the tables, and keeps everybody else from writing until it ends.
    pub(in crate::store) async fn begin_transfer(
        pool: &PgPool,
        place: &str,
        tables: impl Iterator<Item = &str> + Send,
    ) -> Result<Tx, Error> {
        let mut transaction = pool.begin_with(DURABLE).await?;
        sqlx::query("LOCK TABLE leases IN EXCLUSIVE MODE")
            .execute(&mut *transaction)
            .await?;
        let in_use: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM leases WHERE name LIKE 'replica:%' AND until > clock_timestamp())",
        )
        .fetch_one(&mut *transaction)
        .await?;
        if in_use {
            return Err(Error::DatabaseInUse {
                place: place.to_owned(),
            });
        }
        for table in tables {
            // The names are those of our own migrations.
            sqlx::query(AssertSqlSafe(format!("LOCK TABLE {table} IN EXCLUSIVE MODE")))
                .execute(&mut *transaction)
                .await?;
            let filled: bool = sqlx::query_scalar(AssertSqlSafe(format!("SELECT EXISTS (SELECT 1 FROM {table})")))
                .fetch_one(&mut *transaction)
                .await?;
            // Every store has a key of its own from the start.
            if filled && table != "keys" {
                return Err(Error::NotEmpty {
                    place: place.to_owned(),
                });
            }
        }
        Ok(transaction)
    }
}

async fn beside(url: &SecretString) -> Result<PgPool, Error> {
    let pool = connections::one(url).await?;
    connections::check(&pool, &connections::display(url)).await?;
    Ok(pool)
}
