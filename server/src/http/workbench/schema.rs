//! The JSON Schema that a form compiles to.

use formwork_engine::compile::CompiledForm;
use minijinja::{Value, context};

use super::super::error::ApiError;
use crate::html::workbench::piece;

pub(super) fn view(form: Option<&CompiledForm>, note: Option<&str>) -> Result<Value, ApiError> {
    let text = form.map(|form| format!("{:#}", form.document));
    piece("schema.html", context! { text, note })
}
