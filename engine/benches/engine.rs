//! What the engine costs: to compile a form, to judge a request, to load and reload a directory.
//!
//! `benches/README.md` says how to read the numbers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use divan::Bencher;
use formwork_engine::build::build;
use formwork_engine::compile::{CompiledForm, Compiler};
use formwork_engine::registry::Registry;
use formwork_engine::schema::is_email;
use formwork_engine::source::SourceFile;
use formwork_engine::submission::{Circumstances, Submitted, judge, submit};
use formwork_engine::vocabulary::register;
use jsonschema::{Draft, PatternOptions, ValidationOptions, Validator};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// The time of everything that is judged: 23 November 2026.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_hours(498_732)
}

fn circumstances() -> Circumstances {
    Circumstances::at(now())
}

fn main() {
    // First, since what the others free would be used again and not be seen.
    if std::env::args().skip(1).all(|argument| argument.starts_with('-') || argument == "memory") {
        memory();
    }
    divan::main();
}

/// What ten thousand compiled forms hold of memory, by what the process has resident (Linux).
fn memory() {
    let resident = || {
        let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
        let pages: Option<usize> = pages.split(' ').nth(1).and_then(|pages| pages.parse().ok());
        pages.unwrap_or_default() * 4
    };
    let directory = Directory::new();
    let before = resident();
    let registry = directory.load();
    let form = (resident() - before) / FORMS;
    println!("memory: {form} KiB for each of {} forms", registry.snapshot().statuses.len());
}

/// An example form.
#[derive(Clone, Copy, Debug)]
enum Example {
    /// Three fields.
    Small,
    /// Eight fields in three levels of groups, five patterns, two templates.
    Rich,
    /// Sixty fields: groups, objects, an array of objects, conditions at every level.
    Sixty,
}

const EXAMPLES: [Example; 3] = [Example::Small, Example::Rich, Example::Sixty];

impl Example {
    fn source(self) -> Arc<SourceFile> {
        let (name, text) = match self {
            Self::Small => (
                "reference_rest_api_create_user",
                include_str!("../../configs/forms/reference_rest_api_create_user.toml"),
            ),
            Self::Rich => ("developer/sign_up", include_str!("../../configs/forms/developer/sign_up.toml")),
            Self::Sixty => ("sixty_fields", include_str!("sixty_fields.toml")),
        };
        Arc::new(SourceFile::new(format!("{name}.toml").into(), name.to_owned(), text.to_owned()))
    }

    fn compiled(self) -> Arc<CompiledForm> {
        build(&Compiler::new(), &self.source(), None, now()).form.expect("the examples compile")
    }

    /// The request of the example form's own example.
    fn own(self, index: usize) -> Value {
        let form = self.compiled();
        let example = form.form.examples.as_ref().and_then(|examples| examples.get(index));
        Value::Object(example.expect("the form has examples").form.clone())
    }

    /// A valid request that is already as normalization and defaults would make it.
    fn valid(self) -> Value {
        match self {
            Self::Small => json!({
                "first_name": "Example",
                "email": "example1@example.com",
                "password": "somepassword",
            }),
            Self::Rich => json!({
                "email": "ada@example.com",
                "password": "correct horse battery",
                "external_id": "PL-000042",
                "properties": { "partner": "acme", "invite_code": "8charact" },
                "profiles": {
                    "developer": { "properties": { "enabled": true, "hourly_rate": 99.5, "handle": "ada" } },
                },
            }),
            Self::Sixty => self.own(0),
        }
    }

    /// The same with faults in many fields.
    fn invalid(self) -> Value {
        match self {
            Self::Small => json!({ "first_name": "", "email": "example1", "password": "short" }),
            Self::Rich => json!({
                "email": "ada@gmail.com",
                "password": "short",
                "external_id": "42",
                "properties": { "partner": "admin", "invite_code": "8charact" },
                "profiles": {
                    "developer": { "properties": { "enabled": true, "hourly_rate": 0.3, "handle": "4da" } },
                },
            }),
            Self::Sixty => self.own(1),
        }
    }
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().expect("a request is an object").clone()
}

/// From a file's text to a form that can serve.
#[divan::bench_group(sample_count = 200, sample_size = 10)]
mod compile {
    use super::{Bencher, Compiler, EXAMPLES, Example, build, now};

    /// What every load and reload pays once.
    #[divan::bench]
    fn new_compiler() -> Compiler {
        Compiler::new()
    }

