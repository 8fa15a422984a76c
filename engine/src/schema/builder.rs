//! Fields → schemas of the document, rules → keywords in these.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde_json::{Value, json};

use super::document::{Document, Place};
use super::relation::repeated_by;
use super::{Constraint, DIALECT, FieldInfo, NULL, Rules, Schema, SchemaRule, child};
use super::{
    acceptance, condition, email, format, inclusion, length, numericality, phone_number, presence, timing,
    unique, unique_items, url, uuid,
};
use crate::model::{
    Check, Condition, Field, FieldType, Form, Spanned, Step, UnknownFields, Validation, dotted,
};
use crate::vocabulary::Relation;

/// A field on the way to the one that is being built.
pub(super) struct Around<'f> {
    pub(super) field: &'f Field,
    /// Its schema; inside a `then` if it has a `when`.
    pub(super) place: Place,
    pub(super) type_rule: usize,
}

pub(super) struct Builder<'f> {
    pub(super) form: &'f Form,
    closed: bool,
    document: Document,
    pub(super) rules: Rules,
    pub(super) path: Vec<Step>,
    pub(super) around: Vec<Around<'f>>,
    /// The `then` of each condition, by the schema that it is put into and the text of the `if`.
    implications: FxHashMap<(Place, String), Place>,
    arrays: Vec<(usize, usize)>,
}

impl<'f> Builder<'f> {
    pub(super) fn new(form: &'f Form) -> Self {
        Self {
            form,
            closed: form.unknown_fields == UnknownFields::Reject,
            document: Document::new(),
            rules: Rules::default(),
            path: Vec::new(),
            around: Vec::new(),
            implications: FxHashMap::default(),
            arrays: Vec::new(),
        }
    }

    pub(super) fn build(mut self) -> Schema {
        let form = self.form;
        self.document.set(Document::ROOT, "$schema", DIALECT);
        self.document.set(Document::ROOT, "title", form.name.value.as_str());
        if let Some(description) = &form.description {
            self.document.set(Document::ROOT, "description", description.as_str());
        }
        let type_rule = self.add(None, &mut type_constraint("object"), None);
        self.set_type(Document::ROOT, "object", type_rule);
        self.object(&form.fields);
        let (document, by_location) = self.document.finish();
        self.rules.by_location = by_location;
        Schema { document, rules: self.rules }
    }

    /// The schema of what the first `length` steps of the path lead to.
    pub(super) fn place(&self, length: usize) -> Place {
        length.checked_sub(1).and_then(|at| self.around.get(at)).map_or(Document::ROOT, |around| around.place)
    }

    /// Adds a rule, which takes what the constraint says of violations.
    pub(super) fn add(
        &mut self,
        field: Option<usize>,
        constraint: &mut Constraint,
        message: Option<&Spanned<String>>,
    ) -> usize {
        self.rules.rules.push(SchemaRule {
            field,
            code: constraint.code,
            param: constraint.param.take(),
            message: message.cloned(),
            operand: constraint.operand.take(),
            arrays: self.arrays.clone(),
        });
        self.rules.rules.len() - 1
    }

    /// Files the rule that requires a property, by a `required` or `dependentRequired`.
    pub(super) fn file_required(&mut self, place: Place, keyword: &str, property: &str, rule: usize) {
        let location = child(self.document.location(place), keyword);
        self.rules.required.entry(location).or_default().push((property.to_owned(), rule));
    }

    fn set_type(&mut self, place: Place, ty: impl Into<Value>, rule: usize) {
        self.document.set(place, "type", ty);
        self.document.file(place, "type", rule);
    }

    /// Puts a constraint into a schema: beside the keywords there if none of them is taken and nothing guards it, else
    /// into an `allOf` of its own. Returns the schema that its keywords are in.
    pub(super) fn constrain(
        &mut self,
        place: Place,
        constraint: &Constraint,
        guard: Option<Value>,
        rule: usize,
    ) -> Place {
        let taken = || constraint.keywords.iter().any(|(keyword, _)| self.document.has(place, keyword));
        let base = match guard {
            Some(guard) => self.then(place, guard),
            None if taken() => self.document.also(place),
            None => place,
        };
        for (keyword, value) in &constraint.keywords {
            self.document.set(base, *keyword, value.clone());
            self.document.file(base, keyword, rule);
        }
        base
    }

    /// The `then` of a new `if` of a schema.
    fn then(&mut self, place: Place, condition: Value) -> Place {
        let entry = self.document.also(place);
        self.document.set(entry, "if", condition);
        self.document.schema(entry, "then")
    }

