//! A database as a transfer reads and writes it: on one connection, with no server at it.

use async_trait::async_trait;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Postgres, Row as _};

use super::super::StoreError;
use super::super::transfer::{Archive, Kind, PAGE, Row, Table, Value};
use super::failure::Failure;
use super::session;

pub(in super::super) struct Database(PgConnection);

impl Database {
    /// Makes the tables if need be, and keeps servers out until this is dropped.
    pub(in super::super) async fn open(url: &str) -> Result<Self, StoreError> {
        let options = session::options(url)?;
        let mut connection = super::migrate(&options).await?;
        let locked = sqlx::query("SELECT pg_try_advisory_lock($1)").bind(session::LOCK);
        let locked = locked.fetch_one(&mut connection).await?.try_get(0)?;
        if locked { Ok(Self(connection)) } else { Err(StoreError::InUse) }
    }

    async fn all(&mut self, query: Query<'_, Postgres, PgArguments>) -> Result<Vec<PgRow>, StoreError> {
        Ok(query.fetch_all(&mut self.0).await.map_err(Failure::of)?)
    }
}

#[async_trait]
impl Archive for Database {
    async fn count(&mut self, table: &Table) -> Result<u64, StoreError> {
        let count = AssertSqlSafe(format!("SELECT count(*) FROM {}", table.name));
        let count: i64 = sqlx::query(count).fetch_one(&mut self.0).await?.try_get(0)?;
        Ok(count.unsigned_abs())
    }

    async fn page(&mut self, table: &Table, after: Option<&Value>) -> Result<Vec<Row>, StoreError> {
        let key = key(table);
        let columns: Vec<String> = table.columns.iter().map(|(name, kind)| read(name, *kind)).collect();
        let behind = after.map_or(String::new(), |_| format!("WHERE {key} > $1"));
        let select =
            format!("SELECT {} FROM {} {behind} ORDER BY {key} LIMIT {PAGE}", columns.join(", "), table.name);
        let select = sqlx::query(AssertSqlSafe(select));
        let select = match after {
            Some(after) => bind(select, after),
            None => select,
        };
        let rows = self.all(select).await?;
        rows.iter()
            .map(|row| {
                let columns = table.columns.iter().enumerate();
                columns.map(|(place, (_, kind))| value(row, place, *kind)).collect()
            })
            .collect()
    }

    async fn last_key(&mut self, table: &Table) -> Result<Option<Value>, StoreError> {
        let (name, kind) = table.columns[0];
        let select = format!("SELECT {name} FROM {} ORDER BY {} DESC LIMIT 1", table.name, key(table));
        let rows = self.all(sqlx::query(AssertSqlSafe(select))).await?;
        rows.first().map(|row| value(row, 0, kind)).transpose()
    }

    async fn write(&mut self, table: &Table, rows: &[Row]) -> Result<(), StoreError> {
        let names: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
        let columns = || table.columns.iter().enumerate();
        let arrays: Vec<String> =
            columns().map(|(place, (_, kind))| format!("${}::{}[]", place + 1, wire(*kind))).collect();
        let values: Vec<String> = table.columns.iter().map(|(name, kind)| written(name, *kind)).collect();
        let (names, values, arrays) = (names.join(", "), values.join(", "), arrays.join(", "));
        let insert = format!(
            "INSERT INTO {} ({names}) SELECT {values} FROM unnest({arrays}) AS r ({names})",
            table.name
        );
        let mut insert = sqlx::query(AssertSqlSafe(insert));
        for (place, (_, kind)) in columns() {
            let column = || rows.iter().map(|row| row.get(place));
            insert = match kind {
                Kind::Integer => insert.bind(column().map(integer).collect::<Vec<_>>()),
                Kind::Text | Kind::Json => insert.bind(column().map(text).collect::<Vec<_>>()),
                Kind::Bytes => insert.bind(column().map(bytes).collect::<Vec<_>>()),
            };
        }
        self.all(insert).await.map(drop)
    }

    async fn last_id(&mut self) -> Result<i64, StoreError> {
        let select = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM record_ids";
        Ok(sqlx::query(select).fetch_one(&mut self.0).await?.try_get(0)?)
    }

    async fn continue_after(&mut self, id: i64) -> Result<(), StoreError> {
        // Its third argument says whether this one was given already.
        let set = sqlx::query("SELECT setval('record_ids', greatest($1, 1), $1 > 0)").bind(id);
        self.all(set).await.map(drop)
    }

    async fn is_unfinished(&mut self) -> Result<bool, StoreError> {
        super::is_unfinished(&mut self.0).await
    }

    async fn begin(&mut self, now: i64) -> Result<(), StoreError> {
        self.all(sqlx::query("INSERT INTO transfers (begun_at) VALUES ($1)").bind(now)).await.map(drop)
    }

    async fn end(&mut self) -> Result<(), StoreError> {
        self.all(sqlx::query("DELETE FROM transfers")).await.map(drop)
    }
}

/// The key of a table, in an order that does not depend on the database's language.
fn key(table: &Table) -> String {
    let (name, kind) = table.columns[0];
    if matches!(kind, Kind::Text) { format!("{name} COLLATE \"C\"") } else { name.to_owned() }
}

fn read(name: &str, kind: Kind) -> String {
    if matches!(kind, Kind::Json) { format!("{name}::text") } else { name.to_owned() }
}

fn written(name: &str, kind: Kind) -> String {
    if matches!(kind, Kind::Json) { format!("{name}::json") } else { name.to_owned() }
}

fn wire(kind: Kind) -> &'static str {
    match kind {
        Kind::Integer => "bigint",
        Kind::Text | Kind::Json => "text",
        Kind::Bytes => "bytea",
    }
}

fn bind<'q>(query: Query<'q, Postgres, PgArguments>, value: &'q Value) -> Query<'q, Postgres, PgArguments> {
    match value {
        Value::Null => query.bind(None::<i64>),
        Value::Integer(number) => query.bind(number),
        Value::Text(text) => query.bind(text),
        Value::Bytes(bytes) => query.bind(bytes),
    }
}

fn value(row: &PgRow, place: usize, kind: Kind) -> Result<Value, StoreError> {
    let value = match kind {
        Kind::Integer => row.try_get::<Option<i64>, _>(place)?.map(Value::Integer),
        Kind::Text | Kind::Json => row.try_get::<Option<String>, _>(place)?.map(Value::Text),
        Kind::Bytes => row.try_get::<Option<Vec<u8>>, _>(place)?.map(Value::Bytes),
    };
    Ok(value.unwrap_or(Value::Null))
}

fn integer(value: Option<&Value>) -> Option<i64> {
    if let Some(Value::Integer(number)) = value { Some(*number) } else { None }
}

fn text(value: Option<&Value>) -> Option<&str> {
    if let Some(Value::Text(text)) = value { Some(text) } else { None }
}

fn bytes(value: Option<&Value>) -> Option<&[u8]> {
    if let Some(Value::Bytes(bytes)) = value { Some(bytes) } else { None }
}
