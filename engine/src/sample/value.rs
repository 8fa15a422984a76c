//! Values for fields, readable and varied; whether they are allowed is for the form to say.

use serde_json::{Map, Value};

use super::Sampler;
use super::demands::{Demands, Distinct};
use super::draft::{Place, beside, get, steps};
use super::moment::{Anchor, moment};
use super::number::number;
use crate::model::{Against, Check, Field, FieldType, Step, Validation};

/// The most items that are made where fewer are allowed.
const MODEST: u64 = 3;

/// Which of a field's rules a value is made for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'w> {
    /// The code of a rule that surely counts.
    pub(super) code: Option<&'w str>,
    /// Where the value will be in the draft, so that it can be made to suit the others.
    pub(super) place: Option<(&'w Place, &'w Map<String, Value>)>,
}

impl Wanted<'_> {
    pub(super) const ANYTHING: Self = Self { code: None, place: None };
}

impl<'f> Sampler<'f> {
    /// The demands of the rules that always count, of the one that is wanted, and of some of those with conditions.
    fn demands(&mut self, field: &'f Field, wanted: Wanted<'_>) -> Demands<'f> {
        let random = &mut self.random;
        Demands::of(field, |validation: &Validation| {
            let is_wanted = wanted.code.is_some_and(|code| validation.check.codes().contains(&code));
            validation.condition.is_none() || is_wanted || random.one_in(2)
        })
    }

    /// A value for the field that is at `path` in the model.
    pub(super) fn value(&mut self, field: &'f Field, path: &mut Vec<Step>, wanted: Wanted<'_>) -> Value {
        let demands = self.demands(field, wanted);
        if demands.absent {
            return Value::Null;
        }
        if let Some(listed) = demands.listed.as_ref().and_then(|listed| self.random.pick(listed)) {
            return listed.clone();
        }
        let mentioned = self.mentions.get(path);
        if let Some(mentioned) = mentioned.and_then(|values| self.random.pick(values))
            && wanted.code.is_none()
            && self.random.one_in(2)
        {
            return mentioned.clone();
        }
        match &field.ty {
            FieldType::Array(items) => self.array(items, path, &demands),
            FieldType::Object(fields) | FieldType::Group { fields, .. } => {
                Value::Object(self.object(fields, path))
            }
            FieldType::Boolean => Value::Bool(demands.accepted || self.random.one_in(2)),
            FieldType::Integer | FieldType::Number => {
                let mut demands = demands;
                self.add_other_numbers(&mut demands, wanted);
                number(&mut self.random, &demands, matches!(field.ty, FieldType::Integer))
            }
            _ if demands.accepted => Value::from("1"),
            _ => match demands.with_time {
                Some(with_time) => {
                    let anchors = self.anchors(&demands, wanted);
                    Value::from(moment(&mut self.random, with_time, &anchors, self.now))
                }
                None => Value::from(self.text(field, &demands)),
            },
        }
    }

    /// What another field has, where the value is to be put.
    pub(super) fn other<'d>(&self, path: &str, wanted: Wanted<'d>) -> Option<&'d Value> {
        let (place, draft) = wanted.place?;
        let target = self.form.form.resolve(&steps(place), path)?;
        get(draft, &beside(place, &target.path))
    }

    fn add_other_numbers(&self, demands: &mut Demands<'f>, wanted: Wanted<'_>) {
        for (how, path) in std::mem::take(&mut demands.fields) {
            if let Some(Value::Number(number)) = self.other(path, wanted) {
                demands.bounds.push((how, number.clone()));
            }
        }
    }

    fn anchors(&self, demands: &Demands<'f>, wanted: Wanted<'_>) -> Vec<(crate::model::Order, Anchor)> {
        let anchor = |against: &Against| match against {
            Against::Moment(moment, _) => Some(Anchor::Moment(moment.clone())),
            Against::Field(path) => {
                self.other(path, wanted)?.as_str().map(|text| Anchor::Text(text.to_owned()))
            }
        };
        demands.times.iter().filter_map(|(order, against)| Some((*order, anchor(against)?))).collect()
    }

    fn array(&mut self, items: &'f Field, path: &mut Vec<Step>, demands: &Demands<'_>) -> Value {
        let least = demands.least.unwrap_or(0);
        let most = demands.most.unwrap_or(u64::MAX).min(least.max(1) + MODEST);
        let count = match self.random.below(4) {
            0 => least,
            1 => most,
            _ => least.max(1).min(most) + self.random.below(2) as u64,
        };
        path.push(Step::Item);
        let mut values: Vec<Value> = Vec::new();
        for _ in 0..count.min(most) {
            let mut value = self.value(items, path, Wanted::ANYTHING);
            if let Some(distinct) = demands.distinct {
                let part = |value: &Value| match distinct {
                    Distinct::Whole => Some(value.clone()),
                    Distinct::By(key) => value.get(key).cloned(),
                };
                for _ in 0..16 {
                    if values.iter().all(|other| part(other) != part(&value)) {
                        break;
                    }
                    value = self.value(items, path, Wanted::ANYTHING);
                }
            }
            values.push(value);
        }
        path.pop();
        Value::Array(values)
    }

    /// An object with what it must have, and some of what it may have.
    pub(super) fn object(&mut self, fields: &'f [Field], path: &mut Vec<Step>) -> Map<String, Value> {
        let mut object = Map::new();
        for field in fields {
            path.push(Step::Key(field.name.value.clone()));
            if self.is_sent(field, path) {
                let value = self.value(field, path, Wanted::ANYTHING);
                object.insert(field.name.value.clone(), value);
            }
            path.pop();
        }
        repeat_all(fields, &mut object);
        object
    }

    fn is_sent(&mut self, field: &Field, path: &[Step]) -> bool {
        let required = field.presence().is_some_and(|presence| presence.condition.is_none());
        let absent = field.validations.iter().any(|rule| matches!(rule.check, Check::Absence));
        match () {
            () if field.readonly => false,
            () if self.form.form.payload_computes(path) => self.random.one_in(8),
            () if required => true,
            () if absent => self.random.one_in(4),
            () => self.random.percent(self.richness),
        }
    }
}

/// Says again what has to be said twice.
pub(super) fn repeat_all(fields: &[Field], object: &mut Map<String, Value>) {
    for field in fields {
        let is_repeated =
            field.validations.iter().any(|rule| matches!(rule.check, Check::Confirmation { .. }));
        if is_repeated && let Some(value) = object.get(&field.name.value) {
            object.insert(format!("{}_confirmation", field.name.value), value.clone());
        }
    }
}
