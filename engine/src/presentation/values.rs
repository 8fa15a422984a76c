//! What a page sends → the `form` value of a request.
//!
//! Names are dotted paths with the indexes of items, as in `errors`: `properties.people.0.name`. Texts become what the
//! form's types say, as far as they are that; the rest stays text, and is refused for its type. An empty control says
//! nothing, and a box that is not ticked says no. Nothing is judged here.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

use super::{control, is_asked};
use crate::compile::CompiledForm;
use crate::lower::MAX_NESTING;
use crate::model::{Field, FieldType, Step};

/// Why what was sent cannot be read one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeFault {
    /// A name that can have one value has several.
    Duplicate,
    /// A name has more parts than any field.
    TooDeep,
}

/// Which rows of arrays are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Those with something in them.
    Filled,
    /// All of them: somebody is about to fill them.
    All,
}

/// What was sent under a name, or under names that begin with it.
enum Sent {
    Texts(Vec<String>),
    Members(BTreeMap<String, Sent>),
}

/// Reads what a page sent, without the controls of our own.
///
/// # Errors
/// When it can be read in several ways.
pub fn decode(
    form: &CompiledForm,
    pairs: Vec<(String, String)>,
    rows: Rows,
) -> Result<Map<String, Value>, DecodeFault> {
    let mut root = BTreeMap::new();
    for (name, text) in pairs {
        put(&mut root, &name, text)?;
    }
    let mut reader = Reader { form, rows, path: Vec::new() };
    let (values, _) = reader.object(&form.form.fields, root)?;
    Ok(values)
}

fn put(members: &mut BTreeMap<String, Sent>, name: &str, text: String) -> Result<(), DecodeFault> {
    let parts: Vec<&str> = name.split('.').collect();
    let (last, way) = parts.split_last().ok_or(DecodeFault::Duplicate)?;
    if way.len() > 2 * MAX_NESTING {
        return Err(DecodeFault::TooDeep);
    }
    let mut members = members;
    for part in way {
        let inner = members.entry((*part).to_owned()).or_insert_with(|| Sent::Members(BTreeMap::new()));
        let Sent::Members(inner) = inner else { return Err(DecodeFault::Duplicate) };
        members = inner;
    }
    match members.entry((*last).to_owned()).or_insert_with(|| Sent::Texts(Vec::new())) {
        Sent::Texts(texts) => texts.push(text),
        Sent::Members(_) => return Err(DecodeFault::Duplicate),
    }
    Ok(())
}

struct Reader<'f> {
    form: &'f CompiledForm,
    rows: Rows,
    path: Vec<Step>,
}

impl Reader<'_> {
    /// The members of an object, and whether anything was entered in it.
    fn object(
        &mut self,
        fields: &[Field],
        mut sent: BTreeMap<String, Sent>,
    ) -> Result<(Map<String, Value>, bool), DecodeFault> {
        let mut values = Map::new();
        let mut unticked = Vec::new();
        let mut touched = false;
        for field in fields {
            let name = &field.name.value;
            self.path.push(Step::Key(name.clone()));
            match sent.remove(name) {
                Some(sent) => {
                    if let Some((value, filled)) = self.value(field, sent)? {
                        touched |= filled;
                        values.insert(name.clone(), value);
                    }
                }
                None if control::kind(field) == "checkbox" => {
                    if is_asked(&self.form.form, field, &self.path) {
                        // To take a tick away is to enter something.
                        let was_ticked =
                            control::is_ticked(field.default.as_ref().map(|default| &default.value));
                        touched |= was_ticked && field.when.is_none();
                        unticked.push(field);
                    }
                }
                // Without any control, a group that is always there may hold boxes all the same.
                None => {
                    if let FieldType::Group { fields, implied: true } = &field.ty {
                        let (inner, filled) = self.object(fields, BTreeMap::new())?;
                        touched |= filled;
                        if !inner.is_empty() {
                            values.insert(name.clone(), Value::Object(inner));
                        }
                    }
                }
            }
            self.path.pop();
        }
        let implied = !self.path.contains(&Step::Item) && self.is_implied();
        if touched || implied || self.rows == Rows::All {
            for field in unticked {
                let no = if matches!(field.ty, FieldType::Boolean) { Value::Bool(false) } else { "0".into() };
                values.insert(field.name.value.clone(), no);
            }
        }
        for (name, sent) in sent {
            touched = true;
            values.insert(name, undeclared(sent));
        }
        Ok((values, touched))
    }

    /// Whether every group on the way is always there.
    fn is_implied(&self) -> bool {
        (1..=self.path.len()).all(|length| {
            let fields = self.form.form.fields_at(&self.path[..length - 1]).unwrap_or_default();
            let named =
                |field: &&Field| Some(&Step::Key(field.name.value.clone())) == self.path.get(length - 1);
            fields
                .iter()
                .find(named)
                .is_some_and(|field| matches!(field.ty, FieldType::Group { implied: true, .. }))
        })
    }

    /// A field's value, and whether it was entered; nothing where nothing was.
    fn value(&mut self, field: &Field, sent: Sent) -> Result<Option<(Value, bool)>, DecodeFault> {
        match (&field.ty, sent) {
            (FieldType::Array(items), Sent::Texts(texts)) => {
                let values: Vec<Value> =
                    texts.iter().filter(|text| !text.is_empty()).map(|text| coerced(items, text)).collect();
                Ok((!values.is_empty()).then_some((Value::Array(values), true)))
            }
            (FieldType::Array(items), Sent::Members(members)) => self.array(items, members),
            (FieldType::Object(fields), Sent::Members(members)) => {
                let (values, touched) = self.object(fields, members)?;
                let shown = touched || self.rows == Rows::All;
                Ok(shown.then_some((Value::Object(values), touched)))
            }
            (FieldType::Group { fields, implied }, Sent::Members(members)) => {
                let (values, touched) = self.object(fields, members)?;
                let shown = touched || *implied || self.rows == Rows::All;
                Ok(shown.then_some((Value::Object(values), touched)))
            }
            (_, Sent::Texts(texts)) => match texts.as_slice() {
                [text] if text.is_empty() => Ok(None),
                [text] => Ok(Some((coerced(field, text), true))),
                _ => Err(DecodeFault::Duplicate),
            },
            (_, members @ Sent::Members(_)) => Ok(Some((undeclared(members), true))),
        }
    }

    fn array(
        &mut self,
        items: &Field,
        members: BTreeMap<String, Sent>,
    ) -> Result<Option<(Value, bool)>, DecodeFault> {
        let mut rows: Vec<(usize, Sent)> = Vec::new();
        for (index, sent) in members {
            // No row of a page has another name.
            let Ok(index) = index.parse() else { return Err(DecodeFault::Duplicate) };
            rows.push((index, sent));
        }
        rows.sort_by_key(|(index, _)| *index);
        let mut values = Vec::new();
        let mut filled = false;
        self.path.push(Step::Item);
        for (_, sent) in rows {
            match self.value(items, sent)? {
                Some((value, entered)) => {
                    filled |= entered;
                    values.push(value);
                }
                None if self.rows == Rows::All => values.push(Value::Null),
                None => {}
            }
        }
        self.path.pop();
        Ok((!values.is_empty()).then_some((Value::Array(values), filled)))
    }
}

