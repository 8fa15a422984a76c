//! What was served for each form before its last reload, and when that was.
//!
//! In: every reload, with the snapshot that it led to. Out: [`Past`], for one form. One version is kept for each form that
//! changed since the process began, in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use formwork_engine::compile::CompiledForm;
use formwork_engine::registry::{Reload, Snapshot};

/// What is remembered of a form.
#[derive(Clone, Debug)]
pub struct Past {
    /// When it was last reloaded, or else loaded.
    pub reloaded_at: SystemTime,
    /// What was served before it changed last.
    pub previous: Option<Arc<CompiledForm>>,
}

/// What is remembered of all forms.
pub struct History(Mutex<Memory>);

struct Memory {
    started_at: SystemTime,
    last: Arc<Snapshot>,
    forms: HashMap<String, Past>,
}

impl Default for History {
    fn default() -> Self {
        Self::new(Arc::default(), SystemTime::UNIX_EPOCH)
    }
}

impl History {
    /// Nothing has changed yet.
    #[must_use]
    pub fn new(last: Arc<Snapshot>, now: SystemTime) -> Self {
        Self(Mutex::new(Memory { started_at: now, last, forms: HashMap::new() }))
    }

    /// Remembers what a reload put something else in the place of.
    pub fn note(&self, snapshot: &Arc<Snapshot>, reload: &Reload, now: SystemTime) {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut memory.last, Arc::clone(snapshot));
        for name in &reload.removed {
            memory.forms.remove(name);
        }
        for (name, _) in &reload.changed {
            let (was, is) = (before.form(name), snapshot.form(name));
            let replaced = was.filter(|was| is.is_none_or(|is| !Arc::ptr_eq(was, is)));
            let known = memory.forms.remove(name).and_then(|past| past.previous);
            // A form that breaks is served as before: then what was there before that is still the last one.
            let previous = replaced.cloned().or(known);
            memory.forms.insert(name.clone(), Past { reloaded_at: now, previous });
        }
    }

    /// What is remembered of a form.
    #[must_use]
    pub fn of(&self, name: &str) -> Past {
        let memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let unchanged = || Past { reloaded_at: memory.started_at, previous: None };
        memory.forms.get(name).cloned().unwrap_or_else(unchanged)
    }
}
