//! Points in time that a form names: fixed ones, and those that move with the clock.

use std::time::SystemTime;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::model::Spanned;

/// What a rule about time holds a value against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A calendar day, RFC 3339 `full-date`.
    Date(Date),
    /// An instant, and how it is written.
    Instant(Instant, String),
    /// The instant of the request.
    Now,
    /// The day of the request in UTC; its first instant.
    Today,
    /// So many units after the request; before it where the count is negative.
    Relative(i64, Unit),
}

/// A unit of a relative time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A second.
    Second,
    /// 60 seconds.
    Minute,
    /// 60 minutes.
    Hour,
    /// A calendar day.
    Day,
    /// Seven days.
    Week,
    /// A calendar month; the last day of a shorter month stands for a day that it does not have.
    Month,
    /// Twelve months.
    Year,
}

impl Unit {
    /// Every unit with its singular.
    pub const ALL: [(&str, Self); 7] = [
        ("second", Self::Second),
        ("minute", Self::Minute),
        ("hour", Self::Hour),
        ("day", Self::Day),
        ("week", Self::Week),
        ("month", Self::Month),
        ("year", Self::Year),
    ];
}

/// How a point in time has to lie to another; each is also its error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Earlier.
    Before,
    /// Later.
    After,
    /// Not later.
    OnOrBefore,
    /// Not earlier.
    OnOrAfter,
    /// The same.
    EqualTo,
}

impl Order {
    /// Every order with its name.
    pub const ALL: [(&str, Self); 5] = [
        ("before", Self::Before),
        ("after", Self::After),
        ("on_or_before", Self::OnOrBefore),
        ("on_or_after", Self::OnOrAfter),
        ("equal_to", Self::EqualTo),
    ];

    /// The name, as a form says it.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, order)| *order == self).map_or("", |(name, _)| name)
    }

    /// Whether two points in time lie so.
    #[must_use]
    pub fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Before => ordering.is_lt(),
            Self::After => ordering.is_gt(),
            Self::OnOrBefore => ordering.is_le(),
            Self::OnOrAfter => ordering.is_ge(),
            Self::EqualTo => ordering.is_eq(),
        }
    }
}

/// What a rule about time compares a value with.
#[derive(Clone, Debug)]
pub enum Against {
    /// A point in time, and how it is written.
    Moment(Moment, String),
    /// Another field, by its dotted path.
    Field(String),
}

/// The rule `date` or `datetime`: the text is one, and lies so to others.
#[derive(Clone, Debug)]
pub struct Timing {
    /// Whether it is about instants; about calendar days otherwise.
    pub with_time: bool,
    /// In the order in which the author wrote them.
    pub bounds: Vec<(Order, Spanned<Against>)>,
}

impl Moment {
    /// Reads what a form says: an RFC 3339 value, `now`, `today`, `18 years ago`, `2 days from now`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "now" => return Some(Self::Now),
            "today" => return Some(Self::Today),
            _ => {}
        }
        if let Some(date) = parse_date(text) {
            return Some(Self::Date(date));
        }
        if let Some(instant) = parse_instant(text) {
            return Some(Self::Instant(instant, text.to_owned()));
        }
        let (count, rest) = text.split_once(' ')?;
        let (unit, direction) = rest.split_once(' ')?;
        let count: u32 = count.parse().ok()?;
        let sign = match direction {
            "ago" => -1,
            "from now" => 1,
            _ => return None,
        };
        let unit = unit.strip_suffix('s').unwrap_or(unit);
        let (_, unit) = Unit::ALL.into_iter().find(|(name, _)| *name == unit)?;
        let relative = Self::Relative(sign * i64::from(count), unit);
        // What lies beyond every calendar is a mistake.
        shift(jiff::civil::date(2000, 1, 1).at(0, 0, 0, 0), sign * i64::from(count), unit)?;
        Some(relative)
    }

    /// The calendar day that it is at `now`, in UTC.
    #[must_use]
    pub fn date(&self, now: SystemTime) -> Date {
        match self {
            Self::Date(date) => *date,
            other => other.time(now).date(),
        }
    }

    /// The instant that it is at `now`.
    #[must_use]
    pub fn instant(&self, now: SystemTime) -> Instant {
        match self {
            Self::Instant(instant, _) => *instant,
            other => Instant::of(other.time(now), 0),
        }
    }

    /// It as a text at `now`: a day, or an instant to the second.
    #[must_use]
    pub fn text(&self, with_time: bool, now: SystemTime) -> String {
        match (self, with_time) {
            (Self::Instant(_, written), true) => written.clone(),
            (_, true) => format!("{:.0}Z", self.time(now)),
            (_, false) => self.date(now).to_string(),
        }
    }

    /// The time that it is in UTC.
    fn time(&self, now: SystemTime) -> DateTime {
        let now = utc(Timestamp::try_from(now).unwrap_or(Timestamp::UNIX_EPOCH));
        match self {
            Self::Date(date) => date.at(0, 0, 0, 0),
            // A fixed instant is compared as such; no field holds days against one.
            Self::Instant(..) | Self::Now => now,
            Self::Today => now.date().at(0, 0, 0, 0),
            Self::Relative(count, unit) => {
                shift(now, *count, *unit).unwrap_or(if *count < 0 { DateTime::MIN } else { DateTime::MAX })
            }
        }
    }
}

