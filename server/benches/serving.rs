//! What serving costs: requests per second over loopback, beside what the disk and the hash alone would allow, and
//! the time from a saved file to its live form.
//!
//! The rates are taken in rounds of everything, so that a ratio compares what the machine gave at the same time.
//! `benches/README.md` says how to read the numbers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark"
)]

#[path = "bare/hashes.rs"]
mod hashes;

use std::fs;
use std::future::pending;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use formwork::accounts::Accounts;
use formwork::http::connections::{self, Bounds};
use formwork::http::workers::Workers;
use formwork::http::{App, Edge, router};
use formwork::password::{Hasher, owasp};
use formwork::store;
use formwork::token::Tokens;
use formwork_engine::registry::Registry;
use formwork_engine::watch::{Options, watch};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

const ROUNDS: usize = 5;
const CONNECTIONS: usize = 32;
/// How long what needs neither disk nor hash is measured in each round.
const BRIEFLY: Duration = Duration::from_millis(700);
/// How long a create, or its bare counterpart, is measured in each round.
const LONGER: Duration = Duration::from_millis(1500);

const REWRITES: usize = 50;
const FORMS_PER_DIRECTORY: usize = 100;
/// After this a file is no longer so young that every look reads it again.
const SETTLED: Duration = Duration::from_millis(2500);
/// Between the end of one reload and the next rewrite.
const PAUSE: Duration = Duration::from_millis(50);

fn main() {
    // Cargo says so for `cargo bench` and not for `cargo test --all-targets`, which should not take a minute longer.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    log_as_serve_does();
    let cores = thread::available_parallelism().map_or(1, usize::from);
    println!("\n{ROUNDS} rounds, {CONNECTIONS} connections, {cores} cores; per second\n");
    serving(cores);
    println!("\n{REWRITES} rewrites of one file; milliseconds from the end of the write to the live form\n");
    println!("{:<44} {:>10} {:>10} {:>10}", "", "min", "median", "max");
    for forms in [3, 10_000] {
        reload(forms);
    }
}

/// One line per request at level `info`, each a system call; its end is `/dev/null` rather than a terminal.
fn log_as_serve_does() {
    let nowhere = fs::File::options().write(true).open("/dev/null").unwrap();
    tracing_subscriber::fmt()
        .with_env_filter("info")
        .with_ansi(false)
        .with_writer(Mutex::new(nowhere))
        .init();
}

fn serving(cores: usize) {
    let server = Server::start(cores);
    let client = Client::new(server.address);
    // The first round warms up caches and connections and is not shown.
    let rounds: Vec<Round> = (0..=ROUNDS).map(|_| Round::measure(&server, &client, cores)).skip(1).collect();
    println!("{:<44} {:>10} {:>10} {:>10}", "", "min", "median", "max");
    let rows: [Row; 9] = [
        ("GET /healthz", |round| round.healthz),
        ("GET /api/form_configurations/newsletter/schema", |round| round.schema),
        ("GET /forms/newsletter", |round| round.page),
        ("the same, compressed", |round| round.compressed),
        ("POST …/newsletter/validate", |round| round.validate),
        ("bare append and fsync", |round| round.fsync),
        ("POST /api/users without a password", |round| round.create),
        ("bare Argon2id, every core", |round| round.argon2),
        ("POST /api/users with a password", |round| round.create_with_password),
    ];
    for (label, value) in rows {
        print_row(label, rounds.iter().map(value), 0);
    }
    println!("\nratios within a round\n");
    let rows: [Row; 3] = [
        ("pages to dry runs", |round| round.page / round.validate),
        ("creates without a password to bare fsyncs", |round| round.create / round.fsync),
        ("creates with a password to bare hashes", |round| round.create_with_password / round.argon2),
    ];
    for (label, value) in rows {
        print_row(label, rounds.iter().map(value), 2);
    }
}

fn print_row(label: &str, values: impl Iterator<Item = f64>, decimals: usize) {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let (min, median, max) = (values[0], values[values.len() / 2], values[values.len() - 1]);
    println!("{label:<44} {min:>10.decimals$} {median:>10.decimals$} {max:>10.decimals$}");
}

