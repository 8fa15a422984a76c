//! `date` and `datetime`, and what they are held against.

use toml::de::DeValue;

use super::super::field::is_field_name;
use super::super::{Lowering, Node, Table};
use super::COMMON;
use crate::diagnostic::{Rule, alternatives};
use crate::model::{Against, Check, Field, Moment, Order, Spanned, Timing};

impl Lowering<'_> {
    pub(super) fn timing(
        &mut self,
        field: &Field,
        table: &Table<'_>,
        kind: &Spanned<&str>,
        with_time: bool,
    ) -> Check {
        let options = Order::ALL.map(|(name, _)| name);
        self.options(table, &options);
        let mut bounds = Vec::new();
        for (key, node) in table.iter() {
            let Some((name, order)) = Order::ALL.into_iter().find(|(name, _)| *name == key.value) else {
                continue;
            };
            bounds.extend(self.against(name, node, with_time).map(|against| (order, against)));
        }
        if field.ty.is_temporal() && table.iter().all(|(key, _)| COMMON.contains(&key.value)) {
            let says_something = ["message", "allow_blank"].iter().any(|key| table.get(key).is_some());
            if !says_something {
                let message = "this alone changes nothing: the field's `type` already demands it";
                let help = format!("remove it, or give it {}", alternatives(options));
                let found = self.diagnostic(Rule::IneffectiveValidation, table.span.clone(), message);
                self.report_superfluous(&kind.span, found.help(help));
            }
        }
        Check::Timing(Timing { with_time, bounds })
    }

    fn against(&mut self, key: &str, node: &Node<'_>, with_time: bool) -> Option<Spanned<Against>> {
        let text = match node.get_ref() {
            DeValue::Table(_) => {
                let field = self.field_reference(key, node)?;
                return Some(Spanned::new(Against::Field(field.value), field.span));
            }
            DeValue::String(text) => text.to_string(),
            DeValue::Datetime(value) => value.to_string(),
            _ => {
                self.wrong_type_so(key, "a time or a field", node, Some(moments(with_time)));
                return None;
            }
        };
        let moment = Moment::parse(&text);
        let fault = match (&moment, with_time) {
            (None, true) if Moment::parse(&format!("{text}Z")).is_some() => Some((
                format!("`{text}` lacks an offset, so it is no instant"),
                format!("append `Z` for UTC, or an offset: `{text}+01:00`"),
            )),
            (None, _) if text.is_empty() => Some(("an empty text is no time".to_owned(), moments(with_time))),
            (None, _) if is_path(&text) => Some((
                format!("`{text}` is no time"),
                format!("write `{key} = {{ field = \"{text}\" }}` for the field of this path"),
            )),
            (None, _) => Some((format!("`{text}` is no time"), moments(with_time))),
            (Some(Moment::Date(_)), true) => {
                Some((format!("`{text}` is a day, and the field is an instant"), moments(with_time)))
            }
            (Some(Moment::Instant(..)), false) => {
                Some((format!("`{text}` is an instant, and the field is a day"), moments(with_time)))
            }
            _ => None,
        };
        if let Some((message, help)) = fault {
            self.report(self.diagnostic(Rule::WrongType, node.span(), message).help(help));
            return None;
        }
        Some(Spanned::new(Against::Moment(moment?, text), node.span()))
    }
}

/// How a point in time is written.
fn moments(with_time: bool) -> String {
    let example = if with_time { "2026-11-23T12:00:00Z" } else { "2026-11-23" };
    format!("write `{example}`, `now`, `today`, `18 years ago`, `2 days from now` or {{ field = \"…\" }}")
}

/// Whether a text that is no time looks like a field's path.
fn is_path(text: &str) -> bool {
    text.contains('.') && text.split('.').all(is_field_name)
}
