//! Whether anything lies between two bounds: of numbers and of points in time. Called by the rules beside it.

use serde_json::Number;

use crate::model::{Comparison, Moment, Order, Spanned, Unit};

/// The comparisons that bound a number from below, and those that do so from above.
const AT_LEAST: [Comparison; 3] =
    [Comparison::GreaterThan, Comparison::GreaterThanOrEqualTo, Comparison::EqualTo];
const AT_MOST: [Comparison; 3] = [Comparison::LessThan, Comparison::LessThanOrEqualTo, Comparison::EqualTo];

/// A bound of a range of numbers: its value, whether the value itself belongs to it, where it is written.
pub(super) struct Bound<'a> {
    pub(super) value: f64,
    pub(super) inclusive: bool,
    pub(super) comparison: Comparison,
    pub(super) written: &'a Spanned<Number>,
}

impl Bound<'_> {
    /// It in words: `greater than 5`.
    pub(super) fn describe(&self) -> String {
        format!("{} {}", self.comparison.name().replace('_', " "), self.written.value)
    }
}

/// Every lower bound with every upper one.
pub(super) fn ranges<'a>(
    comparisons: impl IntoIterator<Item = &'a (Comparison, Spanned<Number>)>,
) -> Vec<(Bound<'a>, Bound<'a>)> {
    let comparisons: Vec<_> = comparisons.into_iter().collect();
    let bounds = |wanted: &[Comparison]| -> Vec<Bound<'a>> {
        comparisons
            .iter()
            .filter(|(comparison, _)| wanted.contains(comparison))
            .filter_map(|(comparison, written)| {
                let inclusive = !matches!(comparison, Comparison::GreaterThan | Comparison::LessThan);
                Some(Bound { value: written.value.as_f64()?, inclusive, comparison: *comparison, written })
            })
            .collect()
    };
    bounds(&AT_LEAST)
        .into_iter()
        .flat_map(|least| {
            bounds(&AT_MOST).into_iter().map(move |most| {
                let Bound { value, inclusive, comparison, written } = least;
                (Bound { value, inclusive, comparison, written }, most)
            })
        })
        .collect()
}

/// Whether nothing lies between two bounds. Bounds that floats cannot tell apart count as equal: no false alarm.
pub(super) fn is_empty(least: &Bound<'_>, most: &Bound<'_>, whole: bool) -> bool {
    let both = least.inclusive && most.inclusive;
    if whole {
        let lowest = if least.inclusive { least.value.ceil() } else { least.value.floor() + 1.0 };
        let highest = if most.inclusive { most.value.floor() } else { most.value.ceil() - 1.0 };
        return lowest > highest;
    }
    least.value > most.value || (least.value.total_cmp(&most.value).is_eq() && !both)
}

/// Whether surely nothing lies so to both of two points in time, whenever it is asked.
pub(super) fn excludes(least: (Order, &Moment), most: (Order, &Moment), with_time: bool) -> bool {
    let is_least = matches!(least.0, Order::After | Order::OnOrAfter | Order::EqualTo);
    let is_most = matches!(most.0, Order::Before | Order::OnOrBefore | Order::EqualTo);
    if !is_least || !is_most {
        return false;
    }
    let strict = least.0 == Order::After || most.0 == Order::Before;
    match (least.1, most.1) {
        (Moment::Date(least), Moment::Date(most)) => least > most || (least == most && strict),
        (Moment::Instant(least, _), Moment::Instant(most, _)) => least > most || (least == most && strict),
        (least, most) if least == most => strict,
        (least, most) => {
            let (Some((earliest, _)), Some((_, latest))) = (seconds(least), seconds(most)) else {
                return false;
            };
            // A day begins up to a day before any instant of it.
            if with_time { earliest > latest } else { earliest - latest >= DAY }
        }
    }
}

const DAY: i64 = 86_400;

/// How many seconds after the request a relative point in time lies, at least and at most.
fn seconds(moment: &Moment) -> Option<(i64, i64)> {
    let (count, least, most) = match moment {
        Moment::Date(_) | Moment::Instant(..) => return None,
        Moment::Now => return Some((0, 0)),
        Moment::Today => return Some((-DAY, 0)),
        Moment::Relative(count, unit) => match unit {
            Unit::Second => (count, 1, 1),
            Unit::Minute => (count, 60, 60),
            Unit::Hour => (count, 3600, 3600),
            Unit::Day => (count, DAY, DAY),
            Unit::Week => (count, 7 * DAY, 7 * DAY),
            Unit::Month => (count, 28 * DAY, 31 * DAY),
            Unit::Year => (count, 365 * DAY, 366 * DAY),
        },
    };
    let (one, other) = (count.saturating_mul(least), count.saturating_mul(most));
    Some((one.min(other), one.max(other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let written = Spanned::new(Number::from(0), 0..0);
        let bound =
            |value, inclusive| Bound { value, inclusive, comparison: Comparison::EqualTo, written: &written };
        for (least, most, whole, empty) in [
            ((1.0, true), (1.0, true), false, false),
            ((1.0, false), (1.0, true), false, true),
            ((1.0, false), (2.0, false), false, false),
            ((1.0, false), (2.0, false), true, true),
            ((1.2, true), (1.8, true), true, true),
            ((1.2, true), (2.0, true), true, false),
            ((2.0, true), (1.0, true), false, true),
        ] {
            let (least, most) = (bound(least.0, least.1), bound(most.0, most.1));
            assert_eq!(is_empty(&least, &most, whole), empty, "{} {}", least.value, most.value);
        }
    }

    #[test]
    fn times() {
        for (after, before, empty) in [
            ("2026-12-31", "2026-01-01", true),
            ("2026-01-01", "2026-12-31", false),
            ("2026-01-01", "2026-01-01", true),
            ("17 years ago", "18 years ago", true),
            ("18 years ago", "17 years ago", false),
            ("today", "18 years ago", true),
            ("today", "now", false),
            ("30 days ago", "1 month ago", false),
            ("2026-01-01", "today", false),
        ] {
            let (least, most) = (Moment::parse(after), Moment::parse(before));
            let found = least
                .zip(most)
                .map(|(least, most)| excludes((Order::After, &least), (Order::Before, &most), false));
            assert_eq!(found, Some(empty), "after {after}, before {before}");
        }
    }
}
