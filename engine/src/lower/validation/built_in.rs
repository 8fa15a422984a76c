//! What an author says of a field on top of what its resource builds in: it can demand more, never less.

use super::super::{Lowering, Node};
use crate::diagnostic::Rule;
use crate::model::{Check, Field, Spanned, Validation};
use crate::source::Span;

impl Lowering<'_> {
    /// Reports an author's rule, or option, that is the resource's own once more. A message of the author's is a reason
    /// to say it again.
    pub(super) fn check_says_more(
        &mut self,
        field: &str,
        built_in: &Validation,
        author: &Validation,
        written: &Node<'_>,
    ) {
        if author.message.is_some() || author.allow_blank {
            return;
        }
        // Where it stands, what it says, and the key that goes with it.
        let repeated: Vec<(Span, String, Span)> = match (&built_in.check, &author.check) {
            (Check::Length(own), Check::Length(wanted)) => {
                let options =
                    [("minimum", &own.minimum, &wanted.minimum), ("maximum", &own.maximum, &wanted.maximum)];
                options
                    .into_iter()
                    .filter_map(|(option, own, wanted)| Some((option, own.as_ref()?, wanted.as_ref()?)))
                    .filter(|(_, own, wanted)| own.value == wanted.value)
                    .map(|(option, _, wanted)| {
                        let key = key_of_option(written, option).unwrap_or_else(|| author.span.clone());
                        (wanted.span.clone(), format!("{option} = {}", wanted.value), key)
                    })
                    .collect()
            }
            // Wider than the built-in one; `tighten` says so.
            (Check::Unique(_), Check::Unique(wanted))
                if wanted.case_sensitive || !wanted.scope.is_empty() =>
            {
                Vec::new()
            }
            (Check::Presence | Check::Email | Check::Unique(_), _) => {
                vec![(author.span.clone(), author.check.name().to_owned(), author.span.clone())]
            }
            _ => Vec::new(),
        };
        for (span, rule, key) in repeated {
            let message = format!("`{rule}` is built into `{field}`");
            let diagnostic = self.diagnostic(Rule::RedundantValidation, span, message);
            let diagnostic = diagnostic.help("remove it: the resource demands it of every form");
            // Under a condition it is a rule of its own, which gives an error of its own.
            if author.condition.is_none() {
                self.report_superfluous(&key, diagnostic);
            } else {
                self.report(diagnostic);
            }
        }
    }

    pub(super) fn cannot_switch_off(&mut self, field: &Field, kind: &Spanned<&str>) {
        if field.validations.iter().any(|rule| rule.check.name() == kind.value) {
            let message =
                format!("`{}` of `{}` is built in and cannot be switched off", kind.value, field.name.value);
            let diagnostic = self.diagnostic(Rule::IneffectiveValidation, kind.span.clone(), message);
            self.report_superfluous(&kind.span, diagnostic.help("remove the line"));
        }
    }

    /// An author's rule on top of the resource's: it can demand more, never less.
    pub(super) fn tighten(&mut self, field: &str, built_in: &mut Validation, author: Validation) {
        // It goes as a whole where it says nothing else.
        let is_single = match &author.check {
            Check::Length(length) => {
                [&length.minimum, &length.maximum, &length.is].into_iter().flatten().count() == 1
            }
            _ => true,
        };
        let is_superfluous = is_single && author.message.is_none() && !author.allow_blank;
        let kind = author.span.clone();
        let mut ineffective = |span: Span, message: String| {
            let help = "remove it: what the resource builds in can be tightened, not loosened";
            let found = self.diagnostic(Rule::IneffectiveValidation, span, message).help(help);
            if is_superfluous {
                self.report_superfluous(&kind, found);
            } else {
                self.report(found);
            }
        };
        if author.allow_blank {
            let message = format!("`allow_blank` does not loosen what is built into `{field}`");
            ineffective(author.span.clone(), message);
        }
        match (&mut built_in.check, author.check) {
            (Check::Length(own), Check::Length(wanted)) => {
                if let Some(minimum) = wanted.minimum {
                    match &own.minimum {
                        Some(least) if minimum.value < least.value => ineffective(
                            minimum.span,
                            format!("`{field}` already has at least {} characters", least.value),
                        ),
                        _ => own.minimum = Some(minimum),
                    }
                }
                if let Some(maximum) = wanted.maximum {
                    match &own.maximum {
                        Some(most) if maximum.value > most.value => ineffective(
                            maximum.span,
                            format!("`{field}` already has at most {} characters", most.value),
                        ),
                        _ => own.maximum = Some(maximum),
                    }
                }
                own.is = wanted.is;
            }
            (Check::Unique(own), Check::Unique(wanted))
                if wanted.case_sensitive != own.case_sensitive || !wanted.scope.is_empty() =>
            {
                let message = format!("`{field}` is already unique without regard to case, in every scope");
                ineffective(author.span.clone(), message);
            }
            _ => {}
        }
        built_in.message = author.message;
        built_in.span = author.span;
    }
}

/// The key of an option among others; nothing where it is the only one, and goes with its rule.
fn key_of_option(rule: &Node<'_>, option: &str) -> Option<Span> {
    let options = rule.get_ref().as_table().filter(|options| options.len() > 1)?;
    options.get_key_value(option).map(|(key, _)| key.span())
}
