//! Days and instants that lie where rules want them.

use std::time::SystemTime;

use jiff::civil::Date;
use jiff::{Span, Timestamp};

use super::random::Random;
use crate::model::{Moment, Order, parse_date, parse_instant};

/// A point in time that a value has to lie so to.
#[derive(Clone, Debug)]
pub(super) enum Anchor {
    Moment(Moment),
    /// What another field says.
    Text(String),
}

/// About eleven years, in days.
const DAYS: i64 = 4000;

/// A text that lies so to one of the anchors, or near `now` where there is none.
pub(super) fn moment(
    random: &mut Random,
    with_time: bool,
    anchors: &[(Order, Anchor)],
    now: SystemTime,
) -> String {
    let anchor = random.pick(anchors).cloned();
    let away = match random.below(3) {
        0 => 1,
        1 => random.between(1, 30),
        _ => random.between(1, DAYS),
    };
    let days = match anchor.as_ref().map(|(order, _)| *order) {
        None => random.between(-DAYS, DAYS / 10),
        Some(Order::Before) => -away,
        Some(Order::After) => away,
        Some(Order::OnOrBefore) => {
            if random.one_in(3) {
                0
            } else {
                -away
            }
        }
        Some(Order::OnOrAfter) => {
            if random.one_in(3) {
                0
            } else {
                away
            }
        }
        Some(Order::EqualTo) => 0,
    };
    let anchor = anchor.map_or(Anchor::Moment(Moment::Now), |(_, anchor)| anchor);
    if with_time { instant(random, &anchor, days, now) } else { day(&anchor, days, now) }
}

fn day(anchor: &Anchor, days: i64, now: SystemTime) -> String {
    let date = match anchor {
        Anchor::Moment(moment) => moment.date(now),
        Anchor::Text(text) => parse_date(text).unwrap_or_else(|| Moment::Now.date(now)),
    };
    let shifted = Span::new().try_days(days).ok().and_then(|span| date.checked_add(span).ok());
    shifted.filter(|date| date.year() >= 0).unwrap_or(if days < 0 { Date::ZERO } else { date }).to_string()
}

fn instant(random: &mut Random, anchor: &Anchor, days: i64, now: SystemTime) -> String {
    let instant = match anchor {
        Anchor::Moment(moment) => Some(moment.instant(now)),
        Anchor::Text(text) => parse_instant(text),
    };
    let at = instant.and_then(|instant| SystemTime::try_from(instant).ok()).unwrap_or(now);
    let at = Timestamp::try_from(at).unwrap_or_default();
    // One away is the next second; more is days with a time of its own.
    let seconds = if days.abs() <= 1 { days } else { days * 86_400 + random.between(0, 86_399) };
    let whole = Timestamp::from_second(at.as_second().saturating_add(seconds)).unwrap_or(at);
    if days == 0 {
        // With what is finer than a second.
        return at.to_string();
    }
    whole.to_string()
}
