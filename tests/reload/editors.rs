//! Files as editors and shells change them.

use std::fs;
use std::sync::Arc;

use crate::{Live, form, write};

fn one_form() -> Live {
    Live::new(|root| {
        write(&root.join("configs/forms/sign_up.toml"), &form("one"));
        write(&root.join("configs/forms/other.toml"), &form("other"));
    })
}

#[test]
fn an_editor_that_writes_in_place() {
    let live = one_form();
    for description in ["two", "three", "four"] {
        write(&live.path("configs/forms/sign_up.toml"), &form(description));
        live.until_described("sign_up", description);
    }
}

#[test]
fn a_change_that_keeps_size_and_comes_at_once_after_another() {
    let live = one_form();
    for round in 0..20 {
        let description = format!("{round:03}");
        write(&live.path("configs/forms/sign_up.toml"), &form(&description));
        live.until_described("sign_up", &description);
    }
}

#[test]
fn vim_renames_over() {
    let live = one_form();
    let file = live.path("configs/forms/sign_up.toml");
    // What vim does with `backupcopy=no`: a probe, the old file aside, the new one in its place, the old one gone.
    let probe = live.path("configs/forms/4913");
    fs::write(&probe, "").unwrap();
    fs::remove_file(&probe).unwrap();
    fs::write(live.path("configs/forms/.sign_up.toml.swp"), "not TOML").unwrap();
    let backup = live.path("configs/forms/sign_up.toml~");
    fs::rename(&file, &backup).unwrap();
    fs::write(&file, form("two")).unwrap();
    fs::remove_file(&backup).unwrap();
    live.until_described("sign_up", "two");
    assert_eq!(live.snapshot().statuses.len(), 2, "an editor's own files are no forms");
}

#[test]
fn an_atomic_writer_renames_a_new_file_over_the_old() {
    let live = one_form();
    for description in ["two", "three"] {
        let new = live.path("configs/forms/.sign_up.toml.new");
        fs::write(&new, form(description)).unwrap();
        fs::rename(&new, live.path("configs/forms/sign_up.toml")).unwrap();
        live.until_described("sign_up", description);
    }
}

#[test]
fn deleted_and_created_again() {
    let live = one_form();
    let file = live.path("configs/forms/sign_up.toml");
    fs::remove_file(&file).unwrap();
    live.until("the form is gone", |live| live.form("sign_up").is_none());
    fs::write(&file, form("two")).unwrap();
    live.until_described("sign_up", "two");
}

#[test]
fn a_new_file_and_a_new_directory() {
    let live = one_form();
    write(&live.path("configs/forms/new.toml"), &form("new"));
    live.until_described("new", "new");
    write(&live.path("configs/forms/team/deep/invite.toml"), &form("invite"));
    live.until_described("team/deep/invite", "invite");
    // The new directories are watched too.
    write(&live.path("configs/forms/team/deep/invite.toml"), &form("again"));
    live.until_described("team/deep/invite", "again");
}

#[test]
fn only_what_changed_is_compiled_again() {
    let live = one_form();
    let other = live.form("other").unwrap();
    write(&live.path("configs/forms/sign_up.toml"), &form("two"));
    live.until_described("sign_up", "two");
    assert!(Arc::ptr_eq(&other, &live.form("other").unwrap()));
    let outcomes = live.outcomes.lock().unwrap();
    let compiled: usize = outcomes.iter().map(|outcome| outcome.as_ref().unwrap().compiled).sum();
    // Truncated and filled, the file may have been seen in between: at most twice, and nothing else.
    assert!((1..=2).contains(&compiled), "{compiled} files compiled for one that changed");
}

#[test]
fn touching_a_file_changes_nothing() {
    let live = one_form();
    let before = live.form("sign_up").unwrap();
    write(&live.path("configs/forms/sign_up.toml"), &form("one"));
    write(&live.path("configs/forms/other.toml"), &form("changed"));
    live.until_described("other", "changed");
    assert_eq!(before.version(), live.form("sign_up").unwrap().version());
}

#[test]
fn two_thousand_files_changed_at_once() {
    const FILES: usize = 2000;
    let name = |index: usize| format!("burst/form_{index:04}");
    let fill = |root: &std::path::Path, description: &str| {
        for index in 0..FILES {
            write(&root.join(format!("configs/forms/{}.toml", name(index))), &form(description));
        }
    };
    let live = Live::new(|root| {
        fill(root, "one");
        for index in 0..50 {
            write(&root.join(format!("configs/forms/calm/form_{index}.toml")), &form("calm"));
        }
    });
    let calm = live.form("calm/form_7").unwrap();
    fill(live.root.path(), "two");
    live.until("all are two", |live| {
        (0..FILES).all(|index| live.description(&name(index)).as_deref() == Some("two"))
    });
    assert!(
        Arc::ptr_eq(&calm, &live.form("calm/form_7").unwrap()),
        "what did not change is not compiled again"
    );
}
