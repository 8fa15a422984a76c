//! A compiled form as a description of inputs: what people are asked, in their language, with what they entered.
//!
//! In: the form, a client's languages, the values that were entered and what is wrong with them. Out: a tree of
//! [`Input`]s, which `theme` makes a page of. What a page sends comes back through [`decode`]. Called by the server for
//! each page, and by `lint` for templates.

mod browser;
mod control;
mod questions;
mod values;

use std::collections::HashMap;
use std::time::SystemTime;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::compile::CompiledForm;
use crate::messages::{Languages, Locales, Words};
use crate::model::{Check, Condition, Expectation, Field, FieldType, Form, Step, dotted};
use crate::schema::{Operand, clauses};
use crate::vocabulary::Relation;

pub use browser::rules_for_browser;
pub use questions::Widget;
pub(crate) use questions::{Question, is_built_in, questions, widgets};
pub use values::{DecodeFault, Rows, decode, without_secrets};

/// Between the name of a control of ours and what it is about: no field's path holds it.
pub const OWN: &str = "formwork:";

/// The most rows of an array that are shown before anyone asks for more.
const MOST_FIRST_ROWS: u64 = 20;

/// A form as people see it.
#[derive(Clone, Debug, Serialize)]
pub struct Presentation {
    /// What it is called.
    pub title: String,
    /// Prose about it.
    pub description: Option<String>,
    /// What is on the button.
    pub submit: String,
    /// The language that it is in, a BCP 47 tag.
    pub lang: String,
    /// `ltr` or `rtl`.
    pub dir: &'static str,
    /// What is asked, in the order in which it is shown.
    pub inputs: Vec<Input>,
}

/// One question: a control, or a group of them.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Input {
    /// The name under which its value is sent: the dotted path, with the indexes of items.
    pub name: String,
    /// The `id` of its control.
    pub id: String,
    /// What it is shown with: the author's word, or that of `kind`.
    pub widget: String,
    /// The built-in widget that fits it.
    pub kind: &'static str,
    /// What it is called.
    pub label: String,
    /// Prose about it.
    pub help: Option<String>,
    /// When it counts, for those who see it at all times.
    pub hint: Option<String>,
    /// Whether a value is always demanded.
    pub required: bool,
    /// HTML attributes of the control beyond those that every control has.
    pub attributes: Vec<(&'static str, String)>,
    /// What was entered, or the default; never of a secret.
    pub value: String,
    /// Whether a box is ticked.
    pub checked: bool,
    /// What can be chosen.
    pub options: Vec<Choice>,
    /// What is wrong with it.
    pub errors: Vec<String>,
    /// What is within a group, or the rows of a list.
    pub inputs: Vec<Input>,
    /// A further row of a list, with a placeholder for its index.
    pub blank: Option<Box<Input>>,
    /// When it is shown: for each part, the name of what has to meet a schema.
    pub when: Option<Value>,
    /// Whether a group is absent where nothing is entered in it.
    pub optional: bool,
}

/// A value that can be chosen.
#[derive(Clone, Debug, Serialize)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What people read.
    pub label: String,
    /// Whether it is chosen.
    pub selected: bool,
    /// The `id` of its control, where it has one of its own.
    pub id: String,
}

/// What a page shows besides the form itself.
#[derive(Default)]
pub struct Entered<'a> {
    /// What was entered; nothing on a page that nobody has sent yet.
    pub values: Option<&'a Map<String, Value>>,
    /// What is wrong, by dotted path.
    pub errors: HashMap<String, Vec<String>>,
    /// The array that gets a further row, by its dotted path.
    pub add: Option<&'a str>,
}

/// Describes a form for one client.
#[must_use]
pub fn present(
    form: &CompiledForm,
    locales: &Locales,
    languages: &Languages,
    now: SystemTime,
    entered: &Entered<'_>,
) -> Presentation {
    let words = Words::new(locales, languages, form.name());
    let presenter = Presenter {
        form,
        words: &words,
        confirmations: confirmations(form, locales, languages),
        now,
        entered,
    };
    let inputs = presenter.fields(&form.form.fields, &mut Way::default(), entered.values, Scope::default());
    let (lang, dir) = words.language();
    Presentation {
        title: words.of_form("label").unwrap_or_else(|| crate::model::label_from(form.name())),
        description: words.of_form("description").or_else(|| form.form.description.clone()),
        submit: words.of_page("submit", &Map::new()),
        lang: lang.to_owned(),
        dir,
        inputs,
    }
}

