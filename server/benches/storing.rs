//! What the stores alone can do: records per second from many creators at once, beside one creator that waits for each
//! of its commits, beside what the disk would allow, and on `PostgreSQL` beside single rows that `pgbench` inserts.
//!
//! Rates are taken in rounds of everything. `benches/README.md` says how to read the numbers.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, missing_docs, reason = "a benchmark")]

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use formwork::store::{self, Creation, NewClaim, NewRecord, Store};
use formwork_tests::postgres::{self, Cluster};
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use tempfile::NamedTempFile;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

const ROUNDS: usize = 5;
const CREATORS: usize = 64;
const TIME: Duration = Duration::from_millis(1500);

fn main() {
    // Cargo says so for `cargo bench` and not for `cargo test --all-targets`, which should not take longer for it.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
    on_sqlite(&runtime);
    if postgres::is_there() {
        on_postgres(&runtime);
    }
}

fn on_sqlite(runtime: &Runtime) {
    let directory = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", directory.path().join("formwork.db").display());
    let store = runtime.block_on(store::open(&database)).unwrap();
    let numbers = Arc::new(AtomicU64::new(0));
    let rate = |creators| creates(runtime, &store, &numbers, creators);
    let rounds = rounds(|| [fsyncs(directory.path()), rate(1), rate(CREATORS)]);
    println!(
        "\nSQLite, {ROUNDS} rounds; per second\n\n{:<44} {:>10} {:>10} {:>10}",
        "", "min", "median", "max"
    );
    row("bare append and fsync", rounds.iter().map(|round| round[0]), 0);
    row("one creator, a commit each", rounds.iter().map(|round| round[1]), 0);
    row(&format!("{CREATORS} creators"), rounds.iter().map(|round| round[2]), 0);
    println!("\nratios within a round\n");
    row("one creator to bare fsyncs", rounds.iter().map(|round| round[1] / round[0]), 2);
    row(&format!("{CREATORS} creators to one"), rounds.iter().map(|round| round[2] / round[1]), 2);
    runtime.block_on(store.close());
}

fn on_postgres(runtime: &Runtime) {
    let cluster = Cluster::durable();
    let database = runtime.block_on(cluster.database());
    let store = runtime.block_on(store::open(&database)).unwrap();
    let inserts = Inserts::new(runtime, &cluster);
    let numbers = Arc::new(AtomicU64::new(0));
    let rate = |creators| creates(runtime, &store, &numbers, creators);
    let rounds = rounds(|| [inserts.rate(1), inserts.rate(CREATORS), rate(1), rate(CREATORS)]);
    println!(
        "\nPostgreSQL, {ROUNDS} rounds; per second\n\n{:<44} {:>10} {:>10} {:>10}",
        "", "min", "median", "max"
    );
    row("pgbench, one connection", rounds.iter().map(|round| round[0]), 0);
    row(&format!("pgbench, {CREATORS} connections"), rounds.iter().map(|round| round[1]), 0);
    row("one creator, a commit each", rounds.iter().map(|round| round[2]), 0);
    row(&format!("{CREATORS} creators"), rounds.iter().map(|round| round[3]), 0);
    println!("\nratios within a round\n");
    row("one creator to one connection", rounds.iter().map(|round| round[2] / round[0]), 2);
    row(
        &format!("{CREATORS} creators to {CREATORS} connections"),
        rounds.iter().map(|round| round[3] / round[1]),
        2,
    );
    runtime.block_on(store.close());
}

/// The first round warms up and is not shown.
fn rounds<const N: usize>(mut round: impl FnMut() -> [f64; N]) -> Vec<[f64; N]> {
    (0..=ROUNDS).map(|_| round()).skip(1).collect()
}

/// Single rows that `pgbench` inserts, each in a transaction of its own, into a table like that of the records: one
/// table, one index, nothing unique but the id.
struct Inserts<'a> {
    cluster: &'a Cluster,
    database: String,
    script: NamedTempFile,
}

