//! What a create costs as the table grows: the same store with ten thousand records and with ten million, on `SQLite` and,
//! where it is installed, on `PostgreSQL`.
//!
//! Both databases are filled by SQL in the store's own tables, with claims as random as digests are, and are then asked in
//! turns, so that a ratio compares what the machine gave at the same time. `FORMWORK_ROWS` is another number than ten
//! million. `benches/README.md` says how to read the numbers.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a benchmark"
)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use formwork::store::{self, Creation, NewClaim, NewKey, NewRecord, Store};
use formwork_tests::postgres::{self, Cluster};
use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, PgPool};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

const FEW: i64 = 10_000;
const MANY: i64 = 10_000_000;
const ROUNDS: usize = 5;
/// How long creates are measured in each round.
const TIME: Duration = Duration::from_secs(2);
const CREATORS: usize = 32;
/// How many times each look is taken in each round.
const LOOKS: usize = 500;
/// Every so many records one was sent with a password and under a key.
const KEYED: i64 = 10;
/// When the records were made, and when they are asked for, in milliseconds since the Unix epoch.
const NOW: i64 = 1_700_000_000_000;
const TOMORROW: i64 = NOW + 86_400_000;

fn main() {
    // Cargo says so for `cargo bench` and not for `cargo test --all-targets`.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let many = std::env::var("FORMWORK_ROWS").map_or(MANY, |rows| rows.parse().unwrap());
    let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
    let directories = [FEW, many].map(|_| tempfile::tempdir().unwrap());
    let files = directories.each_ref().map(|directory| directory.path().join("formwork.db"));
    compare(
        "SQLite",
        &runtime,
        [(FEW, &files[0]), (many, &files[1])].map(|(rows, file)| sqlite(&runtime, file, rows)),
    );
    drop(directories);
    if postgres::is_there() {
        let cluster = Cluster::durable();
        compare(
            "PostgreSQL",
            &runtime,
            [FEW, many].map(|rows| runtime.block_on(on_postgres(&cluster, rows))),
        );
    }
}

/// Asks both in turns, and prints what it took.
fn compare(kind: &str, runtime: &Runtime, filled: [Filled; 2]) {
    let mut both = filled.map(|filled| Asked::new(runtime, filled));
    // The first round warms up and is not counted.
    for round in 0..=ROUNDS {
        for asked in &mut both {
            asked.measure(runtime, round);
        }
    }
    let [few, many] = &both;
    println!("\n{kind}, {ROUNDS} rounds; milliseconds\n");
    println!("{:<44} {:>12} {:>12} {:>8}", "", few.filled.rows, many.filled.rows, "ratio");
    for ((label, few), (_, many)) in few.times.iter().zip(&many.times) {
        for (name, share) in [("median", 0.5), ("p99", 0.99)] {
            let (few, many) = (quantile(few, share), quantile(many, share));
            println!("{:<44} {few:>12.3} {many:>12.3} {:>8.2}", format!("{label}, {name}"), many / few);
        }
    }
    let size_of_each = |asked: &Asked| asked.filled.bytes as f64 / asked.filled.rows as f64;
    println!("\nbytes on disk for each record: {:.0} and {:.0}\n", size_of_each(few), size_of_each(many));
    for asked in both {
        runtime.block_on(asked.store.close());
    }
}

/// The value below which this share of the times is.
fn quantile(times: &[Duration], share: f64) -> f64 {
    let mut times = times.to_vec();
    times.sort();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
    let index = ((times.len() - 1) as f64 * share) as usize;
    times[index].as_secs_f64() * 1000.0
}

/// A database of so many records.
struct Filled {
    url: String,
    rows: i64,
    /// What it takes on the disk.
    bytes: u64,
    /// Claims that somebody has.
    claimed: Vec<[u8; 32]>,
    /// Keys that are kept.
    kept: Vec<[u8; 32]>,
}

/// What it took to ask a database.
struct Asked {
    filled: Filled,
    store: Arc<dyn Store>,
    next: i64,
    times: Vec<(&'static str, Vec<Duration>)>,
}

impl Asked {
    fn new(runtime: &Runtime, filled: Filled) -> Self {
        let store = runtime.block_on(store::open(&filled.url)).unwrap();
        Self { filled, store, next: 0, times: Vec::new() }
    }

