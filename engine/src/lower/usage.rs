//! Lines that show how something is written, for authors who wrote it in another shape or in another language's words.
//!
//! Tables alone: a row is what was written and what to write. A line that is nothing but what to write has no
//! backquotes and gets them, with "write" before it.

/// How keys are written whose values are often given in another shape.
const USAGE: &[(&str, &str)] = &[
    ("access", "access = \"public\""),
    ("allow", "allow = \"token.name == 'partner'\""),
    ("any", "any = [{ \"properties.account_type\" = \"business\" }]"),
    ("aliases", "aliases = [\"old_name\"]"),
    ("authorization_policies", "authorization_policies = [\"company_network\"]"),
    ("errors", "errors = { email = [\"blank\"] }"),
    ("default_payload", "[default_payload.properties]"),
    ("examples", "[[examples]]"),
    ("fields", "[fields.email]"),
    ("form", "form = { email = \"ada@example.com\" }"),
    ("format", "validation.format.with = '^[a-z]+$'"),
    ("if", "if = { \"properties.account_type\" = \"business\" }"),
    ("in", "in = [\"one\", \"two\"]"),
    ("inclusion", "validation.inclusion.in = [\"one\", \"two\"]"),
    ("items", "items.type = \"string\""),
    ("exclusion", "validation.exclusion.in = [\"one\", \"two\"]"),
    ("length", "validation.length.maximum = 20"),
    ("not", "not = { \"properties.account_type\" = \"business\" }"),
    ("normalize", "normalize = [\"trim\"]"),
    ("now", "now = 2026-11-23T12:00:00Z"),
    ("per", "per = \"1 minute\""),
    ("rate_limit", "rate_limit = { requests = 20, per = \"1 minute\" }"),
    ("resource", "resource = \"User\""),
    ("scope", "scope = [\"properties.team\"]"),
    ("status", "status = 404"),
    ("unknown_fields", "unknown_fields = \"ignore\""),
    ("unless", "unless = { \"properties.account_type\" = \"business\" }"),
    ("type", "type = \"string\""),
    ("validation", "write each rule by its name: `validation = { presence = true }`"),
    ("when", "when = { \"properties.account_type\" = \"business\" }"),
];

/// A line that shows how a key is written.
pub(super) fn usage(key: &str) -> Option<String> {
    USAGE.iter().find(|(name, _)| *name == key).map(|(_, usage)| line(usage))
}

/// What to write in place of words that something, by its name in messages, does not have: for fields of some types,
/// or of all where none is named.
type Row = (&'static [&'static str], &'static [&'static str], &'static str);

const ALL: &[&str] = &[];
const NUMBERS: &[&str] = &["integer", "number"];
const ARRAY: &[&str] = &["array"];
const OBJECT: &[&str] = &["object"];
const DATE: &[&str] = &["date"];
const DATETIME: &[&str] = &["datetime"];

