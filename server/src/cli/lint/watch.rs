//! `formwork lint --watch`: everything again after each change. Only what changed is compiled again.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Context;
use formwork_engine::registry::{Registry, Snapshot};
use formwork_engine::render::shown_path;
use formwork_engine::watch::{Options, watch};

use super::{Arguments, levels, report};
use crate::cli::Verdict;
use crate::cli::output;

/// What makes a terminal forget what is on it.
const CLEAR: &str = "\u{1b}[2J\u{1b}[3J\u{1b}[H";

/// Runs until Ctrl-C; the verdict is that of the last look.
pub(super) fn run(configs: &Path, arguments: &Arguments) -> anyhow::Result<Verdict> {
    let (registry, loaded) = Registry::load(&output::relative(configs), SystemTime::now())?;
    let registry = Arc::new(registry);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (sender, mut changed) = tokio::sync::mpsc::unbounded_channel();
    let _watcher = watch(Arc::clone(&registry), &loaded.watch, Options::default(), move |outcome| {
        // Nobody listens any more once the command ends.
        let _ = sender.send(outcome.err());
    })
    .context("cannot watch the configuration directory")?;
    runtime.block_on(async {
        let mut verdict = show(configs, &registry.snapshot(), arguments);
        let interrupted = tokio::signal::ctrl_c();
        tokio::pin!(interrupted);
        loop {
            tokio::select! {
                result = &mut interrupted => return Ok(result.map(|()| verdict)?),
                Some(error) = changed.recv() => match error {
                    Some(error) => output::error(&format!("the forms cannot be read: {error}\n")),
                    None => verdict = show(configs, &registry.snapshot(), arguments),
                },
            }
        }
    })
}

/// Reports everything; a `formwork.toml` that cannot be used is a finding too, and the run goes on.
fn show(configs: &Path, snapshot: &Snapshot, arguments: &Arguments) -> Verdict {
    if output::is_terminal() {
        output::print(CLEAR);
    }
    // Read each time, since it too is written beside the forms.
    let levels = match levels::load(configs, arguments.config.as_deref()) {
        Ok(levels) => levels,
        Err(error) => {
            output::error(&format!("error: {error:#}\n"));
            return Verdict::Findings;
        }
    };
    let found = levels.apply(snapshot.diagnostics().cloned().collect());
    let files = || snapshot.statuses.iter().map(|status| shown_path(&status.source)).collect();
    report(&found, files, snapshot.statuses.len(), arguments);
    arguments.fail_on.verdict(&found)
}
