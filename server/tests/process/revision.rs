//! `formwork diff` against a git revision: every kind of repository, and what may be in one.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Output;

use crate::diff::{git, narrow, repository};
use crate::{formwork, run, text, workspace};

fn commit(root: &Path) {
    git(root, &["add", "--all"]);
    git(root, &["commit", "--quiet", "--message", "next"]);
}

/// Asserts what a run comes to: its status, and a part of what it says on standard error.
fn says(output: &Output, status: i32, part: &str) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{said}{}", text(&output.stdout));
    assert!(said.contains(part), "{said}");
}

#[test]
fn a_shallow_clone_is_told_to_fetch_what_it_lacks() {
    let origin = repository();
    git(origin.path(), &["tag", "released"]);
    commit(origin.path());
    let place = tempfile::tempdir().unwrap();
    let url = format!("file://{}", origin.path().display());
    git(place.path(), &["clone", "--quiet", "--depth=1", "--no-tags", &url, "clone"]);
    let clone = place.path().join("clone");
    let against = |revision| run(&clone, &["diff", "--against", revision]);
    says(&against("released"), 2, "`git fetch --depth=1 origin released`");
    git(&clone, &["fetch", "--quiet", "--depth=1", "origin", "tag", "released"]);
    says(&against("FETCH_HEAD"), 1, "1 breaking");
}

#[test]
fn the_forms_of_a_revision_that_are_elsewhere_are_not_guessed() {
    for (link, part) in [("configs/forms/linked.toml", "linked.toml is"), ("configs/forms/team", "team is")] {
        let root = repository();
        symlink("../newsletter.toml", root.path().join(link)).unwrap();
        commit(root.path());
        says(&run(root.path(), &["diff", "--against", "HEAD"]), 2, &format!("{part} a symbolic link"));
    }
    let root = repository();
    fs::rename(root.path().join("configs/forms"), root.path().join("elsewhere")).unwrap();
    symlink("../elsewhere", root.path().join("configs/forms")).unwrap();
    commit(root.path());
    says(&run(root.path(), &["diff", "--against", "HEAD"]), 2, "forms is a symbolic link");
    let root = repository();
    let module = format!("160000,{},configs/forms/partner", "1".repeat(40));
    git(root.path(), &["update-index", "--add", "--cacheinfo", &module]);
    git(root.path(), &["commit", "--quiet", "--message", "a submodule"]);
    says(&run(root.path(), &["diff", "--against", "HEAD"]), 2, "partner is a submodule");
}

#[test]
fn old_files_that_are_no_forms_were_not_served() {
    let root = repository();
    let form = root.path().join("configs/forms/newsletter.toml");
    let sound = fs::read(&form).unwrap();
    let large = [sound.as_slice(), b"# ", &vec![b'x'; 1 << 20]].concat();
    for (bytes, name) in [(large, "large"), (vec![0xff, 0xfe, b'a'], "not UTF-8")] {
        fs::write(&form, bytes).unwrap();
        commit(root.path());
        fs::write(&form, &sound).unwrap();
        let output = run(root.path(), &["diff", "--against", "HEAD"]);
        says(&output, 0, "the old form `newsletter` (HEAD:configs/forms/newsletter.toml) has errors");
        assert!(text(&output.stdout).contains("form-added"), "{name}: {}", text(&output.stdout));
    }
}

#[test]
fn a_revision_without_the_directory_is_said_to_have_no_form() {
    let root = repository();
    fs::rename(root.path().join("configs"), root.path().join("moved")).unwrap();
    let output = run(root.path(), &["--configs", "moved", "diff", "--against", "HEAD"]);
    says(&output, 0, "`HEAD` has no form in moved/forms: every form counts as new");
}

#[test]
fn what_looks_like_an_option_reaches_git_as_a_revision() {
    let root = repository();
    for against in
        ["--output=made", "--upload-pack=touch made", "--help", "-h", "--all", "HEAD --output=made"]
    {
        let output = run(root.path(), &["diff", &format!("--against={against}")]);
        says(&output, 2, "is neither a directory nor a git revision");
        assert!(!root.path().join("made").exists(), "{against}");
    }
}

#[test]
fn every_kind_of_checkout() {
    let root = repository();
    let place = tempfile::tempdir().unwrap();
    // A further work tree of the repository, which has a file in the place of `.git`.
    let tree = place.path().join("tree");
    git(root.path(), &["worktree", "add", "--quiet", "--detach", tree.to_str().unwrap()]);
    narrow(&tree);
    says(&run(&tree, &["diff", "--against", "HEAD"]), 1, "1 breaking");
    // A directory of the repository, and one below it.
    let below = tree.join("services/accounts");
    fs::create_dir_all(&below).unwrap();
    fs::rename(tree.join("configs"), below.join("configs")).unwrap();
    commit(&tree);
    fs::write(below.join("configs/forms/newsletter.toml"), "resource = \"User\"\n").unwrap();
    says(&run(&below, &["diff", "--against", "HEAD"]), 1, "breaking");
    says(&run(&below.join("configs"), &["--configs", ".", "diff", "--against", "HEAD"]), 1, "breaking");
    // A repository without a work tree, with files that belong to none of its revisions.
    let bare = place.path().join("bare");
    git(place.path(), &["clone", "--quiet", "--bare", root.path().to_str().unwrap(), "bare"]);
    fs::rename(below.join("configs"), bare.join("configs")).unwrap();
    says(&run(&bare, &["diff", "--against", "HEAD"]), 2, "is in no work tree");
}

#[test]
fn a_hook_of_another_repository_does_not_say_which_is_meant() {
    let (root, other) = (repository(), workspace());
    git(other.path(), &["init", "--quiet"]);
    commit(other.path());
    let expected = run(root.path(), &["diff", "--against", "HEAD"]);
    for place in [Path::new(".git"), &root.path().join(".git"), &other.path().join(".git")] {
        let mut command = formwork(root.path());
        command.args(["diff", "--against", "HEAD"]).env("GIT_DIR", place).env("GIT_INDEX_FILE", "nowhere");
        let output = command.env("GIT_WORK_TREE", other.path()).output().unwrap();
        assert_eq!((output.status, output.stdout), (expected.status, expected.stdout.clone()));
    }
}

#[test]
fn text_of_an_author_is_no_markup_and_no_command() {
    let root = repository();
    let form = |values: &str| {
        format!(
            "name = \"hostile\"\nresource = \"User\"\n[fields.properties.a]\nlabel = \"\\n::error::x\"\nvalidation.inclusion = {{ in = [{values}], message = \"<img> @all\" }}\n"
        )
    };
    // A file's name may hold what ends a property of a command.
    let path = root.path().join("configs/forms/a,b::c%0A<b>.toml");
    let values =
        r#""`", "a`b`c", "\n::error::x\n", "<img src=x onerror=alert(1)>", "@all #1 | ``` </details>""#;
    fs::write(&path, form(&format!("{values}, \"\u{2028}![x](y)\""))).unwrap();
    commit(root.path());
    fs::write(&path, form("\"a\"")).unwrap();
    for format in ["github", "markdown"] {
        let output = run(root.path(), &["diff", "--against", "HEAD", "--format", format]);
        insta::assert_snapshot!(format!("hostile_{format}"), text(&output.stdout));
    }
    // Nor does what is no UTF-8 stop it.
    fs::rename(&path, path.with_file_name(std::ffi::OsStr::from_bytes(b"\xff.toml"))).unwrap();
    commit(root.path());
    says(&run(root.path(), &["diff", "--against", "HEAD~1", "--fail-on", "never"]), 0, "");
}
