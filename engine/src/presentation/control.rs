//! What a field is asked with, and what a browser can be told of its rules.
//!
//! A browser is told of a rule only where its attribute refuses nothing that the form accepts: what it refuses, nobody
//! can send.

use std::time::SystemTime;

use serde_json::Value;

use super::Input;
use crate::model::{Against, Check, Comparison, Field, FieldType, Normalizer, Order, Role, Validation};

/// The most values of a list that are shown at once, as radio buttons.
const MOST_RADIOS: usize = 5;

/// What fields of well-known names are for (HTML, 4.10.18.7.1), so that a browser can fill them in.
const AUTOCOMPLETE: [(&[&str], &str); 16] = [
    (&["first_name", "given_name"], "given-name"),
    (&["middle_name"], "additional-name"),
    (&["last_name", "family_name", "surname"], "family-name"),
    (&["name", "full_name"], "name"),
    (&["email"], "email"),
    (&["phone", "phone_number", "telephone", "mobile"], "tel"),
    (&["company", "organization", "organisation"], "organization"),
    (&["job_title"], "organization-title"),
    (&["website", "homepage", "url"], "url"),
    (&["street", "address_line1", "street_address"], "address-line1"),
    (&["address_line2"], "address-line2"),
    (&["city", "town"], "address-level2"),
    (&["postal_code", "postcode", "zip", "zip_code"], "postal-code"),
    (&["country"], "country"),
    (&["birthday", "birth_date", "date_of_birth", "born_on"], "bday"),
    (&["nickname", "username"], "username"),
];

fn rules(field: &Field) -> impl Iterator<Item = &Validation> {
    field.validations.iter().filter(|rule| rule.condition.is_none())
}

fn has(field: &Field, check: impl Fn(&Check) -> bool) -> bool {
    rules(field).any(|rule| check(&rule.check))
}

/// The built-in widget that fits a field: the author's word where it is one that fits.
pub(super) fn kind(field: &Field) -> &'static str {
    let wanted = field.ui.widget.as_ref().map_or("", |widget| widget.value.as_str());
    let (natural, others) = fitting(field);
    others.iter().find(|kind| **kind == wanted).copied().unwrap_or(natural)
}

/// The built-in widget that a field has by itself, and those that it can have.
pub(super) fn fitting(field: &Field) -> (&'static str, &'static [&'static str]) {
    let natural = natural(field);
    let others: &[&'static str] = match (&field.ty, natural) {
        _ if field.secret => &[],
        (_, "radio" | "select") => &["radio", "select"],
        (FieldType::Array(_), "checkboxes") => &["checkboxes", "list"],
        (FieldType::String | FieldType::Text, _) if natural != "checkbox" => {
            &["text", "textarea", "password", "email", "tel", "url"]
        }
        _ => &[],
    };
    (natural, others)
}

fn natural(field: &Field) -> &'static str {
    match &field.ty {
        FieldType::Array(items) if !listed(items).is_empty() => "checkboxes",
        FieldType::Array(_) => "list",
        FieldType::Object(_) | FieldType::Group { .. } => "group",
        FieldType::Boolean => "checkbox",
        _ if has(field, |check| matches!(check, Check::Acceptance)) => "checkbox",
        _ if field.secret || field.role == Role::Password => "password",
        _ if !listed(field).is_empty() => {
            // A radio button cannot be taken back.
            let surely = field.default.is_some() || field.presence().is_some();
            if surely && listed(field).len() <= MOST_RADIOS { "radio" } else { "select" }
        }
        FieldType::Text => "textarea",
        FieldType::Integer | FieldType::Number => "number",
        FieldType::Date => "date",
        FieldType::DateTime => "datetime",
        _ if has(field, |check| matches!(check, Check::Email)) => "email",
        _ if has(field, |check| matches!(check, Check::Url)) => "url",
        _ if has(field, |check| matches!(check, Check::PhoneNumber)) => "tel",
        _ if has(field, |check| matches!(check, Check::Timing(timing) if !timing.with_time)) => "date",
        FieldType::String => "text",
    }
}

/// The values that a field can only have, if there is a list of them.
pub(super) fn listed(field: &Field) -> Vec<&Value> {
    if field.ty.is_compound() || matches!(field.ty, FieldType::Boolean) {
        return Vec::new();
    }
    let list = rules(field).find_map(|rule| match &rule.check {
        Check::Inclusion(values) => Some(values.iter().map(|value| &value.value).collect()),
        _ => None,
    });
    list.unwrap_or_default()
}