    fn measure(&mut self, runtime: &Runtime, round: usize) {
        let mut times =
            vec![("one creator", self.creates(runtime, 1)), ("32 creators", self.creates(runtime, CREATORS))];
        let store = &self.store;
        let claim = |digest| [NewClaim { field: "email".to_owned(), digest }];
        let key = |digest| NewKey { digest, fingerprint: [0; 32], expires_at: TOMORROW };
        let Filled { claimed, kept, rows, .. } = &self.filled;
        runtime.block_on(async {
            times.push((
                "taken: somebody has it",
                looks(async |at| {
                    assert_eq!(store.taken(&claim(claimed[at % claimed.len()])).await.unwrap(), [0]);
                })
                .await,
            ));
            times.push((
                "taken: nobody has it",
                looks(async |at| {
                    assert!(
                        store.taken(&claim(digest(&format!("nobody{round}-{at}")))).await.unwrap().is_empty()
                    );
                })
                .await,
            ));
            times.push((
                "kept: a known key",
                looks(async |at| {
                    assert!(store.kept(&key(kept[at % kept.len()]), NOW).await.unwrap().is_some());
                })
                .await,
            ));
            times.push((
                "kept: a new key",
                looks(async |at| {
                    assert!(
                        store.kept(&key(digest(&format!("new{round}-{at}"))), NOW).await.unwrap().is_none()
                    );
                })
                .await,
            ));
            times.push((
                "a token",
                looks(async |_| {
                    assert!(store.token("0123456789abcdef").await.unwrap().is_none());
                })
                .await,
            ));
            times.push((
                "the newest hundred records",
                looks(async |_| {
                    assert_eq!(store.records(None, 100).await.unwrap().len(), 100);
                })
                .await,
            ));
            let middle = rows / 2;
            times.push((
                "a hundred records of the middle",
                looks(async |_| {
                    assert_eq!(store.records(Some(middle), 100).await.unwrap().len(), 100);
                })
                .await,
            ));
            times.push(("ping, as `/readyz` asks", looks(async |_| store.ping().await.unwrap()).await));
        });
        times.push(("start to ready", vec![start_to_ready(&self.filled.url)]));
        match (round, self.times.is_empty()) {
            (0, _) => {}
            (_, true) => self.times = times,
            (_, false) => {
                for ((_, all), (_, times)) in self.times.iter_mut().zip(times) {
                    all.extend(times);
                }
            }
        }
    }

