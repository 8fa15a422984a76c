//! `serve --dev`, for people who write forms.

use std::fs;

use serde_json::json;

use crate::{Serving, get, run, text, workspace};

#[test]
fn it_prints_a_token_and_a_request_that_work() {
    let root = workspace();
    let serving = Serving::start(root.path(), &["--dev"]);
    let line = serving.line_with("A token for this run: ");
    let token = line.rsplit(' ').next().unwrap().to_owned();
    assert!(serving.line_with("curl -i").contains(&format!("http://{}/api/users", serving.address)));
    assert!(serving.line_with("Authorization").contains(&token));
    let pasted = serving.line_with("-d '");
    let body = pasted.trim().strip_prefix("-d '").unwrap().strip_suffix('\'').unwrap();
    let answer =
        serving.post("/api/users", &format!("Authorization: Token token=\"{token}\"\r\n"), body).unwrap();
    assert_eq!(answer.status, 201, "{}", answer.body);
    serving.kill();
    let again = Serving::start(root.path(), &["--dev"]);
    let body = json!({ "form_configuration_name": "developer/sign_up", "form": {} }).to_string();
    let answer = again.post("/api/users", &format!("Authorization: Bearer {token}\r\n"), &body).unwrap();
    assert_eq!(answer.status, 401, "the token was for one run");
}

#[test]
fn it_prints_each_reload_as_lint_would() {
    let root = workspace();
    let serving = Serving::start(root.path(), &["--dev"]);
    let file = root.path().join("configs/forms/newsletter.toml");
    let good = fs::read_to_string(&file).unwrap();
    fs::write(&file, good.replace("access =", "acces =")).unwrap();
    serving.line_with("error[unknown-key]: a form has no key `acces`");
    serving.line_with("--> configs/forms/newsletter.toml:4:1");
    serving.line_with("did you mean `access`?");
    serving.line_with("newsletter: stale, and its last good version is served");
    fs::write(&file, good).unwrap();
    serving.line_with("newsletter: live");
}

#[test]
fn it_says_where_the_workbench_is_unless_there_is_none() {
    let root = workspace();
    let serving = Serving::start(root.path(), &["--dev"]);
    let line = serving.line_with("the workbench is on ");
    assert!(line.ends_with(&format!("http://{}/_/", serving.address)), "{line}");
    let page = get(serving.address, "/_/");
    assert!(page.status == 200 && page.body.contains("newsletter"), "{}", page.body);
    for arguments in [&["--dev", "--workbench", "off"][..], &[]] {
        let serving = Serving::start(root.path(), arguments);
        assert_eq!(get(serving.address, "/_/").status, 404, "{arguments:?}");
    }
    let serving = Serving::start(root.path(), &["--workbench", "on"]);
    assert_eq!(get(serving.address, "/_/").status, 401, "it asks for a token");
}

#[test]
fn it_listens_on_loopback_only() {
    let root = workspace();
    let output = run(root.path(), &["serve", "--dev", "--listen", "0.0.0.0:0"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("loopback"), "{}", text(&output.stderr));
}
