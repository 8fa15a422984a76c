//! Diagnostics: silence where there is nothing to say, their shape, faults between files.

use std::path::PathBuf;
use std::sync::Arc;

use formwork_engine::build::{Built, build, diagnostics};
use formwork_engine::compile::Compiler;
use formwork_engine::diagnostic::Diagnostic;
use formwork_engine::messages::Locale;
use formwork_engine::render::{Format, render, summary};
use formwork_engine::source::{FormPath, ReadFault, SourceFile, list, read};
use formwork_engine::suppression::Scope;

use crate::case_file::{now, paths};
use crate::forms::{built, configured, recipes, repository};

fn file(name: &str, text: &str) -> Arc<SourceFile> {
    Arc::new(SourceFile::new(PathBuf::from(format!("{name}.toml")), name.to_owned(), text.to_owned()))
}

fn text(found: &[Diagnostic]) -> String {
    render(found, Format::Text { colour: false })
}

/// Every case file of `lint/`, built under its name.
fn lint_cases() -> Vec<Built> {
    let built = paths("lint").into_iter().map(|path| {
        let default_name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let (source, fault) = read(&FormPath { path, default_name });
        build(&Compiler::new(), &source, fault.as_ref(), now())
    });
    built.collect()
}

/// What is found in the locales with faults.
fn locale_cases() -> Vec<Diagnostic> {
    let found = paths("locale").into_iter().flat_map(|path| {
        let default_name = path.file_stem().unwrap().to_str().unwrap().split('_').next().unwrap().to_owned();
        let (source, fault) = read(&FormPath { path, default_name });
        Locale::read(&source, fault.as_ref()).1
    });
    found.collect()
}

#[test]
fn nothing_is_found_in_the_example_configuration() {
    let built = configured();
    assert_eq!(text(&diagnostics(&built, Scope::Directory)), "");
}

#[test]
fn nothing_is_found_in_the_recipes_and_the_page_shows_each_as_it_is() {
    assert_eq!(text(&diagnostics(&recipes(), Scope::Directory)), "");
    let page = std::fs::read_to_string(repository("docs/recipes.md")).unwrap();
    for built in recipes() {
        let name = built.source.path.display();
        assert!(
            page.contains(&format!("```toml\n{}```", built.source.text)),
            "{name} is not on the page as it is"
        );
        let form = built.form.unwrap();
        let examples = form.form.examples.as_deref().unwrap_or_default();
        assert!(examples.iter().any(|example| example.valid.value), "{name} has no valid example");
        assert!(examples.iter().any(|example| !example.valid.value), "{name} has no invalid example");
    }
    for locale in list(&repository("configs")).unwrap().locales {
        let (source, fault) = read(&locale);
        assert_eq!(text(&Locale::read(&source, fault.as_ref()).1), "", "{}", locale.path.display());
    }
}

#[test]
fn messages_are_sentences_in_lower_case_without_a_full_stop() {
    let of_forms = lint_cases()
        .into_iter()
        .flat_map(|built| diagnostics(&[built], Scope::Directory))
        .collect::<Vec<_>>();
    for found in of_forms.into_iter().chain(locale_cases()) {
        {
            let texts = [Some(found.message.as_str()), found.help.as_deref()];
            for text in texts.into_iter().flatten() {
                let first = text.chars().next().unwrap();
                assert!(first.is_lowercase() || first == '`', "{text}");
                assert!(!text.ends_with('.') && !text.contains('\n'), "{text}");
            }
        }
    }
}

#[test]
fn every_span_lies_between_characters_of_its_file() {
    for built in lint_cases() {
        for found in diagnostics(&[built], Scope::Directory) {
            for label in std::iter::once(&found.primary).chain(&found.secondary) {
                assert!(
                    label.file.text.get(label.span.clone()).is_some(),
                    "{:?} {}",
                    label.span,
                    found.message
                );
            }
        }
    }
}

#[test]
fn diagnostics_come_in_the_order_of_the_text() {
    for built in lint_cases() {
        let starts: Vec<usize> = built.diagnostics.iter().map(|found| found.primary.span.start).collect();
        assert!(starts.is_sorted(), "{}: {starts:?}", built.source.default_name);
    }
}

