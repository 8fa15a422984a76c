//! `duplicate-form-name`: one name, several forms.

use std::collections::HashMap;

use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{Form, Spanned};

/// For every form whose name or alias an earlier one already has: its index, and the finding at both places.
#[must_use]
pub fn duplicate_names<'a>(forms: impl Iterator<Item = &'a Form>) -> Vec<(usize, Diagnostic)> {
    let mut seen: HashMap<&str, (&Form, &Spanned<String>)> = HashMap::new();
    let mut duplicates = Vec::new();
    for (index, form) in forms.enumerate() {
        for name in form.names() {
            let Some((other, first)) = seen.get(name.value.as_str()) else {
                seen.insert(&name.value, (form, name));
                continue;
            };
            if std::ptr::eq(*other, form) {
                let message = format!("`{}` is already a name of this form", name.value);
                let diagnostic =
                    Diagnostic::new(Rule::DuplicateFormName, &form.source, name.span.clone(), message);
                duplicates.push((index, diagnostic.help("remove it")));
                continue;
            }
            let message = format!("the name `{}` belongs to more than one form", name.value);
            let diagnostic =
                Diagnostic::new(Rule::DuplicateFormName, &form.source, name.span.clone(), message)
                    .label("again here")
                    .also(&other.source, first.span.clone(), "first here")
                    .help("give one of them another `name`, or remove the alias");
            duplicates.push((index, diagnostic));
        }
    }
    duplicates
}
