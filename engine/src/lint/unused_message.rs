//! `unused-message`: a message of a locale for a form, a field or an error that there is not.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::diagnostic::{Diagnostic, Rule, alternatives, nearest, nearest_path};
use crate::messages::{Entry, Locale};
use crate::model::Resource;
use crate::outline::{Asking, Outline};

/// The messages of locales that none of `forms` ever shows.
///
/// `broken` holds the names of forms that do not compile; what those would show is not known. Messages of a code alone
/// are for the forms to come as well.
#[must_use]
pub fn unused_messages<'l>(
    forms: &[&Outline],
    broken: &[&str],
    locales: impl IntoIterator<Item = &'l Locale>,
) -> Vec<Diagnostic> {
    let of_locale = |locale: &'l Locale| locale.entries().map(move |entry| (locale, entry));
    let entries: Vec<(&Locale, &Entry)> = locales.into_iter().flat_map(of_locale).collect();
    if entries.is_empty() {
        return Vec::new();
    }
    let shown = Shown::new(forms, broken, entries.iter().map(|(_, entry)| *entry));
    let found = entries.into_iter().filter_map(|(locale, entry)| {
        let (message, help) = shown.unused(entry)?;
        Some(Diagnostic::new(Rule::UnusedMessage, locale.source(), entry.span.clone(), message).help(help))
    });
    found.collect()
}

/// The codes that a field can ask a locale for.
type Codes = BTreeSet<&'static str>;

/// What forms ask locales for. There may be many forms and few messages, so only what is asked about is looked up.
struct Shown<'f> {
    forms: &'f [&'f Outline],
    broken: &'f [&'f str],
    by_name: FxHashMap<&'f str, &'f Outline>,
    /// Of each field that a message names for all forms: what any of them asks for; nothing where none has it.
    fields: FxHashMap<&'f str, Option<Codes>>,
}

impl<'f> Shown<'f> {
    fn new(forms: &'f [&Outline], broken: &'f [&str], entries: impl Iterator<Item = &'f Entry>) -> Self {
        let named = entries.filter_map(|entry| entry.key.strip_prefix("fields.")?.rsplit_once('.'));
        let mut fields: FxHashMap<&str, Option<Codes>> = named.map(|(path, _)| (path, None)).collect();
        if !fields.is_empty() {
            for form in forms {
                for field in &form.fields {
                    if let Some(codes) = fields.get_mut(field.path.as_str()) {
                        codes.get_or_insert_default().extend(&field.codes);
                    }
                }
            }
        }
        let by_name = forms.iter().map(|form| (form.name(), *form)).collect();
        Self { forms, broken, by_name, fields }
    }

    /// Why no form shows an entry, and what to write instead.
    fn unused(&self, entry: &Entry) -> Option<(String, String)> {
        let (section, rest) = entry.key.split_once('.')?;
        let (path, code) = rest.rsplit_once('.')?;
        match section {
            // A form's name has no dots, a field's path may.
            "forms" => path.split_once('.').and_then(|(form, path)| self.of_form(form, path, code)),
            "fields" if self.broken.is_empty() => match self.fields.get(path)? {
                Some(codes) => never_asked(path, code, None, codes),
                // A built-in field that no form lists yet.
                None if Resource::ALL.iter().any(|resource| resource.member(path).is_some()) => None,
                None => Some(no_field(path, None, self.forms)),
            },
            _ => None,
        }
    }

    fn of_form(&self, name: &str, path: &str, code: &str) -> Option<(String, String)> {
        if self.broken.contains(&name) {
            return None;
        }
        let of_the_form = path == Locale::BASE && Locale::TEXTS.contains(&code);
        if let Some(form) = self.by_name.get(name) {
            if of_the_form {
                return None;
            }
            let of_path: Vec<&Asking> = form.fields.iter().filter(|field| field.path == path).collect();
            if of_path.is_empty() {
                return Some(no_field(path, Some(name), &[form]));
            }
            let codes = of_path.into_iter().flat_map(|field| field.codes.iter().copied()).collect();
            return never_asked(path, code, Some(name), &codes);
        }
        let has_alias = |form: &&&Outline| form.aliases().iter().any(|alias| alias.value == name);
        if let Some(form) = self.forms.iter().find(has_alias) {
            let message = format!("`{name}` is an alias, and messages go by the form's name");
            return Some((message, format!("write `forms.{}`", form.name())));
        }
        // A form that does not compile may have any name that cannot be read.
        self.broken.is_empty().then(|| {
            let help = nearest(name, self.by_name.keys().copied()).map_or_else(
                || "remove it, or name a form of this directory".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            (format!("there is no form `{name}`"), help)
        })
    }
}

/// A path that none of the forms has.
fn no_field(path: &str, form: Option<&str>, forms: &[&Outline]) -> (String, String) {
    let message = match form {
        Some(form) => format!("`{form}` has no field `{path}`"),
        None => format!("no form has a field `{path}`"),
    };
    let known: BTreeSet<&str> =
        forms.iter().flat_map(|form| form.fields.iter().map(|field| field.path.as_str())).collect();
    let help = nearest_path(path, known).map_or_else(
        || "a field goes by its whole path, such as `properties.colour`".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    (message, help)
}

/// A code that a field never asks for.
fn never_asked(path: &str, code: &str, form: Option<&str>, codes: &Codes) -> Option<(String, String)> {
    if Locale::TEXTS.contains(&code) || codes.contains(code) {
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
