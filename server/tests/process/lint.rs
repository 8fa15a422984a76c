//! `formwork lint` as its users have it: what it writes where, what it mends, and when it fails.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::{formwork, run, text, workspace};

/// A form with a warning that is mended by a fix, and with one that is not.
const MENDABLE: &str = "resource = \"User\" # a comment that stays\r\n[fields.properties.age]\r\ntype = \"integer\"\r\nvalidation = { numericality = true, presence = true }\r\nnormalize = ['trim', \"squish\"]\r\n";
const PATH: &str = "configs/forms/mendable.toml";

pub(crate) fn with_input(directory: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut command = formwork(directory);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn findings(output: &Output) -> Vec<String> {
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rule = |found: &Value| found["rule"].as_str().unwrap().to_owned();
    document["diagnostics"].as_array().unwrap().iter().map(rule).collect()
}

#[test]
fn every_format_prints_its_document_and_nothing_else() {
    let root = workspace();
    fs::write(root.path().join(PATH), MENDABLE).unwrap();
    // However the directory is named, paths are those of the working directory.
    let configs = root.path().join("configs");
    for format in ["concise", "json", "sarif", "github", "gitlab", "junit"] {
        let output = run(root.path(), &["lint", "--configs", configs.to_str().unwrap(), "--format", format]);
        assert_eq!(output.status.code(), Some(1), "{format}");
        assert_eq!(text(&output.stderr), "", "{format}");
        let printed = text(&output.stdout);
        assert!(printed.contains(PATH), "{format}: {printed}");
        assert!(!printed.contains(configs.to_str().unwrap()), "{format}: {printed}");
    }
    fs::remove_file(root.path().join(PATH)).unwrap();
    let clean = run(root.path(), &["lint", "--format", "junit"]);
    assert_eq!(clean.status.code(), Some(0));
    assert_eq!(text(&clean.stdout).matches("<testcase ").count(), 7, "four forms and three locales pass");
}

#[test]
fn what_fails_is_a_choice() {
    let root = workspace();
    let status = |level: &str| run(root.path(), &["lint", "--fail-on", level]).status.code();
    fs::write(root.path().join(PATH), MENDABLE).unwrap();
    assert_eq!((status("warning"), status("error"), status("never")), (Some(1), Some(0), Some(0)));
    fs::write(root.path().join(PATH), "resource = 1\n").unwrap();
    assert_eq!((status("warning"), status("error"), status("never")), (Some(1), Some(1), Some(0)));
}

#[test]
fn a_fix_is_shown_then_written_once_and_keeps_everything_else() {
    let root = workspace();
    let path = root.path().join(PATH);
    fs::write(&path, format!("\u{feff}{MENDABLE}")).unwrap();
    let shown = run(root.path(), &["lint", "--diff"]);
    assert_eq!(shown.status.code(), Some(1));
    insta::assert_snapshot!("lint_diff", text(&shown.stdout).replace('\r', "␍"));
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("\u{feff}{MENDABLE}"), "nothing is written");
    let fixed = run(root.path(), &["lint", "--fix", "--format", "json"]);
    assert_eq!(fixed.status.code(), Some(1));
    assert_eq!(findings(&fixed), ["untested-form"]);
    insta::assert_snapshot!("lint_fix", text(&fixed.stderr));
    let mended = fs::read_to_string(&path).unwrap();
    assert_eq!(
        mended,
        "\u{feff}resource = \"User\" # a comment that stays\r\n[fields.properties.age]\r\ntype = \"integer\"\r\nvalidation = { presence = true }\r\nnormalize = []\r\n"
    );
    let again = run(root.path(), &["lint", "--fix"]);
    assert!(text(&again.stderr).starts_with("1 warning"), "{}", text(&again.stderr));
    assert_eq!(fs::read_to_string(&path).unwrap(), mended);
    assert_eq!(text(&run(root.path(), &["lint", "--diff"]).stdout), "");
    let left = fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(left, 5, "no file is left behind");
}

#[cfg(unix)]
#[test]
fn a_fix_keeps_permissions_and_the_link_that_leads_to_the_file() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let root = workspace();
    let target = root.path().join("elsewhere.toml");
    fs::write(&target, MENDABLE).unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
    symlink(&target, root.path().join(PATH)).unwrap();
    run(root.path(), &["lint", "--fix"]);
    assert!(!fs::read_to_string(&target).unwrap().contains("numericality"));
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(root.path().join(PATH)).unwrap().is_symlink());
}

