//! A database that takes no writes for a while, and another that takes its place: the server is not told, nor restarted.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use formwork_tests::postgres::{self, Cluster};
use tempfile::TempDir;

use crate::cable::Cable;
use crate::durability::exactly;
use crate::faults::{id, unavailable};
use crate::postgres::{block_on, ready, sound, wait_until_ready};
use crate::{Answer, Serving, get, lift_rate_limits, post, run, text, workspace};

/// More than are stored before a database that is told to takes no more writes.
const SOON: usize = 1000;
/// A token that nobody has.
const UNKNOWN: &str = "fw_0123456789abcdef_0";
/// More than a server has connections to read on.
const READERS: usize = 16;

/// A database, a standby that follows it, and a server of ours whose address leads to the first.
struct Pair {
    serving: Serving,
    root: TempDir,
    cable: Cable,
    first: Cluster,
    second: Cluster,
    /// Of the database, which has it on both.
    name: String,
}

impl Pair {
    fn start() -> Self {
        let first = Cluster::fleeting();
        let (root, url) = (workspace(), block_on(first.database()));
        lift_rate_limits(root.path());
        let second = first.standby();
        let cable = Cable::to(first.socket());
        let serving = Serving::start(root.path(), &["--database", &cable.url(&url)]);
        let name = url.rsplit('/').next().unwrap().to_owned();
        Self { serving, root, cable, first, second, name }
    }

    fn url_of_second(&self) -> String {
        self.second.url(&self.name)
    }
}

/// Subscribers one after the other, and what is stored of them.
struct Subscribers<'s> {
    serving: &'s Serving,
    stored: BTreeSet<i64>,
    next: usize,
}

impl<'s> Subscribers<'s> {
    fn of(serving: &'s Serving) -> Self {
        Self { serving, stored: BTreeSet::new(), next: 0 }
    }

    /// The next one; whoever was refused comes again.
    fn subscribe(&mut self) -> Answer {
        let answer = self.serving.subscribe(&format!("{}@example.com", self.next)).unwrap();
        if answer.status == 201 {
            self.stored.insert(id(&answer));
            self.next += 1;
        }
        answer
    }

    fn is_stored(&mut self) {
        id(&self.subscribe());
    }

    /// Goes on until the database takes no more, of which its sessions learn one by one.
    fn until_refused(&mut self) {
        wait_until_ready(self.serving, 503);
        self.until_one_is_refused();
        // Not by accident.
        unavailable(&self.subscribe());
        assert_eq!(ready(self.serving), 503);
    }

    /// The same where nobody asks whether the server is ready.
    fn until_one_is_refused(&mut self) {
        let refused = (0..SOON).map(|_| self.subscribe()).find(|answer| answer.status != 201);
        unavailable(&refused.expect("the database takes writes"));
    }
}

#[test]
fn a_database_that_turns_read_only_is_written_once_it_may_be_again() {
    if !postgres::is_there() {
        return;
    }
    let cluster = Cluster::fleeting();
    let (root, url) = (workspace(), block_on(cluster.database()));
    lift_rate_limits(root.path());
    let serving = Serving::start(root.path(), &["--database", &url]);
    let mut subscribers = Subscribers::of(&serving);
    subscribers.is_stored();
    block_on(cluster.let_write(false));
    subscribers.until_refused();
    exactly(&sound(&url), &subscribers.stored);
    block_on(cluster.let_write(true));
    wait_until_ready(&serving, 200);
    subscribers.is_stored();
    exactly(&sound(&url), &subscribers.stored);
}

#[test]
fn a_standby_that_is_promoted_takes_the_place_of_a_server_that_is_gone() {
    if !postgres::is_there() {
        return;
    }
    let mut pair = Pair::start();
    let mut subscribers = Subscribers::of(&pair.serving);
    subscribers.is_stored();
    block_on(pair.first.replicated());
    pair.cable.lead_to(pair.second.socket());
    pair.first.stop("INT");
    // Its connection has just broken, so of this one nobody knows.
    assert_eq!(subscribers.subscribe().status, 503);
    subscribers.until_refused();
    pair.second.promote();
    wait_until_ready(&pair.serving, 200);
    subscribers.is_stored();
    exactly(&sound(&pair.url_of_second()), &subscribers.stored);
}

#[test]
fn a_standby_that_is_promoted_takes_the_place_of_a_server_that_stays_and_only_reads() {
    if !postgres::is_there() {
        return;
    }
    let pair = Pair::start();
    let mut subscribers = Subscribers::of(&pair.serving);
    subscribers.is_stored();
    // Several connections to what will be the wrong server.
    std::thread::scope(|scope| {
        for _ in 0..READERS {
            scope.spawn(|| assert_eq!(get(pair.serving.address, "/readyz").status, 200));
        }
    });
    block_on(pair.first.let_write(false));
    subscribers.until_refused();
    block_on(pair.first.replicated());
    pair.second.promote();
    pair.cable.lead_to(pair.second.socket());
    wait_until_ready(&pair.serving, 200);
    for _ in 0..READERS {
        assert_eq!(ready(&pair.serving), 200, "a connection to the first server is used");
    }
    subscribers.is_stored();
    exactly(&sound(&pair.url_of_second()), &subscribers.stored);
}

#[test]
fn what_is_read_follows_what_is_written_where_nobody_asks_whether_a_server_is_ready() {
    if !postgres::is_there() {
        return;
    }
    let pair = Pair::start();
    let mut subscribers = Subscribers::of(&pair.serving);
    subscribers.is_stored();
    block_on(pair.first.let_write(false));
    subscribers.until_one_is_refused();
    // Several connections to what will be the wrong server, made after it was seen to take no writes.
    std::thread::scope(|scope| {
        for _ in 0..READERS {
            let server = pair.serving.address;
            scope.spawn(move || assert_eq!(judged_for(server, UNKNOWN), 401));
        }
    });
    block_on(pair.first.replicated());
    pair.second.promote();
    pair.cable.lead_to(pair.second.socket());
    subscribers.is_stored();
    let url = pair.url_of_second();
    let made =
        run(pair.root.path(), &["token", "create", "--name", "ci", "--forms", "*", "--database", &url]);
    let token = text(&made.stdout);
    for _ in 0..READERS {
        assert_eq!(
            judged_for(pair.serving.address, token.trim()),
            422,
            "a connection to the first server is used"
        );
    }
    exactly(&sound(&url), &subscribers.stored);
}

/// How a form is judged for somebody with this token, who is looked for in the database.
fn judged_for(server: SocketAddr, token: &str) -> u16 {
    let path = "/api/form_configurations/developer/sign_up/validate";
    post(server, path, &format!("Authorization: Bearer {token}\r\n"), r#"{"form":{}}"#).unwrap().status
}
