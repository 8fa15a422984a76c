//! Rules that hold one field against another: the keyword stands at the object that holds both.

use serde_json::{Value, json};

use super::builder::{Around, Builder};
use super::{Constraint, Operand, presence};
use crate::model::{Against, Check, Condition, Field, Step, Validation, dotted};
use crate::vocabulary::{How, Relation};

impl<'f> Builder<'f> {
    /// That another field repeats this one, which is in the object being built.
    pub(super) fn confirmation(&mut self, field: &'f Field, validation: &'f Validation, rule: usize) {
        let Check::Confirmation { case_sensitive } = validation.check else { return };
        let length = self.path.len();
        self.path.push(Step::Key(field.name.value.clone()));
        let path = dotted(&self.path);
        let index = self.rules.fields.iter().position(|field| field.path == path);
        if let Some(rule) = self.rules.rules.get_mut(rule) {
            rule.field = index;
        }
        // Of it only its conditions are asked: the relation stands at the object.
        self.around.push(Around { field, place: self.place(length), type_rule: rule });
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

    /// The rules that hold the field being built against others.
    pub(super) fn comparisons(&mut self, index: usize, validation: &'f Validation) {
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
            _ => return,
        };
        for (code, relation, at) in relations {
            let mut constraint = Constraint::new(code, Vec::new());
            let rule = self.add(Some(index), &mut constraint, validation.message.as_ref());
            self.relate(rule, relation, validation.condition.as_ref(), at, None);
        }
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
    pub(super) fn relate(
        &mut self,
        rule: usize,
        relation: Relation,
        condition: Option<&Condition>,
        length: usize,
        guard: Option<&Value>,
    ) {
        let (keyword, value) = relation.keyword();
        let hidden = self.around[length..].iter().any(|around| around.field.when.is_some());
        let places = if hidden || condition.is_some() {
            self.under_each(condition, length)
        } else {
            vec![self.place(length)]
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
            dependent = Some(repeated.clone());
        }
        if let Some(rule) = self.rules.rules.get_mut(rule) {
            rule.operand = Some(Operand::Relation(relation));
        }
        let constraint = Constraint { code: "", param: None, keywords, operand: None };
        for place in places {
            let base = self.constrain(place, &constraint, guard.cloned(), rule);
            if let Some(repeated) = &dependent {
                self.file_required(base, "dependentRequired", repeated, rule);
            }
        }
    }
}

/// The field that this one repeats, and the rule that says so.
pub(super) fn repeated_by<'f>(field: &Field, siblings: &'f [Field]) -> Option<(&'f Field, &'f Validation)> {
    let name = field.name.value.strip_suffix("_confirmation")?;
    let repeated = siblings.iter().find(|sibling| sibling.name.value == name)?;
    let mut rules = repeated.validations.iter();
    Some((repeated, rules.find(|rule| matches!(rule.check, Check::Confirmation { .. }))?))
}
