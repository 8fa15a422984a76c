//! A thread that writes records: what arrived while the last commit was syncing goes into the next.
//!
//! Called by the stores, each with its own way to commit a group. There is no timer: a creation that finds the thread idle
//! is committed at once and alone. What waits is bounded in bytes; beyond that it is refused. A group that fails, and
//! even one that panics, fails alone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::{Cause, Creation, NewRecord, StoreError};
use crate::measures::Commits;

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

type Outcome = Result<Creation, StoreError>;

/// What came of each creation of a group, in their order.
pub(super) type Outcomes = Vec<Outcome>;

/// Nothing came of any: the database cannot be written for now, for this reason.
pub(super) fn unavailable(
    records: &[&NewRecord],
    reason: impl std::error::Error + Send + Sync + 'static,
) -> Outcomes {
    let cause: Cause = Arc::new(reason);
    records.iter().map(|_| Err(StoreError::Unavailable(Arc::clone(&cause)))).collect()
}

/// A creation that waits for a writer.
struct Job {
    record: NewRecord,
    reply: Reply,
    /// Where its answer is waited for.
    runtime: Option<Handle>,
    _room: OwnedSemaphorePermit,
}

type Reply = oneshot::Sender<Outcome>;

/// The way to the writing thread.
pub(super) struct Writer {
    room: Arc<Semaphore>,
    /// Taken out when the store is closed: the thread ends once the queue has.
    running: Mutex<Option<Running>>,
    commits: Commits,
}

struct Running {
    queue: UnboundedSender<Job>,
    thread: JoinHandle<()>,
}

impl Writer {
    /// Starts a thread of this name that stores groups, and makes them durable, in this way.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub(super) fn start(
        name: &str,
        commit: impl FnMut(&[&NewRecord]) -> Outcomes + Send + 'static,
    ) -> Result<Self, StoreError> {
        let (queue, jobs) = unbounded_channel();
        let commits = Commits::default();
        let measures = commits.clone();
        let thread = thread::Builder::new().name(name.to_owned());
        let thread = thread.spawn(move || run(jobs, &measures, commit)).map_err(StoreError::Thread)?;
        let running = Mutex::new(Some(Running { queue, thread }));
        Ok(Self { room: Arc::new(Semaphore::new(ROOM)), running, commits })
    }

    /// How large groups are, and how long they take.
    pub(super) fn commits(&self) -> &Commits {
        &self.commits
    }

    /// Stores a record; when it returns, the record is durable, or nothing of it is there.
    pub(super) async fn create(&self, record: NewRecord) -> Result<Creation, StoreError> {
        let bytes = record.attributes.len() + record.claims.len() * CLAIM;
        let size = u32::try_from(OVERHEAD + bytes / 1024).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room)
            .try_acquire_many_owned(size)
            .map_err(|_| StoreError::Overloaded { retry_after: EMPTIED_WITHIN })?;
        let (reply, outcome) = oneshot::channel();
        self.enqueue(Job { record, reply, runtime: Handle::try_current().ok(), _room: room })?;
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
    measures: &Commits,
    mut commit: impl FnMut(&[&NewRecord]) -> Outcomes,
) {
    let mut jobs = Vec::new();
    while queue.blocking_recv_many(&mut jobs, GROUP) > 0 {
        // Nobody waits for what a client has left.
        jobs.retain(|job| !job.reply.is_closed());
        let records: Vec<&NewRecord> = jobs.iter().map(|job| &job.record).collect();
        let begun = Instant::now();
        let outcomes = catch_unwind(AssertUnwindSafe(|| commit(&records)));
        if !records.is_empty() {
            measures.committed(records.len(), begun.elapsed());
        }
        // After a panic the replies are dropped, which says enough; the panic itself is logged by its hook.
        answer(jobs.drain(..).zip(outcomes.unwrap_or_default()));
    }
}

