//! What follows from a demand: sound and not complete, since whatever is not seen to follow does not.

use serde_json::{Number, Value};

use super::super::number;
use super::Kind;
use crate::model::{Comparison, Moment, Order};

impl Kind {
    /// Whether every value that meets it surely meets the other; of whole numbers if `whole`.
    pub(in crate::compat) fn implies(&self, other: &Self, whole: bool) -> bool {
        if self == other {
            return true;
        }
        match (self, other) {
            (Self::AtLeast(least), Self::AtLeast(wider)) => least >= wider,
            (Self::AtMost(most), Self::AtMost(wider)) => most <= wider,
            (Self::Uuid, Self::AtMost(most)) => *most >= 36,
            (Self::Date, Self::AtMost(most)) => *most >= 10,
            (Self::OneOf(values), _) => values.iter().all(|value| meets(value, other)),
            (Self::NoneOf(values), Self::NoneOf(fewer)) => {
                fewer.iter().all(|value| values.iter().any(|listed| number::same(value, listed)))
            }
            (Self::Odd | Self::Even, Self::Whole) => true,
            (Self::Compares(comparison, bound), Self::Compares(weaker, wider)) => {
                number::follows((*comparison, bound), (*weaker, wider), whole)
            }
            (
                Self::Lies { order, moment, with_time },
                Self::Lies { order: weaker, moment: wider, with_time: other },
            ) => with_time == other && lies_follows((*order, moment), (*weaker, wider)),
            (
                Self::LiesTo { order, field, with_time },
                Self::LiesTo { order: weaker, field: to, with_time: other },
            ) => with_time == other && field == to && order_follows(*order, *weaker),
            (Self::ComparesTo { comparison, field }, Self::ComparesTo { comparison: weaker, field: to }) => {
                let (zero, whole) = (Number::from(0), false);
                field == to && number::follows((*comparison, &zero), (*weaker, &zero), whole)
            }
            (Self::Repeated { case_sensitive }, Self::Repeated { case_sensitive: weaker }) => {
                *case_sensitive || !weaker
            }
            (
                Self::Unique { scope, case_sensitive },
                Self::Unique { scope: wider, case_sensitive: weaker },
            ) => scope.iter().all(|path| wider.contains(path)) && (!case_sensitive || *weaker),
            _ => false,
        }
    }
}

/// Whether a listed value surely meets a demand.
fn meets(value: &Value, kind: &Kind) -> bool {
    let text = value.as_str();
    match kind {
        Kind::OneOf(values) => values.iter().any(|listed| number::same(value, listed)),
        Kind::NoneOf(values) => {
            let surely_other = |listed: &Value| match (value, listed) {
                (Value::Number(a), Value::Number(b)) => {
                    number::compare(a, b).is_some_and(std::cmp::Ordering::is_ne)
                }
                (Value::String(a), Value::String(b)) => a != b,
                _ => std::mem::discriminant(value) != std::mem::discriminant(listed),
            };
            values.iter().all(surely_other)
        }
        Kind::AtLeast(least) => text.is_some_and(|text| text.chars().count() as u64 >= *least),
        Kind::AtMost(most) => text.is_some_and(|text| text.chars().count() as u64 <= *most),
        Kind::Email => text.is_some_and(crate::schema::is_email),
        Kind::Compares(comparison, bound) if *comparison != Comparison::MultipleOf => value
            .as_number()
            .and_then(|number| number::compare(number, bound))
            .is_some_and(|ordering| comparison.holds(ordering)),
        Kind::Whole => value.is_i64(),
        _ => false,
    }
}

fn order_follows(order: Order, weaker: Order) -> bool {
    order == weaker
        || matches!(
            (order, weaker),
            (Order::Before | Order::EqualTo, Order::OnOrBefore)
                | (Order::After | Order::EqualTo, Order::OnOrAfter)
        )
}

/// Whether what lies so to one point in time surely lies so to the other, whenever it is asked.
fn lies_follows((order, moment): (Order, &Moment), (weaker, wider): (Order, &Moment)) -> bool {
    use std::cmp::Ordering;
    let Some(ordering) = moment_ordering(moment, wider) else { return false };
    match ordering {
        Ordering::Equal => order_follows(order, weaker),
        // The wider bound is later: whatever is before the one is before the other.
        Ordering::Less => {
            matches!(order, Order::Before | Order::OnOrBefore | Order::EqualTo)
                && matches!(weaker, Order::Before | Order::OnOrBefore)
                && strictly(moment, order, weaker)
        }
        Ordering::Greater => {
            matches!(order, Order::After | Order::OnOrAfter | Order::EqualTo)
                && matches!(weaker, Order::After | Order::OnOrAfter)
                && strictly(moment, order, weaker)
        }
    }
}

/// Two relative points may fall on the same day, so that only as strict an order follows.
fn strictly(moment: &Moment, order: Order, weaker: Order) -> bool {
    matches!(moment, Moment::Date(_) | Moment::Instant(..)) || order_follows(order, weaker)
}

/// How two points in time lie to each other, never the other way round whenever it is asked.
fn moment_ordering(a: &Moment, b: &Moment) -> Option<std::cmp::Ordering> {
    match (a, b) {
        (Moment::Date(a), Moment::Date(b)) => Some(a.cmp(b)),
        (Moment::Instant(a, _), Moment::Instant(b, _)) => Some(a.cmp(b)),
        (Moment::Relative(a, of_a), Moment::Relative(b, of_b)) if of_a == of_b => Some(a.cmp(b)),
        (a, b) => (a == b).then_some(std::cmp::Ordering::Equal),
    }
}
