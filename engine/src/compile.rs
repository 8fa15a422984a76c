//! Schema → [`CompiledForm`]: everything that serving a form needs, made once per change.
//!
//! Called by `registry`; what it returns is what `submission` and `lint` work with.

mod keywords;
mod pattern;

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jsonschema::{Draft, PatternCache, PatternOptions, ValidationOptions, Validator};
use pattern::{Patterns, Trial};
use rustc_hash::FxHashMap;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::after::After;
use crate::diagnostic::{Diagnostic, Rule, has_errors};
use crate::guard::{Guard, Hideable};
use crate::messages::Templates;
use crate::model::{Check, Form, Step, Validation, Whens};
use crate::outline::Outline;
use crate::payload::Payload;
use crate::schema::{self, Rules, Schema};
use crate::vocabulary::register;

pub(crate) use pattern::without_slashes;

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
    /// What it does and says after a submission.
    pub(crate) after: After,
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
        let mut tokens = self.rules.locations.get(path)?.split('/').skip(1);
        tokens.try_fold(&self.document, |schema, token| match schema {
            Value::Array(schemas) => schemas.get(token.parse::<usize>().ok()?),
            other => other.get(schema::unescaped(token).as_ref()),
        })
    }
}

/// Compiles forms; those compiled by one compiler share their patterns, and the validators of their conditions.
pub struct Compiler {
    options: ValidationOptions<'static>,
    /// Validators of small schemas, by the text of each; nothing for what does not compile.
    shared: Mutex<FxHashMap<String, Option<Arc<Validator>>>>,
    patterns: Patterns,
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
        let options = register(jsonschema::options())
            .with_draft(Draft::Draft202012)
            .with_pattern_options(PatternOptions::regex())
            .with_pattern_cache(PatternCache::new())
            .with_format("email", schema::is_email)
            .should_validate_formats(true)
            .should_ignore_unknown_formats(false);
        let patterns = Patterns::new(&options);
        Self { options, shared: Mutex::default(), patterns }
    }

    /// Compiles a form; nothing where its patterns, templates or rules do not compile.
    #[must_use]
    pub fn compile(&self, form: Form) -> (Option<CompiledForm>, Vec<Diagnostic>) {
        let mut diagnostics = Vec::new();
        form.each_field(&mut |field| {
            if let Some(schema) = &field.schema {
                diagnostics.extend(keywords::check(self, &form, field, schema));
            }
        });
        let Schema { document, rules } = schema::build(&form);
        let templates = Templates::compile(&form, &rules, &mut diagnostics);
        let payload = Payload::compile(&form, &mut diagnostics);
        let after = After::compile(&form, &mut diagnostics);
        let is_sound = !has_errors(&diagnostics) && self.check_patterns(&form, Trial::OfLarge).is_empty();
        let built = is_sound.then(|| self.options.build(&document));
        if let Some(Ok(validator)) = built {
            let outline = Arc::new(Outline::new(&form, &rules));
            let (hideable, guards) = (self.hideable(&form), self.guards(&form));
            let compiled = CompiledForm {
                form,
                document,
                outline,
                rules,
                templates,
                payload,
                after,
                hideable,
                guards,
                validator,
                version: OnceLock::new(),
            };
            return (Some(compiled), diagnostics);
        }
        diagnostics.extend(self.check_patterns(&form, Trial::OfEach));
        if let Some(Err(error)) = built
            && !has_errors(&diagnostics)
        {
            // Each pattern compiles by itself, so this is a limit of the document as a whole.
            let message = format!("the form's rules do not compile together: {}", error.masked());
            let span = form.name.span.clone();
            diagnostics.push(Diagnostic::new(Rule::ImpossibleConstraint, &form.source, span, message));
        }
        (None, diagnostics)
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
        let is_guarded =
            |rule: &Validation| matches!(rule.check, Check::Unique(_)) && rule.condition.is_some();
        let mut any = false;
        form.each_field(&mut |field| any |= field.validations.iter().any(is_guarded));
        if !any {
            return guards;
        }
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
        // JSON is always written: its keys are texts.
        let text = serde_json::to_string(schema).ok()?;
        if let Some(known) = shared().get(&text) {
            return known.clone();
        }
        let validator = self.options.build(schema).ok().map(Arc::new);
        let mut shared = shared();
        if shared.len() >= SHARED_VALIDATORS {
            shared.clear();
        }
        shared.insert(text, validator.clone());
        validator
    }

    /// What is wrong with the patterns of a form.
    fn check_patterns(&self, form: &Form, trial: Trial) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        form.each_field(&mut |field| {
            for validation in &field.validations {
                let Check::Format { with, without } = &validation.check else { continue };
                let patterns = with.iter().chain(without);
                found.extend(patterns.filter_map(|pattern| self.patterns.check(form, pattern, trial)));
            }
        });
        found
    }
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
