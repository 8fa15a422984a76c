//! Values that break one rule of a form.

use serde_json::{Map, Number, Value, json};

use super::Sampler;
use super::demands::Demands;
use super::draft::{Place, get};
use super::moment::{Anchor, moment};
use super::number::number;
use super::target::Target;
use super::text::resized_around;
use super::value::Wanted;
use crate::model::{Against, Check, Comparison, Field, FieldType, Order, Step};

/// What to do at a place so that a rule is broken.
#[derive(Clone, Debug)]
pub(super) enum Harm {
    Set(Value),
    Remove,
}

impl<'f> Sampler<'f> {
    /// Something that is likely to break a rule at a place of a draft.
    pub(super) fn harm(&mut self, target: &Target<'f>, place: &Place, draft: &Map<String, Value>) -> Harm {
        let Some(field) = target.field else {
            return Harm::Set(self.one_of(&[json!("surprise"), json!(1), json!(null)]));
        };
        let current = get(draft, place).cloned();
        let wanted = Wanted { code: Some(target.code), place: Some((place, draft)) };
        let mut path = target.path.clone();
        let check = target.validation.map(|validation| &validation.check);
        if target.code == "blank" {
            return self.blank(field, matches!(path.last(), Some(Step::Item)));
        }
        Harm::Set(match (target.code, check) {
            ("type", _) => self.mistyped(field),
            ("present", _) => self.present(field, &mut path),
            ("too_short" | "too_long" | "wrong_length", _) => {
                self.of_wrong_length(target, field, current, &mut path)
            }
            ("inclusion", _) => self.stranger(field, &mut path),
            (_, Some(Check::Exclusion(values))) => {
                let values: Vec<Value> = values.iter().map(|value| value.value.clone()).collect();
                self.one_of(&values)
            }
            ("accepted", _) => {
                let refusals = [json!("0"), json!("no"), json!("")];
                if matches!(field.ty, FieldType::Boolean) { json!(false) } else { self.one_of(&refusals) }
            }
            ("confirmation", _) => return self.unlike(current),
            ("not_unique", _) => self.repeated(field, current, &mut path),
            ("date" | "datetime", _) => {
                let texts = ["2026-02-30", "tomorrow", "30.11.2026", "2026-11-23T25:00:00Z", "2026-11-23"];
                Value::from(self.random.pick(&texts).copied().unwrap_or_default())
            }
            (_, Some(Check::Timing(_))) => self.at_wrong_time(target, field, wanted),
            _ if field.ty.is_numeric() => self.wrong_number(target, field, wanted),
            _ => self.wrong_text(field, check, current),
        })
    }

    fn one_of(&mut self, values: &[Value]) -> Value {
        self.random.pick(values).cloned().unwrap_or(Value::Null)
    }

    fn blank(&mut self, field: &Field, is_item: bool) -> Harm {
        let blank = match field.ty {
            FieldType::Array(_) => vec![json!([])],
            FieldType::Object(_) | FieldType::Group { implied: true, .. } => vec![json!({})],
            _ if field.ty.json_type() == "string" => vec![json!(""), json!(" "), json!("\t\n")],
            _ => Vec::new(),
        };
        match self.random.below(3) {
            0 if !is_item => Harm::Remove,
            1 if !blank.is_empty() => Harm::Set(self.one_of(&blank)),
            _ if is_item && !blank.is_empty() => Harm::Set(self.one_of(&blank)),
            _ => Harm::Set(Value::Null),
        }
    }

    fn mistyped(&mut self, field: &Field) -> Value {
        let values: &[Value] = match field.ty.json_type() {
            "string" => &[json!(42), json!(true), json!(["a"]), json!({})],
            "integer" => &[json!("7"), json!(1.5), json!(true), json!([])],
            "number" => &[json!("7.5"), json!(false), json!([1])],
            "boolean" => &[json!("yes"), json!(1), json!("true")],
            "array" => &[json!("a"), json!({ "0": "a" }), json!(3)],
            _ => &[json!("a"), json!([]), json!(3)],
        };
        self.one_of(values)
    }

