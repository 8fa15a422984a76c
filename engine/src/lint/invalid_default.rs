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
        let message = format!("the default of `{}` does not meet the field's own rules", field.name.value);
        Diagnostic::new(Rule::InvalidDefault, &form.form.source, default.span.clone(), message)
            .help("a request that leaves the field out would be refused: change the default or the rule")
    })
}
