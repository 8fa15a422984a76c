//! Numbers that keep to bounds, and lie on them more often than chance would have it.

use serde_json::{Number, Value};

use super::demands::Demands;
use super::random::Random;
use crate::model::Comparison;

/// The most decimals that are made.
const MOST_DECIMALS: u32 = 9;

/// How far from its one bound a number is made, or from zero.
const REACH: i128 = 100;

/// A number that meets the demands, if one does; `whole` numbers have no decimals.
pub(super) fn number(random: &mut Random, demands: &Demands<'_>, whole: bool) -> Value {
    let exactly = demands.bounds.iter().find(|(comparison, _)| *comparison == Comparison::EqualTo);
    if let Some((_, bound)) = exactly {
        return Value::Number(bound.clone());
    }
    let whole = whole || demands.whole || demands.odd || demands.even;
    let stated = demands.bounds.iter().map(|(_, bound)| decimals(bound)).fold(2, u32::max);
    let places = if whole { 0 } else { (stated + u32::from(demands.finer)).min(MOST_DECIMALS) };
    let one = 10_i128.pow(places);
    let (least, most) = range(demands, places);
    let (least, most) = match (least, most) {
        (Some(least), Some(most)) => (least, most.max(least)),
        (Some(least), None) => (least, least.saturating_add(REACH * one)),
        (None, Some(most)) => (most.saturating_sub(REACH * one), most),
        (None, None) => (0, REACH * one),
    };
    let drawn = match random.below(5) {
        0 => least,
        1 => most,
        2 => (least / one * one).clamp(least, most),
        _ => {
            let width = usize::try_from((most - least).saturating_add(1)).unwrap_or(usize::MAX);
            least.saturating_add(i128::try_from(random.below(width)).unwrap_or_default())
        }
    };
    let step = step(demands, places, one);
    let beyond = (drawn - if demands.odd { one } else { 0 }).rem_euclid(step);
    let below = drawn - beyond;
    value(if below < least { below + step } else { below }, places)
}

/// The least and greatest multiple of the smallest decimal that the bounds allow.
fn range(demands: &Demands<'_>, places: u32) -> (Option<i128>, Option<i128>) {
    let (mut least, mut most): (Option<i128>, Option<i128>) = (None, None);
    for (comparison, bound) in &demands.bounds {
        let (floor, exact) = scaled(bound, places);
        let ceiling = if exact { floor } else { floor.saturating_add(1) };
        let above = |bound: i128| Some(least.map_or(bound, |least| least.max(bound)));
        let below = |bound: i128| Some(most.map_or(bound, |most| most.min(bound)));
        match comparison {
            Comparison::GreaterThan => least = above(floor.saturating_add(1)),
            Comparison::GreaterThanOrEqualTo => least = above(ceiling),
            Comparison::LessThan => most = below(ceiling.saturating_sub(1)),
            Comparison::LessThanOrEqualTo => most = below(floor),
            Comparison::EqualTo | Comparison::OtherThan | Comparison::MultipleOf => {}
        }
    }
    (least, most)
}

/// What every number is a multiple of.
fn step(demands: &Demands<'_>, places: u32, one: i128) -> i128 {
    let multiples = demands.bounds.iter().filter(|(comparison, _)| *comparison == Comparison::MultipleOf);
    let steps = multiples
        .map(|(_, bound)| scaled(bound, places).0)
        .chain((demands.odd || demands.even).then_some(2 * one));
    steps.filter(|step| *step > 0).fold(1, |a, b| a / greatest_common_divisor(a, b) * b)
}

fn greatest_common_divisor(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

fn decimals(number: &Number) -> u32 {
    let text = number.to_string();
    if text.contains(['e', 'E']) {
        return MOST_DECIMALS;
    }
    let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction.trim_end_matches('0'));
    u32::try_from(fraction.len()).unwrap_or(MOST_DECIMALS)
}

/// The farthest that bounds are followed: beyond it numbers have no exact decimals anyway.
const FARTHEST: i128 = 10_i128.pow(36);

/// A number in units of its last decimal, rounded down; whether it is exactly that.
fn scaled(number: &Number, places: u32) -> (i128, bool) {
    let one = 10_i128.pow(places);
    if let Some(whole) = number.as_i128() {
        return (whole.saturating_mul(one).clamp(-FARTHEST, FARTHEST), true);
    }
    let text = number.to_string();
    if decimals(number) <= places
        && let Some((whole, fraction)) = text.split_once('.')
        && let Ok(digits) = format!("{whole}{fraction:0<width$.width$}", width = places as usize).parse()
    {
        return (digits, true);
    }
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "casts of floats saturate"
    )]
    let floor = (number.as_f64().unwrap_or_default() * one as f64).floor() as i128;
    (floor.clamp(-FARTHEST, FARTHEST), false)
}

fn value(units: i128, places: u32) -> Value {
    let one = 10_i128.pow(places);
    if units % one == 0 {
        return Number::from_i128(units / one).map_or(Value::Null, Value::Number);
    }
    let sign = if units < 0 { "-" } else { "" };
    let (whole, fraction) = (units.abs() / one, units.abs() % one);
    let text = format!("{sign}{whole}.{fraction:0width$}", width = places as usize);
    let number = text.parse().ok().and_then(Number::from_f64);
    number.map_or(Value::Null, Value::Number)
}
