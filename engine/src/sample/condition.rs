//! Drafts in which a condition holds, or does not.

use serde_json::{Map, Number, Value, json};

use super::Sampler;
use super::demands::Demands;
use super::draft::{Place, beside, remove, set, steps};
use super::number::number;
use super::value::Wanted;
use crate::model::{Comparison, Condition, Expectation, Segment, Step};

/// How far conditions of conditions are followed.
const DEEPEST: usize = 8;

/// A draft of which some places are settled, so that nothing else may change them.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub(super) values: Map<String, Value>,
    pub(super) settled: Vec<Place>,
}

impl Draft {
    /// Whether a change at a place would change what is settled.
    pub(super) fn is_settled(&self, place: &[Segment]) -> bool {
        self.settled.iter().any(|settled| settled.starts_with(place) || place.starts_with(settled))
    }
}

impl<'f> Sampler<'f> {
    /// Makes the fields on the way to a place count.
    pub(super) fn reveal(&mut self, draft: &mut Draft, place: &[Segment], depth: usize) {
        for length in 1..=place.len() {
            let way = &place[..length];
            let Some(when) = self.field_at(&steps(way)).and_then(|field| field.when.as_ref()) else {
                continue;
            };
            self.make(draft, way, when, true, depth + 1);
        }
    }

    /// Makes a condition of the field at `owner` hold, or not.
    pub(super) fn make(
        &mut self,
        draft: &mut Draft,
        owner: &[Segment],
        condition: &'f Condition,
        holds: bool,
        depth: usize,
    ) {
        if depth > DEEPEST {
            return;
        }
        match condition {
            Condition::Not(inner) => self.make(draft, owner, inner, !holds, depth),
            Condition::All(parts) | Condition::Any(parts) => {
                let each = matches!(condition, Condition::All(_)) == holds;
                if each {
                    for part in parts {
                        self.make(draft, owner, part, holds, depth);
                    }
                } else if !parts.is_empty() {
                    let part = self.random.below(parts.len());
                    self.make(draft, owner, &parts[part], holds, depth);
                }
            }
            Condition::Field { path, expectation } => {
                let form = &self.form.form;
                let Some(target) = form.resolve(&steps(owner), &path.value) else { return };
                let place = beside(owner, &target.path);
                match self.meeting(&target.path, expectation, holds) {
                    Some(value) => {
                        self.reveal(draft, &place, depth);
                        set(&mut draft.values, &place, value);
                    }
                    None => remove(&mut draft.values, &place),
                }
                draft.settled.push(place);
            }
        }
    }

    /// A value of the field at `path` that meets an expectation, or fails it; nothing where it has to be absent.
    fn meeting(&mut self, path: &[Step], expectation: &Expectation, holds: bool) -> Option<Value> {
        let field = self.field_at(path)?;
        let usual = |sampler: &mut Self| sampler.value(field, &mut path.to_vec(), Wanted::ANYTHING);
        match (expectation, holds) {
            (Expectation::Present(present), holds) => (*present == holds).then(|| usual(self)),
            (Expectation::OneOf(values), true) => self.random.pick(values).map(|value| value.value.clone()),
            (Expectation::OneOf(values), false) => {
                let tries: Vec<Value> = (0..8).map(|_| usual(self)).collect();
                let others =
                    tries.into_iter().filter(|other| values.iter().all(|value| value.value != *other));
                others.take(1).next().filter(|_| !self.random.one_in(4))
            }
            (Expectation::Compares(comparisons), _) => {
                let failing = self.random.below(comparisons.len());
                let wanted = comparisons.iter().enumerate().filter_map(|(index, (how, bound))| {
                    if holds {
                        return Some((*how, bound.value.clone()));
                    }
                    (index == failing).then(|| (opposite(*how), bound.value.clone()))
                });
                let wanted: Vec<(Comparison, Number)> = wanted.collect();
                let mut demands = Demands::of(field, |validation| validation.condition.is_none());
                if let Some(listed) = &demands.listed {
                    return self.random.pick(listed).cloned();
                }
                demands.bounds.extend(wanted);
                Some(number(&mut self.random, &demands, field.ty.name() == "integer"))
            }
        }
    }

    /// Makes a condition that the form has hold, or not, so that samples show both.
    pub(super) fn take_a_side(&mut self, draft: &mut Draft) {
        let chosen = self.random.below(self.conditions.len());
        let Some((path, condition)) = self.conditions.get(chosen).cloned() else { return };
        let holds = self.random.one_in(2);
        let place = beside(&[], &path);
        // In the items of an array that is not there, there is nothing to choose.
        if !path.contains(&Step::Item) {
            self.make(draft, &place, condition, holds, 0);
        }
    }
}

fn opposite(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::GreaterThan => Comparison::LessThanOrEqualTo,
        Comparison::GreaterThanOrEqualTo => Comparison::LessThan,
        Comparison::EqualTo | Comparison::MultipleOf => Comparison::OtherThan,
        Comparison::LessThan => Comparison::GreaterThanOrEqualTo,
        Comparison::LessThanOrEqualTo => Comparison::GreaterThan,
        Comparison::OtherThan => Comparison::EqualTo,
    }
}

/// The values of fields at which a condition changes its mind.
pub(crate) fn turning_points(expectation: &Expectation) -> Vec<Value> {
    match expectation {
        Expectation::Present(_) => Vec::new(),
        Expectation::OneOf(values) => values.iter().map(|value| value.value.clone()).collect(),
        Expectation::Compares(comparisons) => {
            let around = comparisons.iter().filter_map(|(_, bound)| bound.value.as_i64());
            around
                .flat_map(|bound| [bound.saturating_sub(1), bound, bound.saturating_add(1)])
                .map(|value| json!(value))
                .collect()
        }
    }
}
