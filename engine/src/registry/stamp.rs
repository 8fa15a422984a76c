//! Whether a file can have changed, without reading it.

use std::path::Path;
use std::time::{Duration, SystemTime};

/// A file whose time stamp is younger than this when it is read may change again without its stamp showing it:
/// it is read anew each time. Two seconds is the coarsest clock among file systems in use (FAT).
const RACY: Duration = Duration::from_secs(2);

/// What tells, without reading it, that a file is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    identity: (u64, u64),
    changed: (i64, i64),
}

impl Stamp {
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        let (identity, changed) = inode(&metadata);
        Some(Self { length: metadata.len(), modified: metadata.modified().ok(), identity, changed })
    }

    /// Whether the file may have changed after this stamp was taken and still bear it.
    pub(super) fn is_racy(&self, now: SystemTime) -> bool {
        self.modified.is_none_or(|modified| now.duration_since(modified).map_or(true, |age| age < RACY))
    }
}

/// Device and inode, and the time of the last change to either content or inode, where the system has them.
#[cfg(unix)]
fn inode(metadata: &std::fs::Metadata) -> ((u64, u64), (i64, i64)) {
    use std::os::unix::fs::MetadataExt;
    ((metadata.dev(), metadata.ino()), (metadata.ctime(), metadata.ctime_nsec()))
}

#[cfg(not(unix))]
fn inode(_: &std::fs::Metadata) -> ((u64, u64), (i64, i64)) {
    Default::default()
}