/// What other languages call what may be said of a field: Rails, JSON Schema, HTML, JavaScript's libraries. The first
/// row that fits the field's type counts.
const FIELD_WORDS: &[Row] = &[
    (NUMBERS, &["min", "minimum", "gte", "at_least"], "validation.numericality.greater_than_or_equal_to = 1"),
    (NUMBERS, &["max", "maximum", "lte", "at_most"], "validation.numericality.less_than_or_equal_to = 10"),
    (
        NUMBERS,
        &["positive", "gt", "exclusiveMinimum", "moreThan"],
        "validation.numericality.greater_than = 0",
    ),
    (NUMBERS, &["negative", "lt", "exclusiveMaximum", "lessThan"], "validation.numericality.less_than = 0"),
    (
        ARRAY,
        &["min", "minimum", "minItems", "min_items", "minLength", "min_length", "nonempty"],
        "validation.length.minimum = 1",
    ),
    (
        ARRAY,
        &["max", "maximum", "maxItems", "max_items", "maxLength", "max_length"],
        "validation.length.maximum = 5",
    ),
    (ARRAY, &["item", "of", "element", "elements", "item_type", "itemType"], "items.type = \"string\""),
    (
        ARRAY,
        &["inclusion", "in", "enum", "options", "choices", "values", "oneOf"],
        "items.validation.inclusion.in = [\"one\", \"two\"]",
    ),
    (
        OBJECT,
        &["properties", "property", "members", "keys", "shape", "schema_fields"],
        "fields.city = { validation.presence = true }",
    ),
    (
        OBJECT,
        &["required"],
        "write `validation.presence = true` in each of the `fields` that has to be there",
    ),
    (
        OBJECT,
        &["additionalProperties"],
        "remove it: an object has its `fields` and no others, unless the form says `unknown_fields = \"ignore\"`",
    ),
    (DATE, &["before", "max", "maximum"], "validation.date.before = \"today\""),
    (DATE, &["after", "min", "minimum"], "validation.date.after = \"today\""),
    (DATETIME, &["before", "max", "maximum"], "validation.datetime.before = \"now\""),
    (DATETIME, &["after", "min", "minimum"], "validation.datetime.after = \"now\""),
    (ALL, &["before"], "validation.date.before = \"today\""),
    (ALL, &["after"], "validation.date.after = \"today\""),
    (ALL, &["required_if", "requiredIf", "required_when"], "validation.presence = { if = { … } }"),
    (ALL, &["required_unless", "requiredUnless"], "validation.presence = { unless = { … } }"),
    (
        ALL,
        &["visible_if", "visibleIf", "show_if", "depends_on", "dependsOn", "condition"],
        "when = { \"properties.account_type\" = \"business\" }",
    ),
    (ALL, &["hidden_if", "hide_if"], "when = { not = { … } }"),
    (ALL, &["required", "presence", "nonblank"], "validation.presence = true"),
    (
        ALL,
        &["validations", "validates", "rules", "constraints"],
        "write each rule by its name: `validation = { presence = true }`",
    ),
    (ALL, &["property_options"], "write its keys at the field itself: `virtual = true`"),
    (
        ALL,
        &["rows", "cols", "size", "step", "autofocus", "tabindex", "class", "style"],
        "remove it: what an input looks like is up to the page",
    ),
    (
        ALL,
        &["optional", "nullable", "nullish", "allow_nil", "allow_null"],
        "remove it: a field without `presence` may be absent or `null`",
    ),
    (ALL, &["uniqueness", "unique"], "validation.unique = true"),
    (ALL, &["minLength", "minlength", "min_length", "min"], "validation.length.minimum = 8"),
    (ALL, &["maxLength", "maxlength", "max_length", "max", "length"], "validation.length.maximum = 20"),
    (ALL, &["minItems", "min_items"], "validation.length.minimum = 1"),
    (ALL, &["maxItems", "max_items"], "validation.length.maximum = 5"),
    (ALL, &["uniqueItems", "unique_items", "distinct"], "validation.unique_items = true"),
    (ALL, &["format", "pattern", "regex", "match", "matches"], "validation.format.with = '^[a-z]+$'"),
    (
        ALL,
        &["inclusion", "enum", "options", "choices", "values", "one_of", "oneOf", "anyOf"],
        "validation.inclusion.in = [\"one\", \"two\"]",
    ),
    (ALL, &["exclusion", "not_in", "notOneOf"], "validation.exclusion.in = [\"one\", \"two\"]"),
    (ALL, &["const", "equals"], "validation.inclusion.in = [\"one\"]"),
    (
        ALL,
        &["same_as", "sameAs", "equal_to_field"],
        "let a value be sent twice by `confirmation = true`, or hold a number against another by `comparison`",
    ),
    (ALL, &["phone", "tel"], "validation.phone_number = true"),
    (ALL, &["numericality", "positive"], "validation.numericality.greater_than = 0"),
    (ALL, &["minimum"], "validation.numericality.greater_than_or_equal_to = 1"),
    (ALL, &["maximum"], "validation.numericality.less_than_or_equal_to = 10"),
    (ALL, &["multipleOf"], "validation.numericality.multiple_of = 5"),
    (ALL, &["title"], "label = \"…\""),
    (ALL, &["hint", "help", "help_text"], "description = \"…\""),
    (ALL, &["widget"], "ui.widget = \"…\""),
    (ALL, &["placeholder"], "ui.placeholder = \"…\""),
    (ALL, &["order", "position"], "ui.order = 1"),
    (ALL, &["hidden"], "ui.hidden = true"),
    (ALL, &["readOnly", "read_only", "disabled"], "readonly = true"),
    (ALL, &["writeOnly", "write_only", "sensitive"], "secret = true"),
    (ALL, &["if"], "when = { … }"),
    (ALL, &["unless"], "when = { not = { … } }"),
    (ALL, &["then", "else", "allOf", "not", "$ref"], "put keywords of JSON Schema into the field's `schema`"),
    (ALL, &["properties"], "[fields.properties.name]"),
    (ALL, &["additionalProperties"], "unknown_fields = \"ignore\""),
];

/// A line that says here what a word with a value, as it is written, says in another language, where a field of the
/// type is described.
pub(super) fn synonym(ty: &str, word: &str, value: &str) -> Option<String> {
    row(FIELD_WORDS, ty, word, value)
}

