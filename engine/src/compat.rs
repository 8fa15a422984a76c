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

use policies::Reading;

pub use finding::{Category, Change, Finding, Outcome, Severity, Witness};

/// The forms and policies of a configuration directory.
#[derive(Clone, Copy, Debug)]
pub struct Configuration<'c> {
    /// Every form that is served.
    pub forms: &'c [Arc<CompiledForm>],
    /// The policies that forms can name.
    pub policies: &'c Policies,
}

/// Everything that clients of the old forms may notice of the new ones, form by form, and then of the policies that both
/// name; what is worst comes first within each. Requests are tried as of `now`.
#[must_use]
pub fn compare(old: Configuration<'_>, new: Configuration<'_>, now: SystemTime) -> Vec<Finding> {
    let (pairs, mut findings) = names::compare(old.forms, new.forms);
    for (before, after) in &pairs {
        let readings = policies::readings(&before.form, &after.form, new.policies);
        findings.extend(compare_pair(before, after, &readings, now));
    }
    for (before, after) in pairs {
        let (was, is) = (&before.form.policies, &after.form.policies);
        findings.extend(policies::compare(before.name(), (was, old.policies), (is, new.policies)));
    }
    findings
}

/// What became of one form, whatever its policies read.
#[must_use]
pub fn compare_forms(old: &CompiledForm, new: &CompiledForm, now: SystemTime) -> Vec<Finding> {
    compare_pair(old, new, &[], now)
}

fn compare_pair(
    old: &CompiledForm,
    new: &CompiledForm,
    readings: &[Reading<'_>],
    now: SystemTime,
) -> Vec<Finding> {
    // Nearly every form of a change is as it was.
    if old.form.source.text == new.form.source.text && old.name() == new.name() {
        return Vec::new();
    }
    let mut findings = form::compare(old, new);
    findings.extend(fields::compare(old, new));
    let reasons = consequence::add(&old.form, &new.form, readings, &mut findings);
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
