//! Whole directories that come, go, and change behind symbolic links.

use std::fs;
use std::path::Path;
use std::time::Duration;

use formwork_engine::watch::Options;

use crate::{Live, form, symlink, write};

/// Replaces a symbolic link atomically, as `ln -sfn` cannot and Kubernetes does.
fn swap(link: &Path, target: &str) {
    let new = link.with_file_name("..new_link");
    symlink(target, &new).unwrap();
    fs::rename(&new, link).unwrap();
}

#[test]
fn a_prepared_directory_is_moved_in() {
    let live = Live::new(|root| {
        write(&root.join("configs/forms/sign_up.toml"), &form("one"));
        write(&root.join("prepared/invite.toml"), &form("invite"));
        write(&root.join("prepared/deep/leave.toml"), &form("leave"));
    });
    fs::rename(live.path("prepared"), live.path("configs/forms/team")).unwrap();
    live.until_described("team/invite", "invite");
    live.until_described("team/deep/leave", "leave");
    write(&live.path("configs/forms/team/deep/leave.toml"), &form("two"));
    live.until_described("team/deep/leave", "two");
}

#[test]
fn a_directory_is_moved_away_and_back() {
    let live = Live::new(|root| {
        write(&root.join("configs/forms/sign_up.toml"), &form("one"));
        write(&root.join("configs/forms/team/invite.toml"), &form("one"));
    });
    fs::rename(live.path("configs/forms/team"), live.path("aside")).unwrap();
    live.until("the form is gone", |live| live.form("team/invite").is_none());
    fs::rename(live.path("aside"), live.path("configs/forms/team")).unwrap();
    live.until_described("team/invite", "one");
    write(&live.path("configs/forms/team/invite.toml"), &form("two"));
    live.until_described("team/invite", "two");
}

#[test]
fn the_configuration_directory_is_replaced_by_a_prepared_one() {
    let live = Live::new(|root| {
        write(&root.join("configs/forms/sign_up.toml"), &form("one"));
        write(&root.join("prepared/forms/sign_up.toml"), &form("two"));
    });
    fs::rename(live.path("configs"), live.path("old")).unwrap();
    fs::rename(live.path("prepared"), live.path("configs")).unwrap();
    live.until_described("sign_up", "two");
    write(&live.path("configs/forms/sign_up.toml"), &form("three"));
    live.until_described("sign_up", "three");
}

#[test]
fn a_config_map_swaps_its_data_directory() {
    let live = Live::new(|root| {
        let forms = root.join("configs/forms");
        write(&forms.join("..2026_01/sign_up.toml"), &form("one"));
        symlink("..2026_01", forms.join("..data")).unwrap();
        symlink("..data/sign_up.toml", forms.join("sign_up.toml")).unwrap();
    });
    assert_eq!(live.snapshot().statuses.len(), 1, "a hidden directory holds no forms of its own");
    for (directory, description) in [("..2026_02", "two"), ("..2026_03", "three")] {
        let forms = live.path("configs/forms");
        write(&forms.join(directory).join("sign_up.toml"), &form(description));
        let old = fs::read_link(forms.join("..data")).unwrap();
        swap(&forms.join("..data"), directory);
        fs::remove_dir_all(forms.join(old)).unwrap();
        live.until_described("sign_up", description);
    }
}

#[test]
fn a_release_behind_a_symbolic_link_is_swapped() {
    let live = Live::new(|root| {
        write(&root.join("releases/1/configs/forms/sign_up.toml"), &form("one"));
        write(&root.join("releases/2/configs/forms/sign_up.toml"), &form("two"));
        symlink("releases/1", root.join("current")).unwrap();
        symlink("current/configs", root.join("configs")).unwrap();
    });
    swap(&live.path("current"), "releases/2");
    live.until_described("sign_up", "two");
    write(&live.path("releases/2/configs/forms/sign_up.toml"), &form("three"));
    live.until_described("sign_up", "three");
    swap(&live.path("current"), "releases/1");
    live.until_described("sign_up", "one");
}

#[test]
fn the_forms_are_a_link_to_a_link() {
    let live = Live::new(|root| {
        write(&root.join("releases/1/sign_up.toml"), &form("one"));
        write(&root.join("releases/2/sign_up.toml"), &form("two"));
        symlink("1", root.join("releases/current")).unwrap();
        fs::create_dir_all(root.join("configs")).unwrap();
        symlink("../releases/current", root.join("configs/forms")).unwrap();
    });
    for (release, description) in [("2", "two"), ("1", "one")] {
        swap(&live.path("releases/current"), release);
        live.until_described("sign_up", description);
    }
}

#[test]
fn a_directory_is_removed_and_filled_again() {
    const FORMS: usize = 300;
    let fill = |directory: &Path, description: &str| {
        for index in 0..FORMS {
            write(&directory.join(format!("form_{index}.toml")), &form(description));
        }
    };
    let live = Live::new(|root| fill(&root.join("configs/forms/team"), "one"));
    fs::remove_dir_all(live.path("configs/forms/team")).unwrap();
    fill(&live.path("configs/forms/team"), "two");
    live.until("all are two", |live| {
        (0..FORMS).all(|index| live.description(&format!("team/form_{index}")).as_deref() == Some("two"))
    });
}

#[test]
fn a_form_that_is_a_link_to_a_file_elsewhere_follows_that_file() {
    let live = Live::new(|root| {
        write(&root.join("shared/sign_up.toml"), &form("one"));
        fs::create_dir_all(root.join("configs/forms")).unwrap();
        symlink("../../shared/sign_up.toml", root.join("configs/forms/sign_up.toml")).unwrap();
    });
    write(&live.path("shared/sign_up.toml"), &form("two"));
    live.until_described("sign_up", "two");
}

#[test]
fn without_file_events_the_poll_finds_changes() {
    let options = Options { events: false, poll: Duration::from_millis(1) };
    let live = Live::with(options, |root| write(&root.join("configs/forms/sign_up.toml"), &form("one")));
    write(&live.path("configs/forms/sign_up.toml"), &form("two"));
    live.until_described("sign_up", "two");
    write(&live.path("configs/forms/new.toml"), &form("new"));
    live.until_described("new", "new");
    fs::remove_file(live.path("configs/forms/new.toml")).unwrap();
    live.until("the form is gone", |live| live.form("new").is_none());
}