#[test]
fn a_form_with_an_error_is_not_served_and_one_with_a_warning_is() {
    for built in lint_cases() {
        let errors = formwork_engine::diagnostic::has_errors(&built.diagnostics);
        assert_eq!(built.form.is_none(), errors, "{}", built.source.default_name);
    }
}

#[test]
fn every_fault_of_a_file_is_found_in_one_run() {
    let found = built(
        "resource = \"Usr\"\nacess = \"public\"\n[fields.properties.a]\ntype = \"strin\"\nvalidation = { lenght = 1, presence = 3 }\n[fields.properties.\"b-c\"]\n[[examples]]\nvalid = 1\n",
    );
    let rules: Vec<&str> = found.diagnostics.iter().map(|found| found.rule.name()).collect();
    assert_eq!(
        rules,
        [
            "unknown-resource",
            "unknown-key",
            "unknown-field-type",
            "unknown-key",
            "wrong-type",
            "invalid-name",
            "missing-key",
            "wrong-type"
        ]
    );
}

#[test]
fn a_name_in_two_files_is_shown_in_both() {
    let compiler = Compiler::new();
    let example = "[[examples]]\nform = { email = \"ada@example.com\" }\n";
    let forms = [
        file("sign_up", &format!("resource = \"User\"\naliases = [\"register\"]\n{example}")),
        file("join", &format!("resource = \"User\"\nname = \"sign_up\"\n{example}")),
        file("register", &format!("# no name of its own\nresource = \"User\"\n{example}")),
    ];
    let built: Vec<Built> = forms.iter().map(|file| build(&compiler, file, None, now())).collect();
    insta::assert_snapshot!(text(&diagnostics(&built, Scope::Directory)));
}

#[test]
fn a_file_that_cannot_be_read() {
    let compiler = Compiler::new();
    let faults = [ReadFault::TooLarge, ReadFault::Io("permission denied".to_owned())];
    let built: Vec<Built> =
        faults.iter().map(|fault| build(&compiler, &file("sign_up", ""), Some(fault), now())).collect();
    assert!(built.iter().all(|built| built.form.is_none() && built.name == "sign_up"));
    insta::assert_snapshot!(text(&diagnostics(&built, Scope::Directory)));
}

#[test]
fn one_line_each() {
    let text = "# żółć\nresource = \"User\"\n[fields.first_name]\nvalidation = { presence.message = \"żółć 🎉\", lenght = 1 }\n[fields.password]\nvalidation.unique = true\n";
    let found = build(&Compiler::new(), &file("sign_up", text), None, now()).diagnostics;
    insta::assert_snapshot!(render(&found, Format::Concise), @"
    sign_up.toml:4:45: error[unknown-key]: `validation` has no key `lenght`
    sign_up.toml:6:12: warning[ineffective-validation]: a password cannot be unique: that would keep a fingerprint of it beside its hash
    ");
}

#[test]
fn colours_change_nothing_but_colours() {
    for built in lint_cases() {
        let found = diagnostics(&[built], Scope::Directory);
        if found.is_empty() {
            continue; // which the case itself does not pass over
        }
        let coloured = render(&found, Format::Text { colour: true });
        assert!(coloured.contains("\u{1b}["), "{coloured}");
        let mut plain = String::new();
        let mut rest = coloured.as_str();
        while let Some((before, after)) = rest.split_once("\u{1b}[") {
            plain.push_str(before);
            rest = after.split_once('m').unwrap().1;
        }
        plain.push_str(rest);
        assert_eq!(plain, text(&found));
    }
}

#[test]
fn the_closing_line_counts_in_words() {
    let found =
        built("resource = \"User\"\nacess = 1\n[fields.password]\nvalidation.unique = true\n").diagnostics;
    assert_eq!(summary(&[], 3), "no findings in 3 forms");
    assert_eq!(summary(&found, 1), "1 error, 1 warning in 1 form");
    assert_eq!(summary(&[found.clone(), found].concat(), 2), "2 errors, 2 warnings in 2 forms");
}
