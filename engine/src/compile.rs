//! Schema → [`CompiledForm`]: everything that serving a form needs, made once per change.
//!
//! Called by `registry`; what it returns is what `submission` and `lint` work with.

mod keywords;

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jsonschema::{Draft, PatternCache, PatternOptions, ValidationOptions, Validator};
use rustc_hash::FxHashMap;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::diagnostic::{Diagnostic, Rule, has_errors};
use crate::guard::{Guard, Hideable};
use crate::messages::Templates;
use crate::model::{Check, Field, Form, Spanned, Step, Whens};
use crate::outline::Outline;
use crate::payload::Payload;
use crate::schema::{self, Rules, Schema};
use crate::vocabulary::register;

/// The most memory that one compiled pattern may take, in bytes.
const PATTERN_BYTES: usize = 1 << 20;

/// How many validators of small schemas are kept for the next form that has the same.
const SHARED_VALIDATORS: usize = 4096;

/// A form, ready to judge requests.
#[derive(Debug)]
pub struct CompiledForm {
    /// What the author wrote.
    pub form: Form,
    /// The JSON Schema of the `form` value of a request.
    pub document: Value,
    /// What others have to know of it.
    pub(crate) outline: Arc<Outline>,
    pub(crate) rules: Rules,
    pub(crate) templates: Templates,
    pub(crate) payload: Payload,
    /// The fields that may be hidden; those that others depend on first.
    pub(crate) hideable: Vec<Hideable>,
    /// When the rules count that the document does not decide, by where they are written.
    pub(crate) guards: HashMap<usize, Guard>,
    pub(crate) validator: Validator,
    version: OnceLock<String>,
}

impl CompiledForm {
    /// SHA-256 of the document's compact text, its first 16 hex digits.
    #[must_use]
    pub fn version(&self) -> &str {
        // Made when it is first asked for: of ten thousand forms that are linted nobody asks.
        self.version.get_or_init(|| version(&self.document))
    }

    /// The name that requests say.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.form.name.value
    }

    /// Every error code that it may give.
    #[must_use]
    pub fn codes(&self) -> BTreeSet<&'static str> {
        self.rules.rules.iter().map(|rule| rule.code).collect()
    }

    /// The schema of one field's value, by itself.
    pub(crate) fn schema_of(&self, path: &[Step]) -> Option<&Value> {
        self.document.pointer(self.rules.locations.get(path)?)
    }
}

/// Compiles forms; those compiled by one compiler share their patterns, and the validators of their conditions.
pub struct Compiler {
    options: ValidationOptions<'static>,
    /// Validators of small schemas, by the schema of each; nothing for what does not compile.
    shared: Mutex<FxHashMap<Value, Option<Arc<Validator>>>>,
    /// Whether a text is an ECMAScript regular expression, as the documents of others must find it.
    ecmascript: Option<Validator>,
}

impl Default for Compiler {
    fn default() -> Self {
        Self::new()
    }
}

