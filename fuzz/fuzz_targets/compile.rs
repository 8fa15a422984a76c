//! Any bytes as a form file, and every third time as a locale file too.
//!
//! The bytes become text, with what is no UTF-8 replaced. The text goes through everything that a file of
//! `configs/forms` goes through: it is parsed, read, compiled and linted, and what is found is written in each format.
//! A form that compiles is submitted its own examples and an empty request. An input whose length is a multiple of
//! three is also read as `configs/locales/pl.toml`; a locale without errors then words the violations of two fixed
//! requests, one with nothing in it and one with much that is wrong.
//!
//! Nothing may panic, and nothing may take long: the time and memory that one file takes are bounded by the limits
//! that the engine puts on patterns, templates and nesting. Seeds are in `corpus/compile`, words in
//! `dictionaries/compile.dict`; `README.md` says how to run it.

#![no_main]

use std::sync::{Arc, LazyLock};

use formwork_engine::build::build;
use formwork_engine::compile::{CompiledForm, Compiler};
use formwork_engine::diagnostic::has_errors;
use formwork_engine::messages::{Languages, Locale, Locales};
use formwork_engine::submission::Circumstances;
use formwork_fuzz::{now, polish, source, verdict, write};
use libfuzzer_sys::fuzz_target;
use serde_json::Map;

static POLISH: LazyLock<Locales> = LazyLock::new(polish);

/// What the messages of a locale are tried with.
static WORDED: LazyLock<Arc<CompiledForm>> = LazyLock::new(|| {
    let source = source("sixty_fields", include_str!("../../engine/benches/sixty_fields.toml"));
    build(&Compiler::new(), &source, None, now()).form.expect("the form compiles")
});

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    form(&text);
    if data.len().is_multiple_of(3) {
        locale(&text);
    }
});

fn form(text: &str) {
    let built = build(&Compiler::new(), &source("fuzzed", text), None, now());
    write(&built.diagnostics);
    assert_eq!(built.form.is_none(), has_errors(&built.diagnostics));
    let Some(form) = built.form else { return };
    let _ = verdict(&form, &Map::new(), &Circumstances::at(now()), &POLISH);
    for example in form.form.examples.iter().flatten() {
        let languages = Languages::accepted(example.language.as_deref().unwrap_or_default());
        let circumstances = Circumstances {
            now: example.now.unwrap_or_else(now),
            token: example.token.clone(),
            language: languages.first().map(str::to_owned),
            address: None,
        };
        let _ = verdict(&form, &example.form, &circumstances, &POLISH);
    }
}

fn locale(text: &str) {
    let (locale, found) = Locale::read(&source("pl", text), None);
    write(&found);
    if has_errors(&found) {
        return;
    }
    let locales = Locales::new([Arc::new(locale)]);
    let wrong = WORDED.form.examples.iter().flatten().filter(|example| !example.valid.value);
    for request in wrong.map(|example| &example.form).chain([&Map::new()]) {
        let _ = verdict(&WORDED, request, &Circumstances::at(now()), &locales);
    }
}
