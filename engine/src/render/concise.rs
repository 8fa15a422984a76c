//! One line per diagnostic: `path:line:column: severity[rule]: message`.

use super::shown_path;
use crate::diagnostic::Diagnostic;

pub(super) fn render(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(line).collect()
}

pub(super) fn line(found: &Diagnostic) -> String {
    let position = found.primary.file.position(found.primary.span.start);
    format!(
        "{}:{}:{}: {}[{}]: {}\n",
        shown_path(&found.primary.file),
        position.line,
        position.column,
        found.severity.name(),
        found.rule.name(),
        found.message
    )
}
