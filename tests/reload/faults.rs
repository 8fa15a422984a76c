//! What is broken never takes a form down.

use std::fs;
use std::time::SystemTime;

use formwork_engine::diagnostic::Rule;
use formwork_engine::registry::{Registry, State};

use crate::{Live, form, write};

fn sign_up() -> Live {
    Live::new(|root| write(&root.join("configs/forms/sign_up.toml"), &form("good")))
}

/// Breaks the form in some way, sees the last good version served, mends it, sees the new one.
fn keeps_serving(broken: &str, rule: Rule) {
    let live = sign_up();
    let good = live.form("sign_up").unwrap();
    write(&live.path("configs/forms/sign_up.toml"), broken);
    live.until("the form is stale", |live| {
        let snapshot = live.snapshot();
        let status = snapshot.status("sign_up").expect("a broken form is still there");
        let found = status.diagnostics.iter().any(|found| found.rule == rule);
        status.state == State::Stale && found
    });
    assert_eq!(live.form("sign_up").unwrap().version(), good.version());
    write(&live.path("configs/forms/sign_up.toml"), &form("mended"));
    live.until_described("sign_up", "mended");
    assert_eq!(live.state("sign_up"), Some(State::Live));
}

#[test]
fn a_syntax_error() {
    keeps_serving("resource = \"User\n[fields.", Rule::TomlSyntax);
}

#[test]
fn a_file_emptied() {
    keeps_serving("", Rule::MissingKey);
}

#[test]
fn a_pattern_that_does_not_compile() {
    keeps_serving("resource = \"User\"\n[fields.name]\nvalidation.format.with = '('\n", Rule::InvalidPattern);
}

#[test]
fn an_example_that_fails() {
    let text = form("bad").replace("a@example.com", "nobody");
    keeps_serving(&text, Rule::FailingExample);
}

#[test]
fn a_name_that_another_form_has() {
    let live = sign_up();
    write(&live.path("configs/forms/a_newcomer.toml"), &format!("name = \"sign_up\"\n{}", form("newcomer")));
    live.until("the newcomer is reported", |live| {
        live.snapshot().diagnostics().any(|found| found.rule == Rule::DuplicateFormName)
    });
    assert_eq!(live.description("sign_up").as_deref(), Some("good"), "who has a name keeps it");
}

#[test]
fn a_name_that_a_form_has_whose_newest_version_is_broken() {
    let live = sign_up();
    write(&live.path("configs/forms/sign_up.toml"), "resource = \"Usr\"\n");
    live.until("the form is stale", |live| live.state("sign_up") == Some(State::Stale));
    write(&live.path("configs/forms/a_newcomer.toml"), &format!("name = \"sign_up\"\n{}", form("newcomer")));
    live.until("the newcomer is reported", |live| {
        live.snapshot().diagnostics().any(|found| found.rule == Rule::DuplicateFormName)
    });
    assert_eq!(live.description("sign_up").as_deref(), Some("good"));
    write(&live.path("configs/forms/sign_up.toml"), &form("mended"));
    live.until_described("sign_up", "mended");
}

#[test]
fn an_alias_that_is_another_forms_name() {
    let live = Live::new(|root| {
        write(&root.join("configs/forms/a.toml"), &form("a"));
        write(&root.join("configs/forms/sign_up.toml"), &form("good"));
    });
    write(&live.path("configs/forms/a.toml"), &format!("aliases = [\"sign_up\"]\n{}", form("thief")));
    live.until("the thief is reported", |live| live.state("a") == Some(State::Stale));
    assert_eq!(live.description("sign_up").as_deref(), Some("good"), "an alias takes no form's name");
    assert_eq!(live.description("a").as_deref(), Some("a"));
    write(&live.path("configs/forms/sign_up.toml"), &form("better"));
    live.until_described("sign_up", "better");
}