    fn present(&mut self, field: &'f Field, path: &mut Vec<Step>) -> Value {
        match &field.ty {
            FieldType::Object(fields) | FieldType::Group { fields, .. } => {
                Value::Object(self.object(fields, path))
            }
            _ => {
                let demands = Demands::of(field, |validation| {
                    validation.condition.is_none() && !matches!(validation.check, Check::Absence)
                });
                match &field.ty {
                    FieldType::Array(items) => {
                        path.push(Step::Item);
                        let item = self.value(items, path, Wanted::ANYTHING);
                        path.pop();
                        json!([item])
                    }
                    FieldType::Boolean => Value::Bool(self.random.one_in(2)),
                    ty if ty.is_numeric() => number(&mut self.random, &demands, ty.name() == "integer"),
                    _ => match demands.with_time {
                        Some(with_time) => moment(&mut self.random, with_time, &[], self.now).into(),
                        None => self.text(field, &demands).into(),
                    },
                }
            }
        }
    }

    fn of_wrong_length(
        &mut self,
        target: &Target<'f>,
        field: &'f Field,
        current: Option<Value>,
        path: &mut Vec<Step>,
    ) -> Value {
        let bound = length_to_break(target, field);
        let length = match target.code {
            "too_short" => bound.saturating_sub(1),
            "too_long" => bound.saturating_add(1),
            _ if self.random.one_in(2) => bound.saturating_add(1),
            _ => bound.saturating_sub(1),
        };
        let mut demands = Demands::of(field, |validation| validation.condition.is_none());
        if let FieldType::Array(items) = &field.ty {
            let mut values = match current {
                Some(Value::Array(values)) => values,
                _ => Vec::new(),
            };
            values.truncate(length);
            path.push(Step::Item);
            while values.len() < length {
                // One that the form has accepted, where the items may be alike.
                let known = values.first().filter(|_| demands.distinct.is_none()).cloned();
                let value = known.unwrap_or_else(|| self.value(items, path, Wanted::ANYTHING));
                values.push(value);
            }
            path.pop();
            return Value::Array(values);
        }
        // A text of this length that is otherwise as the rules want it, or the one that is there, cut or lengthened.
        let exactly = u64::try_from(length).ok();
        (demands.least, demands.most) = (exactly, exactly);
        let text = match current {
            Some(Value::String(text)) if self.random.one_in(2) => text,
            _ => self.text(field, &demands),
        };
        Value::from(if self.random.one_in(4) { text } else { resized_around(text, length) })
    }

    /// A value that is on no list.
    fn stranger(&mut self, field: &'f Field, path: &mut Vec<Step>) -> Value {
        match field.ty {
            FieldType::Boolean => Value::Bool(self.random.one_in(2)),
            _ if field.ty.is_numeric() => json!(self.random.between(-3, 1000)),
            _ if field.ty.is_temporal() => {
                moment(&mut self.random, field.ty.name() == "datetime", &[], self.now).into()
            }
            _ if self.random.one_in(2) => self.present(field, path),
            _ => self.one_of(&[json!("other"), json!("unheard of"), json!("zz")]),
        }
    }

    /// What does not repeat a value.
    fn unlike(&mut self, current: Option<Value>) -> Harm {
        match current {
            Some(Value::String(text)) if !self.random.one_in(3) => Harm::Set(format!("{text}x").into()),
            Some(Value::Number(number)) => {
                Harm::Set(number.as_i64().map_or(json!(0), |number| json!(number.wrapping_add(1))))
            }
            Some(Value::Bool(said)) => Harm::Set(Value::Bool(!said)),
            _ => Harm::Remove,
        }
    }

