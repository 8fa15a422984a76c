//! What a change of configuration does to clients: is every request that the old forms accepted still accepted, and
//! stored alike?
//!
//! In: the compiled forms of two configurations. Out: [`Finding`]s, with a request that shows each where one is found.
//! The model is compared member by member: what is neither seen nor proved to widen is reported. Since that reasoning
//! may err, requests that the old form accepts are tried with the new one, and what is refused or stored differently
//! without a finding is one itself. Expressions of policies are compared as texts. Called by the command line.

mod consequence;
mod demand;
mod fields;
mod finding;
mod form;
mod names;
mod number;
mod places;
mod policies;
mod proof;
mod rules;
mod statement;
mod witness;

use std::sync::Arc;
use std::time::SystemTime;

use crate::compile::CompiledForm;
use crate::policy::Policies;

pub use finding::{Category, Change, Finding, Outcome, Severity, Witness};

/// Everything that clients of the old forms may notice of the new ones, form by form; what is worst comes first within
/// each. Requests are tried as of `now`.
#[must_use]
pub fn compare(old: &[Arc<CompiledForm>], new: &[Arc<CompiledForm>], now: SystemTime) -> Vec<Finding> {
    let (pairs, mut findings) = names::compare(old, new);
    for (old, new) in pairs {
        findings.extend(compare_forms(old, new, now));
    }
    findings
}

/// What clients may notice of the policies that old and new forms name both: each is told for each form that names it.
#[must_use]
pub fn compare_policies(
    (old, before): (&[Arc<CompiledForm>], &Policies),
    (new, after): (&[Arc<CompiledForm>], &Policies),
) -> Vec<Finding> {
    let (pairs, _) = names::compare(old, new);
    let of_pair = |(old, new): &(&CompiledForm, &CompiledForm)| {
        policies::compare(old.name(), (&old.form.policies, before), (&new.form.policies, after))
    };
    pairs.iter().flat_map(of_pair).collect()
}

/// What became of one form.
#[must_use]
pub fn compare_forms(old: &CompiledForm, new: &CompiledForm, now: SystemTime) -> Vec<Finding> {
    // Nearly every form of a change is as it was.
    if old.form.source.text == new.form.source.text && old.name() == new.name() {
        return Vec::new();
    }
    let mut findings = form::compare(old, new);
    findings.extend(fields::compare(old, new));
    let reasons = consequence::add(&old.form, &new.form, &mut findings);
    witness::add(old, new, &mut findings, now);
    consequence::explain(&mut findings, reasons);
    // Stable: what is equally bad keeps the order of the form.
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

/// How many findings there are of a severity.
#[must_use]
pub fn count(findings: &[Finding], severity: Severity) -> usize {
    findings.iter().filter(|finding| finding.severity == severity).count()
}
