//! Everything from one database to another, also when it is broken off.

use std::path::Path;
use std::process::{Output, Stdio};

use formwork_tests::postgres::{self, Cluster};
use rusqlite::Connection;
use sqlx::PgPool;

use crate::postgres::block_on;
use crate::{Serving, formwork, lift_rate_limits, run, text, user, workspace};

fn transfer(root: &Path, from: &str, to: &str) -> Output {
    run(root, &["transfer", "--from", from, "--to", to])
}

fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// A refused transfer's reason.
fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
    text(&output.stderr)
}

/// Creates with and without password and key, a token, and a gap at the end of the ids.
fn fill(root: &Path) {
    lift_rate_limits(root);
    let serving = Serving::start(root, &[]);
    for index in 0..5 {
        assert_eq!(
            serving.submit(&user(&format!("{index}@example.com"), "somepassword")).unwrap().status,
            201
        );
    }
    let body = r#"{"form_configuration_name":"newsletter","form":{"email":"k@example.com","properties":{"consent":true}}}"#;
    assert_eq!(serving.post("/api/users", "Idempotency-Key: \"k\"\r\n", body).unwrap().status, 201);
    serving.kill();
    done(&run(root, &["token", "create", "--name", "ci", "--forms", "team/*", "--expires", "90d"]));
    let database = Connection::open(root.join("data/formwork.db")).unwrap();
    database.execute("DELETE FROM records WHERE id = 6", []).unwrap();
}

#[test]
fn a_transfer_moves_everything_there_and_back() {
    if !postgres::is_there() {
        return;
    }
    let (root, url) = (workspace(), block_on(Cluster::shared().database()));
    fill(root.path());
    let there = done(&transfer(root.path(), "sqlite:data/formwork.db", &url));
    let back = done(&transfer(root.path(), &url, "sqlite:back.db"));
    assert_eq!(there, back);
    let rows: Vec<Vec<&str>> = there.lines().map(|line| line.split_whitespace().take(2).collect()).collect();
    let expected =
        [["records", "5"], ["passwords", "5"], ["claims", "5"], ["idempotency_keys", "0"], ["tokens", "1"]];
    assert_eq!(rows, expected);
    for database in [url.as_str(), "sqlite:back.db"] {
        let serving = Serving::start(root.path(), &["--database", database]);
        assert_eq!(serving.submit(&user("0@example.com", "somepassword")).unwrap().status, 422);
        let created = serving.submit(&user("new@example.com", "somepassword")).unwrap();
        assert_eq!(
            created.json()["model"]["id"],
            7,
            "the id of a record that was deleted is not given again"
        );
    }
}

#[test]
fn a_transfer_keeps_keys_with_their_records() {
    if !postgres::is_there() {
        return;
    }
    let (root, url) = (workspace(), block_on(Cluster::shared().database()));
    let body = r#"{"form_configuration_name":"newsletter","form":{"email":"k@example.com","properties":{"consent":true}}}"#;
    let submit = |serving: &Serving| serving.post("/api/users", "Idempotency-Key: \"k\"\r\n", body).unwrap();
    let serving = Serving::start(root.path(), &[]);
    let first = submit(&serving);
    serving.kill();
    done(&transfer(root.path(), "sqlite:data/formwork.db", &url));
    let again = submit(&Serving::start(root.path(), &["--database", &url]));
    assert_eq!((again.status, again.body), (201, first.body));
}