/// Tells everyone in a group what came of it.
///
/// Whoever waits is woken by the thread that they wait on: it is woken once for all of them, since to wake a thread from
/// another is a system call.
fn answer(group: impl Iterator<Item = (Job, Outcome)>) {
    type Answers = Vec<(Reply, Outcome)>;
    let mut by_runtime: Vec<(Option<Handle>, Answers)> = Vec::new();
    for (job, outcome) in group {
        let id = job.runtime.as_ref().map(Handle::id);
        let known = by_runtime.iter().position(|(runtime, _)| runtime.as_ref().map(Handle::id) == id);
        let known = known.unwrap_or_else(|| {
            by_runtime.push((job.runtime, Vec::new()));
            by_runtime.len() - 1
        });
        by_runtime[known].1.push((job.reply, outcome));
    }
    for (runtime, answers) in by_runtime {
        let tell = move || {
            for (reply, outcome) in answers {
                // Who has left meanwhile is not told.
                let _ = reply.send(outcome);
            }
        };
        match runtime {
            Some(runtime) => drop(runtime.spawn(async { tell() })),
            None => tell(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    fn created(records: &[&NewRecord]) -> Outcomes {
        records.iter().map(|_| Ok(Creation::Created(1))).collect()
    }

    /// Runs a thread's loop on so many jobs that are all there when it begins; what each is told.
    fn answers(
        jobs: usize,
        commit: impl FnMut(&[&NewRecord]) -> Outcomes + Send,
    ) -> Vec<Option<Result<Creation, StoreError>>> {
        let (queue, waiting) = unbounded_channel();
        let room = Arc::new(Semaphore::new(jobs));
        let told = (0..jobs).map(|_| {
            let (reply, outcome) = oneshot::channel();
            let room = Arc::clone(&room).try_acquire_owned().unwrap();
            assert!(queue.send(Job { record: NewRecord::bare(), reply, runtime: None, _room: room }).is_ok());
            outcome
        });
        let told: Vec<_> = told.collect();
        drop(queue);
        run(waiting, &Commits::default(), commit);
        told.into_iter().map(|mut outcome| outcome.try_recv().ok()).collect()
    }

    #[test]
    fn what_waits_is_committed_together_up_to_a_bound() {
        let mut sizes = Vec::new();
        let told = answers(GROUP + 2, |records| {
            sizes.push(records.len());
            created(records)
        });
        assert_eq!(sizes, [GROUP, 2]);
        assert!(told.iter().all(|told| matches!(told, Some(Ok(Creation::Created(1))))));
    }

    #[test]
    fn a_group_that_panics_fails_alone() {
        let mut groups = 0;
        let told = answers(GROUP + 1, |records| {
            groups += 1;
            assert!(groups > 1, "the first group panics");
            created(records)
        });
        assert!(told[..GROUP].iter().all(Option::is_none));
        assert!(matches!(told[GROUP], Some(Ok(_))));
    }

    #[tokio::test]
    async fn what_is_too_much_is_refused_until_there_is_room() {
        let writer = Writer::start("writer", created).unwrap();
        let everything = Arc::clone(&writer.room).try_acquire_many_owned(ROOM.try_into().unwrap()).unwrap();
        assert!(matches!(writer.create(NewRecord::bare()).await, Err(StoreError::Overloaded { .. })));
        drop(everything);
        assert!(writer.create(NewRecord::bare()).await.is_ok());
        writer.finish().await;
        assert_eq!(writer.room.available_permits(), ROOM);
        assert!(matches!(writer.create(NewRecord::bare()).await, Err(StoreError::Interrupted)));
    }

    #[test]
    fn what_a_client_left_is_not_begun() {
        let (queue, jobs) = unbounded_channel();
        let room = Arc::new(Semaphore::new(1));
        let taken = Arc::clone(&room).try_acquire_owned().unwrap();
        let (reply, outcome) = oneshot::channel();
        assert!(queue.send(Job { record: NewRecord::bare(), reply, runtime: None, _room: taken }).is_ok());
        drop((queue, outcome));
        run(jobs, &Commits::default(), |records| {
            assert!(records.is_empty());
            Vec::new()
        });
        assert_eq!(room.available_permits(), 1);
    }
}
