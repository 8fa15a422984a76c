//! What each form contributes: the schema of its values, the schema of a request to it, its examples.

use formwork_engine::compile::CompiledForm;
use serde_json::{Map, Value, json};

use super::{examples, object, reference};

/// The name of a form's component; a form's name has no dot, a component's no slash.
fn component(kind: &str, form: &CompiledForm) -> String {
    format!("{kind}.{}", form.name().replace('/', "."))
}

/// For each form the schema of its values and that of a request to it.
pub(super) fn schemas(forms: &[&CompiledForm]) -> Map<String, Value> {
    let of_form = |form: &&CompiledForm| {
        [(component("Form", form), values(form)), (component("Request", form), request(form))]
    };
    object(forms.iter().flat_map(of_form))
}

/// A form's own document. Here it is no resource by itself, so its dialect is that of the whole.
fn values(form: &CompiledForm) -> Value {
    let mut document = form.document.clone();
    if let Value::Object(keywords) = &mut document {
        keywords.shift_remove("$schema");
    }
    document
}

fn request(form: &CompiledForm) -> Value {
    let names: Vec<&str> = form.form.names().map(|name| name.value.as_str()).collect();
    let name = match names.as_slice() {
        [only] => json!({ "type": "string", "const": only }),
        _ => json!({ "type": "string", "enum": names }),
    };
    let mut schema = json!({
        "type": "object",
        "properties": {
            "form_configuration_name": name,
            "form": reference("schemas", &component("Form", form)),
        },
        "required": ["form_configuration_name", "form"],
        "additionalProperties": false,
    });
    if let (Value::Object(keywords), Some(description)) = (&mut schema, &form.form.description) {
        keywords.insert("description".into(), description.as_str().into());
    }
    schema
}

/// The body of a creation: one of the forms, told apart by the name that it is sent under.
pub(super) fn create_body(forms: &[&CompiledForm]) -> Value {
    let schema = one_of(forms, "Request").map_or_else(
        || json!(false),
        |alternatives| {
            let names = forms.iter().flat_map(|form| {
                let of_form = format!("#/components/schemas/{}", component("Request", form));
                form.form.names().map(move |name| (name.value.clone(), Value::from(of_form.clone())))
            });
            json!({
                "oneOf": alternatives,
                "discriminator": { "propertyName": "form_configuration_name", "mapping": object(names) },
            })
        },
    );
    let examples = forms.iter().flat_map(|form| {
        let of_form = examples::of(form).into_iter().enumerate();
        of_form.map(|(index, example)| {
            let value = json!({ "form_configuration_name": form.name(), "form": example.form });
            named_example(form, index, example.description, &value)
        })
    });
    body(&schema, object(examples))
}

/// The body of a dry run: the path says which form it is for.
pub(super) fn validate_body(forms: &[&CompiledForm]) -> Value {
    let values =
        one_of(forms, "Form").map_or_else(|| json!(false), |alternatives| json!({ "anyOf": alternatives }));
    let schema = json!({
        "type": "object",
        "properties": { "form": values },
        "required": ["form"],
        "additionalProperties": false,
    });
    let examples = forms.iter().flat_map(|form| {
        let of_form = examples::of(form).into_iter().enumerate();
        of_form.map(|(index, example)| {
            named_example(form, index, example.description, &json!({ "form": example.form }))
        })
    });
    body(&schema, object(examples))
}

/// A reference to each form's component; nothing where there is no form, since no alternatives are no schema.
fn one_of(forms: &[&CompiledForm], kind: &str) -> Option<Vec<Value>> {
    let references = forms.iter().map(|form| reference("schemas", &component(kind, form)));
    (!forms.is_empty()).then(|| references.collect())
}

fn named_example(
    form: &CompiledForm,
    index: usize,
    description: Option<&str>,
    value: &Value,
) -> (String, Value) {
    let mut example = json!({ "value": value });
    if let (Value::Object(members), Some(description)) = (&mut example, description) {
        members.insert("summary".into(), format!("{}: {description}", form.name()).into());
    }
    (format!("{}.{}", form.name().replace('/', "."), index + 1), example)
}

fn body(schema: &Value, examples: Map<String, Value>) -> Value {
    let mut content = json!({ "schema": schema });
    if let (Value::Object(members), false) = (&mut content, examples.is_empty()) {
        members.insert("examples".into(), examples.into());
    }
    json!({
        "description": "JSON in UTF-8 without duplicate keys, at most 1 MiB. Any media type that ends in `+json` is read alike.",
        "required": true,
        "content": { "application/json": content },
    })
}
