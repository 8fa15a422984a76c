//! The one thread that writes records: what arrived while the last commit was syncing goes into the next.
//!
//! There is no timer: a creation that finds the writer idle is committed at once and alone. What waits is bounded in
//! bytes; beyond that it is refused. A group that fails, and even one that panics, fails alone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::super::{Creation, NewRecord, StoreError};
use super::group::{self, Outcomes};

/// How much may wait, in KiB: some tenths of a second's worth of small records.
const ROOM: usize = 64 * 1024;
/// What a creation takes of the room beside its attributes and claims, in KiB.
const OVERHEAD: usize = 4;
/// What a claim takes of it, in bytes.
const CLAIM: usize = 128;
/// How long to stay away when there is no room: what may wait is stored within it on all but slow disks.
const EMPTIED_WITHIN: Duration = Duration::from_secs(1);
/// How many creations one commit holds at most, so that the first of them does not wait for too many others.
const GROUP: usize = 1024;

/// A creation that waits for the writer.
struct Job {
    record: NewRecord,
    reply: oneshot::Sender<Result<Creation, StoreError>>,
    _room: OwnedSemaphorePermit,
}

/// The way to the writing thread.
pub(super) struct Writer {
    room: Arc<Semaphore>,
    /// Taken out when the store is closed: the thread ends once the queue has.
    running: Mutex<Option<Running>>,
}

struct Running {
    queue: UnboundedSender<Job>,
    thread: JoinHandle<()>,
}

impl Writer {
    /// Starts the thread that writes on a connection of its own.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub(super) fn start(mut connection: Connection) -> Result<Self, StoreError> {
        let (queue, jobs) = unbounded_channel();
        let write = move || run(jobs, |records| group::commit(&mut connection, records));
        let thread = thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(write)
            .map_err(StoreError::Thread)?;
        let running = Mutex::new(Some(Running { queue, thread }));
        Ok(Self { room: Arc::new(Semaphore::new(ROOM)), running })
    }

    /// Stores a record; when it returns, the record is durable, or nothing of it is there.
    pub(super) async fn create(&self, record: NewRecord) -> Result<Creation, StoreError> {
        let bytes = record.attributes.len() + record.claims.len() * CLAIM;
        let size = u32::try_from(OVERHEAD + bytes / 1024).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room)
            .try_acquire_many_owned(size)
            .map_err(|_| StoreError::Overloaded { retry_after: EMPTIED_WITHIN })?;
        let (reply, outcome) = oneshot::channel();
        self.enqueue(Job { record, reply, _room: room })?;
        outcome.await.map_err(|_| StoreError::Interrupted)?
    }

    fn enqueue(&self, job: Job) -> Result<(), StoreError> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = &running.as_ref().ok_or(StoreError::Interrupted)?.queue;
        queue.send(job).map_err(|_| StoreError::Interrupted)
    }

    /// Takes nothing more, and returns once everything that waited is answered.
    pub(super) async fn finish(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Running { queue, thread }) = running {
            drop(queue);
            // The thread catches the panics of its groups; another has nobody left to tell.
            let _ = tokio::task::spawn_blocking(|| thread.join()).await;
        }
    }
}

/// Commits group after group until there is no more to come.
fn run(
    mut queue: UnboundedReceiver<Job>,
    mut commit: impl FnMut(&[&NewRecord]) -> rusqlite::Result<Outcomes>,
) {
    let mut jobs = Vec::new();
    while queue.blocking_recv_many(&mut jobs, GROUP) > 0 {
        // Nobody waits for what a client has left.
        jobs.retain(|job| !job.reply.is_closed());
        let records: Vec<&NewRecord> = jobs.iter().map(|job| &job.record).collect();
        // While a panic unwinds, the group's transaction is rolled back.
        let outcomes = catch_unwind(AssertUnwindSafe(|| commit(&records)));
        answer(jobs.drain(..), outcomes);
    }
}