    /// The schema, under every condition that holds for the field being built and under `condition`, of what the first
    /// `length` steps of the path lead to.
    fn under(&mut self, condition: Option<&Condition>, length: usize) -> Place {
        let whens = self.around.iter().filter_map(|around| around.field.when.as_ref());
        let mut by_scope: BTreeMap<usize, Vec<Value>> = BTreeMap::new();
        for clause in whens.chain(condition).flat_map(|when| condition::clauses(self.form, &self.path, when))
        {
            by_scope.entry(clause.scope).or_default().push(clause.schema);
        }
        let mut under: Option<(usize, Place)> = None;
        for (scope, clauses) in by_scope {
            // What reaches further out than its own condition is refused before it gets here.
            if scope > length {
                break;
            }
            let base = match under {
                None => self.place(scope),
                Some((from, place)) => self.descend(place, from, scope),
            };
            under = Some((scope, self.implication(base, condition::all(clauses))));
        }
        match under {
            None => self.place(length),
            Some((from, place)) => self.descend(place, from, length),
        }
    }

    /// The schemas for a rule under a condition: one for each way in which it may hold.
    pub(super) fn under_each(&mut self, condition: Option<&Condition>, length: usize) -> Vec<Place> {
        let ways = condition.and_then(|condition| condition::alternatives(self.form, &self.path, condition));
        match ways {
            None => vec![self.under(condition, length)],
            Some(ways) => ways.iter().map(|way| self.under(Some(way), length)).collect(),
        }
    }

    /// The `then` of a condition, which all rules under it share.
    fn implication(&mut self, base: Place, condition: Value) -> Place {
        // JSON is always written: its keys are texts.
        let key = (base, serde_json::to_string(&condition).unwrap_or_default());
        if let Some(then) = self.implications.get(&key) {
            return *then;
        }
        let then = self.then(base, condition);
        self.implications.insert(key, then);
        then
    }

    /// From the schema of the first `from` steps of the path to that of the first `to`, saying what type each step is.
    fn descend(&mut self, mut place: Place, from: usize, to: usize) -> Place {
        for at in from..to {
            let is_item = self.path[at] == Step::Item;
            place = match &self.path[at] {
                Step::Key(name) => self.document.property(place, name),
                Step::Item => self.document.schema(place, "items"),
            };
            if !self.document.has(place, "type") {
                let expected = self.around[at].field.ty.json_type();
                self.set_type(place, type_of(expected, !is_item), self.around[at].type_rule);
            }
        }
        place
    }

    /// Adds `properties`, `required` and `additionalProperties`; whether any field has to be sent.
    fn object(&mut self, fields: &'f [Field]) -> bool {
        let place = self.place(self.path.len());
        self.document.set_properties(place);
        let mut required: Vec<&str> = Vec::new();
        let mut confirmations = Vec::new();
        for field in fields {
            let name = &field.name.value;
            let schema = self.document.property(place, name);
            let built = self.value(field, Step::Key(name.clone()), schema);
            if let Some(presence) = built.presence {
                self.file_required(place, "required", name, presence);
            }
            if built.has_to_be_sent {
                required.push(name);
            }
            // Its error is about the field that repeats, and comes where that one is declared.
            if let Some((repeated, validation)) = repeated_by(field, fields) {
                let mut confirmation = Constraint::new("confirmation", Vec::new());
                let rule = self.add(None, &mut confirmation, validation.message.as_ref());
                confirmations.push((repeated, validation, rule));
            }
        }
        for (repeated, validation, rule) in confirmations {
            self.confirmation(repeated, validation, rule);
        }
        let needed = !required.is_empty();
        if needed {
            self.document.set(place, "required", required);
        }
        if self.closed {
            let keywords = vec![("additionalProperties", Value::Bool(false))];
            let mut unknown = Constraint::new("unknown_field", keywords);
            let rule = self.add(None, &mut unknown, None);
            self.constrain(place, &unknown, None, rule);
        }
        needed
    }

