//! Policies on the command line and in the log: beside forms wherever those are looked at.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::lint::with_input;
use crate::{Serving, run, text, workspace};

const FORM: &str = "resource = \"User\"\naccess = \"public\"\nauthorization_policies = [\"company\"]\n\n[[examples]]\nform = { email = \"ada@example.com\" }\n";

/// The example forms, and one that names a policy.
fn guarded(policy: &str) -> tempfile::TempDir {
    let root = workspace();
    fs::create_dir(root.path().join("configs/policies")).unwrap();
    fs::write(root.path().join("configs/forms/guarded.toml"), FORM).unwrap();
    fs::write(root.path().join("configs/policies/company.toml"), policy).unwrap();
    root
}

fn lint(root: &Path, arguments: &[&str]) -> String {
    text(&run(root, &[&["lint", "--format", "concise"], arguments].concat()).stdout)
}

#[test]
fn lint_looks_at_policies_and_at_who_names_them() {
    let root = guarded("allow = \"token.name == 'partner'\"\n");
    assert_eq!(lint(root.path(), &[]), "");
    let policies = root.path().join("configs/policies");
    fs::write(policies.join("spare.toml"), "allow = 'true'\n").unwrap();
    fs::write(policies.join("team_broken.toml"), "allow = \"tokn.name\"\n").unwrap();
    let broken =
        "configs/policies/team_broken.toml:1:10: error[invalid-expression]: there is no `tokn` here\n";
    let spare = "configs/policies/spare.toml:1:9: warning[unused-policy]: no form names the policy `spare`\n";
    assert_eq!(lint(root.path(), &[]), format!("{spare}{broken}"));
    assert_eq!(lint(root.path(), &["configs/policies"]), broken);
    assert_eq!(lint(root.path(), &["configs/policies/spare.toml", "configs/forms"]), "");
    let silenced = "# formwork: ignore[unused-policy] for the forms to come\nallow = 'true'\n";
    fs::write(policies.join("spare.toml"), silenced).unwrap();
    assert_eq!(lint(root.path(), &[]), broken);
    assert_eq!(lint(root.path(), &["configs/policies/spare.toml"]), "");
    fs::rename(policies.join("company.toml"), policies.join("firm.toml")).unwrap();
    let unknown = "configs/forms/guarded.toml:3:27: error[unknown-policy]: there is no policy `company`\n";
    assert_eq!(lint(root.path(), &["configs/forms/guarded.toml"]), unknown);
    // It is not known which policies belong to a form from elsewhere.
    fs::copy(root.path().join("configs/forms/guarded.toml"), root.path().join("elsewhere.toml")).unwrap();
    assert_eq!(lint(root.path(), &["elsewhere.toml"]), "");
    let used = "resource = \"User\"\nauthorization_policies = [\"team_broken\"]\n[[examples]]\nform = { email = \"ada@example.com\" }\n";
    fs::write(root.path().join("configs/forms/used.toml"), used).unwrap();
    let cannot = "configs/forms/used.toml:2:27: error[unknown-policy]: the policy `team_broken` has errors, and so allows nothing\n";
    assert_eq!(lint(root.path(), &["configs/forms/used.toml"]), cannot);
    fs::remove_file(root.path().join("configs/forms/used.toml")).unwrap();
    fs::remove_dir_all(&policies).unwrap();
    assert_eq!(lint(root.path(), &[]), unknown);
}

#[test]
fn a_policy_from_standard_input_and_one_that_is_mended() {
    let root = guarded("allow = 'true'\nstatus = 404\nmessage = 'nobody reads this'\n");
    let arguments =
        ["lint", "-", "--format", "concise", "--stdin-filename", "configs/policies/team/new.toml"];
    let output = with_input(root.path(), &arguments, b"who = 'true'\n");
    assert_eq!(
        text(&output.stdout),
        "configs/policies/team/new.toml:1:1: error[unknown-key]: a policy has no key `who`\n"
    );
    let output = run(root.path(), &["lint", "--fix"]);
    assert_eq!(
        text(&output.stderr),
        "configs/policies/company.toml: remove `message`\nno findings in 5 forms\n"
    );
    let mended = fs::read_to_string(root.path().join("configs/policies/company.toml")).unwrap();
    assert_eq!(mended, "allow = 'true'\nstatus = 404\n");
}

#[test]
fn diff_compares_the_policies_of_a_revision() {
    let root = guarded("allow = \"token.name == 'partner'\"\n");
    let git = |arguments: &[&str]| crate::diff::git(root.path(), arguments);
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message", "first"]);
    let policy = root.path().join("configs/policies/company.toml");
    fs::write(&policy, "allow = \"token.name == 'partner'\"\nmessage = 'for partners'\n").unwrap();
    let diff = || run(root.path(), &["diff", "--against", "HEAD", "--format", "text"]);
    assert_eq!(text(&diff().stdout), "");
    fs::write(&policy, "allow = \"token.name in ['partner', 'friend']\"\n").unwrap();
    let output = diff();
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!("diff_of_a_policy", text(&output.stdout));
    fs::remove_file(&policy).unwrap();
    let output = diff();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("error[unknown-policy]"), "{}", text(&output.stderr));
}

#[test]
fn lint_of_a_directory_finds_a_policy_that_asks_for_a_secret_of_a_form() {
    let root = guarded("allow = \"form.properties.code == 'x'\"\n");
    let form = format!("{FORM}\n[fields.properties.code]\nsecret = true\n");
    fs::write(root.path().join("configs/forms/guarded.toml"), form).unwrap();
    let found = lint(root.path(), &[]);
    assert!(found.starts_with("configs/forms/guarded.toml:3:27: error[secret-in-template]"), "{found}");
}

#[test]
fn what_cannot_decide_is_logged_without_what_was_sent() {
    let root = guarded("# a fault that no look at the text shows\nallow = \"form.email + 1 == 2\"\n");
    let serving = Serving::start(root.path(), &[]);
    let form = json!({ "email": "ada@secret.example", "password": "correct horse" });
    let body = json!({ "form_configuration_name": "guarded", "form": form }).to_string();
    let answer = serving.post("/api/users", "", &body).unwrap();
    assert_eq!(answer.status, 403, "{}", answer.body);
    let line = serving.line_with("a policy could not decide");
    assert!(line.contains("policies/company.toml:2:9") && line.contains("invalid operation"), "{line}");
    assert!(!line.contains("ada@secret.example") && !answer.body.contains("ada@secret.example"), "{line}");
}

#[test]
fn a_developer_sees_what_becomes_of_policies() {
    let root = guarded("allow = 'true'\n");
    let serving = Serving::start(root.path(), &["--dev"]);
    let policy = root.path().join("configs/policies/company.toml");
    for (text, line) in [
        ("allow = 'false'\n", "company: the policy is live"),
        ("allow = false\n", "company: a policy with errors; its last good version is used"),
    ] {
        fs::write(&policy, text).unwrap();
        assert_eq!(serving.line_with("company: "), line);
    }
    fs::remove_file(&policy).unwrap();
    serving.line_with("error[unknown-policy]: there is no policy `company`");
    assert_eq!(serving.line_with("guarded: "), "guarded: stale, and its last good version is served");
    assert_eq!(serving.line_with("company: "), "company: the policy is gone");
}

#[test]
fn the_server_does_not_start_on_a_form_without_its_policy() {
    let root = guarded("allow = 'true'\n");
    fs::remove_dir_all(root.path().join("configs/policies")).unwrap();
    let output = run(root.path(), &["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("error[unknown-policy]"), "{}", text(&output.stderr));
}
