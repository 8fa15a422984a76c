//! `weak-password`: rules that make passwords easier to guess, by NIST SP 800-63B, 5.1.1.2.

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{Check, Field, Form, Length, Normalizer, Role, Spanned};
use crate::source::Span;

use super::lengths::is_anchored;

/// A password of this many characters should be possible.
const LONG: u64 = 64;

pub(super) fn check(form: &Form, field: &Field) -> Vec<Diagnostic> {
    if field.role != Role::Password {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut report = |span: &Span, message: String, help: &str| {
        found.push(Diagnostic::new(Rule::WeakPassword, &form.source, span.clone(), message).help(help));
    };
    let folding = [Normalizer::Lowercase, Normalizer::Uppercase, Normalizer::Digits];
    for normalizer in field.normalize.iter().filter(|step| folding.contains(step)) {
        let message = format!("`{}` makes different passwords the same", normalizer.name());
        report(&field.name.span, message, "remove it from `normalize`: a password is used as it was typed");
    }
    for validation in &field.validations {
        match &validation.check {
            Check::Length(Length { maximum, is, .. }) => {
                for bound in maximum.iter().chain(is).filter(|bound| bound.value < LONG) {
                    let message = format!(
                        "no password can have more than {} characters, which refuses phrases",
                        bound.value
                    );
                    report(&bound.span, message, "remove it: up to 128 characters are hashed without harm");
                }
            }
            Check::Inclusion(_) => {
                let message = "the passwords are in the form's document, which anyone may read".to_owned();
                report(&validation.span, message, "remove `inclusion`");
            }
            Check::Format { with: Some(pattern), .. } => {
                if let Some(refused) = refused_character(pattern) {
                    let message = format!("no password may hold {refused}, so there are fewer to guess from");
                    report(
                        &pattern.span,
                        message,
                        "remove the pattern: length is what makes a password strong",
                    );
                }
            }
            _ => {}
        }
    }
    found
}

/// In words, the first character to type that no text holds which matches a pattern.
fn refused_character(pattern: &Spanned<String>) -> Option<String> {
    let hir = regex_syntax::parse(&pattern.value).ok().filter(is_anchored)?;
    let refused = ('a'..='z').chain('A'..='Z').chain('0'..='9').chain(' '..='~');
    let refused = refused.into_iter().find(|character| !may_hold(&hir, *character))?;
    Some(if refused == ' ' { "a space".to_owned() } else { format!("`{refused}`") })
}

/// Whether a character stands anywhere in a pattern.
fn may_hold(hir: &Hir, character: char) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => false,
        HirKind::Literal(literal) => u8::try_from(character).is_ok_and(|byte| literal.0.contains(&byte)),
        HirKind::Class(Class::Unicode(class)) => {
            class.iter().any(|range| (range.start()..=range.end()).contains(&character))
        }
        HirKind::Class(Class::Bytes(class)) => u8::try_from(character)
            .is_ok_and(|byte| class.iter().any(|range| (range.start()..=range.end()).contains(&byte))),
        HirKind::Capture(capture) => may_hold(&capture.sub, character),
        HirKind::Repetition(repetition) => may_hold(&repetition.sub, character),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().any(|part| may_hold(part, character))
        }
    }
}
