//! `formwork diff`: against a directory and a git revision, in every format, and what it cannot do.

use std::fs;
use std::path::Path;
use std::process::Command;

use formwork_engine::compat::Change;
use serde_json::Value;

use crate::{run, text, workspace};

pub(crate) fn git(directory: &Path, arguments: &[&str]) {
    let who = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
    let status = Command::new("git").arg("-C").arg(directory).args(who).args(arguments).status().unwrap();
    assert!(status.success(), "{arguments:?}");
}

/// A repository whose work tree has a newsletter that takes one value less than its only commit.
pub(crate) fn repository() -> tempfile::TempDir {
    let root = workspace();
    git(root.path(), &["init", "--quiet"]);
    git(root.path(), &["add", "."]);
    git(root.path(), &["commit", "--quiet", "--message", "first"]);
    narrow(root.path());
    root
}

pub(crate) fn narrow(root: &Path) {
    let path = root.join("configs/forms/newsletter.toml");
    let form = fs::read_to_string(&path).unwrap();
    fs::write(path, form.replace(r#"in = ["daily", "weekly", "#, r#"in = ["weekly", "#)).unwrap();
}

#[test]
fn against_a_revision_in_every_format() {
    let root = repository();
    for format in ["text", "github", "markdown"] {
        let output = run(root.path(), &["diff", "--against", "HEAD", "--format", format]);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        insta::assert_snapshot!(format!("diff_{format}"), text(&output.stdout));
    }
    let output = run(root.path(), &["diff", "--against", "HEAD", "--format", "json"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let schema =
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/findings.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_slice(&schema).unwrap()).unwrap();
    assert!(schema.is_valid(&document), "{document:#}");
    assert_eq!(document["findings"][0]["rule"], "value-removed");
    assert_eq!(run(root.path(), &["diff", "--against", "HEAD", "--fail-on", "never"]).status.code(), Some(0));
    let below = run(&root.path().join("configs/forms"), &["--configs", "..", "diff", "--against", "HEAD"]);
    assert_eq!(below.status.code(), Some(1));
}

#[test]
fn against_a_directory() {
    let (old, new) = (workspace(), workspace());
    let against = old.path().join("configs");
    let against = against.to_str().unwrap();
    let output = run(new.path(), &["diff", "--against", against]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), String::new()));
    narrow(new.path());
    assert_eq!(run(new.path(), &["diff", "--against", against]).status.code(), Some(1));
    fs::write(old.path().join("configs/forms/newsletter.toml"), "resource = 1\n").unwrap();
    let output = run(new.path(), &["diff", "--against", against]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stderr).contains("was not served"), "{}", text(&output.stderr));
}

#[test]
fn what_it_cannot_compare() {
    let root = repository();
    for against in ["nowhere", "configs/forms"] {
        let output = run(root.path(), &["diff", &format!("--against={against}")]);
        assert_eq!(output.status.code(), Some(2), "{against}: {}", text(&output.stderr));
    }
    assert_eq!(run(workspace().path(), &["diff", "--against", "main"]).status.code(), Some(2));
    fs::write(root.path().join("configs/forms/bad.toml"), "resource = \"Usr\"\n").unwrap();
    let output = run(root.path(), &["diff", "--against", "HEAD"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("unknown-resource"), "{}", text(&output.stderr));
}

#[test]
fn the_page_lists_every_change() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/diff.md")).unwrap();
    let listed: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(listed.len(), Change::ALL.len());
    for (line, change) in listed.iter().zip(Change::ALL) {
        let row =
            format!("| `{}` | {} | {} |", change.name(), change.severity().name(), change.category().name());
        assert!(line.starts_with(&row), "{line} is not {row}");
    }
}
