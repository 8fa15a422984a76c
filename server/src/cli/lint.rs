//! `formwork lint`: every diagnostic of every form and locale.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Args;
use formwork_engine::build::{build_all, build_locales, diagnostics, unused_messages};
use formwork_engine::compile::Compiler;
use formwork_engine::{render, source};

use super::Verdict;
use super::output::{self, Format};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Files and directories; every form of the configuration directory without.
    paths: Vec<PathBuf>,
    /// How findings are written.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(configs: &Path, arguments: &Arguments) -> anyhow::Result<Verdict> {
    let listing = if arguments.paths.is_empty() {
        source::list(configs)?
    } else {
        source::list_paths(configs, &arguments.paths)?
    };
    let built = build_all(&Compiler::new(), &listing.forms, SystemTime::now());
    let mut found = diagnostics(&built);
    let (locales, of_locales) = build_locales(&listing.locales);
    found.extend(of_locales);
    // Some of the forms do not show which messages none of them needs.
    if arguments.paths.is_empty() {
        found.extend(unused_messages(&built, &locales));
    }
    output::print(&output::findings(&found, arguments.format));
    if matches!(arguments.format, Format::Text) {
        output::error(&format!("{}\n", render::summary(&found, built.len())));
    }
    Ok(Verdict::findings(!found.is_empty()))
}