/// Tells everyone in a group what came of it; who has left meanwhile is not told.
fn answer(jobs: impl Iterator<Item = Job>, outcomes: thread::Result<rusqlite::Result<Outcomes>>) {
    match outcomes {
        Ok(Ok(outcomes)) => {
            for (job, outcome) in jobs.zip(outcomes) {
                let _ = job.reply.send(outcome.map_err(|error| failure(Arc::new(error))));
            }
        }
        Ok(Err(error)) => {
            let error = Arc::new(error);
            for job in jobs {
                let _ = job.reply.send(Err(failure(Arc::clone(&error))));
            }
        }
        // Their replies are dropped, which says enough; the panic itself is logged by its hook.
        Err(_) => drop(jobs),
    }
}

/// What `SQLite` said, told apart by whether it may pass.
fn failure(error: Arc<rusqlite::Error>) -> StoreError {
    use ErrorCode::{
        CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, OutOfMemory, PermissionDenied, ReadOnly,
        SystemIoFailure,
    };
    match error.sqlite_error_code() {
        Some(
            DatabaseBusy | DatabaseLocked | DiskFull | ReadOnly | CannotOpen | PermissionDenied
            | SystemIoFailure | OutOfMemory,
        ) => StoreError::Unavailable(error),
        _ => StoreError::Refused(error),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use rusqlite::TransactionBehavior::Immediate;
    use tempfile::TempDir;

    use super::super::super::{NewClaim, Store as _};
    use super::super::{Sqlite, writing_connection};
    use super::*;

    fn record(attributes: &str, digest: u8) -> NewRecord {
        NewRecord {
            resource: "User".to_owned(),
            form: "sign_up".to_owned(),
            version: String::new(),
            attributes: attributes.to_owned(),
            password: None,
            claims: vec![NewClaim { field: "email".to_owned(), digest: [digest; 32] }],
            created_at: 0,
            key: None,
        }
    }

    /// A database with its tables, and the connection that a writer would have.
    async fn database() -> (TempDir, Connection) {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("test.db");
        Sqlite::open(&file).await.unwrap().close().await;
        let connection = writing_connection(&file).unwrap();
        (root, connection)
    }

    /// Runs a writer on jobs that are all there when it begins; what each is told.
    fn answers(
        records: Vec<NewRecord>,
        commit: impl FnMut(&[&NewRecord]) -> rusqlite::Result<Outcomes> + Send,
    ) -> Vec<Option<Result<Creation, StoreError>>> {
        let (queue, jobs) = unbounded_channel();
        let room = Arc::new(Semaphore::new(records.len()));
        let waiting = records.into_iter().map(|record| {
            let (reply, outcome) = oneshot::channel();
            let room = Arc::clone(&room).try_acquire_owned().unwrap();
            assert!(queue.send(Job { record, reply, _room: room }).is_ok());
            outcome
        });
        let waiting: Vec<_> = waiting.collect();
        drop(queue);
        // Not on a thread that drives tests.
        thread::scope(|scope| scope.spawn(|| run(jobs, commit)).join().unwrap());
        waiting.into_iter().map(|mut outcome| outcome.try_recv().ok()).collect()
    }

    #[test]
    fn what_waits_is_committed_together_up_to_a_bound() {
        let mut sizes = Vec::new();
        let records = (0..GROUP + 2).map(|_| record("{}", 0)).collect();
        let told = answers(records, |records| {
            sizes.push(records.len());
            Ok(records.iter().map(|_| Ok(Creation::Created(1))).collect())
        });
        assert_eq!(sizes, [GROUP, 2]);
        assert!(told.iter().all(|told| matches!(told, Some(Ok(Creation::Created(1))))));
    }

    #[test]
    fn a_group_that_panics_fails_alone() {
        let mut groups = 0;
        let records = (0..=GROUP).map(|_| record("{}", 0)).collect();
        let told = answers(records, |records| {
            groups += 1;
            assert!(groups > 1, "the first group panics");
            Ok(records.iter().map(|_| Ok(Creation::Created(1))).collect())
        });
        assert!(told[..GROUP].iter().all(Option::is_none));
        assert!(matches!(told[GROUP], Some(Ok(_))));
    }

    #[tokio::test]
    async fn each_of_a_group_fails_by_itself() {
        let (_root, mut connection) = database().await;
        let records =
            vec![record("{}", 1), record("no JSON", 2), record("{}", 1), record("{}", 2), record("{}", 3)];
        let told = answers(records, |records| group::commit(&mut connection, records));
        assert!(matches!(
            told[..],
            [
                Some(Ok(Creation::Created(1))),
                Some(Err(StoreError::Refused(_))),
                Some(Ok(Creation::Taken(_))),
                Some(Ok(Creation::Created(2))),
                Some(Ok(Creation::Created(3))),
            ]
        ));
        let claims: i64 = connection.query_row("SELECT count(*) FROM claims", [], |row| row.get(0)).unwrap();
        assert_eq!(claims, 3);
    }

    #[tokio::test]
    async fn a_full_disk_fails_the_group_and_not_the_next_one() {
        let (_root, mut connection) = database().await;
        let large = format!("\"{}\"", "x".repeat(1 << 20));
        let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        let limit = |connection: &Connection, pages: i64| {
            connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
        };
        limit(&connection, pages + 8);
        let told = answers(vec![record("{}", 1), record(&large, 2)], |records| {
            group::commit(&mut connection, records)
        });
        assert!(told.iter().all(|told| matches!(told, Some(Err(StoreError::Unavailable(_))))), "{told:?}");
        limit(&connection, pages + 1000);
        let told = answers(vec![record("{}", 1), record(&large, 2)], |records| {
            group::commit(&mut connection, records)
        });
        assert!(told.iter().all(|told| matches!(told, Some(Ok(Creation::Created(_))))), "{told:?}");
    }

    #[tokio::test]
    async fn a_locked_or_read_only_database_fails_the_group_and_not_the_next_one() {
        let (root, mut connection) = database().await;
        connection.busy_timeout(Duration::ZERO).unwrap();
        let mut other = writing_connection(&root.path().join("test.db")).unwrap();
        let lock = other.transaction_with_behavior(Immediate).unwrap();
        let create = |connection: &mut Connection| {
            answers(vec![record("{}", 1)], |records| group::commit(connection, records))
        };
        let told = create(&mut connection);
        assert!(matches!(told[..], [Some(Err(StoreError::Unavailable(_)))]), "{told:?}");
        drop(lock);
        connection.pragma_update(None, "query_only", "on").unwrap();
        let told = create(&mut connection);
        assert!(matches!(told[..], [Some(Err(StoreError::Unavailable(_)))]), "{told:?}");
        connection.pragma_update(None, "query_only", "off").unwrap();
        let told = create(&mut connection);
        assert!(matches!(told[..], [Some(Ok(Creation::Created(1)))]), "{told:?}");
    }

    #[tokio::test]
    async fn what_is_too_much_is_refused_until_there_is_room() {
        let (_root, connection) = database().await;
        let writer = Writer::start(connection).unwrap();
        let everything = Arc::clone(&writer.room).try_acquire_many_owned(ROOM.try_into().unwrap()).unwrap();
        assert!(matches!(writer.create(record("{}", 1)).await, Err(StoreError::Overloaded { .. })));
        drop(everything);
        assert!(writer.create(record("{}", 1)).await.is_ok());
        writer.finish().await;
        assert_eq!(writer.room.available_permits(), ROOM);
        assert!(matches!(writer.create(record("{}", 2)).await, Err(StoreError::Interrupted)));
    }

    #[test]
    fn what_a_client_left_is_not_begun() {
        let (queue, jobs) = unbounded_channel();
        let room = Arc::new(Semaphore::new(1));
        let taken = Arc::clone(&room).try_acquire_owned().unwrap();
        let (reply, outcome) = oneshot::channel();
        assert!(queue.send(Job { record: record("{}", 1), reply, _room: taken }).is_ok());
        drop((queue, outcome));
        run(jobs, |records| {
            assert!(records.is_empty());
            Ok(Vec::new())
        });
        assert_eq!(room.available_permits(), 1);
    }
}
