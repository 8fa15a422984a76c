//! When a rule or a field counts: `when`, `if` and `unless`.

use serde_json::{Number, Value};

use crate::model::{Comparison, Form, Spanned, Step};

/// A statement about a submission that holds or does not.
#[derive(Clone, Debug)]
pub enum Condition {
    /// Every one holds; nothing always does.
    All(Vec<Condition>),
    /// At least one holds.
    Any(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// A field's value is as expected. An absent field, or null, meets no expectation but `present = false`.
    Field {
        /// The dotted path, as it is written.
        path: Spanned<String>,
        /// What its value has to be.
        expectation: Expectation,
    },
}

/// What is expected of a field's value.
#[derive(Clone, Debug)]
pub enum Expectation {
    /// There is something, by the meaning of `presence`; or there is nothing.
    Present(bool),
    /// It is one of these.
    OneOf(Vec<Spanned<Value>>),
    /// It is a number that compares so with each of these.
    Compares(Vec<(Comparison, Spanned<Number>)>),
}

impl Condition {
    /// The condition that `self` and another hold together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match self {
            Self::All(mut all) => {
                all.push(other);
                Self::All(all)
            }
            one => Self::All(vec![one, other]),
        }
    }

    /// Visits every mention of a field in it.
    pub fn for_each_field<'c>(&'c self, visit: &mut impl FnMut(&'c Spanned<String>, &'c Expectation)) {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                for part in parts {
                    part.for_each_field(visit);
                }
            }
            Self::Not(part) => part.for_each_field(visit),
            Self::Field { path, expectation } => visit(path, expectation),
        }
    }

    /// The statements that must all hold for it to hold.
    pub fn conjuncts(&self) -> Vec<&Self> {
        match self {
            Self::All(parts) => parts.iter().flat_map(Self::conjuncts).collect(),
            other => vec![other],
        }
    }
}

impl Form {
    /// Every field with a `when`, those first whose presence others depend on. Of fields that depend on each other in
    /// a circle the order means nothing; such a form is refused.
    #[must_use]
    pub fn whens(&self) -> Vec<(Vec<Step>, &Condition)> {
        let mut all = Vec::new();
        self.for_each_field(&mut |field, path| {
            all.extend(field.when.as_ref().map(|when| (path.to_vec(), when)));
        });
        let mut ordered = Vec::new();
        let mut visited = vec![false; all.len()];
        for index in 0..all.len() {
            self.after_its_causes(index, &all, &mut visited, &mut ordered);
        }
        ordered
    }

    fn after_its_causes<'f>(
        &'f self,
        index: usize,
        all: &[(Vec<Step>, &'f Condition)],
        visited: &mut [bool],
        ordered: &mut Vec<(Vec<Step>, &'f Condition)>,
    ) {
        if std::mem::replace(&mut visited[index], true) {
            return;
        }
        for cause in self.causes(index, all) {
            self.after_its_causes(cause, all, visited, ordered);
        }
        ordered.push(all[index].clone());
    }

    /// Which of the fields with a `when` decide whether one of them is there.
    pub(crate) fn causes(&self, index: usize, all: &[(Vec<Step>, &Condition)]) -> Vec<usize> {
        let (owner, condition) = &all[index];
        let mut causes = Vec::new();
        condition.for_each_field(&mut |path, _| {
            if let Some(target) = self.resolve(owner, &path.value) {
                let decides =
                    |(_, (cause, _)): &(usize, &(Vec<Step>, &Condition))| target.path.starts_with(cause);
                causes.extend(all.iter().enumerate().filter(decides).map(|(cause, _)| cause));
            }
        });
        causes
    }
}
