//! Servers on `PostgreSQL`: killed, cut off from it, without it, and several on one database.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use formwork_tests::postgres::{self, Cluster};
use serde_json::json;
use sqlx::PgPool;

use crate::cable::Cable;
use crate::durability::{FAULTS, Request, exactly, kill_over_and_over};
use crate::{NEVER, Serving, formwork, get, lift_rate_limits, run, text, workspace};

const CLIENTS: usize = 6;
/// How many creates are acknowledged before and after something happens.
const ACKNOWLEDGED: usize = 40;

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(future)
}

/// The ids of a database in which nothing is there by halves.
pub(crate) fn sound(url: &str) -> BTreeSet<i64> {
    block_on(async {
        let database = PgPool::connect(url).await.unwrap();
        for fault in FAULTS {
            let found: i64 = sqlx::query_scalar(fault).fetch_one(&database).await.unwrap();
            assert_eq!(found, 0, "{fault}");
        }
        let ids: Vec<i64> = sqlx::query_scalar("SELECT id FROM records").fetch_all(&database).await.unwrap();
        ids.into_iter().collect()
    })
}

#[test]
fn kill_9_loses_and_doubles_nothing_on_postgres() {
    if !postgres::is_there() {
        return;
    }
    let cluster = Cluster::durable();
    let (root, url) = (workspace(), block_on(cluster.database()));
    kill_over_and_over(root.path(), &["--database", &url], |stored| exactly(&sound(&url), stored));
}

/// Clients that send each request again under its key until it is stored.
struct Load<'scope> {
    address: SocketAddr,
    over: &'scope AtomicBool,
    acknowledged: &'scope AtomicUsize,
    refused: &'scope AtomicUsize,
}

impl Load<'_> {
    fn create(&self, client: usize) -> BTreeSet<i64> {
        let mut stored = BTreeSet::new();
        for index in 0.. {
            if self.over.load(Ordering::Relaxed) {
                break;
            }
            let request = Request::new(&format!("{client}-{index}@example.com"), index % 4 == 0);
            let id = loop {
                let answer = request.send(self.address).unwrap();
                if answer.status == 201 {
                    break answer.json()["model"]["id"].as_i64().unwrap();
                }
                assert_eq!(answer.status, 503, "{}", answer.body);
                assert!(answer.header("retry-after").is_some());
                let code = answer.json()["details"][0]["code"].as_str().unwrap().to_owned();
                assert!(["unavailable", "outcome_unknown"].contains(&code.as_str()), "{code}");
                self.refused.fetch_add(1, Ordering::Relaxed);
            };
            assert!(stored.insert(id), "an id was given twice");
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
        stored
    }
}

/// Does something while clients create users and do not give up; what was acknowledged, and how often clients were refused.
fn through(serving: &Serving, act: impl FnOnce()) -> (BTreeSet<i64>, usize) {
    let (over, acknowledged, refused) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let load = Load { address: serving.address, over: &over, acknowledged: &acknowledged, refused: &refused };
    let wait_for_more = || {
        let until = acknowledged.load(Ordering::Relaxed) + ACKNOWLEDGED;
        while acknowledged.load(Ordering::Relaxed) < until {
            std::thread::yield_now();
        }
    };
    let all = std::thread::scope(|scope| {
        let load = &load;
        let clients: Vec<_> = (0..CLIENTS).map(|client| scope.spawn(move || load.create(client))).collect();
        wait_for_more();
        act();
        wait_for_more();
        over.store(true, Ordering::Relaxed);
        let mut all = BTreeSet::new();
        for id in clients.into_iter().flat_map(|client| client.join().unwrap()) {
            assert!(all.insert(id), "an id was given twice");
        }
        all
    });
    (all, refused.into_inner())
}

pub(crate) fn ready(serving: &Serving) -> u16 {
    get(serving.address, "/readyz").status
}

pub(crate) fn wait_until_ready(serving: &Serving, status: u16) {
    let begun = Instant::now();
    while ready(serving) != status {
        assert!(begun.elapsed() < NEVER, "`/readyz` never is {status}");
        std::thread::yield_now();
    }
}

#[test]
fn a_database_that_stops_or_crashes_loses_and_doubles_nothing() {
    if !postgres::is_there() {
        return;
    }
    let mut cluster = Cluster::durable();
    for signal in ["INT", "QUIT"] {
        let (root, url) = (workspace(), block_on(cluster.database()));
        lift_rate_limits(root.path());
        let serving = Serving::start(root.path(), &["--database", &url]);
        assert_eq!(ready(&serving), 200);
        let (stored, refused) = through(&serving, || {
            cluster.stop(signal);
            wait_until_ready(&serving, 503);
            cluster.resume();
            wait_until_ready(&serving, 200);
        });
        assert!(refused > 0, "somebody was refused meanwhile");
        exactly(&sound(&url), &stored);
        serving.line_with("the database is gone");
        serving.line_with("the database is back");
    }
}

