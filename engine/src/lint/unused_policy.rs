//! `unused-policy`: a policy that no form names, and so protects nothing.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, Rule, nearest};
use crate::model::Spanned;
use crate::policy::Policy;

/// The policies that are not among those that are `named`; these have to be from all forms of the directory.
#[must_use]
pub fn unused_policies<'p>(
    named: impl IntoIterator<Item = &'p Spanned<String>>,
    policies: impl IntoIterator<Item = &'p Policy>,
) -> Vec<Diagnostic> {
    let named: BTreeSet<&str> = named.into_iter().map(|name| name.value.as_str()).collect();
    let policies: Vec<&Policy> = policies.into_iter().collect();
    // A name that no policy has is reported; the policy that it is meant for is not unused.
    let known = |name: &str| policies.iter().any(|policy| policy.name() == name);
    let unknown: Vec<&str> = named.iter().copied().filter(|name| !known(name)).collect();
    let is_meant = |policy: &Policy| unknown.iter().any(|name| nearest(name, [policy.name()]).is_some());
    let unused = policies.iter().filter(|policy| !named.contains(policy.name()) && !is_meant(policy));
    unused.map(|policy| unused_policy(policy)).collect()
}

fn unused_policy(policy: &Policy) -> Diagnostic {
    let (says, name) = (policy.says(), policy.name());
    let span = says.allow.as_ref().map_or(0..0, |allow| allow.span.clone());
    Diagnostic::new(Rule::UnusedPolicy, &says.source, span, format!("no form names the policy `{name}`"))
        .help(format!("write `authorization_policies = [\"{name}\"]` in a form, or remove the file"))
}
