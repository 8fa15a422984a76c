//! Results for people: what is wrong with each failed example, as a difference.

use std::fmt::Write as _;

use formwork_engine::example_run::{Coverage, ExampleRun, PathAndCode};

use super::{Counts, Tested, line, title};

pub(super) fn render(tested: &[Tested<'_>], counts: &Counts) -> String {
    let mut text = String::new();
    for tested in tested {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{} ({})", tested.built.name, tested.built.source.path.display());
        form(&mut text, tested);
        text.push('\n');
    }
    text + &summary(tested, counts)
}

fn form(text: &mut String, tested: &Tested<'_>) {
    if tested.form.is_none() {
        text.push_str("  does not compile\n");
        return;
    }
    if tested.runs.is_empty() {
        text.push_str("  has no examples\n");
    }
    for run in &tested.runs {
        let title = title(run, tested.built);
        match run.reason() {
            None => {
                let _ = writeln!(text, "  ok    {title}");
            }
            Some(reason) => {
                let place = format!("{}:{}", tested.built.source.path.display(), line(run, tested.built));
                let _ = writeln!(text, "  FAIL  {title}\n        {place}: {reason}");
                difference(text, run);
            }
        }
    }
    if let Some(coverage) = &tested.coverage {
        shown(text, coverage);
    }
}

/// What was expected (`-`), what came (`+`), and what was both.
fn difference(text: &mut String, run: &ExampleRun<'_>) {
    let mut missing = run.expected();
    let mut lines: Vec<(char, &PathAndCode)> = Vec::new();
    for error in &run.actual {
        match missing.iter().position(|expected| expected == error) {
            Some(at) => {
                missing.remove(at);
                lines.push((' ', error));
            }
            None => lines.push(('+', error)),
        }
    }
    let expected = missing.iter().map(|error| ('-', error));
    for (sign, (path, code)) in expected.chain(lines) {
        let _ = writeln!(text, "        {sign} {path}: {code}");
    }
}

fn shown(text: &mut String, coverage: &Coverage) {
    let broken = coverage.rules - coverage.unbroken.len();
    let _ = writeln!(
        text,
        "  examples give {broken} of {} errors that the form's rules can give",
        coverage.rules
    );
    if !coverage.unbroken.is_empty() {
        text.push_str("  no example gives\n");
        for (path, code) in &coverage.unbroken {
            let _ = writeln!(text, "        {path}: {code}");
        }
    }
    if !coverage.unsent.is_empty() {
        text.push_str("  no valid example sends\n");
        for path in &coverage.unsent {
            let _ = writeln!(text, "        {path}");
        }
    }
}

fn summary(tested: &[Tested<'_>], counts: &Counts) -> String {
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let broken = match counts.broken_forms {
        0 => String::new(),
        1 => ", 1 form does not compile".to_owned(),
        several => format!(", {several} forms do not compile"),
    };
    let (examples, forms) = (plural(counts.examples, "example"), plural(tested.len(), "form"));
    format!("{examples} of {forms}: {} passed, {} failed{broken}\n", counts.passed, counts.failed())
}
