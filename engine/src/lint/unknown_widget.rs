//! `unknown-widget`: a field asks for a widget that is neither built in nor a template, or that does not fit it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Rule, alternatives, nearest};
use crate::presentation::{Widget, is_built_in};
use crate::source::SourceFile;

/// The widgets of a form's fields for which there is neither a built-in one that fits nor any of `templates`.
#[must_use]
pub fn unknown_widgets(
    file: &Arc<SourceFile>,
    widgets: &[Widget],
    templates: &BTreeSet<&str>,
) -> Vec<Diagnostic> {
    let own: Vec<&str> = templates.iter().filter_map(|name| name.strip_prefix("field/")).collect();
    let unknown = widgets.iter().filter(|widget| !own.contains(&widget.name.value.as_str()));
    let found = unknown.map(|widget| {
        let name = &widget.name.value;
        let fitting = alternatives(widget.fitting.iter().copied());
        let (message, help) = if is_built_in(name) {
            (format!("the widget `{name}` does not fit this field"), format!("write {fitting}"))
        } else {
            let own = own.iter().copied().filter(|own| !is_built_in(own));
            let help = nearest(name, widget.fitting.iter().copied().chain(own)).map_or_else(
                || format!("write {fitting}, or a template of your own, `templates/field/{name}.html`"),
                |near| format!("did you mean `{near}`?"),
            );
            (format!("there is no widget `{name}`"), help)
        };
        Diagnostic::new(Rule::UnknownWidget, file, widget.name.span.clone(), message).help(help)
    });
    found.collect()
}
