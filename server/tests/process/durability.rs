//! What was acknowledged survives `kill -9`.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use sqlx::SqlitePool;

use crate::{REFERENCE, Serving, post, user, workspace};

const ROUNDS: usize = 3;
const CLIENTS: usize = 6;
/// How many creates are acknowledged before the process is killed.
const ACKNOWLEDGED: usize = 60;

#[test]
fn every_acknowledged_create_is_there_after_kill_9() {
    let root = workspace();
    for form in [REFERENCE, "newsletter"] {
        let file = root.path().join(format!("configs/forms/{form}.toml"));
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replacen("access = ", "rate_limit = false\naccess = ", 1)).unwrap();
    }
    let mut acknowledged = BTreeSet::new();
    for round in 0..ROUNDS {
        let serving = Serving::start(root.path(), &[]);
        let address = serving.address;
        let count = Arc::new(AtomicUsize::new(0));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let count = Arc::clone(&count);
                std::thread::spawn(move || create_until_killed(address, round, client, &count))
            })
            .collect();
        while count.load(Ordering::Relaxed) < ACKNOWLEDGED {
            std::thread::yield_now();
        }
        serving.signal("KILL");
        for client in clients {
            acknowledged.extend(client.join().unwrap());
        }
        // Opened by a server first: recovery is part of the promise.
        let again = Serving::start(root.path(), &[]);
        assert_eq!(
            again.submit(&user(&format!("after-{round}@example.com"), "somepassword")).unwrap().status,
            201
        );
        again.kill();
        check(&root.path().join("data/formwork.db"), &acknowledged);
    }
    assert!(acknowledged.len() >= ROUNDS * ACKNOWLEDGED);
}

/// Creates users, every other with a password, until the server is gone; the ids that it acknowledged.
fn create_until_killed(
    address: SocketAddr,
    round: usize,
    client: usize,
    count: &AtomicUsize,
) -> BTreeSet<i64> {
    let mut ids = BTreeSet::new();
    for index in 0.. {
        let email = format!("{round}-{client}-{index}@example.com");
        let (name, form) = if index % 2 == 0 {
            (REFERENCE, user(&email, "somepassword"))
        } else {
            ("newsletter", json!({ "email": email, "properties": { "consent": true } }))
        };
        let body = json!({ "form_configuration_name": name, "form": form }).to_string();
        let Ok(answer) = post(address, "/api/users", "", &body) else { break };
        assert_eq!(answer.status, 201, "{}", answer.body);
        assert!(ids.insert(answer.json()["model"]["id"].as_i64().unwrap()), "an id was given twice");
        count.fetch_add(1, Ordering::Relaxed);
    }
    ids
}

/// Nothing acknowledged is missing, and nothing is there by halves.
fn check(file: &std::path::Path, acknowledged: &BTreeSet<i64>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let database = SqlitePool::connect(&format!("sqlite:{}", file.display())).await.unwrap();
        let sound: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&database).await.unwrap();
        assert_eq!(sound, "ok");
        let ids: Vec<i64> = sqlx::query_scalar("SELECT id FROM records").fetch_all(&database).await.unwrap();
        let ids: BTreeSet<i64> = ids.into_iter().collect();
        let lost: Vec<_> = acknowledged.difference(&ids).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
        let faults = [
            "SELECT count(*) FROM records WHERE id NOT IN (SELECT record_id FROM claims WHERE field = 'email')",
            "SELECT count(*) FROM claims WHERE record_id NOT IN (SELECT id FROM records)",
            "SELECT count(*) FROM passwords WHERE record_id NOT IN (SELECT id FROM records)",
            "SELECT count(*) FROM records WHERE (form = 'newsletter') = (id IN (SELECT record_id FROM passwords))",
        ];
        for fault in faults {
            let found: i64 = sqlx::query_scalar(fault).fetch_one(&database).await.unwrap();
            assert_eq!(found, 0, "{fault}");
        }
        database.close().await;
    });
}
