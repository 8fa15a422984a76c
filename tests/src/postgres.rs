//! A `PostgreSQL` server of a test's own: made, started, stopped, and gone with the process that asked for it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::postgres::PgPool;

/// Runs a server until it is told a signal to end it with, or until nobody can tell it any more, and all is removed.
const KEEPER: &str = r#"
directory=$1
shift
"$@" 2>&1 &
exec >/dev/null
if read -r signal; then
    kill -"$signal" $!
    wait $!
else
    kill -QUIT $!
    wait $!
    rm -rf "$directory"
fi
"#;

/// The users that the server may run as where this process is root, which it refuses.
const USERS: [&str; 2] = ["postgres", "nobody"];

/// A server with databases of its own, on a Unix socket.
pub struct Cluster {
    programs: PathBuf,
    directory: PathBuf,
    settings: &'static [&'static str],
    keeper: Option<Child>,
}

impl Cluster {
    /// The server of all tests of this process, which would lose everything in a power cut.
    /// Ask [`is_there`] first.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&["fsync=off", "full_page_writes=off", "max_connections=500"]))
    }

    /// A server that keeps what it has committed, with its defaults.
    /// Ask [`is_there`] first.
    #[must_use]
    pub fn durable() -> Self {
        Self::start(&[])
    }

    fn start(settings: &'static [&'static str]) -> Self {
        let programs = programs().expect("PostgreSQL is there");
        let directory = tempfile::Builder::new().prefix("formwork-postgres-").tempdir().unwrap().keep();
        if let Some((user, group)) = other_user() {
            chown(&directory, Some(user), Some(group)).unwrap();
        }
        let mut cluster = Self { programs, directory, settings, keeper: None };
        let made = cluster
            .command("initdb")
            .args(["--auth=trust", "--username=formwork", "--encoding=UTF8", "--locale=C", "--no-sync"])
            .arg("--pgdata")
            .arg(cluster.data())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        cluster.resume();
        cluster
    }

    /// Starts the server again, and returns once it takes connections.
    pub fn resume(&mut self) {
        let mut keeper = self.command("sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(&self.directory).arg(self.programs.join("postgres"));
        keeper.arg("-D").arg(self.data()).arg("-k").arg(&self.directory).args(["-c", "listen_addresses="]);
        keeper.args(self.settings.iter().flat_map(|setting| ["-c", setting]));
        // What is typed at the terminal of the tests is not for the server.
        let mut keeper =
            keeper.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(keeper.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut log = String::new();
        loop {
            let line = lines.next().unwrap_or_else(|| panic!("PostgreSQL does not start:\n{log}"));
            if line.contains("ready to accept connections") {
                break;
            }
            log = log + &line + "\n";
        }
        // Read on, so that the server never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        self.keeper = Some(keeper);
    }

    /// Stops the server by a signal: `INT` ends its sessions, `QUIT` is as good as a crash.
    pub fn stop(&mut self, signal: &str) {
        let mut keeper = self.keeper.take().expect("the server runs");
        writeln!(keeper.stdin.take().unwrap(), "{signal}").unwrap();
        assert!(keeper.wait().unwrap().success());
    }

    /// Sends a signal to every process of the server: `STOP` lets it answer nobody, and `CONT` again.
    pub fn signal(&self, signal: &str) {
        let lock = fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        let server = lock.lines().next().unwrap();
        let listed = Command::new("ps").args(["-o", "pid=", "--ppid", server]).output().unwrap();
        let sessions = String::from_utf8(listed.stdout).unwrap();
        let all = std::iter::once(server).chain(sessions.split_whitespace());
        assert!(Command::new("kill").arg(format!("-{signal}")).args(all).status().unwrap().success());
    }

    /// Makes an empty database; its URL.
    pub async fn database(&self) -> String {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let server = PgPool::connect(&self.url("postgres")).await.unwrap();
        let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::query(create).execute(&server).await.unwrap();
        server.close().await;
        self.url(&name)
    }

    /// The URL of a database.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://formwork@{}/{database}", self.directory.to_str().unwrap().replace('/', "%2F"))
    }

    /// The file of the server's socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.directory.join(".s.PGSQL.5432")
    }

    /// A program of `PostgreSQL`'s, or another one, run as the server is.
    #[must_use]
    pub fn command(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = Command::new(if program.exists() { program.as_path() } else { Path::new(name) });
        command.current_dir(&self.directory);
        if let Some((user, group)) = other_user() {
            command.uid(user).gid(group);
        }
        command
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        match self.keeper.take() {
            Some(mut keeper) => {
                drop(keeper.stdin.take());
                let _ = keeper.wait();
            }
            None => drop(fs::remove_dir_all(&self.directory)),
        }
    }
}

/// Whether `PostgreSQL` is there; who wants all tests to run is told that it is missing.
#[must_use]
pub fn is_there() -> bool {
    if programs().is_some() {
        return true;
    }
    let missing = "PostgreSQL is missing; install it (`apt-get install postgresql`) to run all tests";
    assert!(std::env::var_os("FORMWORK_TEST_REQUIRE_ALL").is_none(), "{missing}");
    // The harness shows what is written so, and swallows what is printed.
    let _ = writeln!(std::io::stderr(), "{missing}");
    false
}

/// Where the programs of `PostgreSQL` are: on the path, or where Debian hides those of a server.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path);
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort_unstable();
    let hidden = versions.into_iter().rev().map(|(_, programs)| programs);
    on_path
        .chain(hidden)
        .find(|programs| programs.join("initdb").exists() && programs.join("postgres").exists())
}

/// User and group to run the server as, if not those of this process.
fn other_user() -> Option<(u32, u32)> {
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let ids = |name: &str| {
        let mut fields =
            users.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?.split(':').skip(1);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    USERS.iter().find_map(|name| ids(name)).filter(|_| is_root)
}
