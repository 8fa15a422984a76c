//! `GET /api/openapi.json`: the `OpenAPI` document of the forms that the caller may use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use formwork_engine::registry::Snapshot;

use super::error::ApiError;
use super::{App, entity_tag, form_configurations};
use crate::openapi::Document;
use crate::token::Caller;

/// How many documents are kept.
const MAX_KEPT: usize = 16;

/// The route, with the documents that it keeps.
pub(super) fn route() -> MethodRouter<Arc<App>> {
    let kept = Arc::new(Kept::default());
    get(async move |State(app): State<Arc<App>>, headers: HeaderMap| show(&app, &headers, &kept).await)
}

async fn show(app: &App, headers: &HeaderMap, kept: &Kept) -> Result<Response, ApiError> {
    let caller = app.caller(headers).await?;
    if caller.is_none() && headers.contains_key(header::AUTHORIZATION) {
        return Err(ApiError::Unauthorized);
    }
    let document = kept.document(&app.registry.snapshot(), caller.as_ref());
    entity_tag::unless_known(&document.digest, headers, || {
        ([(header::CONTENT_TYPE, "application/json")], document.text.clone()).into_response()
    })
}

/// The documents of one generation, by what the callers' tokens cover: a document of many forms is work that nobody
/// should be able to ask for at will.
#[derive(Default)]
struct Kept(Mutex<Generation>);

#[derive(Default)]
struct Generation {
    number: u64,
    documents: HashMap<Vec<String>, Arc<Document>>,
}

impl Kept {
    fn document(&self, snapshot: &Snapshot, caller: Option<&Caller>) -> Arc<Document> {
        let patterns = caller.map(|caller| caller.patterns.clone()).unwrap_or_default();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A request that began before a reload neither sees what came after it nor throws it away.
        if let Some(document) = kept.documents.get(&patterns).filter(|_| kept.number == snapshot.generation) {
            return Arc::clone(document);
        }
        let usable =
            snapshot.statuses.iter().filter(|status| form_configurations::is_visible(status, caller));
        let document = Arc::new(Document::of(usable.filter_map(|status| status.form.as_deref())));
        if kept.number < snapshot.generation {
            *kept = Generation { number: snapshot.generation, documents: HashMap::new() };
        }
        if kept.number == snapshot.generation {
            if kept.documents.len() >= MAX_KEPT {
                kept.documents.clear();
            }
            kept.documents.insert(patterns, Arc::clone(&document));
        }
        document
    }
}
