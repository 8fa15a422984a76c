//! `formwork new`: a commented form to start from.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail};
use clap::Args;
use formwork_engine::build::build;
use formwork_engine::compile::Compiler;
use formwork_engine::diagnostic::has_errors;
use formwork_engine::source::SourceFile;

use super::{Verdict, output};

const TEMPLATE: &str = include_str!("new.toml");

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The form's name, such as `sign_up` or `developer/sign_up`.
    name: String,
}

pub(super) fn run(configs: &Path, arguments: &Arguments) -> anyhow::Result<Verdict> {
    let name = &arguments.name;
    let path = configs.join("forms").join(format!("{name}.toml"));
    let source = SourceFile::new(path.clone(), name.clone(), TEMPLATE.to_owned()).into();
    let built = build(&Compiler::new(), &source, None, std::time::SystemTime::now());
    if has_errors(&built.diagnostics) {
        bail!(
            "`{name}` cannot be a form's name: use lower-case letters, digits and `_`, in parts separated by `/`"
        );
    }
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).with_context(|| format!("cannot create {}", directory.display()))?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)
        .with_context(|| format!("cannot create {}", path.display()))?;
    file.write_all(TEMPLATE.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
    output::print(&format!("{}\n", path.display()));
    Ok(Verdict::Clean)
}