#[test]
fn standard_input_is_linted_under_the_name_that_it_is_given() {
    let root = workspace();
    let lint = |name: &str, input: &[u8]| {
        with_input(root.path(), &["lint", "-", "--format", "concise", "--stdin-filename", name], input)
    };
    let shown = |name: &str, input: &[u8]| text(&lint(name, input).stdout);
    let form = b"resource = \"User\"\n";
    assert!(shown("configs/forms/new/team.toml", form).contains("`new/team` has no examples"));
    assert!(shown("configs/forms/Bad.toml", form).contains("`Bad`, which is not one"));
    let locale = lint("configs/locales/pl.toml", b"[messages]\nblank = \"nie\"\n");
    assert_eq!((locale.status.code(), text(&locale.stdout)), (Some(0), String::new()));
    assert!(shown("a.toml", b"").starts_with("a.toml:1:1: error[missing-key]"));
    assert!(shown("a.toml", b"x = \xff").contains("the file is not UTF-8: byte 5 is not valid"));
    assert!(
        shown("a.toml", b"\xef\xbb\xbfresource = \"Usr\"\r\n")
            .contains("a.toml:1:12: error[unknown-resource]")
    );
    let diff = with_input(root.path(), &["lint", "-", "--diff"], MENDABLE.as_bytes());
    assert!(text(&diff.stdout).starts_with("--- a/stdin.toml\n+++ b/stdin.toml\n"), "{}", text(&diff.stdout));
}

#[test]
fn what_cannot_be_linted_is_told_with_status_2() {
    let root = workspace();
    fs::write(root.path().join("bad.toml"), "[lint]\nuntestd-form = \"off\"\n").unwrap();
    for arguments in [
        &["lint", "-", "configs"][..],
        &["lint", "-", "--fix"],
        &["lint", "--fix", "--diff"],
        &["lint", "--watch", "configs"],
        &["lint", "--config", "nowhere.toml"],
        &["lint", "--config", "bad.toml"],
        &["completions", "tcl"],
    ] {
        let output = run(root.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains("error"), "{arguments:?}");
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
    }
    let output = run(root.path(), &["lint", "--config", "bad.toml"]);
    assert!(text(&output.stderr).contains("did you mean `untested-form`?"), "{}", text(&output.stderr));
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_no_form_that_was_linted() {
    let root = workspace();
    std::os::unix::fs::symlink("/nowhere/at/all.toml", root.path().join(PATH)).unwrap();
    for arguments in [&["lint"][..], &["lint", "configs/forms"], &["lint", "--fail-on", "never"]] {
        let output = run(root.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains("cannot read `configs/forms/mendable.toml`"), "{arguments:?}");
    }
}

#[test]
fn a_directory_without_forms_is_told() {
    let root = workspace();
    fs::create_dir(root.path().join("empty")).unwrap();
    let output = run(root.path(), &["lint", "empty"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        text(&output.stderr),
        "warning: there is no `.toml` file in what was named\nno findings in 0 forms\n"
    );
}

#[test]
fn levels_come_from_the_nearest_file() {
    let root = workspace();
    fs::write(root.path().join(PATH), MENDABLE).unwrap();
    let status = |arguments: &[&str]| run(root.path(), arguments).status.code();
    let off = "[lint]\nuntested-form = \"off\"\nineffective-validation = \"off\"\n";
    fs::write(root.path().join("formwork.toml"), off).unwrap();
    assert_eq!(status(&["lint"]), Some(0));
    fs::write(root.path().join("configs/formwork.toml"), "[lint]\nuntested-form = \"error\"\n").unwrap();
    assert_eq!(status(&["lint", "--fail-on", "error"]), Some(1));
    assert_eq!(status(&["lint", "--config", "formwork.toml"]), Some(0));
}

#[cfg(unix)]
#[test]
fn watching_reports_again_after_each_change_and_ends_with_the_last_verdict() {
    let root = workspace();
    let mut command = formwork(root.path());
    command.args(["lint", "--watch"]).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert_eq!(lines.next().as_deref(), Some("no findings in 4 forms"));
    fs::write(root.path().join(PATH), "resource = \"Usr\"\n").unwrap();
    let told = lines.find(|line| line.ends_with("in 5 forms"));
    assert_eq!(told.as_deref(), Some("1 error in 5 forms"));
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn shells_and_manuals_know_every_command() {
    let root = workspace();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = text(&run(root.path(), &["completions", shell]).stdout);
        assert!(script.contains("stdin-filename"), "{shell}");
    }
    assert!(text(&run(root.path(), &["man"]).stdout).starts_with(".ie"));
    assert_eq!(run(root.path(), &["man", "--out", "pages"]).status.code(), Some(0));
    let page = fs::read_to_string(root.path().join("pages/formwork-lint.1")).unwrap();
    assert!(page.contains("stdin\\-filename"), "{page}");
}
