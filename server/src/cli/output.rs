//! Standard output and standard error, and what goes to them.

use std::io::{self, IsTerminal, Write};
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use clap::ValueEnum;
use formwork_engine::build::{Built, build_all, read_locales};
use formwork_engine::compile::Compiler;
use formwork_engine::diagnostic::Diagnostic;
use formwork_engine::messages::Locales;
use formwork_engine::render::{self, render};
use formwork_engine::source;

/// How findings are written.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(super) enum Format {
    /// With the source around each.
    #[default]
    Text,
    /// One line each.
    Concise,
    /// One JSON document, which `schemas/diagnostics.schema.json` describes.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations of a GitHub workflow.
    Github,
    /// A report for GitLab's Code Quality.
    Gitlab,
    /// A `JUnit` report, with a suite for each file.
    Junit,
}

/// Writes to standard output; whoever closed it wants no more.
pub(super) fn print(text: &str) {
    let mut stdout = io::stdout().lock();
    // Without an end of line it would wait for what is printed next.
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Writes to standard error.
pub(super) fn error(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Colour only on a terminal, and never under `NO_COLOR`.
pub(super) fn wants_colour(stream: &impl IsTerminal) -> bool {
    let forbidden = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    stream.is_terminal() && !forbidden
}

/// Whether standard output is a terminal.
pub(super) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Findings as text for standard output; `files` are the paths of everything that was looked at.
pub(super) fn findings(diagnostics: &[Diagnostic], files: &[String], format: Format) -> String {
    let format = match format {
        Format::Text => render::Format::Text { colour: wants_colour(&io::stdout()) },
        Format::Concise => render::Format::Concise,
        Format::Json => render::Format::Json,
        Format::Sarif => render::Format::Sarif,
        Format::Github => render::Format::Github,
        Format::Gitlab => render::Format::Gitlab,
        Format::Junit => return render::junit(diagnostics, files),
    };
    render(diagnostics, format)
}

/// Findings as text for standard error.
pub(super) fn findings_for_stderr(diagnostics: &[Diagnostic]) -> String {
    render(diagnostics, render::Format::Text { colour: wants_colour(&io::stderr()) })
}

/// A path as people and other programs know it: from the working directory on, where it is below it.
pub(super) fn relative(path: &Path) -> PathBuf {
    relative_to(std::env::current_dir().ok().as_deref(), path)
}

/// The same of many paths: where this process works is asked once.
pub(super) fn make_relative<'p>(paths: impl IntoIterator<Item = &'p mut PathBuf>) {
    let here = std::env::current_dir().ok();
    for path in paths {
        *path = relative_to(here.as_deref(), path);
    }
}

fn relative_to(here: Option<&Path>, path: &Path) -> PathBuf {
    let below = here.and_then(|here| path.strip_prefix(here).ok());
    below.unwrap_or(path).components().filter(|part| *part != Component::CurDir).collect()
}

/// Builds every form and locale of a directory, for commands that need forms and no server.
pub(super) fn build_directory(configs: &Path) -> anyhow::Result<(Vec<Built>, Locales)> {
    let listing = source::list(configs)?;
    let locales = read_locales(&listing.locales).sound();
    Ok((build_all(&Compiler::new(), &listing.forms, SystemTime::now()), locales))
}