/// What other languages say above the fields: JSON Schema, Rails, platformOS.
const FORM_WORDS: &[Row] = &[
    (
        ALL,
        &["$schema", "schema"],
        "name the schema for editors in a comment: `#:schema ../../schemas/form-configuration.schema.json`",
    ),
    (ALL, &["type"], "remove it: a form is always an object"),
    (ALL, &["required"], "write `validation.presence = true` at each field that has to be there"),
    (
        ALL,
        &["properties"],
        "write `[fields.email]` for a built-in field, `[fields.properties.nickname]` for one of your own",
    ),
    (
        ALL,
        &["additionalProperties"],
        "remove it: a form refuses what it does not name, unless it says `unknown_fields = \"ignore\"`",
    ),
    (ALL, &["validation", "validations", "validates", "rules"], "[fields.first_name.validation]"),
    (
        ALL,
        &["permit", "permitted", "params", "attributes", "fillable", "inputs"],
        "write a table for each field: `[fields.email]`",
    ),
    (
        ALL,
        &["form", "configuration", "form_configuration"],
        "write its keys without a table around them: `resource = \"User\"`, `[fields.email]`",
    ),
    (
        ALL,
        &["policies", "policy", "authorization_policy", "authorization", "authorize", "before_action"],
        "authorization_policies = [\"company_network\"]",
    ),
    (ALL, &["model", "entity", "table", "class"], "resource = \"User\""),
    (ALL, &["title", "label", "summary"], "description = \"Sign-up for developers\""),
    (ALL, &["id", "slug"], "name = \"sign_up\""),
    (ALL, &["public", "auth", "visibility"], "access = \"public\""),
    (ALL, &["return_to"], "redirect_to = \"/welcome\""),
    (ALL, &["payload", "defaults"], "[default_payload]"),
    (
        ALL,
        &[
            "callback_actions",
            "async_callback_actions",
            "email_notifications",
            "sms_notifications",
            "api_call_notifications",
        ],
        "remove it: a form stores what is submitted and starts nothing else",
    ),
];

/// The same above the fields.
pub(super) fn form_word(word: &str, value: &str) -> Option<String> {
    row(FORM_WORDS, "", word, value)
}

/// What other languages call the keys of a policy.
const POLICY_WORDS: &[Row] = &[
    (
        ALL,
        &["expression", "if", "when", "condition", "rule", "content", "permit", "authorize"],
        "allow = \"token.name == 'partner'\"",
    ),
    (ALL, &["deny", "forbid", "unless", "block"], "write in `allow` what has to hold: `allow = \"not …\"`"),
    (ALL, &["code", "http_status", "http_status_code", "status_code"], "status = 404"),
    (ALL, &["error", "error_message", "flash_alert", "msg", "reason"], "message = \"…\""),
    (ALL, &["name"], "remove it: a policy goes by the path of its file under `policies/`"),
];

/// The same in a policy.
pub(super) fn policy_word(word: &str, value: &str) -> Option<String> {
    row(POLICY_WORDS, "", word, value)
}

const TIMES: &[&str] = &["`date`", "`datetime`"];
const LENGTH: &[&str] = &["`length`"];
const NUMERICALITY: &[&str] = &["`numericality`", "`comparison`"];
const FORMAT: &[&str] = &["`format`"];
const LISTS: &[&str] = &["`inclusion`", "`exclusion`"];
const VALIDATION: &[&str] = &["`validation`"];

/// What other languages call the options of rules.
const OPTION_WORDS: &[Row] = &[
    (TIMES, &["minimum", "min", "from", "since", "gte", "not_before"], "on_or_after = \"today\""),
    (TIMES, &["maximum", "max", "to", "until", "lte", "not_after"], "on_or_before = \"today\""),
    (TIMES, &["gt", "greater_than"], "after = \"today\""),
    (TIMES, &["lt", "less_than"], "before = \"today\""),
    (LENGTH, &["min", "at_least", "minLength", "minimum_length"], "minimum = 8"),
    (LENGTH, &["max", "at_most", "maxLength", "maximum_length"], "maximum = 20"),
    (LENGTH, &["in", "within", "range"], "minimum = 2, maximum = 20"),
    (LENGTH, &["equal_to", "equals", "exact", "exactly"], "is = 4"),
    (NUMERICALITY, &["min", "minimum", "gte"], "greater_than_or_equal_to = 1"),
    (NUMERICALITY, &["max", "maximum", "lte"], "less_than_or_equal_to = 10"),
    (NUMERICALITY, &["gt"], "greater_than = 0"),
    (NUMERICALITY, &["lt"], "less_than = 10"),
    (FORMAT, &["pattern", "regex", "match", "matches"], "with = '^[a-z]+$'"),
    (LISTS, &["values", "enum", "of", "one_of", "options", "within"], "in = [\"one\", \"two\"]"),
    (VALIDATION, &["if", "when"], "put it into the rule: `validation.presence = { if = { … } }`"),
    (VALIDATION, &["unless"], "put it into the rule: `validation.presence = { unless = { … } }`"),
    (VALIDATION, &["message"], "put it into the rule: `validation.presence = { message = \"…\" }`"),
    (VALIDATION, &["allow_blank"], "put it into the rule: `validation.email = { allow_blank = true }`"),
    (ALL, &["when", "only_if"], "if = { … }"),
    (ALL, &["unless_not", "not_if"], "unless = { … }"),
    (ALL, &["error", "errorMessage", "msg"], "message = \"…\""),
];

