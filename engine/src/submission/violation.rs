//! What a submission does wrong, and where.

use std::borrow::Cow;
use std::time::SystemTime;

use jsonschema::paths::Location;
use serde_json::{Map, Value};

use crate::compile::CompiledForm;
use crate::model::{Segment, Step};
use crate::schema::{Operand, SchemaRule, push_token};

/// What a submission does wrong.
///
/// It is made for each fault of each refused request, so it holds no more than tells it apart; its params and texts are
/// made when somebody asks for them.
#[derive(Clone, Debug)]
pub struct Violation {
    /// What programs go by.
    pub code: &'static str,
    /// Where in the `form` value, as far as the validator says it.
    base: Location,
    /// The rest of the way, as a JSON Pointer.
    tail: String,
    /// The rule that is violated; what it is made of is the form's.
    pub(crate) rule: Option<usize>,
    /// The param that only the request shows; few have one.
    operand: Option<Box<Against>>,
    /// The value in question, for the message; absent for secrets, and for what is no single value.
    pub(crate) value: Option<Value>,
}

/// What a value was held against.
#[derive(Clone, Debug)]
enum Against {
    /// A value of the request, under the name of its param.
    Value(&'static str, Value),
    /// The rule's point in time as it was then.
    Now(SystemTime),
}

impl Violation {
    pub(super) fn new(form: &CompiledForm, rule: Option<usize>, base: Location) -> Self {
        let known = rule.and_then(|rule| form.rules.rules.get(rule));
        debug_assert!(known.is_some(), "a schema location without a rule: {base:?}");
        // A keyword that no rule put there cannot exist; if it does, the refusal still stands.
        let code = known.map_or("invalid", |rule| rule.code);
        Self { code, base, tail: String::new(), rule, operand: None, value: None }
    }

    /// A violation of a rule whose message needs nothing of a request; nothing for others.
    pub(crate) fn of_rule(form: &CompiledForm, rule: usize) -> Option<Self> {
        let needs_request = match &form.rules.rules.get(rule)?.operand {
            None => false,
            Some(Operand::Moment { .. }) => true,
            Some(Operand::Relation(relation)) => relation.param().is_some(),
        };
        (!needs_request).then(|| Self::new(form, Some(rule), Location::new()))
    }

    /// The same, further down.
    pub(super) fn below(mut self, path: &[Segment]) -> Self {
        for segment in path {
            match segment {
                Segment::Key(key) => push_token(&mut self.tail, key),
                Segment::Index(index) => push_token(&mut self.tail, &index.to_string()),
            }
        }
        self
    }

    /// The same, at a key of the object.
    pub(super) fn at_key(mut self, key: &str) -> Self {
        push_token(&mut self.tail, key);
        self
    }

    /// The same, held against this.
    pub(super) fn against(mut self, operand: Option<(&'static str, Value)>) -> Self {
        self.operand = operand.map(|(param, value)| Box::new(Against::Value(param, value)));
        self
    }

    /// The same, held against the rule's point in time as it was at `now`.
    pub(super) fn judged_at(mut self, now: SystemTime) -> Self {
        self.operand = Some(Box::new(Against::Now(now)));
        self
    }

    /// The same, at a JSON Pointer from where it was.
    pub(super) fn at(mut self, pointer: &str) -> Self {
        self.tail.push_str(pointer);
        self
    }

    /// Whether both are about the same place.
    #[must_use]
    pub fn is_beside(&self, other: &Self) -> bool {
        let (base, other_base) = (self.base.as_str(), other.base.as_str());
        if base.len() + self.tail.len() != other_base.len() + other.tail.len() {
            return false;
        }
        if base.len() == other_base.len() {
            return base == other_base && self.tail == other.tail;
        }
        // The validator has the whole way in the base, keywords of ours have it in the tail.
        base.bytes().chain(self.tail.bytes()).eq(other_base.bytes().chain(other.tail.bytes()))
    }

    /// The keys and indices on the way, as they are.
    fn tokens(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.base.as_str().split('/').skip(1).chain(self.tail.split('/').skip(1)).map(unescaped)
    }

    /// The index of the item at a depth of the way, from 0.
    pub(super) fn index_at(&self, depth: usize) -> usize {
        self.tokens().nth(depth).and_then(|token| token.parse().ok()).unwrap_or(usize::MAX)
    }

    /// The dotted path that `errors` has as a key: `base` for the form itself.
    #[must_use]
    pub fn dotted_path(&self) -> String {
        let mut tokens = self.tokens();
        let Some(first) = tokens.next() else { return "base".to_owned() };
        tokens.fold(first.into_owned(), |mut path, token| {
            path.push('.');
            path.push_str(&token);
            path
        })
    }

    /// The JSON Pointer (RFC 6901) into the request's body.
    #[must_use]
    pub fn pointer(&self) -> String {
        ["/form", self.base.as_str(), &self.tail].concat()
    }

    /// What its message is made of.
    #[must_use]
    pub fn params(&self, form: &CompiledForm) -> Map<String, Value> {
        let rule = self.rule.and_then(|rule| form.rules.rules.get(rule));
        let mut params = rule.map(SchemaRule::params).unwrap_or_default();
        match (self.operand.as_deref(), rule.and_then(|rule| rule.operand.as_ref())) {
            (Some(Against::Value(param, value)), _) => {
                params.insert((*param).to_owned(), value.clone());
            }
            (Some(Against::Now(now)), Some(Operand::Moment { moment, with_time })) => {
                params.insert("value".into(), moment.text(*with_time, *now).into());
            }
            _ => {}
        }
        params
    }

    /// Whether it is about a field that the form computes.
    pub(super) fn is_of_computed(&self, form: &CompiledForm) -> bool {
        let way: Vec<Step> = self.tokens().map(|token| Step::Key(token.into_owned())).collect();
        form.form.payload.iter().any(|entry| way.starts_with(&entry.path) || entry.path.starts_with(&way))
    }

    /// Keeps the value that it is about, for its message.
    pub(super) fn quote(&mut self, form: &CompiledForm, values: &Value) {
        let field = self.rule.and_then(|rule| form.rules.fields.get(form.rules.rules.get(rule)?.field?));
        if field.is_some_and(|field| !field.secret) {
            let value = self.tokens().try_fold(values, |value, token| match value {
                Value::Object(values) => values.get(token.as_ref()),
                Value::Array(items) => items.get(token.parse::<usize>().ok()?),
                _ => None,
            });
            // Only a single value is ever quoted.
            self.value = value.filter(|value| !value.is_object() && !value.is_array()).cloned();
        }
    }
}

/// What a reference token of a JSON Pointer stands for (RFC 6901, 4); few stand for anything but themselves.
fn unescaped(token: &str) -> Cow<'_, str> {
    if token.bytes().any(|byte| byte == b'~') {
        token.replace("~1", "/").replace("~0", "~").into()
    } else {
        token.into()
    }
}