    /// An array that has an item twice.
    fn repeated(&mut self, field: &'f Field, current: Option<Value>, path: &mut Vec<Step>) -> Value {
        let mut values = match current {
            Some(Value::Array(values)) => values,
            _ => Vec::new(),
        };
        if let (true, Some(items)) = (values.is_empty(), field.items()) {
            path.push(Step::Item);
            values.push(self.value(items, path, Wanted::ANYTHING));
            path.pop();
        }
        let first = values.first().cloned();
        match values.len() {
            // So that there are no more of them than there were.
            2.. if self.random.one_in(2) => {
                values.pop();
                values.extend(first);
            }
            _ => values.extend(first),
        }
        Value::Array(values)
    }

    fn at_wrong_time(&mut self, target: &Target<'f>, field: &'f Field, wanted: Wanted<'_>) -> Value {
        let with_time = match target.validation.map(|validation| &validation.check) {
            Some(Check::Timing(timing)) => timing.with_time,
            _ => field.ty.name() == "datetime",
        };
        let Some(Check::Timing(timing)) = target.validation.map(|validation| &validation.check) else {
            return Value::Null;
        };
        let bounds = timing.bounds.iter().filter(|(order, _)| order.name() == target.code);
        let anchors: Vec<(Order, Anchor)> = bounds
            .filter_map(|(order, against)| {
                let anchor = match &against.value {
                    Against::Moment(moment, _) => Anchor::Moment(moment.clone()),
                    Against::Field(path) => Anchor::Text(self.other(path, wanted)?.as_str()?.to_owned()),
                };
                Some((self.reversed(*order), anchor))
            })
            .collect();
        moment(&mut self.random, with_time, &anchors, self.now).into()
    }

    fn reversed(&mut self, order: Order) -> Order {
        match order {
            Order::Before => Order::OnOrAfter,
            Order::After => Order::OnOrBefore,
            Order::OnOrAfter => Order::Before,
            Order::EqualTo if self.random.one_in(2) => Order::Before,
            Order::OnOrBefore | Order::EqualTo => Order::After,
        }
    }

    fn wrong_number(&mut self, target: &Target<'f>, field: &'f Field, wanted: Wanted<'_>) -> Value {
        let whole = matches!(field.ty, FieldType::Integer);
        let mut demands = Demands::of(field, |validation| {
            validation.condition.is_none()
                && !target.validation.is_some_and(|own| std::ptr::eq(own, validation))
        });
        demands.bounds.retain(|(how, _)| *how != Comparison::EqualTo);
        let broken = Comparison::ALL.iter().find(|(name, _)| *name == target.code).map(|(_, how)| *how);
        let Some(broken) = broken else { return self.of_other_parity(target.code, &demands) };
        let bound: Option<Number> = match target.validation.map(|validation| &validation.check) {
            Some(Check::Numericality(numericality)) => {
                let own = numericality.comparisons.iter().filter(|(how, _)| *how != broken);
                demands.bounds.extend(own.map(|(how, bound)| (*how, bound.value.clone())));
                numericality
                    .comparisons
                    .iter()
                    .find(|(how, _)| *how == broken)
                    .map(|(_, bound)| bound.value.clone())
            }
            Some(Check::Comparison(comparisons)) => comparisons
                .iter()
                .find(|(how, _)| *how == broken)
                .and_then(|(_, path)| self.other(&path.value, wanted))
                .and_then(|value| value.as_number().cloned()),
            // Beyond what an integer may be.
            _ if broken == Comparison::LessThanOrEqualTo => return json!(u64::MAX),
            _ => return Number::from_i128(i128::from(i64::MIN) - 1).map_or(json!(-1e300), Value::Number),
        };
        let Some(bound) = bound else { return json!(self.random.between(-1000, 1000)) };
        let opposite = match broken {
            Comparison::GreaterThan => Comparison::LessThanOrEqualTo,
            Comparison::GreaterThanOrEqualTo => Comparison::LessThan,
            Comparison::LessThan => Comparison::GreaterThanOrEqualTo,
            Comparison::OtherThan => return Value::Number(bound),
            Comparison::EqualTo if self.random.one_in(2) => Comparison::LessThan,
            Comparison::LessThanOrEqualTo | Comparison::EqualTo => Comparison::GreaterThan,
            Comparison::MultipleOf => {
                demands.bounds.retain(|(how, _)| *how != Comparison::MultipleOf);
                demands.finer = true;
                return number(&mut self.random, &demands, whole);
            }
        };
        demands.bounds.push((opposite, bound));
        number(&mut self.random, &demands, whole)
    }