/// What a line is called, and where it comes from.
type Row = (&'static str, fn(&Round) -> f64);

/// Rates per second, taken one after the other.
struct Round {
    healthz: f64,
    schema: f64,
    page: f64,
    compressed: f64,
    validate: f64,
    fsync: f64,
    create: f64,
    argon2: f64,
    create_with_password: f64,
}

impl Round {
    fn measure(server: &Server, client: &Client, cores: usize) -> Self {
        Self {
            healthz: client.rate(BRIEFLY, 200, |_| get("/healthz")),
            schema: client.rate(BRIEFLY, 200, |_| get("/api/form_configurations/newsletter/schema")),
            page: client.rate(BRIEFLY, 200, |_| get("/forms/newsletter")),
            compressed: client.rate(BRIEFLY, 200, |_| get_compressed("/forms/newsletter")),
            validate: client.rate(BRIEFLY, 200, |number| {
                let body = json!({ "form": newsletter(number) });
                post("/api/form_configurations/newsletter/validate", &body)
            }),
            fsync: fsyncs(server.directory.path(), LONGER),
            create: client.rate(LONGER, 201, |number| {
                let body = json!({ "form_configuration_name": "newsletter", "form": newsletter(number) });
                post("/api/users", &body)
            }),
            argon2: hashes::per_second(cores, LONGER),
            create_with_password: client.rate(LONGER, 201, |number| {
                let form = json!({
                    "first_name": "Example",
                    "email": format!("user{number}@example.com"),
                    "password": "somepassword",
                });
                let name = "reference_rest_api_create_user";
                post("/api/users", &json!({ "form_configuration_name": name, "form": form }))
            }),
        }
    }
}

fn newsletter(number: u32) -> Value {
    json!({
        "email": format!("reader{number}@example.com"),
        "first_name": "Ada",
        "properties": { "consent": true, "frequency": "daily" },
    })
}

/// Appends a database page to a file and flushes it to the disk, over and over.
fn fsyncs(directory: &Path, time: Duration) -> f64 {
    let mut file = fs::File::options().append(true).create(true).open(directory.join("appended")).unwrap();
    let page = [0x5a; 4096];
    let started = Instant::now();
    let mut done = 0;
    while started.elapsed() < time {
        file.write_all(&page).unwrap();
        file.sync_all().unwrap();
        done += 1;
    }
    f64::from(done) / started.elapsed().as_secs_f64()
}

/// The server as `formwork serve` puts it together, but for the watcher and signals.
struct Server {
    address: SocketAddr,
    // Dropped in this order: what runs before what it runs on.
    _runtime: Runtime,
    directory: TempDir,
}

impl Server {
    fn start(cores: usize) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let forms = directory.path().join("configs/forms");
        fs::create_dir_all(&forms).unwrap();
        for (name, text) in [
            ("newsletter.toml", include_str!("../../configs/forms/newsletter.toml")),
            (
                "reference_rest_api_create_user.toml",
                include_str!("../../configs/forms/reference_rest_api_create_user.toml"),
            ),
        ] {
            // The limits of public forms are not what is measured.
            fs::write(forms.join(name), text.replacen("access = ", "rate_limit = false\naccess = ", 1))
                .unwrap();
        }
        let (registry, loaded) =
            Registry::load(&directory.path().join("configs"), SystemTime::now()).unwrap();
        assert_eq!(loaded.changed.len(), 2);
        let database = format!("sqlite:{}", directory.path().join("formwork.db").display());
        let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
        let address = runtime.block_on(async {
            let store = store::open(&database).await.unwrap();
            let hasher = Hasher::new(owasp().unwrap(), cores, Duration::from_mins(1)).unwrap();
            let app = App {
                registry: Arc::new(registry),
                store: Arc::clone(&store),
                accounts: Accounts::new(store, hasher),
                tokens: Tokens::new(None),
                edge: Edge::default(),
                clock: SystemTime::now,
            };
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            let address = listener.local_addr().unwrap();
            let bounds = Bounds { connections: 1000, idle: Duration::from_secs(30) };
            let workers = Workers::start(cores).unwrap();
            let serve = async move {
                connections::serve(listener, router(Arc::new(app)), bounds, &workers, pending()).await;
            };
            tokio::spawn(serve);
            address
        });
        Self { address, _runtime: runtime, directory }
    }
}

/// Clients on a thread of their own, each with one connection that it keeps.
struct Client {
    runtime: Runtime,
    address: SocketAddr,
    /// Makes every request of a run another one.
    requests: Arc<AtomicU32>,
}

