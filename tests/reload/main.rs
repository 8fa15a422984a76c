//! Hot reload from outside: files change as editors, tools and orchestrators change them; what is served follows.
//!
//! The poll is off unless a test is about it, so that it cannot stand in for events that are missed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod alike;
mod editors;
mod faults;
mod flips;
mod locales;
mod policies;
mod swaps;
mod templates;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use formwork_engine::compile::CompiledForm;
use formwork_engine::registry::{Registry, Snapshot, State};
use formwork_engine::watch::{Options, Outcome, Watcher, watch};

/// After so long without any change a test has failed; nothing is measured by it.
const GIVE_UP: Duration = Duration::from_secs(30);

/// A form whose description tells its versions apart.
fn form(description: &str) -> String {
    format!(
        "description = \"{description}\"\nresource = \"User\"\n\n[[examples]]\nform = {{ email = \"a@example.com\" }}\n"
    )
}

/// Writes a file in place: truncated, then filled, as most editors and shells do.
fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A watched directory.
struct Live {
    root: tempfile::TempDir,
    registry: Arc<Registry>,
    changes: Receiver<()>,
    outcomes: Arc<Mutex<Vec<Outcome>>>,
    _watcher: Watcher,
}

impl Live {
    /// Watches `configs` in a new directory after `prepare` has filled it.
    fn new(prepare: impl FnOnce(&Path)) -> Self {
        Self::with(Options { events: true, poll: Duration::from_hours(1) }, prepare)
    }

    fn with(options: Options, prepare: impl FnOnce(&Path)) -> Self {
        let root = tempfile::tempdir().unwrap();
        prepare(root.path());
        let (registry, loaded) = Registry::load(&root.path().join("configs"), SystemTime::now()).unwrap();
        let registry = Arc::new(registry);
        let (sender, changes) = channel();
        let outcomes = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&outcomes);
        let tell = move |outcome| {
            told.lock().unwrap().push(outcome);
            let _ = sender.send(());
        };
        let watcher = watch(Arc::clone(&registry), &loaded.watch, options, tell).unwrap();
        Self { root, registry, changes, outcomes, _watcher: watcher }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        self.registry.snapshot()
    }

    fn form(&self, name: &str) -> Option<Arc<CompiledForm>> {
        self.snapshot().form(name).cloned()
    }

    fn description(&self, name: &str) -> Option<String> {
        self.form(name)?.form.description.clone()
    }

    fn state(&self, name: &str) -> Option<State> {
        self.snapshot().status(name).map(|status| status.state)
    }

    /// Waits for reloads until the forms are as they should be.
    fn until(&self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        while !holds(self) {
            self.changes.recv_timeout(GIVE_UP).unwrap_or_else(|_| panic!("never so: {what}"));
        }
    }

    fn until_described(&self, name: &str, description: &str) {
        self.until(&format!("`{name}` is {description}"), |live| {
            live.description(name).as_deref() == Some(description)
        });
    }
}
