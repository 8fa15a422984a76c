//! Scripts and styles: kept for good under a name that tells their content, and compressed.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use formwork::html::assets;
use tower::ServiceExt;

use crate::Server;

#[tokio::test]
async fn an_asset_is_kept_for_good() {
    let server = Server::new(&[]).await;
    let path = assets::path("form.css").unwrap();
    let answer = server.get(path, &[]).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), Some("text/css; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
}

#[tokio::test]
async fn no_other_name_leads_to_an_asset() {
    let server = Server::new(&[]).await;
    for name in ["form.css", "form-0000000000000000.css", "..%2fhtml.rs", "%2e%2e", ""] {
        let answer = server.get(&format!("/assets/{name}"), &[]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{name}");
    }
}

#[tokio::test]
async fn an_asset_is_compressed_for_those_who_accept_it() {
    let server = Server::new(&[]).await;
    let path = assets::path("form.css").unwrap();
    let request = |encoding: &str| {
        Request::get(path).header(header::ACCEPT_ENCODING, encoding).body(Body::empty()).unwrap()
    };
    for (accepted, encoding) in [("gzip, br", Some("br")), ("gzip", Some("gzip")), ("identity", None)] {
        let response = server.router.clone().oneshot(request(accepted)).await.unwrap();
        let chosen = response.headers().get(header::CONTENT_ENCODING);
        assert_eq!(chosen.map(|value| value.to_str().unwrap()), encoding, "{accepted}");
        let vary = response.headers().get_all(header::VARY).iter().map(|value| value.to_str().unwrap());
        assert!(vary.collect::<Vec<_>>().join(",").to_lowercase().contains("accept-encoding"), "{accepted}");
    }
}
