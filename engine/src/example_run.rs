//! The `[[examples]]` of a form through the form: what was expected, and what came.
//!
//! A compiled form enters; an outcome per example leaves, and what no example shows. Called by `lint` and by the command
//! `test`.

mod coverage;

use std::time::SystemTime;

use crate::compile::CompiledForm;
use crate::messages::Languages;
use crate::model::Example;
use crate::submission::{Circumstances, PayloadFault, Refusal, Submitted, verdict};

pub use coverage::{Coverage, coverage};

/// An error of an example: the dotted path that it is told at, and its code.
pub type PathAndCode = (String, String);

/// An example and what became of it.
#[derive(Debug)]
pub struct ExampleRun<'f> {
    /// What the author wrote.
    pub example: &'f Example,
    /// Every error that the form gives, in the order in which it gives them; none where it accepts the example.
    pub actual: Vec<PathAndCode>,
    /// Whether that is what the author expects.
    pub outcome: Outcome,
}

/// How what a form says of an example compares with what the author expects.
#[derive(Debug)]
pub enum Outcome {
    /// They agree.
    Passed,
    /// It should be valid, and the form refuses it.
    Refused,
    /// It should be refused, and the form accepts it.
    Accepted,
    /// It is refused, but with other errors.
    OtherErrors,
    /// The form cannot compute a value for it.
    Uncomputable(PayloadFault),
}

impl ExampleRun<'_> {
    /// Whether the form says what the author expects.
    #[must_use]
    pub fn passed(&self) -> bool {
        matches!(self.outcome, Outcome::Passed)
    }

    /// What is wrong, in one sentence; nothing where it is as expected.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        Some(match &self.outcome {
            Outcome::Passed => return None,
            Outcome::Refused => "it should be valid, and the form refuses it".to_owned(),
            Outcome::Accepted => "it should be refused, and the form accepts it".to_owned(),
            Outcome::OtherErrors => "it is refused, but not with these errors".to_owned(),
            Outcome::Uncomputable(fault) => fault.to_string(),
        })
    }

    /// The errors that the author expects: none where the example is to be valid, or where any will do.
    #[must_use]
    pub fn expected(&self) -> Vec<PathAndCode> {
        let stated = self.example.errors.iter().flat_map(|errors| &errors.value);
        stated.flat_map(|(path, codes)| codes.iter().map(|code| (path.clone(), code.clone()))).collect()
    }
}

/// Submits every example of a form, apart from uniqueness; as of `now` where it does not say when.
#[must_use]
pub fn run_examples(form: &CompiledForm, now: SystemTime) -> Vec<ExampleRun<'_>> {
    form.form.examples.iter().flatten().map(|example| run(form, example, now)).collect()
}

fn run<'f>(form: &CompiledForm, example: &'f Example, now: SystemTime) -> ExampleRun<'f> {
    let languages = Languages::accepted(example.language.as_deref().unwrap_or_default());
    let circumstances = Circumstances {
        now: example.now.unwrap_or(now),
        token: example.token.clone(),
        language: languages.first().map(str::to_owned),
        address: None,
    };
    let mut run = ExampleRun { example, actual: Vec::new(), outcome: Outcome::Passed };
    run.actual = match verdict(form, Submitted::new(example.form.clone()), &circumstances) {
        Ok(()) => Vec::new(),
        Err(Refusal::Violations(violations)) => {
            violations.iter().map(|found| (found.dotted_path(), found.code.to_owned())).collect()
        }
        Err(Refusal::Payload(fault)) => {
            run.outcome = Outcome::Uncomputable(fault);
            return run;
        }
    };
    run.outcome = match (example.valid.value, run.actual.is_empty()) {
        (true, true) => Outcome::Passed,
        (true, false) => Outcome::Refused,
        (false, true) => Outcome::Accepted,
        (false, false) if example.errors.is_none() => Outcome::Passed,
        (false, false) => {
            let (mut expected, mut actual) = (run.expected(), run.actual.clone());
            expected.sort();
            actual.sort();
            if expected == actual { Outcome::Passed } else { Outcome::OtherErrors }
        }
    };
    run
}