impl<'a> Inserts<'a> {
    fn new(runtime: &Runtime, cluster: &'a Cluster) -> Self {
        let database = runtime.block_on(cluster.database());
        runtime.block_on(async {
            let table = "CREATE TABLE single (id bigserial PRIMARY KEY, resource text NOT NULL, form text NOT NULL, \
                version text NOT NULL, attributes json NOT NULL, created_at bigint NOT NULL)";
            let pool = PgPool::connect(&database).await.unwrap();
            sqlx::query(table).execute(&pool).await.unwrap();
            pool.close().await;
        });
        let mut script = NamedTempFile::new().unwrap();
        // `pgbench` would take a colon before a letter for a variable.
        let attributes = record(0).attributes.replace(':', ": ");
        writeln!(
            script,
            "INSERT INTO single (resource, form, version, attributes, created_at) \
             VALUES ('User', 'newsletter', '39ffee50d7f6b59a', '{attributes}', 1700000000000);"
        )
        .unwrap();
        fs::set_permissions(script.path(), Permissions::from_mode(0o644)).unwrap();
        Self { cluster, database, script }
    }

    fn rate(&self, connections: usize) -> f64 {
        let connections = connections.to_string();
        let mut program = self.cluster.command("pgbench");
        program.args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--client", &connections]);
        program.args(["--time", "2", "--file"]).arg(self.script.path()).arg(&self.database);
        let ran = program.output().unwrap();
        let text = String::from_utf8(ran.stdout).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("tps = "));
        let rate = line.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&ran.stderr)));
        rate.split(' ').next().unwrap().parse().unwrap()
    }
}

fn row(label: &str, values: impl Iterator<Item = f64>, decimals: usize) {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let (min, median, max) = (values[0], values[values.len() / 2], values[values.len() - 1]);
    println!("{label:<44} {min:>10.decimals$} {median:>10.decimals$} {max:>10.decimals$}");
}

/// Records per second; every creator begins its next one when the last is durable.
fn creates(runtime: &Runtime, store: &Arc<dyn Store>, numbers: &Arc<AtomicU64>, creators: usize) -> f64 {
    runtime.block_on(async {
        let mut running = JoinSet::new();
        let started = Instant::now();
        for _ in 0..creators {
            let (store, numbers) = (Arc::clone(store), Arc::clone(numbers));
            running.spawn(async move {
                let mut done = 0;
                while started.elapsed() < TIME {
                    let created =
                        store.create(record(numbers.fetch_add(1, Ordering::Relaxed))).await.unwrap();
                    assert!(matches!(created, Creation::Created(_)));
                    done += 1;
                }
                done
            });
        }
        let done: u32 = running.join_all().await.into_iter().sum();
        f64::from(done) / started.elapsed().as_secs_f64()
    })
}

/// A record as the example form `newsletter` makes it: one claim, no password.
fn record(number: u64) -> NewRecord {
    let email = format!("reader{number}@example.com");
    NewRecord {
        resource: "User".to_owned(),
        form: "newsletter".to_owned(),
        version: "39ffee50d7f6b59a".to_owned(),
        attributes: format!(
            r#"{{"email":"{email}","first_name":"Ada","properties":{{"consent":true,"frequency":"daily"}}}}"#
        ),
        password: None,
        claims: vec![NewClaim { field: "email".to_owned(), digest: Sha256::digest(email).into() }],
        created_at: 1_700_000_000_000,
        key: None,
    }
}

/// Appends a database page to a file and flushes it to the disk, over and over.
fn fsyncs(directory: &Path) -> f64 {
    let mut file = fs::File::options().append(true).create(true).open(directory.join("appended")).unwrap();
    let page = [0x5a; 4096];
    let started = Instant::now();
    let mut done = 0;
    while started.elapsed() < TIME {
        file.write_all(&page).unwrap();
        file.sync_all().unwrap();
        done += 1;
    }
    f64::from(done) / started.elapsed().as_secs_f64()
}
