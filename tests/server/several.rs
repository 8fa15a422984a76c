//! Several servers on one database: what one has done holds for the others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::http::StatusCode;
use formwork::store::{self, Creation, NewClaim, NewRecord, StoreError};
use serde_json::json;
use tokio::task::JoinSet;

use crate::{REFERENCE, Server, bearer, user};

const FORM: &str = "resource = \"User\"\n[[examples]]\nform = { email = \"a@example.com\" }\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_them_stores_what_all_are_sent() {
    const ADDRESSES: usize = 20;
    let first = Server::new(&[]).await;
    let second = Server::on(&first.url, &[]).await;
    let servers = [Arc::new(first), Arc::new(second)];
    let mut requests = JoinSet::new();
    for index in 0..ADDRESSES {
        for turn in 0..4 {
            let server = Arc::clone(&servers[turn % 2]);
            requests.spawn(async move {
                let email = format!("{index}@example.com");
                let body = json!({ "form_configuration_name": REFERENCE, "form": user(&email) }).to_string();
                // Even ones are the same request, odd ones are others for the same address.
                let key = if index % 2 == 0 { email } else { format!("{index}-{turn}") };
                let answer = server.post("/api/users", &[("idempotency-key", &key)], body).await;
                (index, answer.status, answer.text)
            });
        }
    }
    let mut told: BTreeMap<usize, Vec<(StatusCode, String)>> = BTreeMap::new();
    for (index, status, text) in requests.join_all().await {
        told.entry(index).or_default().push((status, text));
    }
    for (index, answers) in told {
        let created = answers.iter().filter(|(status, _)| *status == StatusCode::CREATED);
        let bodies: BTreeSet<&str> = created.clone().map(|(_, text)| text.as_str()).collect();
        assert_eq!(bodies.len(), 1, "{index}: {answers:?}");
        assert_eq!(created.count(), if index % 2 == 0 { 4 } else { 1 }, "{index}: {answers:?}");
    }
    assert_eq!(servers[0].count("records").await, i64::try_from(ADDRESSES).unwrap());
}

#[tokio::test]
async fn a_token_made_by_one_is_known_to_the_others_until_one_revokes_it() {
    let first = Server::new(&[("private", FORM)]).await;
    let second = Server::on(&first.url, &[("private", FORM)]).await;
    let token = bearer(&first.token("ci", &["*"]).await);
    let submit = async |server: &Server, email: &str| {
        let body = json!({ "form_configuration_name": "private", "form": { "email": email } }).to_string();
        server.post("/api/users", &[("authorization", &token)], body).await.status
    };
    assert_eq!(submit(&second, "a@example.com").await, StatusCode::CREATED);
    assert!(second.store.revoke_token("ci", 1).await.unwrap());
    assert_eq!(submit(&first, "b@example.com").await, StatusCode::UNAUTHORIZED);
}

fn record(attributes: &str, claims: &[u8]) -> NewRecord {
    NewRecord {
        resource: "User".to_owned(),
        form: "sign_up".to_owned(),
        version: String::new(),
        attributes: attributes.to_owned(),
        password: None,
        claims: claims
            .iter()
            .map(|claim| NewClaim { field: "email".to_owned(), digest: [*claim; 32] })
            .collect(),
        created_at: 0,
        key: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_a_group_fails_by_itself() {
    let server = Server::new(&[]).await;
    let mut creations = JoinSet::new();
    for index in 0..40 {
        let (store, broken) = (Arc::clone(&server.store), index % 20 == 7);
        let attributes = if broken { "no JSON" } else { "{}" };
        let record = record(attributes, &[index]);
        creations.spawn(async move { (broken, store.create(record).await) });
    }
    for (broken, outcome) in creations.join_all().await {
        match outcome {
            Ok(Creation::Created(_)) => assert!(!broken),
            Err(StoreError::Refused(_)) => assert!(broken),
            outcome => panic!("{outcome:?}"),
        }
    }
    assert_eq!((server.count("records").await, server.count("claims").await), (38, 38));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_loses_one_of_several_claims_gets_none() {
    const ROUNDS: u8 = 20;
    let server = Server::new(&[]).await;
    let other = store::open(&server.url).await.unwrap();
    let mut stored = 0;
    for round in 0..ROUNDS {
        let [a, b, c, d] = [0, 1, 2, 3].map(|claim| round * 4 + claim);
        let wanted = [vec![a, b], vec![b, c], vec![c, d], vec![d, a], vec![b, a], vec![c]];
        let mut creations = JoinSet::new();
        for (index, claims) in wanted.into_iter().enumerate() {
            let store = Arc::clone(if index % 2 == 0 { &server.store } else { &other });
            creations
                .spawn(async move { (claims.clone(), store.create(record("{}", &claims)).await.unwrap()) });
        }
        let outcomes = creations.join_all().await;
        let winners = || outcomes.iter().filter(|(_, outcome)| matches!(outcome, Creation::Created(_)));
        let won: Vec<u8> = winners().flat_map(|(claims, _)| claims.clone()).collect();
        assert_eq!(won.iter().collect::<BTreeSet<_>>().len(), won.len(), "a claim has two owners");
        for (claims, outcome) in &outcomes {
            if let Creation::Taken(places) = outcome {
                assert!(!places.is_empty());
                assert!(places.iter().all(|place| won.contains(&claims[*place])), "{claims:?} {outcome:?}");
            }
        }
        stored += winners().count();
        assert!(winners().count() > 0);
    }
    assert_eq!(server.count("records").await, i64::try_from(stored).unwrap());
    other.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_single_claim_has_one_owner_and_who_claims_nothing_is_stored() {
    const CLAIMS: u8 = 10;
    const EACH: u8 = 6;
    let server = Server::new(&[]).await;
    let other = store::open(&server.url).await.unwrap();
    let mut creations = JoinSet::new();
    for index in 0..CLAIMS * EACH {
        let claims = if index % EACH == 0 { vec![] } else { vec![index % CLAIMS] };
        let store = Arc::clone(if index % 2 == 0 { &server.store } else { &other });
        creations.spawn(async move { (claims.clone(), store.create(record("{}", &claims)).await.unwrap()) });
    }
    let mut owners: BTreeMap<Vec<u8>, Vec<i64>> = BTreeMap::new();
    for (claims, outcome) in creations.join_all().await {
        match outcome {
            Creation::Created(id) => owners.entry(claims).or_default().push(id),
            outcome => assert_eq!((outcome, claims.len()), (Creation::Taken(vec![0]), 1)),
        }
    }
    let without = owners.remove(&vec![]).unwrap();
    assert_eq!(without.len(), usize::from(CLAIMS));
    assert_eq!(owners.len(), usize::from(CLAIMS));
    assert!(owners.values().all(|owners| owners.len() == 1), "{owners:?}");
    let ids: BTreeSet<i64> = owners.into_values().flatten().chain(without).collect();
    assert_eq!(ids.len(), 2 * usize::from(CLAIMS), "an id is given twice");
    assert_eq!(server.count("records").await, 2 * i64::from(CLAIMS));
    assert_eq!(server.count("claims").await, i64::from(CLAIMS));
    other.close().await;
}

#[tokio::test]
async fn a_record_that_claims_the_same_twice_is_refused() {
    let server = Server::new(&[]).await;
    let outcome = server.store.create(record("{}", &[1, 2, 1])).await.unwrap();
    assert_eq!(outcome, Creation::Taken(vec![2]));
    let created = server.store.create(record("{}", &[1, 2])).await.unwrap();
    assert!(matches!(created, Creation::Created(_)), "{created:?}");
}
