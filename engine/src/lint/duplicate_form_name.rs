//! `duplicate-form-name`: one name, several forms.

use rustc_hash::FxHashMap;

use crate::diagnostic::{Diagnostic, Rule};
use crate::model::Spanned;
use crate::outline::Outline;

/// Who claims a name, by index, and where.
type Claimants<'a> = Vec<(usize, &'a Spanned<String>)>;

/// For every form that has a name which belongs to another: its index, and the finding at both places.
///
/// A name belongs to the form of which `holds` says so, else to the first that claims it.
#[must_use]
pub fn duplicate_names(
    forms: &[&Outline],
    holds: impl Fn(&Outline, &str) -> bool,
) -> Vec<(usize, Diagnostic)> {
    let mut claims: FxHashMap<&str, Claimants<'_>> = FxHashMap::default();
    let mut duplicates = Vec::new();
    for (index, form) in forms.iter().enumerate() {
        for name in &form.names {
            let claimants = claims.entry(&name.value).or_default();
            if claimants.iter().any(|(earlier, _)| *earlier == index) {
                let message = format!("`{}` is already a name of this form", name.value);
                let diagnostic =
                    Diagnostic::new(Rule::DuplicateFormName, &form.source, name.span.clone(), message);
                duplicates.push((index, diagnostic.help("remove it")));
            } else {
                claimants.push((index, name));
            }
        }
    }
    let mut contested: Vec<(&str, Claimants<'_>)> =
        claims.into_iter().filter(|(_, claimants)| claimants.len() > 1).collect();
    contested.sort_by_key(|(name, claimants)| (claimants.first().map(|(index, _)| *index), *name));
    for (name, claimants) in contested {
        let holder = claimants.iter().find(|(index, _)| holds(forms[*index], name)).or(claimants.first());
        let Some(&(holder, first)) = holder else { continue };
        for (index, again) in claimants.into_iter().filter(|(index, _)| *index != holder) {
            let message = format!("the name `{name}` belongs to more than one form");
            let (file, place) = (&forms[index].source, again.span.clone());
            let diagnostic = Diagnostic::new(Rule::DuplicateFormName, file, place, message)
                .label("again here")
                .also(&forms[holder].source, first.span.clone(), "first here")
                .help("give one of them another `name`, or remove the alias");
            duplicates.push((index, diagnostic));
        }
    }
    duplicates
}
