//! Workflow commands of GitHub Actions, one line each: `::error file=…,line=…,col=…,title=…::message`.

use crate::compat::{Finding, Severity};

pub(super) fn render(findings: &[Finding]) -> String {
    findings.iter().map(command).collect()
}

fn command(finding: &Finding) -> String {
    let level = match finding.severity {
        Severity::Breaking => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    // The old configuration is no file of the checkout, so nothing can be shown in it.
    let place = finding.new.as_ref().map_or_else(String::new, |label| {
        let position = label.file.position(label.span.start);
        let file = property(&label.file.path.to_string_lossy());
        format!("file={file},line={},col={},", position.line, position.column)
    });
    let title = property(&format!("{}[{}]", finding.severity.name(), finding.change.name()));
    let mut message = format!("{}: {}", finding.form, finding.message);
    if let Some(witness) = &finding.witness {
        message = format!("{message}\n{}: {}", super::outcome(witness), super::request(witness));
    }
    format!("::{level} {place}title={title}::{}\n", escaped(&message))
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}
