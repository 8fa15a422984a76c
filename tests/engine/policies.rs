//! Policies: what an expression sees, and that whatever is not plainly `true` allows nothing.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use formwork_engine::compile::CompiledForm;
use formwork_engine::model::DeniedAs;
use formwork_engine::policy::{Policies, Policy};
use formwork_engine::source::SourceFile;
use formwork_engine::submission::{Attempt, Circumstances, Denial, Submitted, authorize};
use serde_json::{Value, json};

use crate::forms::user_form;

/// 14 November 2023, 22:13:20 UTC.
const NOW: Duration = Duration::from_secs(1_700_000_000);

fn policy(name: &str, text: &str) -> Arc<Policy> {
    let source = SourceFile::new(format!("{name}.toml").into(), name.to_owned(), text.to_owned());
    let (policy, found) = Policy::read(&Arc::new(source), None);
    assert!(found.is_empty(), "{text}: {found:#?}");
    Arc::new(policy)
}

fn form() -> Arc<CompiledForm> {
    user_form(
        r#"
authorization_policies = ["first", "second"]

[fields.email]
normalize = ["lowercase"]

[fields.first_name]

[fields.password]
validation.confirmation = true

[fields.properties.age]
type = "integer"

[fields.properties.plan]
default = "free"

[fields.properties.seats]
type = "integer"
when = { "properties.plan" = "team" }

[fields.properties.role]
readonly = true

[fields.properties.key]
secret = true

[default_payload.properties]
role = "member"
"#,
    )
}

fn circumstances() -> Circumstances {
    Circumstances {
        now: UNIX_EPOCH + NOW,
        token: Some("partner".to_owned()),
        language: Some("pl".to_owned()),
        address: Some("::ffff:10.1.2.3".parse().unwrap()),
    }
}

/// What a form that names `first` and `second` says to a request; nothing where it may be judged.
fn asked(policies: &Policies, values: &Value, circumstances: &Circumstances) -> Option<Denial> {
    let form = form();
    let attempt = Attempt {
        circumstances,
        token_forms: &["team/*".to_owned()],
        method: "POST",
        path: "/api/users",
        origin: Some("https://example.com"),
        user_agent: None,
    };
    authorize(policies, &form, Submitted::new(values.as_object().unwrap().clone()), &attempt).err()
}

/// Whether a policy of this expression allows a request.
fn allows(expression: &str, values: &Value, circumstances: &Circumstances) -> Result<bool, String> {
    let text = format!("allow = '''{expression}'''");
    let policies = Policies::new([policy("first", &text), policy("second", "allow = 'true'")]);
    match asked(&policies, values, circumstances) {
        None => Ok(true),
        Some(Denial { fault: None, .. }) => Ok(false),
        Some(Denial { fault: Some(fault), .. }) => Err(fault.reason),
    }
}

#[test]
fn what_a_policy_sees() {
    let values = json!({
        "email": " ADA@Example.com ",
        "first_name": 5,
        "password": "correct horse",
        "password_confirmation": "correct horse",
        "properties_attributes": { "age": "17", "seats": 3, "role": "admin", "key": "k", "other": 1 },
        "admin": true,
    });
    for expression in [
        // As it is judged: prepared, with defaults, without what is hidden, readonly, mistyped, secret or undeclared.
        "form.email == 'ada@example.com'",
        "form.first_name is undefined",
        "form.properties.plan == 'free'",
        "form.properties.seats is undefined",
        "form.properties.role is undefined",
        "form.properties.age is undefined",
        "form.properties.key is undefined",
        "form.properties.other is undefined",
        "form['drowssap' | reverse] is undefined and form['noitamrifnoc_drowssap' | reverse] is undefined",
        "form['admin' | lower] is undefined",
        "form | length == 2",
        "token.name == 'partner' and token.forms == ['team/*']",
        "request.method == 'POST' and request.path == '/api/users'",
        "request.address == '10.1.2.3' and request.language == 'pl'",
        "request.origin in ['https://example.com']",
        "request.user_agent is undefined",
        "request['sredaeh' | reverse] is undefined and request | length == 5",
        "now == '2023-11-14T22:13:20Z'",
        "'2023-11-01' <= now < '2023-12-01'",
        "now[11:13] | int == 22",
        "request.address is in_network('10.0.0.0/8')",
        "request.address is in_network(['192.168.0.0/16', '10.1.2.3'])",
        "request.address is not in_network('10.1.2.4/31')",
        "form.email is not in_network('0.0.0.0/0')",
        "request.user_agent is not in_network('0.0.0.0/0')",
    ] {
        assert_eq!(allows(expression, &values, &circumstances()), Ok(true), "{expression}");
    }
}