    /// A number that is not odd, not even, or not whole.
    fn of_other_parity(&mut self, code: &str, demands: &Demands<'f>) -> Value {
        let mut demands = Demands { bounds: demands.bounds.clone(), ..Demands::default() };
        match code {
            "odd" => demands.even = true,
            "even" => demands.odd = true,
            _ => {}
        }
        number(&mut self.random, &demands, false)
    }

    fn wrong_text(&mut self, field: &'f Field, check: Option<&'f Check>, current: Option<Value>) -> Value {
        const FOR_NO_RULE: [&str; 14] = [
            "?",
            "no",
            "not at all",
            "example.com",
            "ada@",
            "ada example.com",
            "ftp://example.com",
            "12",
            "-1",
            "ABC",
            "abcdefghijklmnop",
            "00000000",
            "#################",
            "ß",
        ];
        if field.ty.is_compound() || matches!(field.ty, FieldType::Boolean) {
            return self.odd_compound(field);
        }
        if let Some(Check::Format { without: Some(without), .. }) = check
            && !self.random.one_in(3)
            && let Some(pattern) = self.patterns.get(without.value.as_str())
        {
            let part = pattern.text(&mut self.random, 4);
            return Value::from(match (current, pattern.from_start) {
                (Some(Value::String(text)), false) if self.random.one_in(2) => {
                    format!("{}{part}", text.split('@').next().unwrap_or_default())
                }
                (Some(Value::String(text)), _) if self.random.one_in(2) => format!("{part}{text}"),
                _ => part,
            });
        }
        // The text that is there with one character that does not belong.
        if let Some(Value::String(text)) = &current
            && !text.is_empty()
            && !self.random.one_in(3)
        {
            let mut characters: Vec<char> = text.chars().collect();
            let at = self.random.below(characters.len());
            if let Some(character) = characters.get_mut(at) {
                *character = self.random.pick(&['?', ' ', 'x', '0', '#', '-', 'Q']).copied().unwrap_or('?');
            }
            return Value::from(characters.into_iter().collect::<String>());
        }
        if self.random.one_in(3) {
            let patternless = Demands::of(field, |validation| {
                validation.condition.is_none() && matches!(validation.check, Check::Length(_) | Check::Email)
            });
            return Value::from(self.text(field, &Demands { patterns: Vec::new(), ..patternless }));
        }
        Value::from(self.random.pick(&FOR_NO_RULE).copied().unwrap_or_default())
    }

    /// What may break a further keyword of an author's that is about arrays, objects or truth.
    fn odd_compound(&mut self, field: &'f Field) -> Value {
        match &field.ty {
            FieldType::Boolean => Value::Bool(self.random.one_in(2)),
            FieldType::Array(items) => {
                let count = self.random.below(8);
                let mut path = Vec::new();
                let value = self.value(items, &mut path, Wanted::ANYTHING);
                Value::Array(vec![value; count])
            }
            _ => {
                self.richness = self.random.below(101);
                Value::Object(self.object(field.fields(), &mut Vec::new()))
            }
        }
    }
}

/// The bound of the rule that a length is to break.
fn length_to_break(target: &Target<'_>, field: &Field) -> usize {
    let stated = target.validation.and_then(|validation| match &validation.check {
        Check::Length(length) => match target.code {
            "too_short" => length.minimum.as_ref(),
            "too_long" => length.maximum.as_ref(),
            _ => length.is.as_ref(),
        },
        _ => None,
    });
    let bound = stated.map(|bound| bound.value).or(field.ty.default_maximum_length());
    usize::try_from(bound.unwrap_or_default()).unwrap_or(usize::MAX)
}