impl Client {
    fn new(address: SocketAddr) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        Self { runtime, address, requests: Arc::default() }
    }

    /// Requests per second that get the expected status; every connection sends its next one after the answer.
    fn rate(&self, time: Duration, expected: u16, request: fn(u32) -> String) -> f64 {
        self.runtime.block_on(async {
            let mut connections = JoinSet::new();
            let started = Instant::now();
            for _ in 0..CONNECTIONS {
                let (address, requests) = (self.address, Arc::clone(&self.requests));
                connections.spawn(async move {
                    let mut stream = TcpStream::connect(address).await.unwrap();
                    stream.set_nodelay(true).unwrap();
                    let mut answer = Vec::new();
                    let mut done = 0;
                    while started.elapsed() < time {
                        let request = request(requests.fetch_add(1, Ordering::Relaxed));
                        stream.write_all(request.as_bytes()).await.unwrap();
                        let status = read_answer(&mut stream, &mut answer).await;
                        assert_eq!(status, expected, "{}", String::from_utf8_lossy(&answer));
                        done += 1;
                    }
                    done
                });
            }
            let done: u32 = connections.join_all().await.into_iter().sum();
            f64::from(done) / started.elapsed().as_secs_f64()
        })
    }
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

fn get_compressed(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: br\r\n\r\n")
}

fn post(path: &str, body: &Value) -> String {
    let body = body.to_string();
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Reads one whole answer; its status.
async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) -> u16 {
    answer.clear();
    while expected_length(answer).is_none_or(|length| answer.len() < length) {
        assert!(stream.read_buf(answer).await.unwrap() > 0, "the server hung up");
    }
    std::str::from_utf8(&answer[9..12]).unwrap().parse().unwrap()
}

/// The length of an answer with its head, once the head is whole.
fn expected_length(answer: &[u8]) -> Option<usize> {
    let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")? + 4;
    let lines = std::str::from_utf8(&answer[..head]).unwrap().to_ascii_lowercase();
    if lines.contains("transfer-encoding: chunked") {
        return answer.ends_with(b"\r\n0\r\n\r\n").then_some(answer.len());
    }
    let body = lines.lines().find_map(|line| line.strip_prefix("content-length:"));
    Some(head + body.map_or(0, |length| length.trim().parse().unwrap()))
}

fn reload(forms: usize) {
    let directory = tempfile::tempdir().unwrap();
    let path = |index: usize| -> PathBuf {
        directory
            .path()
            .join(format!("forms/partner_{:03}/form_{index:05}.toml", index / FORMS_PER_DIRECTORY))
    };
    for index in 0..forms {
        if index.is_multiple_of(FORMS_PER_DIRECTORY) {
            fs::create_dir_all(path(index).parent().unwrap()).unwrap();
        }
        fs::write(path(index), form(index, 0)).unwrap();
    }
    thread::sleep(SETTLED);
    let started = Instant::now();
    let (registry, loaded) = Registry::load(directory.path(), SystemTime::now()).unwrap();
    let load = started.elapsed();
    assert_eq!(loaded.changed.len(), forms);
    let registry = Arc::new(registry);
    let watcher = watch(Arc::clone(&registry), &loaded.watch, Options::default(), drop).unwrap();
    thread::sleep(load);
    let rewritten = forms / 2;
    let live = || {
        let snapshot = registry.snapshot();
        let name = format!("partner_{:03}/form_{rewritten:05}", rewritten / FORMS_PER_DIRECTORY);
        snapshot.form(&name).unwrap().version().to_owned()
    };
    let latencies: Vec<f64> = (1..=REWRITES)
        .map(|rewrite| {
            thread::sleep(PAUSE);
            let before = live();
            fs::write(path(rewritten), form(rewritten, rewrite)).unwrap();
            let written = Instant::now();
            while live() == before {
                assert!(written.elapsed() < Duration::from_secs(10), "the form never went live");
                thread::sleep(Duration::from_micros(100));
            }
            written.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    drop(watcher);
    print_row(&format!("{forms} forms"), latencies.into_iter(), 1);
    println!("{:<44} {:>10.1}", "  loading them first", load.as_secs_f64() * 1000.0);
}

/// A form of four fields; most of its patterns are shared with some other form.
fn form(index: usize, revision: usize) -> String {
    let digits = 1 + index % 16;
    let maximum = 20 + index % 80;
    format!(
        r#"description = "Form {index}, revision {revision}"
resource = "User"
access = "public"
rate_limit = false

[fields.email]
normalize = ["trim", "lowercase"]

[fields.first_name]
validation.presence = true
validation.length.maximum = {maximum}

[fields.external_id]
validation.format.with = '^[A-Z]{{2}}-[0-9]{{{digits},20}}$'

[fields.properties.plan]
validation.inclusion = {{ in = ["free", "team", "company"] }}
default = "free"

[[examples]]
form = {{ first_name = "Ada", email = "ada@example.com", external_id = "PL-12345678901234567890" }}
"#
    )
}
