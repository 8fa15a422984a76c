//! What strangers try, beyond odd bodies; and that `SECURITY.md` names a test for each threat.

use std::fs;
use std::path::Path;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{Answer, REFERENCE, Server, bearer};

#[tokio::test]
async fn nothing_that_is_sent_becomes_a_header() {
    let server = Server::new(&[]).await;
    let evil = "1\r\nSet-Cookie: evil=1\r\n\r\nevil";
    let form = json!({ "first_name": evil, "email": "a@example.com", "password": "somepassword" });
    let answers = [
        server.submit(REFERENCE, form).await,
        server.submit(REFERENCE, json!({ "id": evil, evil: evil, "email": evil })).await,
        server.submit(evil, json!({})).await,
        server.get("/api/users/1%0d%0aSet-Cookie:%20evil=1", &[]).await,
        server.get("/api/form_configurations/a%0d%0aevil/schema", &[("if-none-match", "\"evil\"")]).await,
        server.get("/healthz", &[("x-request-id", "evil evil"), ("accept", "evil/evil")]).await,
    ];
    assert_eq!(answers[0].header("location"), Some("/api/users/1"));
    for answer in answers {
        for (name, value) in &answer.headers {
            let value = value.to_str().unwrap();
            assert!(!value.contains("evil") && name != "set-cookie", "{name}: {value}");
        }
    }
}

#[tokio::test]
async fn a_forms_name_is_no_path() {
    let server = Server::new(&[]).await;
    fs::write(server.root.path().join("outside.toml"), "resource = \"User\"\naccess = \"public\"\n").unwrap();
    let token = bearer(&server.token("all", &["*"]).await);
    let names = [
        "../outside",
        "../../outside.toml",
        "forms/newsletter",
        "newsletter.toml",
        "./newsletter",
        "developer/../newsletter",
        "developer//sign_up",
        "/etc/passwd",
        "newsletter\u{0}",
    ];
    for name in names {
        let body = json!({ "form_configuration_name": name, "form": {} }).to_string();
        let answer = server.post("/api/users", &[("authorization", &token)], body).await;
        let is_text = !name.contains('\0');
        let expected = if is_text { StatusCode::NOT_ACCEPTABLE } else { StatusCode::BAD_REQUEST };
        assert_eq!(answer.status, expected, "{name}");
        let escaped = name.replace('/', "%2f").replace('\u{0}', "%00");
        for path in [escaped.clone(), format!("{escaped}/schema")] {
            let path = format!("/api/form_configurations/{path}");
            assert_eq!(server.get(&path, &[("authorization", &token)]).await.status, StatusCode::NOT_FOUND);
        }
    }
}

#[tokio::test]
async fn a_pattern_takes_linear_time_whatever_is_sent() {
    // Each of these takes a backtracking matcher longer than anyone waits.
    let patterns = [r"^(a+)+$", r"^(a|a)*b$", r"^(.*a){20}$", r"^([a-z]+)*[0-9]$", r"(x+x+)+y"];
    let field = |(index, pattern): (usize, &&str)| {
        format!("[fields.properties.p{index}]\ntype = \"text\"\nvalidation.format.with = '{pattern}'\n")
    };
    let fields = patterns.iter().enumerate().map(field).collect::<Vec<_>>().concat();
    let form = format!(
        "resource = \"User\"\naccess = \"public\"\n{fields}[[examples]]\nform = {{ email = \"a@example.com\" }}\n"
    );
    let server = Server::new(&[("patterns", &form)]).await;
    let text = format!("{}!", "a".repeat(60_000));
    let values: serde_json::Map<String, Value> =
        (0..patterns.len()).map(|index| (format!("p{index}"), text.clone().into())).collect();
    let answer = server.submit("patterns", json!({ "email": "a@example.com", "properties": values })).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let refused: Vec<String> = answer.codes().into_iter().map(|(path, _)| path).collect();
    assert!(refused.contains(&"properties.p0".to_owned()) && refused.contains(&"properties.p4".to_owned()));
}

#[tokio::test]
async fn an_unknown_token_and_a_wrong_secret_are_answered_alike() {
    let server = Server::new(&[]).await;
    let token = server.token("ci", &["*"]).await;
    let revoked = server.token("revoked", &["*"]).await;
    assert!(server.store.revoke_token("revoked", 1).await.unwrap());
    let wrong_secret = format!("{}{}", &token[..20], "A".repeat(43));
    let unknown = format!("fw_0123456789abcdef_{}", "A".repeat(43));
    let body = json!({ "form_configuration_name": "developer/sign_up", "form": {} }).to_string();
    let mut told = Vec::new();
    for token in [wrong_secret.as_str(), &unknown, &revoked, "fw_", "nonsense"] {
        let answer = server.post("/api/users", &[("authorization", &bearer(token))], body.clone()).await;
        let Answer { status, text, headers } = answer;
        let mut names: Vec<String> = headers.keys().map(ToString::to_string).collect();
        names.sort();
        told.push((status, text, names));
    }
    assert_eq!(told[0].0, StatusCode::UNAUTHORIZED);
    assert!(told.iter().all(|answer| *answer == told[0]), "{told:?}");
}

/// The links of a table's row to tests: what is in brackets, and the file in parentheses.
fn links(row: &str) -> Vec<(&str, &str)> {
    let parts = row.split("[`").skip(1);
    parts
        .filter_map(|part| part.split_once("`]("))
        .map(|(name, rest)| (name, rest.split(')').next().unwrap()))
        .collect()
}

#[test]
fn every_threat_has_a_test_that_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let rows: Vec<&str> = page
        .lines()
        .skip_while(|line| !line.starts_with("| threat |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert!(rows.len() >= 15, "only {} threats were found", rows.len());
    for row in rows {
        let links = links(row);
        assert!(!links.is_empty(), "no test: {row}");
        for (name, path) in links {
            let text =
                fs::read_to_string(root.join(path)).unwrap_or_else(|_| panic!("{path} is not there: {row}"));
            let is_there = Path::new(path).extension().is_none_or(|kind| kind != "rs")
                || text.contains(&format!("fn {name}("));
            assert!(is_there, "{path} has no test `{name}`");
        }
    }
}
