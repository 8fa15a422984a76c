//! What was acknowledged survives `kill -9`, and what was not can be sent again: nothing is lost or there twice.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use sqlx::SqlitePool;

use crate::{Answer, REFERENCE, Serving, lift_rate_limits, post, user, workspace};

/// How often the process is killed; `FORMWORK_TEST_KILLS` may ask for more.
const KILLS: usize = 3;
const CLIENTS: usize = 6;
/// How many creates are acknowledged before the process is killed.
const ACKNOWLEDGED: usize = 60;

#[test]
fn every_create_is_there_once_after_kill_9_if_it_was_acknowledged_or_sent_again() {
    let root = workspace();
    let file = root.path().join("data/formwork.db");
    kill_over_and_over(root.path(), &[], |stored| check(&file, stored));
}

/// Kills servers under load; `check` is told which records there have to be.
pub(crate) fn kill_over_and_over(root: &Path, arguments: &[&str], check: impl Fn(&BTreeSet<i64>)) {
    let kills = std::env::var("FORMWORK_TEST_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    lift_rate_limits(root);
    let mut stored = BTreeSet::new();
    for round in 0..kills {
        let serving = Serving::start(root, arguments);
        let sent = under_load(&serving, &round.to_string(), || serving.signal("KILL"));
        // Opened by a server first: recovery is part of the promise.
        let again = Serving::start(root, arguments);
        for mut sent in sent {
            // The last one was not answered, and the one before it was.
            for last in sent.iter_mut().rev().take(2) {
                let answer = last.request.send(again.address).unwrap();
                assert_eq!(answer.status, 201, "{}", answer.body);
                assert_eq!(*last.answer.get_or_insert(answer.body.clone()), answer.body);
            }
            for id in sent.iter().map(Sent::id) {
                assert!(stored.insert(id), "an id was given twice");
            }
        }
        again.kill();
        check(&stored);
    }
    assert!(stored.len() >= kills * ACKNOWLEDGED);
}

/// Does something to a server while clients create users; what they sent until it was gone.
pub(crate) fn under_load(serving: &Serving, name: &str, act: impl FnOnce()) -> Vec<Vec<Sent>> {
    let (address, count) = (serving.address, AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let start = |client| {
            let (name, count) = (format!("{name}-{client}"), &count);
            scope.spawn(move || create_until_killed(address, &name, count))
        };
        let clients: Vec<_> = (0..CLIENTS).map(start).collect();
        while count.load(Ordering::Relaxed) < ACKNOWLEDGED {
            std::thread::yield_now();
        }
        act();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    })
}

/// A request that can be sent again.
pub(crate) struct Request {
    key: String,
    body: String,
}

impl Request {
    pub(crate) fn new(email: &str, with_password: bool) -> Self {
        let (name, form) = if with_password {
            (REFERENCE, user(email, "somepassword"))
        } else {
            ("newsletter", json!({ "email": email, "properties": { "consent": true } }))
        };
        let body = json!({ "form_configuration_name": name, "form": form }).to_string();
        Self { key: format!("Idempotency-Key: \"{email}\"\r\n"), body }
    }

    pub(crate) fn send(&self, address: SocketAddr) -> std::io::Result<Answer> {
        post(address, "/api/users", &self.key, &self.body)
    }
}

/// A request and the body of its answer, if there was one.
pub(crate) struct Sent {
    request: Request,
    pub(crate) answer: Option<String>,
}

impl Sent {
    pub(crate) fn id(&self) -> i64 {
        let answer: Value = serde_json::from_str(self.answer.as_ref().unwrap()).unwrap();
        answer["model"]["id"].as_i64().unwrap()
    }
}

/// Creates users, every other with a password, until the server is gone; the last one is not answered.
pub(crate) fn create_until_killed(address: SocketAddr, client: &str, count: &AtomicUsize) -> Vec<Sent> {
    let mut all = Vec::new();
    for index in 0.. {
        let request = Request::new(&format!("{client}-{index}@example.com"), index % 2 == 0);
        let answer = request.send(address).ok().map(|answer| {
            assert_eq!(answer.status, 201, "{}", answer.body);
            answer.body
        });
        let killed = answer.is_none();
        all.push(Sent { request, answer });
        if killed {
            break;
        }
        count.fetch_add(1, Ordering::Relaxed);
    }
    all
}

/// Exactly these records are there, and nothing is there by halves.
pub(crate) fn check(file: &Path, stored: &BTreeSet<i64>) {
    exactly(&sound(file), stored);
}

/// These are the ids of the records that were acknowledged.
pub(crate) fn exactly(ids: &BTreeSet<i64>, stored: &BTreeSet<i64>) {
    let lost: Vec<_> = stored.difference(ids).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    let doubled: Vec<_> = ids.difference(stored).collect();
    assert!(doubled.is_empty(), "stored for nobody: {doubled:?}");
}

/// What would count more than nothing if something were there by halves.
pub(crate) const FAULTS: [&str; 4] = [
    "SELECT count(*) FROM records WHERE id NOT IN (SELECT record_id FROM claims WHERE field = 'email')",
    "SELECT count(*) FROM claims WHERE record_id NOT IN (SELECT id FROM records)",
    "SELECT count(*) FROM passwords WHERE record_id NOT IN (SELECT id FROM records)",
    "SELECT count(*) FROM records WHERE (form = 'newsletter') = (id IN (SELECT record_id FROM passwords))",
];

/// The ids of a database in which nothing is there by halves.
pub(crate) fn sound(file: &Path) -> BTreeSet<i64> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let database = SqlitePool::connect(&format!("sqlite:{}", file.display())).await.unwrap();
        let sound: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&database).await.unwrap();
        assert_eq!(sound, "ok");
        for fault in FAULTS {
            let found: i64 = sqlx::query_scalar(fault).fetch_one(&database).await.unwrap();
            assert_eq!(found, 0, "{fault}");
        }
        let ids: Vec<i64> = sqlx::query_scalar("SELECT id FROM records").fetch_all(&database).await.unwrap();
        database.close().await;
        ids.into_iter().collect()
    })
}
