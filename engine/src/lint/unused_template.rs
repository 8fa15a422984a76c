//! `unused-template`: a template for a form or a widget that there is not.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, Rule, nearest};
use crate::outline::Outline;
use crate::presentation::Questions;
use crate::theme::Template;

/// The templates that no page is made with: `forms` have to be all of the directory, each with what its page asks.
#[must_use]
pub fn unused_templates(forms: &[(&Outline, &Questions)], templates: &[&Template]) -> Vec<Diagnostic> {
    let names: BTreeSet<&str> = forms.iter().map(|(form, _)| form.name()).collect();
    let widgets: BTreeSet<&str> = forms
        .iter()
        .flat_map(|(_, questions)| &questions.widgets)
        .map(|widget| widget.name.value.as_str())
        .collect();
    let found = templates.iter().filter_map(|template| {
        let (message, help) = match (template.of_form(), template.of_widget()) {
            (Some(form), _) if !names.contains(form) => (
                format!("there is no form `{form}`"),
                forms
                    .iter()
                    .find(|(known, _)| known.aliases().iter().any(|alias| alias.value == form))
                    .map_or_else(
                        || meant(form, "forms", &names),
                        |(known, _)| {
                            format!("templates go by the form's name: call it `forms/{}.html`", known.name())
                        },
                    ),
            ),
            (_, Some(widget)) if !Questions::is_built_in(widget) && !widgets.contains(widget) => {
                (format!("no field has the widget `{widget}`"), meant(widget, "field", &widgets))
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