#[test]
fn a_broken_copy_of_a_form_that_is_still_there() {
    let live = Live::new(|root| {
        write(&root.join("configs/forms/sign_up.toml"), &format!("name = \"sign_up\"\n{}", form("good")));
    });
    write(&live.path("configs/forms/a_copy.toml"), "name = \"sign_up\"\nresource = \"Usr\"\n");
    live.until("the copy is seen", |live| live.snapshot().statuses.len() == 2);
    assert_eq!(live.state("sign_up"), Some(State::Live));
    write(&live.path("configs/forms/sign_up.toml"), &format!("name = \"sign_up\"\n{}", form("better")));
    live.until_described("sign_up", "better");
    assert_eq!(live.state("a_copy"), Some(State::Broken), "a form whose name is taken goes by its file");
}

#[test]
fn a_file_between_being_removed_and_written_again() {
    let live = sign_up();
    let file = live.path("configs/forms/sign_up.toml");
    // A registry of its own, so that the looks can be told apart.
    let (registry, _) = Registry::load(&live.path("configs"), SystemTime::now()).unwrap();
    let served = || registry.snapshot().form("sign_up").is_some();
    fs::remove_file(&file).unwrap();
    assert!(registry.reload(SystemTime::now()).unwrap().look_again && served());
    fs::write(&file, form("again")).unwrap();
    assert!(!registry.reload(SystemTime::now()).unwrap().look_again && served());
    fs::remove_file(&file).unwrap();
    registry.reload(SystemTime::now()).unwrap();
    assert_eq!(registry.reload(SystemTime::now()).unwrap().removed, ["sign_up"]);
    assert!(!served());
}

#[test]
fn a_pipe_among_the_forms() {
    let live = sign_up();
    let pipe = live.path("configs/forms/pipe.toml");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    write(&live.path("configs/forms/sign_up.toml"), &form("two"));
    live.until_described("sign_up", "two");
    assert_eq!(live.snapshot().statuses.len(), 1);
}

#[test]
fn a_file_that_moves_and_breaks_at_once() {
    let live = Live::new(|root| {
        write(&root.join("configs/forms/old/sign_up.toml"), &format!("name = \"sign_up\"\n{}", form("good")));
    });
    fs::create_dir_all(live.path("configs/forms/new")).unwrap();
    write(&live.path("prepared.toml"), "name = \"sign_up\"\nresource = \"Usr\"\n");
    fs::rename(live.path("prepared.toml"), live.path("configs/forms/old/sign_up.toml")).unwrap();
    live.until("the form is stale", |live| live.state("sign_up") == Some(State::Stale));
    fs::rename(live.path("configs/forms/old"), live.path("configs/forms/older")).unwrap();
    live.until("the form is known at its new place", |live| {
        live.snapshot().diagnostics().any(|found| found.primary.file.path.ends_with("older/sign_up.toml"))
    });
    assert_eq!(live.description("sign_up").as_deref(), Some("good"));
}

#[test]
fn what_cannot_be_read_is_watched_until_it_can() {
    let live = sign_up();
    let deep = live.path("prepared").join(["deep"; 20].join("/"));
    fs::create_dir_all(deep).unwrap();
    fs::rename(live.path("prepared"), live.path("configs/forms/prepared")).unwrap();
    live.until("the nesting is told", |live| live.outcomes.lock().unwrap().iter().any(Result::is_err));
    fs::rename(live.path("configs/forms/prepared"), live.path("prepared")).unwrap();
    write(&live.path("configs/forms/sign_up.toml"), &form("after"));
    live.until_described("sign_up", "after");
}

#[test]
fn a_directory_that_vanishes_takes_no_form_with_it() {
    let live = sign_up();
    fs::rename(live.path("configs/forms"), live.path("aside")).unwrap();
    live.until("the loss is told", |live| live.outcomes.lock().unwrap().iter().any(Result::is_err));
    assert_eq!(live.description("sign_up").as_deref(), Some("good"));
    fs::rename(live.path("aside"), live.path("configs/forms")).unwrap();
    write(&live.path("configs/forms/sign_up.toml"), &form("back"));
    live.until_described("sign_up", "back");
}

#[test]
fn a_new_form_that_never_compiled_is_shown_and_not_served() {
    let live = sign_up();
    write(&live.path("configs/forms/new.toml"), "resource = 5\n");
    live.until("the new form is broken", |live| live.state("new") == Some(State::Broken));
    assert!(live.form("new").is_none());
    assert_eq!(live.state("sign_up"), Some(State::Live));
}
