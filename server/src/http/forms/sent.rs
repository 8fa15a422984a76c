//! What a page sent: what people entered, and the controls of our own beside it.

use formwork_engine::compile::CompiledForm;
use formwork_engine::presentation::{OWN, Rows, decode};
use serde_json::{Map, Value};

use crate::http::error::ApiError;
use crate::http::urlencoded::FormFault;

/// The control that people do not see and programs fill in. No resource has a field of this name.
pub(super) const HONEYPOT: &str = "website";

/// The names of our own controls, each after [`OWN`].
pub(super) const TOKEN: &str = "token";
pub(super) const KEY: &str = "key";
pub(super) const STAMP: &str = "stamp";
const ADD: &str = "add";
const REMOVE: &str = "remove";

/// What a page sent.
pub(super) struct Sent {
    own: Vec<(String, String)>,
    entered: Vec<(String, String)>,
    /// Whether the control that people do not see was filled in.
    pub(super) trapped: bool,
}

/// What people ask of a list.
pub(super) enum Change {
    /// A further row of the array at this dotted path.
    Add(String),
    /// Without the row at this dotted path.
    Remove(String),
}

impl Sent {
    pub(super) fn new(form: &CompiledForm, pairs: Vec<(String, String)>) -> Self {
        let mut sent = Self { own: Vec::new(), entered: Vec::new(), trapped: false };
        for (name, text) in pairs {
            match name.strip_prefix(OWN) {
                Some(name) => sent.own.push((name.to_owned(), text)),
                None if form.form.spam.honeypot && name == HONEYPOT => sent.trapped |= !text.is_empty(),
                None => sent.entered.push((name, text)),
            }
        }
        sent
    }

    /// What a control of our own says, if there is one of it.
    pub(super) fn own(&self, name: &str) -> Option<&str> {
        let mut all = self.own.iter().filter(|(own, _)| own == name);
        let (_, text) = all.next()?;
        all.next().is_none().then_some(text.as_str())
    }

    /// The change of a list that was asked for instead of sending the form.
    pub(super) fn change(&self) -> Option<Change> {
        let add = self.own(ADD).map(|path| Change::Add(path.to_owned()));
        add.or_else(|| self.own(REMOVE).map(|path| Change::Remove(path.to_owned())))
    }

    /// What was entered, as values of the form.
    pub(super) fn values(self, form: &CompiledForm) -> Result<Map<String, Value>, ApiError> {
        decode(form, self.entered, Rows::Filled).map_err(malformed)
    }

    /// The same, as it stands while a list is changed.
    pub(super) fn values_changed(
        self,
        form: &CompiledForm,
        change: &Change,
    ) -> Result<Map<String, Value>, ApiError> {
        let mut entered = self.entered;
        if let Change::Remove(row) = change {
            let of_row = |name: &str| {
                name.strip_prefix(row.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            entered.retain(|(name, _)| !of_row(name));
        }
        decode(form, entered, Rows::All).map_err(malformed)
    }
}

fn malformed(fault: formwork_engine::presentation::DecodeFault) -> ApiError {
    ApiError::MalformedForm(FormFault::from(fault))
}