    #[divan::bench(args = EXAMPLES)]
    fn by_new_compiler(bencher: Bencher, example: Example) {
        let source = example.source();
        bencher.with_inputs(Compiler::new).bench_refs(|compiler| build(compiler, &source, None, now()));
    }

    /// By a compiler that has seen all of the form's patterns.
    #[divan::bench(args = EXAMPLES)]
    fn by_shared_compiler(bencher: Bencher, example: Example) {
        let source = example.source();
        let compiler = Compiler::new();
        assert!(build(&compiler, &source, None, now()).form.is_some());
        bencher.bench(|| build(&compiler, &source, None, now()));
    }
}

/// `submit` against the validator alone, on instances that need no preparation.
#[divan::bench_group(sample_count = 500, sample_size = 50)]
mod judge {
    use super::{
        Bencher, CompiledForm, Draft, EXAMPLES, Example, PatternOptions, Submitted, ValidationOptions,
        Validator, circumstances, is_email, judge, now, object, register, submit,
    };

    /// A validator of the form's document with the options of `compile.rs`, which does not know our keywords.
    fn bare(form: &CompiledForm) -> Validator {
        build(form, jsonschema::options())
    }

    /// One that does, and so finds what the form finds.
    fn bare_with_vocabulary(form: &CompiledForm) -> Validator {
        build(form, register(jsonschema::options()))
    }

    fn build(form: &CompiledForm, options: ValidationOptions<'static>) -> Validator {
        options
            .with_draft(Draft::Draft202012)
            .with_pattern_options(PatternOptions::regex().size_limit(1 << 20).dfa_size_limit(1 << 20))
            .with_format("email", is_email)
            .should_validate_formats(true)
            .should_ignore_unknown_formats(false)
            .build(&form.document)
            .expect("the document compiles")
    }

    #[divan::bench(args = EXAMPLES)]
    fn valid_bare(bencher: Bencher, example: Example) {
        let validator = bare(&example.compiled());
        let instance = example.valid();
        assert!(validator.is_valid(&instance));
        bencher.bench(|| validator.is_valid(divan::black_box(&instance)));
    }

    #[divan::bench(args = EXAMPLES)]
    fn valid_submit(bencher: Bencher, example: Example) {
        let form = example.compiled();
        let instance = object(&example.valid());
        assert!(submit(&form, Submitted::new(instance.clone()), &circumstances()).is_ok());
        bencher
            .with_inputs(|| Submitted::new(instance.clone()))
            .bench_values(|submitted| submit(&form, submitted, &circumstances()));
    }

    /// What `submit` adds to the verdict itself is preparation, and taking apart what was accepted.
    #[divan::bench(args = EXAMPLES)]
    fn valid_judge(bencher: Bencher, example: Example) {
        let form = example.compiled();
        let instance = example.valid();
        assert!(judge(&form, &instance, now()).is_ok());
        bencher.bench(|| judge(&form, divan::black_box(&instance), now()));
    }

    #[divan::bench(args = EXAMPLES)]
    fn valid_copy(bencher: Bencher, example: Example) {
        let instance = example.valid();
        bencher.bench(|| divan::black_box(&instance).clone());
    }

    #[divan::bench(args = EXAMPLES)]
    fn invalid_bare_with_vocabulary(bencher: Bencher, example: Example) {
        let validator = bare_with_vocabulary(&example.compiled());
        let instance = example.invalid();
        bencher.bench(|| validator.iter_errors(divan::black_box(&instance)).collect::<Vec<_>>());
    }

    #[divan::bench(args = EXAMPLES)]
    fn invalid_judge(bencher: Bencher, example: Example) {
        let form = example.compiled();
        let instance = example.invalid();
        assert!(judge(&form, &instance, now()).is_err());
        bencher.bench(|| judge(&form, divan::black_box(&instance), now()));
    }

    #[divan::bench(args = EXAMPLES)]
    fn invalid_bare(bencher: Bencher, example: Example) {
        let validator = bare(&example.compiled());
        let instance = example.invalid();
        assert!(!validator.is_valid(&instance));
        bencher.bench(|| validator.iter_errors(divan::black_box(&instance)).collect::<Vec<_>>());
    }

    #[divan::bench(args = EXAMPLES)]
    fn invalid_submit(bencher: Bencher, example: Example) {
        let form = example.compiled();
        let instance = object(&example.invalid());
        assert!(submit(&form, Submitted::new(instance.clone()), &circumstances()).is_err());
        bencher
            .with_inputs(|| Submitted::new(instance.clone()))
            .bench_values(|submitted| submit(&form, submitted, &circumstances()));
    }
}

