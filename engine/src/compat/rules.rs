//! The rules of one field: each new demand must follow from an old one, else requests may be refused.

use super::demand::{Demand, Domain, Kind, demands};
use super::fields::Comparison;
use super::finding::{Change, Finding};
use super::statement::Statement;
use crate::model::{Field, FieldType, Step, dotted};

pub(super) fn compare(comparison: &mut Comparison<'_>, path: &[Step], old: &Field, new: &Field) {
    let was = demands(&comparison.old.form, path, old);
    let is = demands(&comparison.new.form, path, new);
    let whole = matches!(old.ty, FieldType::Integer);
    let mut slots = Vec::new();
    for demand in &is {
        let never = demand.condition.is_never_without(&comparison.absent);
        if never || is_covered(demand, &was, whole) {
            continue;
        }
        // One bound that is written as two is one change.
        if !slots.contains(&(demand.kind.slot(), demand.span.clone())) {
            slots.push((demand.kind.slot(), demand.span.clone()));
            let finding = tightened(comparison, path, (old, &was), (new, demand), whole);
            // One `allow_blank` may be about several demands of one rule.
            let is_told = |told: &Finding| {
                told.change == Change::BlankRefused
                    && told.path == finding.path
                    && is_of_one_rule(new, told, &finding)
            };
            if finding.change != Change::BlankRefused || !comparison.findings.iter().any(is_told) {
                comparison.findings.push(finding);
            }
        }
    }
    let reported = |demand: &Demand| slots.iter().any(|(slot, _)| *slot == demand.kind.slot());
    let whole = matches!(new.ty, FieldType::Integer);
    let loosened: Vec<&Demand> = was
        .iter()
        .filter(|demand| demand.stated && !reported(demand) && !is_covered(demand, &is, whole))
        .collect();
    for demand in loosened {
        let finding = loosened_to(comparison, path, (old, demand), (new, &is));
        comparison.findings.push(finding);
    }
    let mut spans = Vec::new();
    for demand in was.iter().filter(|demand| demand.stated) {
        if spans.contains(&&demand.span) {
            continue;
        }
        let finding = other_code(comparison, path, (old, demand), (new, &is), whole);
        spans.extend(finding.is_some().then_some(&demand.span));
        comparison.findings.extend(finding);
    }
}

/// Whether two findings are about the same rule of a field, by the places that they show.
fn is_of_one_rule(field: &Field, one: &Finding, other: &Finding) -> bool {
    let rule_of = |finding: &Finding| {
        let at = finding.new.as_ref()?.span.start;
        let before = field.validations.iter().filter(|rule| rule.span.start <= at);
        before.map(|rule| rule.span.start).max()
    };
    rule_of(one) == rule_of(other)
}

/// Whether every value that meets the old demands surely meets the new one.
fn is_covered(new: &Demand, old: &[Demand], whole: bool) -> bool {
    let domains: &[Domain] = if new.domain == Domain::All {
        &[Domain::NotBlank, Domain::Blank]
    } else {
        std::slice::from_ref(&new.domain)
    };
    domains.iter().all(|domain| {
        let fitting: Vec<&Demand> = old
            .iter()
            .filter(|demand| {
                let is_for = demand.domain == Domain::All || demand.domain == *domain;
                // Where blank values are refused anyway, nothing more is demanded of them.
                let refuses_blank = *domain == Domain::Blank
                    && demand.kind == Kind::Presence
                    && demand.domain == Domain::All
                    && new.kind != Kind::Presence;
                (is_for && demand.kind.implies(&new.kind, whole)) || refuses_blank
            })
            .collect();
        let one = fitting.iter().any(|demand| new.condition.implies(&demand.condition));
        let either = || {
            fitting.iter().any(|demand| {
                let opposite = Statement::Not(Box::new(demand.condition.clone()));
                fitting.iter().any(|other| opposite.implies(&other.condition))
            })
        };
        one || either()
    })
}

