//! `formwork lint`: every diagnostic of every form, locale, policy and template.

mod fixes;
mod inspection;
mod levels;
mod watch;

use std::io;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, ValueEnum};
use formwork_engine::diagnostic::{Diagnostic, Severity};
use formwork_engine::levels::Levels;
use formwork_engine::suppression::Scope;
use formwork_engine::{render, source};
use inspection::Inspection;

use super::Verdict;
use super::output::{self, Format};

/// The path that stands for standard input.
const STDIN: &str = "-";

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Files and directories, or `-` for standard input; the whole configuration directory without.
    paths: Vec<PathBuf>,
    /// How findings are written.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// From what on findings make the exit status 1.
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t)]
    fail_on: FailOn,
    /// Mends what can be mended without changing what a form accepts.
    #[arg(long, conflicts_with = "diff")]
    fix: bool,
    /// Shows what --fix would change, instead of the findings, and writes nothing.
    #[arg(long)]
    diff: bool,
    /// The file with the levels of rules; the nearest `formwork.toml` without.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The path that standard input goes by, which gives a form its name.
    #[arg(long, value_name = "FILE", default_value = "stdin.toml")]
    stdin_filename: PathBuf,
    /// Stays, and reports everything again after each change, until Ctrl-C.
    #[arg(long, conflicts_with_all = ["paths", "fix", "diff"])]
    watch: bool,
}

/// The mildest findings that make a run fail.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum FailOn {
    /// Errors alone.
    Error,
    /// Any finding.
    #[default]
    Warning,
    /// Nothing.
    Never,
}

impl FailOn {
    fn verdict(self, found: &[Diagnostic]) -> Verdict {
        Verdict::findings(match self {
            Self::Never => false,
            Self::Warning => !found.is_empty(),
            Self::Error => found.iter().any(|found| found.severity == Severity::Error),
        })
    }
}

pub(super) fn run(configs: &Path, arguments: &Arguments) -> anyhow::Result<Verdict> {
    let levels = levels::load(configs, arguments.config.as_deref())?;
    if arguments.watch {
        return watch::run(configs, arguments);
    }
    let look = || inspect(configs, arguments, &levels);
    let mut inspection = look()?;
    if arguments.diff {
        output::print(&fixes::diff(&inspection, &levels));
        return Ok(arguments.fail_on.verdict(&inspection.found));
    }
    if arguments.fix {
        let changes = fixes::write(&inspection, &levels)?;
        output::error(&changes);
        if !changes.is_empty() {
            inspection = look()?;
        }
    }
    report(&inspection.found, || inspection.files(), inspection.forms, arguments);
    if !inspection.unread.is_empty() {
        // What is in them is not known, whatever else was found.
        let paths: Vec<String> =
            inspection.unread.iter().map(|path| format!("`{}`", path.display())).collect();
        bail!("cannot read {}: what cannot be read is neither right nor wrong", paths.join(", "));
    }
    Ok(arguments.fail_on.verdict(&inspection.found))
}

fn inspect(configs: &Path, arguments: &Arguments, levels: &Levels) -> anyhow::Result<Inspection> {
    if arguments.paths.iter().any(|path| path == Path::new(STDIN)) {
        if arguments.paths.len() > 1 {
            bail!("`-` is standard input, and stands alone");
        }
        if arguments.fix {
            bail!("what comes from standard input cannot be written; --diff shows what would change");
        }
        let (place, kind) = source::place(configs, &output::relative(&arguments.stdin_filename));
        let text = source::decode(&place, Ok(io::stdin().lock()));
        return Inspection::of_text(text, kind, configs, levels);
    }
    let (listing, scope) = if arguments.paths.is_empty() {
        (source::list(configs)?, Scope::Directory)
    } else {
        (source::list_paths(configs, &arguments.paths)?, Scope::Files)
    };
    let found = [&listing.forms, &listing.locales, &listing.policies, &listing.templates];
    let is_empty = found.iter().all(|files| files.is_empty());
    if is_empty && !arguments.paths.is_empty() {
        output::error("warning: there is no `.toml` file in what was named\n");
    }
    Inspection::of_files(listing, scope, configs, levels)
}

/// `files` gives the path of everything that was looked at, which few formats show: of ten thousand forms the paths alone
/// take longer than what was found in the one that changed.
fn report(found: &[Diagnostic], files: impl FnOnce() -> Vec<String>, forms: usize, arguments: &Arguments) {
    let files = if matches!(arguments.format, Format::Junit) { files() } else { Vec::new() };
    output::print(&output::findings(found, &files, arguments.format));
    if matches!(arguments.format, Format::Text) {
        output::error(&format!("{}\n", render::summary(found, forms)));
    }
}
