//! What both targets need: a fixed present, sources, the locales, and everything that a verdict says.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use formwork_engine::compile::CompiledForm;
use formwork_engine::diagnostic::Diagnostic;
use formwork_engine::messages::{Languages, Locale, Locales, text};
use formwork_engine::render::{Format, render};
use formwork_engine::source::SourceFile;
use formwork_engine::submission::{Accepted, Circumstances, MAX_VIOLATIONS, Refusal, Submitted, submit};
use serde_json::{Map, Value};

/// 2026-11-23T12:00:00Z: an input means the same in every run.
#[must_use]
pub fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_435_200)
}

/// A file that exists in memory alone.
#[must_use]
pub fn source(name: &str, text: &str) -> Arc<SourceFile> {
    Arc::new(SourceFile::new(PathBuf::from(format!("{name}.toml")), name.to_owned(), text.to_owned()))
}

/// The Polish locale that the repository has.
#[must_use]
pub fn polish() -> Locales {
    let (locale, found) = Locale::read(&source("pl", include_str!("../../configs/locales/pl.toml")), None);
    assert!(found.is_empty(), "{}", render(&found, Format::Text { colour: false }));
    Locales::new([Arc::new(locale)])
}

/// The languages of a client that reads Polish.
#[must_use]
pub fn reads_polish() -> Languages {
    Languages::accepted("pl")
}

/// Writes diagnostics in each way that there is.
pub fn write(diagnostics: &[Diagnostic]) {
    for format in [Format::Text { colour: false }, Format::Concise] {
        let text = render(diagnostics, format);
        assert_eq!(text.is_empty(), diagnostics.is_empty());
    }
}

/// All that a form says of a request, to be compared with what it says another time.
#[derive(Debug, PartialEq)]
pub enum Verdict {
    /// What is stored, the password, what must be unique.
    Accepted(String, Option<String>, Vec<String>),
    /// Path, pointer, code, params and message of each violation.
    Refused(Vec<String>),
    /// A value that the form could not compute.
    Failed(String),
}

/// Submits a request and looks at everything that comes of it.
///
/// # Panics
/// When a refusal names no violation or too many, or what is stored is no JSON object.
#[must_use]
pub fn verdict(
    form: &CompiledForm,
    request: &Map<String, Value>,
    circumstances: &Circumstances,
    locales: &Locales,
) -> Verdict {
    match submit(form, Submitted::new(request.clone()), circumstances) {
        Ok(accepted) => of_accepted(accepted),
        Err(Refusal::Violations(violations)) => {
            assert!(!violations.is_empty(), "refused without a violation");
            assert!(violations.len() <= MAX_VIOLATIONS, "{} violations", violations.len());
            let languages = reads_polish();
            let told = violations.iter().map(|found| {
                let (path, pointer) = (found.dotted_path(), found.pointer());
                assert!(pointer.starts_with("/form"), "{pointer}");
                let message = text(form, locales, &languages, found);
                format!("{path} {pointer} {} {:?} {message}", found.code, found.params(form))
            });
            Verdict::Refused(told.collect())
        }
        Err(Refusal::Payload(fault)) => Verdict::Failed(fault.to_string()),
    }
}

fn of_accepted(accepted: Accepted) -> Verdict {
    let attributes = Value::Object(accepted.attributes).to_string();
    let stored = serde_json::from_str::<Value>(&attributes);
    assert!(stored.is_ok_and(|stored| stored.is_object()), "no object: {attributes}");
    let claims = accepted.claims.iter().map(|claim| format!("{:?} {:x?}", claim.path, claim.digest));
    let password = accepted.password.map(|password| password.expose().to_owned());
    Verdict::Accepted(attributes, password, claims.collect())
}
