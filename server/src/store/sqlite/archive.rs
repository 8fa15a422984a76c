//! A database file as a transfer reads and writes it: on one connection, with nobody else at it.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::types::{Type, ValueRef};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params_from_iter};

use super::super::StoreError;
use super::super::transfer::{Archive, PAGE, Row, Table, Value};
use super::Sqlite;

pub(in super::super) struct File(Connection);

impl File {
    /// Makes the file and its tables if need be, and keeps everybody else out until this is dropped.
    pub(in super::super) async fn open(file: &Path) -> Result<Self, StoreError> {
        Sqlite::migrate(file).await?.close().await;
        let open = || {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(file, flags)?;
            // Before anything is read; it is refused if another process has so much as opened the database.
            connection.pragma_update_and_check(None, "locking_mode", "exclusive", |_| Ok(()))?;
            connection.pragma_update(None, "foreign_keys", "on")?;
            connection.execute_batch("BEGIN EXCLUSIVE; COMMIT")?;
            Ok(connection)
        };
        open().map(Self).map_err(failure)
    }
}

#[async_trait]
impl Archive for File {
    async fn count(&mut self, table: &Table) -> Result<u64, StoreError> {
        let count = format!("SELECT count(*) FROM {}", table.name);
        let count: i64 = self.0.query_row(&count, [], |row| row.get(0)).map_err(failure)?;
        Ok(count.unsigned_abs())
    }

    async fn page(&mut self, table: &Table, after: Option<&Value>) -> Result<Vec<Row>, StoreError> {
        let (names, key) = (names(table), table.columns[0].0);
        let behind = after.map_or(String::new(), |_| format!("WHERE {key} > ?"));
        let select = format!("SELECT {names} FROM {} {behind} ORDER BY {key} LIMIT {PAGE}", table.name);
        let mut select = self.0.prepare_cached(&select).map_err(failure)?;
        let width = table.columns.len();
        let rows = select.query_map(params_from_iter(after), |row| {
            (0..width).map(|column| value(row.get_ref(column)?, column)).collect()
        });
        rows.and_then(Iterator::collect).map_err(failure)
    }

    async fn last_key(&mut self, table: &Table) -> Result<Option<Value>, StoreError> {
        let key = table.columns[0].0;
        let select = format!("SELECT {key} FROM {} ORDER BY {key} DESC LIMIT 1", table.name);
        self.0.query_row(&select, [], |row| value(row.get_ref(0)?, 0)).optional().map_err(failure)
    }

    async fn write(&mut self, table: &Table, rows: &[Row]) -> Result<(), StoreError> {
        let marks = vec!["?"; table.columns.len()].join(", ");
        let insert = format!("INSERT INTO {} ({}) VALUES ({marks})", table.name, names(table));
        let mut write = || {
            let transaction = self.0.transaction()?;
            for row in rows {
                transaction.prepare_cached(&insert)?.execute(params_from_iter(row))?;
            }
            transaction.commit()
        };
        write().map_err(failure)
    }

    async fn last_id(&mut self) -> Result<i64, StoreError> {
        let select = "SELECT seq FROM sqlite_sequence WHERE name = 'records'";
        Ok(self.0.query_row(select, [], |row| row.get(0)).optional().map_err(failure)?.unwrap_or(0))
    }

    async fn continue_after(&mut self, id: i64) -> Result<(), StoreError> {
        let set = format!(
            "BEGIN; DELETE FROM sqlite_sequence WHERE name = 'records'; \
             INSERT INTO sqlite_sequence (name, seq) VALUES ('records', {id}); COMMIT"
        );
        self.0.execute_batch(&set).map_err(failure)
    }

    async fn is_unfinished(&mut self) -> Result<bool, StoreError> {
        self.0.query_row("SELECT EXISTS (SELECT 1 FROM transfers)", [], |row| row.get(0)).map_err(failure)
    }

    async fn begin(&mut self, now: i64) -> Result<(), StoreError> {
        self.0.execute("INSERT INTO transfers (begun_at) VALUES (?)", [now]).map(drop).map_err(failure)
    }

    async fn end(&mut self) -> Result<(), StoreError> {
        self.0.execute("DELETE FROM transfers", []).map(drop).map_err(failure)
    }
}

fn names(table: &Table) -> String {
    table.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

fn value(stored: ValueRef<'_>, column: usize) -> rusqlite::Result<Value> {
    Ok(match stored {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Text(_) => Value::Text(stored.as_str()?.to_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        // No column has any: the tables are strict.
        ValueRef::Real(_) => {
            return Err(rusqlite::Error::InvalidColumnType(column, "a number".to_owned(), Type::Real));
        }
    })
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(rusqlite::types::ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn failure(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => StoreError::InUse,
        _ => StoreError::Unavailable(Arc::new(error)),
    }
}
