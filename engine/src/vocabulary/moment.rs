//! `x-formwork-before` and its like: how a text that is a day or an instant lies to another.

use serde_json::Value;

use super::{Assertion, clock};
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
    moment: Moment,
}

impl Lies {
    pub(super) fn parse(order: Order, value: &Value) -> Option<Self> {
        Some(Self { order, moment: Moment::parse(value.as_str()?)? })
    }
}

impl Assertion for Lies {
    /// What is no time is for `format` to refuse; where nobody said what time it is, nothing can be.
    fn holds(&self, value: &Value) -> bool {
        let (Some(text), Some(now)) = (value.as_str(), clock::now()) else { return true };
        let ordering = if let Some(date) = parse_date(text) {
            date.cmp(&self.moment.date(now))
        } else if let Some(instant) = parse_instant(text) {
            instant.cmp(&self.moment.instant(now))
        } else {
            return true;
        };
        self.order.holds(ordering)
    }
}
