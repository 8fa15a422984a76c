//! `GET /_/records`: what was created lately, without secrets.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use formwork_engine::registry::Snapshot;
use minijinja::context;
use serde::Serialize;
use serde_json::{Map, Value};

use super::super::error::ApiError;
use super::fields::Fields;
use super::guard::Visitor;
use super::{Asked, Moment, href, show as page};
use crate::html::workbench::{Section, listed, piece};
use crate::store::StoredRecord;
use crate::workbench::{Disclosed, disclose};

/// Records on one page, attributes of one record, and characters of one value.
const RECORDS: u32 = 25;
const ATTRIBUTES: usize = 40;
const CHARACTERS: usize = 200;

#[derive(Serialize)]
struct Row {
    id: i64,
    created_at: Moment,
    resource: String,
    form: String,
    href: Option<String>,
    version: String,
    is_old: bool,
    attributes: Vec<Attribute>,
    more: usize,
}

#[derive(Serialize)]
struct Attribute {
    path: String,
    /// Nothing where it is not shown.
    value: Option<String>,
}

pub(super) async fn show(
    State(app): Asked,
    Extension(visitor): Extension<Visitor>,
    uri: Uri,
) -> Result<Response, ApiError> {
    let fields = Fields::of(&uri);
    let before = match fields.get("before") {
        "" => None,
        id => Some(id.parse::<i64>().map_err(|_| ApiError::NotFound)?),
    };
    // One more than is shown tells whether there are more.
    let mut records = app.store.records(before, RECORDS + 1).await?;
    let has_more = u32::try_from(records.len()).is_ok_and(|count| count > RECORDS);
    records.truncate(usize::try_from(RECORDS).unwrap_or(usize::MAX));
    let next = records.last().filter(|_| has_more).map(|record| record.id);
    let snapshot = app.registry.snapshot();
    let records: Vec<Row> = records.into_iter().map(|record| row(&snapshot, record)).collect();
    let context = context! { records => listed(&records), next, is_first => before.is_none() };
    page(&app, &visitor, Section::Records, "Recent creates", piece("records.html", context)?)
}

fn row(snapshot: &Arc<Snapshot>, record: StoredRecord) -> Row {
    let form = snapshot.form(&record.form).map(Arc::as_ref);
    // What is no object was written by no version of this program: none of it is shown.
    let attributes: Map<String, Value> = serde_json::from_str(&record.attributes).unwrap_or_default();
    let mut shown = Vec::new();
    for (name, part) in disclose(form, &attributes) {
        flatten(name, part, &mut shown);
    }
    let more = shown.len().saturating_sub(ATTRIBUTES);
    shown.truncate(ATTRIBUTES);
    Row {
        id: record.id,
        created_at: Moment::of_milliseconds(record.created_at),
        resource: record.resource,
        href: form.map(|form| href(form.name())),
        is_old: form.is_some_and(|form| form.version() != record.version),
        form: record.form,
        version: record.version,
        attributes: shown,
        more,
    }
}

/// The parts of a record by their dotted paths.
fn flatten(path: String, part: Disclosed, shown: &mut Vec<Attribute>) {
    match part {
        Disclosed::Hidden => shown.push(Attribute { path, value: None }),
        Disclosed::Value(value) => shown.push(Attribute { path, value: Some(text(&value)) }),
        Disclosed::Object(parts) => {
            for (name, part) in parts {
                flatten(format!("{path}.{name}"), part, shown);
            }
        }
        Disclosed::Array(parts) => {
            for (index, part) in parts.into_iter().enumerate() {
                flatten(format!("{path}.{index}"), part, shown);
            }
        }
    }
}

fn text(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match text.char_indices().nth(CHARACTERS) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
