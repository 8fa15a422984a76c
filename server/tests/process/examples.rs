//! `formwork test` beside what `lint` alone is told: levels and suppressions.

use std::fs;

use crate::{run, text, workspace};

/// With a warning, which a level may raise, and an example that comes out as expected.
const SOUND: &str = "resource = \"User\"\n[fields.featured]\nvalidation.inclusion = { in = [true], allow_blank = true }\n[[examples]]\nform = { email = \"a@example.com\" }\n";

#[test]
fn neither_levels_nor_suppressions_change_which_examples_pass() {
    let root = workspace();
    fs::write(root.path().join("formwork.toml"), "[lint]\nineffective-validation = \"error\"\n").unwrap();
    fs::write(root.path().join("configs/forms/sound.toml"), SOUND).unwrap();
    let lint = run(root.path(), &["lint", "configs/forms/sound.toml", "--fail-on", "error"]);
    assert_eq!(lint.status.code(), Some(1), "{}", text(&lint.stdout));
    let test = run(root.path(), &["test", "configs/forms/sound.toml"]);
    assert_eq!((test.status.code(), text(&test.stderr)), (Some(0), String::new()));
}

#[test]
fn of_a_form_that_does_not_compile_the_errors_are_shown_alone() {
    let root = workspace();
    let broken = SOUND.replace("\"User\"", "\"Usr\"");
    fs::write(root.path().join("configs/forms/broken.toml"), broken).unwrap();
    let test = run(root.path(), &["test", "configs/forms/broken.toml"]);
    assert_eq!(test.status.code(), Some(1));
    let said = text(&test.stderr);
    assert!(said.contains("error[unknown-resource]") && !said.contains("warning["), "{said}");
}
