//! The document under construction: fields → places, rules → keywords at those places.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};

use super::{Constraint, DIALECT, FieldInfo, Operand, Rules, Schema, SchemaRule, child, null_location};
use super::{
    acceptance, condition, email, format, inclusion, length, numericality, phone_number, presence, timing,
    unique, unique_items, url, uuid,
};
use crate::model::{
    Against, Check, Condition, Field, FieldType, Form, Spanned, Step, UnknownFields, Validation, dotted,
};
use crate::vocabulary::{How, Relation};

/// A field on the way to the one that is being built.
struct Around<'f> {
    field: &'f Field,
    /// Where its schema stands; inside a `then` if it has a `when`.
    location: String,
    type_rule: usize,
}

pub(super) struct Builder<'f> {
    form: &'f Form,
    closed: bool,
    document: Value,
    rules: Rules,
    path: Vec<Step>,
    around: Vec<Around<'f>>,
    /// The `allOf` entries that begin with an `if`, by the place of the `allOf` and the text of the `if`.
    implications: HashMap<(String, String), usize>,
    arrays: Vec<(usize, usize)>,
}

impl<'f> Builder<'f> {
    pub(super) fn new(form: &'f Form) -> Self {
        Self {
            form,
            closed: form.unknown_fields == UnknownFields::Reject,
            document: json!({}),
            rules: Rules::default(),
            path: Vec::new(),
            around: Vec::new(),
            implications: HashMap::new(),
            arrays: Vec::new(),
        }
    }

    pub(super) fn build(mut self) -> Schema {
        let form = self.form;
        let root = self.node("");
        root.insert("$schema".into(), DIALECT.into());
        root.insert("title".into(), form.name.value.clone().into());
        if let Some(description) = &form.description {
            root.insert("description".into(), description.clone().into());
        }
        let type_rule = self.add(None, &type_constraint("object"), None);
        self.set_type("", json!("object"), type_rule);
        self.object(&self.form.fields);
        let mut document = self.document;
        alternatives_last(&mut document);
        Schema { document, rules: self.rules }
    }

    /// The schema object at a location, made where there is none yet.
    fn node(&mut self, location: &str) -> &mut Map<String, Value> {
        let mut node = &mut self.document;
        for token in location.split('/').skip(1) {
            let token = unescaped(token);
            node = match node {
                // An entry of an `allOf` is made before anything is put into it.
                Value::Array(entries) => {
                    let index = token.parse().unwrap_or(usize::MAX);
                    if index >= entries.len() {
                        entries.push(json!({}));
                    }
                    let last = entries.len() - 1;
                    &mut entries[index.min(last)]
                }
                other => member(object_of(other), &token),
            };
        }
        object_of(node)
    }

    /// The location of the schema of the first `length` steps of the path.
    fn location(&self, length: usize) -> &str {
        length.checked_sub(1).and_then(|at| self.around.get(at)).map_or("", |around| &around.location)
    }

    fn add(
        &mut self,
        field: Option<usize>,
        constraint: &Constraint,
        message: Option<&Spanned<String>>,
    ) -> usize {
        self.rules.rules.push(SchemaRule {
            field,
            code: constraint.code,
            params: constraint.params.clone(),
            message: message.cloned(),
            operand: constraint.operand.clone(),
            arrays: self.arrays.clone(),
        });
        self.rules.rules.len() - 1
    }

    fn file(&mut self, location: String, rule: usize) {
        self.rules.by_location.insert(location, rule);
    }

    fn file_required(&mut self, object: &str, name: &str, rule: usize) {
        let required = self.rules.required.entry(format!("{object}/required")).or_default();
        required.push((name.to_owned(), rule));
    }

    fn set_type(&mut self, location: &str, ty: Value, rule: usize) {
        self.node(location).insert("type".into(), ty);
        self.file(format!("{location}/type"), rule);
    }

