//! Requests while a form flips between two versions: each answer belongs wholly to one of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use formwork::accounts::Accounts;
use formwork::http::{App, Edge, router};
use formwork::password::Hasher;
use formwork::store;
use formwork::token::Tokens;
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::{Live, write};

const REQUESTS: usize = 10_000;
const FLIPS: usize = 200;
const CLIENTS: usize = 4;

/// Both fields are refused by either version, in that version's words.
fn version(word: &str) -> String {
    format!(
        "resource = \"User\"\naccess = \"public\"\nrate_limit = false\n\n\
         [fields.first_name]\nvalidation.presence = {{ message = \"{word}\" }}\n\n\
         [fields.last_name]\nvalidation.presence = {{ message = \"{word}\" }}\n\n\
         [fields.properties.{word}]\n\n\
         [[examples]]\nform = {{ email = \"a@example.com\", first_name = \"A\", last_name = \"B\" }}\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_requests_during_two_hundred_flips() {
    let live = Live::new(|root| write(&root.join("configs/forms/flip.toml"), &version("heads")));
    let file = live.path("configs/forms/flip.toml");
    let database = format!("sqlite:{}", live.path("flips.db").display());
    let store = store::open(&database).await.unwrap();
    let params = argon2::Params::new(8, 1, 1, Some(32)).unwrap();
    let hasher = Hasher::new(params, 1, std::time::Duration::from_mins(1)).unwrap();
    let app = App {
        registry: Arc::clone(&live.registry),
        store: Arc::clone(&store),
        accounts: Accounts::new(store, hasher),
        tokens: Tokens::new(None),
        edge: Edge::default(),
        clock: std::time::SystemTime::now,
    };
    let router = router(Arc::new(app));
    let flipped = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| tokio::spawn(client(router.clone(), Arc::clone(&flipped), Arc::clone(&answered))))
        .collect();
    let flips = tokio::task::spawn_blocking(move || {
        for flip in 1..=FLIPS {
            let word = if flip % 2 == 0 { "heads" } else { "tails" };
            write(&file, &version(word));
            live.until(&format!("flip {flip} is live"), |live| {
                live.form("flip").is_some_and(|form| {
                    form.document.pointer(&format!("/properties/properties/properties/{word}")).is_some()
                })
            });
        }
        live
    });
    let live = flips.await.unwrap();
    flipped.store(true, Ordering::Relaxed);
    let mut seen = [0; 2];
    for client in clients {
        let counted = client.await.unwrap();
        seen[0] += counted[0];
        seen[1] += counted[1];
    }
    assert!(seen[0] > 0 && seen[1] > 0 && seen[0] + seen[1] >= REQUESTS, "{seen:?}");
    drop(live);
}

/// Sends requests until there were enough and the flips are over; how often each version answered.
async fn client(router: Router, flipped: Arc<AtomicBool>, answered: Arc<AtomicUsize>) -> [usize; 2] {
    let mut seen = [0; 2];
    let mut versions: [Option<String>; 2] = [None, None];
    while !flipped.load(Ordering::Relaxed) || answered.load(Ordering::Relaxed) < REQUESTS {
        let request = Request::post("/api/users")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(r#"{"form_configuration_name":"flip","form":{"email":"a@example.com"}}"#))
            .unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let version = response.headers()["form-configuration-version"].to_str().unwrap().to_owned();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let word = body["errors"]["first_name"][0].as_str().unwrap().to_owned();
        let side = usize::from(word == "tails");
        assert_eq!(body["errors"]["last_name"][0], word.as_str(), "one answer, two versions");
        assert_eq!(
            &version,
            versions[side].get_or_insert_with(|| version.clone()),
            "the header tells another version"
        );
        seen[side] += 1;
        answered.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
    }
    seen
}
