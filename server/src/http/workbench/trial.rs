//! `/_/try`: a form that is written in the browser, and never saved.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use formwork_engine::registry::Snapshot;
use formwork_engine::source::SourceFile;
use minijinja::context;

use super::super::App;
use super::super::error::ApiError;
use super::diagnostics::Place;
use super::fields::Fields;
use super::guard::Visitor;
use super::{Asked, diagnostics, examples, preview, schema, show as page};
use crate::html::workbench::{Section, piece};

/// What a page without a form begins with: the form that `formwork new` writes.
const BLANK: &str = include_str!("../../cli/new.toml");

/// The name of a text that is no form's.
const UNSAVED: &str = "unsaved.toml";

/// The page on which a change of a form is tried.
pub(super) fn href(name: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("form", name).finish();
    format!("/_/try?{query}")
}

/// `GET /_/try?form=…`: with the text of a form, or one to start from.
pub(super) async fn show(
    State(app): Asked,
    Extension(visitor): Extension<Visitor>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let fields = Fields::of(&uri);
    let snapshot = app.registry.snapshot();
    let text = match fields.get("form") {
        "" => BLANK.to_owned(),
        name => snapshot.status(name).ok_or(ApiError::NotFound)?.source.text.clone(),
    };
    trial(&app, &visitor, &snapshot, (fields.get("form"), text), &headers).await
}

/// `POST /_/try`.
pub(super) async fn act(
    State(app): Asked,
    Extension(visitor): Extension<Visitor>,
    request: Request,
) -> Result<Response, ApiError> {
    let headers = request.headers().clone();
    let fields = Fields::sent(&app, request).await?;
    let asked = (fields.get("form"), fields.text("text"));
    trial(&app, &visitor, &app.registry.snapshot(), asked, &headers).await
}

async fn trial(
    app: &Arc<App>,
    visitor: &Visitor,
    snapshot: &Arc<Snapshot>,
    (name, text): (&str, String),
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let status = snapshot.status(name);
    let path = status.map_or_else(|| UNSAVED.into(), |status| status.source.path.clone());
    let default_name = status.map_or("unsaved", |status| &status.source.default_name).to_owned();
    let source = Arc::new(SourceFile::new(path, default_name, text));
    let now = (app.clock)();
    let tried_source = Arc::clone(&source);
    let trial = app.edge.workbench.trials.of(tried_source, Arc::clone(snapshot), now).await?;
    let form = trial.form.as_deref();
    let note = if form.is_none() { Some("The form does not compile.") } else { None };
    let context = context! {
        form => name,
        file => diagnostics::file(&source),
        text => source.text.as_str(),
        news => diagnostics::count(&trial.diagnostics).unwrap_or_else(|| "no findings".to_owned()),
        diagnostics => diagnostics::list(&trial.diagnostics, Place::BesideEditor(&source))?,
        examples => examples::view(form, note, now)?,
        preview => preview::view(snapshot, form, note, headers, now)?,
        schema => schema::view(form, note)?,
    };
    page(app, visitor, Section::Try, "Try a form", piece("trial.html", context)?)
}