impl Compiler {
    /// A compiler that has seen no pattern yet.
    #[must_use]
    pub fn new() -> Self {
        let patterns = PatternOptions::regex().size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES);
        let options = register(jsonschema::options())
            .with_draft(Draft::Draft202012)
            .with_pattern_options(patterns)
            .with_pattern_cache(PatternCache::new())
            .with_format("email", schema::is_email)
            .should_validate_formats(true)
            .should_ignore_unknown_formats(false);
        let ecmascript = options.build(&json!({ "format": "regex" })).ok();
        Self { options, shared: Mutex::default(), ecmascript }
    }

    /// Compiles a form; nothing where its patterns, templates or rules do not compile.
    #[must_use]
    pub fn compile(&self, form: Form) -> (Option<CompiledForm>, Vec<Diagnostic>) {
        let mut diagnostics = Vec::new();
        form.for_each_field(&mut |field, _| self.check_patterns(&form, field, &mut diagnostics));
        let schema = schema::build(&form);
        let templates = Templates::compile(&form, &schema.rules, &mut diagnostics);
        let payload = Payload::compile(&form, &mut diagnostics);
        if has_errors(&diagnostics) {
            return (None, diagnostics);
        }
        match self.options.build(&schema.document) {
            Ok(validator) => {
                let Schema { document, rules } = schema;
                let outline = Arc::new(Outline::new(&form, &rules));
                let (hideable, guards) = (self.hideable(&form), self.guards(&form));
                let compiled = CompiledForm {
                    form,
                    document,
                    outline,
                    rules,
                    templates,
                    payload,
                    hideable,
                    guards,
                    validator,
                    version: OnceLock::new(),
                };
                (Some(compiled), diagnostics)
            }
            // Each pattern compiled by itself, so this is a limit of the document as a whole.
            Err(error) => {
                let message = format!("the form's rules do not compile together: {}", error.masked());
                let span = form.name.span.clone();
                diagnostics.push(Diagnostic::new(Rule::ImpossibleConstraint, &form.source, span, message));
                (None, diagnostics)
            }
        }
    }

    fn hideable(&self, form: &Form) -> Vec<Hideable> {
        let whens = Whens::of(form);
        // A form whose conditions go round in a circle is refused.
        let order = whens.in_order().unwrap_or_default();
        let in_order = order.into_iter().filter_map(|index| {
            let (path, condition) = &whens.fields[index];
            let guard = Guard::new(self, form, path, condition)?;
            Some(Hideable::new(path.clone(), guard))
        });
        in_order.collect()
    }

    fn guards(&self, form: &Form) -> HashMap<usize, Guard> {
        let mut guards = HashMap::new();
        form.for_each_field(&mut |field, path| {
            for validation in &field.validations {
                if let (Check::Unique(_), Some(condition)) = (&validation.check, &validation.condition)
                    && let Some(guard) = Guard::new(self, form, path, condition)
                {
                    guards.insert(validation.span.start, guard);
                }
            }
        });
        guards
    }

    /// A validator for a condition or for one value of a document, made once for all forms that ask the same.
    pub(crate) fn validator(&self, schema: &Value) -> Option<Arc<Validator>> {
        let shared = || self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = shared().get(schema) {
            return known.clone();
        }
        let validator = self.options.build(schema).ok().map(Arc::new);
        let mut shared = shared();
        if shared.len() >= SHARED_VALIDATORS {
            shared.clear();
        }
        shared.insert(schema.clone(), validator.clone());
        validator
    }

    fn check_patterns(&self, form: &Form, field: &Field, diagnostics: &mut Vec<Diagnostic>) {
        for validation in &field.validations {
            let Check::Format { with, without } = &validation.check else { continue };
            for pattern in with.iter().chain(without) {
                diagnostics.extend(self.check_pattern(form, pattern));
            }
        }
        if let Some(schema) = &field.schema {
            diagnostics.extend(keywords::check(self, form, field, schema));
        }
    }

    pub(crate) fn check_pattern(&self, form: &Form, pattern: &Spanned<String>) -> Option<Diagnostic> {
        if let Some((part, help)) = not_portable(&pattern.value) {
            let span = form.source.span_in_string(&pattern.span, &pattern.value, part.clone());
            let written = &pattern.value[part];
            let message = format!(
                "`{written}` is no ECMAScript, and other validators would not read it as it is meant"
            );
            return Some(Diagnostic::new(Rule::InvalidPattern, &form.source, span, message).help(help));
        }
        let compiles = self.validator(&json!({ "pattern": pattern.value })).is_some();
        let value = Value::from(pattern.value.as_str());
        let is_ecmascript = self.ecmascript.as_ref().is_some_and(|regex| regex.is_valid(&value));
        if compiles && is_ecmascript {
            return None;
        }
        let file = &form.source;
        let diagnostic = |span, message: String| Diagnostic::new(Rule::InvalidPattern, file, span, message);
        if compiles {
            let message =
                "the pattern is no ECMAScript regular expression, and other validators could not read it";
            if let Some(help) = without_slashes(&pattern.value) {
                let message = "a pattern stands without slashes".to_owned();
                return Some(diagnostic(pattern.span.clone(), message).help(help));
            }
            let help = r"write `^` and `$` for `\A` and `\z`, `(?<name>…)` for `(?P<name>…)`, and flags as character classes";
            return Some(diagnostic(pattern.span.clone(), message.to_owned()).help(help));
        }
        // The validator says no more than that the pattern fails; the parser knows where and why.
        let (kind, part, help) = match regex_syntax::Parser::new().parse(&pattern.value) {
            Err(regex_syntax::Error::Parse(error)) => {
                (error.kind().to_string(), *error.span(), mended(error.kind()))
            }
            Err(regex_syntax::Error::Translate(error)) => (error.kind().to_string(), *error.span(), None),
            _ => {
                let message =
                    "the pattern is no ECMAScript regular expression, or would take too much memory";
                let help = "write it without the extensions of other languages, and with smaller repetitions";
                return Some(diagnostic(pattern.span.clone(), message.to_owned()).help(help));
            }
        };
        let part = part.start.offset..part.end.offset;
        let span = file.span_in_string(&pattern.span, &pattern.value, part);
        let mut diagnostic = diagnostic(span, format!("the pattern does not compile: {kind}"));
        diagnostic.help = help.map(str::to_owned);
        Some(diagnostic)
    }
}

