//! Connections, as strangers make them: slow, many, malformed; and what operators see of it.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{GIVE_UP, REFERENCE, Serving, begin, connect, get, run, text, user, workspace};

/// All that the server sends until it closes the connection.
fn until_closed(mut stream: TcpStream) -> String {
    let mut text = String::new();
    // A reset is an end like any other: the server had unread bytes.
    let _ = stream.read_to_string(&mut text);
    text
}

fn send(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = connect(address).unwrap();
    stream.write_all(bytes).unwrap();
    until_closed(stream)
}

#[test]
fn a_connection_that_sends_nothing_or_half_a_head_is_closed() {
    let root = workspace();
    let serving = Serving::start(root.path(), &["--idle-timeout", "50ms"]);
    for part in ["", "P", "POST /api/users HTTP/1.1\r\nHost: test\r\n"] {
        let answer = send(serving.address, part.as_bytes());
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{part}: {answer}");
    }
    // Kept alive after an answer, and then idle.
    let answer = send(serving.address, b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    let root = workspace();
    let serving = Serving::start(root.path(), &["--body-timeout", "50ms"]);
    let head = "POST /api/users HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"form\":";
    let answer = send(serving.address, head.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("\"code\":\"timeout\""), "{answer}");
}

#[test]
fn an_answer_that_is_not_taken_is_not_kept() {
    let root = workspace();
    let serving = Serving::start(root.path(), &["--idle-timeout", "100ms", "--max-connections", "1"]);
    // As many answers as fill every buffer on the way, and none of them read.
    let mut stream = connect(serving.address).unwrap();
    stream.set_nonblocking(true).unwrap();
    let request = format!("GET /api/form_configurations/{REFERENCE}/schema HTTP/1.1\r\nHost: test\r\n\r\n")
        .repeat(1000);
    while stream.write(request.as_bytes()).is_ok() {}
    // There is room for one connection: another is served once that one is given up.
    let answer = serving.post("/api/users", "", "{}").unwrap();
    assert_eq!(answer.status, 401, "{}", answer.body);
}

/// Requests that begin, and what each may go on with for as long as it likes: a head, a body of a length that it names, one
/// in chunks, and one as a page sends it.
const UNFINISHED: [(&str, &str); 4] = [
    ("POST /api/users HTTP/1.1\r\nHost: test\r\nX-Slow: ", "a"),
    (
        "POST /api/users HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{",
        " ",
    ),
    (
        "POST /api/users HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
        "1\r\n \r\n",
    ),
    (
        "POST /forms/newsletter HTTP/1.1\r\nHost: test\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: 1000000\r\n\r\nform=",
        "a",
    ),
];

/// Goes on with a request, a piece every hundredth of a second, until the server closes the connection; what it says.
fn until_let_go(mut stream: TcpStream, piece: &str) -> String {
    stream.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
    let (begun, mut answer, mut buffer) = (Instant::now(), Vec::new(), [0; 4096]);
    while stream.write_all(piece.as_bytes()).is_ok() {
        assert!(begun.elapsed() < GIVE_UP, "it is still waited for");
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => answer.extend(&buffer[..read]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
    }
    String::from_utf8(answer).unwrap()
}

#[test]
fn whoever_sends_a_little_at_a_time_and_comes_to_no_end_is_let_go() {
    let root = workspace();
    let places = UNFINISHED.len().to_string();
    let serving = Serving::start(
        root.path(),
        &["--idle-timeout", "200ms", "--body-timeout", "200ms", "--max-connections", &places],
    );
    std::thread::scope(|scope| {
        for (begun, piece) in UNFINISHED {
            let stream = begin(serving.address, begun);
            scope.spawn(move || {
                let answer = until_let_go(stream, piece);
                // Whoever still sends may miss what is said last.
                assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{begun}: {answer}");
            });
        }
    });
    assert_eq!(get(serving.address, "/healthz").status, 200, "they have left their places");
}

#[test]
fn whoever_goes_away_in_the_middle_leaves_its_place_at_once() {
    let root = workspace();
    let serving = Serving::start(
        root.path(),
        &["--idle-timeout", "1h", "--body-timeout", "1h", "--max-connections", "1"],
    );
    for (begun, _) in UNFINISHED {
        drop(begin(serving.address, begun));
        assert_eq!(get(serving.address, "/healthz").status, 200, "{begun}");
    }
}

#[test]
fn more_connections_than_there_may_be_wait_for_their_turn() {
    let root = workspace();
    let serving = Serving::start(root.path(), &["--max-connections", "2"]);
    let held: Vec<TcpStream> = (0..2)
        .map(|_| {
            let mut stream = connect(serving.address).unwrap();
            stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
            stream.read_exact(&mut [0; 15]).unwrap();
            stream
        })
        .collect();
    let mut waiting = connect(serving.address).unwrap();
    waiting.write_all(b"GET /healthz HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").unwrap();
    drop(held);
    assert!(until_closed(waiting).starts_with("HTTP/1.1 200"));
}

#[test]
fn requests_that_two_readers_could_divide_differently_are_refused_and_nothing_after_them_is_read() {
    let root = workspace();
    let serving = Serving::start(root.path(), &["--idle-timeout", "200ms"]);
    let hidden = "GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n";
    let shapes = [
        ("both lengths", format!("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}")),
        ("two lengths", format!("Content-Length: 5\r\nContent-Length: 6\r\n\r\n{{}}   {hidden}")),
        ("a list of lengths", format!("Content-Length: 5, 6\r\n\r\n{{}}   {hidden}")),
        ("a signed length", format!("Content-Length: +5\r\n\r\n{{}}   {hidden}")),
        ("a folded header", format!("Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n{hidden}")),
        ("a space before the colon", format!("Content-Length : 5\r\n\r\n{{}}   {hidden}")),
        ("an unknown coding", format!("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{hidden}")),
        ("chunked, and more", format!("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{hidden}")),
        ("chunked twice", format!("Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n{hidden}")),
        (
            "chunked in two lines",
            format!("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}"),
        ),
        ("a coding before", format!("Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n{hidden}")),
        ("two hosts", format!("Host: other\r\nContent-Length: 5\r\n\r\n{{}}   {hidden}")),
        ("a chunk of no length", format!("Transfer-Encoding: chunked\r\n\r\nx\r\n\r\n{hidden}")),
    ];
    for (name, rest) in shapes {
        let request =
            format!("POST /api/users HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n{rest}");
        let answers = send(serving.address, request.as_bytes());
        assert!(!answers.contains("HTTP/1.1 2"), "{name}: {answers}");
        assert!(answers.matches("HTTP/1.1 ").count() <= 1, "{name}: {answers}");
    }
    for (head, statuses) in [
        ("1.1\r\n", &["400"][..]),
        ("1.1\r\nHost: a b\r\n", &["400"]),
        ("1.1\r\nHost: c@d\r\n", &["400"]),
        ("1.0\r\n", &["200"]),
        ("1.1\r\nHost:\r\n", &["200", "200"]),
        ("1.1\r\nHost: [::1]:80\r\n", &["200", "200"]),
    ] {
        let answers = send(serving.address, format!("GET /healthz HTTP/{head}\r\n{hidden}").as_bytes());
        let told = answers.split("HTTP/1.").skip(1).filter_map(|answer| answer.split(' ').nth(1));
        assert_eq!(told.collect::<Vec<_>>(), statuses, "{head}: {answers}");
        assert_eq!(answers.contains("connection: close"), statuses == ["400"], "{head}: {answers}");
    }
    // The same requests without the fault are answered both, so the above would show a hidden one.
    let sound = format!(
        "POST /api/users HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n{{}}   {hidden}"
    );
    assert_eq!(send(serving.address, sound.as_bytes()).matches("HTTP/1.1 ").count(), 2);
}

#[test]
fn a_server_that_drains_says_so_and_still_serves() {
    let root = workspace();
    let mut serving = Serving::start(root.path(), &["--drain", "1h"]);
    assert_eq!(get(serving.address, "/readyz").status, 200);
    serving.signal("TERM");
    serving.line_with("draining");
    let ready = get(serving.address, "/readyz");
    assert_eq!((ready.status, &ready.json()["status"]), (503, &json!("draining")));
    assert_eq!(serving.submit(&user("a@example.com", "somepassword")).unwrap().status, 201);
    serving.signal("TERM");
    serving.line_with("stopping");
    assert!(serving.child.wait().unwrap().success());
}

#[test]
fn a_wish_to_read_the_configuration_again_ends_nothing() {
    let root = workspace();
    let mut serving = Serving::start(root.path(), &[]);
    serving.signal("HUP");
    serving.line_with("SIGHUP changes nothing");
    assert_eq!(get(serving.address, "/readyz").status, 200);
    serving.signal("TERM");
    assert!(serving.child.wait().unwrap().success());
    // Of a terminal that is closed it is the end.
    let mut serving = Serving::start(root.path(), &["--dev"]);
    serving.signal("HUP");
    assert!(serving.child.wait().unwrap().success());
}

#[test]
fn metrics_have_an_address_of_their_own() {
    let root = workspace();
    let serving = Serving::start(root.path(), &["--metrics-listen", "127.0.0.1:0"]);
    let metrics = serving.operations.unwrap();
    let seen = get(metrics, "/metrics");
    let refused = get(serving.address, "/metrics").status;
    let elsewhere = get(metrics, "/api/form_configurations").status;
    assert_eq!((seen.status, refused, elsewhere), (200, 401, 404));
    assert!(seen.body.contains("formwork_forms{state=\"live\"} 4\n"), "{}", seen.body);
    assert_eq!(get(serving.address, "/readyz").json(), json!({ "status": "ok" }));
    let ready = get(metrics, "/readyz").json();
    assert_eq!(ready, json!({ "status": "ok", "database": "ok", "forms": 4, "generation": 1 }));
}

#[test]
fn log_lines_are_objects_and_cannot_be_forged() {
    let root = workspace();
    let serving = Serving::start(root.path(), &["--log-format", "json"]);
    let forged = "GET /a%0A%7B%22level%22 HTTP/1.1\r\nHost: test\r\nX-Request-Id: x\",\"level\":\"ERROR\r\nConnection: close\r\n\r\n";
    assert!(send(serving.address, forged.as_bytes()).starts_with("HTTP/1.1 404"));
    let line: Value = serde_json::from_str(&serving.line_with("finished processing")).unwrap();
    assert_eq!(line["span"]["path"], "/a%0A%7B%22level%22");
    assert_eq!(line["span"]["id"].as_str().unwrap().len(), 16, "the id was made here");
    let sound = "GET /healthz?token=secret HTTP/1.1\r\nHost: test\r\nX-Request-Id: abc-123\r\nConnection: close\r\n\r\n";
    assert!(send(serving.address, sound.as_bytes()).contains("x-request-id: abc-123\r\n"));
    let line = serving.line_with("finished processing");
    let event: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&event["span"]["id"], &event["span"]["path"]), (&json!("abc-123"), &json!("/healthz")));
    assert_eq!(event["span"]["client"], "127.0.0.1");
    assert!(!line.contains("secret"), "{line}");
    serving.signal("TERM");
    let (lines, _) = serving.until_its_end();
    assert!(lines.iter().any(|line| line.contains("stopping: ")), "{lines:?}");
    assert!(lines.iter().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{lines:?}");
}

#[test]
fn a_proxy_that_nobody_named_is_warned_of_once() {
    let root = workspace();
    let serving = Serving::start(root.path(), &[]);
    for _ in 0..2 {
        let request =
            "GET /healthz HTTP/1.1\r\nHost: test\r\nX-Forwarded-For: 192.0.2.1\r\nConnection: close\r\n\r\n";
        assert!(send(serving.address, request.as_bytes()).starts_with("HTTP/1.1 200"));
    }
    serving.signal("TERM");
    let (lines, _) = serving.until_its_end();
    let warnings = lines.iter().filter(|line| line.contains("--trusted-proxy"));
    assert_eq!(warnings.count(), 1, "{lines:?}");
}

#[test]
fn text_lines_cannot_be_forged_either() {
    let root = workspace();
    let serving = Serving::start(root.path(), &[]);
    let body =
        json!({ "form_configuration_name": "x\n\u{1b}[31mERROR forged", "form": { "a\nERROR forged": 1 } });
    serving.post("/api/users", "User-Agent: \tERROR forged\r\n", &body.to_string()).unwrap();
    assert_eq!(serving.post("/api/%0aERROR", "", "{}").unwrap().status, 404);
    let line = serving.line_with("path=\"/api/%0aERROR\"");
    assert!(line.contains("finished processing"), "{line}");
}

#[test]
fn wrong_settings_are_explained() {
    let root = workspace();
    for (arguments, part) in [
        (["--trusted-proxy", "10.0.0.0/64"], "10.0.0.0/8"),
        (["--cors-origin", "example.com"], "https://example.com"),
        (["--cors-origin", "https://example.com/"], "without a path"),
        (["--idle-timeout", "30"], "30s"),
        (["--body-timeout", "0s"], "30s"),
        (["--max-connections", "0"], "1..=1000000"),
    ] {
        let output = run(root.path(), &[&["serve"], &arguments[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(part), "{}", text(&output.stderr));
    }
}
