//! A `PostgreSQL` server of a test's own: made, started, stopped, and gone with the process that asked for it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sqlx::postgres::PgPool;

use crate::certificates::Authority;

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

/// Who reaches a server with TLS: everybody by the socket, and strangers by TLS and with a password only.
const TLS_ONLY: &str = "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
const TLS: [&str; 3] = ["ssl=on", "listen_addresses=127.0.0.1", "fsync=off"];
/// How often another port is tried: between the look for a free one and its use somebody else may take it.
const PORTS: usize = 20;

/// After so long a server that does not follow another has failed; nothing is measured by it.
const GIVE_UP: Duration = Duration::from_mins(5);

/// A server with databases of its own, on a Unix socket.
pub struct Cluster {
    programs: PathBuf,
    directory: PathBuf,
    settings: &'static [&'static str],
    port: u16,
    keeper: Option<Child>,
}

impl Cluster {
    /// The server of all tests of this process, which would lose everything in a power cut.
    /// Ask [`is_there`] first.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(Self::fleeting)
    }

    /// A server that would lose everything in a power cut, and waits for no disk.
    /// Ask [`is_there`] first.
    #[must_use]
    pub fn fleeting() -> Self {
        Self::start(&["fsync=off", "full_page_writes=off", "max_connections=500"])
    }

    /// A server that keeps what it has committed, with its defaults.
    /// Ask [`is_there`] first.
    #[must_use]
    pub fn durable() -> Self {
        Self::start(&[])
    }

    /// A server that others reach at [`address`](Self::address), with TLS and a password; its certificate is for
    /// `127.0.0.1` and by this authority.
    /// Ask [`is_there`] first.
    #[must_use]
    pub fn with_tls(authority: &Authority) -> Self {
        let mut cluster = Self::make(&TLS);
        let (certificate, key) = authority.certify("127.0.0.1");
        cluster.write("server.crt", &certificate);
        cluster.write("server.key", &key);
        cluster.write("pg_hba.conf", TLS_ONLY);
        let mut started = Err(String::new());
        for _ in 0..PORTS {
            cluster.port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            started = cluster.try_to_resume();
            if started.is_ok() {
                break;
            }
        }
        started.unwrap_or_else(does_not_start);
        cluster
    }

    /// A server that follows this one, and takes no writes before it is promoted.
    #[must_use]
    pub fn standby(&self) -> Self {
        let mut standby = Self::empty(self.settings);
        let mut copy = standby.command("pg_basebackup");
        copy.args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync", "--username=formwork"]);
        copy.arg("--host").arg(&self.directory).arg("--port").arg(self.port.to_string());
        copy.arg("--pgdata").arg(standby.data());
        succeed(copy);
        standby.resume();
        standby
    }

    /// Waits until a standby has all that is committed now.
    pub async fn replicated(&self) {
        let server = PgPool::connect(&self.url("postgres")).await.unwrap();
        let now: String =
            sqlx::query_scalar("SELECT pg_current_wal_flush_lsn()::text").fetch_one(&server).await.unwrap();
        let begun = Instant::now();
        let has_it = "SELECT EXISTS (SELECT FROM pg_stat_replication WHERE replay_lsn >= $1::text::pg_lsn)";
        while !sqlx::query_scalar::<_, bool>(has_it).bind(&now).fetch_one(&server).await.unwrap() {
            assert!(begun.elapsed() < GIVE_UP, "the standby does not follow");
        }
        server.close().await;
    }

    /// Lets a standby take writes, and returns once it does.
    pub fn promote(&self) {
        let mut promote = self.command("pg_ctl");
        promote.args(["promote", "--wait", "--pgdata"]).arg(self.data());
        succeed(promote);
    }

    /// Has every session take writes or none, also those that there are; each learns of it a moment later.
    pub async fn let_write(&self, whether: bool) {
        let server = PgPool::connect(&self.url("postgres")).await.unwrap();
        let set = format!("ALTER SYSTEM SET default_transaction_read_only = {}", !whether);
        sqlx::query(sqlx::AssertSqlSafe(set)).execute(&server).await.unwrap();
        sqlx::query("SELECT pg_reload_conf()").execute(&server).await.unwrap();
        server.close().await;
    }

    fn start(settings: &'static [&'static str]) -> Self {
        let mut cluster = Self::make(settings);
        cluster.resume();
        cluster
    }

    /// A server that has not been started.
    fn make(settings: &'static [&'static str]) -> Self {
        let cluster = Self::empty(settings);
        let mut make = cluster.command("initdb");
        make.args(["--auth=trust", "--username=formwork", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        make.arg("--pgdata").arg(cluster.data());
        succeed(make);
        cluster
    }

    /// A place for a server.
    fn empty(settings: &'static [&'static str]) -> Self {
        let programs = programs().expect("PostgreSQL is there");
        let directory = tempfile::Builder::new().prefix("formwork-postgres-").tempdir().unwrap().keep();
        if let Some((user, group)) = other_user() {
            chown(&directory, Some(user), Some(group)).unwrap();
        }
        Self { programs, directory, settings, port: 5432, keeper: None }
    }

    /// Writes a file among the server's, which it alone may read.
    fn write(&self, name: &str, text: &str) {
        let file = self.data().join(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        if let Some((user, group)) = other_user() {
            chown(&file, Some(user), Some(group)).unwrap();
        }
    }

    /// Starts the server again, and returns once it takes connections.
    pub fn resume(&mut self) {
        self.try_to_resume().unwrap_or_else(does_not_start);
    }

    /// Starts the server, or gives what it said instead.
    fn try_to_resume(&mut self) -> Result<(), String> {
        let mut keeper = self.command("sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(&self.directory).arg(self.programs.join("postgres"));
        keeper.arg("-D").arg(self.data()).arg("-k").arg(&self.directory).args(["-c", "listen_addresses="]);
        keeper.arg("-p").arg(self.port.to_string());
        keeper.args(self.settings.iter().flat_map(|setting| ["-c", setting]));
        // What is typed at the terminal of the tests is not for the server.
        let mut keeper =
            keeper.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(keeper.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut log = String::new();
        loop {
            let Some(line) = lines.next() else {
                keeper.kill().unwrap();
                keeper.wait().unwrap();
                return Err(log);
            };
            // "… connections", or of a standby "… read-only connections".
            if line.contains("ready to accept") {
                break;
            }
            log = log + &line + "\n";
        }
        // Read on, so that the server never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        self.keeper = Some(keeper);
        Ok(())
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
        let directory = self.directory.to_str().unwrap().replace('/', "%2F");
        format!("postgres://formwork@{directory}:{}/{database}", self.port)
    }

    /// Where others reach a server with TLS.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The file of the server's socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.directory.join(format!(".s.PGSQL.{}", self.port))
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

#[allow(clippy::needless_pass_by_value, reason = "it takes what a result holds")]
fn does_not_start(log: String) {
    panic!("PostgreSQL does not start:\n{log}");
}

fn succeed(mut command: Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
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
