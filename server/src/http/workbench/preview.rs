//! A form as a page shows it to those who fill it in, whether it is public or not.

use std::time::SystemTime;

use axum::http::{HeaderMap, header};
use formwork_engine::compile::CompiledForm;
use formwork_engine::messages::Languages;
use formwork_engine::presentation::{Entered, present};
use formwork_engine::registry::Snapshot;
use formwork_engine::theme::{Assets, FormPage};
use minijinja::{Value, context};

use super::super::error::ApiError;
use crate::html::assets;
use crate::html::workbench::piece;

/// The page of a form as a document within ours: it loads its style sheet and nothing else, and cannot be sent.
pub(super) fn view(
    snapshot: &Snapshot,
    form: Option<&CompiledForm>,
    note: Option<&str>,
    headers: &HeaderMap,
    now: SystemTime,
) -> Result<Value, ApiError> {
    let language = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let languages = Languages::accepted(language.unwrap_or_default());
    let shown = form.map(|form| {
        let presentation = present(form, &snapshot.locales, &languages, now, &Entered::default());
        let style = assets::path("form.css").unwrap_or_default();
        let page =
            FormPage { form: form.name(), assets: Assets { style, script: "" }, ..FormPage::default() };
        snapshot.theme.form(&snapshot.locales, &languages, &presentation, &page)
    });
    let (document, fault) = match shown {
        None => (None, None),
        Some(Ok(document)) => (Some(document), None),
        Some(Err(fault)) => (None, Some(fault.to_string())),
    };
    piece("preview.html", context! { document, note, fault })
}
