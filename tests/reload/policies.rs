//! Policies: live at once, without compiling forms again, and never more open than they were.

use std::fs;
use std::sync::Arc;
use std::time::SystemTime;

use formwork_engine::registry::State;
use formwork_engine::submission::{Attempt, Circumstances, Submitted, authorize};

use crate::{Live, form, write};

const YES: &str = "allow = 'true'\n";
const NO: &str = "allow = 'false'\n";

/// A form that names a policy.
fn guarded(description: &str) -> String {
    format!("authorization_policies = [\"gate\"]\n{}", form(description))
}

/// Whether a request to the form is allowed; nothing where the form is not served.
fn is_allowed(live: &Live) -> Option<bool> {
    let snapshot = live.snapshot();
    let form = snapshot.form("sign_up")?;
    let circumstances = Circumstances::at(SystemTime::now());
    let attempt = Attempt {
        circumstances: &circumstances,
        token_forms: &[],
        method: "POST",
        path: "/api/users",
        origin: None,
        user_agent: None,
    };
    Some(authorize(&snapshot.policies, form, Submitted::new(serde_json::Map::new()), &attempt).is_ok())
}

fn rules(live: &Live) -> Vec<&'static str> {
    live.snapshot().diagnostics().map(|found| found.rule.name()).collect()
}

fn with_gate(text: &str) -> Live {
    Live::new(|root| {
        write(&root.join("configs/forms/sign_up.toml"), &guarded("one"));
        write(&root.join("configs/policies/gate.toml"), text);
    })
}

#[test]
fn a_policy_is_live_without_compiling_forms_again() {
    let live = with_gate(YES);
    let before = live.form("sign_up").unwrap();
    assert_eq!(is_allowed(&live), Some(true));
    write(&live.path("configs/policies/gate.toml"), NO);
    live.until("the gate is shut", |live| is_allowed(live) == Some(false));
    assert!(Arc::ptr_eq(&before, &live.form("sign_up").unwrap()));
}

#[test]
fn a_broken_policy_is_as_it_last_was() {
    let live = with_gate(NO);
    let file = live.path("configs/policies/gate.toml");
    write(&file, "allow = 'nobody.name'\n");
    live.until("the fault is known", |live| rules(live) == ["invalid-expression"]);
    assert_eq!((is_allowed(&live), live.state("sign_up")), (Some(false), Some(State::Live)));
    write(&file, YES);
    live.until("mended", |live| is_allowed(live) == Some(true) && rules(live).is_empty());
}

#[test]
fn a_deleted_policy_does_not_open_the_forms_that_name_it() {
    let live = with_gate(NO);
    let file = live.path("configs/policies/gate.toml");
    fs::remove_file(&file).unwrap();
    live.until("the form has an error", |live| rules(live) == ["unknown-policy"]);
    assert_eq!((is_allowed(&live), live.state("sign_up")), (Some(false), Some(State::Stale)));

    write(&live.path("configs/forms/sign_up.toml"), &guarded("two"));
    live.until("the form was looked at", |live| {
        live.snapshot().status("sign_up").unwrap().source.text.contains("two")
    });
    assert_eq!((is_allowed(&live), live.description("sign_up").as_deref()), (Some(false), Some("one")));

    write(&file, "allow = 'nobody'\n");
    live.until("the policy is there, with a fault", |live| {
        rules(live) == ["unknown-policy", "invalid-expression"]
    });
    assert_eq!((is_allowed(&live), live.state("sign_up")), (Some(false), Some(State::Stale)));

    write(&file, YES);
    live.until("mended", |live| is_allowed(live) == Some(true));
    assert_eq!(live.description("sign_up").as_deref(), Some("two"));
}

#[test]
fn a_form_is_not_served_before_its_policies_are_there() {
    let live = Live::new(|root| {
        write(&root.join("configs/forms/sign_up.toml"), &guarded("one"));
        write(&root.join("configs/forms/other.toml"), &form("one"));
        write(&root.join("configs/policies/broken.toml"), "who = 'true'\n");
    });
    assert_eq!((is_allowed(&live), live.state("sign_up")), (None, Some(State::Broken)));
    write(&live.path("configs/policies/gate.toml"), NO);
    live.until("the form is served", |live| is_allowed(live) == Some(false));
    write(&live.path("configs/forms/other.toml"), &guarded("one").replace("gate", "broken"));
    live.until("the other form is left as it was", |live| live.state("other") == Some(State::Stale));
    assert!(live.form("other").unwrap().form.policies.is_empty());
}

#[test]
fn a_policy_that_is_moved_away_and_back_is_never_missed() {
    let live = with_gate(NO);
    let (file, away) = (live.path("configs/policies/gate.toml"), live.path("gate.toml"));
    let generation = live.snapshot().generation;
    for _ in 0..20 {
        fs::rename(&file, &away).unwrap();
        fs::rename(&away, &file).unwrap();
    }
    write(&live.path("configs/forms/other.toml"), &form("one"));
    live.until("the other form is there", |live| live.form("other").is_some());
    assert!(live.snapshot().generation > generation);
    assert_eq!(is_allowed(&live), Some(false));
}

#[test]
fn a_policy_that_no_form_names_is_known_while_serving() {
    let live = with_gate(YES);
    assert!(rules(&live).is_empty());
    write(&live.path("configs/forms/sign_up.toml"), &form("two"));
    live.until("nobody names it", |live| rules(live) == ["unused-policy"]);
    fs::remove_file(live.path("configs/policies/gate.toml")).unwrap();
    live.until("it is gone", |live| rules(live).is_empty());
    assert!(live.snapshot().policies.get("gate").is_none());
}

const ASKS: &str = "allow = \"form.properties.code != 'x'\"\n";

/// A form that names a policy and has a field which may be secret.
fn with_code(is_secret: bool) -> String {
    format!("{}[fields.properties.code]\nsecret = {is_secret}\n", guarded("one"))
}

#[test]
fn a_form_is_not_served_with_a_policy_that_asks_for_its_secret() {
    let live = Live::new(|root| {
        write(&root.join("configs/forms/sign_up.toml"), &with_code(true));
        write(&root.join("configs/policies/gate.toml"), ASKS);
    });
    assert_eq!((is_allowed(&live), live.state("sign_up")), (None, Some(State::Broken)));
    assert_eq!(rules(&live), ["secret-in-template"]);

    let form = live.path("configs/forms/sign_up.toml");
    write(&form, &with_code(false));
    live.until("nothing is secret", |live| is_allowed(live) == Some(true));
    write(&form, &with_code(true));
    live.until("it is secret again", |live| live.state("sign_up") == Some(State::Stale));
    assert_eq!(is_allowed(&live), Some(true), "as it was before, when the policy saw what it asks for");

    let policy = live.path("configs/policies/gate.toml");
    write(&policy, YES);
    live.until("the policy asks for nothing", |live| live.state("sign_up") == Some(State::Live));
    write(&policy, ASKS);
    live.until("it asks again", |live| live.state("sign_up") == Some(State::Broken));
    assert_eq!(is_allowed(&live), None, "no version of the form was good with this policy");
}
