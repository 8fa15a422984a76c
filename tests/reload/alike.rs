//! A series of changes leads where a load of what it leaves behind leads, however little of it is looked at again.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use formwork_engine::diagnostic::{Severity, has_errors};
use formwork_engine::registry::{Registry, Snapshot, State};
use formwork_engine::render::{Format, render};

use crate::write;

/// A time before every change, so that every file is read.
const BEFORE: SystemTime = SystemTime::UNIX_EPOCH;
const FORMS: u64 = 6;
const CHANGES: u64 = 400;

/// The next number of a series that is the same in every run (xorshift64*).
fn below(state: &mut u64, limit: u64) -> u64 {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % limit
}

/// A form that may clash with others in each of the ways in which files can.
fn form(state: &mut u64) -> String {
    // One in so many forms has the line.
    let mut line = |one_in: u64, text: &str| -> String {
        if below(state, one_in) == 0 { text.to_owned() } else { String::new() }
    };
    let lines = [
        line(2, "# moved down\n\n"),
        line(16, "name = \"other\"\n"),
        line(16, "aliases = [\"old\"]\n"),
        line(2, "authorization_policies = [\"gate\"]\n"),
        "resource = \"User\"\n".to_owned(),
        line(2, "description = \"one\"\n"),
        line(30, "fields = 1\n"),
        line(4, "# formwork: ignore[conflicting-property-type] they are read apart\n"),
        "[fields.properties.size]\n".to_owned(),
        line(4, "type = \"integer\"\n"),
        line(2, "validation.presence = true\n"),
        line(2, "label = \"Size\"\n"),
        line(2, "\n[[examples]]\nform = {}\nvalid = false\n"),
    ];
    lines.concat()
}

const LOCALE: &str = "[fields.\"properties.size\"]\nblank = \"ile?\"\n\n[forms.form_0.\"properties.size\"]\nblank = \"ile?\"\n";

/// What people see of a snapshot: every finding, and under each name the version that is served.
fn seen(snapshot: &Snapshot) -> (Vec<String>, Vec<(String, String)>) {
    let found: Vec<_> = snapshot.diagnostics().cloned().collect();
    let mut found: Vec<String> = found
        .iter()
        .map(|found| render(std::slice::from_ref(found), Format::Text { colour: false }))
        .collect();
    found.sort();
    let names = (0..FORMS).map(|index| format!("form_{index}"));
    let names = names.chain(["other".to_owned(), "old".to_owned()]);
    let served = names.filter_map(|name| {
        let form = snapshot.form(&name)?;
        Some((name, format!("{} of {}", form.version(), form.name())))
    });
    (found, served.collect())
}

/// Whether nothing is served that is not as its author last wrote it: what had a last good version is not known to a
/// registry that is loaded now.
fn is_sound(snapshot: &Snapshot) -> bool {
    snapshot.diagnostics().all(|found| found.severity == Severity::Warning)
        && snapshot.statuses.iter().all(|status| !has_errors(&status.diagnostics))
}

/// Changes something, which may be the form whose path this is.
fn change(configs: &Path, state: &mut u64) -> PathBuf {
    let path = configs.join(format!("forms/form_{}.toml", below(state, FORMS)));
    match below(state, 12) {
        0 => drop(fs::remove_file(&path)),
        1 => write(&configs.join("locales/pl.toml"), if below(state, 2) == 0 { LOCALE } else { "" }),
        2 => write(
            &configs.join("policies/gate.toml"),
            if below(state, 6) > 0 { "allow = 'true'\n" } else { "allow = ''\n" },
        ),
        _ => write(&path, &form(state)),
    }
    path
}

#[test]
fn many_small_changes_lead_where_one_load_does() {
    let root = tempfile::tempdir().unwrap();
    let configs = root.path().join("configs");
    write(&configs.join("policies/gate.toml"), "allow = 'true'\n");
    for index in 0..FORMS {
        write(&configs.join(format!("forms/form_{index}.toml")), "resource = \"User\"\n");
    }
    let (registry, _) = Registry::load(&configs, BEFORE).unwrap();
    let (mut state, mut sound, mut alone) = (0x9E37_79B9_7F4A_7C15, 0, 0);
    for step in 0..CHANGES {
        let path = change(&configs, &mut state);
        // Whether the form is looked at by itself before all are makes no difference to what comes of it.
        if step % 2 == 0 && registry.reload_files(&[path].into(), BEFORE).is_some() {
            alone += 1;
        }
        while registry.reload(BEFORE).unwrap().look_again {}
        let (fresh, _) = Registry::load(&configs, BEFORE).unwrap();
        let (changed, fresh) = (registry.snapshot(), fresh.snapshot());
        let (found, served) = seen(&changed);
        let (found_anew, served_anew) = seen(&fresh);
        // A name that two forms claim goes to the one that had it, which a load does not know.
        if is_sound(&fresh) {
            sound += 1;
            assert_eq!(found, found_anew, "after change {step}");
            assert_eq!(served, served_anew, "after change {step}");
        } else {
            assert_eq!(is_sound(&changed), is_sound(&fresh), "after change {step}");
        }
    }
    assert!(sound > CHANGES / 20, "only {sound} directories were without errors");
    assert!(alone > 0, "no form was looked at by itself");
}

#[test]
fn a_form_by_itself_is_looked_at_where_nothing_else_is_to_be_decided() {
    let root = tempfile::tempdir().unwrap();
    let configs = root.path().join("configs");
    let [one, other] = ["one", "other"].map(|name| configs.join(format!("forms/{name}.toml")));
    let text = |more: &str| {
        format!("resource = \"User\"\n{more}\n[[examples]]\nform = {{ email = \"a@example.com\" }}\n")
    };
    write(&one, &text("description = \"old\""));
    write(&other, &text("description = \"old\""));
    let (registry, _) = Registry::load(&configs, BEFORE).unwrap();
    let described =
        |name: &str| registry.snapshot().form(name).and_then(|form| form.form.description.clone());
    let look = |path: &Path| registry.reload_files(&[path.to_path_buf()].into(), BEFORE);

    assert!(look(&one).is_none(), "nothing changed");
    write(&one, &text("description = \"new\""));
    write(&other, &text("description = \"new\""));
    let reload = look(&one).unwrap();
    assert_eq!(reload.changed, [("one".to_owned(), State::Live)]);
    assert_eq!((described("one").as_deref(), described("other").as_deref()), (Some("new"), Some("old")));
    assert!(registry.reload(BEFORE).unwrap().is_change());
    assert_eq!(described("other").as_deref(), Some("new"));

    // Of a form that breaks, another name, one that is gone and one that is new, the directory decides.
    for more in
        ["fields = 1", "name = \"third\"", "aliases = [\"old\"]", "authorization_policies = [\"gate\"]"]
    {
        write(&one, &text(more));
        assert!(look(&one).is_none(), "{more}");
    }
    fs::remove_file(&one).unwrap();
    assert!(look(&one).is_none());
    let new = configs.join("forms/new.toml");
    write(&new, &text(""));
    assert!(look(&new).is_none());
    assert_eq!(described("one").as_deref(), Some("new"));
}