#[test]
fn a_database_that_is_silent_is_waited_for() {
    if !postgres::is_there() {
        return;
    }
    let cluster = Cluster::durable();
    let (root, url) = (workspace(), block_on(cluster.database()));
    lift_rate_limits(root.path());
    let serving = Serving::start(root.path(), &["--database", &url]);
    let (stored, _) = through(&serving, || {
        cluster.signal("STOP");
        wait_until_ready(&serving, 503);
        cluster.signal("CONT");
        wait_until_ready(&serving, 200);
    });
    exactly(&sound(&url), &stored);
}

#[test]
fn connections_that_are_cut_under_load_lose_and_double_nothing() {
    if !postgres::is_there() {
        return;
    }
    let cluster = Cluster::durable();
    let (root, url) = (workspace(), block_on(cluster.database()));
    lift_rate_limits(root.path());
    let cable = Cable::to(cluster.socket());
    let serving = Serving::start(root.path(), &["--database", &cable.url(&url)]);
    let mut unknown = 0;
    let mut all = BTreeSet::new();
    let (stored, refused) = through(&serving, || {
        for _ in 0..20 {
            cable.cut();
            wait_until_ready(&serving, 200);
        }
    });
    unknown += refused;
    all.extend(stored);
    assert!(unknown > 0, "no request was under way");
    exactly(&sound(&url), &all);
}

#[test]
fn a_database_that_never_answers_is_not_waited_for_at_the_start() {
    // It takes connections, as the operating system does for it, and says nothing on any.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://formwork@{}/formwork", silent.local_addr().unwrap());
    let root = workspace();
    let mut command = formwork(root.path());
    command.args(["serve", "--listen", "127.0.0.1:0", "--database", &url]);
    let (lines, status) = Serving::begin(command).until_its_end();
    assert_eq!(status.code(), Some(2));
    let last = lines.last().unwrap();
    assert!(last.starts_with("error: cannot open the database: the database does not answer: "), "{last}");
}

#[test]
fn servers_that_start_at_once_on_an_empty_database_all_start() {
    if !postgres::is_there() {
        return;
    }
    let (root, url) = (workspace(), block_on(Cluster::shared().database()));
    std::thread::scope(|scope| {
        let start = || Serving::start(root.path(), &["--database", &url]);
        let servers: Vec<_> = (0..4).map(|_| scope.spawn(start)).collect();
        for server in servers {
            assert_eq!(ready(&server.join().unwrap()), 200);
        }
    });
}

#[test]
fn of_two_servers_on_one_database_one_stores_what_both_are_sent() {
    const ADDRESSES: usize = 60;
    if !postgres::is_there() {
        return;
    }
    let (root, url) = (workspace(), block_on(Cluster::shared().database()));
    lift_rate_limits(root.path());
    let servers = [(); 2].map(|()| Serving::start(root.path(), &["--database", &url]));
    let addresses = || servers.iter().cycle().take(CLIENTS).map(|server| server.address);
    // Each address by every client; for even ones under the same key, for odd ones without any.
    let told = std::thread::scope(|scope| {
        let send = |client: SocketAddr| {
            let sent = (0..ADDRESSES).map(|index| {
                let email = format!("{index}@example.com");
                let form = json!({ "email": email, "properties": { "consent": true } });
                let body = json!({ "form_configuration_name": "newsletter", "form": form }).to_string();
                let key = format!("Idempotency-Key: \"{email}\"\r\n");
                let key = if index % 2 == 0 { key.as_str() } else { "" };
                let answer = crate::post(client, "/api/users", key, &body).unwrap();
                (index, answer.status, answer.json()["model"]["id"].as_i64())
            });
            sent.collect::<Vec<_>>()
        };
        let clients: Vec<_> = addresses().map(|address| scope.spawn(move || send(address))).collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect::<Vec<_>>()
    });
    let mut outcomes: BTreeMap<usize, (Vec<u16>, BTreeSet<Option<i64>>)> = BTreeMap::new();
    for (index, status, id) in told {
        let outcome = outcomes.entry(index).or_default();
        outcome.0.push(status);
        outcome.1.extend(id.map(Some));
    }
    for (index, (mut statuses, ids)) in outcomes {
        statuses.sort_unstable();
        let expected =
            if index % 2 == 0 { vec![201; CLIENTS] } else { [vec![201], vec![422; CLIENTS - 1]].concat() };
        assert_eq!(statuses, expected, "{index}");
        assert_eq!(ids.len(), 1, "{index}");
    }
    assert_eq!(block_on(count(&url)), 60);
    let made = run(root.path(), &["token", "create", "--name", "ci", "--forms", "*", "--database", &url]);
    assert!(made.status.success(), "{}", text(&made.stderr));
}

async fn count(url: &str) -> i64 {
    let database = PgPool::connect(url).await.unwrap();
    sqlx::query_scalar("SELECT count(*) FROM records").fetch_one(&database).await.unwrap()
}