#[test]
fn without_a_token_there_is_none() {
    let anyone = Circumstances::at(SystemTime::UNIX_EPOCH);
    for (expression, expected) in [
        ("not token", true),
        ("token is undefined", true),
        ("token.name == 'partner'", false),
        ("token.forms is defined", false),
        ("request.address is in_network('0.0.0.0/0')", false),
        ("token.name == 'partner' or request.method == 'POST'", true),
    ] {
        assert_eq!(allows(expression, &json!({}), &anyone), Ok(expected), "{expression}");
    }
}

#[test]
fn only_true_allows() {
    for expression in ["false", "form.properties.nothing", "not true", "form.properties.nothing.at.all"] {
        assert_eq!(allows(expression, &json!({}), &circumstances()), Ok(false), "{expression}");
    }
    for (expression, reason) in [
        ("1", "it gives a value of the kind `number`, not `true` or `false`"),
        ("'true'", "it gives a value of the kind `string`, not `true` or `false`"),
        ("token", "it gives a value of the kind `map`, not `true` or `false`"),
        ("none", "it gives a value of the kind `none`, not `true` or `false`"),
        ("[true]", "it gives a value of the kind `sequence`, not `true` or `false`"),
        ("true and form.properties.plan + 1", "invalid operation"),
        ("1 // 0 == 1 or true", "invalid operation"),
        ("request.address is in_network(token.name)", "invalid operation"),
    ] {
        assert_eq!(allows(expression, &json!({}), &circumstances()), Err(reason.to_owned()), "{expression}");
    }
}

#[test]
fn an_expression_that_takes_too_long_allows_nothing() {
    let long = ["(range(100000) | list | length > 0)"; 8].join(" and ");
    assert_eq!(allows(&long, &json!({}), &circumstances()), Err("engine ran out of fuel".to_owned()));
}

#[test]
fn all_have_to_allow_and_the_first_that_does_not_answers() {
    let no = policy("first", "allow = 'false'\nstatus = 404\n");
    let other = policy("second", "allow = 'false'\nmessage = 'not now'\n");
    let both = Policies::new([no, Arc::clone(&other)]);
    let denial = asked(&both, &json!({}), &circumstances()).unwrap();
    assert_eq!((denial.policy.as_str(), denial.denied_as), ("first", DeniedAs::NotFound));
    let second = Policies::new([policy("first", "allow = 'true'"), other]);
    let denial = asked(&second, &json!({}), &circumstances()).unwrap();
    assert_eq!((denial.policy.as_str(), denial.denied_as), ("second", DeniedAs::Forbidden));
    assert_eq!(denial.message.as_deref(), Some("not now"));
}

#[test]
fn a_policy_that_is_not_there_allows_nothing() {
    let denial = asked(&Policies::new([policy("first", "allow = 'true'")]), &json!({}), &circumstances());
    assert_eq!(denial.unwrap().fault.unwrap().reason, "there is no such policy");
}

#[test]
fn a_fault_says_where_and_shows_no_value() {
    let text = "# żółć\nallow = \"form.email + 1 == 2\"\n";
    let policies = Policies::new([policy("first", text), policy("second", "allow = 'true'")]);
    let denial = asked(&policies, &json!({ "email": "ada@example.com" }), &circumstances()).unwrap();
    let fault = denial.fault.unwrap();
    assert_eq!(fault.to_string(), "the policy at first.toml:2:9 could not decide: invalid operation");
}
