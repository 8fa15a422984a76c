//! What a request or a form makes large has a bound.

use formwork_engine::submission::MAX_VIOLATIONS;
use serde_json::{Map, Value, json};

use crate::forms::{codes, submitted, texts, user_form};

fn with(property: &str, value: impl Into<Value>) -> Value {
    let mut request = json!({ "email": "a@b.co", "properties": {} });
    request["properties"][property] = value.into();
    request
}

#[test]
fn a_text_without_a_maximum_has_one() {
    let form =
        user_form("[fields.properties.s]\n[fields.properties.t]\ntype = \"text\"\n[fields.first_name]\n");
    for (property, maximum) in [("s", 2048), ("t", 65_536)] {
        assert_eq!(codes(&form, &with(property, "ż".repeat(maximum))), []);
        let path = format!("properties.{property}");
        assert_eq!(codes(&form, &with(property, "ż".repeat(maximum + 1))), [(path, "too_long")]);
        let message = format!("is too long (maximum is {maximum} characters)");
        assert_eq!(texts(&form, &with(property, "ż".repeat(maximum + 1))), [message]);
    }
    let long = json!({ "email": "a@b.co", "first_name": "x".repeat(2049) });
    assert_eq!(codes(&form, &long), [("first_name".to_owned(), "too_long")]);
}

#[test]
fn a_minimum_alone_leaves_the_maximum_in_force() {
    let form = user_form("[fields.properties.s]\nvalidation.length.minimum = 2\n");
    assert_eq!(codes(&form, &with("s", "x".repeat(2049))), [("properties.s".to_owned(), "too_long")]);
}

#[test]
fn a_stated_maximum_may_be_higher_than_the_unstated_one() {
    let form = user_form("[fields.properties.s]\nvalidation.length.maximum = 5000\n");
    assert_eq!(codes(&form, &with("s", "x".repeat(5000))), []);
    assert_eq!(codes(&form, &with("s", "x".repeat(5001))), [("properties.s".to_owned(), "too_long")]);
}

#[test]
fn a_blank_text_is_bounded_even_where_its_rule_allows_blank_ones() {
    let form = user_form("[fields.properties.s]\nvalidation.length = { maximum = 10, allow_blank = true }\n");
    assert_eq!(codes(&form, &with("s", " ".repeat(2048))), []);
    assert_eq!(codes(&form, &with("s", " ".repeat(2049))), [("properties.s".to_owned(), "too_long")]);
}

#[test]
fn a_request_is_told_of_so_many_faults_and_the_first_ones_of_the_form_come_first() {
    let form = user_form("[fields.email]\n[fields.properties.s]\nvalidation.presence = true\n");
    let unknown = |count: usize| -> Map<String, Value> {
        (0..count).map(|index| (format!("unknown_{index}"), Value::from(index))).collect()
    };
    let found = codes(&form, &Value::Object(unknown(5000)));
    assert_eq!(found.len(), MAX_VIOLATIONS);
    assert_eq!(found[0], ("email".to_owned(), "blank"));
    assert_eq!(found[1], ("properties.s".to_owned(), "blank"));
    assert_eq!(found[2], ("unknown_0".to_owned(), "unknown_field"));
    let mut nested = unknown(300);
    nested.insert("properties".to_owned(), Value::Object(unknown(300)));
    assert_eq!(codes(&form, &Value::Object(nested)).len(), MAX_VIOLATIONS);
}

#[test]
fn a_message_that_runs_for_too_long_gives_way_to_the_usual_one() {
    let form = user_form(
        "[fields.properties.s]\nvalidation.length = { maximum = 1, message = \"{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}\" }\n",
    );
    assert_eq!(texts(&form, &with("s", "ab")), ["is too long (maximum is 1 character)"]);
}

#[test]
fn a_message_has_at_most_a_thousand_characters() {
    let form = user_form(&format!(
        "[fields.properties.s]\nvalidation.length = {{ maximum = 1, message = \"{}\" }}\n[fields.properties.t]\nvalidation.length = {{ maximum = 1, message = \"{}\" }}\n",
        "ż".repeat(5000),
        "{{ value }}".repeat(50)
    ));
    let request = json!({ "email": "a@b.co", "properties": { "s": "ab", "t": "x".repeat(300) } });
    for text in texts(&form, &request) {
        assert_eq!(text.chars().count(), 1001, "{text}");
        assert!(text.ends_with('…'));
    }
}

#[test]
fn deep_and_wide_values_are_refused_without_ado() {
    let form = user_form("[fields.properties.s]\n");
    let mut deep = json!(1);
    for _ in 0..500 {
        deep = json!({ "properties": deep });
    }
    assert!(submitted(&form, &json!({ "email": "a@b.co", "properties": deep })).is_err());
    let wide = json!({ "email": "a@b.co", "properties": { "s": vec![Value::Null; 100_000] } });
    assert_eq!(codes(&form, &wide), [("properties.s".to_owned(), "type")]);
}
