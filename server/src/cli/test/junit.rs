//! Results as XML for CI systems: a suite for each form, a case for each example.

use std::fmt::Write as _;

use formwork_engine::example_run::ExampleRun;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{Tested, line, title};

pub(super) fn render(tested: &[Tested<'_>]) -> String {
    let mut report = Report::new("formwork test");
    report.add_test_suites(tested.iter().map(suite));
    // What is in memory can be written, and every text is UTF-8.
    report.to_string().map(|text| text.trim_end().to_owned() + "\n").unwrap_or_default()
}

fn suite(tested: &Tested<'_>) -> TestSuite {
    let mut suite = TestSuite::new(&tested.built.name);
    if tested.form.is_none() {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message("the form does not compile");
        suite.add_test_case(case(tested, "compiles", status));
    }
    suite.add_test_cases(tested.runs.iter().map(|run| example(tested, run)));
    suite
}

fn example(tested: &Tested<'_>, run: &ExampleRun<'_>) -> TestCase {
    let status = match run.reason() {
        None => TestCaseStatus::success(),
        Some(reason) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(reason).set_description(description(tested, run));
            status
        }
    };
    case(tested, &title(run, tested.built), status)
}

fn description(tested: &Tested<'_>, run: &ExampleRun<'_>) -> String {
    let mut text = format!("{}:{}\n", tested.built.source.path.display(), line(run, tested.built));
    for (sign, errors) in [('-', run.expected()), ('+', run.actual.clone())] {
        for (path, code) in errors {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{sign} {path}: {code}");
        }
    }
    text
}

fn case(tested: &Tested<'_>, name: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname(&tested.built.name);
    case
}
