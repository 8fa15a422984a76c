//! Locales: as live as forms.

use std::fs;

use formwork_engine::messages::{Languages, text};
use formwork_engine::submission::{Circumstances, Refusal, Submitted, submit};
use std::time::SystemTime;

use crate::{Live, form, write};

const POLISH: &str = "[messages]\nblank = \"wymaga wypełnienia\"\n";

/// What a client who reads Polish is told of a request without an address.
fn told(live: &Live) -> String {
    let snapshot = live.snapshot();
    let form = snapshot.form("sign_up").unwrap();
    let refusal = submit(form, Submitted::new(serde_json::Map::new()), &Circumstances::at(SystemTime::now()));
    let Err(Refusal::Violations(violations)) = refusal else { panic!("an address is required") };
    text(form, &snapshot.locales, &Languages::accepted("pl-PL"), &violations[0])
}

fn with_polish() -> Live {
    Live::new(|root| {
        write(&root.join("configs/forms/sign_up.toml"), &form("one"));
        write(&root.join("configs/locales/pl.toml"), POLISH);
    })
}

#[test]
fn a_locale_is_changed_broken_mended_and_removed() {
    let live = with_polish();
    assert_eq!(told(&live), "wymaga wypełnienia");
    let file = live.path("configs/locales/pl.toml");

    write(&file, "[messages]\nblank = \"jest puste\"\n");
    live.until("the new text", |live| told(live) == "jest puste");

    write(&file, "[messages]\nblank = \"{{ nobody }}\"\n");
    live.until("the fault is known", |live| live.snapshot().diagnostics().count() == 1);
    assert_eq!(told(&live), "jest puste", "the last good version stays");

    write(&file, POLISH);
    live.until("mended", |live| told(live) == "wymaga wypełnienia");
    assert_eq!(live.snapshot().diagnostics().count(), 0);

    fs::remove_file(&file).unwrap();
    live.until("English again", |live| told(live) == "can't be blank");
}

#[test]
fn the_first_locale_of_a_directory() {
    let live = Live::new(|root| write(&root.join("configs/forms/sign_up.toml"), &form("one")));
    assert_eq!(told(&live), "can't be blank");
    write(&live.path("configs/locales/pl.toml"), POLISH);
    live.until("Polish", |live| told(live) == "wymaga wypełnienia");
}

#[test]
fn a_locale_does_not_compile_forms_again() {
    let live = with_polish();
    let before = live.form("sign_up").unwrap();
    write(&live.path("configs/locales/pl.toml"), "[messages]\nblank = \"jest puste\"\n");
    live.until("the new text", |live| told(live) == "jest puste");
    assert!(std::sync::Arc::ptr_eq(&before, &live.form("sign_up").unwrap()));
}

#[test]
fn what_is_wrong_between_files_is_known_while_serving() {
    let property = |ty: &str| format!("{}\n[fields.properties.age]\ntype = \"{ty}\"\n", form("one"));
    let live = Live::new(|root| {
        write(&root.join("configs/forms/join.toml"), &property("integer"));
        write(&root.join("configs/forms/sign_up.toml"), &property("string"));
        write(
            &root.join("configs/locales/pl.toml"),
            "[fields.\"properties.years\"]\nblank = \"jest puste\"\n",
        );
    });
    let rules =
        |live: &Live| -> Vec<&str> { live.snapshot().diagnostics().map(|found| found.rule.name()).collect() };
    assert_eq!(rules(&live), ["conflicting-property-type", "unused-message"]);
    assert!(live.form("sign_up").is_some(), "a warning does not keep a form from being served");
    write(&live.path("configs/forms/sign_up.toml"), &property("integer"));
    live.until("the types agree", |live| rules(live) == ["unused-message"]);
    write(&live.path("configs/locales/pl.toml"), POLISH);
    live.until("the message is gone", |live| rules(live).is_empty());
}
