//! `unfit-template`: a form's own template names a field that is not on its page, or leaves out one that has to be.

use crate::diagnostic::{Diagnostic, Rule, alternatives, nearest_path};
use crate::outline::Outline;
use crate::presentation::{Question, questions};
use crate::theme::Template;
use crate::{lower, syntax};

/// So many fields are listed where none is near to what was written.
const SHOWN: usize = 12;

/// What templates of forms name that the form does not ask, and what they leave out without which nobody can send it.
#[must_use]
pub fn unfit_templates(forms: &[&Outline], templates: &[&Template]) -> Vec<Diagnostic> {
    let of = |template: &&Template| {
        let name = template.of_form()?;
        let form = forms.iter().find(|form| form.name() == name)?;
        // There may be ten thousand forms and few templates, so what pages ask is not kept.
        let (table, _) = syntax::parse(&form.source);
        let asked = questions(&lower::lower(&form.source, &table).0);
        // What has no page asks nothing.
        (!asked.is_empty()).then(|| of_form(template, name, &asked))
    };
    templates.iter().filter_map(of).flatten().collect()
}

fn of_form(template: &Template, form: &str, asked: &[Question]) -> Vec<Diagnostic> {
    let is_asked = |name: &str| asked.iter().any(|question| question.name == name);
    let shown = template.shown_fields();
    let mut found: Vec<Diagnostic> = shown
        .named
        .iter()
        .filter(|(chain, _)| !is_asked(&chain[0]) || chain.len() > 1)
        .map(|(chain, span)| {
            let whole = chain.join(".");
            let message = format!("the page of `{form}` has no field `{whole}`");
            let names = asked.iter().map(|question| question.name.as_str());
            let near =
                if is_asked(&whole) { Some(whole.as_str()) } else { nearest_path(&whole, names.clone()) };
            let help = match near {
                Some(near) => format!("did you mean `field[\"{near}\"]`?"),
                None if asked.len() > SHOWN => {
                    "a field goes by its whole path, such as `properties.colour`".to_owned()
                }
                None => format!("it has {}", alternatives(names).replace(" or ", " and ")),
            };
            Diagnostic::new(Rule::UnfitTemplate, template.source(), span.clone(), message).help(help)
        })
        .collect();
    // A misspelt field is missing, too: one finding is enough.
    if found.is_empty() && !shown.may_show_any {
        let is_shown = |name: &str| shown.named.iter().any(|(chain, _)| chain[0] == name);
        let missing = asked.iter().filter(|question| question.needed && !is_shown(&question.name));
        found.extend(missing.map(|question| {
            let message = format!("`{}` is required, and the page does not ask for it", question.name);
            let help = format!("put `{{{{ field[\"{}\"] }}}}` where it belongs", question.name);
            Diagnostic::new(Rule::UnfitTemplate, template.source(), 0..0, message).help(help)
        }));
    }
    found
}