/// What no field is about, as it was sent: the form refuses it or drops it.
fn undeclared(sent: Sent) -> Value {
    match sent {
        Sent::Texts(mut texts) if texts.len() == 1 => texts.remove(0).into(),
        Sent::Texts(texts) => texts.into(),
        Sent::Members(members) => {
            Value::Object(members.into_iter().map(|(name, sent)| (name, undeclared(sent))).collect())
        }
    }
}

/// A text as a value of a field's type, if it is one.
fn coerced(field: &Field, text: &str) -> Value {
    let as_text = || Value::from(text);
    match &field.ty {
        FieldType::Integer | FieldType::Number => number(text.trim()).map_or_else(as_text, Value::Number),
        FieldType::Boolean => match text {
            "true" | "on" | "1" => true.into(),
            "false" | "0" => false.into(),
            _ => as_text(),
        },
        FieldType::DateTime => instant(text).unwrap_or_else(as_text),
        // Browsers send both characters for the end of a line (HTML, 4.10.22.4).
        FieldType::Text => text.replace("\r\n", "\n").into(),
        _ => as_text(),
    }
}

fn number(text: &str) -> Option<Number> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let digits =
        |text: &str| text.bytes().next().is_some_and(|byte| byte.is_ascii_digit() || b"-.".contains(&byte));
    if !digits(text) {
        return None;
    }
    let integer = text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<u64>().map(Number::from));
    integer.ok().or_else(|| Number::from_f64(text.parse().ok()?))
}

/// `2030-12-31T23:59`, as a control for an instant has it, is in UTC.
fn instant(text: &str) -> Option<Value> {
    let seconds = if text.matches(':').count() == 1 { ":00" } else { "" };
    let whole = format!("{text}{seconds}Z");
    let is_local =
        crate::model::parse_instant(text).is_none() && crate::model::parse_instant(&whole).is_some();
    is_local.then(|| whole.into())
}

/// Values without what may not be shown again.
#[must_use]
pub fn without_secrets(form: &CompiledForm, values: &Map<String, Value>) -> Map<String, Value> {
    let mut shown = values.clone();
    drop_secrets(&form.form.fields, &mut shown);
    shown
}

fn drop_secrets(fields: &[Field], values: &mut Map<String, Value>) {
    for field in fields {
        if field.secret {
            values.shift_remove(&field.name.value);
        } else if let Some(value) = values.get_mut(&field.name.value) {
            drop_secrets_of(field, value);
        }
    }
}

fn drop_secrets_of(field: &Field, value: &mut Value) {
    match (field.items(), value) {
        (Some(items), Value::Array(values)) => {
            values.retain(|_| !items.secret);
            for value in values {
                drop_secrets_of(items, value);
            }
        }
        (None, Value::Object(values)) => drop_secrets(field.fields(), values),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (text, expected) in [
            ("5", Some(Number::from(5))),
            ("+5", Some(Number::from(5))),
            ("-7", Some(Number::from(-7))),
            ("18446744073709551615", Some(Number::from(u64::MAX))),
            ("1.5", Number::from_f64(1.5)),
            (".5", Number::from_f64(0.5)),
            ("1e3", Number::from_f64(1000.0)),
            ("", None),
            ("inf", None),
            ("NaN", None),
            ("-inf", None),
            ("1e999", None),
            ("0x10", None),
            ("1,5", None),
        ] {
            assert_eq!(number(text), expected, "{text}");
        }
    }

    #[test]
    fn instants() {
        assert_eq!(instant("2030-12-31T23:59"), Some("2030-12-31T23:59:00Z".into()));
        assert_eq!(instant("2030-12-31T23:59:30"), Some("2030-12-31T23:59:30Z".into()));
        for text in ["", "2030-12-31", "2030-12-31T23:59:00Z", "soon"] {
            assert_eq!(instant(text), None, "{text}");
        }
    }
}
