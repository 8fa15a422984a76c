//! The database of a test, looked at from outside; and everything once more on the other kind of database.

use std::path::Path;
use std::process::Command;

use formwork_tests::postgres::{self, Cluster};
use sqlx::{AssertSqlSafe, PgPool, SqlitePool};

use crate::Server;

/// Which kind of database the tests are run on: `postgres`, or `SQLite` where it is not set.
const KIND: &str = "FORMWORK_TEST_DATABASE";

fn is_on_postgres() -> bool {
    std::env::var(KIND).is_ok_and(|kind| kind == "postgres")
}

/// The URL of a database that does not exist yet, or is empty.
pub(crate) async fn new(root: &Path) -> String {
    if is_on_postgres() {
        Cluster::shared().database().await
    } else {
        format!("sqlite:{}", root.join("test.db").display())
    }
}

enum Database {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Server {
    async fn database(&self) -> Database {
        if is_on_postgres() {
            Database::Postgres(PgPool::connect(&self.url).await.unwrap())
        } else {
            Database::Sqlite(SqlitePool::connect(&self.url).await.unwrap())
        }
    }

    /// How many rows a table has.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        let query = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        match self.database().await {
            Database::Sqlite(pool) => sqlx::query_scalar(query).fetch_one(&pool).await.unwrap(),
            Database::Postgres(pool) => sqlx::query_scalar(query).fetch_one(&pool).await.unwrap(),
        }
    }

    /// A column of text.
    pub(crate) async fn texts(&self, query: &'static str) -> Vec<String> {
        match self.database().await {
            Database::Sqlite(pool) => sqlx::query_scalar(query).fetch_all(&pool).await.unwrap(),
            Database::Postgres(pool) => sqlx::query_scalar(query).fetch_all(&pool).await.unwrap(),
        }
    }
}

#[test]
fn all_of_it_on_postgres() {
    if is_on_postgres() || !postgres::is_there() {
        return;
    }
    let tests = std::env::current_exe().unwrap();
    let ran = Command::new(tests).env(KIND, "postgres").output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{out}{err}");
}
