//! What an authorization policy says.

use std::sync::Arc;

use super::Spanned;
use crate::source::SourceFile;

/// One authorization policy.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The file it is written in.
    pub source: Arc<SourceFile>,
    /// The name that forms say: the file's path under `policies/` without `.toml`.
    pub name: String,
    /// The expression that is `true` of the requests it allows; nothing where none can be read.
    pub allow: Option<Spanned<String>>,
    /// How the others are answered.
    pub denied_as: DeniedAs,
    /// What their senders read.
    pub message: Option<String>,
}

impl Policy {
    /// The most characters of a message.
    pub const MAX_MESSAGE_CHARACTERS: usize = 1000;
}

/// How a request is answered that a policy does not allow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeniedAs {
    /// It is told so.
    #[default]
    Forbidden,
    /// As if there were no such form.
    NotFound,
}

impl DeniedAs {
    /// The status that the language says.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Forbidden => 403,
            Self::NotFound => 404,
        }
    }
}
