//! The binary from outside: a process with its arguments, its exit status, its signals and its files.
//!
//! In this package, because only here does Cargo build the binary for its tests and say where it is.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "tests"
)]

mod backup;
mod cable;
mod command_line;
mod crowds;
mod dev;
mod diff;
mod documentation;
mod durability;
mod edge;
mod examples;
mod failover;
mod faults;
mod lint;
mod policies;
mod postgres;
mod revision;
mod secrets;
mod shutdown;
mod tls;
#[cfg(feature = "otlp")]
mod traces;
mod transfer;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const REFERENCE: &str = "reference_rest_api_create_user";
/// After so long without an answer a test has failed; nothing is measured by it.
const GIVE_UP: Duration = Duration::from_mins(1);
/// After so long nothing comes of what has to come by itself, however busy the machine and its disk are.
const NEVER: Duration = Duration::from_mins(5);

/// The binary in a directory, with nothing of this environment's own settings.
fn formwork(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_formwork"));
    command.current_dir(directory).stdin(Stdio::null());
    for name in ["CONFIGS", "DATABASE", "LISTEN", "DEV", "ALLOW_INVALID", "LOG"] {
        command.env_remove(format!("FORMWORK_{name}"));
    }
    // Hashes give way to everything, and tests keep every core busy.
    command.env("FORMWORK_HASH_WAIT", "60s");
    command
}

/// A server that a shell becomes after some commands.
fn formwork_after(shell: &[&str], directory: &Path, preparation: &str, arguments: &[&str]) -> Command {
    let server = formwork(directory);
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).arg(format!("{preparation}; exec \"$0\" serve --listen 127.0.0.1:0 \"$@\""));
    command.arg(server.get_program()).args(arguments).current_dir(directory).stdin(Stdio::null());
    for (name, value) in server.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

/// What a test needs and does not find: the person who runs it is told, or it fails where everything is to be tested.
fn missing(what: &str) {
    assert!(std::env::var_os("FORMWORK_TEST_REQUIRE_ALL").is_none(), "{what}");
    // Written past the harness, which swallows what is printed.
    let _ = writeln!(std::io::stderr(), "not tested: {what}");
}

fn run(directory: &Path, arguments: &[&str]) -> Output {
    formwork(directory).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Lets the public example forms be submitted as often as a test likes.
fn lift_rate_limits(root: &Path) {
    for form in [REFERENCE, "newsletter"] {
        let file = root.join(format!("configs/forms/{form}.toml"));
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replacen("access = ", "rate_limit = false\naccess = ", 1)).unwrap();
    }
}

/// A directory with the repository's example forms.
fn workspace() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs"), &root.path().join("configs"));
    root
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A running server; killed when dropped.
struct Serving {
    child: Child,
    address: SocketAddr,
    /// Where `--metrics-listen` has led to.
    operations: Option<SocketAddr>,
    lines: Receiver<String>,
}

impl Serving {
    /// Starts a server on a free port and waits until it serves.
    fn start(directory: &Path, arguments: &[&str]) -> Self {
        let mut command = formwork(directory);
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(arguments);
        Self::spawn(command)
    }

    /// Runs a command that is to serve, and waits for nothing.
    fn begin(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let nowhere = ([127, 0, 0, 1], 0).into();
        Self { child, address: nowhere, operations: None, lines }
    }

    /// Runs a command that serves, and waits until it does.
    fn spawn(command: Command) -> Self {
        let mut serving = Self::begin(command);
        serving.wait_until_it_serves();
        serving
    }

    /// What it says until it serves.
    fn wait_until_it_serves(&mut self) -> Vec<String> {
        let mut said = Vec::new();
        loop {
            let line = self.lines.recv_timeout(GIVE_UP);
            let line = line.unwrap_or_else(|_| panic!("it does not serve:\n{}", said.join("\n")));
            if let Some((_, address)) =
                line.split_once(" on http://").filter(|_| line.contains("formwork serves"))
            {
                // As a line it ends there, in an object its text does.
                self.address = address.split('"').next().unwrap().parse().unwrap();
                return said;
            }
            let address =
                line.strip_prefix("metrics are on http://").and_then(|rest| rest.strip_suffix("/metrics"));
            if let Some(address) = address {
                self.operations = Some(address.parse().unwrap());
            }
            said.push(line);
        }
    }

    /// The same after shell commands that limit what the process may use, or put something else in its way.
    fn start_after(directory: &Path, preparation: &str, arguments: &[&str]) -> Self {
        Self::spawn(formwork_after(&["sh", "-c"], directory, preparation, arguments))
    }

    /// The next line of standard error that holds `part`.
    fn line_with(&self, part: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(GIVE_UP).unwrap_or_else(|_| panic!("no line with `{part}`"));
            if line.contains(part) {
                return line;
            }
        }
    }

    /// All that it says from now on, until it has ended by itself; and how it did.
    fn until_its_end(mut self) -> (Vec<String>, ExitStatus) {
        let (begun, mut lines) = (Instant::now(), Vec::new());
        loop {
            match self.lines.recv_timeout(NEVER.saturating_sub(begun.elapsed())) {
                Ok(line) => lines.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end:\n{}", lines.join("\n")),
            }
        }
        (lines, self.child.wait().unwrap())
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    /// Kills the process as `kill -9` does.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn post(&self, path: &str, headers: &str, body: &str) -> std::io::Result<Answer> {
        post(self.address, path, headers, body)
    }

    fn subscribe(&self, email: &str) -> std::io::Result<Answer> {
        let form = json!({ "email": email, "properties": { "consent": true } });
        let body = json!({ "form_configuration_name": "newsletter", "form": form });
        self.post("/api/users", "", &body.to_string())
    }

    fn submit(&self, form: &Value) -> std::io::Result<Answer> {
        self.post(
            "/api/users",
            "",
            &json!({ "form_configuration_name": REFERENCE, "form": form }).to_string(),
        )
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn connect(address: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(GIVE_UP))?;
    Ok(stream)
}

/// A connection on which something was begun.
fn begin(address: SocketAddr, part: &str) -> TcpStream {
    let mut stream = connect(address).unwrap();
    stream.write_all(part.as_bytes()).unwrap();
    stream
}

fn post(address: SocketAddr, path: &str, headers: &str, body: &str) -> std::io::Result<Answer> {
    let mut stream = connect(address)?;
    let length = body.len();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n{headers}\r\n{body}"
    )?;
    Answer::read(stream)
}

fn get(address: SocketAddr, path: &str) -> Answer {
    let mut stream = connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    Answer::read(stream).unwrap()
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    /// Reads to the end of the connection; an answer that breaks off is an error.
    fn read(mut stream: TcpStream) -> std::io::Result<Self> {
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let broken = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        let (head, body) = text.split_once("\r\n\r\n").ok_or_else(broken)?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(broken)?;
        let length = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned))
            .and_then(|length| length.parse().ok());
        if length.is_some_and(|length: usize| length != body.len()) {
            return Err(broken());
        }
        Ok(Self { status, head: head.to_ascii_lowercase(), body: body.to_owned() })
    }

    /// A header by its name in lower case.
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

fn user(email: &str, password: &str) -> Value {
    json!({ "first_name": "Example", "email": email, "password": password })
}
