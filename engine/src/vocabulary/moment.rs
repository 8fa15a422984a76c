//! `x-formwork-before` and its like: how a text that is a day or an instant lies to another.

use serde_json::Value;

use super::{Assertion, judgement};
use crate::model::{Moment, Order, parse_date, parse_instant};

/// The keyword of an order.
pub(crate) fn keyword(order: Order) -> &'static str {
    match order {
        Order::Before => "x-formwork-before",
        Order::After => "x-formwork-after",
        Order::OnOrBefore => "x-formwork-on-or-before",
        Order::OnOrAfter => "x-formwork-on-or-after",
        Order::EqualTo => "x-formwork-at",
    }
}

pub(super) struct Lies {
    order: Order,
    with_time: bool,
    moment: Moment,
}

impl Lies {
    /// The keyword's value is `{ "date": "18 years ago" }` or `{ "datetime": "now" }`.
    pub(super) fn parse(order: Order, value: &Value) -> Option<Self> {
        let (with_time, text) = match (value.get("date"), value.get("datetime")) {
            (Some(text), None) => (false, text),
            (None, Some(text)) => (true, text),
            _ => return None,
        };
        Some(Self { order, with_time, moment: Moment::parse(text.as_str()?)? })
    }
}

impl Assertion for Lies {
    /// What is no time is for `format` to refuse; where nobody said what time it is, nothing can be.
    fn holds(&self, value: &Value) -> bool {
        let (Some(text), Some(now)) = (value.as_str(), judgement::now()) else { return true };
        let ordering = if self.with_time {
            parse_instant(text).map(|instant| instant.cmp(&self.moment.instant(now)))
        } else {
            parse_date(text).map(|date| date.cmp(&self.moment.date(now)))
        };
        ordering.is_none_or(|ordering| self.order.holds(ordering))
    }
}
