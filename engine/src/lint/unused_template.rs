//! `unused-template`: a template for a form or a widget that there is not.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, Rule, nearest};
use crate::outline::Outline;
use crate::presentation::is_built_in;
use crate::theme::Template;

/// The templates that no page is made with: `forms` and `widgets` have to be all of the directory.
#[must_use]
pub fn unused_templates(
    forms: &[&Outline],
    widgets: &BTreeSet<&str>,
    templates: &[&Template],
) -> Vec<Diagnostic> {
    let names: BTreeSet<&str> = forms.iter().map(|form| form.name()).collect();
    let found = templates.iter().filter_map(|template| {
        let (message, help) = match (template.of_form(), template.of_widget()) {
            (Some(form), _) if !names.contains(form) => (
                format!("there is no form `{form}`"),
                forms
                    .iter()
                    .find(|known| known.aliases().iter().any(|alias| alias.value == form))
                    .map_or_else(
                        || meant(form, "forms", &names),
                        |known| {
                            format!("templates go by the form's name: call it `forms/{}.html`", known.name())
                        },
                    ),
            ),
            (_, Some(widget)) if !is_built_in(widget) && !widgets.contains(widget) => {
                (format!("no field has the widget `{widget}`"), meant(widget, "field", widgets))
            }
            _ => return None,
        };
        Some(Diagnostic::new(Rule::UnusedTemplate, template.source(), 0..0, message).help(help))
    });
    found.collect()
}

/// What the file should be called.
fn meant(name: &str, directory: &str, known: &BTreeSet<&str>) -> String {
    nearest(name, known.iter().copied()).map_or_else(
        || "remove it, or name what it is for".to_owned(),
        |near| format!("did you mean `{directory}/{near}.html`?"),
    )
}
