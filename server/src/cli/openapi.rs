//! `formwork openapi`: the `OpenAPI` document of the forms, on standard output or as a file.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context;
use clap::Args;
use formwork_engine::diagnostic::has_errors;
use formwork_engine::model::Access;
use formwork_engine::registry::Registry;

use super::{Verdict, output};
use crate::openapi;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Only the public forms: what the server shows those who have no token.
    #[arg(long)]
    public: bool,
    /// Writes this file instead.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Writes nothing, and fails if the file is not what would be written.
    #[arg(long, requires = "out")]
    check: bool,
}

pub(super) fn run(configs: &Path, arguments: &Arguments) -> anyhow::Result<Verdict> {
    // As the server loads them: what clashes between forms shows here too.
    let (registry, loaded) = Registry::load(configs, SystemTime::now())?;
    let broken = has_errors(&loaded.diagnostics);
    if broken {
        output::error(&output::findings_for_stderr(&loaded.diagnostics));
    }
    let snapshot = registry.snapshot();
    let served = snapshot.statuses.iter().filter_map(|status| status.form.as_deref());
    let shown = served.filter(|form| !arguments.public || form.form.access == Access::Public);
    let text = serde_json::to_string_pretty(&openapi::document(shown))? + "\n";
    let drifted = match &arguments.out {
        None => {
            output::print(&text);
            false
        }
        Some(path) if arguments.check => has_drifted(path, &text),
        Some(path) => {
            fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
            false
        }
    };
    Ok(Verdict::findings(broken || drifted))
}

fn has_drifted(path: &Path, text: &str) -> bool {
    let state = match fs::read_to_string(path) {
        Ok(found) if found == text => return false,
        Ok(_) => "out of date",
        Err(_) => "missing",
    };
    output::print(&format!("{} is {state}\n", path.display()));
    output::error("run the command without --check to write the file\n");
    true
}
