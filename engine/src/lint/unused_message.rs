//! `unused-message`: a message of a locale for a form, a field or an error that there is not.

use std::collections::{BTreeMap, BTreeSet};

use crate::compile::CompiledForm;
use crate::diagnostic::{Diagnostic, Rule, alternatives, nearest, nearest_path};
use crate::messages::{Entry, Locale};
use crate::model::Resource;
use crate::template::is_template;

/// What each field of a form, by its dotted path, can be told by a locale: the codes of its errors.
type Codes<'f> = BTreeMap<&'f str, BTreeSet<&'static str>>;

/// The messages of locales that none of `forms` ever shows.
///
/// `broken` holds the names of forms that do not compile; what those would show is not known. Messages of a code alone
/// are for the forms to come as well.
#[must_use]
pub fn unused_messages<'l>(
    forms: &[&CompiledForm],
    broken: &[&str],
    locales: impl IntoIterator<Item = &'l Locale>,
) -> Vec<Diagnostic> {
    let shown = Shown {
        by_form: forms.iter().map(|form| (form.name(), codes(form))).collect(),
        aliases: forms
            .iter()
            .flat_map(|form| form.form.aliases.iter().map(|alias| (alias.value.as_str(), form.name())))
            .collect(),
        broken,
    };
    let entries = locales.into_iter().flat_map(|locale| locale.entries().map(move |entry| (locale, entry)));
    let found = entries.filter_map(|(locale, entry)| {
        let (message, help) = shown.unused(entry)?;
        let source = locale.source();
        Some(Diagnostic::new(Rule::UnusedMessage, source, entry.span.clone(), message).help(help))
    });
    found.collect()
}

fn codes(form: &CompiledForm) -> Codes<'_> {
    let rules = &form.rules;
    let mut codes: Codes<'_> =
        rules.fields.iter().map(|field| (field.path.as_str(), BTreeSet::new())).collect();
    for rule in &rules.rules {
        // The author's own message comes first; a template may fail, and then the locale has its turn.
        let own = rule.message.as_ref().is_some_and(|message| !is_template(&message.value));
        if let (Some(field), false) = (rule.field.and_then(|field| rules.fields.get(field)), own) {
            codes.entry(&field.path).or_default().insert(rule.code);
        }
    }
    codes
}

struct Shown<'f> {
    by_form: BTreeMap<&'f str, Codes<'f>>,
    aliases: BTreeMap<&'f str, &'f str>,
    broken: &'f [&'f str],
}

impl Shown<'_> {
    /// Why no form shows an entry, and what to write instead.
    fn unused(&self, entry: &Entry) -> Option<(String, String)> {
        let (section, rest) = entry.key.split_once('.')?;
        let (path, code) = rest.rsplit_once('.')?;
        match section {
            // A form's name has no dots, a field's path may.
            "forms" => path.split_once('.').and_then(|(form, path)| self.of_form(form, path, code)),
            "fields" if self.broken.is_empty() && !self.may_come(path) => {
                let known: Vec<&str> =
                    self.by_form.values().flat_map(|codes| codes.keys().copied()).collect();
                let fitting = self.by_form.values().filter_map(|codes| codes.get(path));
                of_field(path, code, None, &known, &fitting.flatten().copied().collect())
            }
            _ => None,
        }
    }

    /// Whether it is a built-in field that no form lists yet.
    fn may_come(&self, path: &str) -> bool {
        Resource::ALL.iter().any(|resource| resource.member(path).is_some())
            && !self.by_form.values().any(|codes| codes.contains_key(path))
    }

    fn of_form(&self, form: &str, path: &str, code: &str) -> Option<(String, String)> {
        if self.broken.contains(&form) {
            return None;
        }
        if let Some(codes) = self.by_form.get(form) {
            let known: Vec<&str> = codes.keys().copied().collect();
            let fitting = codes.get(path).cloned().unwrap_or_default();
            return of_field(path, code, Some(form), &known, &fitting);
        }
        if let Some(name) = self.aliases.get(form) {
            let message = format!("`{form}` is an alias, and messages go by the form's name");
            return Some((message, format!("write `forms.{name}`")));
        }
        // A form that does not compile may have any name that cannot be read.
        self.broken.is_empty().then(|| {
            let help = nearest(form, self.by_form.keys().copied()).map_or_else(
                || "remove it, or name a form of this directory".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            (format!("there is no form `{form}`"), help)
        })
    }
}

/// Why an entry for a field of a form, or of all of them, is never shown.
fn of_field(
    path: &str,
    code: &str,
    form: Option<&str>,
    known: &[&str],
    codes: &BTreeSet<&'static str>,
) -> Option<(String, String)> {
    if !known.contains(&path) {
        let message = match form {
            Some(form) => format!("`{form}` has no field `{path}`"),
            None => format!("no form has a field `{path}`"),
        };
        let help = nearest_path(path, known.iter().copied()).map_or_else(
            || "a field goes by its whole path, such as `properties.colour`".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        return Some((message, help));
    }
    if code == Locale::LABEL || codes.contains(code) {
        return None;
    }
    let message = match form {
        Some(form) => format!("`{path}` of `{form}` never asks a locale for `{code}`"),
        None => format!("`{path}` never asks a locale for `{code}`, in any form"),
    };
    let help = if codes.is_empty() {
        "remove it: the field's rules have messages of their own".to_owned()
    } else {
        format!("it asks for {}", alternatives(codes.iter().copied()).replace(" or ", " and "))
    };
    Some((message, help))
}
