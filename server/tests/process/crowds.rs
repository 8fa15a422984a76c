//! More clients than there is room for, and clients that only take room: everybody else is served.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Child;
use std::sync::RwLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit, setrlimit};

use crate::{GIVE_UP, Serving, begin, connect, get, lift_rate_limits, missing, workspace};

const IDLE: usize = 5000;
/// Of each kind: those who send heads, those who send bodies, those who take answers.
const SLOW: usize = 167;
/// How many requests are timed, before the crowd is there and then.
const TIMED: usize = 100;
/// What a connection may take of the server's memory, in KiB: three times of what it was when this was written.
const OF_EACH: u64 = 64;

const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n";

/// Asks for something small on a connection that stays open.
fn ask(stream: &mut TcpStream) {
    stream.write_all(HEALTH).unwrap();
    hear(stream);
}

/// Reads the answer to [`HEALTH`].
fn hear(stream: &mut TcpStream) {
    let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
    while !answer.ends_with(b"{\"status\":\"ok\"}") {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "closed after {}", String::from_utf8_lossy(&answer));
        answer.extend(&buffer[..read]);
    }
}

#[test]
fn where_descriptors_are_few_clients_wait_and_nothing_else_does() {
    let (limit, places) = (96, 48);
    let clients = 3 * places;
    let root = workspace();
    let serving = Serving::start_after(
        root.path(),
        &format!("ulimit -n {limit}"),
        &["--metrics-listen", "127.0.0.1:0"],
    );
    let address = serving.address;
    let (served, gate) = (AtomicUsize::new(0), RwLock::new(()));
    std::thread::scope(|scope| {
        let closed = gate.write().unwrap();
        for _ in 0..clients {
            scope.spawn(|| {
                let mut stream = connect(address).unwrap();
                ask(&mut stream);
                served.fetch_add(1, Ordering::Relaxed);
                drop(gate.read());
            });
        }
        while served.load(Ordering::Relaxed) < places {
            std::thread::yield_now();
        }
        // Files are read, and those who run the service connect, while clients hold everything that is theirs.
        fs::write(root.path().join("configs/forms/another.toml"), "resource = \"User\"\n").unwrap();
        serving.line_with("generation=2");
        assert_eq!(get(serving.operations.unwrap(), "/readyz").status, 200);
        assert_eq!(served.load(Ordering::Relaxed), places);
        drop(closed);
    });
    assert_eq!(served.into_inner(), clients, "the others had their turn");
}

#[test]
fn without_a_descriptor_nothing_is_accepted_or_lost_and_no_processor_is_kept_busy() {
    let root = workspace();
    let serving = Serving::start(root.path(), &[]);
    let mut held = connect(serving.address).unwrap();
    ask(&mut held);
    let before = descriptors(&serving.child, Some(1));
    let mut waiting = connect(serving.address).unwrap();
    waiting.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    waiting.write_all(HEALTH).unwrap();
    let nothing = waiting.read(&mut [0; 1]).unwrap_err();
    assert!(matches!(nothing.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{nothing}");
    // It tried now and then. One that tries all the time does so tens of thousands of times meanwhile.
    let tried = |line: &String| line.contains("no connection can be accepted");
    let times = serving.lines.try_iter().filter(tried).count();
    assert!((1..1000).contains(&times), "tried {times} times");
    ask(&mut held);
    descriptors(&serving.child, before);
    waiting.set_read_timeout(Some(GIVE_UP)).unwrap();
    hear(&mut waiting);
}

/// Lets a process open so many files, and says how many it could before.
fn descriptors(child: &Child, current: Option<u64>) -> Option<u64> {
    let limit = Rlimit { current, maximum: getrlimit(Resource::Nofile).maximum };
    prlimit(Pid::from_child(child).into(), Resource::Nofile, limit).unwrap().current
}

/// The memory that a process has, in KiB.
fn memory(child: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn five_thousand_idle_and_five_hundred_slow_connections_cost_the_others_little() {
    let limit = getrlimit(Resource::Nofile);
    let needed = u64::try_from(2 * (IDLE + 3 * SLOW)).unwrap();
    if setrlimit(Resource::Nofile, Rlimit { current: Some(needed), ..limit }).is_err() {
        return missing(&format!("{needed} open files, which `ulimit -Hn` does not allow"));
    }
    let root = workspace();
    lift_rate_limits(root.path());
    // As long as it likes: that slow clients are let go of in time is another test's business.
    let serving =
        Serving::start(root.path(), &["--idle-timeout", "1h", "--body-timeout", "1h", "--log", "warn"]);
    let alone = median(timed(&serving, "alone", || {}));
    let before = memory(&serving.child);
    let mut idle: Vec<TcpStream> = (0..IDLE)
        .map(|_| {
            let mut stream = connect(serving.address).unwrap();
            ask(&mut stream);
            stream
        })
        .collect();
    let mut slow: Vec<TcpStream> = Vec::new();
    for _ in 0..SLOW {
        slow.push(begin(serving.address, "POST /api/users HTTP/1.1\r\nHost: test\r\nX-Slow: "));
        slow.push(begin(
            serving.address,
            "POST /api/users HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n",
        ));
    }
    let readers: Vec<TcpStream> = (0..SLOW).map(|_| reader(serving.address)).collect();
    let mut turn = 0;
    let crowded = median(timed(&serving, "crowded", || {
        // A few bytes at a time, of another few clients each time.
        for _ in 0..5 {
            turn = (turn + 1) % slow.len();
            slow[turn].write_all(b" ").unwrap();
        }
    }));
    let grown = memory(&serving.child).saturating_sub(before);
    let connections = u64::try_from(idle.len() + slow.len() + readers.len()).unwrap();
    println!(
        "median of {TIMED} creates: {alone:?} alone, {crowded:?} beside {connections} connections, {} KiB for each",
        grown / connections
    );
    assert!(grown < OF_EACH * connections, "{grown} KiB for {connections} connections");
    idle.iter_mut().for_each(ask);
}

/// A connection that asks for more than fits on the way, and reads nothing of it.
fn reader(address: SocketAddr) -> TcpStream {
    begin(address, &"GET /api/openapi.json HTTP/1.1\r\nHost: test\r\n\r\n".repeat(10))
}

/// How long creates take one after the other, with something in between.
fn timed(serving: &Serving, name: &str, mut between: impl FnMut()) -> Vec<Duration> {
    let create = |index| {
        between();
        let begun = Instant::now();
        let answer = serving.subscribe(&format!("{name}{index}@example.com")).unwrap();
        assert_eq!(answer.status, 201, "{}", answer.body);
        begun.elapsed()
    };
    (0..TIMED).map(create).collect()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
