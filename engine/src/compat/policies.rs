//! What the policies say that a form named before and names now, and what they read of it. Which policies it names is
//! compared with the form.

use std::sync::Arc;

use super::finding::{Change, Finding};
use super::places::label;
use crate::diagnostic::Label;
use crate::model::{DeniedAs, Form, Policy, Spanned};
use crate::policy::Policies;

/// What a policy reads of a form: a dotted path, which is empty where it may be anything.
pub(super) struct Reading<'p> {
    pub(super) policy: &'p str,
    pub(super) path: String,
}

/// What the policies read that both forms name.
pub(super) fn readings<'p>(old: &Form, new: &Form, policies: &'p Policies) -> Vec<Reading<'p>> {
    let kept = new.policies.iter().filter(|name| old.policies.iter().any(|other| other.value == name.value));
    let there = kept.filter_map(|name| policies.get(&name.value));
    let of = |policy: &'p Arc<crate::policy::Policy>| {
        let paths = policy.reads().iter().map(|(path, _)| path.join("."));
        paths.map(|path| Reading { policy: policy.name(), path })
    };
    there.flat_map(of).collect()
}

/// What a pair of forms has in common, under the name of the old one.
pub(super) fn compare(
    form: &str,
    (before, old): (&[Spanned<String>], &Policies),
    (after, new): (&[Spanned<String>], &Policies),
) -> Vec<Finding> {
    let kept = before.iter().filter(|name| after.iter().any(|other| other.value == name.value));
    let both = kept.filter_map(|name| Some((old.get(&name.value)?.says(), new.get(&name.value)?.says())));
    both.flat_map(|(old, new)| compare_policy(form, old, new)).collect()
}

fn compare_policy(form: &str, old: &Policy, new: &Policy) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut report = |change, message: String, was: String, is: String| {
        let finding = Finding::new(change, form, message).old(said(old, format!("before: {was}")));
        findings.push(finding.new_at(said(new, format!("after: {is}"))));
    };
    let allows = |policy: &Policy| policy.allow.as_ref().map(|allow| allow.value.clone());
    if allows(old) != allows(new) {
        let message = format!("the policy `{}` may allow other requests than before", new.name);
        report(Change::PolicyChanged, message, "allows this".to_owned(), "allows this".to_owned());
    }
    if old.denied_as != new.denied_as {
        let how = match new.denied_as {
            DeniedAs::Forbidden => "is told so, with 403",
            DeniedAs::NotFound => "is answered as if there were no such form",
        };
        let message = format!("who the policy `{}` does not allow {how}", new.name);
        let status = |policy: &Policy| format!("status {}", policy.denied_as.status());
        report(Change::ErrorCodeChanged, message, status(old), status(new));
    }
    findings
}

fn said(policy: &Policy, text: String) -> Label {
    let span = policy.allow.as_ref().map_or(0..0, |allow| allow.span.clone());
    label(&policy.source, &span, text)
}
