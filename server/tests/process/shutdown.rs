//! A server that is told to stop finishes what it has accepted.

use std::io::{Read, Write};

use serde_json::json;

use crate::durability::{Sent, check, under_load};
use crate::{Answer, REFERENCE, Serving, connect, lift_rate_limits, user, workspace};

#[test]
fn a_request_under_way_is_answered_after_sigterm() {
    let root = workspace();
    let mut serving = Serving::start(root.path(), &["--log", "info"]);
    let body = json!({ "form_configuration_name": REFERENCE, "form": user("a@example.com", "somepassword") })
        .to_string();
    let mut stream = connect(serving.address).unwrap();
    let length = body.len();
    write!(
        stream,
        "POST /api/users HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\nExpect: 100-continue\r\n\r\n"
    )
    .unwrap();
    // Sent once the handler asks for the body: the request is accepted.
    let expected = b"HTTP/1.1 100 Continue\r\n\r\n";
    let mut interim = vec![0; expected.len()];
    stream.read_exact(&mut interim).unwrap();
    assert_eq!(interim, expected);
    serving.signal("TERM");
    serving.line_with("stopping");
    stream.write_all(body.as_bytes()).unwrap();
    let answer = Answer::read(stream).unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (201, r#"{"model":{"id":1},"errors":{}}"#));
    assert!(serving.child.wait().unwrap().success());
    assert!(std::net::TcpStream::connect(serving.address).is_err());
}

#[test]
fn a_second_signal_does_not_wait_for_requests() {
    let root = workspace();
    let mut serving = Serving::start(root.path(), &[]);
    let mut stream = connect(serving.address).unwrap();
    write!(
        stream,
        "POST /api/users HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\
         Expect: 100-continue\r\n\r\n"
    )
    .unwrap();
    stream.read_exact(&mut [0; 25]).unwrap();
    serving.signal("INT");
    serving.line_with("stopping");
    serving.signal("INT");
    serving.line_with("stopped while requests were under way");
    assert!(serving.child.wait().unwrap().success());
}

#[test]
fn an_interrupt_from_the_keyboard_stops_it_too() {
    let root = workspace();
    let mut serving = Serving::start(root.path(), &[]);
    serving.signal("INT");
    assert!(serving.child.wait().unwrap().success());
}

#[test]
fn under_load_everything_that_is_stored_was_answered_when_it_stops() {
    let root = workspace();
    lift_rate_limits(root.path());
    let mut serving = Serving::start(root.path(), &[]);
    let sent = under_load(&serving, "client", || serving.signal("TERM"));
    assert!(serving.child.wait().unwrap().success());
    // The last of each client came too late to be read.
    let answered = sent.iter().flatten().filter(|sent| sent.answer.is_some());
    check(&root.path().join("data/formwork.db"), &answered.map(Sent::id).collect());
}
