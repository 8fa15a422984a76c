//! What a client reads never holds what it must not.

use serde_json::{Value, json};

use crate::forms::{all, put, single_values, submitted, text, user_form};

/// Stands in for every secret; no message may hold it.
const SENTINEL: &str = "sEnTiNeL-4711";

#[test]
fn no_message_or_violation_tells_a_secret() {
    let mut looked_at = 0;
    for (name, form) in all() {
        let mut request = serde_json::Map::new();
        for (path, field) in single_values(&form) {
            if field.secret {
                put(&mut request, &path, SENTINEL.into());
            }
        }
        for violation in submitted(&form, &Value::Object(request)).err().unwrap_or_default() {
            let secret = single_values(&form)
                .iter()
                .any(|(path, field)| field.secret && path.join(".") == violation.dotted_path());
            looked_at += usize::from(secret);
            let told = format!("{} {violation:?}", text(&form, &violation));
            assert!(!told.to_lowercase().contains(&SENTINEL.to_lowercase()), "{name}: {told}");
        }
    }
    assert!(looked_at >= 3, "{looked_at} violations of secrets");
}

#[test]
fn a_value_in_the_place_of_a_group_or_an_unknown_key_is_not_kept() {
    let form = user_form("[fields.properties.s]\n");
    for request in [
        json!({ "email": "a@b.co", "properties": SENTINEL }),
        json!({ "email": "a@b.co", "passwort": SENTINEL }),
        json!({ "email": [SENTINEL] }),
    ] {
        for violation in submitted(&form, &request).err().unwrap() {
            let told = text(&form, &violation);
            assert!(!told.contains(SENTINEL), "{told}");
            if violation.code == "unknown_field" {
                assert!(!format!("{violation:?}").contains(SENTINEL), "{violation:?}");
            }
        }
    }
}
