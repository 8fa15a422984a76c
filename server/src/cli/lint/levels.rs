//! Which `formwork.toml` there is, and what it says.

use std::path::{Path, PathBuf};

use anyhow::bail;
use formwork_engine::levels::Levels;
use formwork_engine::source::{self, FormPath};

use crate::cli::output;

const FILE_NAME: &str = "formwork.toml";

/// The levels of the file that is named, or of the nearest: in the configuration directory or a directory above it.
pub(super) fn load(configs: &Path, named: Option<&Path>) -> anyhow::Result<Levels> {
    let Some(path) = named.map(Path::to_path_buf).or_else(|| nearest(configs)) else {
        return Ok(Levels::default());
    };
    let file = FormPath { path: output::relative(&path), default_name: String::new() };
    let (source, fault) = source::read(&file);
    let (levels, found) = Levels::read(&source, fault.as_ref());
    if !found.is_empty() {
        output::error(&output::findings_for_stderr(&found));
        bail!("{} cannot be used", file.path.display());
    }
    Ok(levels)
}

fn nearest(configs: &Path) -> Option<PathBuf> {
    let configs = std::path::absolute(configs).ok()?;
    configs.ancestors().map(|directory| directory.join(FILE_NAME)).find(|path| path.is_file())
}