    /// Says of a field's schema what the field is, and of its values what is demanded of them.
    fn value(&mut self, field: &'f Field, step: Step, schema: Place) -> BuiltValue {
        let is_item = step == Step::Item;
        self.path.push(step);
        let index = self.rules.fields.len();
        let expected = field.ty.json_type();
        self.rules.fields.push(FieldInfo {
            path: dotted(&self.path),
            // An item is called what its array is called.
            label: match self.rules.fields.last() {
                Some(array) if is_item && field.label.is_empty() => array.label.clone(),
                _ => field.label.clone(),
            },
            json_type: expected,
            secret: field.secret,
        });
        name(&mut self.document, schema, field);
        let type_rule = self.add(Some(index), &mut type_constraint(expected), None);
        self.around.push(Around { field, place: schema, type_rule });
        let length = self.path.len();
        if field.when.is_some() {
            self.around[length - 1].place = self.under(None, length);
        }
        let place = self.place(length);
        self.rules.locations.insert(self.path.clone(), self.document.location(place).to_owned());
        let required = field.presence().filter(|presence| presence.condition.is_none());
        let nullable = required.is_none() && !is_item;
        self.set_type(place, type_of(expected, nullable), type_rule);
        annotate(&mut self.document, schema, field);
        let mut built = BuiltValue::default();
        // Whatever else is wrong with a value, that there is none comes first.
        let presences: Vec<(&Validation, usize)> = field
            .validations
            .iter()
            .filter(|validation| matches!(validation.check, Check::Presence))
            .map(|presence| {
                let mut blank = Constraint::new("blank", Vec::new());
                (presence, self.add(Some(index), &mut blank, presence.message.as_ref()))
            })
            .collect();
        if let Some(mut implicit) = timing::of_type(field) {
            let rule = self.add(Some(index), &mut implicit, None);
            self.constrain(place, &implicit, None, rule);
        }
        for validation in &field.validations {
            match presences.iter().find(|(presence, _)| std::ptr::eq(*presence, validation)) {
                Some((_, rule)) => self.presence(*rule, field, validation, &mut built),
                None => self.validation(index, field, validation, nullable),
            }
        }
        for mut constraint in numericality::unstated_bounds(field) {
            let rule = self.add(Some(index), &mut constraint, None);
            self.constrain(place, &constraint, None, rule);
        }
        self.unstated_maximum(index, field);
        if let Some(further) = &field.schema {
            let mut invalid = Constraint::new("invalid", Vec::new());
            let rule = self.add(Some(index), &mut invalid, None);
            let entry = self.document.also(place);
            for (keyword, value) in &further.value {
                self.document.set(entry, keyword.clone(), value.clone());
            }
            self.rules.further.push((self.document.location(entry).to_owned(), rule));
        }
        match &field.ty {
            FieldType::Array(items) => {
                self.arrays.push((self.rules.rules.len(), length));
                let schema = self.document.schema(place, "items");
                self.value(items, Step::Item, schema);
                self.arrays.pop();
            }
            FieldType::Object(fields) => {
                self.object(fields);
            }
            FieldType::Group { fields, implied } => {
                let needed = self.object(fields);
                // What a default fills in need not be sent; nor need a profile that a default brings about.
                built.has_to_be_sent |= needed && (*implied || field.surely_has_default());
                // A group that is null counts as absent.
                self.document.set(place, "type", type_of(expected, !built.has_to_be_sent));
            }
            _ => {}
        }
        self.around.pop();
        self.path.pop();
        built
    }

    /// `presence`: absence is refused by the parent's `required` and null by `type`; what is there and blank by a
    /// keyword of its own.
    fn presence(
        &mut self,
        rule: usize,
        field: &'f Field,
        validation: &'f Validation,
        built: &mut BuiltValue,
    ) {
        let length = self.path.len();
        let condition = validation.condition.as_ref();
        let places = match condition {
            None => vec![self.place(length)],
            Some(_) => self.under_each(condition, length),
        };
        let type_rule = self.around[length - 1].type_rule;
        for place in places {
            self.set_type(place, field.ty.json_type(), type_rule);
            self.document.file(place, NULL, rule);
            for constraint in presence::constraints(field) {
                let guard = validation.allow_blank.then(|| presence::not_blank(field)).flatten();
                self.constrain(place, &constraint, guard, rule);
            }
        }
        let Some(Step::Key(name)) = self.path.last().cloned() else { return };
        if self.form.payload_computes(&self.path) && !self.form.payload_gives(&self.path) {
            let given = Relation::Required { field: name };
            self.relate(rule, given, condition, length - 1, None);
        } else if condition.is_none() && field.when.is_none() {
            built.presence = Some(rule);
            built.has_to_be_sent = !field.has_default() && !self.form.payload_gives(&self.path);
        } else if !field.has_default() && !self.form.payload_gives(&self.path) {
            self.require(rule, condition, length);
        }
    }

    /// Requires the field, and the groups around it that are always there, under a condition.
    fn require(&mut self, rule: usize, condition: Option<&Condition>, length: usize) {
        for at in (0..length).rev() {
            let Some(Step::Key(name)) = self.path.get(at).cloned() else { return };
            if at + 1 < length && !matches!(self.around[at].field.ty, FieldType::Group { implied: true, .. })
            {
                return;
            }
            for parent in self.under_each(condition, at) {
                self.document.list(parent, "required", &name);
                if at + 1 == length {
                    self.file_required(parent, "required", &name, rule);
                }
            }
        }
    }