/// Whether a box has to be ticked.
pub(super) fn must_be_true(field: &Field) -> bool {
    has(field, |check| match check {
        Check::Acceptance => true,
        Check::Inclusion(values) if matches!(field.ty, FieldType::Boolean) => {
            values.iter().all(|value| value.value == Value::Bool(true))
        }
        _ => false,
    })
}

/// Whether a value means that a box is ticked.
pub(super) fn is_ticked(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(ticked)) => *ticked,
        Some(Value::String(text)) => ["1", "true", "on", "yes"].contains(&text.as_str()),
        _ => false,
    }
}

/// A single value as a control holds it.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
        other => other.to_string(),
    }
}

/// Fills a control with a value. One that the control cannot show gets a plain control, so that it is not lost.
pub(super) fn fill(input: &mut Input, value: Option<&Value>) {
    input.value = value.map(text_of).unwrap_or_default();
    let shows = match input.kind {
        "number" => input.value.parse::<f64>().is_ok_and(f64::is_finite),
        "date" => crate::model::parse_date(&input.value).is_some(),
        "datetime" => match input.value.strip_suffix('Z') {
            Some(local) if crate::model::parse_instant(&input.value).is_some() => {
                input.value = local.to_owned();
                true
            }
            _ => false,
        },
        _ => true,
    };
    if !shows && !input.value.is_empty() {
        input.kind = "text";
    }
}

/// The least and the greatest length of a text or array, as far as it is sure.
pub(super) fn lengths(field: &Field) -> (Option<u64>, Option<u64>) {
    let (mut minimum, mut maximum) = (None, None);
    for rule in rules(field) {
        if let Check::Length(length) = &rule.check {
            let least = length.is.as_ref().or(length.minimum.as_ref()).map(|least| least.value);
            let most = length.is.as_ref().or(length.maximum.as_ref()).map(|most| most.value);
            minimum = minimum.max(least.filter(|_| !rule.allow_blank));
            maximum = [maximum, most].into_iter().flatten().min();
        }
    }
    (minimum, maximum)
}

/// HTML attributes that follow from a field's rules.
pub(super) fn attributes(field: &Field, now: SystemTime) -> Vec<(&'static str, String)> {
    let kind = kind(field);
    let mut found = Vec::new();
    let autocomplete = AUTOCOMPLETE.iter().find(|(names, _)| names.contains(&field.name.value.as_str()));
    match (kind, field.role) {
        ("password", Role::Password) => found.push(("autocomplete", "new-password".to_owned())),
        ("password", _) if field.name.value == "password_confirmation" => {
            found.push(("autocomplete", "new-password".to_owned()));
        }
        ("password", _) => found.push(("autocomplete", "off".to_owned())),
        _ => found.extend(autocomplete.map(|(_, purpose)| ("autocomplete", (*purpose).to_owned()))),
    }
    let inputmode = match (kind, &field.ty) {
        ("email", _) => Some("email"),
        ("url", _) => Some("url"),
        ("tel", _) => Some("tel"),
        ("number", FieldType::Integer) => Some("numeric"),
        ("number", _) => Some("decimal"),
        ("text", _) if field.normalize.contains(&Normalizer::Digits) => Some("numeric"),
        _ => None,
    };
    found.extend(inputmode.map(|mode| ("inputmode", mode.to_owned())));
    match &field.ty {
        FieldType::Integer | FieldType::Number => numeric(field, &mut found),
        ty if ty.is_temporal() || kind == "date" => temporal(field, now, &mut found),
        FieldType::String | FieldType::Text if !["radio", "select", "checkbox"].contains(&kind) => {
            textual(field, kind, &mut found);
        }
        _ => {}
    }
    found
}

