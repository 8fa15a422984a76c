//! Traces, as a collector receives them; with the feature `otlp`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use crate::{GIVE_UP, Serving, formwork, workspace};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// A collector: the path and body of each request to it.
fn collector() -> (String, Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, received) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let (mut path, mut length) = (String::new(), 0);
            for line in reader.by_ref().lines().map(Result::unwrap).take_while(|line| !line.is_empty()) {
                if let Some(rest) = line.strip_prefix("POST ") {
                    rest.split(' ').next().unwrap().clone_into(&mut path);
                } else if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
                    length = text.parse().unwrap();
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let _ = sender.send((path, body));
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            reader.get_mut().write_all(answer).unwrap();
        }
    });
    (address, received)
}

/// A server that sends its traces there.
fn traced(root: &std::path::Path, endpoint: &str) -> Serving {
    let mut command = formwork(root);
    command.args(["serve", "--listen", "127.0.0.1:0", "--log", "off"]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint).env("OTEL_SERVICE_NAME", "sign-up");
    Serving::spawn(command)
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let (first, rest) = bytes.split_first().unwrap();
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        shift += 7;
        if first & 0x80 == 0 {
            return value;
        }
    }
}

/// The members of a protobuf message that have a length, with this number.
fn members(mut bytes: &[u8], number: u64) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let length = match tag & 7 {
            0 => {
                varint(&mut bytes);
                continue;
            }
            1 => 8,
            2 => usize::try_from(varint(&mut bytes)).unwrap(),
            5 => 4,
            kind => panic!("a member of the kind {kind}"),
        };
        let (member, rest) = bytes.split_at(length);
        bytes = rest;
        if tag == number << 3 | 2 {
            found.push(member);
        }
    }
    found
}

/// Messages within messages, by their numbers from the outside in.
fn within<'a>(bytes: &'a [u8], numbers: &[u64]) -> Vec<&'a [u8]> {
    numbers.iter().fold(vec![bytes], |found, number| {
        found.into_iter().flat_map(|bytes| members(bytes, *number)).collect()
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

#[test]
fn a_collector_gets_the_span_of_a_request_in_its_trace_and_nothing_that_was_submitted() {
    let root = workspace();
    let (endpoint, received) = collector();
    let mut serving = traced(root.path(), &endpoint);
    let form = r#"{"form_configuration_name":"newsletter","form":{"email":"ada@secret.example"}}"#;
    let headers = format!("traceparent: 00-{TRACE}-{PARENT}-01\r\n");
    let answer = serving.post("/api/users?secret=query", &headers, form).unwrap();
    assert_eq!(answer.status, 422, "{}", answer.body);
    // What was not sent yet is sent before the process ends.
    serving.signal("TERM");
    assert!(serving.child.wait().unwrap().success());
    let (path, body) = received.recv_timeout(GIVE_UP).unwrap();
    assert_eq!(path, "/v1/traces");
    // ExportTraceServiceRequest.resource_spans.scope_spans.spans, and its ids and name.
    let spans = within(&body, &[1, 2, 2]);
    assert_eq!(spans.len(), 1);
    assert_eq!(hex(members(spans[0], 1)[0]), TRACE);
    assert_eq!(hex(members(spans[0], 4)[0]), PARENT);
    assert_eq!(members(spans[0], 5), [b"POST /api/users"]);
    // The resource's attributes, as keys and texts.
    let resource: Vec<_> = within(&body, &[1, 1, 1]);
    let name = resource.iter().find(|attribute| members(attribute, 1) == [b"service.name"]).unwrap();
    assert_eq!(within(name, &[2, 1]), [b"sign-up"]);
    let text = String::from_utf8_lossy(&body);
    assert!(text.contains("newsletter") && !text.contains("secret"), "{text}");
}

#[test]
fn a_collector_that_is_not_there_holds_nobody_up() {
    let root = workspace();
    let nowhere = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut serving = traced(root.path(), &format!("http://{nowhere}"));
    assert_eq!(serving.subscribe("ada@example.com").unwrap().status, 201);
    serving.signal("TERM");
    assert!(serving.child.wait().unwrap().success());
}
