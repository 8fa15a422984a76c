//! No password that was sent is found anywhere afterwards.

use std::fs;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::{REFERENCE, Serving, user, workspace};

/// Unlike anything else; each in a request of another fate.
const PASSWORDS: [&str; 6] = [
    "correct-horse-created",
    "correct-horse-taken",
    "correct-horse-refused",
    "correct-horse-misplaced",
    "correct-horse-malformed",
    "ho-se",
];

#[test]
fn no_password_in_the_database_the_log_or_any_answer() {
    let root = workspace();
    let log = fs::File::create(root.path().join("log")).unwrap();
    let probe = Serving::start(root.path(), &["--database", "sqlite:probe.db"]);
    let address = probe.address;
    probe.kill();
    // The log goes to a file as a whole, from the first line on.
    let mut child = crate::formwork(root.path())
        .args(["serve", "--log", "trace", "--listen", &address.to_string()])
        .stderr(Stdio::from(log))
        .spawn()
        .unwrap();
    let serving = Serving {
        child: {
            while std::net::TcpStream::connect(address).is_err() {
                assert!(child.try_wait().unwrap().is_none(), "the server does not start");
                std::thread::yield_now();
            }
            child
        },
        address,
        operations: None,
        lines: std::sync::mpsc::channel().1,
    };
    let [created, taken, refused, misplaced, malformed, short] = PASSWORDS;
    let named = |form: Value| json!({ "form_configuration_name": REFERENCE, "form": form }).to_string();
    let mut with_extra = user("b@example.com", refused);
    with_extra["nickname"] = misplaced.into();
    let typed = json!({ "first_name": "A", "email": misplaced, "password": [misplaced] });
    let requests = [
        (named(user("a@example.com", created)), 201),
        (named(user("a@example.com", taken)), 422),
        (named(json!({ "email": "b@example.com", "password": refused })), 422),
        (named(with_extra), 422),
        (named(typed), 422),
        (named(user("c@example.com", short)), 422),
        (json!({ "form_configuration_name": misplaced, "form": misplaced }).to_string(), 401),
        (format!("{{\"form\":{{\"password\":\"{malformed}\""), 400),
        (format!("{{\"form\":{{\"password\":\"{malformed}\",\"password\":\"{malformed}\"}}}}"), 400),
    ];
    let mut answers = String::new();
    for (index, (body, status)) in requests.into_iter().enumerate() {
        for accept in ["application/json", "application/problem+json"] {
            let headers = format!("Accept: {accept}\r\nIdempotency-Key: {index}\r\n");
            let answer = serving.post("/api/users", &headers, &body).unwrap();
            assert_eq!(answer.status, status, "{body}: {}", answer.body);
            answers.push_str(&answer.body);
        }
    }
    let dry = json!({ "form": user("d@example.com", refused) }).to_string();
    answers +=
        &serving.post(&format!("/api/form_configurations/{REFERENCE}/validate"), "", &dry).unwrap().body;
    // Before the end, while the write-ahead log is still there, and after.
    search(root.path(), &answers);
    serving.signal("TERM");
    let mut serving = serving;
    assert!(serving.child.wait().unwrap().success());
    search(root.path(), &answers);
    let log = fs::read_to_string(root.path().join("log")).unwrap();
    assert!(log.contains("TRACE") && log.contains("FROM claims"), "the log was not at trace level");
}

fn search(root: &std::path::Path, answers: &str) {
    let mut searched = vec![("the answers".to_owned(), answers.as_bytes().to_vec())];
    for directory in ["", "data"] {
        for entry in fs::read_dir(root.join(directory)).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_file() {
                searched.push((entry.path().display().to_string(), fs::read(entry.path()).unwrap()));
            }
        }
    }
    assert!(searched.iter().any(|(name, _)| name.ends_with("formwork.db")));
    for (place, bytes) in searched {
        for password in PASSWORDS {
            let found = bytes.windows(password.len()).any(|window| window == password.as_bytes());
            assert!(!found, "`{password}` is in {place}");
        }
    }
}
