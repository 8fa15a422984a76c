//! The server from outside: the router called without a socket, on a real database.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod assets;
mod bodies;
mod clock;
mod database;
mod edge;
mod form_configurations;
mod idempotency;
mod language;
mod openapi;
mod overload;
mod page_security;
mod pages;
mod persistence;
mod policies;
mod rates;
mod representations;
mod security;
mod several;
mod statuses;
mod tokens;
mod workbench;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use formwork::accounts::Accounts;
use formwork::http::{App, Draining, Edge, TrustedProxies, router};
use formwork::metrics::Metrics;
use formwork::password::Hasher;
use formwork::rate::Rates;
use formwork::store::{self, Store, StoredToken};
use formwork::token::{Tokens, generate};
use formwork::workbench::{Audience, Workbench};
use formwork_engine::registry::Registry;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

/// The form of the README, from the repository itself.
const REFERENCE: &str = "reference_rest_api_create_user";

/// How long a password may wait to be hashed.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// A server on a directory of its own, with a fixed clock and cheap hashes.
struct Server {
    root: tempfile::TempDir,
    registry: Arc<Registry>,
    url: String,
    store: Arc<dyn Store>,
    hasher: Hasher,
    workbench: Arc<Workbench>,
    /// Whether it is told to stop.
    draining: Draining,
    router: Router,
    /// The seconds that rate limits take to have passed.
    seconds: Arc<AtomicU64>,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The codes by path, as `details` tells them.
    fn codes(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let details = self.json()["details"].as_array().unwrap().clone();
        details.iter().map(|detail| (text(&detail["path"]), text(&detail["code"]))).collect()
    }
}

impl Server {
    /// Serves the repository's example forms and those given by name and text.
    async fn new(forms: &[(&str, &str)]) -> Self {
        Self::with_workbench(forms, Audience::Nobody, None).await
    }

    /// The same with a workbench, and a token of the process.
    async fn with_workbench(
        forms: &[(&str, &str)],
        audience: Audience,
        ephemeral: Option<StoredToken>,
    ) -> Self {
        let root = tempfile::tempdir().unwrap();
        let url = database::new(root.path()).await;
        Self::serve(root, &url, forms, audience, ephemeral).await
    }

    /// The same on a database that is there.
    async fn on(url: &str, forms: &[(&str, &str)]) -> Self {
        Self::serve(tempfile::tempdir().unwrap(), url, forms, Audience::Nobody, None).await
    }

    async fn serve(
        root: tempfile::TempDir,
        url: &str,
        forms: &[(&str, &str)],
        audience: Audience,
        ephemeral: Option<StoredToken>,
    ) -> Self {
        let configs = root.path().join("configs");
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs"), &configs);
        for (name, text) in forms {
            let path = configs.join("forms").join(format!("{name}.toml"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let (registry, _) = Registry::load(&configs, SystemTime::now()).unwrap();
        let registry = Arc::new(registry);
        let store = store::open(url).await.unwrap();
        let params = argon2::Params::new(8, 1, 1, Some(32)).unwrap();
        let hasher = Hasher::new(params, 2, LONGEST_WAIT).unwrap();
        let seconds = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&seconds);
        let workbench = Arc::new(Workbench::new(audience, &registry, SystemTime::now()));
        let draining = Draining::default();
        let app = App {
            registry: Arc::clone(&registry),
            store: Arc::clone(&store),
            accounts: Accounts::new(Arc::clone(&store), hasher.clone()),
            tokens: Tokens::new(ephemeral),
            edge: Edge {
                workbench: Arc::clone(&workbench),
                rates: Rates::new(move || Duration::from_secs(clock.load(Ordering::Relaxed))),
                proxies: TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()]),
                metrics: Arc::new(Metrics::of(hasher.clone(), Arc::clone(&store))),
                draining: draining.clone(),
                origins: vec!["https://shop.example".parse().unwrap()],
                ..Edge::default()
            },
            clock: || UNIX_EPOCH + Duration::from_secs(1_700_000_000),
        };
        let url = url.to_owned();
        let router = router(Arc::new(app));
        Self { root, registry, url, store, hasher, workbench, draining, router, seconds }
    }

    async fn token(&self, name: &str, forms: &[&str]) -> String {
        let forms: Vec<String> = forms.iter().map(|form| (*form).to_owned()).collect();
        let token = generate(name, &forms, 0).unwrap();
        assert!(self.store.add_token(&token.stored).await.unwrap());
        token.text
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().to_string());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let answer = Answer { status: parts.status, headers: parts.headers, text };
        openapi::hold_to_document(&self.registry.snapshot(), &method, &path, &answer);
        answer
    }

    async fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.request(Method::GET, path, headers, Body::empty()).await
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let mut all = vec![(header::CONTENT_TYPE.as_str(), "application/json")];
        all.extend(headers);
        self.request(Method::POST, path, &all, body).await
    }

    /// Submits a form without a token.
    async fn submit(&self, form: &str, values: Value) -> Answer {
        let body = json!({ "form_configuration_name": form, "form": values });
        self.post("/api/users", &[], body.to_string()).await
    }
}

/// A request that the reference form accepts.
fn user(email: &str) -> Value {
    json!({ "first_name": "Example", "email": email, "password": "somepassword" })
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