/// The same where the options of a rule are read, which is `what` in messages.
pub(super) fn option(what: &str, word: &str, value: &str) -> Option<String> {
    row(OPTION_WORDS, what, word, value)
}

fn row(rows: &[Row], of: &str, word: &str, value: &str) -> Option<String> {
    let fits = |names: &[&str]| names.is_empty() || names.contains(&of);
    let (_, _, written) = rows.iter().find(|(names, words, _)| words.contains(&word) && fits(names))?;
    if value == "false" && written.ends_with(" = true") {
        return Some("remove it: it is so unless something else is said".to_owned());
    }
    Some(line(&with_value(written, value)))
}

/// A line with the author's own value in the place of the one that it shows, where they are of one kind.
fn with_value(written: &str, value: &str) -> String {
    let kind =
        |value: &str| value.chars().next().map(|first| if first.is_ascii_digit() { '0' } else { first });
    let kind = |value: &str| kind(value).map(|first| if first == '\'' { '"' } else { first });
    match written.split_once(" = ") {
        Some((key, shown))
            if !written.contains('`')
                && !shown.contains(" = ")
                && kind(shown) == kind(value)
                && value.len() <= 60
                && (!value.contains('{') || value.starts_with("{ \"") || value.starts_with("{\""))
                && !value.contains(['\n', '`']) =>
        {
            format!("{key} = {value}")
        }
        _ => written.to_owned(),
    }
}

/// What other languages call the types, besides [`OTHER_WORDS`]: here they are rules.
const TYPE_WORDS: &[(&[&str], &str)] = &[
    (&["email", "mail"], "validation.email = true"),
    (&["url", "uri", "link", "website"], "validation.url = true"),
    (&["uuid", "guid"], "validation.uuid = true"),
    (&["tel", "phone", "telephone", "phone_number"], "validation.phone_number = true"),
    (&["enum", "select", "radio", "choice"], "validation.inclusion.in = [\"one\", \"two\"]"),
    (&["password", "secret"], "secret = true"),
    (
        &["any", "mixed", "union", "null"],
        "a field has one type: declare a field for each, and a `when` for each where but one may be there",
    ),
];

/// A line that says here what another language says with a type.
pub(super) fn type_word(name: &str) -> Option<String> {
    if let Some(item) = name.strip_suffix("[]") {
        return Some(format!("write `type = \"array\"` and `items.type = \"{item}\"`"));
    }
    TYPE_WORDS.iter().find(|(names, _)| names.contains(&name)).map(|(_, written)| {
        if written.contains(' ') && !written.contains('=') {
            (*written).to_owned()
        } else {
            format!("leave `type` out, and {}", line(written))
        }
    })
}

/// What JSON Schema calls `format`.
const FORMATS: &[(&str, &str)] = &[
    ("date", "type = \"date\""),
    ("date-time", "type = \"datetime\""),
    ("datetime", "type = \"datetime\""),
    ("email", "validation.email = true"),
    ("uri", "validation.url = true"),
    ("url", "validation.url = true"),
    ("uuid", "validation.uuid = true"),
    ("phone", "validation.phone_number = true"),
];

/// What to write for a format of JSON Schema; another text is a pattern, or a format that is said in `schema`.
pub(super) fn format_word(name: &str) -> Option<String> {
    FORMATS.iter().find(|(format, _)| *format == name).map(|(_, written)| line(written))
}

