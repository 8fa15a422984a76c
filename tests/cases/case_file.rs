//! A case file of `submit/`: a form, and requests with what becomes of them.
//!
//! Read by the harness beside it and by the tests in `tests/engine`, which ask other questions of the same forms.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use formwork_engine::build::build;
use formwork_engine::compile::{CompiledForm, Compiler};
use formwork_engine::diagnostic::Severity;
use formwork_engine::messages::{Languages, Locale, Locales};
use formwork_engine::render::{Format, render};
use formwork_engine::source::SourceFile;
use formwork_engine::submission::Circumstances;
use serde::Deserialize;
use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

/// One file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CaseFile {
    /// What the file shows.
    pub(crate) description: String,
    /// The form, in TOML.
    pub(crate) form: String,
    /// Locale files by language tag, in TOML.
    #[serde(default)]
    locales: BTreeMap<String, String>,
    /// What is submitted to it.
    pub(crate) requests: Vec<Request>,
}

/// One submission with its outcome.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// What this request shows.
    pub(crate) description: String,
    /// When it is sent; on 23 November 2026 at noon where nothing is said.
    now: Option<String>,
    /// The name of the token that it is sent with.
    token: Option<String>,
    /// Where it comes from.
    address: Option<IpAddr>,
    /// The languages that its sender accepts, as `Accept-Language` has them.
    language: Option<String>,
    /// The `form` value.
    form: Option<Map<String, Value>>,
    /// The same in JSON, for what TOML cannot say: null, and a number's own spelling.
    form_json: Option<String>,
    /// What is stored.
    pub(crate) accepted: Option<Accepted>,
    /// Why it is refused: all of it, in this order.
    pub(crate) errors: Option<Vec<Refusal>>,
}

/// What an accepted request leaves.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Accepted {
    /// What is stored.
    attributes: Option<Map<String, Value>>,
    /// The same in JSON, for null.
    attributes_json: Option<String>,
    /// Whether there is a password to hash.
    #[serde(default)]
    pub(crate) password: bool,
    /// The dotted paths of what must be unique; nearly always the address alone.
    #[serde(default = "address_alone")]
    pub(crate) claims: Vec<String>,
}

/// One violation as a client sees it.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refusal {
    pub(crate) path: String,
    pub(crate) pointer: String,
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) params: Map<String, Value>,
    pub(crate) message: String,
}

fn address_alone() -> Vec<String> {
    vec!["email".to_owned()]
}

impl CaseFile {
    /// Reads a file; panics where it is no case, since then it tests nothing.
    pub(crate) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let table = DeTable::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let case: Self = serde_json::from_value(object(table.get_ref()))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(!case.requests.is_empty(), "{} submits nothing: {}", path.display(), case.description);
        case
    }

    /// Compiles the form, which must have no errors; it has no examples, which is one warning.
    pub(crate) fn compile(&self, compiler: &Compiler) -> Arc<CompiledForm> {
        let source = SourceFile::new(PathBuf::from("form.toml"), "case".to_owned(), self.form.clone());
        let built = build(compiler, &Arc::new(source), None, time(NOW));
        let errors: Vec<_> =
            built.diagnostics.iter().filter(|found| found.severity == Severity::Error).cloned().collect();
        assert!(errors.is_empty(), "{}", render(&errors, Format::Text { colour: false }));
        built.form.unwrap()
    }
}

/// The time at which cases are judged that do not say when.
const NOW: &str = "2026-11-23T12:00:00Z";

/// That time.
pub(crate) fn now() -> SystemTime {
    time(NOW)
}

fn time(text: &str) -> SystemTime {
    let instant =
        formwork_engine::model::parse_instant(text).unwrap_or_else(|| panic!("`{text}` is no time"));
    instant.try_into().unwrap()
}

impl CaseFile {
    /// The locales of the case, which must have no errors.
    pub(crate) fn locales(&self) -> Locales {
        Locales::new(self.locales.iter().map(|(tag, text)| {
            let source = SourceFile::new(PathBuf::from(format!("{tag}.toml")), tag.clone(), text.clone());
            let (locale, found) = Locale::read(&Arc::new(source), None);
            assert!(found.is_empty(), "{}", render(&found, Format::Text { colour: false }));
            Arc::new(locale)
        }))
    }
}

impl Request {
    /// The languages that its sender accepts.
    pub(crate) fn languages(&self) -> Languages {
        Languages::accepted(self.language.as_deref().unwrap_or_default())
    }

    /// Who sends it, when and from where.
    pub(crate) fn circumstances(&self) -> Circumstances {
        Circumstances {
            now: time(self.now.as_deref().unwrap_or(NOW)),
            token: self.token.clone(),
            language: self.languages().first().map(str::to_owned),
            address: self.address,
        }
    }

    /// The `form` value, from whichever of its two spellings the file has.
    pub(crate) fn submitted(&self) -> Map<String, Value> {
        one_of(self.form.as_ref(), self.form_json.as_deref())
            .unwrap_or_else(|| panic!("{}: a request has either `form` or `form_json`", self.description))
    }
}

impl Accepted {
    /// What is stored, from whichever of its two spellings the file has.
    pub(crate) fn attributes(&self) -> Map<String, Value> {
        one_of(self.attributes.as_ref(), self.attributes_json.as_deref())
            .expect("either `attributes` or `attributes_json`")
    }
}

fn one_of(toml: Option<&Map<String, Value>>, json: Option<&str>) -> Option<Map<String, Value>> {
    match (toml, json) {
        (Some(object), None) => Some(object.clone()),
        (None, Some(text)) => Some(serde_json::from_str(text).unwrap()),
        _ => None,
    }
}

/// Every case file of a directory below `cases/`, by name.
#[allow(dead_code, reason = "the harness finds the files itself")]
pub(crate) fn paths(directory: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases").join(directory);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    paths.sort();
    paths
}

/// A file of cases of any other shape; panics where it is none.
#[allow(dead_code, reason = "other tests share this file for its forms alone")]
pub(crate) fn from_toml<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    let text = std::fs::read_to_string(path).unwrap();
    let table = DeTable::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_value(object(table.get_ref()))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn object(table: &DeTable<'_>) -> Value {
    let entries = table.iter().map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref())));
    Value::Object(entries.collect())
}

fn json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(integer) => {
            Value::from(i64::from_str_radix(integer.as_str(), integer.radix()).unwrap())
        }
        DeValue::Float(float) => Value::from(float.as_str().parse::<f64>().unwrap()),
        DeValue::Boolean(boolean) => Value::from(*boolean),
        DeValue::Array(array) => array.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => object(table),
        DeValue::Datetime(datetime) => panic!("JSON has no date-time: {datetime}"),
    }
}
