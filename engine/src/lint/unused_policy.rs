//! `unused-policy`: a policy that no form names, and so protects nothing.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, Rule};
use crate::model::Form;
use crate::policy::Policy;

/// The policies that none of `forms` names; those have to be all forms of the directory.
#[must_use]
pub fn unused_policies<'p>(
    forms: &[&Form],
    policies: impl IntoIterator<Item = &'p Policy>,
) -> Vec<Diagnostic> {
    let named: BTreeSet<&str> =
        forms.iter().flat_map(|form| &form.policies).map(|name| name.value.as_str()).collect();
    let unused = policies.into_iter().filter(|policy| !named.contains(policy.name()));
    unused.map(unused_policy).collect()
}

fn unused_policy(policy: &Policy) -> Diagnostic {
    let (says, name) = (policy.says(), policy.name());
    let span = says.allow.as_ref().map_or(0..0, |allow| allow.span.clone());
    Diagnostic::new(Rule::UnusedPolicy, &says.source, span, format!("no form names the policy `{name}`"))
        .help(format!("write `authorization_policies = [\"{name}\"]` in a form, or remove the file"))
}
