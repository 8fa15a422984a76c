//! Commands, what they print, and their exit statuses: 0 clean, 1 findings, 2 could not do its work.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::{REFERENCE, Serving, formwork, run, text, workspace};

#[test]
fn help() {
    let root = workspace();
    for arguments in
        [&["--help"][..], &["serve", "--help"], &["lint", "--help"], &["token", "create", "--help"]]
    {
        let name = arguments.join(" ").replace([' ', '-'], "_");
        insta::assert_snapshot!(format!("help{name}"), text(&run(root.path(), arguments).stdout));
    }
}

#[test]
fn lint_of_forms_without_findings() {
    let root = workspace();
    let output = run(root.path(), &["lint"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        (text(&output.stdout), text(&output.stderr)),
        (String::new(), "no findings in 4 forms\n".to_owned())
    );
}

#[test]
fn lint_of_a_form_with_findings_in_either_format() {
    let root = workspace();
    fs::write(root.path().join("configs/forms/bad.toml"), "resource = \"Usr\"\n").unwrap();
    let output = run(root.path(), &["lint"]);
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!("lint_text", text(&output.stdout));
    assert_eq!(text(&output.stderr), "1 error in 5 forms\n");
    let output = run(root.path(), &["lint", "--format", "concise", "configs/forms/bad.toml"]);
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!("lint_concise", text(&output.stdout));
    assert_eq!(run(root.path(), &["lint", "configs/forms/developer"]).status.code(), Some(0));
}

#[test]
fn lint_looks_for_unused_messages_where_every_form_is_there() {
    let root = workspace();
    fs::write(
        root.path().join("configs/locales/fr.toml"),
        "[fields.\"properties.nothing\"]\nblank = \"est requis\"\n",
    )
    .unwrap();
    let output = run(root.path(), &["lint", "--format", "concise"]);
    let found = text(&output.stdout);
    assert!(found.starts_with("configs/locales/fr.toml:2:1: warning[unused-message]: "), "{found}");
    assert_eq!(run(root.path(), &["lint", "configs/locales"]).status.code(), Some(0));
}

#[test]
fn explain() {
    let root = workspace();
    let output = run(root.path(), &["explain", "untested-form"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).starts_with("# untested-form\n\n**Warning.** A form without examples.\n"));
    insta::assert_snapshot!("explain", text(&run(root.path(), &["explain"]).stdout));
    for (rule, said) in [
        ("untested-from", "error: there is no rule `untested-from`; did you mean `untested-form`?\n"),
        ("spelling", "error: there is no rule `spelling`; `formwork explain` lists them\n"),
    ] {
        let output = run(root.path(), &["explain", rule]);
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(2), said.to_owned()));
    }
}

#[test]
fn lint_names_a_form_by_its_place_however_it_is_reached() {
    let root = workspace();
    let directory = root.path().join("configs/forms/Bad");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("form.toml"), "resource = \"User\"\n").unwrap();
    for path in ["configs", "configs/forms", "configs/forms/Bad", "configs/forms/Bad/form.toml"] {
        let output = run(root.path(), &["lint", "--format", "concise", path]);
        assert!(text(&output.stdout).contains("`Bad/form`"), "{path}: {}", text(&output.stdout));
    }
}

