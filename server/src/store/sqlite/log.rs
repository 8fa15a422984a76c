//! The write-ahead log: kept short, without those who wait for a commit waiting for that too.
//!
//! In: a look before each commit. Out: nothing. A log that has grown long is copied into the database by a thread of its
//! own, beside the writer, who then copies the little that came meanwhile; with nothing left to copy, the log begins anew.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::super::StoreError;

/// From how many frames on a log is long, each a page of 4 KiB: a page that changed twice meanwhile is copied once.
const LONG: i64 = 8000;
/// So many frames at the most the writer copies itself.
const FEW: i64 = 400;
/// From how many frames on the writer copies all of them, whoever waits: the disk is too slow for what is written.
const TOO_LONG: i64 = 8 * LONG;
/// A copy that takes no longer leaves the writer few frames.
const SHORT: Duration = Duration::from_millis(4);
/// How often to copy what came during the last copy.
const COPIES: usize = 8;
/// How long to leave a log alone afterwards: a reader may hold it up for as long as it reads.
const PAUSE: Duration = Duration::from_millis(20);

const LOOK: &str = "PRAGMA wal_checkpoint(NOOP)";
const COPY: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// A log, as the writer sees it.
pub(super) struct Log {
    wake: Option<SyncSender<()>>,
    copier: Option<JoinHandle<()>>,
    /// At which length the writer copies everything itself.
    limit: i64,
}

/// How long a log is, and how much of it is in the database.
struct Frames {
    written: i64,
    copied: i64,
}

impl Log {
    /// Starts the thread that copies, on a connection of its own.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub(super) fn start(connection: Connection) -> Result<Self, StoreError> {
        let (wake, woken) = sync_channel(1);
        let copier = thread::Builder::new().name("sqlite-log".to_owned());
        let copier = copier.spawn(move || copy_when(&woken, &connection)).map_err(StoreError::Thread)?;
        Ok(Self { wake: Some(wake), copier: Some(copier), limit: TOO_LONG })
    }

    /// Looks, by the connection that writes, whether the log has grown long.
    pub(super) fn look(&mut self, connection: &Connection) {
        let Some(Frames { written, copied }) = checkpoint(connection, LOOK) else { return };
        if written < LONG {
            self.limit = TOO_LONG;
        } else if written - copied <= FEW || written >= self.limit {
            // Whatever comes of it, it is not tried again for each of the next commits.
            self.limit = written + LONG;
            checkpoint(connection, COPY);
        } else if let Some(wake) = &self.wake {
            // Who is awake already looks again afterwards.
            let _ = wake.try_send(());
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        drop(self.wake.take());
        if let Some(copier) = self.copier.take() {
            // It does nothing that could panic.
            let _ = copier.join();
        }
    }
}

/// Copies the log each time that somebody asks, until nobody can.
fn copy_when(woken: &Receiver<()>, connection: &Connection) {
    while woken.recv().is_ok() {
        for _ in 0..COPIES {
            let begun = Instant::now();
            if checkpoint(connection, COPY).is_none() || begun.elapsed() < SHORT {
                break;
            }
        }
        thread::sleep(PAUSE);
    }
}

/// Looks at the log or copies it; nothing where that fails, which may pass.
fn checkpoint(connection: &Connection, statement: &str) -> Option<Frames> {
    let frames = connection.prepare_cached(statement).and_then(|mut statement| {
        statement.query_row([], |row| Ok(Frames { written: row.get(1)?, copied: row.get(2)? }))
    });
    frames.inspect_err(|error| tracing::warn!(%error, "the log of the database cannot be copied")).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::super::Store as _;
    use super::super::{Sqlite, writing_connection};
    use super::*;

    /// Commits a page's worth of text so many times.
    fn write(connection: &Connection, commits: i64) {
        connection.execute_batch("CREATE TABLE IF NOT EXISTS pages (text TEXT)").unwrap();
        for _ in 0..commits {
            connection.execute("INSERT INTO pages VALUES (hex(zeroblob(2000)))", []).unwrap();
        }
    }

    async fn database() -> (tempfile::TempDir, Connection, Log) {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("test.db");
        Sqlite::open(&file).await.unwrap().close().await;
        let connection = writing_connection(&file).unwrap();
        connection.pragma_update(None, "synchronous", "off").unwrap();
        let log = Log::start(writing_connection(&file).unwrap()).unwrap();
        (root, connection, log)
    }

    #[tokio::test]
    async fn a_long_log_begins_anew_while_somebody_writes() {
        let (_root, connection, mut log) = database().await;
        let mut longest = 0;
        let begun_anew = (0..20 * LONG).any(|_| {
            write(&connection, 1);
            log.look(&connection);
            let written = checkpoint(&connection, LOOK).unwrap().written;
            longest = longest.max(written);
            written < longest
        });
        assert!(begun_anew, "{longest} frames");
        assert!(longest >= LONG, "a short log is left alone: {longest} frames");
    }

    #[tokio::test]
    async fn a_log_that_a_reader_holds_up_begins_anew_after_it() {
        let (root, connection, mut log) = database().await;
        let reader = writing_connection(&root.path().join("test.db")).unwrap();
        write(&connection, 1);
        reader.execute_batch("BEGIN; SELECT count(*) FROM pages").unwrap();
        write(&connection, TOO_LONG);
        log.look(&connection);
        assert!(checkpoint(&connection, LOOK).unwrap().written >= TOO_LONG);
        reader.execute_batch("COMMIT").unwrap();
        write(&connection, LONG);
        log.look(&connection);
        write(&connection, 1);
        assert!(checkpoint(&connection, LOOK).unwrap().written < LONG);
    }
}
