//! A `JUnit` report: a suite for each file, with a case for each finding, or one that passes.

use std::collections::HashMap;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{concise, shown_path};
use crate::diagnostic::Diagnostic;

/// The findings of `files`, which are what was looked at.
pub(super) fn render(diagnostics: &[Diagnostic], files: &[String]) -> String {
    let mut by_file: HashMap<String, Vec<&Diagnostic>> = HashMap::new();
    for found in diagnostics {
        by_file.entry(shown_path(&found.primary.file)).or_default().push(found);
    }
    let mut report = Report::new("formwork");
    for file in files {
        report.add_test_suite(suite(file, &by_file.remove(file).unwrap_or_default()));
    }
    // What is in memory can be written, and every text is UTF-8.
    report.to_string().map(|text| text.trim_end().to_owned() + "\n").unwrap_or_default()
}

fn suite(file: &str, findings: &[&Diagnostic]) -> TestSuite {
    let mut suite = TestSuite::new(file);
    if findings.is_empty() {
        suite.add_test_case(case(file, "no findings", TestCaseStatus::success()));
    }
    suite.add_test_cases(findings.iter().map(|found| finding(file, found)));
    suite
}

fn finding(file: &str, found: &Diagnostic) -> TestCase {
    let position = found.primary.file.position(found.primary.span.start);
    let name = format!("{}:{}: {}", position.line, position.column, found.rule.name());
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    let help = found.help.as_ref().map(|help| format!("help: {help}\n")).unwrap_or_default();
    status
        .set_type(found.rule.name())
        .set_message(format!("{}: {}", found.severity.name(), found.message))
        .set_description(concise::line(found) + &help);
    case(file, &name, status)
}

fn case(file: &str, name: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname(file);
    case
}
