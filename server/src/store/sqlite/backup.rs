//! A copy of a database that others use meanwhile.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use tempfile::Builder;

use super::BUSY;

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The URL names no database that can be copied so.
    #[error("only SQLite databases (`sqlite:FILE`) are copied so; `pg_dump` copies those of PostgreSQL")]
    Url,
    /// There is something already where the copy would be.
    #[error("`{0}` exists; a backup overwrites nothing")]
    Exists(PathBuf),
    /// The database cannot be read.
    #[error("cannot copy the database")]
    Read(#[source] rusqlite::Error),
    /// The copy cannot be written.
    #[error("cannot write the copy")]
    Write(#[source] std::io::Error),
}

/// Copies a database, as it is at one moment, to a file that does not exist yet.
///
/// The copy is made beside its place under another name, synced, and only then put there: what has the name is whole.
///
/// # Errors
/// When the database cannot be read, the copy cannot be written, or its name is in use.
pub(in super::super) fn backup(database: &Path, target: &Path) -> Result<(), BackupError> {
    if target.symlink_metadata().is_ok() {
        return Err(BackupError::Exists(target.to_owned()));
    }
    // Not read-only: a log that a killed server left behind is recovered first.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags).map_err(BackupError::Read)?;
    connection.busy_timeout(BUSY).map_err(BackupError::Read)?;
    let directory = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // For its owner alone, and gone again should anything fail.
    let copy =
        Builder::new().prefix(".formwork-backup-").tempfile_in(directory).map_err(BackupError::Write)?;
    let path = copy.path().to_str().ok_or_else(|| BackupError::Write(ErrorKind::InvalidFilename.into()))?;
    if let Err(error) = connection.execute("VACUUM INTO ?", [path]) {
        // On a full disk it stays; where there is none, there is nothing to remove.
        let _ = std::fs::remove_file(format!("{path}-journal"));
        return Err(BackupError::Read(error));
    }
    copy.as_file().sync_all().map_err(BackupError::Write)?;
    copy.persist_noclobber(target).map_err(|error| match error.error.kind() {
        ErrorKind::AlreadyExists => BackupError::Exists(target.to_owned()),
        _ => BackupError::Write(error.error),
    })?;
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(BackupError::Write)
}