/// What other languages call the comparisons of a condition; `{path}` is the path that they stand behind.
const COMPARISON_WORDS: &[(&[&str], &str)] = &[
    (&["gt", ">", "more_than", "moreThan", "exclusiveMinimum"], "\"{path}\" = { greater_than = 18 }"),
    (&["gte", ">=", "min", "minimum", "at_least"], "\"{path}\" = { greater_than_or_equal_to = 18 }"),
    (&["lt", "<", "lessThan", "exclusiveMaximum"], "\"{path}\" = { less_than = 18 }"),
    (&["lte", "<=", "max", "maximum", "at_most"], "\"{path}\" = { less_than_or_equal_to = 18 }"),
    (&["in", "enum", "one_of", "oneOf", "any", "inclusion"], "\"{path}\" = [\"one\", \"two\"]"),
    (&["eq", "==", "=", "is", "const", "equals", "value"], "\"{path}\" = \"…\""),
    (
        &["not", "ne", "neq", "!=", "not_equal_to", "not_in", "notIn", "exclusion"],
        "not = { \"{path}\" = \"…\" }",
    ),
    (&["blank", "absent", "empty", "null", "missing"], "\"{path}\" = { present = false }"),
    (&["exists", "presence", "filled", "defined"], "\"{path}\" = { present = true }"),
    (
        &["before", "after", "on_or_before", "on_or_after"],
        "a condition compares numbers alone: hold a time against another by the rule `date` or `datetime`",
    ),
];

/// What to write for a comparison of another language behind `path`.
pub(super) fn comparison_word(path: &str, word: &str) -> Option<String> {
    let found = COMPARISON_WORDS.iter().find(|(words, _)| words.contains(&word));
    found.map(|(_, written)| line(&written.replace("{path}", path)))
}

/// What other languages call the words of a condition.
const CONDITION_WORDS: &[(&[&str], &str)] = &[
    (
        &["all", "and", "allOf", "all_of", "every"],
        "all entries of one table have to hold: `{ \"properties.plan\" = \"paid\", featured = true }`",
    ),
    (&["or", "anyOf", "any_of", "oneOf", "one_of", "some"], "any = [{ \"properties.plan\" = \"paid\" }]"),
    (&["none", "nor", "unless", "none_of"], "not = { \"properties.plan\" = \"paid\" }"),
];

/// What to write for a word of another language's conditions.
pub(super) fn condition_word(word: &str) -> Option<String> {
    CONDITION_WORDS.iter().find(|(words, _)| words.contains(&word)).map(|(_, written)| line(written))
}

fn line(written: &str) -> String {
    if written.contains('`') || !written.contains(['=', '[']) {
        written.to_owned()
    } else {
        format!("write `{written}`")
    }
}

/// What a word among choices is called here.
const OTHER_WORDS: &[(&[&str], &str)] = &[
    (&["bool", "checkbox", "switch"], "boolean"),
    (&["int", "long", "bigint"], "integer"),
    (&["decimal", "double", "float", "numeric"], "number"),
    (&["str", "varchar", "char"], "string"),
    (&["textarea", "longtext", "multiline"], "text"),
    (&["timestamp", "date-time", "date_time", "time", "instant", "datetime-local"], "datetime"),
    (&["list", "set", "tuple", "collection"], "array"),
    (&["hash", "map", "dict", "json", "record", "struct"], "object"),
    (&["strip"], "trim"),
    (&["downcase", "lower"], "lowercase"),
    (&["upcase", "upper"], "uppercase"),
    (&["private"], "token"),
    (&["open"], "public"),
    (&["drop"], "ignore"),
    (&["forbid"], "reject"),
];

/// Our word for another language's, if it is one of `ours`.
pub(super) fn other_word<'w>(word: &str, ours: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let (_, meant) = OTHER_WORDS.iter().find(|(others, _)| others.contains(&word))?;
    ours.into_iter().find(|name| name == meant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_write_has_the_authors_value() {
        for (ty, word, value, wanted) in [
            ("integer", "minimum", "18", "write `validation.numericality.greater_than_or_equal_to = 18`"),
            ("string", "pattern", "\"[0-9]+\"", "write `validation.format.with = \"[0-9]+\"`"),
            ("string", "enum", "[\"a\"]", "write `validation.inclusion.in = [\"a\"]`"),
            ("string", "length", "{ in = 2 }", "write `validation.length.maximum = 20`"),
            ("string", "required", "true", "write `validation.presence = true`"),
            ("string", "required", "false", "remove it: it is so unless something else is said"),
            ("string", "required_if", "{ a = 1 }", "write `validation.presence = { if = { … } }`"),
        ] {
            assert_eq!(synonym(ty, word, value).as_deref(), Some(wanted), "{word} = {value}");
        }
    }
}
