//! What can be mended without thinking: as a difference, or written.
//!
//! Fixes that touch one another are applied in rounds, and after each the file is looked at anew, until there is
//! nothing left to mend.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use formwork_engine::diagnostic::{Diagnostic, Fix};
use formwork_engine::fix;
use formwork_engine::levels::Levels;
use formwork_engine::render::shown_path;
use formwork_engine::source::{BYTE_ORDER_MARK, SourceFile};
use similar::TextDiff;

use super::inspection::Inspection;

/// A file before and after, and what was done to it.
struct Mended {
    before: Arc<SourceFile>,
    after: String,
    /// How often each fix was applied, by its title.
    titles: BTreeMap<String, usize>,
}

/// The changes as a unified diff.
pub(super) fn diff(inspection: &Inspection, levels: &Levels) -> String {
    let difference = |file: &Mended| {
        let path = shown_path(&file.before);
        TextDiff::from_lines(file.before.text.as_str(), file.after.as_str())
            .unified_diff()
            .header(&format!("a/{path}"), &format!("b/{path}"))
            .to_string()
    };
    mended(inspection, levels).iter().map(difference).collect()
}

/// Writes the changes; a line for each kind of change in each file.
pub(super) fn write(inspection: &Inspection, levels: &Levels) -> anyhow::Result<String> {
    let mut changes = String::new();
    for file in mended(inspection, levels) {
        let path = &file.before.path;
        replace(path, &file.after).with_context(|| format!("cannot write {}", path.display()))?;
        for (title, count) in &file.titles {
            let times = if *count == 1 { String::new() } else { format!(" ({count} times)") };
            let _ = writeln!(changes, "{}: {title}{times}", shown_path(&file.before));
        }
    }
    Ok(changes)
}

fn mended(inspection: &Inspection, levels: &Levels) -> Vec<Mended> {
    let mut files: Vec<&Arc<SourceFile>> = Vec::new();
    for found in inspection.found.iter().filter(|found| found.fix.is_some()) {
        if !files.iter().any(|file| Arc::ptr_eq(file, &found.primary.file)) {
            files.push(&found.primary.file);
        }
    }
    files.into_iter().map(|file| mend(inspection, levels, file)).collect()
}

fn mend(inspection: &Inspection, levels: &Levels, before: &Arc<SourceFile>) -> Mended {
    let of_file = |found: &&Diagnostic| Arc::ptr_eq(&found.primary.file, before);
    let mut found: Vec<Diagnostic> = inspection.found.iter().filter(of_file).cloned().collect();
    let mut titles = BTreeMap::new();
    let mut file = Arc::clone(before);
    loop {
        let fixes: Vec<&Fix> = found.iter().filter_map(|found| found.fix.as_ref()).collect();
        let (text, applied) = fix::apply(&file.text, &fixes);
        // Each round leaves less to mend, so there is a last.
        if text == file.text {
            return Mended { before: Arc::clone(before), after: text, titles };
        }
        for fix in applied {
            *titles.entry(fix.title.clone()).or_default() += 1;
        }
        file = Arc::new(SourceFile::new(before.path.clone(), before.default_name.clone(), text));
        found = inspection.again(&file, levels);
    }
}

/// Puts a new text in the place of a file at once: whoever reads it sees the one or the other.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    // The file itself, not the link that leads to it.
    let path = path.canonicalize()?;
    let old = fs::read(&path)?;
    let mark = BYTE_ORDER_MARK.to_string();
    let mark = if old.starts_with(mark.as_bytes()) { mark } else { String::new() };
    // Hidden, so that it is never taken for a form; beside it, so that it is on the same file system.
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let new = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let written = fs::write(&new, mark + text)
        .and_then(|()| fs::set_permissions(&new, fs::metadata(&path)?.permissions()))
        .and_then(|()| fs::rename(&new, &path));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}
