//! What a browser needs to judge a form as the server does, and to say of it the same.

use serde_json::{Map, Value, json};

use crate::compile::CompiledForm;
use crate::messages::{self, Languages, Locales};

/// The form's schema, and the message of each of its keywords by the keyword's place.
///
/// What only a request shows, or the server alone knows, has no message: of that a browser says nothing.
#[must_use]
pub fn rules_for_browser(form: &CompiledForm, locales: &Locales, languages: &Languages) -> Value {
    let text = |rule| messages::of_rule(form, locales, languages, rule);
    let mut located: Vec<(String, usize)> = form.rules.located().collect();
    // In the order in which the form declares its rules, which is that of its errors.
    located.sort_by(|(location, rule), (other, later)| (rule, location).cmp(&(later, other)));
    let messages: Map<String, Value> = located
        .into_iter()
        .filter(|(location, _)| !location.contains("/x-formwork-"))
        .filter_map(|(location, rule)| Some((location, text(rule)?.into())))
        .collect();
    let mut required: Map<String, Value> = Map::new();
    for (location, property, rule) in form.rules.requirements() {
        if let (Some(text), Value::Object(of_location)) =
            (text(rule), required.entry(location).or_insert_with(|| json!({})))
        {
            of_location.insert(property.to_owned(), text.into());
        }
    }
    json!({ "schema": form.document, "messages": messages, "required": required })
}
