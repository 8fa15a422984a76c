//! Numbers and values as JSON Schema compares them, and which bound follows from which.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use crate::model::Comparison;

/// How two numbers compare; nothing where floats could blur the answer.
pub(super) fn compare(a: &Number, b: &Number) -> Option<Ordering> {
    const EXACT: i128 = 1 << 53;
    if let (Some(a), Some(b)) = (a.as_i128(), b.as_i128()) {
        return Some(a.cmp(&b));
    }
    let is_exact = |number: &Number| number.as_i128().is_none_or(|whole| whole.abs() <= EXACT);
    (is_exact(a) && is_exact(b)).then(|| a.as_f64()?.partial_cmp(&b.as_f64()?)).flatten()
}

/// Whether two values are surely the same to JSON Schema, for which `1` is `1.0`.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => compare(a, b) == Some(Ordering::Equal),
        _ => a == b,
    }
}

/// Whether every number that compares so with one bound surely compares so with the other; of whole numbers if `whole`.
pub(super) fn follows(
    (comparison, bound): (Comparison, &Number),
    (weaker, wider): (Comparison, &Number),
    whole: bool,
) -> bool {
    use Comparison::{
        EqualTo, GreaterThan, GreaterThanOrEqualTo, LessThan, LessThanOrEqualTo, MultipleOf, OtherThan,
    };
    if (comparison, weaker) == (MultipleOf, MultipleOf) {
        let (Some(bound), Some(wider)) = (bound.as_i64(), wider.as_i64()) else { return bound == wider };
        return bound.checked_rem(wider) == Some(0);
    }
    // Of whole numbers, more than 0 is at least 1, and so is more than 0.5; only where the step is exact.
    let next = |by: i64| {
        let within = bound.as_i64().or_else(|| rounded(bound, by < 0)).filter(|_| whole)?;
        within.checked_add(by).map(Number::from)
    };
    match (comparison, weaker) {
        (GreaterThan, GreaterThanOrEqualTo) => {
            if let Some(least) = next(1) {
                return compare(&least, wider).is_some_and(Ordering::is_ge);
            }
        }
        (LessThan, LessThanOrEqualTo) => {
            if let Some(most) = next(-1) {
                return compare(&most, wider).is_some_and(Ordering::is_le);
            }
        }
        _ => {}
    }
    let Some(ordering) = compare(bound, wider) else { return false };
    match (comparison, weaker) {
        (EqualTo, MultipleOf) | (MultipleOf, _) => false,
        (EqualTo, weaker) => weaker.holds(ordering),
        (GreaterThan, GreaterThan | GreaterThanOrEqualTo | OtherThan)
        | (GreaterThanOrEqualTo, GreaterThanOrEqualTo) => ordering.is_ge(),
        (GreaterThanOrEqualTo, GreaterThan | OtherThan) => ordering.is_gt(),
        (LessThan, LessThan | LessThanOrEqualTo | OtherThan) | (LessThanOrEqualTo, LessThanOrEqualTo) => {
            ordering.is_le()
        }
        (LessThanOrEqualTo, LessThan | OtherThan) => ordering.is_lt(),
        (OtherThan, OtherThan) => ordering.is_eq(),
        _ => false,
    }
}

/// The whole number next to one with a fraction, above it or below.
fn rounded(number: &Number, above: bool) -> Option<i64> {
    let number = number.as_f64()?;
    let whole = if above { number.ceil() } else { number.floor() };
    // Every float of this size is written without an exponent, and no whole number is rounded.
    (whole.abs() < 1e15).then(|| format!("{whole:.0}").parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against every number near the bounds: what is said to follow must do so.
    #[test]
    fn what_follows_does_so() {
        for (_, comparison) in Comparison::between_values() {
            for (_, weaker) in Comparison::between_values() {
                for bound in -2i64..3 {
                    for wider in -2i64..3 {
                        for whole in [false, true] {
                            let (of, to) = (Number::from(bound), Number::from(wider));
                            let step = if whole { 2 } else { 1 };
                            let all = (-10i64..11).filter(|half| half % step == 0).all(|half| {
                                !comparison.holds(half.cmp(&(bound * 2)))
                                    || weaker.holds(half.cmp(&(wider * 2)))
                            });
                            let said = follows((comparison, &of), (weaker, &to), whole);
                            assert!(all || !said, "{comparison:?} {bound} {weaker:?} {wider} {whole}");
                        }
                    }
                }
            }
        }
    }
}
