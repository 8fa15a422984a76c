//! Authorization policies: who is turned away, in which words, and what they learn from it.

use std::fs;
use std::net::SocketAddr;
use std::time::SystemTime;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};

use crate::{Answer, Server, bearer};

/// A public form that names policies, and one that needs a token.
fn form(access: &str, policies: &str) -> String {
    format!(
        "resource = \"User\"\naccess = \"{access}\"\nauthorization_policies = [{policies}]\n[fields.email]\n[fields.password]\nvalidation.presence = true\n[[examples]]\nform = {{ email = \"a@example.com\", password = \"correct horse\" }}\n"
    )
}

/// A server with a form `guarded` for anyone, a form `private`, and the policies that they name.
async fn server(policies: &[(&str, &str)]) -> Server {
    let names: Vec<String> = policies.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let names = names.join(", ");
    let server = Server::new(&[]).await;
    let configs = server.root.path().join("configs");
    fs::create_dir(configs.join("policies")).unwrap();
    for (name, text) in policies {
        fs::write(configs.join(format!("policies/{name}.toml")), text).unwrap();
    }
    fs::write(configs.join("forms/guarded.toml"), form("public", &names)).unwrap();
    fs::write(configs.join("forms/private.toml"), form("token", &names)).unwrap();
    server.registry.reload(SystemTime::now()).unwrap();
    server
}

/// Both routes that judge a submission of `form`, with this `form` value.
async fn both(server: &Server, form: &str, headers: &[(&str, &str)], value: &Value) -> [Answer; 2] {
    let create = json!({ "form_configuration_name": form, "form": value }).to_string();
    let path = format!("/api/form_configurations/{form}/validate");
    [
        server.post("/api/users", headers, create).await,
        server.post(&path, headers, json!({ "form": value }).to_string()).await,
    ]
}

fn told(answer: &Answer) -> Value {
    answer.json()["errors"].clone()
}

/// What must be the same of two answers: all but the id of the request.
fn whole(answer: &Answer) -> (StatusCode, String, Vec<(String, String)>) {
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .filter(|(name, _)| *name != "x-request-id")
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    (answer.status, answer.text.clone(), headers)
}

#[tokio::test]
async fn who_is_allowed_is_judged_and_who_is_not_learns_nothing_of_the_rules() {
    let server = server(&[("friends", "allow = \"form.email is endingwith('@friends.example')\"\n")]).await;
    for form in ["guarded", "private"] {
        let token = bearer(&server.token(form, &["*"]).await);
        let headers = [("authorization", token.as_str())];
        for value in [json!({ "email": "ada@example.com" }), json!({ "email": 5, "x": 1 }), json!({})] {
            for answer in both(&server, form, &headers, &value).await {
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{value}");
                assert_eq!(answer.codes(), [("base".to_owned(), "not_allowed".to_owned())]);
                assert_eq!(told(&answer), json!({ "base": ["this form does not take this request"] }));
                assert_eq!(answer.header("form-configuration-version"), None);
            }
        }
        let value = json!({ "email": format!(" {form}@friends.example ") });
        for answer in both(&server, form, &headers, &value).await {
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert_eq!(told(&answer), json!({ "password": ["can't be blank"] }));
        }
        let value = json!({ "email": format!("{form}@friends.example"), "password": "correct horse" });
        let [created, checked] = both(&server, form, &headers, &value).await;
        assert_eq!((created.status, checked.status), (StatusCode::CREATED, StatusCode::OK));
    }
}

#[tokio::test]
async fn a_policy_says_why() {
    let server = server(&[("shut", "allow = 'false'\nmessage = 'come back on Monday'\n")]).await;
    for answer in both(&server, "guarded", &[("accept", "application/problem+json")], &json!({})).await {
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert_eq!(answer.json()["errors"][0]["message"], "come back on Monday");
    }
}

#[tokio::test]
async fn a_hidden_form_answers_as_one_that_there_is_not() {
    let server = server(&[("hidden", "allow = \"token.name == 'friend'\"\nstatus = 404\n")]).await;
    let friend = bearer(&server.token("friend", &["*"]).await);
    let covers = bearer(&server.token("covers", &["guarded", "private", "no_form"]).await);
    let covers_not = bearer(&server.token("covers_not", &["team/*"]).await);
    let callers: [&[(&str, &str)]; 4] = [
        &[],
        &[("authorization", &covers)],
        &[("authorization", &covers_not)],
        &[("authorization", "Bearer fw_0123456789abcdef_A")],
    ];
    let bodies = [
        json!({ "form": { "email": "ada@example.com" } }),
        json!({ "form": {}, "other": 1 }),
        json!({ "form": 5 }),
        json!({}),
    ];
    let mut seen = Vec::new();
    for headers in callers {
        for body in &bodies {
            for form in ["guarded", "private"] {
                let create = |name: &str| {
                    let mut body = body.clone();
                    body["form_configuration_name"] = name.into();
                    body.to_string()
                };
                let known = server.post("/api/users", headers, create(form)).await;
                let unknown = server.post("/api/users", headers, create("no_form")).await;
                assert_eq!(whole(&known), whole(&unknown), "{form} {headers:?} {body}");
                seen.push(known.status.as_u16());
                let path = |name: &str| format!("/api/form_configurations/{name}/validate");
                let known = server.post(&path(form), headers, body.to_string()).await;
                let unknown = server.post(&path("no_form"), headers, body.to_string()).await;
                assert_eq!(whole(&known), whole(&unknown), "{form} {headers:?} {body}");
                seen.push(known.status.as_u16());
            }
        }
        for malformed in ["{", "{\"form\":{},\"form\":{}}"] {
            let known = server.post("/api/form_configurations/guarded/validate", headers, malformed).await;
            let unknown = server.post("/api/form_configurations/no_form/validate", headers, malformed).await;
            assert_eq!(whole(&known), whole(&unknown), "{headers:?} {malformed}");
        }
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, [401, 403, 404, 406]);
    let value = json!({ "email": "ada@example.com", "password": "correct horse" });
    for answer in both(&server, "guarded", &[("authorization", &friend)], &value).await {
        assert!(answer.status.is_success(), "{}", answer.text);
    }
}