const FORMS: usize = 10_000;
const FORMS_PER_DIRECTORY: usize = 100;

/// A configuration directory of [`FORMS`] forms, removed when dropped.
struct Directory {
    root: TempDir,
}

impl Directory {
    fn new() -> Self {
        let directory = Self { root: tempfile::tempdir().unwrap() };
        for index in 0..FORMS {
            let path = directory.path(index);
            if index % FORMS_PER_DIRECTORY == 0 {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            }
            std::fs::write(path, form(index, "as first written")).unwrap();
        }
        directory
    }

    fn configs(&self) -> &Path {
        self.root.path()
    }

    fn path(&self, index: usize) -> PathBuf {
        let directory = index / FORMS_PER_DIRECTORY;
        self.configs().join(format!("forms/partner_{directory:03}/form_{index:05}.toml"))
    }

    fn load(&self) -> Registry {
        let (registry, reload) = Registry::load(self.configs(), long_after()).unwrap();
        assert_eq!((reload.changed.len(), reload.diagnostics.len()), (FORMS, 0));
        registry
    }
}

/// A form of six fields, three of them in a group. Of its patterns most are shared with some other form, and in
/// every tenth form one is not.
fn form(index: usize, description: &str) -> String {
    let code = if index.is_multiple_of(10) { format!("^f{index}-[0-9]+$") } else { "^f?[0-9-]+$".to_owned() };
    let digits = 1 + index % 16;
    let maximum = 20 + index % 80;
    format!(
        r#"description = "Form {index}, {description}"
resource = "User"
access = "public"

[fields.email]
normalize = ["trim", "lowercase"]

[fields.first_name]
normalize = ["squish"]
validation.presence = true
validation.length.maximum = {maximum}

[fields.external_id]
validation.format.with = '^[A-Z]{{2}}-[0-9]{{{digits},20}}$'

[fields.properties.plan]
validation.inclusion = {{ in = ["free", "team", "company"] }}
default = "free"

[fields.properties.seats]
type = "integer"
validation.numericality = {{ greater_than = 0, less_than_or_equal_to = {maximum} }}

[fields.properties.code]
validation.format = {{ with = '{code}', message = "is not a code of this form" }}

[[examples]]
form = {{ first_name = "Ada", email = "ada@example.com", external_id = "PL-12345678901234567890" }}
"#
    )
}

/// A time at which no file of the benchmark is so young that it has to be read again.
fn long_after() -> SystemTime {
    SystemTime::now() + Duration::from_hours(1)
}

/// A directory of 10,000 forms.
mod directory {
    use super::{Bencher, Directory, FORMS, Registry, SystemTime, form, long_after};

    #[divan::bench(sample_count = 5, sample_size = 1)]
    fn load(bencher: Bencher) {
        let directory = Directory::new();
        drop(directory.load());
        bencher.bench_local(|| Registry::load(directory.configs(), long_after()).unwrap());
    }

    #[divan::bench(sample_count = 20, sample_size = 1)]
    fn reload_one_changed(bencher: Bencher) {
        let directory = Directory::new();
        let registry = directory.load();
        let mut writes = 0;
        bencher
            .with_inputs(|| {
                writes += 1;
                std::fs::write(
                    directory.path(FORMS / 2),
                    form(FORMS / 2, &format!("written {writes} times")),
                )
                .unwrap();
            })
            .bench_local_values(|()| {
                let reload = registry.reload(long_after()).unwrap();
                assert_eq!((reload.compiled, reload.changed.len()), (1, 1));
            });
    }

    #[divan::bench(sample_count = 20, sample_size = 1)]
    fn reload_nothing_changed(bencher: Bencher) {
        let directory = Directory::new();
        let registry = directory.load();
        bencher.bench_local(|| assert!(!registry.reload(long_after()).unwrap().is_change()));
    }

    /// As after a checkout: every file is so young that it is read again and compared.
    #[divan::bench(sample_count = 20, sample_size = 1)]
    fn reload_nothing_changed_all_young(bencher: Bencher) {
        let directory = Directory::new();
        let registry = directory.load();
        bencher.bench_local(|| assert!(!registry.reload(SystemTime::UNIX_EPOCH).unwrap().is_change()));
    }
}
