//! Where the database is: the file that is open has to be the one that its path leads to.
//!
//! In: a look before each commit and by probes. A file that was removed, renamed or replaced can be written for as long as it
//! is open, and nobody would find what is stored in it afterwards.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// A path, and what it led to.
pub(super) struct Place {
    path: PathBuf,
    identity: (u64, u64),
}

/// The path leads elsewhere, or nowhere.
#[derive(Debug, thiserror::Error)]
#[error("its file {} was removed or replaced while it was open", .0.display())]
pub(super) struct Replaced(PathBuf);

impl Place {
    /// The path of a file that is there.
    ///
    /// # Errors
    /// When it is not, or cannot be looked at.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), identity: identity(path)? })
    }

    /// Whether the path still leads to the same file.
    ///
    /// # Errors
    /// When it does not.
    pub(super) fn check(&self) -> Result<(), Replaced> {
        // What cannot be looked at cannot be found by others either.
        let same = identity(&self.path).is_ok_and(|identity| identity == self.identity);
        if same { Ok(()) } else { Err(Replaced(self.path.clone())) }
    }
}

/// The device that a file is on, and its number there.
fn identity(path: &Path) -> io::Result<(u64, u64)> {
    std::fs::metadata(path).map(|metadata| (metadata.dev(), metadata.ino()))
}
