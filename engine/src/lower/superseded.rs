//! Keys that are still read and have another name now.
//!
//! One row of [`SUPERSEDED`] is all that a renamed key takes: whoever reads a [`Table`] asks for the new name and gets what
//! stands under either, and whoever wrote the old one is told.

use super::{Lowering, Table};
use crate::diagnostic::Rule;
use crate::fix;

/// Where a key stands, by the name that messages have for it; its old name, and its new one.
const SUPERSEDED: &[(&str, &str, &str)] = &[
    // As Rails and platformOS spell it.
    ("`validation`", "uniqueness", "unique"),
];

/// What a key was called before, if it had another name.
pub(super) fn old_name(what: &str, new: &str) -> Option<&'static str> {
    SUPERSEDED.iter().find(|row| row.0 == what && row.2 == new).map(|row| row.1)
}

/// What a key is called now, if it has another name.
pub(super) fn new_name(what: &str, old: &str) -> Option<&'static str> {
    SUPERSEDED.iter().find(|row| row.0 == what && row.1 == old).map(|row| row.2)
}

impl Lowering<'_> {
    /// Reports every key of `table` that is written by an old name, and refuses it where the new one is there too.
    pub(super) fn check_superseded(&mut self, table: &Table<'_>) {
        for (key, _) in table.entries {
            let (old, span) = (key.get_ref().as_ref(), key.span());
            let Some(new) = new_name(table.what, old) else { continue };
            if let Some((other, _)) = table.entries.get_key_value(new) {
                let message = format!("`{new}` is said twice: `{old}` is its old name");
                let found = self.diagnostic(Rule::UnknownKey, span, message);
                self.report(found.also(self.file, other.span(), "and here").help("remove one of them"));
                continue;
            }
            let message = format!("`{old}` is superseded by `{new}`");
            let help = format!("write `{new}`, which takes the same options");
            let found = self.diagnostic(Rule::DeprecatedKey, span.clone(), message).help(help);
            self.report(match fix::rename_key(self.file, &span, new) {
                Some(edits) => found.fix(format!("rename `{old}` to `{new}`"), edits),
                None => found,
            });
        }
    }
}