    /// Puts a constraint at a location: beside the keywords there if none of them is taken and nothing guards it, else
    /// in an `allOf` of its own. Returns the location of its keywords' schema.
    fn constrain(
        &mut self,
        location: &str,
        constraint: &Constraint,
        guard: Option<Value>,
        rule: usize,
    ) -> String {
        let node = self.node(location);
        let taken = constraint.keywords.iter().any(|(keyword, _)| node.contains_key(*keyword));
        let base = if taken || guard.is_some() {
            let keywords =
                constraint.keywords.iter().map(|(keyword, value)| ((*keyword).to_owned(), value.clone()));
            let keywords = Value::Object(keywords.collect());
            match guard {
                Some(guard) => {
                    let entry = self.also(location, json!({ "if": guard, "then": keywords }));
                    format!("{entry}/then")
                }
                None => self.also(location, keywords),
            }
        } else {
            for (keyword, value) in &constraint.keywords {
                node.insert((*keyword).to_owned(), value.clone());
            }
            location.to_owned()
        };
        for (keyword, _) in &constraint.keywords {
            self.file(format!("{base}/{keyword}"), rule);
        }
        base
    }

    /// Adds a subschema to the `allOf` at a location; its own location.
    fn also(&mut self, location: &str, schema: Value) -> String {
        let all_of = self.node(location).entry("allOf").or_insert_with(|| json!([]));
        let index = all_of.as_array().map_or(0, Vec::len);
        if let Value::Array(entries) = all_of {
            entries.push(schema);
        }
        format!("{location}/allOf/{index}")
    }

    /// The place, under every condition that holds for the field being built and under `condition`, of the schema of
    /// the first `length` steps of the path.
    fn under(&mut self, condition: Option<&Condition>, length: usize) -> String {
        let whens = self.around.iter().filter_map(|around| around.field.when.as_ref());
        let mut by_scope: BTreeMap<usize, Vec<Value>> = BTreeMap::new();
        for clause in whens.chain(condition).flat_map(|when| condition::clauses(self.form, &self.path, when))
        {
            by_scope.entry(clause.scope).or_default().push(clause.schema);
        }
        let mut place: Option<(usize, String)> = None;
        for (scope, clauses) in by_scope {
            // What reaches further out than its own condition is refused before it gets here.
            if scope > length {
                break;
            }
            let base = match place {
                None => self.location(scope).to_owned(),
                Some((from, location)) => self.descend(location, from, scope),
            };
            place = Some((scope, self.implication(&base, &condition::all(clauses))));
        }
        match place {
            None => self.location(length).to_owned(),
            Some((from, location)) => self.descend(location, from, length),
        }
    }

    /// The places for a rule under a condition: one for each way in which it may hold.
    fn under_each(&mut self, condition: Option<&Condition>, length: usize) -> Vec<String> {
        let ways = condition.and_then(|condition| condition::alternatives(self.form, &self.path, condition));
        match ways {
            None => vec![self.under(condition, length)],
            Some(ways) => ways.iter().map(|way| self.under(Some(way), length)).collect(),
        }
    }

    /// The `then` of a condition at a location.
    fn implication(&mut self, base: &str, condition: &Value) -> String {
        let key = (base.to_owned(), condition.to_string());
        let entry = if let Some(index) = self.implications.get(&key) {
            format!("{base}/allOf/{index}")
        } else {
            let entry = self.also(base, json!({ "if": condition, "then": {} }));
            let index = entry.rsplit('/').next().and_then(|index| index.parse().ok()).unwrap_or_default();
            self.implications.insert(key, index);
            entry
        };
        format!("{entry}/then")
    }

    /// From the place of the first `from` steps of the path to that of the first `to`, saying what type each step is.
    fn descend(&mut self, mut location: String, from: usize, to: usize) -> String {
        for at in from..to {
            location = match &self.path[at] {
                Step::Key(name) => child(&format!("{location}/properties"), name),
                Step::Item => format!("{location}/items"),
            };
            if !self.node(&location).contains_key("type") {
                let expected = self.around[at].field.ty.json_type();
                let is_item = self.path[at] == Step::Item;
                let ty = if is_item { json!(expected) } else { json!([expected, "null"]) };
                let rule = self.around[at].type_rule;
                self.set_type(&location, ty, rule);
            }
        }
        location
    }