/// What is said where a value is not repeated, by the dotted path of the field that is to be repeated.
fn confirmations(form: &CompiledForm, locales: &Locales, languages: &Languages) -> HashMap<String, String> {
    let rules = form.rules.rules.iter().enumerate();
    let found = rules.filter_map(|(index, rule)| match &rule.operand {
        Some(Operand::Relation(Relation::Confirmation { case_sensitive: true, .. })) => {
            let path = form.rules.fields.get(rule.field?)?.path.clone();
            Some((path, crate::messages::of_rule(form, locales, languages, index)?))
        }
        _ => None,
    });
    found.collect()
}

/// Where a field is: the way through the form, and through the values.
#[derive(Clone, Default)]
struct Way {
    steps: Vec<Step>,
    names: Vec<String>,
}

impl Way {
    fn push(&mut self, step: Step, name: String) {
        self.steps.push(step);
        self.names.push(name);
    }

    fn pop(&mut self) {
        self.steps.pop();
        self.names.pop();
    }
}

/// What is around a field.
#[derive(Clone, Copy, Default)]
struct Scope {
    /// Whether the field may not be there, whatever it demands itself.
    optional: bool,
    /// Whether defaults are left to be filled in later.
    bare: bool,
    /// Whether the field repeats one that is demanded.
    repeats_demanded: bool,
}

struct Presenter<'a> {
    form: &'a CompiledForm,
    words: &'a Words<'a>,
    confirmations: HashMap<String, String>,
    now: SystemTime,
    entered: &'a Entered<'a>,
}

