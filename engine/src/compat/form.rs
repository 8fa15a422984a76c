//! What a form says beside its fields: resource, access, policies, unknown fields, rate, computed values.

use super::finding::{Change, Finding};
use super::places::Places;
use crate::compile::CompiledForm;
use crate::model::{Access, Form, PayloadEntry, PayloadSource, RateLimit, Spanned, UnknownFields, dotted};

pub(super) fn compare(old: &CompiledForm, new: &CompiledForm) -> Vec<Finding> {
    // A member that comes later must be looked at: this does not compile without it.
    let Form {
        source: _,
        name,
        description: _,
        resource,
        access,
        unknown_fields,
        aliases: _,
        rate_limit,
        policies,
        fields: _,
        payload,
        after: _,
        // Of pages alone: requests to the API are not asked.
        spam: _,
        examples: _,
    } = &old.form;
    let before = Places::new(&old.form);
    let after = Places::new(&new.form);
    let mut findings = Vec::new();
    let mut report = |change, key: &str, message: String, was: String, is: String| {
        let (was, is) = (format!("before: {was}"), format!("after: {is}"));
        let finding = Finding::new(change, &name.value, message);
        findings.push(finding.old(before.of_form(key, was)).new_at(after.of_form(key, is)));
    };
    if *resource != new.form.resource {
        let (was, is) = (resource.name, new.form.resource.name);
        let message = format!("the form creates a `{is}` instead of a `{was}`");
        report(Change::ResourceChanged, "resource", message, was.to_owned(), is.to_owned());
    }
    let (was, is) = (access.name().to_owned(), new.form.access.name().to_owned());
    match (access, new.form.access) {
        (Access::Public, Access::Token) => {
            report(Change::AccessTightened, "access", "requests need a token now".to_owned(), was, is);
        }
        (Access::Token, Access::Public) => {
            report(Change::AccessLoosened, "access", "requests need no token any more".to_owned(), was, is);
        }
        _ => {}
    }
    match (unknown_fields, new.form.unknown_fields) {
        (UnknownFields::Ignore, UnknownFields::Reject) => report(
            Change::UnknownFieldsRefused,
            "unknown_fields",
            "requests with fields that the form does not declare are refused now".to_owned(),
            "ignored".to_owned(),
            "refused".to_owned(),
        ),
        (UnknownFields::Reject, UnknownFields::Ignore) => report(
            Change::UnknownFieldsIgnored,
            "unknown_fields",
            "fields that the form does not declare are ignored now".to_owned(),
            "refused".to_owned(),
            "ignored".to_owned(),
        ),
        _ => {}
    }
    if *rate_limit != new.form.rate_limit || *access != new.form.access {
        let (was, is) = (rate(&old.form), rate(&new.form));
        if was != is {
            let (change, message) = if allows(&is, &was) {
                (Change::RateLimitLoosened, "a client may submit more often")
            } else {
                (Change::RateLimitTightened, "a client may have to submit less often")
            };
            report(change, "rate_limit", message.to_owned(), describe(&was), describe(&is));
        }
    }
    findings.extend(compare_policies(&name.value, policies, &new.form.policies, &before, &after));
    findings.extend(compare_payload(&old.form, &new.form, payload, &new.form.payload));
    findings
}

fn compare_policies(
    form: &str,
    old: &[Spanned<String>],
    new: &[Spanned<String>],
    before: &Places<'_>,
    after: &Places<'_>,
) -> Vec<Finding> {
    let names = |policies: &[Spanned<String>], name: &str| policies.iter().any(|other| other.value == name);
    let added = new.iter().filter(|name| !names(old, &name.value)).map(|name| {
        let message = format!("the policy `{}` has to allow requests now", name.value);
        Finding::new(Change::PolicyAdded, form, message).new_at(after.label(&name.span, "after: asked too"))
    });
    let removed = old.iter().filter(|name| !names(new, &name.value)).map(|name| {
        let message = format!("the policy `{}` is not asked any more", name.value);
        Finding::new(Change::PolicyRemoved, form, message).old(before.label(&name.span, "before: asked"))
    });
    added.chain(removed).collect()
}

/// How often a client may submit, whether or not the form says it.
#[derive(PartialEq)]
enum Rate {
    Unlimited,
    OfTheServer,
    Limited { requests: u32, per: std::time::Duration },
}

fn rate(form: &Form) -> Rate {
    match (form.rate_limit, form.access) {
        (RateLimit::Off, _) | (RateLimit::Unstated, Access::Token) => Rate::Unlimited,
        (RateLimit::Unstated, Access::Public) => Rate::OfTheServer,
        (RateLimit::Limit { requests, per }, _) => Rate::Limited { requests, per },
    }
}

fn describe(rate: &Rate) -> String {
    match rate {
        Rate::Unlimited => "no limit".to_owned(),
        Rate::OfTheServer => "the server's limit for public forms".to_owned(),
        Rate::Limited { requests, per } => format!("{requests} requests in {} seconds", per.as_secs()),
    }
}

/// Whether one rate surely allows all that the other does.
fn allows(rate: &Rate, other: &Rate) -> bool {
    match (rate, other) {
        (Rate::Unlimited, _) => true,
        (Rate::Limited { requests, per }, Rate::Limited { requests: fewer, per: longer }) => {
            requests >= fewer && per <= longer
        }
        _ => false,
    }
}

fn compare_payload(
    old_form: &Form,
    new_form: &Form,
    old: &[PayloadEntry],
    new: &[PayloadEntry],
) -> Vec<Finding> {
    let (before, after) = (Places::new(old_form), Places::new(new_form));
    let name = &old_form.name.value;
    let renamed = *name != new_form.name.value;
    let mut findings = Vec::new();
    for entry in old {
        let path = dotted(&entry.path);
        let changed = |message: String| {
            let finding = Finding::new(Change::ComputedValueChanged, name, message).at(&path);
            finding.old(before.label(&entry.key, "before: computed so"))
        };
        match new.iter().find(|other| other.path == entry.path) {
            None => findings.push(changed(format!("`{path}` is not computed any more"))),
            Some(other) if !is_alike(&entry.source.value, &other.source.value, renamed) => {
                let label = after.label(&other.key, "after: computed so");
                findings.push(changed(format!("`{path}` is computed in another way")).new_at(label));
            }
            Some(_) => {}
        }
    }
    for entry in new.iter().filter(|entry| !old.iter().any(|other| other.path == entry.path)) {
        let path = dotted(&entry.path);
        let finding = Finding::new(Change::ComputedValueChanged, name, format!("`{path}` is computed now"));
        findings.push(finding.at(&path).new_at(after.label(&entry.key, "after: computed")));
    }
    let order = |entries: &[PayloadEntry]| -> Vec<String> {
        entries.iter().map(|entry| dotted(&entry.path)).collect()
    };
    if let (true, [first, ..]) = (findings.is_empty() && order(old) != order(new), new) {
        let message = "values are computed in another order";
        let label = after.label(&first.key, "after: computed first");
        findings.push(Finding::new(Change::ComputedValueChanged, name, message).new_at(label));
    }
    findings
}

/// Whether both give the same value; a template may speak of the form's name.
fn is_alike(old: &PayloadSource, new: &PayloadSource, renamed: bool) -> bool {
    match (old, new) {
        (PayloadSource::Template(old), PayloadSource::Template(new))
        | (PayloadSource::Expression(old), PayloadSource::Expression(new)) => {
            old == new && !(renamed && old.contains("form_configuration"))
        }
        (PayloadSource::Constant(old), PayloadSource::Constant(new)) => old == new,
        _ => false,
    }
}
