//! Standard output and standard error, and what goes to them.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::SystemTime;

use clap::ValueEnum;
use formwork_engine::build::{Built, build_all, build_locales};
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
}

/// Writes to standard output; whoever closed it wants no more.
pub(super) fn print(text: &str) {
    let _ = io::stdout().lock().write_all(text.as_bytes());
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

/// Findings as text for standard output.
pub(super) fn findings(diagnostics: &[Diagnostic], format: Format) -> String {
    match format {
        Format::Text => render(diagnostics, render::Format::Text { colour: wants_colour(&io::stdout()) }),
        Format::Concise => render(diagnostics, render::Format::Concise),
    }
}

/// Findings as text for standard error.
pub(super) fn findings_for_stderr(diagnostics: &[Diagnostic]) -> String {
    render(diagnostics, render::Format::Text { colour: wants_colour(&io::stderr()) })
}

/// Builds every form and locale of a directory, for commands that need forms and no server.
pub(super) fn build_directory(configs: &Path) -> anyhow::Result<(Vec<Built>, Locales)> {
    let listing = source::list(configs)?;
    let (locales, _) = build_locales(&listing.locales);
    Ok((build_all(&Compiler::new(), &listing.forms, SystemTime::now()), locales))
}
