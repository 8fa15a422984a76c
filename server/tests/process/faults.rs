//! A disk that takes no more.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::durability::sound;
use crate::{Answer, Serving, formwork, lift_rate_limits, workspace};

/// What a file may hold before the disk counts as full, in blocks of 512 bytes.
const BLOCKS: usize = 4096;

/// So many subscriptions do not fit.
const LARGER_THAN_THE_DISK: usize = 1000;

/// The server, with files that cannot grow beyond a bound.
fn on_a_small_disk(directory: &std::path::Path) -> Serving {
    let server = formwork(directory);
    let mut command = Command::new("sh");
    // Ignored, the signal becomes an error of the write, as on a full disk.
    command
        .args(["-c", &format!("trap '' XFSZ; ulimit -f {BLOCKS}; exec \"$0\" serve --listen 127.0.0.1:0")]);
    command.arg(server.get_program()).current_dir(directory).stdin(Stdio::null());
    Serving::spawn(command)
}

/// A subscription of some four thousand bytes.
fn subscribe(serving: &Serving, index: usize) -> Answer {
    let names = "x".repeat(2000);
    let properties = json!({ "consent": true, "comment": names });
    let form =
        json!({ "email": format!("{index}@example.com"), "first_name": names, "properties": properties });
    let body = json!({ "form_configuration_name": "newsletter", "form": form }).to_string();
    serving.post("/api/users", "", &body).unwrap()
}

#[test]
fn a_full_disk_refuses_what_it_cannot_keep_and_loses_nothing() {
    let root = workspace();
    lift_rate_limits(root.path());
    let serving = on_a_small_disk(root.path());
    let mut stored = BTreeSet::new();
    let refused =
        (0..LARGER_THAN_THE_DISK).map(|index| (index, subscribe(&serving, index))).find(|(_, answer)| {
            if answer.status == 201 {
                stored.insert(answer.json()["model"]["id"].as_i64().unwrap());
            }
            answer.status != 201
        });
    let (index, answer) = refused.unwrap();
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert_eq!(answer.json()["details"][0]["code"], "unavailable");
    serving.kill();
    let roomy = Serving::start(root.path(), &[]);
    let answer = subscribe(&roomy, index);
    assert_eq!(answer.status, 201, "{}", answer.body);
    stored.insert(answer.json()["model"]["id"].as_i64().unwrap());
    roomy.kill();
    assert_eq!(sound(&root.path().join("data/formwork.db")), stored);
}
