//! Lines that show how something is written, for authors who wrote it in another shape or in another language's words.

/// How keys are written whose values are often given in another shape.
const USAGE: [(&str, &str); 13] = [
    ("aliases", "aliases = [\"old_name\"]"),
    ("errors", "errors = { email = [\"blank\"] }"),
    ("examples", "[[examples]]"),
    ("fields", "[fields.email]"),
    ("format", "validation.format.with = '^[a-z]+$'"),
    ("in", "in = [\"one\", \"two\"]"),
    ("inclusion", "validation.inclusion.in = [\"one\", \"two\"]"),
    ("exclusion", "validation.exclusion.in = [\"one\", \"two\"]"),
    ("length", "validation.length.maximum = 20"),
    ("normalize", "normalize = [\"trim\"]"),
    ("rate_limit", "rate_limit = { requests = 20, per = \"1 minute\" }"),
    ("scope", "scope = [\"properties.team\"]"),
    ("validation", "validation.presence = true"),
];

/// A line that shows how a key is written.
pub(super) fn usage(key: &str) -> Option<String> {
    USAGE.iter().find(|(name, _)| *name == key).map(|(_, usage)| format!("write `{usage}`"))
}

/// What other languages call what is there: Rails, JSON Schema, HTML.
const SYNONYMS: [(&str, &str); 29] = [
    ("required", "validation.presence = true"),
    ("uniqueness", "validation.unique = true"),
    ("minLength", "validation.length.minimum = 8"),
    ("maxLength", "validation.length.maximum = 20"),
    ("minlength", "validation.length.minimum = 8"),
    ("maxlength", "validation.length.maximum = 20"),
    ("min", "validation.length.minimum = 8"),
    ("max", "validation.length.maximum = 20"),
    ("presence", "validation.presence = true"),
    ("length", "validation.length.maximum = 20"),
    ("format", "validation.format.with = '^[a-z]+$'"),
    ("inclusion", "validation.inclusion.in = [\"one\", \"two\"]"),
    ("exclusion", "validation.exclusion.in = [\"one\", \"two\"]"),
    ("numericality", "validation.numericality.greater_than = 0"),
    ("unique", "validation.unique = true"),
    ("pattern", "validation.format.with = '^[a-z]+$'"),
    ("regex", "validation.format.with = '^[a-z]+$'"),
    ("enum", "validation.inclusion.in = [\"one\", \"two\"]"),
    ("options", "validation.inclusion.in = [\"one\", \"two\"]"),
    ("minimum", "validation.numericality.greater_than_or_equal_to = 1"),
    ("maximum", "validation.numericality.less_than_or_equal_to = 10"),
    ("multipleOf", "validation.numericality.multiple_of = 5"),
    ("title", "label = \"…\""),
    ("validations", "validation.presence = true"),
    ("validates", "validation.presence = true"),
    ("readOnly", "readonly = true"),
    ("writeOnly", "secret = true"),
    ("properties", "[fields.properties.name]"),
    ("additionalProperties", "unknown_fields = \"ignore\""),
];

/// A line that says here what a word says in another language.
pub(super) fn synonym(word: &str) -> Option<String> {
    SYNONYMS.iter().find(|(other, _)| *other == word).map(|(_, written)| format!("write `{written}`"))
}

/// What a word among choices is called here.
const OTHER_WORDS: [(&str, &str); 14] = [
    ("bool", "boolean"),
    ("int", "integer"),
    ("decimal", "number"),
    ("double", "number"),
    ("float", "number"),
    ("str", "string"),
    ("varchar", "string"),
    ("strip", "trim"),
    ("downcase", "lowercase"),
    ("upcase", "uppercase"),
    ("private", "token"),
    ("open", "public"),
    ("drop", "ignore"),
    ("forbid", "reject"),
];

/// Our word for another language's.
pub(super) fn other_word(word: &str) -> Option<&'static str> {
    OTHER_WORDS.iter().find(|(other, _)| *other == word).map(|(_, ours)| *ours)
}
