//! `formwork schema`: the compiled JSON Schemas, on standard output or as files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use formwork_engine::diagnostic::has_errors;
use formwork_engine::suppression::Scope;
use serde_json::{Map, Value};

use super::{Verdict, output};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Names of forms; all of them without. One is printed as it is, several as an object by name.
    names: Vec<String>,
    /// Writes one file per form into this directory instead.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Writes nothing, and fails if the files in the directory are not what would be written.
    #[arg(long, requires = "out")]
    check: bool,
}

pub(super) fn run(configs: &Path, arguments: &Arguments) -> anyhow::Result<Verdict> {
    let (built, _) = output::build_directory(configs)?;
    let mut documents = BTreeMap::new();
    for built in &built {
        if has_errors(&built.diagnostics) {
            output::error(&output::findings_for_stderr(&built.reported(Vec::new(), Scope::Files)));
        }
        if let Some(form) = &built.form {
            documents.insert(form.name().to_owned(), form.document.clone());
        }
    }
    let broken = built.iter().any(|built| built.form.is_none());
    if !arguments.names.is_empty() {
        for name in &arguments.names {
            if !documents.contains_key(name) {
                bail!("there is no form `{name}` that compiles in {}", configs.display());
            }
        }
        documents.retain(|name, _| arguments.names.contains(name));
    }
    let verdict = match &arguments.out {
        None => print(documents)?,
        Some(directory) if arguments.check => {
            // With names given, the other files are none of this run's business.
            let exhaustive = arguments.names.is_empty();
            check(directory, &documents, exhaustive)?
        }
        Some(directory) => write(directory, &documents)?,
    };
    Ok(if broken && arguments.names.is_empty() { Verdict::Findings } else { verdict })
}

fn pretty(document: &Value) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(document)? + "\n")
}

fn print(mut documents: BTreeMap<String, Value>) -> anyhow::Result<Verdict> {
    let document = match documents.pop_first() {
        Some((_, only)) if documents.is_empty() => only,
        Some((name, first)) => {
            documents.insert(name, first);
            Value::Object(documents.into_iter().collect::<Map<_, _>>())
        }
        None => Value::Object(Map::new()),
    };
    output::print(&pretty(&document)?);
    Ok(Verdict::Clean)
}

fn path_of(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!("{name}.schema.json"))
}

fn write(directory: &Path, documents: &BTreeMap<String, Value>) -> anyhow::Result<Verdict> {
    for (name, document) in documents {
        let path = path_of(directory, name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
        }
        fs::write(&path, pretty(document)?).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(Verdict::Clean)
}

fn check(directory: &Path, documents: &BTreeMap<String, Value>, exhaustive: bool) -> anyhow::Result<Verdict> {
    let mut drift = Vec::new();
    for (name, document) in documents {
        let path = path_of(directory, name);
        match fs::read_to_string(&path) {
            Ok(text) if text == pretty(document)? => {}
            Ok(_) => drift.push(format!("{} is out of date", path.display())),
            Err(_) => drift.push(format!("{} is missing", path.display())),
        }
    }
    if exhaustive {
        let expected: Vec<PathBuf> = documents.keys().map(|name| path_of(directory, name)).collect();
        let left_over = files(directory).into_iter().filter(|path| !expected.contains(path));
        drift.extend(left_over.map(|path| format!("{} belongs to no form", path.display())));
    }
    for line in &drift {
        output::print(&format!("{line}\n"));
    }
    if !drift.is_empty() {
        output::error("run the command without --check to write the files\n");
    }
    Ok(Verdict::findings(!drift.is_empty()))
}

/// Every schema file below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.to_string_lossy().ends_with(".schema.json") {
            found.push(path);
        }
    }
    found
}
