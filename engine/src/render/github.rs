//! Workflow commands, which GitHub shows beside the lines of a change.

use std::fmt::Write as _;

use super::shown_path;
use crate::diagnostic::{Diagnostic, Severity};

pub(super) fn render(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(command).collect()
}

fn command(found: &Diagnostic) -> String {
    let (file, span) = (&found.primary.file, &found.primary.span);
    let (start, end) = (file.position(span.start), file.position(span.end));
    let name = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let path = property(&shown_path(file));
    let mut command = format!("::{name} file={path},line={},endLine={}", start.line, end.line);
    // Columns are of one line: the annotations of a span over several have none. The last is part of the span.
    if start.line == end.line {
        let last = end.column.saturating_sub(1).max(start.column);
        let _ = write!(command, ",col={},endColumn={last}", start.column);
    }
    let help = found.help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    let text = data(&format!("{}{help}", found.message));
    let _ = writeln!(command, ",title={}::{text}", property(found.rule.name()));
    command
}

/// A message with everything in it that would end it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The same of a property, which a colon or a comma would end too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::diagnostic::Rule;
    use crate::source::SourceFile;

    #[test]
    fn what_would_end_a_command_or_a_property_is_escaped() {
        let file = SourceFile::new("a,b:c%.toml".into(), "a".into(), "x = 1\n".into());
        let found = Diagnostic::new(Rule::UnknownKey, &Arc::new(file), 0..1, "100% x: a, b\r\nc");
        assert_eq!(
            render(&[found]),
            "::error file=a%2Cb%3Ac%25.toml,line=1,endLine=1,col=1,endColumn=1,title=unknown-key::100%25 x: a, b%0D%0Ac\n"
        );
    }

    #[test]
    fn a_span_over_several_lines_has_no_columns() {
        let file = SourceFile::new("a.toml".into(), "a".into(), "x = [\n1]\n".into());
        let found = Diagnostic::new(Rule::WrongType, &Arc::new(file), 4..8, "no");
        assert_eq!(render(&[found]), "::error file=a.toml,line=1,endLine=2,title=wrong-type::no\n");
    }
}