/// A length is that of the normalized text; a text may have to be entered longer than it may be, or be accepted shorter.
fn textual(field: &Field, kind: &str, found: &mut Vec<(&'static str, String)>) {
    let as_entered = field
        .normalize
        .iter()
        .all(|step| matches!(step, Normalizer::Trim | Normalizer::Nfkc | Normalizer::Nfc));
    let (minimum, maximum) = lengths(field);
    if as_entered {
        // Browsers count UTF-16 units, of which a character has one or two: no text is taken for too short, and one of
        // rare characters for too long before it is. A password is not cut short unseen.
        found.extend(minimum.filter(|least| *least > 1).map(|least| ("minlength", least.to_string())));
        found.extend(maximum.filter(|_| kind != "password").map(|most| ("maxlength", most.to_string())));
    }
    let pattern = rules(field).filter(|rule| !rule.allow_blank).find_map(|rule| match &rule.check {
        Check::Format { with: Some(with), .. } => anchored(&with.value),
        _ => None,
    });
    if field.normalize.is_empty() && kind != "textarea" {
        found.extend(pattern.map(|pattern| ("pattern", pattern.to_owned())));
    }
}

/// What HTML's `pattern` has to be for a pattern of ours, which matches anywhere in a text: nothing unless it spans the
/// whole text, and is read alike with the flag `v` (ECMA-262, 22.2.1), in which classes have a syntax of their own.
fn anchored(pattern: &str) -> Option<&str> {
    let inner = pattern.strip_prefix('^')?.strip_suffix('$').filter(|inner| !inner.ends_with('\\'))?;
    let (mut in_class, mut depth, mut before) = (false, 0_u32, ' ');
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                // A class of Unicode is written the same way; whatever else is escaped stays what it is.
                before = characters.next()?;
                continue;
            }
            '[' if !in_class => in_class = true,
            ']' => in_class = false,
            '[' | '(' | ')' | '{' | '}' | '/' | '|' if in_class => return None,
            '-' if in_class && (before == '[' || characters.clone().next() == Some(']')) => return None,
            other if in_class && other == before && "&!#$%*+,.:;<=>?@^`~".contains(other) => return None,
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            // An alternative at the top would belong to one of the anchors alone.
            '|' if depth == 0 => return None,
            _ => {}
        }
        before = character;
    }
    Some(inner)
}

fn numeric(field: &Field, found: &mut Vec<(&'static str, String)>) {
    let whole = matches!(field.ty, FieldType::Integer)
        || has(
            field,
            |check| matches!(check, Check::Numericality(number) if number.only_integer || number.odd || number.even),
        );
    let (mut least, mut most, mut step): (Option<f64>, Option<f64>, Option<f64>) = (None, None, None);
    for rule in rules(field) {
        let Check::Numericality(number) = &rule.check else { continue };
        for (comparison, bound) in &number.comparisons {
            let Some(bound) = bound.value.as_f64() else { continue };
            match comparison {
                Comparison::GreaterThanOrEqualTo => {
                    least = Some(least.map_or(bound, |least| least.max(bound)));
                }
                Comparison::GreaterThan if whole => {
                    let bound = bound.floor() + 1.0;
                    least = Some(least.map_or(bound, |least| least.max(bound)));
                }
                Comparison::LessThanOrEqualTo => most = Some(most.map_or(bound, |most| most.min(bound))),
                Comparison::LessThan if whole => {
                    let bound = bound.ceil() - 1.0;
                    most = Some(most.map_or(bound, |most| most.min(bound)));
                }
                Comparison::MultipleOf if bound > 0.0 => step = Some(bound),
                _ => {}
            }
        }
    }
    if whole {
        least = least.map(f64::ceil);
    }
    // Steps are counted from the least value; multiples are counted from nought.
    let aligned = |step: f64| least.is_none_or(|least| (least / step).fract() == 0.0);
    let step = match step.filter(|step| aligned(*step) && (!whole || step.fract() == 0.0)) {
        Some(step) => step.to_string(),
        None if whole => "1".to_owned(),
        None => "any".to_owned(),
    };
    found.extend(least.map(|least| ("min", least.to_string())));
    found.extend(most.map(|most| ("max", most.to_string())));
    found.push(("step", step));
}

fn temporal(field: &Field, now: SystemTime, found: &mut Vec<(&'static str, String)>) {
    for rule in rules(field) {
        let Check::Timing(timing) = &rule.check else { continue };
        for (order, against) in &timing.bounds {
            let Against::Moment(moment, _) = &against.value else { continue };
            // A day is told exactly; an instant would have to be told to the second, in the page's time.
            if timing.with_time {
                continue;
            }
            let text = moment.text(false, now);
            match order {
                Order::OnOrAfter | Order::After => found.push(("min", text)),
                Order::OnOrBefore | Order::Before => found.push(("max", text)),
                Order::EqualTo => {}
            }
        }
    }
    if matches!(field.ty, FieldType::DateTime) {
        found.push(("step", "1".to_owned()));
    }
    found.dedup_by_key(|(name, _)| *name);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_told_where_it_means_the_same() {
        for (pattern, told) in [
            ("^[A-Z]{2}[0-9]{3}$", Some("[A-Z]{2}[0-9]{3}")),
            ("^(a|b)+$", Some("(a|b)+")),
            (r"^\d+\.\d$", Some(r"\d+\.\d")),
            ("[a-z]", None),
            ("^a|b$", None),
            ("^[a-z-]$", None),
            ("^[(]$", None),
            ("^[a&&b]$", None),
            (r"^a\$", None),
            ("^[[]$", None),
        ] {
            assert_eq!(anchored(pattern), told, "{pattern}");
        }
    }
}