    /// Adds `properties`, `required` and `additionalProperties`; whether any field has to be sent.
    fn object(&mut self, fields: &'f [Field]) -> bool {
        let location = self.location(self.path.len()).to_owned();
        self.node(&location).insert("properties".into(), json!({}));
        let mut required = Vec::new();
        let mut confirmations = Vec::new();
        for field in fields {
            let name = &field.name.value;
            let built =
                self.value(field, Step::Key(name.clone()), child(&format!("{location}/properties"), name));
            if let Some(presence) = built.presence {
                self.file_required(&location, name, presence);
            }
            if built.has_to_be_sent {
                required.push(Value::from(name.clone()));
            }
            // Its error is about the field that repeats, and comes where that one is declared.
            if let Some((repeated, validation)) = repeated_by(field, fields) {
                let confirmation = Constraint::new("confirmation", Vec::new());
                confirmations.push((
                    repeated,
                    validation,
                    self.add(None, &confirmation, validation.message.as_ref()),
                ));
            }
        }
        for (repeated, validation, rule) in confirmations {
            self.confirmation(repeated, validation, rule);
        }
        let needed = !required.is_empty();
        if needed {
            self.node(&location).insert("required".into(), required.into());
        }
        if self.closed {
            let unknown =
                Constraint::new("unknown_field", vec![("additionalProperties", Value::Bool(false))]);
            let rule = self.add(None, &unknown, None);
            self.constrain(&location, &unknown, None, rule);
        }
        needed
    }

