//! The rules of forms for browsers, kept for as long as nothing changes: they are the most of a page, and the same for
//! everyone who reads one language.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use formwork_engine::compile::CompiledForm;
use formwork_engine::messages::Languages;
use formwork_engine::presentation::rules_for_browser;
use formwork_engine::registry::Snapshot;

/// How many are kept: a few languages of a hundred forms.
const MAX_KEPT: usize = 256;

/// What was made of one generation of forms.
#[derive(Default)]
pub(super) struct Rules(Mutex<Generation>);

#[derive(Default)]
struct Generation {
    number: u64,
    /// By the form's name and the languages that it is told in.
    rules: HashMap<(String, Vec<String>), Arc<str>>,
}

impl Rules {
    /// A form's rules as JSON.
    pub(super) fn of(&self, snapshot: &Snapshot, form: &CompiledForm, languages: &Languages) -> Arc<str> {
        let told = snapshot.locales.chosen(languages).into_iter().map(str::to_owned).collect();
        let kept = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (form.name().to_owned(), told);
        {
            let kept = kept();
            // A request that began before a reload neither sees what came after it nor throws it away.
            if let Some(rules) = kept.rules.get(&key).filter(|_| kept.number == snapshot.generation) {
                return Arc::clone(rules);
            }
        }
        let rules: Arc<str> = rules_for_browser(form, &snapshot.locales, languages).to_string().into();
        let mut kept = kept();
        if kept.number < snapshot.generation {
            *kept = Generation { number: snapshot.generation, rules: HashMap::new() };
        }
        if kept.number == snapshot.generation {
            if kept.rules.len() >= MAX_KEPT {
                kept.rules.clear();
            }
            kept.rules.insert(key, Arc::clone(&rules));
        }
        rules
    }
}