impl Presenter<'_> {
    fn fields(
        &self,
        fields: &[Field],
        way: &mut Way,
        values: Option<&Map<String, Value>>,
        scope: Scope,
    ) -> Vec<Input> {
        let mut ordered: Vec<(i64, &Field)> = (0..).zip(fields).collect();
        ordered.sort_by_key(|(place, field)| field.ui.order.unwrap_or(*place));
        let mut inputs = Vec::new();
        for (_, field) in ordered {
            way.push(Step::Key(field.name.value.clone()), field.name.value.clone());
            if is_asked(&self.form.form, field, &way.steps) {
                let value = values.and_then(|values| values.get(&field.name.value));
                if let FieldType::Group { fields, implied: true } = &field.ty {
                    let values = value.and_then(Value::as_object);
                    inputs.extend(self.fields(fields, way, values, scope));
                } else {
                    let repeats_demanded = repeated(fields, field).is_some_and(is_demanded);
                    inputs.push(self.input(field, way, value, Scope { repeats_demanded, ..scope }));
                }
            }
            way.pop();
        }
        inputs
    }

    fn input(&self, field: &Field, way: &mut Way, value: Option<&Value>, scope: Scope) -> Input {
        let path = dotted(&way.steps);
        let name = way.names.join(".");
        let kind = control::kind(field);
        let conditional = scope.optional || field.when.is_some();
        let demanded = is_demanded(field);
        // What repeats another is demanded with it.
        let demanded = demanded || scope.repeats_demanded;
        let required = control::must_be_true(field) || (demanded && kind != "checkbox");
        let fresh = self.entered.values.is_none() && !scope.bare;
        let value = value.or_else(|| field.default.as_ref().filter(|_| fresh).map(|default| &default.value));
        let mut input = Input {
            id: id(&name),
            widget: field.ui.widget.as_ref().map_or_else(|| kind.to_owned(), |widget| widget.value.clone()),
            kind,
            label: self.words.of_field(&path, "label").unwrap_or_else(|| field.label.clone()),
            help: self.words.of_field(&path, "description").or_else(|| field.description.clone()),
            hint: field.when.as_ref().map(|when| self.hint(way, when)),
            required,
            errors: self.entered.errors.get(&name).cloned().unwrap_or_default(),
            when: field.when.as_ref().map(|when| self.when(way, when)),
            name,
            ..Input::default()
        };
        if !field.ty.is_compound() {
            input.attributes = control::attributes(field, self.now);
            if required && !conditional {
                input.attributes.push(("required", String::new()));
            }
            let placeholder =
                self.words.of_field(&path, "placeholder").or_else(|| field.ui.placeholder.clone());
            input.attributes.extend(placeholder.map(|text| ("placeholder", text)));
            self.repeats(&mut input, &path);
        }
        let inner = Scope { optional: conditional || !demanded, bare: scope.bare, repeats_demanded: false };
        match (&field.ty, kind) {
            (FieldType::Array(items), "checkboxes") => self.choices(&mut input, items, value, &path),
            (FieldType::Array(items), _) => self.rows(&mut input, field, items, way, value),
            (FieldType::Object(fields), _) => {
                let inner = Scope { bare: scope.bare || !demanded, ..inner };
                input.optional = !demanded;
                input.inputs = self.fields(fields, way, value.and_then(Value::as_object), inner);
            }
            (FieldType::Group { fields, .. }, _) => {
                input.optional = !demanded;
                input.inputs = self.fields(fields, way, value.and_then(Value::as_object), inner);
            }
            (_, "radio" | "select") => self.choices(&mut input, field, value, &path),
            (_, "checkbox") => input.checked = control::is_ticked(value),
            _ if field.secret => {}
            _ => control::fill(&mut input, value),
        }
        if input.optional && input.hint.is_none() && input.inputs.iter().any(|input| input.required) {
            input.hint = Some(self.words.of_page("optional_group", &Map::new()));
        }
        if kind == "datetime" {
            input.hint = Some(self.words.of_page("utc", &Map::new()));
        }
        input
    }

    /// Says of a field that repeats another what the browser needs to compare the two.
    fn repeats(&self, input: &mut Input, path: &str) {
        let Some(original) = path.strip_suffix("_confirmation") else { return };
        if let (Some(text), Some(name)) =
            (self.confirmations.get(original), input.name.strip_suffix("_confirmation"))
        {
            input.attributes.push(("data-repeats", name.to_owned()));
            input.attributes.push(("data-repeats-message", text.clone()));
        }
    }

    fn choices(&self, input: &mut Input, field: &Field, value: Option<&Value>, path: &str) {
        let chosen = |option: &Value| match value {
            Some(Value::Array(values)) => values.contains(option),
            Some(value) => value == option,
            None => false,
        };
        input.options = control::listed(field)
            .into_iter()
            .enumerate()
            .map(|(index, option)| {
                let text = control::text_of(option);
                Choice {
                    label: self.words.of_option(path, &text),
                    value: text,
                    selected: !field.secret && chosen(option),
                    id: if index == 0 { input.id.clone() } else { format!("{}-{index}", input.id) },
                }
            })
            .collect();
        if input.kind == "checkboxes" {
            // What is wrong with one of them is shown for all.
            for index in 0..value.and_then(Value::as_array).map_or(0, Vec::len) {
                let of_item = self.entered.errors.get(&format!("{}.{index}", input.name));
                for error in of_item.into_iter().flatten() {
                    if !input.errors.contains(error) {
                        input.errors.push(error.clone());
                    }
                }
            }
        }
    }

    fn rows(&self, input: &mut Input, field: &Field, items: &Field, way: &mut Way, value: Option<&Value>) {
        let values = value.and_then(Value::as_array);
        let (minimum, maximum) = control::lengths(field);
        let shown = values.map_or_else(
            || if self.entered.values.is_some() { 0 } else { minimum.unwrap_or(0).min(MOST_FIRST_ROWS) },
            |values| values.len() as u64,
        );
        let shown = shown + u64::from(self.entered.add == Some(input.name.as_str()));
        for index in 0..usize::try_from(shown).unwrap_or(0) {
            let value = values.and_then(|values| values.get(index));
            let row = self.row(input, items, way, value, &index.to_string(), &(index + 1).to_string());
            input.inputs.push(row);
        }
        if self.entered.add == Some(input.name.as_str())
            && let Some(control) = input.inputs.last_mut().and_then(first_control)
        {
            control.attributes.push(("autofocus", String::new()));
        }
        // Each array around has a placeholder of its own.
        let depth = way.steps.iter().filter(|step| **step == Step::Item).count();
        let row = self.row(input, items, way, None, &format!("__{depth}__"), &format!("__{depth}__"));
        input.blank = Some(Box::new(row));
        if let Some(maximum) = maximum {
            input.attributes.push(("data-maximum", maximum.to_string()));
        }
    }

    fn row(
        &self,
        list: &Input,
        items: &Field,
        way: &mut Way,
        value: Option<&Value>,
        index: &str,
        number: &str,
    ) -> Input {
        way.push(Step::Item, index.to_owned());
        let mut row =
            self.input(items, way, value, Scope { optional: true, bare: true, repeats_demanded: false });
        way.pop();
        row.label = format!("{} {number}", if items.label.is_empty() { &list.label } else { &row.label });
        // Of a row, that it is there shows that it is wanted.
        row.hint = None;
        row
    }

    /// A condition as a browser can judge it.
    fn when(&self, way: &Way, condition: &Condition) -> Value {
        let clauses = clauses(&self.form.form, &way.steps, condition);
        clauses
            .into_iter()
            .map(|clause| json!({ "at": way.names[..clause.scope].join("."), "schema": clause.schema }))
            .collect()
    }

    /// A condition for people: whole where it is about one value of one field, else by the fields that it is about.
    fn hint(&self, way: &Way, condition: &Condition) -> String {
        let mut about: Vec<(String, String, Option<String>)> = Vec::new();
        let single =
            condition.conjuncts().len() == 1 && !matches!(condition, Condition::Not(_) | Condition::Any(_));
        condition.for_each_field(&mut |path, expectation| {
            let Some(target) = self.form.form.resolve(&way.steps, &path.value) else { return };
            let target_path = dotted(&target.path);
            let label =
                self.words.of_field(&target_path, "label").unwrap_or_else(|| target.field.label.clone());
            let value = match expectation {
                Expectation::OneOf(values) if values.len() == 1 && !values[0].value.is_boolean() => {
                    Some(self.words.of_option(&target_path, &control::text_of(&values[0].value)))
                }
                _ => None,
            };
            if !about.iter().any(|(known, ..)| *known == target_path) {
                about.push((target_path, label, value));
            }
        });
        let mut context = Map::new();
        if let ([(_, label, Some(value))], true) = (about.as_slice(), single) {
            context.insert("attribute".into(), label.clone().into());
            context.insert("value".into(), value.clone().into());
            return self.words.of_page("only_if_is", &context);
        }
        let labels: Vec<&str> = about.iter().map(|(_, label, _)| label.as_str()).collect();
        context.insert("attribute".into(), labels.join("”, “").into());
        self.words.of_page("only_if", &context)
    }
}

