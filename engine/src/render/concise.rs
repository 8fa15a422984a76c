//! One line per diagnostic: `path:line:column: severity[rule]: message`.

use crate::diagnostic::Diagnostic;

pub(super) fn render(diagnostics: &[Diagnostic]) -> String {
    let line = |found: &Diagnostic| {
        let position = found.primary.file.position(found.primary.span.start);
        format!(
            "{}:{}:{}: {}[{}]: {}\n",
            found.primary.file.path.display(),
            position.line,
            position.column,
            found.severity.name(),
            found.rule.name(),
            found.message
        )
    };
    diagnostics.iter().map(line).collect()
}
