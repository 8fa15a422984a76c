//! `/_/forms/{name}`: one form, in several views.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use formwork_engine::compile::CompiledForm;
use formwork_engine::model::Access;
use formwork_engine::registry::{FormStatus, Snapshot, State as Standing};
use minijinja::{Value, context};
use serde::Serialize;

use super::super::App;
use super::super::error::ApiError;
use super::fields::Fields;
use super::guard::Visitor;
use super::{
    Asked, Moment, changes, diagnostics, examples, href, preview, request, schema, show as page, source,
};
use crate::html::workbench::{Section, listed, piece};

/// What of a form is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum View {
    Source,
    Schema,
    Preview,
    Examples,
    Request,
    Changes,
}

impl View {
    const ALL: [(Self, &str, &str); 6] = [
        (Self::Source, "source", "Source"),
        (Self::Preview, "preview", "Preview"),
        (Self::Examples, "examples", "Examples"),
        (Self::Request, "request", "Request"),
        (Self::Schema, "schema", "Schema"),
        (Self::Changes, "changes", "Changes"),
    ];

    fn named(name: &str) -> Option<Self> {
        if name.is_empty() {
            return Some(Self::Source);
        }
        Self::ALL.iter().find(|(_, known, _)| *known == name).map(|(view, ..)| *view)
    }

    fn title(self) -> &'static str {
        Self::ALL.iter().find(|(view, ..)| *view == self).map_or("", |(.., title)| title)
    }
}

#[derive(Serialize)]
struct Link {
    href: String,
    title: &'static str,
    current: bool,
}

/// `GET /_/forms/{name}?view=…`.
pub(super) async fn show(
    State(app): Asked,
    Extension(visitor): Extension<Visitor>,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let view = View::named(Fields::of(&uri).get("view")).ok_or(ApiError::NotFound)?;
    let snapshot = app.registry.snapshot();
    let status = snapshot.status(&name).ok_or(ApiError::NotFound)?;
    let content = match view {
        View::Source => source::view(&status.source, &status.diagnostics)?,
        View::Changes => changes::view(&app, &snapshot, status)?,
        View::Request => {
            let asked = request::Asked::first(status, &headers);
            request::view(&visitor, status, &headers, &asked, None)?
        }
        View::Schema | View::Preview | View::Examples => {
            let (form, note) = newest(&app, &snapshot, status).await?;
            let form = form.as_deref();
            match view {
                View::Schema => schema::view(form, note)?,
                View::Preview => preview::view(&snapshot, form, note, &headers, (app.clock)())?,
                _ => examples::view(form, note, (app.clock)())?,
            }
        }
    };
    framed(&app, &visitor, status, view, content)
}

/// `POST /_/forms/{name}`: a request, to see what it would be answered.
pub(super) async fn ask(
    State(app): Asked,
    Extension(visitor): Extension<Visitor>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let headers = request.headers().clone();
    let snapshot = app.registry.snapshot();
    let status = snapshot.status(&name).ok_or(ApiError::NotFound)?;
    let asked = request::Asked::read(&Fields::sent(&app, request).await?);
    let answer = request::answer(&app, &visitor, &snapshot, status, &asked).await?;
    let content = request::view(&visitor, status, &headers, &asked, Some(&answer))?;
    framed(&app, &visitor, status, View::Request, content)
}

/// The form as its file says it now, if that compiles, even where its examples fail; else the one that is served. With
/// what there is to say of which it is.
async fn newest(
    app: &Arc<App>,
    snapshot: &Arc<Snapshot>,
    status: &FormStatus,
) -> Result<(Option<Arc<CompiledForm>>, Option<&'static str>), ApiError> {
    if status.state == Standing::Live {
        return Ok((status.form.clone(), None));
    }
    let (source, now) = (Arc::clone(&status.source), (app.clock)());
    let trial = app.edge.workbench.trials.of(source, Arc::clone(snapshot), now).await?;
    Ok(match (trial.form, &status.form) {
        (Some(form), _) => (Some(form), Some("This is the newest version, which is not served.")),
        (None, Some(form)) => (
            Some(Arc::clone(form)),
            Some("The newest version does not compile; this is the one that is served."),
        ),
        (None, None) => (None, Some("The form does not compile.")),
    })
}

fn framed(
    app: &App,
    visitor: &Visitor,
    status: &FormStatus,
    view: View,
    content: Value,
) -> Result<Response, ApiError> {
    let form = status.form.as_deref();
    let meaning = match status.state {
        Standing::Live => "the newest version is served",
        Standing::Stale => "the newest version has errors; the last good one is served",
        Standing::Broken => "it has errors and is not served",
    };
    let own = href(&status.name);
    let views: Vec<Link> = View::ALL
        .iter()
        .map(|(each, name, title)| Link { href: format!("{own}?view={name}"), title, current: *each == view })
        .collect();
    let findings = diagnostics::count(&status.diagnostics);
    let news = findings.map_or_else(String::new, |findings| format!(", {findings}"));
    let whole = context! {
        name => status.name.as_str(),
        news => format!("{}: {}{news}", status.name, status.state.name()),
        description => form.and_then(|form| form.form.description.as_deref()),
        state => status.state.name(),
        meaning,
        version => form.map(CompiledForm::version),
        access => form.map(|form| form.form.access.name()),
        page => form.filter(|form| form.form.access == Access::Public).map(|form| format!("/forms/{}", form.name())),
        reloaded_at => listed(&Moment::of(app.edge.workbench.history.of(&status.name).reloaded_at)),
        file => diagnostics::file(&status.source),
        views => listed(&views),
        try_href => super::trial::href(&status.name),
        content,
    };
    let title = format!("{} · {}", status.name, view.title());
    page(app, visitor, Section::Forms, &title, piece("form.html", whole)?)
}
