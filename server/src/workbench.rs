//! The workbench behind its pages: for whom it is, who is signed in, what was served before, who waits for news, and
//! texts that are tried without being saved.
//!
//! Made by `serve`, which also tells it of reloads; read by `http::workbench`, whose pages show it.

mod disclosure;
mod history;
mod news;
mod sessions;
mod trial;

use std::time::SystemTime;

use formwork_engine::registry::{Registry, Reload};

pub use disclosure::{Disclosed, disclose};
pub use history::{History, Past};
pub use news::{Listener, News, Stamp};
pub use sessions::{Session, Sessions};
pub use trial::{Trial, TrialError, Trials};

/// For whom the workbench is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Audience {
    /// For nobody: there is none.
    #[default]
    Nobody,
    /// For whoever started the process and sits before it: asks for no token, and answers only where a browser says that
    /// it is asked as this very machine.
    Developer,
    /// For those with a token that covers every form.
    Administrators,
}

/// What the workbench knows and does.
#[derive(Default)]
pub struct Workbench {
    /// For whom it is.
    pub audience: Audience,
    /// Who is signed in.
    pub sessions: Sessions,
    /// What was served before.
    pub history: History,
    /// That something changed, for those who wait.
    pub news: News,
    /// Texts that are tried.
    pub trials: Trials,
}

impl Workbench {
    /// A workbench for an audience, with the forms as they stand.
    #[must_use]
    pub fn new(audience: Audience, registry: &Registry, now: SystemTime) -> Self {
        Self { audience, history: History::new(registry.snapshot(), now), ..Self::default() }
    }

    /// Remembers what a reload put in the place of what, and tells everyone who waits.
    pub fn reloaded(&self, registry: &Registry, reload: &Reload, now: SystemTime) {
        // What nobody may look at is not kept.
        if self.audience == Audience::Nobody {
            return;
        }
        self.history.note(&registry.snapshot(), reload, now);
        self.news.tell();
    }
}