/// What to write in a pattern that does not compile, for the faults that people make.
fn mended(fault: &regex_syntax::ast::ErrorKind) -> Option<&'static str> {
    use regex_syntax::ast::ErrorKind;
    Some(match fault {
        ErrorKind::UnsupportedBackreference | ErrorKind::UnsupportedLookAround => {
            "patterns match in linear time: they have no look-around and no back-references"
        }
        ErrorKind::GroupUnclosed => r"close it with `)`, or write `\(` for the bracket itself",
        ErrorKind::GroupUnopened => r"write `\)` for the bracket itself",
        ErrorKind::ClassUnclosed => r"close it with `]`, or write `\[` for the bracket itself",
        ErrorKind::RepetitionMissing => {
            r"write it behind what is repeated, `.*`, or with a backslash for the character itself, `\*`"
        }
        ErrorKind::EscapeUnrecognized => {
            "write the character without the backslash, or `^` and `$` for ends of the text"
        }
        _ => return None,
    })
}

/// What to write instead of a pattern between slashes, as Ruby and JavaScript have it.
pub(crate) fn without_slashes(pattern: &str) -> Option<String> {
    let (inner, flags) = pattern.strip_prefix('/')?.rsplit_once('/')?;
    if !flags.bytes().all(|flag| flag.is_ascii_lowercase()) {
        return None;
    }
    let inner = inner.replace(r"\A", "^").replace(r"\z", "$").replace(r"\Z", "$");
    let flags =
        if flags.is_empty() { "" } else { ", and for the flag `i` each letter in both cases: `[A-Za-z]`" };
    Some(format!("write `'{inner}'`{flags}"))
}

/// What in a pattern other validators refuse or take for something else, with what to write instead. The grammar that
/// `regex` of JSON Schema is checked by is wider than that of ECMAScript with the flag `u` (ECMA-262, 22.2.1).
fn not_portable(pattern: &str) -> Option<(std::ops::Range<usize>, String)> {
    let mut in_class = false;
    let mut characters = pattern.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => {
                let flags = pattern[at..].strip_prefix("(?").and_then(|rest| rest.split([':', ')']).next());
                let flags = flags.unwrap_or_default();
                if !flags.is_empty() && flags.bytes().all(|byte| b"imsx-".contains(&byte)) {
                    return Some((
                        at..at + 2 + flags.len(),
                        "write flags as character classes: `[Aa]`".to_owned(),
                    ));
                }
            }
            '\\' => {
                let (_, escaped) = characters.next()?;
                let part = at..at + 1 + escaped.len_utf8();
                match escaped {
                    'b' | 'B' if !in_class => {
                        let help = "`\\b` means ASCII words there and Unicode words here: write what may stand there";
                        return Some((part, help.to_owned()));
                    }
                    '-' if in_class => {}
                    '^' | '$' | '\\' | '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|'
                    | '/' => {}
                    other if other.is_ascii_punctuation() || other == ' ' => {
                        return Some((part, format!("write `{other}` without the backslash")));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    None
}

/// The first 16 hex digits of the SHA-256 of a document's compact text.
fn version(document: &Value) -> String {
    // JSON is always written: its keys are texts.
    let digest = Sha256::digest(serde_json::to_vec(document).unwrap_or_default());
    digest.iter().take(8).fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Forms are handed from the thread that compiles to those that serve.
const _: fn() = || {
    fn shared<T: Send + Sync>() {}
    shared::<Arc<CompiledForm>>();
};