    fn value(&mut self, field: &'f Field, step: Step, location: String) -> BuiltValue {
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
        name(self.node(&location), field);
        let base = location.clone();
        let type_rule = self.add(Some(index), &type_constraint(expected), None);
        self.around.push(Around { field, location, type_rule });
        let length = self.path.len();
        if field.when.is_some() {
            let location = self.under(None, length);
            self.around[length - 1].location = location;
        }
        let location = self.location(length).to_owned();
        self.rules.locations.insert(self.path.clone(), location.clone());
        let required = field.presence().filter(|presence| presence.condition.is_none());
        let nullable = required.is_none() && !is_item;
        self.set_type(
            &location,
            if nullable { json!([expected, "null"]) } else { json!(expected) },
            type_rule,
        );
        annotate(self.node(&base), field);
        let mut built = BuiltValue::default();
        // Whatever else is wrong with a value, that there is none comes first.
        let blank = Constraint::new("blank", Vec::new());
        let presences: Vec<(&Validation, usize)> = field
            .validations
            .iter()
            .filter(|validation| matches!(validation.check, Check::Presence))
            .map(|presence| (presence, self.add(Some(index), &blank, presence.message.as_ref())))
            .collect();
        if let Some(implicit) = timing::of_type(field) {
            let rule = self.add(Some(index), &implicit, None);
            self.constrain(&location, &implicit, None, rule);
        }
        for validation in &field.validations {
            match presences.iter().find(|(presence, _)| std::ptr::eq(*presence, validation)) {
                Some((_, rule)) => self.presence(*rule, field, validation, &mut built),
                None => self.validation(index, field, validation, nullable),
            }
        }
        for constraint in numericality::unstated_bounds(field) {
            let rule = self.add(Some(index), &constraint, None);
            self.constrain(&location, &constraint, None, rule);
        }
        self.unstated_maximum(index, field);
        if let Some(further) = &field.schema {
            let invalid = Constraint::new("invalid", Vec::new());
            let rule = self.add(Some(index), &invalid, None);
            let entry = self.also(&location, Value::Object(further.value.clone()));
            self.rules.further.push((entry, rule));
        }
        match &field.ty {
            FieldType::Array(items) => {
                self.arrays.push((self.rules.rules.len(), length));
                self.value(items, Step::Item, format!("{location}/items"));
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
                let ty = if built.has_to_be_sent { json!(expected) } else { json!([expected, "null"]) };
                self.node(&location).insert("type".into(), ty);
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
        let locations = match condition {
            None => vec![self.location(length).to_owned()],
            Some(_) => self.under_each(condition, length),
        };
        let type_rule = self.around[length - 1].type_rule;
        for location in locations {
            self.node(&location).insert("type".into(), json!(field.ty.json_type()));
            self.file(format!("{location}/type"), type_rule);
            self.file(null_location(&format!("{location}/type")), rule);
            for constraint in presence::constraints(field) {
                let guard = validation.allow_blank.then(|| presence::not_blank(field)).flatten();
                self.constrain(&location, &constraint, guard, rule);
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
                let required = self.node(&parent).entry("required").or_insert_with(|| json!([]));
                let value = Value::from(name.clone());
                if let Value::Array(names) = required
                    && !names.contains(&value)
                {
                    names.push(value);
                }
                if at + 1 == length {
                    self.file_required(&parent, &name, rule);
                }
            }
        }
    }

    fn validation(&mut self, index: usize, field: &'f Field, validation: &'f Validation, nullable: bool) {
        let length = self.path.len();
        let condition = validation.condition.as_ref();
        let constraints = constraints(validation, field, nullable);
        if !constraints.is_empty() {
            let locations = match condition {
                None => vec![self.location(length).to_owned()],
                Some(_) => self.under_each(condition, length),
            };
            for constraint in constraints {
                let rule = self.add(Some(index), &constraint, validation.message.as_ref());
                for location in &locations {
                    let guard = validation.allow_blank.then(|| presence::not_blank(field)).flatten();
                    self.constrain(location, &constraint, guard, rule);
                }
            }
        }
        let relations: Vec<(&'static str, Relation, usize)> = match &validation.check {
            Check::Comparison(comparisons) => comparisons
                .iter()
                .filter_map(|(comparison, to)| {
                    self.compare(comparison.name(), How::Number(*comparison), &to.value)
                })
                .collect(),
            Check::Timing(timing) => timing
                .bounds
                .iter()
                .filter_map(|(order, against)| match &against.value {
                    Against::Field(to) => self.compare(order.name(), How::Time(*order), to),
                    Against::Moment(..) => None,
                })
                .collect(),
            _ => Vec::new(),
        };
        for (code, relation, at) in relations {
            let rule = self.add(Some(index), &Constraint::new(code, Vec::new()), validation.message.as_ref());
            self.relate(rule, relation, condition, at, None);
        }
    }

    /// That another field repeats this one, which is in the object being built.
    fn confirmation(&mut self, field: &'f Field, validation: &'f Validation, rule: usize) {
        let Check::Confirmation { case_sensitive } = validation.check else { return };
        let length = self.path.len();
        self.path.push(Step::Key(field.name.value.clone()));
        let path = dotted(&self.path);
        let index = self.rules.fields.iter().position(|field| field.path == path);
        if let Some(rule) = self.rules.rules.get_mut(rule) {
            rule.field = index;
        }
        let location = self.rules.locations.get(&self.path).cloned().unwrap_or_default();
        self.around.push(Around { field, location, type_rule: rule });
        let relation = Relation::confirmation(&field.name.value, case_sensitive);
        let name = &field.name.value;
        // What is blank and may be so need not be repeated.
        let guard = validation.allow_blank.then(
            || json!({ "properties": { name.as_str(): presence::present(field) }, "required": [name] }),
        );
        self.relate(rule, relation, validation.condition.as_ref(), length, guard.as_ref());
        self.around.pop();
        self.path.pop();
    }

    /// A comparison of the field with another, and how long the way is to the object that holds both.
    fn compare(&self, code: &'static str, how: How, to: &str) -> Option<(&'static str, Relation, usize)> {
        let target = self.form.resolve(&self.path, to)?;
        let shared = self.path.iter().zip(&target.path).take_while(|(own, other)| own == other).count();
        let at = shared.min(self.path.len() - 1).min(target.path.len() - 1);
        let (of, to) = (self.path[at..].to_vec(), target.path[at..].to_vec());
        Some((code, Relation::Compare { of, how, to }, at))
    }

    /// Puts a relation at the object that the first `length` steps of the path lead to.
    fn relate(
        &mut self,
        rule: usize,
        relation: Relation,
        condition: Option<&Condition>,
        length: usize,
        guard: Option<&Value>,
    ) {
        let (keyword, value) = relation.keyword();
        let hidden = self.around[length..].iter().any(|around| around.field.when.is_some());
        let locations = if hidden || condition.is_some() {
            self.under_each(condition, length)
        } else {
            vec![self.location(length).to_owned()]
        };
        let mut keywords = vec![(keyword, value)];
        let mut dependent = None;
        if let Relation::Confirmation { field, repeated, .. } = &relation
            && self.around.last().is_some_and(|around| {
                around.field.presence().is_some_and(|presence| presence.condition.is_none())
            })
        {
            // What the standard can say of it; null needs no confirmation, so only where there can be none.
            keywords.push(("dependentRequired", json!({ field.as_str(): [repeated] })));
            dependent = Some(("/dependentRequired", repeated.clone()));
        }
        if let Some(rule) = self.rules.rules.get_mut(rule) {
            rule.operand = Some(Operand::Relation(relation));
        }
        let constraint = Constraint { code: "", params: Map::new(), keywords, operand: None };
        for location in locations {
            let base = self.constrain(&location, &constraint, guard.cloned(), rule);
            if let Some((keyword, repeated)) = &dependent {
                let required = self.rules.required.entry(format!("{base}{keyword}")).or_default();
                required.push((repeated.clone(), rule));
            }
        }
    }

    /// The bound of a text or array whose author set none, where none of the author's own counts.
    fn unstated_maximum(&mut self, index: usize, field: &'f Field) {
        let Some(unstated) = length::unstated_maximum(field) else { return };
        let rule = self.add(Some(index), &unstated.constraint, None);
        let locations = match unstated.condition {
            None => vec![self.location(self.path.len()).to_owned()],
            Some(condition) => self.under_each(Some(&condition), self.path.len()),
        };
        for location in locations {
            self.constrain(&location, &unstated.constraint, unstated.guard.clone(), rule);
        }
    }
}

/// The field that this one repeats, and the rule that says so.
fn repeated_by<'f>(field: &Field, siblings: &'f [Field]) -> Option<(&'f Field, &'f Validation)> {
    let name = field.name.value.strip_suffix("_confirmation")?;
    let repeated = siblings.iter().find(|sibling| sibling.name.value == name)?;
    let mut rules = repeated.validations.iter();
    Some((repeated, rules.find(|rule| matches!(rule.check, Check::Confirmation { .. }))?))
}

#[derive(Default)]
struct BuiltValue {
    presence: Option<usize>,
    has_to_be_sent: bool,
}

fn object_of(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = json!({});
    }
    match value {
        Value::Object(object) => object,
        _ => unreachable!("made an object above"),
    }
}

