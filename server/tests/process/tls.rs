//! TLS to `PostgreSQL`: a server is talked to if it is the one that was meant, and nothing tells the password of the URL.

use std::fs;

use formwork_tests::certificates::Authority;
use formwork_tests::postgres::{self, Cluster};
use sqlx::PgPool;

use crate::faults::id;
use crate::postgres::{block_on, ready, sound};
use crate::{Serving, formwork, workspace};

/// Unlike anything else, and the same in a URL.
const PASSWORD: &str = "correct-horse-database";

/// A server that takes nobody without TLS and a password, a database of it, and who certifies it.
struct Guarded {
    root: tempfile::TempDir,
    cluster: Cluster,
    /// By the socket, where nothing is asked of anybody.
    direct: String,
}

impl Guarded {
    fn new() -> Self {
        let root = workspace();
        let authority = Authority::new("Authority");
        let keep = |file, authority: &Authority| {
            fs::write(root.path().join(file), &authority.certificate).unwrap();
        };
        keep("authority.pem", &authority);
        keep("another.pem", &Authority::new("Another"));
        keep("namesake.pem", &Authority::new("Authority"));
        let cluster = Cluster::with_tls(&authority);
        let direct = block_on(async {
            let direct = cluster.database().await;
            let database = PgPool::connect(&direct).await.unwrap();
            let set = format!("ALTER ROLE formwork PASSWORD '{PASSWORD}'");
            sqlx::query(sqlx::AssertSqlSafe(set)).execute(&database).await.unwrap();
            database.close().await;
            direct
        });
        Self { root, cluster, direct }
    }

    /// Starts a server that tells all it can, with a password and what a URL says after its `?`.
    fn begin(&self, host: &str, password: &str, parameters: &str) -> Serving {
        let (port, name) = (self.cluster.address().port(), self.direct.rsplit('/').next().unwrap());
        let mut command = formwork(self.root.path());
        command.args(["serve", "--listen", "127.0.0.1:0", "--log", "trace", "--database"]);
        command.arg(format!("postgres://formwork:{password}@{host}:{port}/{name}?{parameters}"));
        Serving::begin(command)
    }

    /// What a server says that does not start.
    fn refusal(&self, host: &str, password: &str, parameters: &str) -> String {
        let (lines, status) = self.begin(host, password, parameters).until_its_end();
        assert_eq!(status.code(), Some(2), "{}", lines.join("\n"));
        keeps_the_password(&lines);
        let last = lines.last().unwrap();
        assert!(last.starts_with("error: cannot open the database: "), "{last}");
        last.clone()
    }
}

fn keeps_the_password(lines: &[String]) {
    let all = lines.join("\n");
    assert!(all.contains("TRACE"), "the log is not at trace level:\n{all}");
    assert!(!all.contains(PASSWORD), "{all}");
}

fn trusting(authority: &str) -> String {
    format!("sslmode=verify-full&sslrootcert={authority}.pem")
}

#[test]
fn the_server_that_was_meant_is_served_from() {
    if !postgres::is_there() {
        return;
    }
    let guarded = Guarded::new();
    let mut serving = guarded.begin("127.0.0.1", PASSWORD, &trusting("authority"));
    let mut said = serving.wait_until_it_serves();
    assert_eq!(ready(&serving), 200);
    let stored = id(&serving.subscribe("somebody@example.com").unwrap());
    serving.signal("TERM");
    let (lines, status) = serving.until_its_end();
    said.extend(lines);
    assert!(status.success());
    keeps_the_password(&said);
    assert_eq!(sound(&guarded.direct), [stored].into());
}

#[test]
fn a_server_that_may_be_another_is_not_talked_to() {
    if !postgres::is_there() {
        return;
    }
    let guarded = Guarded::new();
    for (host, parameters, fault) in [
        ("127.0.0.1", trusting("another"), "UnknownIssuer"),
        ("127.0.0.1", trusting("namesake"), "BadSignature"),
        // The same server under a name that its certificate does not have.
        ("localhost", trusting("authority"), "not valid for name"),
        ("127.0.0.1", "sslmode=verify-full".to_owned(), "UnknownIssuer"),
        ("127.0.0.1", trusting("nobody"), "No such file"),
    ] {
        let said = guarded.refusal(host, PASSWORD, &parameters);
        assert_eq!(said.matches(fault).count(), 1, "{said}");
    }
}

#[test]
fn without_tls_or_the_password_the_database_refuses_and_the_server_says_why() {
    if !postgres::is_there() {
        return;
    }
    let guarded = Guarded::new();
    let said = guarded.refusal("127.0.0.1", PASSWORD, "sslmode=disable");
    assert_eq!(said.matches("no encryption").count(), 1, "{said}");
    let said = guarded.refusal("127.0.0.1", &format!("not-{PASSWORD}"), &trusting("authority"));
    assert_eq!(said.matches("password authentication failed").count(), 1, "{said}");
}
