//! Rate limits: who has to wait, for how long, and what they learn by it.

use std::fs;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};

use crate::{Answer, REFERENCE, Server, bearer, user};

const LIMITED: &str = "resource = \"User\"\naccess = \"public\"\nrate_limit = { requests = 2, per = \"1 minute\" }\n[[examples]]\nform = { email = \"a@example.com\" }\n";

/// A submission of `form` from an address, with further headers.
fn request(form: &str, from: &str, headers: &[(&str, &str)], values: &Value) -> Request<Body> {
    let body = json!({ "form_configuration_name": form, "form": values }).to_string();
    let mut request = Request::post("/api/users").header(header::CONTENT_TYPE, "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::from(body)).unwrap();
    let peer = if from.contains(':') { format!("[{from}]:4711") } else { format!("{from}:4711") };
    request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer.parse().unwrap()));
    request
}

async fn from(server: &Server, address: &str) -> Answer {
    server.send(request("limited", address, &[], &json!({}))).await
}

#[tokio::test]
async fn who_submits_too_often_is_told_when_to_come_back() {
    let server = Server::new(&[("limited", LIMITED)]).await;
    for _ in 0..2 {
        assert_eq!(from(&server, "192.0.2.1").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let answer = from(&server, "192.0.2.1").await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.header("retry-after"), Some("30"));
    assert_eq!(answer.header("form-configuration-version"), None);
    let message = "this form was submitted too often; try again in 30 seconds";
    assert_eq!(
        answer.json(),
        json!({
            "model": { "id": null },
            "errors": { "base": [message] },
            "details": [{ "path": "base", "pointer": "", "code": "too_many_requests", "params": { "retry_after": 30 }, "message": message }]
        })
    );
    assert_eq!(from(&server, "192.0.2.2").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    server.seconds.fetch_add(30, Ordering::Relaxed);
    assert_eq!(from(&server, "192.0.2.1").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(from(&server, "192.0.2.1").await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn creating_and_the_dry_run_share_a_quota_and_aliases_have_none_of_their_own() {
    let form = format!("aliases = [\"other\"]\n{LIMITED}");
    let server = Server::new(&[("limited", &form)]).await;
    let dry = "/api/form_configurations/limited/validate";
    let create = |name: &str| json!({ "form_configuration_name": name, "form": {} }).to_string();
    assert_eq!(server.post(dry, &[], "{\"form\":{}}").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        server.post("/api/users", &[], create("other")).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(server.post(dry, &[], "{\"form\":{}}").await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(server.post("/api/users", &[], create("limited")).await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_token_is_counted_by_itself_wherever_it_is_used() {
    let server = Server::new(&[("limited", LIMITED)]).await;
    let token = bearer(&server.token("ci", &["*"]).await);
    let send = |from: &'static str, authorization: String| {
        server.send(request("limited", from, &[("authorization", &authorization)], &json!({})))
    };
    for address in ["192.0.2.1", "192.0.2.2"] {
        assert_eq!(send(address, token.clone()).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(send("192.0.2.3", token).await.status, StatusCode::TOO_MANY_REQUESTS);
    for wrong in ["Bearer fw_0123456789abcdef_A", "Bearer fw_0123456789abcdee_B"] {
        assert_eq!(send("192.0.2.1", wrong.to_owned()).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(
        send("192.0.2.1", "Bearer fw_0123456789abcdef_C".to_owned()).await.status,
        StatusCode::TOO_MANY_REQUESTS,
        "a made-up token is no new client"
    );
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_counts_for_itself() {
    let server = Server::new(&[("limited", LIMITED)]).await;
    // The harness trusts this one; see `Server::new`.
    let through = |proxy: &'static str, forwarded: &'static str| {
        server.send(request("limited", proxy, &[("x-forwarded-for", forwarded)], &json!({})))
    };
    for forwarded in ["192.0.2.1", "198.51.100.7, 192.0.2.1", "192.0.2.2", "198.51.100.8, 192.0.2.2"] {
        assert_eq!(through("10.1.2.3", forwarded).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(through("10.1.2.3", "203.0.113.1, 192.0.2.1").await.status, StatusCode::TOO_MANY_REQUESTS);
    for forwarded in ["192.0.2.3", "192.0.2.4"] {
        assert_eq!(through("203.0.113.5", forwarded).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(
        through("203.0.113.5", "192.0.2.5").await.status,
        StatusCode::TOO_MANY_REQUESTS,
        "whoever is no proxy cannot make up clients"
    );
}

#[tokio::test]
async fn a_public_form_whose_author_says_nothing_has_a_limit() {
    let server = Server::new(&[]).await;
    for _ in 0..formwork::rate::OF_PUBLIC_FORMS.0 {
        assert_ne!(server.submit(REFERENCE, json!({})).await.status, StatusCode::TOO_MANY_REQUESTS);
    }
    let answer = server.submit(REFERENCE, user("a@example.com")).await;
    assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, Some("1")));
}

#[tokio::test]
async fn a_changed_limit_holds_at_once_and_another_change_gives_nothing_back() {
    let server = Server::new(&[("limited", LIMITED)]).await;
    let file = server.root.path().join("configs/forms/limited.toml");
    for _ in 0..2 {
        from(&server, "192.0.2.1").await;
    }
    fs::write(&file, format!("description = \"changed\"\n{LIMITED}")).unwrap();
    server.registry.reload(SystemTime::now()).unwrap();
    assert_eq!(from(&server, "192.0.2.1").await.status, StatusCode::TOO_MANY_REQUESTS);
    fs::write(&file, LIMITED.replace("{ requests = 2, per = \"1 minute\" }", "false")).unwrap();
    server.registry.reload(SystemTime::now()).unwrap();
    assert_eq!(from(&server, "192.0.2.1").await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_hidden_form_is_not_told_from_none_by_its_rate() {
    let policies =
        |names: &str| LIMITED.replace("access", &format!("authorization_policies = [{names}]\naccess"));
    let server = Server::new(&[]).await;
    let configs = server.root.path().join("configs");
    fs::create_dir(configs.join("policies")).unwrap();
    fs::write(configs.join("policies/hidden.toml"), "allow = \"token.name == 'x'\"\nstatus = 404\n").unwrap();
    fs::write(configs.join("policies/shut.toml"), "allow = 'false'\n").unwrap();
    fs::write(configs.join("forms/limited.toml"), policies("\"hidden\"")).unwrap();
    fs::write(configs.join("forms/shut.toml"), policies("\"shut\"")).unwrap();
    server.registry.reload(SystemTime::now()).unwrap();
    let unknown = server.send(request("no_form", "192.0.2.1", &[], &json!({}))).await;
    for _ in 0..4 {
        let hidden = from(&server, "192.0.2.1").await;
        assert_eq!((hidden.status, &hidden.text), (unknown.status, &unknown.text));
    }
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(server.send(request("shut", "192.0.2.1", &[], &json!({}))).await.status.as_u16());
    }
    assert_eq!(statuses, [403, 403, 429]);
}
