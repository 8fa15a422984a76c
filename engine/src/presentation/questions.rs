//! What templates have to know of a form: what its page asks, and with which widgets.
//!
//! In: a form. Out: names, for the rules between forms and templates. Called by `build` and `lint`.

use super::{control, is_asked, is_demanded};
use crate::model::{Access, Field, FieldType, Form, Spanned, Step, dotted};

/// Every word of ours for a widget.
const BUILT_IN: [&str; 16] = [
    "input",
    "text",
    "email",
    "tel",
    "url",
    "password",
    "number",
    "date",
    "datetime",
    "textarea",
    "checkbox",
    "radio",
    "select",
    "checkboxes",
    "group",
    "list",
];
/// Those of them that are shown by templates of their own, and not as a line of text.
const NO_INPUT: [&str; 7] = ["textarea", "checkbox", "radio", "select", "checkboxes", "group", "list"];

/// One question of a page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// The dotted path of its field.
    pub(crate) name: String,
    /// Whether nothing is accepted without an answer.
    pub(crate) needed: bool,
}

/// A widget that an author names, and that no built-in one stands for.
#[derive(Debug)]
pub struct Widget {
    pub(crate) name: Spanned<String>,
    /// What the field could have instead.
    pub(crate) fitting: Vec<&'static str>,
}

/// What a form's template finds under `field`; nothing of a form that has no page.
pub(crate) fn questions(form: &Form) -> Vec<Question> {
    let mut asked = Vec::new();
    if form.access == Access::Public {
        ask(form, &form.fields, &mut Vec::new(), &mut asked);
    }
    asked
}

/// The widgets of a form's fields that can only be templates.
pub(crate) fn widgets(form: &Form) -> Vec<Widget> {
    let mut widgets = Vec::new();
    form.for_each_field(&mut |field, _| widgets.extend(widget(field)));
    widgets
}

/// Whether formwork has a widget of this name.
pub(crate) fn is_built_in(widget: &str) -> bool {
    BUILT_IN.contains(&widget)
}

/// As the page shows them: groups that only hold others are none.
fn ask(form: &Form, fields: &[Field], way: &mut Vec<Step>, asked: &mut Vec<Question>) {
    for field in fields {
        way.push(Step::Key(field.name.value.clone()));
        if is_asked(form, field, way) {
            match &field.ty {
                FieldType::Group { fields, implied: true } => ask(form, fields, way, asked),
                _ => asked.push(Question {
                    name: dotted(way),
                    needed: field.when.is_none()
                        && field.default.is_none()
                        && (is_demanded(field) || control::must_be_true(field)),
                }),
            }
        }
        way.pop();
    }
}

fn widget(field: &Field) -> Option<Widget> {
    let name = field.ui.widget.as_ref()?;
    let (natural, others) = control::fitting(field);
    let word = name.value.as_str();
    if word == natural || others.contains(&word) || word == "input" && !NO_INPUT.contains(&natural) {
        return None;
    }
    let mut fitting = vec![natural];
    fitting.extend(others.iter().filter(|other| **other != natural));
    Some(Widget { name: name.clone(), fitting })
}