    fn validation(&mut self, index: usize, field: &'f Field, validation: &'f Validation, nullable: bool) {
        let length = self.path.len();
        let condition = validation.condition.as_ref();
        let constraints = constraints(validation, field, nullable);
        if !constraints.is_empty() {
            let places = match condition {
                None => vec![self.place(length)],
                Some(_) => self.under_each(condition, length),
            };
            for mut constraint in constraints {
                let rule = self.add(Some(index), &mut constraint, validation.message.as_ref());
                for place in &places {
                    let guard = validation.allow_blank.then(|| presence::not_blank(field)).flatten();
                    self.constrain(*place, &constraint, guard, rule);
                }
            }
        }
        self.comparisons(index, validation);
    }

    /// The bound of a text or array whose author set none, where none of the author's own counts.
    fn unstated_maximum(&mut self, index: usize, field: &'f Field) {
        let Some(mut unstated) = length::unstated_maximum(field) else { return };
        let rule = self.add(Some(index), &mut unstated.constraint, None);
        let places = match unstated.condition {
            None => vec![self.place(self.path.len())],
            Some(condition) => self.under_each(Some(&condition), self.path.len()),
        };
        for place in places {
            self.constrain(place, &unstated.constraint, unstated.guard.clone(), rule);
        }
    }
}

#[derive(Default)]
struct BuiltValue {
    presence: Option<usize>,
    has_to_be_sent: bool,
}

/// The `type` of values, of which null may be one.
fn type_of(expected: &'static str, nullable: bool) -> Value {
    if nullable { json!([expected, "null"]) } else { expected.into() }
}

fn type_constraint(expected: &'static str) -> Constraint {
    Constraint::new("type", Vec::new()).param("expected", expected)
}

/// What people call a field.
fn name(document: &mut Document, schema: Place, field: &Field) {
    if !field.label.is_empty() {
        document.set(schema, "title", field.label.as_str());
    }
    if let Some(description) = &field.description {
        document.set(schema, "description", description.as_str());
    }
}

/// What a validator does not judge by, and people and programs want to know.
fn annotate(document: &mut Document, schema: Place, field: &Field) {
    let mut say = |keyword: &'static str, value: Value| document.set(schema, keyword, value);
    if let Some(default) = field.default.as_ref().filter(|_| !field.secret) {
        say("default", default.value.clone());
    }
    if field.readonly {
        say("readOnly", true.into());
    }
    if field.secret {
        say("writeOnly", true.into());
    }
    if field.virtual_field {
        say("x-formwork-virtual", true.into());
    }
    if !field.normalize.is_empty() {
        let steps: Vec<&str> = field.normalize.iter().map(|step| step.name()).collect();
        say("x-formwork-normalize", steps.into());
    }
}

/// A schema of the values that meet what one rule says of the value alone.
pub(crate) fn of_rule(validation: &Validation, field: &Field) -> Value {
    let demands = constraints(validation, field, true).into_iter().map(|constraint| {
        let keywords = constraint.keywords.into_iter().map(|(keyword, value)| (keyword.to_owned(), value));
        Value::Object(keywords.collect())
    });
    let demands: Vec<Value> = demands.collect();
    if demands.is_empty() { json!({}) } else { json!({ "allOf": demands }) }
}

/// What a rule says of the value alone; one entry per error code that it can give.
fn constraints(validation: &Validation, field: &Field, nullable: bool) -> Vec<Constraint> {
    match &validation.check {
        Check::Absence => presence::absence(field),
        Check::Length(length) => length::constraints(length, field),
        Check::Format { with, without } => format::constraints(with.as_ref(), without.as_ref()),
        Check::Email => email::constraints(),
        Check::Url => url::constraints(),
        Check::Uuid => uuid::constraints(),
        Check::PhoneNumber => phone_number::constraints(),
        Check::Inclusion(values) => inclusion::inclusion(values, nullable),
        Check::Exclusion(values) => inclusion::exclusion(values),
        Check::Numericality(numericality) => numericality::constraints(numericality, nullable),
        Check::Timing(timing) => timing::constraints(timing, validation, field),
        Check::Acceptance => acceptance::constraints(field, nullable),
        Check::Unique(unique) => unique::constraints(unique),
        Check::UniqueItems { by } => unique_items::constraints(by.as_ref()),
        Check::Presence | Check::Confirmation { .. } | Check::Comparison(_) => Vec::new(),
    }
}
