//! `missing-password`: a password that may be left out, or that is stored as a plain text.

use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{Field, Form, Role, Step, dotted};

/// What a field is called that holds a password.
const NAMES: [&str; 5] = ["password", "passwd", "passphrase", "user_password", "new_password"];

pub(super) fn check(form: &Form, field: &Field, path: &[Step]) -> Option<Diagnostic> {
    if field.role == Role::Password {
        return optional(form, field);
    }
    // What is virtual is not stored.
    let stored = field.ty.is_textual() && !field.virtual_field && !form.payload_computes(path);
    let is_password = stored && path.len() > 1 && NAMES.contains(&field.name.value.as_str());
    is_password.then(|| {
        let message = format!("`{}` is stored as it is sent, and can be read", dotted(path));
        Diagnostic::new(Rule::MissingPassword, &form.source, field.name.span.clone(), message)
            .help("list the built-in field `[fields.password]` instead, of which only a hash is stored")
    })
}

/// A password that a request may leave out without a word of the form's.
fn optional(form: &Form, field: &Field) -> Option<Diagnostic> {
    // A condition says that it was thought of.
    if field.presence().is_some() || field.when.is_some() {
        return None;
    }
    let message = "a request may leave out the password, and its user can never log in";
    let diagnostic = Diagnostic::new(Rule::MissingPassword, &form.source, field.name.span.clone(), message);
    Some(diagnostic.help("add `validation.presence = true`, or say by its `if` who needs none"))
}