    /// How long each create takes, of creators who begin their next one when the last is durable.
    fn creates(&mut self, runtime: &Runtime, creators: usize) -> Vec<Duration> {
        let (from, store) = (self.next, &self.store);
        let times: Vec<Vec<Duration>> = runtime.block_on(async {
            let mut running = JoinSet::new();
            for creator in 0..creators {
                let (store, begun) = (Arc::clone(store), Instant::now());
                running.spawn(async move {
                    let mut times = Vec::new();
                    while begun.elapsed() < TIME {
                        let record = record(&format!("{from}-{creator}-{}", times.len()));
                        let started = Instant::now();
                        assert!(matches!(store.create(record).await.unwrap(), Creation::Created(_)));
                        times.push(started.elapsed());
                    }
                    times
                });
            }
            running.join_all().await
        });
        self.next += 1;
        times.concat()
    }
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

/// A record as the example form `newsletter` makes it: one claim, no password.
fn record(number: &str) -> NewRecord {
    let email = format!("reader{number}@example.com");
    NewRecord {
        resource: "User".to_owned(),
        form: "newsletter".to_owned(),
        version: "39ffee50d7f6b59a".to_owned(),
        attributes: format!(
            r#"{{"email":"{email}","first_name":"Ada","properties":{{"consent":true,"frequency":"daily"}}}}"#
        ),
        password: None,
        claims: vec![NewClaim { field: "email".to_owned(), digest: digest(&email) }],
        created_at: NOW,
        key: None,
    }
}

async fn looks(look: impl AsyncFn(usize)) -> Vec<Duration> {
    let mut times = Vec::new();
    for at in 0..LOOKS {
        let started = Instant::now();
        look(at).await;
        times.push(started.elapsed());
    }
    times
}

/// Makes the tables.
async fn make(url: &str) {
    store::open(url).await.unwrap().close().await;
}

/// Fills tables in the order in which records would come: ids grow, digests are wherever they fall.
fn sqlite(runtime: &Runtime, file: &Path, rows: i64) -> Filled {
    let begun = Instant::now();
    let url = format!("sqlite:{}", file.display());
    runtime.block_on(make(&url));
    let connection = Connection::open(file).unwrap();
    // Nothing of this is measured, and all of it is made anew should it break off.
    for (pragma, value) in
        [("synchronous", "off"), ("cache_size", "-4000000"), ("wal_autocheckpoint", "100000")]
    {
        connection
            .pragma_update_and_check(None, pragma, value, |_| Ok(()))
            .or_else(|_| connection.pragma_update(None, pragma, value))
            .unwrap();
    }
    let numbers = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?1)";
    let attributes = r#"'{"email":"reader' || n || '@example.com","first_name":"Ada","properties":{"consent":true,"frequency":"daily"}}'"#;
    let phc = phc();
    let run = |statement: &str, parameters: &[&dyn rusqlite::ToSql]| {
        connection.execute(statement, parameters).unwrap()
    };
    run(
        &format!(
            "{numbers} INSERT INTO records (resource, form, version, attributes, created_at) SELECT 'User', 'newsletter', '39ffee50d7f6b59a', {attributes}, ?2 + n FROM numbers"
        ),
        params![rows, NOW],
    );
    run(
        &format!(
            "{numbers} INSERT INTO claims (digest, record_id, field) SELECT randomblob(32), n, 'email' FROM numbers"
        ),
        params![rows],
    );
    run(
        "INSERT INTO passwords (record_id, phc) SELECT id, ?2 FROM records WHERE id % ?1 = 0",
        params![KEYED, phc],
    );
    run(
        "INSERT INTO idempotency_keys (digest, fingerprint, record_id, expires_at) SELECT randomblob(32), randomblob(32), id, ?2 + id FROM records WHERE id % ?1 = 0",
        params![KEYED, TOMORROW],
    );
    let some = |table: &str| -> Vec<[u8; 32]> {
        let nearest = format!("SELECT digest FROM {table} WHERE digest >= ?1 LIMIT 1");
        let mut nearest = connection.prepare(&nearest).unwrap();
        let somewhere = |at: usize| digest(&at.to_string());
        (0..LOOKS)
            .map(|at| nearest.query_row([somewhere(at)], |row| row.get(0)))
            .filter_map(Result::ok)
            .collect()
    };
    let (claimed, kept) = (some("claims"), some("idempotency_keys"));
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    // Else the disk would still be busy with it while creates wait for theirs.
    fs::File::open(file).unwrap().sync_all().unwrap();
    println!("{rows} records in {:.0} s", begun.elapsed().as_secs_f64());
    Filled { url, rows, bytes: fs::metadata(file).unwrap().len(), claimed, kept }
}

fn phc() -> String {
    format!("$argon2id$v=19$m=19456,t=2,p=1${}${}", "s".repeat(22), "h".repeat(43))
}

/// The same; the indexes on digests are made afterwards, since to fill them row by row takes many times as long.
async fn on_postgres(cluster: &Cluster, rows: i64) -> Filled {
    let begun = Instant::now();
    let url = cluster.database().await;
    make(&url).await;
    let pool = PgPool::connect(&url).await.unwrap();
    let run = async |statement: String| {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&pool).await.unwrap();
    };
    let attributes = r#"('{"email":"reader' || n || '@example.com","first_name":"Ada","properties":{"consent":true,"frequency":"daily"}}')::json"#;
    let phc = phc();
    run(format!(
        "ALTER TABLE claims DROP CONSTRAINT claims_pkey, DROP CONSTRAINT claims_record_id_fkey; \
         ALTER TABLE idempotency_keys DROP CONSTRAINT idempotency_keys_pkey, DROP CONSTRAINT idempotency_keys_record_id_fkey; \
         INSERT INTO records (resource, form, version, attributes, created_at) \
             SELECT 'User', 'newsletter', '39ffee50d7f6b59a', {attributes}, {NOW} + n FROM generate_series(1, {rows}) AS n; \
         INSERT INTO claims (digest, record_id, field) \
             SELECT sha256(('claim' || n)::bytea), n, 'email' FROM generate_series(1, {rows}) AS n; \
         INSERT INTO passwords (record_id, phc) SELECT n, '{phc}' FROM generate_series({KEYED}, {rows}, {KEYED}) AS n; \
         INSERT INTO idempotency_keys (digest, fingerprint, record_id, expires_at) \
             SELECT sha256(('key' || n)::bytea), sha256(n::text::bytea), n, {TOMORROW} + n \
             FROM generate_series({KEYED}, {rows}, {KEYED}) AS n; \
         ALTER TABLE claims ADD PRIMARY KEY (digest), \
             ADD FOREIGN KEY (record_id) REFERENCES records (id) ON DELETE CASCADE; \
         ALTER TABLE idempotency_keys ADD PRIMARY KEY (digest), \
             ADD FOREIGN KEY (record_id) REFERENCES records (id) ON DELETE CASCADE"
    ))
    .await;
    run("VACUUM ANALYZE".to_owned()).await;
    // Else the disk would still be busy with it while creates wait for theirs.
    run("CHECKPOINT".to_owned()).await;
    let bytes: i64 = sqlx::query_scalar(
        "SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class AS c \
         WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    pool.close().await;
    println!("{rows} records in {:.0} s", begun.elapsed().as_secs_f64());
    let some = |prefix: &str, every: i64| {
        let numbers = (1..=rows / every).step_by((usize::try_from(rows / every).unwrap() / LOOKS).max(1));
        numbers.take(LOOKS).map(|n| digest(&format!("{prefix}{}", n * every))).collect()
    };
    let (claimed, kept) = (some("claim", 1), some("key", KEYED));
    Filled { url, rows, bytes: u64::try_from(bytes).unwrap(), claimed, kept }
}

/// How long the server takes from its start until it says that it is ready, on a database that was not closed.
fn start_to_ready(url: &str) -> Duration {
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs");
    let started = Instant::now();
    let mut server = Command::new(env!("CARGO_BIN_EXE_formwork"))
        .args(["serve", "--listen", "127.0.0.1:0", "--configs"])
        .arg(configs)
        .args(["--database", url])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stderr.take().unwrap()).lines().map_while(Result::ok);
    let line = lines.find(|line| line.contains("formwork serves")).unwrap();
    let mut stream = TcpStream::connect(line.rsplit('/').next().unwrap()).unwrap();
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let took = started.elapsed();
    server.kill().unwrap();
    server.wait().unwrap();
    took
}
