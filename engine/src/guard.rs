//! Conditions that are judged before or after the document: which fields are hidden, which uniqueness counts.
//!
//! A guard is made of the same schemas that stand in the document's `if`s, so that there is one meaning of a
//! condition. Made by `compile`, asked by `submission`.

use std::sync::Arc;

use jsonschema::Validator;
use serde_json::Value;

use crate::compile::Compiler;
use crate::model::{Condition, Form, Step};
use crate::schema::{alternatives, clauses};

/// A condition of one field, as validators of the form and of the items around the field.
#[derive(Debug)]
pub(crate) struct Guard {
    /// For each way in which it may hold: how many steps lead to what each validator judges.
    ways: Vec<Vec<(usize, Arc<Validator>)>>,
}

/// A form or item on the way to a field, and how many steps lead to it.
pub(crate) type Scope<'v> = (usize, &'v Value);

impl Guard {
    /// Compiles the condition of the field at `owner`; nothing where a part of it does not compile.
    pub(crate) fn new(
        compiler: &Compiler,
        form: &Form,
        owner: &[Step],
        condition: &Condition,
    ) -> Option<Self> {
        let way = |condition: &Condition| {
            let clauses = clauses(form, owner, condition).into_iter();
            clauses.map(|clause| Some((clause.scope, compiler.validator(&clause.schema)?))).collect()
        };
        let ways = alternatives(form, owner, condition)?;
        Some(Self { ways: ways.iter().map(way).collect::<Option<_>>()? })
    }

    /// Whether it holds for a field inside these scopes.
    pub(crate) fn holds(&self, scopes: &[Scope<'_>]) -> bool {
        self.ways.iter().any(|way| {
            way.iter().all(|(scope, validator)| {
                let value = scopes.iter().find(|(length, _)| length == scope).map(|(_, value)| *value);
                value.is_some_and(|value| validator.is_valid(value))
            })
        })
    }

    /// Whether the clauses about what the first `length` steps lead to hold for it. That of a `when` has one way.
    fn holds_at(&self, length: usize, value: &Value) -> bool {
        let mut clauses = self.ways.iter().flatten().filter(|(scope, _)| *scope == length);
        clauses.all(|(_, validator)| validator.is_valid(value))
    }
}

/// A field with a `when`.
#[derive(Debug)]
pub(crate) struct Hideable {
    path: Vec<Step>,
    guard: Guard,
}

impl Hideable {
    pub(crate) fn new(path: Vec<Step>, guard: Guard) -> Self {
        Self { path, guard }
    }

    /// Drops the field wherever its condition does not hold.
    pub(crate) fn drop_where_hidden(&self, values: &mut Value) {
        self.drop_below(values, 0);
    }

    fn drop_below(&self, value: &mut Value, at: usize) {
        if !self.guard.holds_at(at, value) {
            remove(value, &self.path[at..]);
            return;
        }
        match self.path.get(at) {
            Some(Step::Key(name)) => {
                if let Some(value) = value.get_mut(name) {
                    self.drop_below(value, at + 1);
                }
            }
            Some(Step::Item) => {
                for value in value.as_array_mut().into_iter().flatten() {
                    self.drop_below(value, at + 1);
                }
            }
            None => {}
        }
    }
}

fn remove(value: &mut Value, path: &[Step]) {
    match path {
        [Step::Key(name)] => {
            if let Some(object) = value.as_object_mut() {
                object.shift_remove(name);
            }
        }
        [Step::Key(name), rest @ ..] => {
            if let Some(value) = value.get_mut(name) {
                remove(value, rest);
            }
        }
        [Step::Item, rest @ ..] => {
            value.as_array_mut().into_iter().flatten().for_each(|value| remove(value, rest));
        }
        [] => {}
    }
}