#[tokio::test]
async fn every_policy_has_to_allow() {
    let server = server(&[
        ("first", "allow = \"request.method == 'POST'\"\n"),
        ("second", "allow = \"token.name == 'ci'\"\nmessage = 'for ci'\n"),
        ("third", "allow = \"form.email == 'a@example.com'\"\nmessage = 'for a'\n"),
    ])
    .await;
    let ci = bearer(&server.token("ci", &["*"]).await);
    let value = json!({ "email": "b@example.com", "password": "correct horse" });
    let [answer, _] = both(&server, "guarded", &[], &value).await;
    assert_eq!(told(&answer), json!({ "base": ["for ci"] }));
    let [answer, _] = both(&server, "guarded", &[("authorization", &ci)], &value).await;
    assert_eq!(told(&answer), json!({ "base": ["for a"] }));
    let value = json!({ "email": "a@example.com", "password": "correct horse" });
    let [answer, _] = both(&server, "guarded", &[("authorization", &ci)], &value).await;
    assert_eq!(answer.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_policy_that_cannot_decide_denies() {
    for allow in ["1 // 0 == 1", "'yes'", "form.properties.age + 1 > 18"] {
        let server = server(&[("odd", &format!("allow = \"{allow}\"\n"))]).await;
        for answer in both(&server, "guarded", &[], &json!({ "email": "a@example.com" })).await {
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{allow}");
            assert_eq!(told(&answer), json!({ "base": ["this form does not take this request"] }));
        }
    }
}

#[tokio::test]
async fn what_a_policy_knows_of_a_request() {
    let allow = "token.name == 'ci' and token.forms == ['guarded', 'team/*'] and request.method == 'POST' and request.path == '/api/users.json' and request.address is in_network('10.0.0.0/8') and request.language == 'pl' and request.origin == 'https://example.com' and request.user_agent == 'test' and now == '2023-11-14T22:13:20Z' and form['drowssap' | reverse] is undefined";
    let server = server(&[("all", &format!("allow = \"{allow}\"\n"))]).await;
    let token = bearer(&server.token("ci", &["guarded", "team/*"]).await);
    let send = async |address: &str| {
        let address: SocketAddr = address.parse().unwrap();
        let body = json!({ "form_configuration_name": "guarded", "form": { "email": "a@example.com", "password": "x" } });
        let request = Request::post("/api/users.json")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, &token)
            .header(header::ACCEPT_LANGUAGE, "pl, en;q=0.5")
            .header(header::ORIGIN, "https://example.com")
            .header(header::USER_AGENT, "test")
            .extension(ConnectInfo(address))
            .body(Body::from(body.to_string()));
        server.send(request.unwrap()).await.status
    };
    assert_eq!(send("10.1.2.3:1").await, StatusCode::UNPROCESSABLE_ENTITY, "allowed, and judged");
    assert_eq!(send("[::ffff:10.1.2.3]:1").await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(send("11.1.2.3:1").await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_policy_changes_while_serving_and_never_opens_by_mistake() {
    let server = server(&[("gate", "allow = 'true'\n")]).await;
    let file = server.root.path().join("configs/policies/gate.toml");
    let value = json!({ "email": "a@example.com", "password": "x" });
    let look = async || {
        server.registry.reload(SystemTime::now()).unwrap();
        server.registry.reload(SystemTime::now()).unwrap();
        both(&server, "guarded", &[], &value).await.map(|answer| answer.status)
    };
    assert_eq!(look().await, [StatusCode::UNPROCESSABLE_ENTITY; 2], "allowed, and judged");
    fs::write(&file, "allow = 'false'\n").unwrap();
    assert_eq!(look().await, [StatusCode::FORBIDDEN; 2]);
    fs::write(&file, "allow = true\n").unwrap();
    assert_eq!(look().await, [StatusCode::FORBIDDEN; 2], "the last good version is asked on");
    fs::remove_file(&file).unwrap();
    assert_eq!(look().await, [StatusCode::FORBIDDEN; 2], "so it is when its file is gone");
    let token = bearer(&server.token("ci", &["*"]).await);
    let status = server.get("/api/form_configurations/guarded", &[("authorization", &token)]).await.json();
    assert_eq!(
        (&status["status"], &status["diagnostics"][0]["rule"]),
        (&json!("stale"), &json!("unknown-policy"))
    );
    fs::write(&file, "allow = 'true'\n").unwrap();
    assert_eq!(look().await, [StatusCode::UNPROCESSABLE_ENTITY; 2]);
}

#[tokio::test]
async fn policies_judge_submissions_and_not_who_reads_about_forms() {
    let server = server(&[("shut", "allow = 'false'\nstatus = 404\n")]).await;
    for path in ["", "/guarded", "/guarded/schema"] {
        let answer = server.get(&format!("/api/form_configurations{path}"), &[]).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(answer.text.contains("guarded"), "{}", answer.text);
    }
}
