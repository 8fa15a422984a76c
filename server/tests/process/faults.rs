//! A disk that takes no more, or nothing at all, and a database that somebody else holds on to.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use rusqlite::{Connection, TransactionBehavior};
use serde_json::json;

use crate::durability::sound;
use crate::{Answer, Serving, formwork_after, get, lift_rate_limits, missing, workspace};

/// What a file may hold before the disk counts as full, in blocks of 512 bytes.
const BLOCKS: usize = 4096;

/// So many subscriptions do not fit.
const LARGER_THAN_THE_DISK: usize = 1000;

/// A subscription of some four thousand bytes.
fn subscribe(serving: &Serving, index: usize) -> Answer {
    let names = "x".repeat(2000);
    let properties = json!({ "consent": true, "comment": names });
    let form =
        json!({ "email": format!("{index}@example.com"), "first_name": names, "properties": properties });
    let body = json!({ "form_configuration_name": "newsletter", "form": form }).to_string();
    serving.post("/api/users", "", &body).unwrap()
}

pub(crate) fn id(answer: &Answer) -> i64 {
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.json()["model"]["id"].as_i64().unwrap()
}

/// Nothing of it is stored for now, and it says when to come back.
pub(crate) fn unavailable(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert_eq!(answer.json()["details"][0]["code"], "unavailable");
    assert_eq!(answer.header("retry-after"), Some("5"));
}

/// Subscribes until one is refused; the ids of the others, and the number of the one.
fn until_refused(serving: &Serving) -> (BTreeSet<i64>, usize) {
    let mut stored = BTreeSet::new();
    for index in 0..LARGER_THAN_THE_DISK {
        let answer = subscribe(serving, index);
        if answer.status != 201 {
            unavailable(&answer);
            return (stored, index);
        }
        stored.insert(id(&answer));
    }
    panic!("the disk never was full");
}

#[test]
fn a_full_disk_refuses_what_it_cannot_keep_and_loses_nothing() {
    let root = workspace();
    lift_rate_limits(root.path());
    // Ignored, the signal becomes an error of the write, as on a full disk.
    let serving = Serving::start_after(root.path(), &format!("trap '' XFSZ; ulimit -f {BLOCKS}"), &[]);
    let (mut stored, refused) = until_refused(&serving);
    serving.kill();
    let roomy = Serving::start(root.path(), &[]);
    stored.insert(id(&subscribe(&roomy, refused)));
    roomy.kill();
    assert_eq!(sound(&root.path().join("data/formwork.db")), stored);
}

/// A shell in a mount namespace of its own, if there can be one: root may, and so may everybody on most systems.
fn shell_with_mounts(directory: &Path) -> Option<Vec<&'static str>> {
    let ways = [vec!["unshare", "--mount"], vec!["unshare", "--map-root-user", "--mount"]];
    let works = |way: &Vec<&str>| {
        let try_it = "mount -t tmpfs -o size=1m tmpfs .";
        let mut command = Command::new(way[0]);
        command.args(&way[1..]).args(["sh", "-c", try_it]).current_dir(directory);
        command.output().is_ok_and(|output| output.status.success())
    };
    let way = ways.into_iter().find(works);
    if way.is_none() {
        missing("full and read-only disks, for which `unshare` and the right to mount are needed");
    }
    way.map(|way| [&way[..], &["sh", "-c"]].concat())
}

#[test]
fn a_disk_that_has_room_again_is_written_again_without_a_restart() {
    let root = workspace();
    lift_rate_limits(root.path());
    let Some(shell) = shell_with_mounts(root.path()) else { return };
    let mount = "mkdir data && mount -t tmpfs -o size=4m tmpfs data";
    let serving = Serving::spawn(formwork_after(&shell, root.path(), mount, &[]));
    // The mount is the server's alone, and is gone with it.
    let data = Path::new("/proc").join(serving.child.id().to_string()).join("root");
    let data = data.join(root.path().strip_prefix("/").unwrap()).join("data");
    let mut ballast = fs::File::create(data.join("ballast")).unwrap();
    ballast.write_all(&vec![0; 1 << 20]).unwrap();
    let (mut stored, refused) = until_refused(&serving);
    assert_eq!(get(serving.address, "/readyz").status, 200, "what is stored can be read");
    fs::remove_file(data.join("ballast")).unwrap();
    drop(ballast);
    stored.insert(id(&subscribe(&serving, refused)));
    // Nothing is written meanwhile. SQLite itself would follow the link out of the namespace.
    let copied = tempfile::tempdir().unwrap();
    for name in ["formwork.db", "formwork.db-wal"] {
        fs::copy(data.join(name), copied.path().join(name)).unwrap();
    }
    assert_eq!(sound(&copied.path().join("formwork.db")), stored);
}

#[test]
fn on_a_read_only_disk_what_is_stored_can_be_read_and_nothing_is_written() {
    let root = workspace();
    lift_rate_limits(root.path());
    let Some(shell) = shell_with_mounts(root.path()) else { return };
    let serving = Serving::start(root.path(), &[]);
    let mut stored = BTreeSet::from([id(&subscribe(&serving, 0))]);
    serving.kill();
    let mount = "mount --bind data data && mount -o remount,bind,ro data";
    let serving = Serving::spawn(formwork_after(&shell, root.path(), mount, &[]));
    unavailable(&subscribe(&serving, 1));
    assert_eq!(get(serving.address, "/readyz").status, 200);
    serving.kill();
    let serving = Serving::start(root.path(), &[]);
    stored.insert(id(&subscribe(&serving, 1)));
    serving.kill();
    assert_eq!(sound(&root.path().join("data/formwork.db")), stored);
}

#[test]
fn a_database_that_another_process_holds_is_written_once_it_lets_go() {
    let root = workspace();
    lift_rate_limits(root.path());
    let serving = Serving::start(root.path(), &[]);
    let mut stored = BTreeSet::from([id(&subscribe(&serving, 0))]);
    let file = root.path().join("data/formwork.db");
    let mut other = Connection::open(&file).unwrap();
    let lock = other.transaction_with_behavior(TransactionBehavior::Exclusive).unwrap();
    // Longer than the server waits for it.
    unavailable(&subscribe(&serving, 1));
    assert_eq!(get(serving.address, "/readyz").status, 200, "what is stored can be read");
    drop(lock);
    stored.insert(id(&subscribe(&serving, 1)));
    serving.kill();
    assert_eq!(sound(&file), stored);
}