/// A reference token of a JSON Pointer as the name that it stands for (RFC 6901, 4).
fn unescaped(token: &str) -> Cow<'_, str> {
    if token.contains('~') {
        return token.replace("~1", "/").replace("~0", "~").into();
    }
    token.into()
}

/// The schema under a name, made where there is none yet.
fn member<'m>(object: &'m mut Map<String, Value>, name: &str) -> &'m mut Value {
    // Schemas have few members: to look at each takes less than to hash the name.
    if !object.keys().any(|key| key == name) {
        object.insert(name.to_owned(), json!({}));
    }
    let (_, member) =
        object.iter_mut().find(|(key, _)| *key == name).unwrap_or_else(|| unreachable!("made above"));
    member
}

/// Moves every `allOf` behind the other keywords of its schema, for people who read it.
fn alternatives_last(schema: &mut Value) {
    match schema {
        Value::Object(keywords) => {
            if let Some(all_of) = keywords.shift_remove("allOf") {
                keywords.insert("allOf".into(), all_of);
            }
            keywords.values_mut().for_each(alternatives_last);
        }
        Value::Array(entries) => entries.iter_mut().for_each(alternatives_last),
        _ => {}
    }
}

fn type_constraint(expected: &'static str) -> Constraint {
    Constraint::new("type", Vec::new()).param("expected", expected)
}

/// What people call a field.
fn name(schema: &mut Map<String, Value>, field: &Field) {
    if !field.label.is_empty() {
        schema.insert("title".into(), field.label.clone().into());
    }
    if let Some(description) = &field.description {
        schema.insert("description".into(), description.clone().into());
    }
}

/// What a validator does not judge by, and people and programs want to know.
fn annotate(schema: &mut Map<String, Value>, field: &Field) {
    let mut say = |keyword: &str, value: Value| schema.insert(keyword.to_owned(), value);
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