#[test]
fn a_transfer_refuses_what_others_use_and_what_holds_something() {
    if !postgres::is_there() {
        return;
    }
    let (root, url) = (workspace(), block_on(Cluster::shared().database()));
    let from_sqlite = || transfer(root.path(), "sqlite:data/formwork.db", &url);
    assert!(refused(&from_sqlite()).contains("no database to transfer from"));
    let serving = Serving::start(root.path(), &[]);
    assert!(refused(&from_sqlite()).contains("in use"), "a source that is served");
    assert_eq!(serving.submit(&user("a@example.com", "somepassword")).unwrap().status, 201);
    serving.kill();
    let serving = Serving::start(root.path(), &["--database", &url]);
    assert!(refused(&from_sqlite()).contains("in use"), "a target that is served");
    assert_eq!(serving.submit(&user("b@example.com", "somepassword")).unwrap().status, 201);
    serving.kill();
    assert!(refused(&from_sqlite()).contains("holds something already"));
    assert!(refused(&transfer(root.path(), &url, &url)).contains("in use"));
    let secret = transfer(root.path(), "postgres://u:hunter2@127.0.0.1:1/x", "sqlite:x.db");
    assert!(!refused(&secret).contains("hunter2"));
}

/// Records with a claim each, as they may have come in a year.
fn many(file: &Path, count: u32) {
    let database = Connection::open(file).unwrap();
    let numbers =
        format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})");
    let records = "INSERT INTO records (id, resource, form, version, attributes, created_at) \
        SELECT i, 'User', 'newsletter', 'v', json_object('email', i), i FROM n";
    let claims = "INSERT INTO claims (digest, record_id, field) \
        SELECT CAST(printf('%032d', i * 7919 % 1000003) AS BLOB), i, 'email' FROM n";
    database.execute_batch(&format!("{numbers} {records}; {numbers} {claims};")).unwrap();
}

#[test]
fn a_transfer_that_is_killed_goes_on_and_is_not_served_meanwhile() {
    const RECORDS: u32 = 40_000;
    if !postgres::is_there() {
        return;
    }
    let (root, url) = (workspace(), block_on(Cluster::shared().database()));
    done(&run(root.path(), &["token", "create", "--name", "any", "--forms", "*"]));
    many(&root.path().join("data/formwork.db"), RECORDS);
    let mut command = formwork(root.path());
    command.args(["transfer", "--from", "sqlite:data/formwork.db", "--to", &url]);
    let mut running = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let arrived = block_on(async {
        let database = PgPool::connect(&url).await.unwrap();
        loop {
            // Before the tables are made it is an error.
            let count = sqlx::query_scalar("SELECT count(*) FROM records").fetch_one(&database).await;
            if let Some(count) = count.ok().filter(|count: &i64| *count > 0) {
                break count;
            }
        }
    });
    running.kill().unwrap();
    running.wait().unwrap();
    assert!(arrived < i64::from(RECORDS), "it was killed too late");
    let served = run(root.path(), &["serve", "--listen", "127.0.0.1:0", "--database", &url]);
    assert!(refused(&served).contains("a transfer to this database has not ended"));
    let again = done(&transfer(root.path(), "sqlite:data/formwork.db", &url));
    let back = done(&transfer(root.path(), &url, "sqlite:back.db"));
    assert_eq!(again, back);
    assert!(again.contains(&RECORDS.to_string()), "{again}");
}

#[test]
fn a_source_that_changed_after_a_transfer_was_killed_is_found_out() {
    let root = workspace();
    let source = root.path().join("data/formwork.db");
    done(&run(root.path(), &["token", "create", "--name", "any", "--forms", "*"]));
    many(&source, 1000);
    done(&transfer(root.path(), "sqlite:data/formwork.db", "sqlite:copy.db"));
    let copy = Connection::open(root.path().join("copy.db")).unwrap();
    copy.execute_batch("INSERT INTO transfers VALUES (0); DELETE FROM claims WHERE record_id > 900").unwrap();
    copy.execute_batch("DELETE FROM records WHERE id > 900").unwrap();
    drop(copy);
    let changed = Connection::open(&source).unwrap();
    changed.execute("UPDATE records SET attributes = '{}' WHERE id = 5", []).unwrap();
    drop(changed);
    let output = transfer(root.path(), "sqlite:data/formwork.db", "sqlite:copy.db");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stderr).starts_with("records: 1000 rows were to be"), "{}", text(&output.stderr));
    let served = run(root.path(), &["serve", "--listen", "127.0.0.1:0", "--database", "sqlite:copy.db"]);
    assert!(refused(&served).contains("has not ended"));
}