#[test]
fn a_command_that_cannot_do_its_work() {
    let root = workspace();
    for arguments in [
        &["lint", "no_such_file.toml"][..],
        &["lint", "--configs", "nowhere"],
        &["lint", "--format", "yaml"],
        &["frobnicate"],
        &["schema", "no_such_form"],
        &["sample", "no_such_form"],
        &["test", "no_such_file.toml"],
        &["test", "--filter", "what no example is called"],
        &["validate", "no_such_form", "-"],
        &["validate", REFERENCE, "no_such_file.json"],
        &["new", "Not A Name"],
        &["new", "../escape"],
        &["new", "newsletter"],
        &["serve", "--database", "mysql://x"],
        &["serve", "--database", "sqlite::memory:"],
        &["token", "create", "--name", "two\nlines", "--forms", "*"],
        &["token", "revoke", "nobody"],
        &["token", "create", "--name", "x", "--forms", "["],
        &["token", "create", "--name", "x", "--forms", ""],
        &["serve", "--log", "warning"],
    ] {
        let output = run(root.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output.stderr));
        assert!(
            text(&output.stderr).lines().any(|line| line.starts_with("error: ")),
            "{arguments:?}: {}",
            text(&output.stderr)
        );
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn test_shows_what_failed_what_does_not_compile_and_what_has_no_examples() {
    let root = workspace();
    let forms = root.path().join("configs/forms");
    let newsletter = fs::read_to_string(forms.join("newsletter.toml")).unwrap();
    let failing = newsletter
        .replace("= [\"too_short\"] }", "= [\"too_long\"], first_name = [\"blank\"] }")
        .replacen("{ consent = true }", "{}", 1)
        .replacen("consent = true }, utm_source", "consent = 1 }, utm_source", 1);
    fs::write(forms.join("newsletter.toml"), failing).unwrap();
    fs::write(forms.join("bad.toml"), "resource = \"Usr\"\n").unwrap();
    fs::write(forms.join("untested.toml"), "resource = \"User\"\n[fields]\n").unwrap();
    let run = |format| run(root.path(), &["test", "--format", format]);
    let output = run("text");
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!("test_text", text(&output.stdout));
    assert!(text(&output.stderr).contains("error[unknown-resource]"), "{}", text(&output.stderr));
    insta::assert_snapshot!("test_junit", text(&run("junit").stdout));
    let json: Value = serde_json::from_slice(&run("json").stdout).unwrap();
    assert_eq!((&json["examples"], &json["passed"], &json["failed"]), (&json!(13), &json!(10), &json!(3)));
    assert_eq!(json["forms"][2]["examples"][0]["actual"]["errors"][0]["code"], "blank");
}

#[test]
fn sample_prints_what_the_server_takes_and_says_what_is_wrong_with_the_rest() {
    let root = workspace();
    let lines = |arguments: &[&str]| -> Vec<Value> {
        let output = run(root.path(), &[&["sample", REFERENCE, "--count", "20"], arguments].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let serving = Serving::start(root.path(), &[]);
    for body in lines(&["--request"]).into_iter().chain(lines(&["--request", "--seed", "1"])) {
        assert_eq!(serving.post("/api/users", "", &body.to_string()).unwrap().status, 201, "{body}");
    }
    for broken in lines(&["--invalid"]) {
        let body = json!({ "form_configuration_name": REFERENCE, "form": broken["form"] });
        let answer = serving.post("/api/users", "", &body.to_string()).unwrap();
        let answer: Value = serde_json::from_str(&answer.body).unwrap();
        let details = answer["details"].as_array().unwrap();
        assert_eq!(details.len(), 1, "{broken}: {answer}");
        assert_eq!((&details[0]["path"], &details[0]["code"]), (&broken["path"], &broken["code"]));
    }
    let unknown = run(root.path(), &["sample", "newslettr"]);
    assert!(text(&unknown.stderr).contains("did you mean `newsletter`?"), "{}", text(&unknown.stderr));
    fs::write(
        root.path().join("configs/forms/never.toml"),
        "resource = \"User\"\n[fields.properties.a]\nvalidation.presence = true\n[default_payload.properties]\na = { expression = \"none\" }\n",
    )
    .unwrap();
    let none = run(root.path(), &["sample", "never"]);
    assert_eq!((none.status.code(), text(&none.stdout)), (Some(1), String::new()));
    assert_eq!(text(&none.stderr), "found no request to `never` that it accepts\n");
}

#[test]
fn schema_of_one_form_and_of_all() {
    let root = workspace();
    let one: Value = serde_json::from_slice(&run(root.path(), &["schema", REFERENCE]).stdout).unwrap();
    assert_eq!(one["title"], REFERENCE);
    let all: Value = serde_json::from_slice(&run(root.path(), &["schema"]).stdout).unwrap();
    assert_eq!(
        all.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["developer/sign_up", "newsletter", REFERENCE, "workshop"]
    );
    assert_eq!(all[REFERENCE], one);
}

#[test]
fn schema_files_are_written_and_checked() {
    let root = workspace();
    let check = || run(root.path(), &["schema", "--out", "out", "--check"]);
    assert_eq!(check().status.code(), Some(1));
    assert_eq!(run(root.path(), &["schema", "--out", "out"]).status.code(), Some(0));
    assert_eq!(check().status.code(), Some(0));
    fs::write(root.path().join("out/left.schema.json"), "{}").unwrap();
    fs::write(root.path().join("out/newsletter.schema.json"), "{}").unwrap();
    fs::remove_file(root.path().join("out/developer/sign_up.schema.json")).unwrap();
    let output = check();
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!("schema_drift", text(&output.stdout));
}

#[test]
fn validate_prints_the_body_that_a_client_would_get() {
    let root = workspace();
    let validate = |input: &str| {
        let mut child = formwork(root.path())
            .args(["validate", REFERENCE, "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let good = validate(r#"{"first_name":"A","email":"a@example.com","password":"somepassword"}"#);
    assert_eq!(good.status.code(), Some(0));
    assert_eq!(serde_json::from_slice::<Value>(&good.stdout).unwrap(), json!({ "errors": {} }));
    let bad = validate(r#"{"first_name":"A","password":"somepassword"}"#);
    assert_eq!(bad.status.code(), Some(1));
    let body: Value = serde_json::from_slice(&bad.stdout).unwrap();
    assert_eq!(body["errors"], json!({ "email": ["can't be blank"] }));
    assert_eq!(body["details"][0]["code"], "blank");
    for input in ["[]", "{", r#"{"a":1,"a":2}"#] {
        assert_eq!(validate(input).status.code(), Some(2), "{input}");
    }
}

#[test]
fn a_new_form_is_clean_and_never_overwrites() {
    let root = workspace();
    let output = run(root.path(), &["new", "team/invite"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stdout), "configs/forms/team/invite.toml\n");
    assert_eq!(run(root.path(), &["lint", "configs/forms/team"]).status.code(), Some(0));
    assert_eq!(run(root.path(), &["new", "team/invite"]).status.code(), Some(2));
}

#[test]
fn tokens_are_made_listed_used_and_revoked_beside_a_running_server() {
    let root = workspace();
    let serving = Serving::start(root.path(), &[]);
    let output = run(root.path(), &["token", "create", "--name", "ci", "--forms", "sign_up,developer/*"]);
    assert_eq!(output.status.code(), Some(0));
    let printed = text(&output.stdout);
    let token = printed.trim_end();
    assert!(token.starts_with("fw_") && !token.contains(char::is_whitespace), "the token alone: {printed:?}");
    let body = json!({ "form_configuration_name": "developer/sign_up", "form": {} }).to_string();
    let status =
        || serving.post("/api/users", &format!("Authorization: Bearer {token}\r\n"), &body).unwrap().status;
    assert_eq!(status(), 422);
    let list = text(&run(root.path(), &["token", "list"]).stdout);
    assert!(list.contains("active   ci  sign_up,developer/*"), "{list}");
    assert!(!list.contains(token.rsplit('_').next().unwrap()));
    assert_eq!(run(root.path(), &["token", "create", "--name", "ci", "--forms", "*"]).status.code(), Some(2));
    assert_eq!(run(root.path(), &["token", "revoke", "ci"]).status.code(), Some(0));
    assert_eq!(status(), 401);
    assert!(text(&run(root.path(), &["token", "list"]).stdout).contains("revoked  ci"));
    // What was used is written at the end at the latest.
    serving.signal("TERM");
    let mut serving = serving;
    assert!(serving.child.wait().unwrap().success());
    let list = text(&run(root.path(), &["token", "list"]).stdout);
    assert!(list.contains("sign_up,developer/*  last used 2"), "{list}");
}

#[test]
fn tokens_of_a_database_that_is_not_there() {
    let root = workspace();
    for arguments in [&["token", "list"][..], &["token", "revoke", "ci"]] {
        let output = run(root.path(), arguments);
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(text(&output.stderr), "error: there is no database data/formwork.db\n");
    }
    assert!(!root.path().join("data").exists());
    let create = |name| run(root.path(), &["token", "create", "--name", name, "--forms", "*"]);
    let told = "data/formwork.db is a new database: this token is for a server that uses it\n";
    assert_eq!(text(&create("first").stderr), told);
    assert_eq!(text(&create("second").stderr), "");
}

#[test]
fn a_token_for_forms_that_there_are_not_is_made_and_doubted() {
    let root = workspace();
    let create =
        |name: &str, forms: &str| run(root.path(), &["token", "create", "--name", name, "--forms", forms]);
    assert_eq!(create("first", "newsletter,developer/*").status.code(), Some(0));
    let output = create("second", "newsletter,singup,partner/*");
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).starts_with("fw_"));
    assert_eq!(
        text(&output.stderr),
        "`singup` covers no form in configs yet\n`partner/*` covers no form in configs yet\n"
    );
    std::fs::remove_dir_all(root.path().join("configs")).unwrap();
    assert_eq!(text(&create("third", "singup").stderr), "", "its forms are somewhere else");
}

#[test]
fn a_token_can_be_made_to_expire() {
    let root = workspace();
    let create = |time: &str| {
        run(root.path(), &["token", "create", "--name", time, "--forms", "*", "--expires", time])
    };
    for time in ["90d", "12h"] {
        assert_eq!(create(time).status.code(), Some(0));
    }
    let list = text(&run(root.path(), &["token", "list"]).stdout);
    assert_eq!(list.matches("  active   ").count(), 2, "{list}");
    assert_eq!(list.matches("  *  never used  expires 2").count(), 2, "{list}");
    for time in ["0d", "90", "tomorrow", "99999999999d"] {
        let output = create(time);
        assert_eq!(output.status.code(), Some(2), "{time}");
        assert!(text(&output.stderr).contains("`90d`"), "{}", text(&output.stderr));
    }
}

#[test]
fn the_server_does_not_start_on_broken_forms_unless_told_to() {
    let root = workspace();
    fs::write(root.path().join("configs/forms/bad.toml"), "resource = \"Usr\"\n").unwrap();
    let output = run(root.path(), &["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("error[unknown-resource]"), "{}", text(&output.stderr));
    let serving = Serving::start(root.path(), &["--allow-invalid"]);
    let good = json!({ "form_configuration_name": REFERENCE, "form": {} }).to_string();
    assert_eq!(serving.post("/api/users", "", &good).unwrap().status, 422);
    let bad = json!({ "form_configuration_name": "bad", "form": {} }).to_string();
    assert_eq!(serving.post("/api/users", "", &bad).unwrap().status, 401);
}

#[test]
fn without_arguments_it_serves_for_writing_forms() {
    let root = workspace();
    let mut command = formwork(root.path());
    command.env("FORMWORK_LISTEN", "127.0.0.1:0").env("FORMWORK_DATABASE", "sqlite:elsewhere.db");
    let serving = Serving::spawn(command);
    serving.line_with("A token for this run: ");
    assert_eq!(serving.submit(&crate::user("a@example.com", "somepassword")).unwrap().status, 201);
    assert!(root.path().join("elsewhere.db").exists(), "the environment counts here too");
}

#[test]
fn a_database_url_is_not_shown_since_it_may_hold_a_password() {
    let root = workspace();
    let output = run(root.path(), &["serve", "--database", "postgres://app:s3cret@db/app"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!text(&output.stderr).contains("s3cret"), "{}", text(&output.stderr));
}

#[test]
fn settings_come_from_the_environment_too() {
    let root = workspace();
    fs::rename(root.path().join("configs"), root.path().join("elsewhere")).unwrap();
    let output = formwork(root.path()).arg("lint").env("FORMWORK_CONFIGS", "elsewhere").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn openapi_of_all_forms_of_the_public_ones_and_in_a_file() {
    let root = workspace();
    let document = |arguments: &[&str]| -> Value {
        let output = run(root.path(), arguments);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let has_developers =
        |document: &Value| document["components"]["schemas"].get("Form.developer.sign_up").is_some();
    assert!(has_developers(&document(&["openapi"])));
    assert!(!has_developers(&document(&["openapi", "--public"])));
    let check = ["openapi", "--out", "api.json", "--check"];
    let missing = run(root.path(), &check);
    assert_eq!((missing.status.code(), text(&missing.stdout).as_str()), (Some(1), "api.json is missing\n"));
    assert_eq!(run(root.path(), &["openapi", "--out", "api.json"]).status.code(), Some(0));
    assert_eq!(run(root.path(), &check).status.code(), Some(0));
    fs::remove_file(root.path().join("configs/forms/newsletter.toml")).unwrap();
    let stale = run(root.path(), &check);
    assert_eq!((stale.status.code(), text(&stale.stdout).as_str()), (Some(1), "api.json is out of date\n"));
    fs::write(root.path().join("configs/forms/bad.toml"), "resource = \"Usr\"\n").unwrap();
    let broken = run(root.path(), &["openapi"]);
    assert_eq!(broken.status.code(), Some(1), "a document without a form that should be there is a finding");
    assert!(text(&broken.stderr).contains("unknown-resource"));
}
