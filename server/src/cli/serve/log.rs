//! Where the log goes, and in which shape.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use tracing::Subscriber;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

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

/// Whether standard error is for programs that read objects line by line; decided once, by [`begin`].
static OBJECTS_ONLY: AtomicBool = AtomicBool::new(false);

/// Tells of the server itself: a line for people, whatever they have logged, or an event among the others.
pub(super) fn say(text: &str) {
    if OBJECTS_ONLY.load(Ordering::Relaxed) {
        tracing::info!("{text}");
    } else {
        output::error(&format!("{text}\n"));
    }
}

/// What has to be finished at the end of the process.
pub(super) struct Begun {
    #[cfg(feature = "otlp")]
    traces: Option<super::traces::Traces>,
}

impl Begun {
    /// Sends the traces that have not been sent yet.
    #[cfg_attr(not(feature = "otlp"), allow(clippy::unused_self, reason = "there is nothing to finish"))]
    pub(super) fn finish(self) {
        #[cfg(feature = "otlp")]
        if let Some(traces) = self.traces {
            traces.finish();
        }
    }
}

/// Logs to standard error from here on, and sends traces where the environment says so.
pub(super) fn begin(setting: &LogSetting, dev: bool) -> anyhow::Result<Begun> {
    OBJECTS_ONLY.store(matches!(setting.log_format, Format::Json), Ordering::Relaxed);
    let default = if dev { "warn" } else { "info" };
    let filter = setting.log.as_deref().unwrap_or(default);
    let filter = filter_of(filter)?;
    // The watcher's library traces every file event; a log file beside the forms would feed itself.
    let filter = filter.add_directive("notify=warn".parse()?);
    #[cfg(feature = "otlp")]
    if let Some(traces) = super::traces::Traces::from_environment()? {
        // Each has its own filter: traces are the same however little is logged.
        registry().with(lines(setting.log_format).with_filter(filter)).with(traces.layer()).init();
        return Ok(Begun { traces: Some(traces) });
    }
    registry().with(filter).with(lines(setting.log_format)).init();
    Ok(Begun {
        #[cfg(feature = "otlp")]
        traces: None,
    })
}

/// Reads levels and directives.
///
/// # Errors
/// When one is neither. The library takes a word that is no level for the name of a module, and so a misspelt level for a
/// wish to see nothing but the log of that.
fn filter_of(text: &str) -> anyhow::Result<EnvFilter> {
    let alone = text.split(',').find(|directive| {
        !directive.is_empty()
            && !directive.contains(['=', '[', ':'])
            && directive.parse::<LevelFilter>().is_err()
    });
    if let Some(word) = alone {
        bail!(
            "`{word}` is no level of the log: these are off, error, warn, info, debug and trace; for a module, write `{word}=debug`"
        );
    }
    EnvFilter::try_new(text).with_context(|| format!("`{text}` is not a log filter"))
}

/// What writes events.
fn lines<S: Subscriber + for<'a> LookupSpan<'a>>(format: Format) -> Box<dyn Layer<S> + Send + Sync> {
    let lines = fmt::layer().with_writer(std::io::stderr);
    match format {
        Format::Text => lines.with_ansi(output::wants_colour(&std::io::stderr())).boxed(),
        Format::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_no_level_is_refused() {
        for filter in
            ["info", "WARN", "off", "formwork=debug,sqlx=warn", "warn,formwork=info", "formwork::http=debug"]
        {
            assert!(filter_of(filter).is_ok(), "{filter}");
        }
        for filter in ["warning", "inof", "formwork=debug,wran", "formwork=nothing"] {
            assert!(filter_of(filter).is_err(), "{filter}");
        }
        assert!(filter_of("warning").unwrap_err().to_string().starts_with("`warning` is no level"));
    }
}
