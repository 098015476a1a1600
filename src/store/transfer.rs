//! The move of a store from an SQLite file to a PostgreSQL database.

use std::path::Path;

use futures_util::TryStreamExt as _;
use secrecy::SecretString;
use sqlx::postgres::PgPool;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _};

use super::Error;
use super::postgres::{Postgres, Tx, clean};
use super::sqlite::Sqlite;

/// Rows of one statement.
const CHUNK: usize = 200;
/// Tables that have nothing to move, or are an engine's own.
const LEFT: [&str; 2] = ["_sqlx_migrations", "heartbeat"];

/// The number of rows that a table had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transferred {
    /// The table.
    pub table: String,
    /// The number of its rows, all of which were moved.
    pub rows: u64,
}

/// A table of both engines.
struct TransferTable {
    name: String,
    columns: Vec<(String, ColumnKind)>,
}

/// ColumnKind of a column, by PostgreSQL's name for its type.
#[derive(Clone, Copy)]
enum ColumnKind {
    Text,
    Number,
    Flag,
    Fraction,
    Bytes,
}

impl ColumnKind {
    fn parse(data_type: &str) -> Option<Self> {
        Some(match data_type {
            "text" => Self::Text,
            "bigint" => Self::Number,
            "boolean" => Self::Flag,
            "double precision" => Self::Fraction,
            "bytea" => Self::Bytes,
            _ => return None,
        })
    }
}

/// The value of a column.
enum ColumnValue {
    Text(Option<String>),
    Number(Option<i64>),
    Flag(Option<bool>),
    Fraction(Option<f64>),
    Bytes(Option<Vec<u8>>),
}

/// Copies everything that the SQLite file `from` holds into the PostgreSQL database `to`, in one transaction, and returns
/// the tables with their numbers of rows. Both are brought up to date first; the file keeps its content.
///
/// # Errors
///
/// Returns an error, and copies nothing, when the file does not exist or is in use, and when the database holds data or is
/// in use.
pub async fn transfer(from: &Path, to: &SecretString) -> Result<Vec<Transferred>, Error> {
    if !from.exists() {
        return Err(Error::Missing { path: from.to_owned() });
    }
    // Its lock keeps a bot from starting meanwhile.
    let source = Sqlite::open(from).await?;
    let (pool, place) = Postgres::prepare(to).await?;
    let readers = source.readers();
    let tables = tables(&readers, &pool, from).await?;
    let mut target = Postgres::begin_transfer(&pool, &place, tables.iter().map(|table| table.name.as_str())).await?;
    let mut moved = Vec::new();
    for table in tables {
        let rows = copy(&readers, &mut target, &table).await?;
        continue_numbers(&readers, &mut target, &table).await?;
        moved.push(Transferred {
            table: table.name,
            rows,
        });
    }
    target.commit().await?;
    pool.close().await;
    Ok(moved)
}

/// The tables of the file, with the columns that both engines have.
async fn tables(source: &SqlitePool, target: &PgPool, path: &Path) -> Result<Vec<TransferTable>, Error> {
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )
    .fetch_all(source)
    .await?;
    let mut tables = Vec::new();
    for name in names.into_iter().filter(|name| !LEFT.contains(&name.as_str())) {
        let theirs: Vec<String> = sqlx::query_scalar("SELECT name FROM pragma_table_info(?)")
            .bind(&name)
            .fetch_all(source)
            .await?;
        let ours: Vec<(String, String)> = sqlx::query_as(
            "SELECT column_name::TEXT, data_type::TEXT FROM information_schema.columns
             WHERE table_schema = current_schema() AND table_name = $1",
        )
        .bind(&name)
        .fetch_all(target)
        .await?;
        let mut columns = Vec::new();
        for column in theirs {
            let kind = ours
                .iter()
                .find(|(ours, _)| *ours == column)
                .and_then(|(_, data_type)| ColumnKind::parse(data_type));
            // Nothing may be left behind.
            let Some(kind) = kind else {
                return Err(Error::Untransferable {
                    path: path.to_owned(),
                    column: format!("{name}.{column}"),
                });
            };
            columns.push((column, kind));
        }
        tables.push(TransferTable { name, columns });
    }
    Ok(tables)
}

/// Copies the rows of a table, and returns their number.
async fn copy(source: &SqlitePool, target: &mut Tx, table: &TransferTable) -> Result<u64, sqlx::Error> {
    // The names are those of our own migrations.
    let names = table.columns.iter().map(|(name, _)| format!("\"{name}\""));
    let names = names.collect::<Vec<_>>().join(", ");
    if table.name == "keys" {
        // The migration made a key of its own; the rows are hashed with the file's.
        sqlx::query("DELETE FROM keys").execute(&mut **target).await?;
    }
    let select = format!("SELECT {names} FROM {} ORDER BY rowid", table.name);
    let mut rows = sqlx::query(AssertSqlSafe(select)).fetch(source);
    let mut chunk = Vec::with_capacity(CHUNK);
    let mut copied = 0;
    loop {
        let row = rows.try_next().await?;
        let is_last = row.is_none();
        if let Some(row) = row {
            chunk.push(cells(&row, table)?);
        }
        if !chunk.is_empty() && (is_last || chunk.len() == CHUNK) {
            copied += insert(target, table, &names, std::mem::take(&mut chunk)).await?;
        }
        if is_last {
            return Ok(copied);
        }
    }
}

fn cells(row: &SqliteRow, table: &TransferTable) -> Result<Vec<ColumnValue>, sqlx::Error> {
    let cell = |(name, kind): &(String, ColumnKind)| {
        let name = name.as_str();
        Ok(match kind {
            ColumnKind::Text => ColumnValue::Text(row.try_get(name)?),
            ColumnKind::Number => ColumnValue::Number(row.try_get(name)?),
            ColumnKind::Flag => ColumnValue::Flag(row.try_get(name)?),
            ColumnKind::Fraction => ColumnValue::Fraction(row.try_get(name)?),
            ColumnKind::Bytes => ColumnValue::Bytes(row.try_get(name)?),
        })
    };
    table.columns.iter().map(cell).collect()
}

async fn insert(
    target: &mut Tx,
    table: &TransferTable,
    names: &str,
    chunk: Vec<Vec<ColumnValue>>,
) -> Result<u64, sqlx::Error> {
    let mut query = QueryBuilder::new(format!("INSERT INTO {} ({names}) ", table.name));
    query.push_values(chunk, |mut row, cells| {
        for cell in cells {
            match cell {
                ColumnValue::Text(text) => row.push_bind(text.map(|text| clean(&text).into_owned())),
                ColumnValue::Number(number) => row.push_bind(number),
                ColumnValue::Flag(flag) => row.push_bind(flag),
                ColumnValue::Fraction(fraction) => row.push_bind(fraction),
                ColumnValue::Bytes(bytes) => row.push_bind(bytes),
            };
        }
    });
    Ok(query.build().execute(&mut **target).await?.rows_affected())
}

/// Lets the numbers of new rows begin after the last one that the file ever gave.
async fn continue_numbers(source: &SqlitePool, target: &mut Tx, table: &TransferTable) -> Result<(), sqlx::Error> {
    let last: Option<i64> = sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = ?")
        .bind(&table.name)
        .fetch_optional(source)
        .await?;
    if let Some(last) = last.filter(|last| *last > 0) {
        sqlx::query("SELECT setval(pg_get_serial_sequence($1, 'seq'), $2)")
            .bind(&table.name)
            .bind(last)
            .execute(&mut **target)
            .await?;
    }
    Ok(())
}
