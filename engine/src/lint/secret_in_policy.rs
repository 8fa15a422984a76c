//! `secret-in-template`: a policy reads a field that is secret in a form which names it, and so sees nothing there.
//!
//! What a resource builds in is judged with the policy alone, whatever forms name it.

use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{Field, Form};
use crate::policy::Policies;

/// The secret fields of a form that its policies read, at the name of each policy.
#[must_use]
pub fn secrets_in_policies(form: &Form, policies: &Policies) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for name in &form.policies {
        let Some(policy) = policies.get(&name.value) else { continue };
        for (path, place) in policy.reads() {
            let Some(secret) = secret_at(&form.fields, &path) else { continue };
            let written = path.join(".");
            let message = format!("`{written}` is secret, and the policy `{}` cannot see it", name.value);
            let help = "take `secret` from the field, or name a policy that does not ask for it";
            found.push(
                Diagnostic::new(Rule::SecretInTemplate, &form.source, name.span.clone(), message)
                    .help(help)
                    .also(&form.source, secret.name.span.clone(), "secret here")
                    .also(&policy.says().source, place, "read here"),
            );
        }
    }
    found
}

/// The secret field on the way that names lead, first of all.
fn secret_at<'f>(fields: &'f [Field], names: &[String]) -> Option<&'f Field> {
    let (name, rest) = names.split_first()?;
    let field = fields.iter().find(|field| field.name.value == *name)?;
    if field.secret { Some(field) } else { secret_at(field.fields(), rest) }
}
