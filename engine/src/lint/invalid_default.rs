//! `invalid-default`: a default that its own field would refuse.

use crate::compile::{CompiledForm, Compiler};
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::Field;

/// Asks the compiled schema of the field alone; `pointer` is where it stands in the document.
pub(super) fn check(
    compiler: &Compiler,
    form: &CompiledForm,
    field: &Field,
    pointer: &str,
) -> Option<Diagnostic> {
    let default = field.default.as_ref()?;
    let schema = form.document.pointer(pointer)?;
    let refused = !compiler.validator(schema)?.is_valid(&default.value);
    refused.then(|| {
        let name = &field.name.value;
        let mistyped = schema.get("type").is_some_and(|ty| {
            compiler
                .validator(&serde_json::json!({ "type": ty }))
                .is_some_and(|ty| !ty.is_valid(&default.value))
        });
        let message = if mistyped {
            format!("the default of `{name}` is not of the field's type, `{}`", field.ty.name())
        } else {
            format!("the default of `{name}` does not meet the field's own rules")
        };
        Diagnostic::new(Rule::InvalidDefault, &form.form.source, default.span.clone(), message)
            .help("a request that leaves the field out would be refused: change the default or the rule")
    })
}