/// An instant that RFC 3339 can write, to the nanosecond: some are outside what calendars can do with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant {
    /// Nanoseconds since the Unix epoch, without leap seconds.
    nanoseconds: i128,
}

impl Instant {
    /// A local time so many seconds east of UTC.
    fn of(time: DateTime, offset: i64) -> Self {
        let since = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0).duration_until(time);
        Self { nanoseconds: since.as_nanos() - i128::from(offset) * 1_000_000_000 }
    }
}

impl TryFrom<Instant> for SystemTime {
    type Error = jiff::Error;

    fn try_from(instant: Instant) -> Result<Self, jiff::Error> {
        Timestamp::from_nanosecond(instant.nanoseconds)?.try_into()
    }
}

fn utc(instant: Timestamp) -> DateTime {
    TimeZone::UTC.to_datetime(instant)
}

fn shift(time: DateTime, count: i64, unit: Unit) -> Option<DateTime> {
    let span = Span::new();
    let span = match unit {
        Unit::Second => span.try_seconds(count),
        Unit::Minute => span.try_minutes(count),
        Unit::Hour => span.try_hours(count),
        Unit::Day => span.try_days(count),
        Unit::Week => span.try_weeks(count),
        Unit::Month => span.try_months(count),
        Unit::Year => span.try_years(count),
    };
    time.checked_add(span.ok()?).ok()
}

/// RFC 3339 `full-date`: `2026-11-23`.
#[must_use]
pub fn parse_date(text: &str) -> Option<Date> {
    has_shape(text, b"dddd-dd-dd").then(|| text.parse().ok()).flatten()
}

/// RFC 3339 `date-time`: `2026-11-23T18:00:00Z`, `2026-11-23t19:00:00.5+01:00`. What is finer than a nanosecond is cut.
#[must_use]
pub fn parse_instant(text: &str) -> Option<Instant> {
    let (start, rest) = text.is_char_boundary(19).then(|| text.split_at_checked(19)).flatten()?;
    if !has_shape(start, b"dddd-dd-ddtdd:dd:dd") {
        return None;
    }
    let date = parse_date(&start[..10])?;
    let number = |range: std::ops::Range<usize>, of: &str| of.get(range)?.parse::<i8>().ok();
    let (hour, minute, second) = (number(11..13, start)?, number(14..16, start)?, number(17..19, start)?);
    let (nanosecond, zone) = match rest.strip_prefix('.') {
        None => (0, rest),
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|character: char| character.is_ascii_digit());
            let digits = &fraction[..fraction.len() - zone.len()];
            let nanosecond = format!("{digits:0<9.9}").parse().ok()?;
            (nanosecond, if digits.is_empty() { return None } else { zone })
        }
    };
    let offset = match zone {
        "Z" | "z" => 0,
        _ if has_shape(zone, b"+dd:dd") || has_shape(zone, b"-dd:dd") => {
            let (hours, minutes) = (number(1..3, zone)?, number(4..6, zone)?);
            let seconds = i64::from(hours) * 3600 + i64::from(minutes) * 60;
            let valid = hours < 24 && minutes < 60;
            valid.then_some(if zone.starts_with('-') { -seconds } else { seconds })?
        }
        _ => return None,
    };
    // A leap second is the last of its minute.
    let time = jiff::civil::Time::new(hour, minute, second.min(59), nanosecond).ok()?;
    let leap = i64::from(second == 60);
    (second <= 60).then(|| Instant::of(date.to_datetime(time), offset - leap))
}

/// Whether a text has a shape in which `d` is a digit, `t` is `T` or `t`, and all else is itself.
fn has_shape(text: &str, shape: &[u8]) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape).all(|(byte, wanted)| match wanted {
            b'd' => byte.is_ascii_digit(),
            b't' => matches!(byte, b'T' | b't'),
            other => byte == *other,
        })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn moments_are_read() {
        for text in ["now", "today", "2026-11-23", "2026-11-23T18:00:00Z", "18 years ago", "1 day from now"] {
            assert!(Moment::parse(text).is_some(), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "18 years",
            "years ago",
            "18 aeons ago",
            "-1 days ago",
            "1 day  ago",
            "2026-13-01",
            "2026-02-30",
            "20261123",
            "2026-11-23 18:00:00Z",
            "2026-11-23T18:00:00",
            "99999999 years ago",
            "2026-11-23T18:00:00+01",
            "2026-11-23T18:00:00[Europe/Warsaw]",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }

    #[test]
    fn relative_times_follow_the_calendar() {
        // 2024-02-29T12:00:00Z
        let now = UNIX_EPOCH + Duration::from_hours(474_780);
        for (text, date) in [
            ("today", "2024-02-29"),
            ("now", "2024-02-29"),
            ("1 year ago", "2023-02-28"),
            ("18 years ago", "2006-02-28"),
            ("1 month from now", "2024-03-29"),
            ("13 hours ago", "2024-02-28"),
            ("1 week from now", "2024-03-07"),
        ] {
            assert_eq!(
                Moment::parse(text).map(|moment| moment.text(false, now)),
                Some(date.to_owned()),
                "{text}"
            );
        }
        let text = |text: &str| Moment::parse(text).map(|moment| moment.text(true, now)).unwrap_or_default();
        assert_eq!(text("1 hour ago"), "2024-02-29T11:00:00Z");
        assert_eq!(text("today"), "2024-02-29T00:00:00Z");
    }
}
