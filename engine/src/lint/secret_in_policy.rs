//! `secret-in-template`: a policy reads a field that is secret in a form which names it, and so sees nothing there.
//!
//! What a resource builds in is judged with the policy alone, whatever forms name it.

use crate::diagnostic::{Diagnostic, Rule};
use crate::model::Spanned;
use crate::outline::Outline;
use crate::policy::Policies;

/// The secret fields of a form that the policies it names read, at the name of each policy.
#[must_use]
pub fn secrets_in_policies(
    form: &Outline,
    names: &[Spanned<String>],
    policies: &Policies,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for name in names {
        let Some(policy) = policies.get(&name.value) else { continue };
        for (path, place) in policy.reads() {
            let Some(secret) = form.secrets.iter().find(|secret| path.starts_with(&secret.path)) else {
                continue;
            };
            let written = path.join(".");
            let message = format!("`{written}` is secret, and the policy `{}` cannot see it", name.value);
            let help = "take `secret` from the field, or name a policy that does not ask for it";
            found.push(
                Diagnostic::new(Rule::SecretInTemplate, &form.source, name.span.clone(), message)
                    .help(help)
                    .also(&form.source, secret.span.clone(), "secret here")
                    .also(&policy.says().source, place.clone(), "read here"),
            );
        }
    }
    found
}
