//! When a rule or a field counts: `when`, `if` and `unless`.

use rustc_hash::FxHashMap;
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

/// Every field with a `when`, and what decides whether it is there.
#[derive(Debug, Default)]
pub struct Whens<'f> {
    /// The way to each, and its condition.
    pub fields: Vec<(Vec<Step>, &'f Condition)>,
    /// For each, those of them that decide whether it is there.
    pub causes: Vec<Vec<usize>>,
}

impl<'f> Whens<'f> {
    /// Finds them all.
    #[must_use]
    pub fn of(form: &'f Form) -> Self {
        let mut any = false;
        form.each_field(&mut |field| any |= field.when.is_some());
        if !any {
            return Self::default();
        }
        let mut fields = Vec::new();
        form.for_each_field(&mut |field, path| {
            fields.extend(field.when.as_ref().map(|when| (path.to_vec(), when)));
        });
        let by_path: FxHashMap<&[Step], usize> =
            fields.iter().enumerate().map(|(index, (path, _))| (path.as_slice(), index)).collect();
        let causes = fields
            .iter()
            .map(|(owner, condition)| {
                let mut causes = Vec::new();
                condition.for_each_field(&mut |path, _| {
                    let Some(target) = form.resolve(owner, &path.value) else { return };
                    // The field itself, what it is in, and what is in it.
                    let around =
                        (1..=target.path.len()).filter_map(|length| by_path.get(&target.path[..length]));
                    causes.extend(around);
                    if target.field.ty.is_compound() {
                        let within = |(path, _): &&(Vec<Step>, &Condition)| path.starts_with(&target.path);
                        causes.extend(
                            fields.iter().filter(within).filter_map(|(path, _)| by_path.get(path.as_slice())),
                        );
                    }
                });
                causes.sort_unstable();
                causes.dedup();
                causes
            })
            .collect();
        drop(by_path);
        Self { fields, causes }
    }

    /// Their order: those first whose presence others depend on.
    ///
    /// # Errors
    /// With one of them, where some depend on each other in a circle.
    pub fn in_order(&self) -> Result<Vec<usize>, usize> {
        #[derive(Clone, Copy, PartialEq)]
        enum Mark {
            New,
            Open,
            Done,
        }
        let mut marks = vec![Mark::New; self.fields.len()];
        let mut ordered = Vec::new();
        for start in 0..self.fields.len() {
            // Not recursive: a form may have very many of them.
            let mut stack = vec![(start, 0)];
            while let Some((index, next)) = stack.pop() {
                if next == 0 {
                    if marks[index] == Mark::Done {
                        continue;
                    }
                    marks[index] = Mark::Open;
                }
                match self.causes[index].get(next) {
                    None => {
                        marks[index] = Mark::Done;
                        ordered.push(index);
                    }
                    Some(cause) => {
                        stack.push((index, next + 1));
                        match marks[*cause] {
                            Mark::New => stack.push((*cause, 0)),
                            Mark::Open => return Err(*cause),
                            Mark::Done => {}
                        }
                    }
                }
            }
        }
        Ok(ordered)
    }
}
