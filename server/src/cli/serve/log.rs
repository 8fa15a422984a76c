//! Where the log goes, and in which shape.

use anyhow::Context;
use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

use crate::cli::output;

/// What is logged, and how.
#[derive(Args, Debug)]
pub(super) struct LogSetting {
    /// What is logged: a level, or directives such as `formwork=debug,sqlx=warn`.
    #[arg(long, value_name = "FILTER", env = "FORMWORK_LOG", hide_env_values = true)]
    log: Option<String>,
    /// Lines for people, or an object of JSON for each event.
    #[arg(
        long,
        value_name = "FORMAT",
        env = "FORMWORK_LOG_FORMAT",
        hide_env_values = true,
        value_enum,
        default_value_t = Format::Text
    )]
    log_format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Logs to standard error from here on.
pub(super) fn begin(setting: &LogSetting, dev: bool) -> anyhow::Result<()> {
    let default = if dev { "warn" } else { "info" };
    let filter = setting.log.as_deref().unwrap_or(default);
    let filter = EnvFilter::try_new(filter).with_context(|| format!("`{filter}` is not a log filter"))?;
    // The watcher's library traces every file event; a log file beside the forms would feed itself.
    let filter = filter.add_directive("notify=warn".parse()?);
    let events = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match setting.log_format {
        Format::Text => events.with_ansi(output::wants_colour(&std::io::stderr())).init(),
        Format::Json => events.json().flatten_event(true).with_span_list(false).init(),
    }
    Ok(())
}