fn tightened(
    comparison: &Comparison<'_>,
    path: &[Step],
    (old, was): (&Field, &[Demand]),
    (new, demand): (&Field, &Demand),
    whole: bool,
) -> Finding {
    let name = dotted(path);
    let is = demand.kind.describe(new);
    let alike = was.iter().find(|old| old.kind.implies(&demand.kind, whole));
    let before = alike.or_else(|| was.iter().find(|old| old.kind.slot() == demand.kind.slot()));
    let (change, message) = match (alike, before) {
        (Some(alike), _) if !demand.condition.implies(&alike.condition) => {
            if alike.condition.implies(&demand.condition) {
                (Change::ConditionWidened, format!("`{name}` has to be {is} in more cases"))
            } else {
                (Change::ConditionChanged, format!("`{name}` has to be {is} in other cases"))
            }
        }
        (Some(_), _) => (Change::BlankRefused, format!("a blank `{name}` is no exception any more: {is}")),
        (None, before) => {
            let message = match (&demand.kind, before) {
                (Kind::Presence, _) => format!("`{name}` has to be sent"),
                (_, Some(before)) => format!("`{name}`: {is}, before {}", before.kind.describe(old)),
                (_, None) => format!("`{name}`: {is}, which was not demanded"),
            };
            (added(comparison, path, new, demand, before), message)
        }
    };
    let finding = comparison.finding(change, path, message);
    let finding = match before {
        Some(before) => {
            let unstated = if before.stated { "" } else { ", though nobody wrote it" };
            let text = format!("before: {}{unstated}", before.kind.describe(old));
            finding.old(comparison.before.label(&before.span, text))
        }
        None => finding.old(comparison.before.label(&old.name.span, "before: not demanded")),
    };
    finding.new_at(comparison.after.label(&demand.span, format!("after: {is}")))
}

/// What it is called that a demand is new, or stricter than that of the same slot.
fn added(
    comparison: &Comparison<'_>,
    path: &[Step],
    field: &Field,
    demand: &Demand,
    before: Option<&Demand>,
) -> Change {
    let bound = if before.is_some() { Change::BoundTightened } else { Change::BoundAdded };
    match &demand.kind {
        Kind::Presence if field.has_default() || comparison.new.form.payload_gives(path) => {
            Change::NullRefused
        }
        Kind::Presence => Change::PresenceAdded,
        Kind::Absence => Change::AbsenceAdded,
        Kind::Matches(_) | Kind::MatchesNot(_) => Change::PatternChanged,
        Kind::Email | Kind::Url | Kind::Uuid | Kind::PhoneNumber | Kind::Date | Kind::DateTime => {
            Change::FormatAdded
        }
        Kind::OneOf(_) => Change::ValueRemoved,
        Kind::NoneOf(_) => Change::ExclusionAdded,
        // Points in time of different kinds cannot always be ordered.
        Kind::Lies { .. } if before.is_some() => Change::BoundChanged,
        Kind::AtLeast(_)
        | Kind::AtMost(_)
        | Kind::Whole
        | Kind::Odd
        | Kind::Even
        | Kind::Compares(..)
        | Kind::Lies { .. } => bound,
        Kind::LiesTo { .. } | Kind::ComparesTo { .. } => Change::RelationAdded,
        Kind::Repeated { .. } => Change::ConfirmationAdded,
        Kind::Accepted => Change::AcceptanceAdded,
        Kind::Unique { .. } => Change::UniquenessTightened,
        Kind::UniqueItems { .. } => Change::UniqueItemsAdded,
    }
}

fn loosened_to(
    comparison: &Comparison<'_>,
    path: &[Step],
    (old, demand): (&Field, &Demand),
    (new, is): (&Field, &[Demand]),
) -> Finding {
    let name = dotted(path);
    let was = demand.kind.describe(old);
    let after = is.iter().find(|new| new.kind.slot() == demand.kind.slot());
    let message = match after {
        Some(after) if after.kind != demand.kind => {
            format!("`{name}`: {}, before {was}", after.kind.describe(new))
        }
        Some(_) => format!("`{name}`: {was} in fewer cases"),
        None => format!("`{name}`: {was} is not demanded any more"),
    };
    let finding = comparison.finding(Change::RuleLoosened, path, message);
    let finding = finding.old(comparison.before.label(&demand.span, format!("before: {was}")));
    match after {
        Some(after) => {
            let text = format!("after: {}", after.kind.describe(new));
            finding.new_at(comparison.after.label(&after.span, text))
        }
        None => finding,
    }
}

/// The same fault under another code.
fn other_code(
    comparison: &Comparison<'_>,
    path: &[Step],
    (old, demand): (&Field, &Demand),
    (new, is): (&Field, &[Demand]),
    whole: bool,
) -> Option<Finding> {
    let is_kept = is.iter().any(|new| new.code == demand.code && new.kind.slot() == demand.kind.slot());
    let now = is.iter().find(|new| new.kind.implies(&demand.kind, whole) && new.code != demand.code)?;
    if is_kept {
        return None;
    }
    let message = format!(
        "the code for `{}` that is not {} is `{}`, before `{}`",
        dotted(path),
        demand.kind.describe(old),
        now.code,
        demand.code
    );
    let finding = comparison.finding(Change::ErrorCodeChanged, path, message);
    let before = comparison.before.label(&demand.span, format!("before: `{}`", demand.code));
    let after =
        comparison.after.label(&now.span, format!("after: `{}`, {}", now.code, now.kind.describe(new)));
    Some(finding.old(before).new_at(after))
}