/// The first control within an input, or itself.
fn first_control(input: &mut Input) -> Option<&mut Input> {
    if input.kind == "group" || input.kind == "list" {
        return input.inputs.iter_mut().find_map(first_control);
    }
    Some(input)
}

/// Whether a field always needs a value.
fn is_demanded(field: &Field) -> bool {
    field.presence().is_some_and(|presence| presence.condition.is_none())
}

/// The field that another repeats.
fn repeated<'f>(siblings: &'f [Field], field: &Field) -> Option<&'f Field> {
    let name = field.name.value.strip_suffix("_confirmation")?;
    siblings.iter().find(|sibling| sibling.name.value == name && sibling.ty.json_type() == "string")
}

/// Whether people are asked for a field: not for what the form decides itself, and not for what can only be absent.
fn is_asked(form: &Form, field: &Field, path: &[Step]) -> bool {
    let absent =
        |rule: &crate::model::Validation| matches!(rule.check, Check::Absence) && rule.condition.is_none();
    !field.readonly
        && !field.ui.hidden
        && !form.payload_computes(path)
        && !field.validations.iter().any(absent)
}

/// The `id` of the control of this name. A name's dots and slashes cannot stand in it twice the same way.
#[must_use]
pub fn id(name: &str) -> String {
    format!("field-{}", name.replace('/', "--").replace('.', "-"))
}
