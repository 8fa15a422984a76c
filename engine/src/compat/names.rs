//! Which new form answers to the names of an old one; names and forms that are gone or new.

use std::sync::Arc;

use super::finding::{Change, Finding};
use super::places::label;
use crate::compile::CompiledForm;
use crate::model::Form;

/// The pairs of forms that answer to the same name, each once.
type Pairs<'f> = Vec<(&'f CompiledForm, &'f CompiledForm)>;

pub(super) fn compare<'f>(
    old: &'f [Arc<CompiledForm>],
    new: &'f [Arc<CompiledForm>],
) -> (Pairs<'f>, Vec<Finding>) {
    let (mut pairs, mut findings): (Pairs<'f>, _) = (Vec::new(), Vec::new());
    for form in old {
        let served = |name: &str| new.iter().find(|form| answers(&form.form, name));
        let mut gone = Vec::new();
        for name in form.form.names() {
            match served(&name.value) {
                None => gone.push(name),
                Some(by)
                    if pairs.iter().any(|(a, b)| {
                        std::ptr::eq(*a, &raw const **form) && std::ptr::eq(*b, &raw const **by)
                    }) => {}
                Some(by) => pairs.push((form, by)),
            }
        }
        if gone.len() == form.form.names().count() {
            let message = format!("the form `{}` is gone", form.name());
            let help = format!(
                "keep it, or write `aliases = [\"{}\"]` in the form that takes its place",
                form.name()
            );
            let label = label(&form.form.source, &form.form.name.span, "before: the form");
            findings.push(Finding::new(Change::FormRemoved, form.name(), message).help(help).old(label));
            continue;
        }
        for name in gone {
            let message = format!("the form does not answer to `{}` any more", name.value);
            let help = format!("write `aliases = [\"{}\"]` in the form that takes its place", name.value);
            let label = label(&form.form.source, &name.span, "before: a name of the form");
            findings.push(Finding::new(Change::NameRemoved, form.name(), message).help(help).old(label));
        }
    }
    for form in new {
        let known = |name: &str| old.iter().any(|form| answers(&form.form, name));
        let added: Vec<_> = form.form.names().filter(|name| !known(&name.value)).collect();
        if added.len() == form.form.names().count() {
            let message = format!("the form `{}` is new", form.name());
            let label = label(&form.form.source, &form.form.name.span, "after: the form");
            findings.push(Finding::new(Change::FormAdded, form.name(), message).new_at(label));
            continue;
        }
        for name in added {
            let message = format!("the form answers to `{}` too", name.value);
            let label = label(&form.form.source, &name.span, "after: a name of the form");
            findings.push(Finding::new(Change::NameAdded, form.name(), message).new_at(label));
        }
    }
    (pairs, findings)
}

fn answers(form: &Form, name: &str) -> bool {
    form.names().any(|own| own.value == name)
}
