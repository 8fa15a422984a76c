//! A backup of a database that is being written.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::durability::{Sent, create_until_killed, sound};
use crate::{Serving, run, text, user, workspace};

#[test]
fn a_backup_while_serving_is_whole_and_serves() {
    let root = workspace();
    let serving = Serving::start(root.path(), &[]);
    let count = Arc::new(AtomicUsize::new(0));
    let (address, counted) = (serving.address, Arc::clone(&count));
    let client = std::thread::spawn(move || create_until_killed(address, "0", &counted));
    let acknowledged = |least: usize| {
        while count.load(Ordering::Relaxed) < least {
            std::thread::yield_now();
        }
        count.load(Ordering::Relaxed)
    };
    let before = acknowledged(10);
    let made = run(root.path(), &["backup", "copy.db"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    assert_eq!(text(&made.stdout), "");
    acknowledged(before + 10);
    serving.kill();
    let all: Vec<Sent> = client.join().unwrap();
    let copied = sound(&root.path().join("copy.db"));
    assert!(all[..before].iter().all(|sent| copied.contains(&sent.id())));
    let restored = Serving::start(root.path(), &["--database", "sqlite:copy.db"]);
    assert_eq!(restored.submit(&user("0-0@example.com", "somepassword")).unwrap().status, 422);
    assert_eq!(restored.submit(&user("new@example.com", "somepassword")).unwrap().status, 201);
}

#[test]
fn a_backup_overwrites_nothing_and_leaves_nothing_by_halves() {
    let root = workspace();
    Serving::start(root.path(), &[]).kill();
    fs::write(root.path().join("precious.db"), "precious").unwrap();
    for (arguments, message) in [
        (&["backup", "precious.db"][..], "error: `precious.db` exists; a backup overwrites nothing\n"),
        (&["backup", "nowhere/copy.db"], "error: cannot write the copy: No such file or directory"),
        (
            &["backup", "copy.db", "--database", "sqlite:none.db"],
            "error: cannot copy the database: unable to open",
        ),
        (
            &["backup", "copy.db", "--database", "sqlite:precious.db"],
            "error: cannot copy the database: file is not",
        ),
        (&["backup", "copy.db", "--database", "mysql:x"], "error: only SQLite databases"),
        (&["backup", "copy.db", "--database", "postgres://u:secret@h/d"], "error: only SQLite databases"),
    ] {
        let refused = run(root.path(), arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        assert!(text(&refused.stderr).starts_with(message), "{}", text(&refused.stderr));
    }
    assert_eq!(fs::read_to_string(root.path().join("precious.db")).unwrap(), "precious");
    let names = fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let names: BTreeSet<_> = names.map(|name| name.into_string().unwrap()).collect();
    assert_eq!(names, ["configs", "data", "precious.db"].map(str::to_owned).into());
}
