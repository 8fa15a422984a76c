//! Claims: two have equal digests exactly where their values count as equal.

use std::collections::BTreeSet;

use formwork_engine::submission::taken;
use serde_json::{Value, json};

use crate::forms::{submitted, text, user_form};

/// The digest that a form's `properties` claim at `path`.
fn digest(form: &str, path: &str, properties: &str) -> [u8; 32] {
    let form = user_form(form);
    let properties: Value = serde_json::from_str(properties).unwrap();
    let accepted = submitted(&form, &json!({ "email": "ada@example.com", "properties": properties }));
    let claims = accepted.ok().unwrap().claims;
    claims.into_iter().find(|claim| claim.declared_path() == path).expect("a claim").digest
}

/// The digest of the one value `v` of a form with the one property `v`.
fn of_value(field: &str, value: &str) -> [u8; 32] {
    let form = format!("[fields.properties.v]\n{field}\n");
    digest(&form, "properties.v", &format!("{{ \"v\": {value} }}"))
}

fn distinct(digests: impl IntoIterator<Item = [u8; 32]>) -> usize {
    digests.into_iter().collect::<BTreeSet<_>>().len()
}

#[test]
fn texts_are_equal_without_regard_to_case_and_composition() {
    let field = "validation.unique = true";
    for equal in [
        [r#""ada""#, r#""ADA""#],
        [r#""ŻÓŁĆ""#, r#""żółć""#],
        [r#""é""#, r#""e\u0301""#],
        [r#""É""#, r#""e\u0301""#],
        [r#""ΟΔΥΣΣΕΥΣ""#, r#""οδυσσευς""#],
        [r#""\u212b""#, r#""å""#],
    ] {
        assert_eq!(distinct(equal.map(|value| of_value(field, value))), 1, "{equal:?}");
    }
    for different in
        [[r#""ada""#, r#""ada ""#], [r#""é""#, r#""e""#], [r#""ﬁ""#, r#""fi""#], [r#""""#, r#"" ""#]]
    {
        assert_eq!(distinct(different.map(|value| of_value(field, value))), 2, "{different:?}");
    }
}

#[test]
fn case_matters_where_the_form_says_so_and_composition_never_does() {
    let field = "validation.unique.case_sensitive = true";
    assert_eq!(distinct([r#""ada""#, r#""Ada""#, r#""ADA""#].map(|value| of_value(field, value))), 3);
    assert_eq!(distinct([r#""é""#, r#""e\u0301""#].map(|value| of_value(field, value))), 1);
    assert_eq!(distinct([r#""é""#, r#""É""#].map(|value| of_value(field, value))), 2);
}

#[test]
fn numbers_are_equal_by_value_not_by_spelling() {
    let field = "type = \"number\"\nvalidation.unique = true";
    for equal in [
        ["1", "1.0"],
        ["1", "10e-1"],
        ["0", "-0.0"],
        ["-7", "-7.0"],
        ["0.1", "1e-1"],
        ["9007199254740991", "9007199254740991.0"],
    ] {
        assert_eq!(distinct(equal.map(|value| of_value(field, value))), 1, "{equal:?}");
    }
    for different in [["1", "1.5"], ["1", "-1"], ["9007199254740992", "9007199254740993"], ["0.1", "0.2"]] {
        assert_eq!(distinct(different.map(|value| of_value(field, value))), 2, "{different:?}");
    }
}

#[test]
fn large_numbers_are_equal_by_value_too() {
    let field = "type = \"number\"\nvalidation.unique = true";
    for equal in [
        ["9007199254740992", "9007199254740992.0"],
        ["10000000000000000", "1e16"],
        ["-10000000000000000", "-1e16"],
        ["10000000000000000000", "1e19"],
    ] {
        assert_eq!(distinct(equal.map(|value| of_value(field, value))), 1, "{equal:?}");
    }
}

#[test]
fn a_text_of_digits_is_not_the_number() {
    let text = of_value("validation.unique = true", r#""1""#);
    let number = of_value("type = \"integer\"\nvalidation.unique = true", "1");
    assert_ne!(text, number);
}

const SCOPED: &str = r#"
[fields.properties.v]
validation.unique.scope = ["properties.a", "properties.b"]
[fields.properties.a]
[fields.properties.b]
type = "number"
"#;

#[test]
fn every_value_of_the_scope_counts() {
    let of = |properties: &str| digest(SCOPED, "properties.v", properties);
    let values = [
        r#"{ "v": "x" }"#,
        r#"{ "v": "x", "a": "1" }"#,
        r#"{ "v": "x", "b": 1 }"#,
        r#"{ "v": "x", "a": "1", "b": 1 }"#,
        r#"{ "v": "x", "a": "1", "b": 2 }"#,
        r#"{ "v": "x", "a": "", "b": 2 }"#,
        r#"{ "v": "y", "a": "1", "b": 2 }"#,
    ];
    assert_eq!(distinct(values.map(of)), values.len());
    // What stands beside what must not matter: no way to move text from the value into the scope.
    assert_ne!(of(r#"{ "v": "x\",\"1", "a": "" }"#), of(r#"{ "v": "x", "a": "1" }"#));
}

#[test]
fn a_scope_compares_like_the_value_but_with_case() {
    let of = |properties: &str| digest(SCOPED, "properties.v", properties);
    assert_eq!(of(r#"{ "v": "x", "b": 1 }"#), of(r#"{ "v": "X", "b": 1.0 }"#));
    assert_eq!(of(r#"{ "v": "x", "a": "é" }"#), of(r#"{ "v": "x", "a": "e\u0301" }"#));
    assert_eq!(of(r#"{ "v": "x" }"#), of(r#"{ "v": "x", "a": null, "b": null }"#));
    assert_ne!(of(r#"{ "v": "x", "a": "acme" }"#), of(r#"{ "v": "x", "a": "Acme" }"#));
}

#[test]
fn neither_the_order_of_a_scope_nor_a_repetition_in_it_counts() {
    let of = |scope: &str| {
        let form = SCOPED.replace(r#"["properties.a", "properties.b"]"#, scope);
        digest(&form, "properties.v", r#"{ "v": "x", "a": "1", "b": 2 }"#)
    };
    assert_eq!(of(r#"["properties.a", "properties.b"]"#), of(r#"["properties.b", "properties.a"]"#));
    assert_eq!(
        of(r#"["properties.a", "properties.b"]"#),
        of(r#"["properties.b", "properties.a", "properties.b"]"#)
    );
    assert_ne!(of(r#"["properties.a", "properties.b"]"#), of(r#"["properties.a"]"#));
}

#[test]
fn forms_of_one_resource_claim_alike_whatever_else_they_say() {
    let first = "name = \"first\"\n[fields.properties.v]\nvalidation.unique = true\n";
    let second = "name = \"second\"\nunknown_fields = \"ignore\"\n[fields.properties.w]\n[fields.properties.v]\nlabel = \"V\"\nnormalize = [\"trim\"]\nvalidation = { presence = true, unique.message = \"again\" }\n";
    assert_eq!(
        digest(first, "properties.v", r#"{ "v": "x" }"#),
        digest(second, "properties.v", r#"{ "v": " X ", "w": "1" }"#)
    );
    assert_eq!(digest(first, "email", r#"{ "v": "x" }"#), digest(second, "email", r#"{ "v": "y" }"#));
}

#[test]
fn fields_of_one_name_in_different_places_do_not_meet() {
    let form = user_form(
        "[fields.external_id]\nvalidation.unique = true\n[fields.properties.external_id]\nvalidation.unique = true\n[fields.profiles.a.properties.external_id]\nvalidation.unique = true\n[fields.profiles.b.properties.external_id]\nvalidation.unique = true\n",
    );
    let profile = json!({ "properties": { "external_id": "7" } });
    let request = json!({
        "email": "7@example.com",
        "external_id": "7",
        "properties": { "external_id": "7" },
        "profiles": { "a": profile, "b": profile },
    });
    let claims = submitted(&form, &request).ok().unwrap().claims;
    assert_eq!(claims.len(), 5);
    assert_eq!(distinct(claims.into_iter().map(|claim| claim.digest)), 5);
}

#[test]
fn a_taken_value_is_reported_at_its_field_in_the_authors_words() {
    let form = user_form(
        "[fields.profiles.\"shop/customer\".properties.\"tax/number\"]\nlabel = \"Tax number\"\nvalidation.unique.message = \"{{ attribute }} is in use\"\n",
    );
    let request = json!({ "email": "a@b.co", "profiles": { "shop/customer": { "properties": { "tax/number": "7" } } } });
    let claims = submitted(&form, &request).ok().unwrap().claims;
    let found: Vec<_> = claims.iter().map(|claim| taken(&form, claim)).collect();
    let told: Vec<_> = found.iter().map(|found| (found.pointer(), found.code, text(&form, found))).collect();
    assert_eq!(
        told,
        [
            ("/form/email".to_owned(), "taken", "has already been taken".to_owned()),
            (
                "/form/profiles/shop~1customer/properties/tax~1number".to_owned(),
                "taken",
                "Tax number is in use".to_owned()
            ),
        ]
    );
}

#[test]
fn a_message_about_a_taken_value_can_quote_it() {
    let form =
        user_form("[fields.properties.handle]\nvalidation.unique.message = \"“{{ value }}” is taken\"\n");
    let request = json!({ "email": "a@b.co", "properties": { "handle": "ada" } });
    let claims = submitted(&form, &request).ok().unwrap().claims;
    assert_eq!(text(&form, &taken(&form, &claims[1])), "“ada” is taken");
}
