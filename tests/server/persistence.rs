//! What is in the database afterwards.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{REFERENCE, Server, bearer, user};

#[tokio::test]
async fn a_record_has_the_forms_shape_its_name_and_its_version() {
    let server = Server::new(&[]).await;
    let token = bearer(&server.token("partner", &["developer/*"]).await);
    let form = json!({
        "email": " Ada@Example.com ",
        "password": "correct horse battery",
        "external_id": "PL-000042",
        "properties": { "partner": "ACME", "invite_code": "8charact" },
        "profiles_attributes": {
            "developer_attributes": { "properties_attributes": { "handle": "Ada", "hourly_rate": 99.5, "enabled": false } }
        }
    });
    let body = json!({ "form_configuration_name": "developer/sign_up", "form": form }).to_string();
    let answer = server.post("/api/users", &[("authorization", &token)], body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    let record = server.store.records(None, 1).await.unwrap().remove(0);
    assert_eq!((record.resource.as_str(), record.form.as_str()), ("User", "developer/sign_up"));
    assert_eq!(Some(record.version.as_str()), answer.header("form-configuration-version"));
    assert_eq!(record.created_at, 1_700_000_000_000);
    assert_eq!(
        serde_json::from_str::<Value>(&record.attributes).unwrap(),
        json!({
            "email": "ada@example.com",
            "external_id": "PL-000042",
            "properties": { "partner": "acme" },
            "profiles": { "developer": { "properties": { "enabled": true, "hourly_rate": 99.5, "handle": "ada" } } }
        })
    );
    let phc = server.texts("SELECT phc FROM passwords WHERE record_id = 1").await;
    assert!(phc[0].starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{phc:?}");
    let fields = server.texts("SELECT field FROM claims WHERE record_id = 1 ORDER BY field").await;
    assert_eq!(fields, ["email", "external_id", "profiles.developer.properties.handle"]);
}

#[tokio::test]
async fn the_stored_hash_is_of_the_normalized_password() {
    use argon2::password_hash::phc::PasswordHash;
    use argon2::{Argon2, PasswordVerifier};

    let server = Server::new(&[]).await;
    let mut form = user("a@example.com");
    form["password"] = "ﬁnely grained".into();
    assert_eq!(server.submit(REFERENCE, form).await.status, StatusCode::CREATED);
    let phc = server.texts("SELECT phc FROM passwords").await;
    let hash = PasswordHash::new(&phc[0]).unwrap();
    assert!(Argon2::default().verify_password(b"finely grained", &hash).is_ok());
    assert!(Argon2::default().verify_password("ﬁnely grained".as_bytes(), &hash).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_racing_requests_for_one_address_exactly_one_wins() {
    const RACERS: usize = 48;
    let server = std::sync::Arc::new(Server::new(&[]).await);
    let racers: Vec<_> = (0..RACERS)
        .map(|index| {
            let server = std::sync::Arc::clone(&server);
            let email = if index % 2 == 0 { "ada@example.com" } else { "ADA@example.com" };
            tokio::spawn(async move { server.submit(REFERENCE, user(email)).await.status })
        })
        .collect();
    let mut created = 0;
    for racer in racers {
        match racer.await.unwrap() {
            StatusCode::CREATED => created += 1,
            status => assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY),
        }
    }
    assert_eq!(created, 1);
    for table in ["records", "passwords", "claims"] {
        assert_eq!(server.count(table).await, 1, "{table}");
    }
}

const SCOPED: &str = r#"
resource = "User"
access = "public"
[fields.properties.team]
[fields.properties.seat]
type = "integer"
validation.unique = { scope = ["properties.team"] }
[fields.properties.badge]
validation.unique = { case_sensitive = true, allow_blank = true }
[[examples]]
form = { email = "a@example.com" }
"#;

#[tokio::test]
async fn uniqueness_within_a_scope_by_case_and_of_nothing() {
    let server = Server::new(&[("seat", SCOPED)]).await;
    let cases = [
        (json!({ "team": "red", "seat": 1 }), vec![]),
        (json!({ "team": "blue", "seat": 1 }), vec![]),
        (json!({ "seat": 1 }), vec![]),
        (json!({ "team": null, "seat": 1 }), vec!["properties.seat"]),
        (json!({ "team": "red", "seat": 1.0 }), vec!["properties.seat"]),
        (json!({ "team": "red" }), vec![]),
        (json!({ "team": "red", "seat": null }), vec![]),
        (json!({ "badge": "x", "seat": 2 }), vec![]),
        (json!({ "badge": "X" }), vec![]),
        (json!({ "badge": "" }), vec![]),
        (json!({ "badge": "" }), vec![]),
        (json!({ "badge": "x", "seat": 2 }), vec!["properties.seat", "properties.badge"]),
    ];
    for (index, (properties, taken)) in cases.into_iter().enumerate() {
        let form = json!({ "email": format!("{index}@example.com"), "properties": properties });
        let answer = server.submit("seat", form).await;
        if taken.is_empty() {
            assert_eq!(answer.status, StatusCode::CREATED, "{properties}: {}", answer.text);
        } else {
            let expected: Vec<_> =
                taken.iter().map(|path| ((*path).to_owned(), "taken".to_owned())).collect();
            assert_eq!(answer.codes(), expected, "{properties}");
        }
    }
}

#[tokio::test]
async fn a_refused_record_leaves_no_claim_behind() {
    let server = Server::new(&[("seat", SCOPED)]).await;
    let submit = |email: &str, badge: &str| {
        server.submit("seat", json!({ "email": email, "properties": { "badge": badge } }))
    };
    assert_eq!(submit("a@example.com", "one").await.status, StatusCode::CREATED);
    assert_eq!(submit("b@example.com", "one").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(submit("b@example.com", "two").await.status, StatusCode::CREATED);
    assert_eq!(server.count("records").await, 2);
}

#[tokio::test]
async fn two_forms_of_a_resource_share_what_is_unique() {
    let server = Server::new(&[]).await;
    assert_eq!(server.submit(REFERENCE, user("a@example.com")).await.status, StatusCode::CREATED);
    let subscribe = json!({ "email": "A@example.com", "properties": { "consent": true } });
    let answer = server.submit("newsletter", subscribe).await;
    assert_eq!(answer.json()["errors"], json!({ "email": ["already receives the newsletter"] }));
}

#[tokio::test]
async fn a_database_is_opened_again_with_what_it_held() {
    let server = Server::new(&[]).await;
    assert_eq!(server.submit(REFERENCE, user("a@example.com")).await.status, StatusCode::CREATED);
    server.store.close().await;
    let store = formwork::store::open(&server.url).await.unwrap();
    store.ping().await.unwrap();
    assert_eq!(store.records(None, 2).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_url_that_names_no_database_is_refused() {
    for url in
        ["", "sqlite:", "mysql://x", "data.db", "postgres://x:y/z", "postgres://localhost/x?sslmod=require"]
    {
        assert!(formwork::store::open(url).await.is_err(), "{url}");
    }
}

#[tokio::test]
async fn records_are_paged_from_the_newest_on() {
    let server = Server::new(&[]).await;
    for index in 1..=5 {
        let answer = server.submit(REFERENCE, user(&format!("user{index}@example.com"))).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    }
    let page = async |before, limit| {
        let records = server.store.records(before, limit).await.unwrap();
        records.iter().map(|record| record.id).collect::<Vec<_>>()
    };
    assert_eq!(page(None, 2).await, [5, 4]);
    assert_eq!(page(Some(4), 2).await, [3, 2]);
    assert_eq!(page(Some(2), 2).await, [1]);
    assert!(page(Some(1), 2).await.is_empty());
    let newest = server.store.records(None, 1).await.unwrap().remove(0);
    assert_eq!((newest.resource.as_str(), newest.form.as_str()), ("User", REFERENCE));
    assert_eq!(newest.created_at, 1_700_000_000_000);
    assert!(newest.attributes.contains("user5@example.com"), "{}", newest.attributes);
    assert!(!newest.attributes.contains("argon2"), "{}", newest.attributes);
}
