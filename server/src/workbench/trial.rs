//! A text that may become a form, tried without being saved.
//!
//! In: a text and the forms beside which it would stand. Out: what `lint` says of it, and the form, where there is one.
//! Compiled off the threads that answer requests, a few at a time. Called by the pages that show a form as it is written.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use formwork_engine::build::{build_untested, diagnostics_with};
use formwork_engine::compile::{CompiledForm, Compiler};
use formwork_engine::diagnostic::Diagnostic;
use formwork_engine::lint::{check_examples, secrets_in_policies, unknown_policies, unknown_widgets};
use formwork_engine::registry::Snapshot;
use formwork_engine::source::SourceFile;
use formwork_engine::suppression::Scope;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How many texts are compiled at the same time.
const AT_ONCE: usize = 2;
/// How long one may wait for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a text was not tried.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// Others are tried, and there was no turn in time.
    #[error("too many forms are being tried at once")]
    Busy,
    /// We made a mistake.
    #[error("the attempt was given up by a panic")]
    Defect,
}

/// What came of a text.
#[derive(Debug)]
pub struct Trial {
    /// The text.
    pub source: Arc<SourceFile>,
    /// What there is to say of it.
    pub diagnostics: Vec<Diagnostic>,
    /// The form, unless it does not compile. Examples that fail are no reason to have none.
    pub form: Option<Arc<CompiledForm>>,
}

/// Where texts are tried.
pub struct Trials(Arc<Semaphore>);

impl Default for Trials {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Trials {
    /// Tries a text.
    ///
    /// # Errors
    /// When too many are being tried, or it makes us panic.
    pub async fn of(
        &self,
        source: Arc<SourceFile>,
        snapshot: Arc<Snapshot>,
        now: SystemTime,
    ) -> Result<Trial, TrialError> {
        let turn = timeout(PATIENCE, Arc::clone(&self.0).acquire_owned()).await;
        let turn = turn.map_err(|_| TrialError::Busy)?.map_err(|_| TrialError::Busy)?;
        let compiling = tokio::task::spawn_blocking(move || {
            let trial = compile(&source, &snapshot, now);
            // Until here, even where nobody waits for it any more.
            drop(turn);
            trial
        });
        compiling.await.map_err(|_| TrialError::Defect)
    }
}

fn compile(source: &Arc<SourceFile>, snapshot: &Snapshot, now: SystemTime) -> Trial {
    let mut built = build_untested(&Compiler::new(), source, None, now);
    let form = built.form.clone();
    built.diagnostics.extend(form.iter().flat_map(|form| check_examples(form, now)));
    let known = snapshot.policies.iter().map(|policy| (policy.name(), None)).collect();
    let mut between = unknown_policies(source, &built.policies, &known);
    between.extend(unknown_widgets(source, &built.widgets, &snapshot.theme.names().collect()));
    let outline = built.outline.iter();
    between.extend(outline.flat_map(|form| secrets_in_policies(form, &built.policies, &snapshot.policies)));
    let diagnostics = diagnostics_with(&[built], between, Scope::Files);
    Trial { source: Arc::clone(source), diagnostics, form }
}
